//! The whole seal: made, opened, opened by openssl step by step, and refused where one layer is not the sender's.

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{
    Certificate, CertificateError, Cipher, DecryptError, EncryptError, Enveloped, Identity, OpenError, Refused,
    SealError, Sealing, SignError, SignatureError, Signed, Trust, encrypt, open, seal, sign,
};
use jiff::{SignedDuration, Timestamp};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, as_sent, authority, days, office, request};

const ROUTING: &[u8] = b"From: 9912345678@example.jp\r\nTo: 9987654321@example.jp\r\nMessage-ID: <a@example.jp>\r\n";

/// A sender, a recipient, and whom both trust.
struct Two {
    ca: Authority,
    sender: Identity,
    recipient: Identity,
    readers: Vec<Certificate>,
}

impl Two {
    fn new(key: KeyKind) -> Self {
        let ca = authority();
        let (sender, recipient) = (office(&ca, key), office(&ca, key));
        let readers = vec![recipient.certificate().clone(), sender.certificate().clone()];
        Self { ca, sender, recipient, readers }
    }

    fn sealing(&self, cipher: Cipher) -> Sealing<'_> {
        Sealing { routing: ROUTING, signer: &self.sender, recipients: &self.readers, cipher }
    }

    #[track_caller]
    fn check(&self, message: &[u8], expected: Result<&[u8], OpenError>) {
        let trust = Trust::new([self.ca.certificate().clone()]).unwrap();
        let opened = open(message, &trust, std::slice::from_ref(&self.recipient), AT);
        assert_eq!(opened.map(|opened| opened.entity().to_vec()), expected.map(<[u8]>::to_vec));
    }
}

#[test]
fn what_is_sealed_opens_for_both_ends() {
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
            let two = Two::new(key);
            let message = seal(ENTITY, &two.sealing(cipher), AT).unwrap();
            two.check(&message, Ok(ENTITY));
            let trust = Trust::new([two.ca.certificate().clone()]).unwrap();
            let opened = open(&message, &trust, std::slice::from_ref(&two.sender), AT).unwrap();
            assert!(opened.routing().starts_with(ROUTING));
            assert_eq!(opened.inner().signer(), two.sender.certificate());
            assert_eq!(opened.outer().signer(), two.sender.certificate());
            assert!(!format!("{opened:?}").contains("ODNY"));
        }
    }
}

#[test]
fn openssl_opens_a_seal_step_by_step() {
    let (openssl, two) = (Openssl::new(), Two::new(KeyKind::Rsa2048));
    openssl.put("message", seal(ENTITY, &two.sealing(Cipher::Aes256Gcm), AT).unwrap());
    openssl.put("ca.pem", two.ca.certificate().to_pem());
    openssl.put("id.pem", two.recipient.to_pem().as_bytes());
    let verify = format!("cms -verify -CAfile ca.pem -purpose smimesign -attime {}", AT.as_second());
    openssl.run(&format!("{verify} -in message -out envelope"));
    assert!(openssl.get("envelope").starts_with(ROUTING));
    openssl.run("cms -decrypt -in envelope -recip id.pem -out signed");
    openssl.run(&format!("{verify} -in signed -out entity"));
    assert_eq!(openssl.get("entity"), ENTITY);
}

#[test]
fn the_gateway_sees_sender_and_recipients_without_a_key() {
    let two = Two::new(KeyKind::EcP256);
    let message = seal(ENTITY, &two.sealing(Cipher::Aes256Gcm), AT).unwrap();
    let signed = Signed::read(&message).unwrap();
    assert_eq!(signed.verify().unwrap().signer(), two.sender.certificate());
    let envelope = Enveloped::read(signed.part()).unwrap();
    assert!(envelope.is_for(two.recipient.certificate(), AT));
    assert!(!envelope.is_for(office(&two.ca, KeyKind::EcP256).certificate(), AT));
    assert!(memchr::memmem::find(&message, b"ODNY").is_none());
}

#[test]
fn a_stranger_reads_nothing() {
    let two = Two::new(KeyKind::EcP256);
    let message = seal(ENTITY, &two.sealing(Cipher::Aes256Gcm), AT).unwrap();
    let stranger = Two { recipient: office(&two.ca, KeyKind::EcP256), ..two };
    stranger.check(&message, Err(OpenError::Envelope(DecryptError::NotForUs)));
}

