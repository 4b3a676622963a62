//! Signatures of other programs, and broken ones, judged by us.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::SignedData;
use der::{Any, Decode as _, Encode as _};
use fumibako_signer::authority::{Authority, KeyKind};
use fumibako_signer::{Layer, Refused, SignatureError, Signed, Trust, limits};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, as_sent, authority, message, office};

/// Two offices of one authority, with their keys where openssl finds them.
fn offices() -> (Openssl, Authority) {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.certificate().to_pem());
    openssl.put("rsa.pem", office(&ca, KeyKind::Rsa2048).to_pem().as_bytes());
    openssl.put("ec.pem", office(&ca, KeyKind::EcP256).to_pem().as_bytes());
    openssl.put("entity", ENTITY);
    (openssl, ca)
}

fn verdict(message: &[u8]) -> Result<String, SignatureError> {
    Signed::read(message)?.verify().map(|signature| signature.algorithm().to_string())
}

#[track_caller]
fn check(options: &str, expected: Result<&str, SignatureError>) {
    let (openssl, ca) = offices();
    openssl.run(&format!("cms -sign -in entity -out message {options}"));
    let message = as_sent(&openssl.get("message"));
    assert_eq!(verdict(&message), expected.clone().map(str::to_owned), "{options}");
    if expected.is_ok() {
        let signed = Signed::read(&message).unwrap();
        assert_eq!(signed.part(), ENTITY);
        Trust::new([ca.certificate().clone()]).unwrap().check(&signed.verify().unwrap(), AT).unwrap();
    }
}

fn malformed(layer: Layer, reason: &'static str) -> SignatureError {
    SignatureError::Malformed { layer, reason }
}

#[test]
fn signatures_of_openssl_verify() {
    check("-signer rsa.pem", Ok("RSA with SHA-256"));
    check("-signer ec.pem", Ok("ECDSA with SHA-256"));
    check("-signer rsa.pem -md sha512", Ok("RSA with SHA-512"));
    check("-signer ec.pem -md sha384", Ok("ECDSA with SHA-384"));
    check("-signer ec.pem -keyid -cades", Ok("ECDSA with SHA-256"));
    check("-signer rsa.pem -certfile ca.pem -nosmimecap", Ok("RSA with SHA-256"));
}

#[test]
fn streamed_ber_verifies() {
    check("-signer rsa.pem -stream", Ok("RSA with SHA-256"));
    check("-signer ec.pem -stream -cades", Ok("ECDSA with SHA-256"));
}

#[test]
fn pss_needs_a_salt_as_long_as_its_digest() {
    let pss = "-signer rsa.pem -keyopt rsa_padding_mode:pss";
    check(&format!("{pss} -keyopt rsa_pss_saltlen:32"), Ok("RSA-PSS with SHA-256"));
    let refused = Refused::Mismatch("RSA-PSS needs a salt as long as its digest");
    check(&format!("{pss} -keyopt rsa_pss_saltlen:20"), Err(refused.into()));
}

#[test]
fn weak_digests_are_refused_by_name() {
    check("-signer rsa.pem -md sha1", Err(Refused::Weak("SHA-1").into()));
    check("-signer ec.pem -md sha1", Err(Refused::Weak("SHA-1").into()));
    check("-signer rsa.pem -md md5", Err(Refused::Weak("MD5").into()));
    check("-signer rsa.pem -md sha224", Err(Refused::Weak("SHA-224").into()));
    check("-signer rsa.pem -md sha3-256", Err(Refused::Unknown("2.16.840.1.101.3.4.2.8".to_owned()).into()));
}

#[test]
fn a_short_rsa_key_is_refused_by_name() {
    let (openssl, _) = offices();
    openssl.run("req -x509 -newkey rsa:1024 -noenc -keyout key.pem -subj /CN=x -out cert.pem");
    openssl.run("cms -sign -in entity -out message -signer cert.pem -inkey key.pem");
    let weak = Refused::Weak("an RSA key shorter than 2048 bits");
    assert_eq!(verdict(&as_sent(&openssl.get("message"))), Err(weak.into()));
}

#[test]
fn a_signature_has_one_signer_with_attributes_and_certificate() {
    check("-signer rsa.pem -signer ec.pem", Err(SignatureError::Signers(2)));
    check("-signer rsa.pem -noattr", Err(malformed(Layer::Attributes, "the signature has none")));
    check("-signer rsa.pem -nocerts", Err(SignatureError::NoCertificate));
    check("-signer rsa.pem -econtent_type 1.2.3.4", Err(malformed(Layer::Cms, "what it signs is of another type")));
}

