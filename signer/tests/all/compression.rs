//! Compressed content, with Python's zlib as the oracle, and inside the seal.

use std::process::Command;

use fumibako_signer::authority::KeyKind;
use fumibako_signer::{
    Cipher, CompressError, DecryptError, Enveloped, Extras, Identity, OpenError, Refused, Sealing, Signed, Trust,
    compress, encrypt, expand, limits, open, seal, seal_with, sign,
};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, office};

const HEAD: &str = "Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\n\r\n";

/// An entity with a table as care software writes it: many lines that differ little.
fn table(lines: usize) -> Vec<u8> {
    let line = |at: usize| format!("9912345678,202611,{at:04},訪問介護,{:05}\r\n", at * 7919 % 99_991);
    ("Content-Type: text/csv\r\n\r\n".to_owned() + &(0..lines).map(line).collect::<String>()).into_bytes()
}

/// Runs Python in openssl's folder.
#[track_caller]
fn python(openssl: &Openssl, code: &str) {
    let run = Command::new("python3").args(["-c", code]).current_dir(openssl.path("")).output();
    let out = run.expect("the python3 program is needed: apt-get install python3");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// CMS around a zlib stream in the file `z`, as openssl writes ASN.1.
fn structure(openssl: &Openssl, algorithm: &str) -> Vec<u8> {
    let hex = openssl.get("z").iter().fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"));
    openssl.put(
        "asn1",
        format!(
            "asn1=SEQUENCE:info\n[info]\ntype=OID:1.2.840.113549.1.9.16.1.9\ncontent=EXPLICIT:0,SEQUENCE:data\n\
             [data]\nversion=INTEGER:0\nalgorithm=SEQUENCE:algorithm\ninside=SEQUENCE:inside\n\
             [algorithm]\noid=OID:{algorithm}\n\
             [inside]\ntype=OID:1.2.840.113549.1.7.1\ncontent=EXPLICIT:0,FORMAT:HEX,OCTETSTRING:{hex}\n"
        ),
    );
    openssl.run("asn1parse -genconf asn1 -noout -out der");
    [HEAD.as_bytes(), &openssl.get("der")].concat()
}

const ZLIB: &str = "1.2.840.113549.1.9.16.3.8";

/// Known difference: Debian builds openssl without zlib, so it cannot be the oracle. When this heals, compare directly.
#[test]
fn openssl_of_debian_does_not_compress() {
    let openssl = Openssl::new();
    openssl.put("entity", ENTITY);
    let said = openssl.try_run("cms -compress -in entity -out compressed");
    assert!(!said.ok && said.text.contains("unsupported compression algorithm"), "{}", said.text);
}

#[test]
fn python_expands_what_we_compress() {
    let (openssl, entity) = (Openssl::new(), table(200));
    let compressed = compress(&entity).unwrap();
    assert_eq!(expand(&compressed).unwrap().as_slice(), entity);
    let body = memchr::memmem::find(&compressed, b"\r\n\r\n").unwrap() + 4;
    openssl.put("der", &compressed[body..]);
    let print = openssl.run("asn1parse -inform DER -in der");
    assert!(print.contains("id-smime-ct-compressedData") && print.contains("zlib compression"), "{print}");
    let content = print.lines().find(|line| line.contains("OCTET STRING")).unwrap();
    let offset = content.split(':').next().unwrap().trim().to_owned();
    openssl.run(&format!("asn1parse -inform DER -in der -strparse {offset} -noout -out z"));
    python(&openssl, "import zlib; open('clear', 'wb').write(zlib.decompress(open('z', 'rb').read()))");
    assert_eq!(openssl.get("clear"), entity);
}

#[test]
fn we_expand_what_python_compresses() {
    let (openssl, entity) = (Openssl::new(), table(200));
    openssl.put("clear", &entity);
    for level in 0..=9 {
        let code = format!("import zlib; open('z', 'wb').write(zlib.compress(open('clear', 'rb').read(), {level}))");
        python(&openssl, &code);
        assert_eq!(expand(&structure(&openssl, ZLIB)).unwrap().as_slice(), entity, "level {level}");
    }
}

#[test]
fn only_what_gets_smaller_by_a_tenth_is_kept() {
    let mut noise = vec![0; 30_000];
    let seed = |at: usize| u8::try_from(at.wrapping_mul(2_654_435_761) >> 13 & 0xff).unwrap();
    noise.iter_mut().enumerate().for_each(|(at, octet)| *octet = seed(at * at + 7 * at));
    assert_eq!(compress(&noise), None);
    assert_eq!(compress(b""), None);
    assert_eq!(compress(ENTITY), None, "a short entity does not pay for its own head");
    // Blanks between the noise, so many that the result passes nine tenths, then falls below.
    let mixed = |blanks: usize| [noise.as_slice(), &vec![b' '; blanks]].concat();
    for blanks in (0..10_000).step_by(250) {
        let entity = mixed(blanks);
        match compress(&entity) {
            Some(compressed) => assert!(compressed.len() * 10 < entity.len() * 9 + 10, "{blanks}"),
            None => assert!(blanks < 4_500, "{blanks}"),
        }
    }
}

#[test]
fn a_bomb_is_refused_and_never_made() {
    let openssl = Openssl::new();
    python(&openssl, "import zlib; open('z', 'wb').write(zlib.compress(bytes(64 << 20), 9))");
    let limit = limits::EXPANSION_RATIO_MAX;
    assert_eq!(expand(&structure(&openssl, ZLIB)), Err(CompressError::Bomb { limit }));
    let blanks = |size: usize| compress(&vec![b' '; size]);
    let free = limits::EXPANDED_FREE_BYTES;
    assert_eq!(expand(&blanks(free).unwrap()).unwrap().len(), free);
    assert_eq!(blanks(free + 1), None);
}

#[test]
fn other_content_is_not_expanded() {
    let openssl = Openssl::new();
    python(&openssl, "import zlib; open('z', 'wb').write(zlib.compress(b'x'))");
    let error = |entity: &[u8]| expand(entity).unwrap_err();
    let unknown = Refused::Unknown("1.2.3".to_owned());
    assert_eq!(error(&structure(&openssl, "1.2.3")), unknown.into());
    assert_eq!(error(ENTITY), CompressError::NotCompressed);
    assert_eq!(error(HEAD.as_bytes()), CompressError::Malformed("it ends too early"));
    assert_eq!(error(&[HEAD.as_bytes(), &[0x30, 0]].concat()), CompressError::Malformed("it does not decode"));
    let named = HEAD.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: x\r\n\r\n");
    assert_eq!(error(named.as_bytes()), CompressError::Malformed("the transfer encoding is unknown"));
    assert_eq!(*expand(&structure(&openssl, ZLIB)).unwrap(), b"x");
}

/// A sealed message for one reader, and what that reader opens.
fn sealed(entity: &[u8], extras: Option<Extras<'_>>) -> (Vec<u8>, Identity) {
    let (sender, reader) = people();
    let recipients = [reader.certificate().clone()];
    let sealing = Sealing { routing: b"", signer: &sender, recipients: &recipients, cipher: Cipher::Aes256Gcm };
    let message = match extras {
        Some(extras) => seal_with(entity, &sealing, &extras, AT),
        None => seal(entity, &sealing, AT),
    };
    (message.unwrap(), reader)
}

fn people() -> (Identity, Identity) {
    let ca = authority();
    (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::EcP256))
}

