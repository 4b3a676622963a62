//! Which certificates are believed, and the reason for each that is not.

use fumibako_signer::authority::{Authority, Flaw, KeyKind, Purpose, Request};
use fumibako_signer::{Certificate, CertificateError, Identity, Refused, Signed, Trust, Usage, limits};
use jiff::{SignedDuration, Timestamp};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, days, message, office, request};

#[track_caller]
fn check_at(ca: &Authority, identity: &Identity, at: Timestamp, expected: Result<(), CertificateError>) {
    let message = message(ENTITY, identity);
    let signature = Signed::read(&message).unwrap().verify().unwrap();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    assert_eq!(trust.check(&signature, at), expected);
}

#[track_caller]
fn check(purpose: Purpose, expected: Result<(), CertificateError>) {
    let ca = authority();
    check_at(&ca, &ca.issue(&request(KeyKind::EcP256, purpose)).unwrap(), AT, expected);
}

#[test]
fn a_certificate_for_mail_is_believed() {
    check(Purpose::Mail, Ok(()));
    check(Purpose::MailSigning, Ok(()));
    let ca = authority();
    check_at(&ca, &office(&ca, KeyKind::Rsa2048), AT, Ok(()));
}

#[test]
fn a_certificate_for_something_else_is_not() {
    let wrong = |usage| Err(CertificateError::WrongUsage(usage));
    check(Purpose::MailEncryption, wrong(Usage::KeyUsageOther));
    check(Purpose::Flawed(Flaw::OtherKeyUsage), wrong(Usage::KeyUsageOther));
    check(Purpose::Flawed(Flaw::NoKeyUsage), wrong(Usage::KeyUsageMissing));
    check(Purpose::Flawed(Flaw::OtherPurpose), wrong(Usage::PurposeOther));
    check(Purpose::Flawed(Flaw::NoPurpose), wrong(Usage::PurposeMissing));
}

// Profile §4.20
#[test]
fn a_certificate_for_encryption_is_believed_and_signs_nothing() {
    let ca = authority();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    let receiving = ca.issue(&request(KeyKind::Rsa2048, Purpose::MailEncryption)).unwrap();
    assert_eq!(trust.check_certificate(receiving.certificate(), &[], AT), Ok(()));
    let holder = trust.holder_of(receiving.certificate(), &[], AT).unwrap();
    let signed = Signed::read(&message(ENTITY, &receiving)).unwrap().verify().unwrap();
    let other = CertificateError::WrongUsage(Usage::KeyUsageOther);
    // Also after the certificate was believed.
    assert_eq!(trust.check(&signed, AT), Err(other.clone()));
    assert_eq!(trust.holder(&signed, AT), Err(other.clone()));
    assert_eq!(trust.signer_of(receiving.certificate(), &[], AT), Err(other));
    let both = ca.issue(&request(KeyKind::Rsa2048, Purpose::Mail)).unwrap();
    assert_eq!(trust.holder_of(both.certificate(), &[], AT), Ok(holder));
}

#[test]
fn an_extension_stands_once() {
    let twice = CertificateError::Malformed("an extension stands twice");
    check(Purpose::Flawed(Flaw::DoubledExtension), Err(twice));
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    let unknown = CertificateError::BadChain("a critical extension is unknown");
    check(Purpose::Flawed(Flaw::UnknownCriticalExtension), Err(unknown));
}

#[test]
fn there_is_one_mail_address() {
    check(Purpose::Flawed(Flaw::NoMailAddress), Err(CertificateError::MailAddresses(0)));
    check(Purpose::Flawed(Flaw::TwoMailAddresses), Err(CertificateError::MailAddresses(2)));
}

#[test]
fn an_authority_signs_no_mail() {
    check(Purpose::Flawed(Flaw::Authority), Err(CertificateError::Authority));
    let ca = authority();
    let identity = Identity::from_pem(ca.to_pem().as_bytes(), None).unwrap();
    check_at(&ca, &identity, AT, Err(CertificateError::Authority));
}

#[test]
fn an_anchor_signs_no_mail_even_if_it_could() {
    let ca = authority();
    let lower = ca.issue_authority("下位認証局", AT - days(2), 0).unwrap();
    let identity = office(&lower, KeyKind::EcP256);
    let trust = Trust::new([identity.certificate().clone()]);
    let no_authority = CertificateError::BadChain("a trusted certificate is not an authority's");
    assert_eq!(trust.map(|_| ()), Err(no_authority));
}

