//! Several keys of one office: the newest work, the old ones still read.

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Cipher, Enveloped, Identity, IdentityError, Keyring, encrypt, limits};
use jiff::Timestamp;

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, days, office, request};

fn since(ca: &Authority, key: KeyKind, purpose: Purpose, not_before: Timestamp) -> Identity {
    let wish = Request { not_before, not_after: not_before + days(400), ..request(key, purpose) };
    ca.issue(&wish).unwrap()
}

/// Keys of last year and this year, and the authority of both.
fn two_years() -> (Authority, Identity, Identity) {
    let ca = authority();
    let former = since(&ca, KeyKind::Rsa2048, Purpose::Mail, AT - days(380));
    let current = since(&ca, KeyKind::EcP256, Purpose::Mail, AT - days(10));
    (ca, former, current)
}

fn certificates(keyring: &Keyring) -> Vec<&fumibako_signer::Certificate> {
    keyring.all().iter().map(Identity::certificate).collect()
}

#[test]
fn the_newest_key_signs_and_receives() {
    let (_, former, current) = two_years();
    for both in [[former.clone(), current.clone()], [current.clone(), former.clone()]] {
        let keyring = Keyring::new(both).unwrap();
        assert_eq!(certificates(&keyring), [current.certificate(), former.certificate()]);
        let chosen = |identity: Option<&Identity>| identity.map(|identity| identity.certificate().clone());
        assert_eq!(chosen(keyring.signer(AT)), Some(current.certificate().clone()));
        assert_eq!(chosen(keyring.recipient(AT)), Some(current.certificate().clone()));
        // Before the new one begins, and after all have ended.
        assert_eq!(chosen(keyring.signer(AT - days(20))), Some(former.certificate().clone()));
        assert_eq!(chosen(keyring.recipient(AT - days(20))), Some(former.certificate().clone()));
        assert!(keyring.signer(AT + days(400)).is_none() && keyring.recipient(AT - days(400)).is_none());
    }
}

#[test]
fn signing_and_receiving_may_have_keys_of_their_own() {
    let ca = authority();
    let signing = since(&ca, KeyKind::EcP256, Purpose::MailSigning, AT - days(9));
    let receiving = since(&ca, KeyKind::Rsa2048, Purpose::MailEncryption, AT - days(10));
    let keyring = Keyring::new([receiving.clone(), signing.clone()]).unwrap();
    assert_eq!(keyring.signer(AT).unwrap().certificate(), signing.certificate());
    assert_eq!(keyring.recipient(AT).unwrap().certificate(), receiving.certificate());
}

#[test]
fn what_was_sent_to_an_old_key_is_still_read() {
    let (_, former, current) = two_years();
    let keyring = Keyring::new([current.clone(), former.clone()]).unwrap();
    for to in [&former, &current] {
        let sealed = encrypt(ENTITY, &[to.certificate().clone()], Cipher::Aes256Gcm).unwrap();
        assert_eq!(Enveloped::read(&sealed).unwrap().decrypt(keyring.all()).unwrap().as_slice(), ENTITY);
    }
}

#[track_caller]
fn check_again(keyring: &Keyring, again: &Keyring) {
    assert_eq!(certificates(again), certificates(keyring));
    for (one, other) in keyring.all().iter().zip(again.all()) {
        assert_eq!(one.chain(), other.chain());
        assert_eq!(one.to_pem().as_str(), other.to_pem().as_str());
    }
}

#[test]
fn a_keyring_is_written_and_read_again() {
    let (_, former, current) = two_years();
    let keyring = Keyring::new([former, current]).unwrap();
    check_again(&keyring, &Keyring::read(keyring.to_pem().as_bytes(), None).unwrap());
    let file = keyring.to_pkcs12("ひみつ").unwrap();
    check_again(&keyring, &Keyring::read(&file, Some("ひみつ")).unwrap());
    assert_eq!(Keyring::read(&file, Some("x")).unwrap_err(), IdentityError::WrongPassword);
    assert_eq!(Keyring::read(&file, None).unwrap_err(), IdentityError::PasswordNeeded);
    // Where one key is expected, two are too many.
    assert_eq!(
        Identity::read(&file, Some("ひみつ")).unwrap_err(),
        IdentityError::Malformed("more than one private key")
    );
}

