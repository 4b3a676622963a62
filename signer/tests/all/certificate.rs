//! What a certificate says, compared with what openssl reads in it; and certificates for servers.

use fumibako_signer::authority::KeyKind;
use fumibako_signer::{Certificate, CertificateError, limits};
use jiff::SignedDuration;

use crate::openssl::Openssl;
use crate::people::{AT, authority, days, office};

#[test]
fn a_certificate_says_what_openssl_reads() {
    let (openssl, ca) = (Openssl::new(), authority());
    let certificate = office(&ca, KeyKind::EcP256).certificate().clone();
    openssl.put("c.pem", certificate.to_pem());
    let field = |option: &str| {
        let line = openssl.run(&format!("x509 -in c.pem -noout {option} -nameopt RFC2253,utf8,-esc_msb"));
        line.trim().split_once('=').unwrap().1.to_owned()
    };
    assert_eq!(field("-subject"), certificate.subject());
    assert_eq!(field("-issuer"), certificate.issuer());
    assert_eq!(field("-serial").to_lowercase(), certificate.serial_hex());
    assert_eq!(field("-fingerprint -sha256").replace(':', "").to_lowercase(), certificate.fingerprint_hex());
    assert_eq!(openssl.run("x509 -in c.pem -noout -email").trim(), certificate.rfc822_names()[0]);
    assert_eq!(certificate.common_name().as_deref(), Some("居宅介護支援 やまと"));
    assert_eq!((certificate.not_before(), certificate.not_after()), (AT - days(1), AT + days(1)));
    assert_eq!(certificate.subject_serial_number(), None);
    assert_eq!(Certificate::from_pem(certificate.to_pem().as_bytes()).unwrap(), certificate);
}

#[test]
fn a_serial_number_of_the_subject_is_found() {
    let openssl = Openssl::new();
    openssl.run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout k -subj /CN=x/serialNumber=9912345678 -out c.pem");
    let certificate = Certificate::from_pem(&openssl.get("c.pem")).unwrap();
    assert_eq!(certificate.subject_serial_number().as_deref(), Some("9912345678"));
    assert!(certificate.rfc822_names().is_empty());
}

#[test]
fn a_certificate_ends_at_its_limit() {
    let sized = |size: usize| Certificate::from_der(&vec![0; size]).unwrap_err();
    let too_large = CertificateError::TooLarge { what: "certificate", limit: limits::CERTIFICATE_BYTES_MAX };
    assert_eq!(sized(limits::CERTIFICATE_BYTES_MAX), CertificateError::Malformed("it does not decode"));
    assert_eq!(sized(limits::CERTIFICATE_BYTES_MAX + 1), too_large);
}

#[test]
fn a_list_of_certificates_ends_at_its_limit() {
    let one = authority().certificate().to_pem();
    let many = |count: usize| Certificate::many_from_pem(one.repeat(count).as_bytes()).map(|all| all.len());
    let most = limits::CERTIFICATES_PER_FILE_MAX;
    assert_eq!(many(0), Ok(0));
    assert_eq!(many(most), Ok(most));
    assert_eq!(many(most + 1), Err(CertificateError::TooLarge { what: "list of certificates", limit: most }));
    assert!(Certificate::from_pem(one.repeat(2).as_bytes()).is_err());
    assert!(Certificate::from_pem(b"").is_err());
}

#[test]
fn a_server_is_known_by_its_names_and_addresses() {
    let (openssl, ca) = (Openssl::new(), authority());
    let server = ca.issue_server(&["localhost", "127.0.0.1", "::1"], AT, AT + SignedDuration::from_hours(1)).unwrap();
    openssl.put("ca.pem", ca.certificate().to_pem());
    openssl.put("chain.pem", &server.chain_pem);
    openssl.put("key.pem", server.key_pem.as_bytes());
    let verify = |name: &str| {
        let at = AT.as_second();
        openssl
            .try_run(&format!("verify -x509_strict -CAfile ca.pem -purpose sslserver -attime {at} {name} chain.pem"))
            .ok
    };
    assert!(verify("-verify_hostname localhost") && verify("-verify_ip 127.0.0.1") && verify("-verify_ip ::1"));
    assert!(!verify("-verify_hostname example.jp"));
    assert_eq!(openssl.run("pkey -in key.pem -pubout"), openssl.run("x509 -in chain.pem -noout -pubkey"));
}

#[test]
fn certificates_for_mail_pass_a_strict_reader() {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.certificate().to_pem());
    let at = AT.as_second();
    // openssl wants keyEncipherment for encryption, also of an elliptic key, which agrees instead (RFC 5480 §3).
    for (key, purpose) in
        [(KeyKind::Rsa2048, "smimesign"), (KeyKind::Rsa2048, "smimeencrypt"), (KeyKind::EcP256, "smimesign")]
    {
        openssl.put("c.pem", office(&ca, key).certificate().to_pem());
        openssl.run(&format!("verify -x509_strict -CAfile ca.pem -purpose {purpose} -attime {at} c.pem"));
    }
}
