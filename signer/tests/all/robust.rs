//! Whatever arrives: an answer, never a panic; and what is signed comes back octet for octet.

use std::sync::LazyLock;

use fumibako_signer::authority::{Authority, KeyKind, Purpose};
use fumibako_signer::{
    Certificate, Cipher, Enveloped, Identity, Receipts, RevocationList, Signature, Signed, SignedReceipt, Signing,
    StatusAnswer, StatusQuestion, TimeStamp, TimeStampRequest, TimeStamper, Trust, compress, encrypt, expand, sign,
    sign_receipt, sign_with,
};
use proptest::prelude::*;

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, days, message, office, request};

static CA: LazyLock<Authority> = LazyLock::new(authority);
static OFFICE: LazyLock<Identity> = LazyLock::new(|| office(&CA, KeyKind::EcP256));
static QUESTION: LazyLock<StatusQuestion> =
    LazyLock::new(|| StatusQuestion::new(OFFICE.certificate(), CA.certificate()).unwrap());
static ANSWER: LazyLock<Vec<u8>> = LazyLock::new(|| CA.answer(QUESTION.der(), &[], AT, AT).unwrap());
static MESSAGE: LazyLock<Vec<u8>> = LazyLock::new(|| message(ENTITY, &OFFICE));

static ENVELOPE: LazyLock<Vec<u8>> =
    LazyLock::new(|| encrypt(ENTITY, &[OFFICE.certificate().clone()], Cipher::Aes256Cbc).unwrap());

/// Reads and verifies as far as it goes.
fn try_all(bytes: &[u8]) {
    if let Ok(signed) = Signed::read(bytes) {
        let _ = signed.verify();
    }
    if let Ok(envelope) = Enveloped::read(bytes) {
        let _ = envelope.decrypt(std::slice::from_ref(&*OFFICE));
    }
    let _ = RevocationList::read(bytes, &[CA.certificate().clone()]);
    let _ = StatusAnswer::read(bytes, OFFICE.certificate());
    let _ = CA.answer(bytes, &[], AT, AT);
    let _ = Certificate::from_der(bytes);
    let _ = Certificate::many_from_pem(bytes);
    let _ = Identity::read(bytes, Some("password"));
    if let Ok(receipt) = SignedReceipt::read(bytes) {
        let _ = receipt.confirms(&ASKING);
    }
    let _ = expand(bytes);
    let _ = TimeStamp::verify(bytes, &[7; 32], &TRUST, AT);
    let _ = ASKED.verify(bytes, &TRUST, AT);
    let _ = STAMPER.answer(bytes, AT);
}

/// A signature that asks for a receipt, and the receipt.
static ASKING: LazyLock<Signature> = LazyLock::new(|| {
    let signing = Signing { receipts: Some(Receipts { from: None, to: &["a@b"] }), ..Signing::default() };
    Signed::read(&sign_with(ENTITY, &OFFICE, &signing, AT).unwrap()).unwrap().verify().unwrap()
});
static RECEIPT: LazyLock<Vec<u8>> = LazyLock::new(|| sign_receipt(&ASKING, &OFFICE, AT).unwrap());

static LIST: LazyLock<Vec<u8>> = LazyLock::new(|| CA.revoke(&[(OFFICE.certificate(), AT)], AT, AT + days(7)).unwrap());
/// Encrypted keys, made quickly to open.
static SHROUDED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let openssl = Openssl::new();
    openssl.put("id.pem", OFFICE.to_pem().as_bytes());
    let shrouded = |options: &str| {
        openssl.run(&format!("pkcs8 -topk8 -in id.pem -passout pass:password -outform DER -out der {options}"));
        openssl.get("der")
    };
    ["-scrypt -scrypt_N 2", "-v2 aes-256-cbc -iter 1", "-v1 PBE-SHA1-3DES -iter 1"].map(shrouded).into()
});
static PKCS12: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let openssl = Openssl::new();
    openssl.put("id.pem", OFFICE.to_pem().as_bytes());
    openssl.run("pkcs12 -export -in id.pem -passout pass:password -iter 1 -out p12");
    openssl.get("p12")
});

static COMPRESSED: LazyLock<Vec<u8>> = LazyLock::new(|| compress(&ENTITY.repeat(50)).unwrap());

