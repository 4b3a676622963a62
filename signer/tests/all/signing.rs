//! Our signatures, judged by openssl.

use fumibako_signer::authority::KeyKind;
use fumibako_signer::{Algorithm, Identity, SignError, Signed, sign};

use crate::openssl::{Openssl, Said};
use crate::people::{AT, ENTITY, authority, message, office};

/// What openssl says about a message, and the content it found.
fn judged(openssl: &Openssl, message: &[u8], options: &str) -> Said {
    openssl.put("message", message);
    let at = AT.as_second();
    openssl.try_run(&format!(
        "cms -verify -in message -CAfile ca.pem -purpose smimesign -attime {at} -out content {options}"
    ))
}

#[track_caller]
fn check(key: KeyKind, options: &str) {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.certificate().to_pem());
    let mut message = message(ENTITY, &office(&ca, key));
    let said = judged(&openssl, &message, options);
    assert!(said.ok, "{}", said.text);
    assert_eq!(openssl.get("content"), ENTITY);

    let at = memchr::memmem::find(&message, b"ODNY").unwrap();
    message[at] ^= 1;
    assert!(!judged(&openssl, &message, options).ok, "openssl refuses a changed content");
}

#[test]
fn openssl_verifies_rsa() {
    check(KeyKind::Rsa2048, "");
}

#[test]
fn openssl_verifies_p256() {
    check(KeyKind::EcP256, "");
}

#[test]
fn openssl_verifies_the_signing_certificate_too() {
    check(KeyKind::EcP256, "-cades");
}

#[test]
fn the_signature_carries_its_attributes() {
    let openssl = Openssl::new();
    openssl.put("message", message(ENTITY, &office(&authority(), KeyKind::EcP256)));
    let print = openssl.run("cms -cmsout -print -noout -in message");
    for attribute in [
        "contentType",
        "messageDigest",
        "signingTime",
        "UTCTIME:Nov  5 10:10:10 2026 GMT",
        "id-smime-aa-signingCertificateV2",
        "1.2.840.113549.1.9.52",
        "S/MIME Capabilities",
        "aes-256-gcm",
    ] {
        assert!(print.contains(attribute), "{attribute} is missing from {print}");
    }
}

#[test]
fn the_result_begins_with_its_type() {
    let signed = sign(ENTITY, &office(&authority(), KeyKind::Rsa2048), AT).unwrap();
    let head =
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256;\r\n boundary=\"";
    assert!(signed.starts_with(head.as_bytes()));
    assert!(
        signed
            .split(|byte| *byte == b'\n')
            .all(|line| line.len() <= 998 && line.last().is_none_or(|end| *end == b'\r'))
    );
}

#[test]
fn a_p384_key_signs_with_sha_384() {
    let openssl = Openssl::new();
    openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key.pem");
    openssl.run("req -x509 -new -key key.pem -subj /CN=x -addext keyUsage=digitalSignature -out cert.pem");
    let pem = [openssl.get("key.pem"), openssl.get("cert.pem")].concat();
    let identity = Identity::from_pem(&pem, None).unwrap();
    let message = message(ENTITY, &identity);
    openssl.put("message", &message);
    openssl.run("cms -verify -noverify -in message -out content");
    let signature = Signed::read(&message).unwrap().verify().unwrap();
    assert_eq!(signature.algorithm().to_string(), "ECDSA with SHA-384");
    assert!(matches!(signature.algorithm(), Algorithm::Ecdsa(_)));
}

#[test]
fn an_entity_that_transport_would_change_is_not_signed() {
    let identity = office(&authority(), KeyKind::EcP256);
    let check = |entity: &[u8], error| assert_eq!(sign(entity, &identity, AT).unwrap_err(), error);
    check(b"A: b\n\nc", SignError::BareLineEnd);
    check(b"A: b\r\n\r\nc\n", SignError::BareLineEnd);
    check(b"A: b\r\n\r\nc\rd", SignError::BareLineEnd);
    check(b"\nA: b\r\n\r\nc", SignError::BareLineEnd);
    check(b"no empty line", SignError::NotMime);
    assert_eq!(sign(b"A: b\r\n\r\n", &identity, "1960-01-01T00:00:00Z".parse().unwrap()), Err(SignError::Time));
}