#[test]
fn a_signature_names_the_certificate_it_was_made_for() {
    let (openssl, ca) = offices();
    openssl.put("ca.key", ca.to_pem().as_bytes());
    openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem -subj /CN=x -out csr");
    // Twins: one issuer, one serial number, one key, two lengths of life.
    for (name, days) in [("a", 1), ("b", 2)] {
        openssl.run(&format!("x509 -req -in csr -CA ca.pem -CAkey ca.key -set_serial 7 -days {days} -out {name}.pem"));
    }
    let sign = "cms -sign -in entity -out message -signer a.pem -inkey key.pem -nocerts -certfile";
    openssl.run(&format!("{sign} b.pem -cades"));
    assert_eq!(verdict(&as_sent(&openssl.get("message"))), Err(SignatureError::OtherCertificate));
    openssl.put("both.pem", [openssl.get("a.pem"), openssl.get("b.pem")].concat());
    openssl.run(&format!("{sign} both.pem"));
    let twins = malformed(Layer::Certificate, "two different ones answer to the signer's name");
    assert_eq!(verdict(&as_sent(&openssl.get("message"))), Err(twins));
}

#[test]
fn a_signature_around_the_content_is_named_so() {
    check("-signer rsa.pem -nodetach", Err(SignatureError::Opaque));
}

/// `multipart/signed` around any octets as the signature.
fn wrapped(signature: &[u8]) -> Vec<u8> {
    let head = "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n--b\r\n";
    let middle = "\r\n--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let signature = STANDARD.encode(signature);
    [head.as_bytes(), ENTITY, middle.as_bytes(), signature.as_bytes(), b"\r\n--b--\r\n"].concat()
}

#[test]
fn a_detached_signature_with_a_content_of_its_own_is_refused() {
    let (openssl, _) = offices();
    for stream in ["", "-stream"] {
        openssl.run(&format!("cms -sign -in entity -binary -nodetach -outform DER -out p7 -signer ec.pem {stream}"));
        assert_eq!(verdict(&wrapped(&openssl.get("p7"))), Err(SignatureError::ContentAttached));
    }
}

#[test]
fn a_signature_that_is_none_is_refused() {
    let (openssl, _) = offices();
    assert_eq!(verdict(&wrapped(b"")), Err(malformed(Layer::Encoding, "it ends too early")));
    assert_eq!(verdict(&wrapped(&[0x30, 0])), Err(malformed(Layer::Cms, "it does not decode")));
    openssl.run("crl2pkcs7 -nocrl -certfile ca.pem -outform DER -out p7");
    assert_eq!(verdict(&wrapped(&openssl.get("p7"))), Err(SignatureError::Signers(0)));
    openssl.run("cms -data_create -in entity -outform DER -out p7");
    assert_eq!(verdict(&wrapped(&openssl.get("p7"))), Err(malformed(Layer::Cms, "it is not SignedData")));
}

#[test]
fn a_signature_ends_at_its_limit() {
    let check = |size: usize, expected| assert_eq!(Signed::read(&wrapped(&vec![0; size])).map(|_| ()), expected);
    let too_large = SignatureError::TooLarge { what: "signature", limit: limits::SIGNATURE_BYTES_MAX };
    check(limits::SIGNATURE_BYTES_MAX, Ok(()));
    check(limits::SIGNATURE_BYTES_MAX + 1, Err(too_large.clone()));
    check(4 * limits::SIGNATURE_BYTES_MAX, Err(too_large));
}

#[test]
fn a_chain_ends_at_its_limit() {
    let (openssl, ca) = offices();
    // One certificate is the signer's.
    let others: Vec<_> = (0..limits::CERTIFICATES_MAX).map(|_| authority().certificate().to_pem()).collect();
    let too_large = SignatureError::TooLarge { what: "chain of certificates", limit: limits::CERTIFICATES_MAX };
    for (count, expected) in [(limits::CERTIFICATES_MAX - 1, Ok(())), (limits::CERTIFICATES_MAX, Err(too_large))] {
        openssl.put("others.pem", others[..count].concat());
        openssl.run("cms -sign -in entity -out message -signer ec.pem -certfile others.pem");
        let message = as_sent(&openssl.get("message"));
        assert_eq!(verdict(&message).map(|_| ()), expected);
    }
    drop(ca);
}

#[test]
fn mail_without_a_signature_is_named_so() {
    for head in [
        "Subject: x",
        "Content-Type: text/plain",
        "Content-Type: multipart/mixed; boundary=b",
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b",
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data",
    ] {
        assert_eq!(verdict(format!("{head}\r\n\r\n--b\r\n").as_bytes()), Err(SignatureError::NotSigned), "{head}");
    }
}

#[test]
fn the_second_part_is_a_signature() {
    let signed = String::from_utf8(message(ENTITY, &office(&authority(), KeyKind::EcP256))).unwrap();
    let check = |from: &str, to: &str, reason| {
        assert!(signed.contains(from));
        assert_eq!(verdict(signed.replace(from, to).as_bytes()), Err(malformed(Layer::Parts, reason)), "{to}");
    };
    let kind = "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"";
    check(kind, "Content-Type: application/octet-stream", "the second part is not a signature");
    check(kind, "X: y", "the second part has no type");
    check("Encoding: base64\r\nContent-Disp", "Encoding: x\r\nContent-Disp", "the transfer encoding is unknown");
    check("Encoding: base64\r\nContent-Disp", "Encoding: base64\r\n\r\n\x21", "the body is not base64");
}