static TIME: LazyLock<(Identity, Trust)> = LazyLock::new(|| {
    let ca = authority();
    let trust = Trust::for_time_stamps([ca.certificate().clone()]).unwrap();
    (ca.issue(&request(KeyKind::EcP256, Purpose::TimeStamping)).unwrap(), trust)
});
static TRUST: LazyLock<Trust> = LazyLock::new(|| TIME.1.clone());
static STAMPER: LazyLock<TimeStamper> = LazyLock::new(|| TimeStamper::new(TIME.0.clone(), "1.2.3").unwrap());
static ASKED: LazyLock<TimeStampRequest> = LazyLock::new(|| TimeStampRequest::for_digest([7; 32]).unwrap());
static REPLY: LazyLock<Vec<u8>> = LazyLock::new(|| STAMPER.answer(&ASKED.to_der().unwrap(), AT).unwrap());
static TOKEN: LazyLock<Vec<u8>> = LazyLock::new(|| STAMPER.stamp(&[7; 32], AT).unwrap());

/// Some octets of a good message exchanged, removed or repeated.
fn damaged(good: &[u8], cuts: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for (at, kind, value) in cuts {
        let at = at % bytes.len().max(1);
        match kind % 3 {
            0 if at < bytes.len() => bytes[at] = *value,
            1 if at < bytes.len() => drop(bytes.drain(at..(at + usize::from(*value)).min(bytes.len()))),
            _ => bytes.insert(at, *value),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn any_octets_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        try_all(&bytes);
    }

    #[test]
    fn any_damage_is_answered(cuts in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..6)) {
        try_all(&damaged(&MESSAGE, &cuts));
        try_all(&damaged(&ENVELOPE, &cuts));
        try_all(&damaged(&ANSWER, &cuts));
        try_all(&damaged(QUESTION.der(), &cuts));
        try_all(&damaged(OFFICE.certificate().der(), &cuts));
        try_all(&damaged(OFFICE.to_pem().as_bytes(), &cuts));
        try_all(&damaged(&LIST, &cuts));
        try_all(&damaged(&PKCS12, &cuts));
        for key in SHROUDED.iter() {
            let pem = Openssl::pem("ENCRYPTED PRIVATE KEY", &damaged(key, &cuts));
            try_all(pem.as_bytes());
        }
        try_all(&damaged(&RECEIPT, &cuts));
        try_all(&damaged(&COMPRESSED, &cuts));
        try_all(&damaged(&ASKED.to_der().unwrap(), &cuts));
        try_all(&damaged(&REPLY, &cuts));
        try_all(&damaged(&TOKEN, &cuts));
    }

    #[test]
    fn what_is_signed_comes_back(name in "[A-Za-z-]{1,20}", lines in prop::collection::vec("[^\r\n]{0,90}", 0..20)) {
        let entity = format!("{name}: x\r\n\r\n{}", lines.join("\r\n"));
        let signed = sign(entity.as_bytes(), &OFFICE, AT).unwrap();
        let read = Signed::read(&signed).unwrap();
        prop_assert_eq!(read.part(), entity.as_bytes());
        let signature = read.verify().unwrap();
        prop_assert_eq!(signature.signer(), OFFICE.certificate());
        prop_assert_eq!(signature.signing_time(), Some(AT));
    }

    #[test]
    fn what_is_compressed_comes_back(text in prop::collection::vec("[a-c]{0,20}", 0..300)) {
        let entity = text.concat();
        if let Some(compressed) = compress(entity.as_bytes()) {
            prop_assert!(compressed.len() < entity.len());
            let expanded = expand(&compressed).unwrap();
            prop_assert_eq!(expanded.as_slice(), entity.as_bytes());
        }
    }

    #[test]
    fn what_is_encrypted_comes_back(clear in prop::collection::vec(any::<u8>(), 1..300), authenticated in any::<bool>()) {
        let cipher = if authenticated { Cipher::Aes256Gcm } else { Cipher::Aes256Cbc };
        let entity = encrypt(&clear, &[OFFICE.certificate().clone()], cipher).unwrap();
        let opened = Enveloped::read(&entity).unwrap().decrypt(std::slice::from_ref(&*OFFICE)).unwrap();
        prop_assert_eq!(opened.as_slice(), clear.as_slice());
    }
}
