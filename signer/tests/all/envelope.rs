//! Encryption both ways with openssl, and what does not open.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_signer::authority::{KeyKind, Purpose};
use fumibako_signer::{
    Addressed, Certificate, Cipher, DecryptError, EncryptError, Enveloped, EnvelopedStream, Identity, Refused, encrypt,
    limits,
};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, office, request};

/// An RSA office, an elliptic one, and openssl with the files of both.
fn offices() -> (Openssl, [Identity; 2]) {
    let (openssl, ca) = (Openssl::new(), authority());
    let both = [KeyKind::Rsa2048, KeyKind::EcP256].map(|key| office(&ca, key));
    for (name, identity) in ["rsa", "ec"].iter().zip(&both) {
        openssl.put(&format!("{name}.pem"), identity.certificate().to_pem());
        openssl.put(&format!("{name}.key"), identity.to_pem().as_bytes());
    }
    openssl.put("entity", ENTITY);
    (openssl, both)
}

fn certificates(identities: &[Identity]) -> Vec<Certificate> {
    identities.iter().map(|identity| identity.certificate().clone()).collect()
}

/// What is seen of an entity that passes by in pieces.
fn passed_by(entity: &[u8], cut: usize) -> Result<Addressed, DecryptError> {
    let mut stream = EnvelopedStream::default();
    entity.chunks(cut.min(entity.len().max(1))).for_each(|piece| stream.receive(piece));
    stream.finish()
}

#[track_caller]
fn opens(entity: &[u8], identity: &Identity) {
    let envelope = Enveloped::read(entity).unwrap();
    assert!(envelope.is_for(identity.certificate(), AT));
    for cut in [1, 77, usize::MAX] {
        assert!(passed_by(entity, cut).unwrap().is_for(identity.certificate(), AT), "cut at {cut}");
    }
    assert_eq!(*envelope.decrypt(std::slice::from_ref(identity)).unwrap(), ENTITY);
}

#[test]
fn openssl_opens_what_we_encrypt_for_each_recipient() {
    let (openssl, both) = offices();
    for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
        let entity = encrypt(ENTITY, &certificates(&both), cipher).unwrap();
        openssl.put("message", &entity);
        for (name, identity) in ["rsa", "ec"].iter().zip(&both) {
            openssl.run(&format!("cms -decrypt -in message -recip {name}.pem -inkey {name}.key -out clear"));
            assert_eq!(openssl.get("clear"), ENTITY, "{name} {cipher:?}");
            opens(&entity, identity);
        }
    }
}