#[test]
fn another_authority_is_unknown() {
    let identity = office(&authority(), KeyKind::EcP256);
    let other = Authority::create("別の認証局", AT - days(30)).unwrap();
    let unknown = CertificateError::UnknownIssuer { issuer: "CN=検証用認証局".to_owned() };
    check_at(&other, &identity, AT, Err(unknown));
}

#[test]
fn an_authority_of_the_same_name_is_found_out() {
    let forged = CertificateError::BadChain("a certificate was not signed by the authority it names");
    check_at(&authority(), &office(&authority(), KeyKind::EcP256), AT, Err(forged));
}

#[test]
fn validity_includes_both_ends() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let (not_before, not_after) = (AT - days(1), AT + days(1));
    let second = SignedDuration::from_secs(1);
    check_at(&ca, &identity, not_before, Ok(()));
    check_at(&ca, &identity, not_before - second, Err(CertificateError::NotYetValid { not_before }));
    check_at(&ca, &identity, not_after, Ok(()));
    check_at(&ca, &identity, not_after + second, Err(CertificateError::Expired { not_after }));
}

#[test]
fn an_authority_must_be_in_force_too() {
    let ca = Authority::create("若い認証局", AT).unwrap();
    let identity = office(&ca, KeyKind::EcP256);
    let young = CertificateError::BadChain("an authority's certificate has not begun");
    check_at(&ca, &identity, AT, Ok(()));
    check_at(&ca, &identity, AT - SignedDuration::from_secs(1), Err(young));
}

#[test]
fn a_lower_authority_leads_to_its_anchor() {
    let root = authority();
    let lower = root.issue_authority("下位認証局", AT - days(2), 0).unwrap();
    let identity = office(&lower, KeyKind::EcP256);
    check_at(&root, &identity, AT, Ok(()));

    let trust = Trust::new([root.certificate().clone()]).unwrap();
    let unknown = CertificateError::UnknownIssuer { issuer: "CN=下位認証局".to_owned() };
    assert_eq!(trust.check_certificate(identity.certificate(), &[], AT), Err(unknown));
}

#[test]
fn an_authority_keeps_to_its_path_length() {
    let root = authority();
    let lower = root.issue_authority("下位認証局", AT - days(2), 0).unwrap();
    let lowest = lower.issue_authority("最下位認証局", AT - days(2), 0).unwrap();
    let identity = office(&lowest, KeyKind::EcP256);
    let helpers = [lowest.certificate().clone(), lower.certificate().clone()];
    let trust = Trust::new([root.certificate().clone()]).unwrap();
    let long = CertificateError::BadChain("there are more authorities than one of them allows");
    assert_eq!(trust.check_certificate(identity.certificate(), &helpers, AT), Err(long));
}

#[test]
fn a_path_ends_at_its_limit() {
    let root = authority();
    let trust = Trust::new([root.certificate().clone()]).unwrap();
    let mut helpers: Vec<Certificate> = Vec::new();
    let mut lowest = root;
    for level in 1..=limits::PATH_AUTHORITIES_MAX + 1 {
        lowest = lowest
            .issue_authority(&format!("認証局 {level}"), AT - days(2), 20 - u8::try_from(level).unwrap())
            .unwrap();
        helpers.push(lowest.certificate().clone());
        let identity = office(&lowest, KeyKind::EcP256);
        let verdict = trust.check_certificate(identity.certificate(), &helpers, AT);
        assert_eq!(verdict.is_ok(), level <= limits::PATH_AUTHORITIES_MAX, "{level}: {verdict:?}");
    }
}

#[test]
fn many_authorities_of_one_name_end_the_search() {
    let issuer = Authority::create("同じ名前", AT - days(2)).unwrap();
    let identity = office(&issuer, KeyKind::EcP256);
    let helpers: Vec<_> = (0..limits::CERTIFICATES_MAX)
        .map(|_| Authority::create("同じ名前", AT - days(2)).unwrap().certificate().clone())
        .collect();
    let unknown = CertificateError::UnknownIssuer { issuer: "CN=同じ名前".to_owned() };
    let trust = Trust::new([authority().certificate().clone()]).unwrap();
    assert_eq!(trust.check_certificate(identity.certificate(), &helpers, AT), Err(unknown));
    // All of them trusted, none of them the issuer: a bounded number of paths is judged.
    let trust = Trust::new(helpers.clone()).unwrap();
    let forged = CertificateError::BadChain("a certificate was not signed by the authority it names");
    assert_eq!(trust.check_certificate(identity.certificate(), &helpers, AT), Err(forged));
}

