//! Whom an envelope is for is seen without a key, and at a bounded price; what its reader could not open is not for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::authenveloped_data::AuthEnvelopedData;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::ContentInfo;
use cms::enveloped_data::{
    EnvelopedData, KeyAgreeRecipientIdentifier, OriginatorIdentifierOrKey, RecipientIdentifier, RecipientInfo,
};
use const_oid::ObjectIdentifier;
use der::asn1::{BitString, OctetString};
use der::{Any, Decode as _, Encode as _};
use fumibako_signer::authority::{KeyKind, Purpose};
use fumibako_signer::{Certificate, Cipher, DecryptError, Enveloped, EnvelopedStream, Identity, encrypt, limits};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, as_sent, authority, days, office, request};

const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3");

fn entity(envelope: &[u8]) -> Vec<u8> {
    let head = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    [head.as_bytes(), STANDARD.encode(envelope).as_bytes()].concat()
}

fn octets(entity: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(entity, b"\r\n\r\n").unwrap();
    let letters: Vec<u8> = entity[at..].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(letters).unwrap()
}

/// Whether it is for the holder of this certificate, read whole; passing by, it is at least as much.
fn is_for(entity: &[u8], certificate: &Certificate) -> Result<bool, DecryptError> {
    let whole = Enveloped::read(entity).map(|envelope| envelope.is_for(certificate, AT));
    let mut stream = EnvelopedStream::default();
    entity.chunks(1000).for_each(|piece| stream.receive(piece));
    let passed = stream.finish().map(|addressed| addressed.is_for(certificate, AT));
    assert!(whole != Ok(true) || passed == Ok(true));
    assert!(passed != Ok(false) || whole != Ok(true));
    whole
}

/// An envelope for one reader, changed.
fn changed(reader: &Identity, change: impl FnOnce(&mut EnvelopedData)) -> Vec<u8> {
    let whole = encrypt(ENTITY, &[reader.certificate().clone()], Cipher::Aes256Cbc).unwrap();
    let info = ContentInfo::from_der(&octets(&whole)).unwrap();
    let mut data: EnvelopedData = info.content.decode_as().unwrap();
    change(&mut data);
    let content = Any::encode_from(&data).unwrap();
    entity(&ContentInfo { content, ..info }.to_der().unwrap())
}

fn with_info(reader: &Identity, change: impl Fn(&mut RecipientInfo)) -> Vec<u8> {
    changed(reader, |data| {
        let mut infos = data.recip_infos.0.clone().into_vec();
        infos.iter_mut().for_each(change);
        data.recip_infos = infos.try_into().unwrap();
    })
}

/// Profile §5.10
#[test]
fn what_an_rsa_key_could_not_open_is_not_for_its_holder() {
    let (rsa, ec) = (office(&authority(), KeyKind::Rsa2048), office(&authority(), KeyKind::EcP256));
    let with = |change: &dyn Fn(&mut cms::enveloped_data::KeyTransRecipientInfo)| {
        let changed = with_info(&rsa, |info| {
            let RecipientInfo::Ktri(info) = info else { panic!("an RSA key is transported") };
            change(info);
        });
        (is_for(&changed, rsa.certificate()), is_for(&changed, ec.certificate()))
    };
    assert_eq!(with(&|_| ()), (Ok(true), Ok(false)));
    assert_eq!(with(&|info| info.key_enc_alg.oid = UNKNOWN).0, Ok(false));
    assert_eq!(with(&|info| info.enc_key = OctetString::new([]).unwrap()).0, Ok(false));
    assert_eq!(with(&|info| info.enc_key = OctetString::new([1; 255]).unwrap()).0, Ok(false));
    // Transported, as if to an RSA key, to an elliptic one.
    let tbs = x509_cert::Certificate::from_der(ec.certificate().der()).unwrap();
    let tbs = tbs.tbs_certificate();
    let id = IssuerAndSerialNumber { issuer: tbs.issuer().clone(), serial_number: tbs.serial_number().clone() };
    let named = |info: &mut cms::enveloped_data::KeyTransRecipientInfo| {
        info.rid = RecipientIdentifier::IssuerAndSerialNumber(id.clone());
    };
    assert_eq!(with(&named), (Ok(false), Ok(false)));
}