/// What openssl encrypts with these options, as it would travel.
fn encrypted(openssl: &Openssl, options: &str) -> Vec<u8> {
    openssl.run(&format!("cms -encrypt -binary -in entity -out message {options}"));
    let text = String::from_utf8(openssl.get("message")).unwrap();
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

#[test]
fn we_open_what_openssl_encrypts() {
    let (openssl, [rsa, ec]) = offices();
    for cipher in ["-aes256", "-aes128", "-aes-256-gcm", "-aes-128-gcm", "-aes256 -stream", "-aes-256-gcm -stream"] {
        opens(&encrypted(&openssl, &format!("{cipher} -recip rsa.pem")), &rsa);
        opens(&encrypted(&openssl, &format!("{cipher} -recip ec.pem")), &ec);
    }
}

#[test]
fn we_open_every_way_openssl_wraps_a_key() {
    let (openssl, [rsa, ec]) = offices();
    let oaep = "-aes256 -recip rsa.pem -keyopt rsa_padding_mode:oaep";
    for options in [oaep, &format!("{oaep} -keyopt rsa_oaep_md:sha256"), "-aes256 -keyid -recip ec.pem -recip rsa.pem"]
    {
        opens(&encrypted(&openssl, options), &rsa);
    }
    for digest in ["sha1", "sha256", "sha384", "sha512"] {
        opens(&encrypted(&openssl, &format!("-aes256 -recip ec.pem -keyopt ecdh_kdf_md:{digest}")), &ec);
    }
    opens(&encrypted(&openssl, "-aes192 -recip rsa.pem"), &rsa);
    let wrap = encrypted(&openssl, "-aes192 -recip ec.pem");
    let unknown = Refused::Unknown("AES-192 key wrap".to_owned());
    let read = Enveloped::read(&wrap).unwrap().decrypt(std::slice::from_ref(&ec));
    assert_eq!(read.map(|_| ()), Err(DecryptError::Algorithm(unknown)));
    opens(&encrypted(&openssl, "-aes128 -keyid -recip ec.pem"), &ec);
    let mixed = encrypted(
        &openssl,
        "-aes256 -recip rsa.pem -recip ec.pem -pwri_password x -secretkey 00112233445566778899aabbccddeeff -secretkeyid 01",
    );
    opens(&mixed, &rsa);
    opens(&mixed, &ec);
}

#[test]
fn weak_ciphers_are_refused_by_name() {
    let (openssl, _) = offices();
    for (option, name) in [("-des3", "Triple DES"), ("-rc2-128 -provider legacy -provider default", "RC2")] {
        let read = Enveloped::read(&encrypted(&openssl, &format!("{option} -recip rsa.pem")));
        assert_eq!(read.map(|_| ()), Err(DecryptError::Algorithm(Refused::Weak(name))));
    }
}

#[test]
fn only_a_recipient_opens() {
    let (_, [rsa, ec]) = offices();
    let entity = encrypt(ENTITY, &certificates(std::slice::from_ref(&rsa)), Cipher::Aes256Gcm).unwrap();
    let envelope = Enveloped::read(&entity).unwrap();
    assert!(!envelope.is_for(ec.certificate(), AT));
    assert_eq!(envelope.decrypt(std::slice::from_ref(&ec)).map(|_| ()), Err(DecryptError::NotForUs));
    let envelope = Enveloped::read(&entity).unwrap();
    assert_eq!(*envelope.decrypt(&[ec, rsa]).unwrap(), ENTITY);
}

#[test]
fn a_signing_certificate_receives_nothing() {
    let ca = authority();
    let signer = ca.issue(&request(KeyKind::Rsa2048, Purpose::MailSigning)).unwrap();
    let refused = encrypt(ENTITY, &[signer.certificate().clone()], Cipher::Aes256Gcm);
    assert!(matches!(refused, Err(EncryptError::Usage(_))));
    let receiver = ca.issue(&request(KeyKind::Rsa2048, Purpose::MailEncryption)).unwrap();
    assert!(encrypt(ENTITY, &[receiver.certificate().clone()], Cipher::Aes256Gcm).is_ok());
}

#[test]
fn recipients_end_at_their_limit() {
    let ec = office(&authority(), KeyKind::EcP256);
    let many = |count: usize| encrypt(ENTITY, &vec![ec.certificate().clone(); count], Cipher::Aes256Gcm);
    let too_large = EncryptError::TooLarge { what: "list of recipients", limit: limits::RECIPIENTS_MAX };
    assert_eq!(many(0), Err(EncryptError::NoRecipient));
    opens(&many(limits::RECIPIENTS_MAX).unwrap(), &ec);
    assert_eq!(many(limits::RECIPIENTS_MAX + 1), Err(too_large));
}

/// The entity around any octets as its envelope.
fn wrapped(envelope: &[u8]) -> Vec<u8> {
    let head = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    [head.as_bytes(), STANDARD.encode(envelope).as_bytes()].concat()
}

fn unwrapped(entity: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(entity, b"\r\n\r\n").unwrap();
    let letters: Vec<u8> = entity[at..].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(letters).unwrap()
}

#[test]
fn a_changed_envelope_never_opens_to_something_else() {
    let ec = office(&authority(), KeyKind::EcP256);
    let der = unwrapped(&encrypt(ENTITY, &[ec.certificate().clone()], Cipher::Aes256Gcm).unwrap());
    for at in 0..der.len() {
        let mut bad = der.clone();
        bad[at] ^= 1;
        let opened = Enveloped::read(&wrapped(&bad)).and_then(|envelope| envelope.decrypt(std::slice::from_ref(&ec)));
        assert!(opened.is_err() || *opened.unwrap() == ENTITY, "octet {at}");
    }
}

#[test]
fn every_failure_to_open_is_the_same() {
    let (openssl, [rsa, ec]) = offices();
    for (options, identity) in [
        ("-aes-256-gcm -recip rsa.pem", &rsa),
        ("-aes-256-gcm -recip rsa.pem -keyopt rsa_padding_mode:oaep", &rsa),
        ("-aes-256-gcm -recip ec.pem", &ec),
    ] {
        let good = unwrapped(&encrypted(&openssl, options));
        let open = |der: &[u8]| {
            let envelope = Enveloped::read(&wrapped(der)).unwrap();
            envelope.decrypt(std::slice::from_ref(identity)).map(|clear| clear.to_vec())
        };
        assert_eq!(open(&good), Ok(ENTITY.to_vec()));
        // The last octet is the tag's; the wrapped key ends where the encrypted content's OID (1.2.840.113549.1.7.1) begins.
        let data = memchr::memmem::rfind(&good, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]).unwrap();
        for at in [good.len() - 1, good.len() - 30, data - 10] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(open(&bad), Err(DecryptError::Undecryptable), "{options} {at}");
        }
    }
}