/// Genuine authorities of two names in several generations, whose order is chance (RFC 5652 §5.1: a SET).
#[test]
fn the_order_of_helpers_decides_nothing() {
    let root = authority();
    let upper: Vec<_> = (0..4).map(|_| root.issue_authority("上位", AT - days(2), 1).unwrap()).collect();
    let lower: Vec<_> = (0..5).map(|_| upper[0].issue_authority("下位", AT - days(2), 0).unwrap()).collect();
    let identity = office(&lower[4], KeyKind::EcP256);
    let mut helpers: Vec<_> = lower.iter().chain(upper.iter().rev()).map(|ca| ca.certificate().clone()).collect();
    for _ in 0..helpers.len() {
        let trust = Trust::new([root.certificate().clone()]).unwrap();
        assert_eq!(trust.check_certificate(identity.certificate(), &helpers, AT), Ok(()));
        helpers.rotate_left(1);
    }
    let trust = Trust::new([root.certificate().clone()]).unwrap().with_helpers(helpers);
    assert_eq!(trust.check_certificate(identity.certificate(), &[], AT), Ok(()));
}

#[test]
fn paths_to_judge_end_at_their_limit() {
    let issuer = authority();
    let identity = office(&issuer, KeyKind::EcP256);
    let with = |namesakes: usize| {
        let others = (0..namesakes).map(|_| authority().certificate().clone());
        let trust = Trust::new(others.chain([issuer.certificate().clone()])).unwrap();
        trust.check_certificate(identity.certificate(), &[], AT).is_ok()
    };
    assert!(with(limits::PATHS_MAX - 1) && !with(limits::PATHS_MAX));
}

/// Whether the lower authority is found behind so many others.
fn found_behind(others: Vec<Certificate>) -> bool {
    let root = authority();
    let lower = root.issue_authority("下位認証局", AT - days(2), 0).unwrap();
    let identity = office(&lower, KeyKind::EcP256);
    let helpers = others.into_iter().chain([lower.certificate().clone()]);
    let trust = Trust::new([root.certificate().clone()]).unwrap().with_helpers(helpers);
    trust.check_certificate(identity.certificate(), &[], AT).is_ok()
}

#[test]
fn authorities_to_look_at_end_at_their_limit() {
    let behind = |count| found_behind(vec![authority().certificate().clone(); count]);
    assert!(behind(limits::PATH_STEPS_MAX - 1) && !behind(limits::PATH_STEPS_MAX));
}

#[test]
fn signatures_to_verify_end_at_their_limit() {
    let namesake = |_| Authority::create("下位認証局", AT - days(2)).unwrap().certificate().clone();
    let namesakes: Vec<_> = (0..limits::PATH_SIGNATURES_MAX).map(namesake).collect();
    assert!(found_behind(namesakes[1..].to_vec()) && !found_behind(namesakes));
}

#[test]
fn an_authority_keeps_to_its_domain() {
    let ca = Authority::create_for_domain("介護専用認証局", "example.jp", AT - days(2)).unwrap();
    check_at(&ca, &office(&ca, KeyKind::EcP256), AT, Ok(()));
    let strange = Request { rfc822_name: "9912345678@example.com", ..request(KeyKind::EcP256, Purpose::Mail) };
    let outside = CertificateError::BadChain("the name lies outside what an authority may certify");
    check_at(&ca, &ca.issue(&strange).unwrap(), AT, Err(outside));
}

#[test]
fn a_subscriber_issues_nothing() {
    let ca = authority();
    let subscriber = office(&ca, KeyKind::EcP256);
    let pem = subscriber.to_pem();
    let end = pem.match_indices("-----END CERTIFICATE-----").next().unwrap().0;
    let pretender = Authority::from_pem(format!("{}-----END CERTIFICATE-----\n", &pem[..end]).as_bytes()).unwrap();
    let victim = office(&pretender, KeyKind::EcP256);
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    let no_authority = CertificateError::BadChain("a certificate on the way is no authority's");
    let helpers = [subscriber.certificate().clone()];
    assert_eq!(trust.check_certificate(victim.certificate(), &helpers, AT), Err(no_authority));
}