#[test]
fn what_an_elliptic_key_could_not_open_is_not_for_its_holder() {
    let (ec, rsa) = (office(&authority(), KeyKind::EcP256), office(&authority(), KeyKind::Rsa2048));
    let with = |change: &dyn Fn(&mut cms::enveloped_data::KeyAgreeRecipientInfo)| {
        let changed = with_info(&ec, |info| {
            let RecipientInfo::Kari(info) = info else { panic!("an elliptic key is agreed upon") };
            change(info);
        });
        (is_for(&changed, ec.certificate()), is_for(&changed, rsa.certificate()))
    };
    assert_eq!(with(&|_| ()), (Ok(true), Ok(false)));
    assert_eq!(with(&|info| info.key_enc_alg.oid = UNKNOWN).0, Ok(false));
    assert_eq!(with(&|info| info.recipient_enc_keys[0].enc_key = OctetString::new([1; 24]).unwrap()).0, Ok(false));
    let sent = |point: Vec<u8>| {
        with(&|info: &mut cms::enveloped_data::KeyAgreeRecipientInfo| {
            let OriginatorIdentifierOrKey::OriginatorKey(key) = &mut info.originator else { panic!("a key") };
            key.public_key = BitString::from_bytes(&point).unwrap();
        })
        .0
    };
    // The point (1, 1) is not on the curve, and neither is infinity.
    let off = [vec![4], vec![0; 31], vec![1], vec![0; 31], vec![1]].concat();
    assert_eq!(
        [sent(off), sent(vec![0]), sent(vec![]), sent(vec![4; 64])],
        [Ok(false), Ok(false), Ok(false), Ok(false)]
    );
    let tbs = x509_cert::Certificate::from_der(rsa.certificate().der()).unwrap();
    let tbs = tbs.tbs_certificate();
    let id = IssuerAndSerialNumber { issuer: tbs.issuer().clone(), serial_number: tbs.serial_number().clone() };
    let named = |info: &mut cms::enveloped_data::KeyAgreeRecipientInfo| {
        info.recipient_enc_keys[0].rid = KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(id.clone());
    };
    assert_eq!(with(&named), (Ok(false), Ok(false)));
}

#[test]
fn a_ciphertext_nobody_can_open_is_refused() {
    let ec = office(&authority(), KeyKind::EcP256);
    let with = |octets: Option<Vec<u8>>| {
        let changed = changed(&ec, |data| {
            let octets = octets.map(|octets| OctetString::new(octets).unwrap());
            data.encrypted_content.encrypted_content = octets;
        });
        is_for(&changed, ec.certificate())
    };
    assert_eq!(with(Some(vec![1; 32])), Ok(true));
    let nothing = DecryptError::Malformed("there is no encrypted content");
    assert_eq!([with(None), with(Some(vec![]))], [Err(nothing.clone()), Err(nothing)]);
    let blocks = DecryptError::Malformed("the encrypted content has no whole blocks");
    assert_eq!([with(Some(vec![1; 15])), with(Some(vec![1; 33]))], [Err(blocks.clone()), Err(blocks)]);

    let whole = encrypt(ENTITY, &[ec.certificate().clone()], Cipher::Aes256Gcm).unwrap();
    let info = ContentInfo::from_der(&octets(&whole)).unwrap();
    let mut data: AuthEnvelopedData = info.content.decode_as().unwrap();
    data.mac = OctetString::new([1; 12]).unwrap();
    let content = Any::encode_from(&data).unwrap();
    let changed = entity(&ContentInfo { content, ..info }.to_der().unwrap());
    let tag = DecryptError::Malformed("the tag of the cipher has another length");
    assert_eq!(is_for(&changed, ec.certificate()), Err(tag));
}

/// One of two infos that name the same reader opens.
#[test]
fn a_reader_named_twice_opens_with_what_fits() {
    let rsa = office(&authority(), KeyKind::Rsa2048);
    let twice = changed(&rsa, |data| {
        let mut infos = data.recip_infos.0.clone().into_vec();
        let RecipientInfo::Ktri(mut broken) = infos[0].clone() else { panic!("an RSA key is transported") };
        broken.enc_key = OctetString::new([]).unwrap();
        infos.insert(0, RecipientInfo::Ktri(broken));
        data.recip_infos = infos.try_into().unwrap();
    });
    assert_eq!(is_for(&twice, rsa.certificate()), Ok(true));
    let opened = Enveloped::read(&twice).unwrap().decrypt(std::slice::from_ref(&rsa)).unwrap();
    assert_eq!(*opened, ENTITY);
}

/// `head` with a definite length around what it holds.
fn element(tag: u8, inside: &[u8]) -> Vec<u8> {
    let length = u32::try_from(inside.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], length.as_slice(), inside].concat()
}

/// An envelope by hand: these octets are its recipients, and these its unprotected attributes.
fn by_hand(recipients: &[u8], attributes: &[u8]) -> Vec<u8> {
    let iv = [&[4, 16][..], &[7; 16]].concat();
    let algorithm = element(0x30, &[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42], iv.as_slice()].concat());
    let data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let content = element(0x30, &[&data, algorithm.as_slice(), &element(0x80, &[7; 16])].concat());
    let parts = [&[2, 1, 0], element(0x31, recipients).as_slice(), &content, &element(0xa1, attributes)].concat();
    let enveloped = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
    entity(&element(0x30, &[&enveloped, element(0xa0, &element(0x30, &parts)).as_slice()].concat()))
}