fn opened(message: &[u8], reader: &Identity) -> Result<Vec<u8>, OpenError> {
    let trust = Trust::new([reader.chain()[0].clone()]).unwrap();
    open(message, &trust, std::slice::from_ref(reader), AT).map(|opened| opened.entity().to_vec())
}

#[test]
fn a_seal_is_smaller_where_it_pays() {
    let entity = table(500);
    let extras = Extras { compress: true, ..Extras::default() };
    let ((message, reader), (plain, _)) = (sealed(&entity, Some(extras)), sealed(&entity, None));
    assert_eq!(opened(&message, &reader), Ok(entity));
    assert!(message.len() * 2 < plain.len(), "{} of {}", message.len(), plain.len());
    let inside = |message: &[u8], reader: &Identity| {
        let envelope = Enveloped::read(Signed::read(message).unwrap().part()).unwrap();
        envelope.decrypt(std::slice::from_ref(reader)).unwrap().starts_with(b"Content-Type: application/pkcs7-mime")
    };
    assert!(inside(&message, &reader));
    let (short, reader) = sealed(b"A: b\r\n\r\nc", Some(Extras { compress: true, ..Extras::default() }));
    assert_eq!(opened(&short, &reader), Ok(b"A: b\r\n\r\nc".to_vec()));
}

#[test]
fn a_bomb_inside_a_seal_stays_closed() {
    let (openssl, (sender, reader)) = (Openssl::new(), people());
    python(&openssl, "import zlib; open('z', 'wb').write(zlib.compress(bytes(8 << 20), 9))");
    let envelope = encrypt(&structure(&openssl, ZLIB), &[reader.certificate().clone()], Cipher::Aes256Gcm).unwrap();
    let message = sign(&envelope, &sender, AT).unwrap();
    let trust = Trust::new([sender.chain()[0].clone()]).unwrap();
    let read = open(&message, &trust, std::slice::from_ref(&reader), AT).map(|_| ());
    assert_eq!(read, Err(OpenError::Envelope(DecryptError::Undecryptable)));
}