#[test]
fn nothing_is_decrypted_whose_outer_signature_does_not_hold() {
    let two = Two::new(KeyKind::EcP256);
    let mut message = seal(ENTITY, &two.sealing(Cipher::Aes256Gcm), AT).unwrap();
    let at = memchr::memmem::find(&message, b"9987654321").unwrap();
    message[at] = b'8';
    two.check(&message, Err(OpenError::Outer(SignatureError::ContentChanged)));

    let other = Authority::create("別の認証局", AT - days(2)).unwrap();
    let mallory = office(&other, KeyKind::EcP256);
    let message = seal(ENTITY, &Sealing { signer: &mallory, ..two.sealing(Cipher::Aes256Gcm) }, AT).unwrap();
    let issuer = "CN=別の認証局".to_owned();
    two.check(&message, Err(OpenError::Signer(CertificateError::UnknownIssuer { issuer })));
}

#[test]
fn a_ciphertext_cannot_be_taken_over() {
    let two = Two::new(KeyKind::EcP256);
    let message = seal(ENTITY, &two.sealing(Cipher::Aes256Gcm), AT).unwrap();
    // Another office of the same authority strips the outer signature and signs the ciphertext as its own.
    let part = Signed::read(&message).unwrap().part().to_vec();
    let thief = office(&two.ca, KeyKind::EcP256);
    two.check(&sign(&part, &thief, AT).unwrap(), Err(OpenError::OtherSigner));
}

#[test]
fn every_layer_must_be_there() {
    let two = Two::new(KeyKind::EcP256);
    let only_signed = sign(ENTITY, &two.sender, AT).unwrap();
    two.check(&only_signed, Err(OpenError::Envelope(DecryptError::NotEncrypted)));
    let only_encrypted = encrypt(ENTITY, &two.readers, Cipher::Aes256Gcm).unwrap();
    two.check(&only_encrypted, Err(OpenError::Outer(SignatureError::NotSigned)));
    let no_inner = sign(&only_encrypted, &two.sender, AT).unwrap();
    two.check(&no_inner, Err(OpenError::Envelope(DecryptError::Undecryptable)));
}

#[test]
fn routing_fields_say_nothing_about_the_content() {
    let two = Two::new(KeyKind::EcP256);
    let check = |routing: &[u8], expected: Result<(), SealError>| {
        let sealing = Sealing { routing, ..two.sealing(Cipher::Aes256Gcm) };
        assert_eq!(seal(ENTITY, &sealing, AT).map(|_| ()), expected);
    };
    check(b"", Ok(()));
    check(b"A: b\r\n folded\r\n", Ok(()));
    for wrong in ["A: b", "A: b\n", "A: b\r\n\r\n", "\r\n", "CONTENT-type: text/plain\r\n", "no field\r\n"] {
        check(wrong.as_bytes(), Err(SealError::Routing));
    }
    let nobody = Sealing { recipients: &[], ..two.sealing(Cipher::Aes256Gcm) };
    assert_eq!(seal(ENTITY, &nobody, AT), Err(SealError::Encrypt(EncryptError::NoRecipient)));
    assert_eq!(seal(b"x", &two.sealing(Cipher::Aes256Gcm), AT), Err(SealError::Sign(SignError::NotMime)));
}

// Profile §4.16
#[test]
fn a_way_to_encrypt_ends_on_its_day() {
    let (openssl, ca) = (Openssl::new(), authority());
    let wish = Request { not_after: AT + days(2000), ..request(KeyKind::EcP256, Purpose::Mail) };
    let office = ca.issue(&wish).unwrap();
    openssl.put("ec.pem", office.certificate().to_pem());
    openssl.put("entity", sign(ENTITY, &office, AT).unwrap());
    openssl.run("cms -encrypt -binary -aes256 -in entity -out message -recip ec.pem -keyopt ecdh_kdf_md:sha1");
    let sealed = sign(&as_sent(&openssl.get("message")), &office, AT).unwrap();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    let opened = |at| open(&sealed, &trust, std::slice::from_ref(&office), at).map(|opened| opened.entity().to_vec());
    // The last second of 2030 in Japan.
    let last = Timestamp::from_second(1_924_959_599).unwrap();
    assert_eq!(opened(last), Ok(ENTITY.to_vec()));
    let ended = Refused::Weak("ECDH with SHA-1 after 2030");
    assert_eq!(opened(last + SignedDuration::from_secs(1)), Err(DecryptError::Algorithm(ended).into()));
}