#[test]
fn recipients_and_attributes_are_counted_before_they_are_read() {
    let read = |recipients: usize, attributes: usize| {
        let (recipients, attributes) = ([4, 1, 7].repeat(recipients), [4, 1, 7].repeat(attributes));
        Enveloped::read(&by_hand(&recipients, &attributes)).map(|_| ())
    };
    assert_eq!(read(limits::RECIPIENTS_MAX, limits::ATTRIBUTES_MAX), Ok(()));
    let (what, limit) = ("list of recipients", limits::RECIPIENTS_MAX);
    assert_eq!(read(limits::RECIPIENTS_MAX + 1, 0), Err(DecryptError::TooLarge { what, limit }));
    let (what, limit) = ("list of attributes", limits::ATTRIBUTES_MAX);
    assert_eq!(read(1, limits::ATTRIBUTES_MAX + 1), Err(DecryptError::TooLarge { what, limit }));
    assert_eq!(read(1, 1 << 20), Err(DecryptError::TooLarge { what, limit }));
    // Past what the beginning of an envelope may hold it is not read on, whoever stands there.
    assert!(read(1 << 20, 0).is_err());
}

/// RFC 5652 §6.2.2: one info may name many.
#[test]
fn those_who_agree_upon_one_key_are_counted_each() {
    let ec = office(&authority(), KeyKind::EcP256);
    let with = |count: usize| {
        let many = with_info(&ec, |info| {
            let RecipientInfo::Kari(info) = info else { panic!("an elliptic key is agreed upon") };
            info.recipient_enc_keys = vec![info.recipient_enc_keys[0].clone(); count];
        });
        is_for(&many, ec.certificate())
    };
    assert_eq!(with(limits::RECIPIENTS_MAX), Ok(true));
    let (what, limit) = ("list of recipients", limits::RECIPIENTS_MAX);
    assert_eq!(with(limits::RECIPIENTS_MAX + 1), Err(DecryptError::TooLarge { what, limit }));
}

// Profile §4.20
#[test]
fn nothing_is_for_a_certificate_for_signatures() {
    let (openssl, ca) = (Openssl::new(), authority());
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let [signing, mail] =
            [Purpose::MailSigning, Purpose::Mail].map(|purpose| ca.issue(&request(key, purpose)).unwrap());
        for (identity, expected) in [(&signing, false), (&mail, true)] {
            openssl.put("reader.pem", identity.certificate().to_pem());
            openssl.put("entity", ENTITY);
            // openssl asks no certificate what its key is for.
            openssl.run("cms -encrypt -binary -aes256 -in entity -out message -recip reader.pem");
            let found = is_for(&as_sent(&openssl.get("message")), identity.certificate());
            assert_eq!(found, Ok(expected), "{key:?}");
        }
    }
}

// Profile §4.16
#[test]
fn what_was_closed_in_a_way_that_ended_is_for_nobody() {
    let (openssl, ca) = (Openssl::new(), authority());
    let last: jiff::Timestamp = "2030-12-31T23:59:59+09:00".parse().unwrap();
    let after = last + jiff::SignedDuration::from_secs(1);
    openssl.put("entity", ENTITY);
    for (key, sha1, sha256) in [
        (KeyKind::Rsa2048, "rsa_padding_mode:oaep", "rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256"),
        (KeyKind::EcP256, "ecdh_kdf_md:sha1", "ecdh_kdf_md:sha256"),
    ] {
        let reader = ca.issue(&authority_wish(key)).unwrap();
        openssl.put("reader.pem", reader.certificate().to_pem());
        for (way, then) in [(sha1, false), (sha256, true)] {
            openssl
                .run(&format!("cms -encrypt -binary -aes256 -in entity -out message -recip reader.pem -keyopt {way}"));
            let envelope = Enveloped::read(&as_sent(&openssl.get("message"))).unwrap();
            let found = [last, after].map(|at| envelope.is_for(reader.certificate(), at));
            assert_eq!(found, [true, then], "{way}");
            let read = |clear: &[u8]| Some(clear.to_vec());
            let inside = envelope.read_inside(std::slice::from_ref(&reader), after, read);
            assert_eq!(inside.is_ok(), then, "{way}");
        }
    }
}

fn authority_wish(key: KeyKind) -> fumibako_signer::authority::Request<'static> {
    fumibako_signer::authority::Request { not_after: AT + days(2000), ..request(key, Purpose::Mail) }
}