#[test]
fn what_is_not_encrypted_is_named_so() {
    for entity in ["Content-Type: text/plain\r\n\r\n", "\r\n", "Content-Type: multipart/signed\r\n\r\n"] {
        assert_eq!(Enveloped::read(entity.as_bytes()).map(|_| ()), Err(DecryptError::NotEncrypted));
    }
    let (openssl, _) = offices();
    openssl.run("cms -sign -nodetach -in entity -signer ec.key -outform DER -out p7");
    let read = Enveloped::read(&wrapped(&openssl.get("p7")));
    assert_eq!(read.map(|_| ()), Err(DecryptError::NotEncrypted));
}

#[test]
fn an_envelope_larger_than_what_is_kept_of_it_shows_whom_it_is_for() {
    let (_, [rsa, ec]) = offices();
    let content = vec![b'x'; 3 * limits::ENVELOPE_BEGINNING_BYTES_MAX];
    let stranger = office(&authority(), KeyKind::EcP256);
    for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
        let entity = encrypt(&content, &certificates(&[rsa.clone(), ec.clone()]), cipher).unwrap();
        let addressed = passed_by(&entity, 4096).unwrap();
        assert!(addressed.is_for(rsa.certificate(), AT) && addressed.is_for(ec.certificate(), AT));
        assert!(!addressed.is_for(stranger.certificate(), AT));
        // Whole lines taken away from the end, or added there.
        assert_eq!(
            passed_by(&entity[..entity.len() - 780], 4096).unwrap_err(),
            DecryptError::Malformed("it ends too early")
        );
        let longer = [entity.as_slice(), b"AAAA\r\n"].concat();
        assert_eq!(passed_by(&longer, 4096).unwrap_err(), DecryptError::Malformed("something follows its end"));
    }
}

#[test]
fn as_many_readers_as_are_allowed_stand_in_what_is_kept() {
    let ca = authority();
    let reader = ca.issue(&request(KeyKind::Rsa2048, Purpose::Mail)).unwrap();
    let readers = vec![reader.certificate().clone(); limits::RECIPIENTS_MAX];
    let entity = encrypt(&vec![b'x'; 1 << 20], &readers, Cipher::Aes256Cbc).unwrap();
    assert!(passed_by(&entity, 65_536).unwrap().is_for(reader.certificate(), AT));
}

#[test]
fn whatever_is_damaged_passes_by_as_it_is_read_whole() {
    let (_, [rsa, _]) = offices();
    let entity = encrypt(ENTITY, &certificates(std::slice::from_ref(&rsa)), Cipher::Aes256Gcm).unwrap();
    let start = memchr::memmem::find(&entity, b"\r\n\r\n").unwrap() + 4;
    for at in (start..entity.len()).step_by(7) {
        let mut damaged = entity.clone();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        let is_for = |one: Result<bool, DecryptError>| one.unwrap_or(false);
        let whole = is_for(Enveloped::read(&damaged).map(|envelope| envelope.is_for(rsa.certificate(), AT)));
        let passed = is_for(passed_by(&damaged, 100).map(|addressed| addressed.is_for(rsa.certificate(), AT)));
        assert!(passed || !whole, "read whole it is for us, passing by it is not: octet {at}");
    }
    for text in ["", "\r\n", "Content-Type: text/plain\r\n\r\nx"] {
        assert!(passed_by(text.as_bytes(), 3).is_err());
    }
}