#[test]
fn no_octet_of_the_signed_part_can_change() {
    let good = message(ENTITY, &office(&authority(), KeyKind::EcP256));
    assert!(verdict(&good).is_ok());
    let start = memchr::memmem::find(&good, ENTITY).unwrap();
    for at in start..start + ENTITY.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        assert!(verdict(&bad).is_err(), "octet {at}");
    }
    let mut bad = good.clone();
    bad[start + ENTITY.len() - 8] ^= 0x01;
    assert_eq!(verdict(&bad), Err(SignatureError::ContentChanged));
}

#[test]
fn a_changed_signature_is_refused_or_says_the_same() {
    let ca = authority();
    let good = message(ENTITY, &office(&ca, KeyKind::EcP256));
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    let start = memchr::memmem::find(&good, b"smime.p7s\"\r\n\r\n").unwrap() + 14;
    let letters: Vec<u8> = good[start..]
        .iter()
        .copied()
        .take_while(|byte| *byte != b'-')
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let p7 = STANDARD.decode(letters).unwrap();
    let original = Signed::read(&good).unwrap().verify().unwrap();
    let mut survivors = 0;
    for at in 0..p7.len() {
        for bit in [0x01, 0x80] {
            let mut bad = p7.clone();
            bad[at] ^= bit;
            let wrapped = wrapped(&bad);
            let Ok(signature) = Signed::read(&wrapped).unwrap().verify() else { continue };
            if trust.check(&signature, AT).is_ok() {
                assert_eq!(signature.signer(), original.signer(), "octet {at}");
                assert_eq!(signature.digest(), original.digest(), "octet {at}");
                survivors += 1;
            }
        }
    }
    // What may change: the authority's certificate, which travels only as a help, and version numbers.
    assert!(survivors < 2 * (ca.certificate().der().len() + 16), "{survivors} changes went unnoticed");
}

#[test]
fn a_signature_of_another_key_is_refused() {
    let ca = authority();
    let (mine, other) = (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::EcP256));
    let (openssl, good) = (Openssl::new(), message(ENTITY, &mine));
    openssl.put("message", &good);
    openssl.put("entity", ENTITY);
    // openssl signs with another key but names the certificate: it checks that they fit, so the octets are exchanged.
    openssl.put("other.pem", other.to_pem().as_bytes());
    openssl.run("cms -cmsout -in message -outform DER -out p7");
    let mut p7 = openssl.get("p7");
    let signature = p7.len() - 5;
    p7[signature] ^= 1;
    assert_eq!(verdict(&wrapped(&p7)), Err(SignatureError::BadSignature));
}

/// RFC 5652 §5.1, §5.3: versions follow from the form, and say nothing else.
#[test]
fn a_version_is_that_of_its_form() {
    let (openssl, _) = offices();
    let with = |options: &str, whole: CmsVersion, signer: CmsVersion| {
        openssl.run(&format!("cms -sign -in entity -signer ec.pem -outform DER -out p7 {options}"));
        let info = ContentInfo::from_der(&openssl.get("p7")).unwrap();
        let mut data: SignedData = info.content.decode_as().unwrap();
        data.version = whole;
        let mut signers = data.signer_infos.0.clone().into_vec();
        signers[0].version = signer;
        data.signer_infos = signers.try_into().unwrap();
        let content = Any::encode_from(&data).unwrap();
        let p7 = STANDARD.encode(ContentInfo { content, ..info }.to_der().unwrap());
        let entity = std::str::from_utf8(ENTITY).unwrap();
        let head = "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n";
        let part = "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64";
        let message = format!("{head}--b\r\n{entity}\r\n--b\r\n{part}\r\n\r\n{p7}\r\n--b--\r\n");
        verdict(message.as_bytes()).map(|_| ())
    };
    let (options, id) = ("-binary -nosmimecap", "-binary -nosmimecap -keyid");
    assert_eq!(with(options, CmsVersion::V1, CmsVersion::V1), Ok(()));
    assert_eq!(with(id, CmsVersion::V3, CmsVersion::V3), Ok(()));
    let wrong = Err(malformed(Layer::Cms, "its version is not that of its form"));
    for signer in [CmsVersion::V0, CmsVersion::V2, CmsVersion::V3, CmsVersion::V5] {
        assert_eq!(with(options, CmsVersion::V1, signer), wrong);
    }
    assert_eq!(with(id, CmsVersion::V3, CmsVersion::V1), wrong);
    assert_eq!(
        [with(options, CmsVersion::V0, CmsVersion::V1), with(options, CmsVersion::V2, CmsVersion::V1)],
        [wrong.clone(), wrong]
    );
}