#[test]
fn openssl_reads_every_key_we_write() {
    let (_, former, current) = two_years();
    let openssl = Openssl::new();
    openssl.put("id.p12", Keyring::new([former.clone(), current.clone()]).unwrap().to_pkcs12("x").unwrap());
    let text = openssl.run("pkcs12 -in id.p12 -noenc -passin pass:x");
    assert_eq!(text.matches("BEGIN PRIVATE KEY").count(), 2);
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3);
    let again = Keyring::read(text.as_bytes(), None).unwrap();
    assert_eq!(certificates(&again), [current.certificate(), former.certificate()]);
}

#[test]
fn a_renewed_certificate_keeps_its_key() {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.to_pem().as_bytes());
    openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem -subj /CN=x -out csr");
    for (serial, days) in [(1, 400), (2, 9000)] {
        openssl.run(&format!(
            "x509 -req -in csr -CA ca.pem -CAkey ca.pem -set_serial {serial} -days {days} -out {serial}.pem"
        ));
    }
    let file = [openssl.get("key.pem"), openssl.get("1.pem"), openssl.get("2.pem")].concat();
    let keyring = Keyring::read(&file, None).unwrap();
    assert_eq!(keyring.all().len(), 2);
}

#[test]
fn a_key_without_its_certificate_is_an_error() {
    let (_, former, current) = two_years();
    let key = current.to_pem().split("-----BEGIN CERTIFICATE").next().unwrap().to_owned();
    let text = former.to_pem().to_string() + &key;
    assert_eq!(Keyring::read(text.as_bytes(), None).unwrap_err(), IdentityError::NoCertificate);
    let none = former.certificate().to_pem();
    assert_eq!(Keyring::read(none.as_bytes(), None).unwrap_err(), IdentityError::NoKey);
}

#[test]
fn a_keyring_ends_at_its_limit() {
    let ca = authority();
    let identities: Vec<Identity> = (0..=limits::KEYS_MAX).map(|_| office(&ca, KeyKind::EcP256)).collect();
    let too_large = IdentityError::TooLarge { what: "number of keys", limit: limits::KEYS_MAX };
    assert_eq!(Keyring::new(identities.clone()).unwrap_err(), too_large);
    let mut most = Keyring::new(identities[1..].iter().cloned()).unwrap();
    assert_eq!(most.all().len(), limits::KEYS_MAX);
    assert_eq!(most.add(identities[1].clone()), Ok(()), "known already");
    let text: String = identities.iter().map(|identity| identity.to_pem().to_string()).collect();
    assert_eq!(Keyring::read(text.as_bytes(), None).unwrap_err(), too_large);
    assert_eq!(Keyring::read(most.to_pem().as_bytes(), None).unwrap().all().len(), limits::KEYS_MAX);

    let openssl = Openssl::new();
    openssl.put("id.p12", most.to_pkcs12("x").unwrap());
    assert_eq!(Keyring::read(&openssl.get("id.p12"), Some("x")).unwrap().all().len(), limits::KEYS_MAX);
}

#[test]
fn authorities_go_with_the_keys_they_certified() {
    let (root, other) = (authority(), Authority::create("別の認証局", AT - days(30)).unwrap());
    let lower = root.issue_authority("下位認証局", AT - days(20), 0).unwrap();
    let (one, two) = (office(&lower, KeyKind::EcP256), office(&other, KeyKind::EcP256));
    let text = [one.to_pem().as_str(), root.certificate().to_pem().as_str(), two.to_pem().as_str()].concat();
    let keyring = Keyring::read(text.as_bytes(), None).unwrap();
    let chain = |identity: &Identity| {
        let same = |known: &&Identity| known.certificate() == identity.certificate();
        keyring.all().iter().find(same).unwrap().chain().to_vec()
    };
    assert_eq!(chain(&one), [lower.certificate().clone(), root.certificate().clone()]);
    assert_eq!(chain(&two), [other.certificate().clone()]);
}

#[test]
fn a_chain_ends_at_its_limit_while_it_is_climbed() {
    let root = authority();
    let identity = office(&root, KeyKind::EcP256);
    let file = |namesakes: usize| {
        let others = (0..namesakes).map(|_| authority().certificate().to_pem());
        identity.to_pem().to_string() + &others.collect::<String>()
    };
    // The office's own certificate counts, and so does its authority's.
    let most = file(limits::CERTIFICATES_MAX - 2);
    assert_eq!(Keyring::read(most.as_bytes(), None).unwrap().all()[0].chain().len(), limits::CERTIFICATES_MAX - 1);
    let too_large = IdentityError::TooLarge { what: "chain of certificates", limit: limits::CERTIFICATES_MAX };
    let one_more = file(limits::CERTIFICATES_MAX - 1);
    assert_eq!(Keyring::read(one_more.as_bytes(), None).unwrap_err(), too_large);
}