/// openssl makes an RSA authority with these extensions below ours; an office below it is judged.
#[track_caller]
fn check_rsa_authority(extensions: &str, options: &str, expected: Result<(), CertificateError>) {
    let (openssl, root) = (Openssl::new(), authority());
    openssl.put("root.pem", root.to_pem().as_bytes());
    openssl.put("ca.ext", format!("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n{extensions}"));
    openssl.put("ext", "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection\nsubjectAltName=email:a@b\n");
    openssl.run("req -new -newkey rsa:2048 -noenc -keyout ca.key -subj /CN=ca -out csr");
    openssl.run("x509 -req -in csr -CA root.pem -CAkey root.pem -set_serial 1 -days 9999 -extfile ca.ext -out ca.pem");
    openssl.run("req -new -newkey rsa:2048 -noenc -keyout key.pem -subj /CN=x -out csr");
    openssl.run(&format!(
        "x509 -req -in csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 9999 -extfile ext -out cert {options}"
    ));
    let certificate = Certificate::from_pem(&openssl.get("cert")).unwrap();
    let helpers = [Certificate::from_pem(&openssl.get("ca.pem")).unwrap()];
    let trust = Trust::new([root.certificate().clone()]).unwrap();
    assert_eq!(trust.check_certificate(&certificate, &helpers, AT.max(certificate.not_before())), expected);
}

#[test]
fn rsa_authorities_are_believed() {
    check_rsa_authority("", "", Ok(()));
    check_rsa_authority("", "-sha384", Ok(()));
    check_rsa_authority("", "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32", Ok(()));
}

#[test]
fn an_authority_keeps_to_its_purpose() {
    check_rsa_authority("extendedKeyUsage=emailProtection", "", Ok(()));
    let other = CertificateError::BadChain("an authority may not sign certificates, or not for this purpose");
    check_rsa_authority("extendedKeyUsage=serverAuth", "", Err(other));
}

#[test]
fn weak_certificates_are_refused_by_name() {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.to_pem().as_bytes());
    openssl.put("ext", "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection\nsubjectAltName=email:a@b\n");
    let check = |bits: u32, digest: &str, name| {
        openssl.run(&format!("req -new -newkey rsa:{bits} -noenc -keyout key.pem -subj /CN=x -out csr"));
        openssl.run(&format!(
            "x509 -req -in csr -CA ca.pem -CAkey ca.pem -CAcreateserial -days 9999 -{digest} -extfile ext -out cert"
        ));
        let certificate = Certificate::from_pem(&openssl.get("cert")).unwrap();
        let trust = Trust::new([ca.certificate().clone()]).unwrap();
        let verdict = trust.check_certificate(&certificate, &[], AT.max(certificate.not_before()));
        assert_eq!(verdict, Err(CertificateError::WeakKey(Refused::Weak(name))));
    };
    check(1024, "sha256", "an RSA key shorter than 2048 bits");
    check(2048, "sha1", "ECDSA with SHA-1");
}

// Profile §4.16
#[test]
fn short_rsa_keys_are_allowed_until_the_end_of_2030_in_japan() {
    let last: Timestamp = "2030-12-31T23:59:59+09:00".parse().unwrap();
    let ca = Authority::create("CA of the thirties", last - days(30)).unwrap();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    let issue = |key| {
        let span = Request { not_before: last - days(1), not_after: last + days(1), ..request(key, Purpose::Mail) };
        ca.issue(&span).unwrap()
    };
    let (rsa, ec) = (issue(KeyKind::Rsa2048), issue(KeyKind::EcP256));
    let next = last + SignedDuration::from_secs(1);
    let ask = |office: &Identity, at| trust.check_certificate(office.certificate(), &[], at);
    assert_eq!((ask(&rsa, last), ask(&ec, last), ask(&ec, next)), (Ok(()), Ok(()), Ok(())));
    let ended = CertificateError::WeakKey(Refused::Weak("RSA below 3072 bits after 2030"));
    assert_eq!(ask(&rsa, next), Err(ended), "also after it was believed a second ago");
}
