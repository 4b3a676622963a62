//! Key files that other programs wrote and pyca/cryptography publishes (`.ci/vectors` fetches them).

use fumibako_signer::{IdentityError, Keyring};

fn read(name: &str, password: &str) -> Result<usize, IdentityError> {
    let path = format!("{}/../target/vectors/pkcs12/{name}.p12", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(path).expect("the test vectors are missing; fetch them with: bash .ci/vectors");
    Keyring::read(&file, Some(password)).map(|keyring| keyring.all().len())
}

#[track_caller]
fn check(names: &[&str], password: &str, expected: Result<usize, IdentityError>) {
    for name in names {
        assert_eq!(read(name, password), expected, "{name}");
    }
}

#[test]
fn files_with_a_key_and_its_certificate_are_read() {
    check(&["cert-key-aes256cbc", "cert-none-key-none", "cert-rc2-key-3des"], "cryptography", Ok(1));
    let named =
        ["name-1-pwd", "name-2-pwd", "name-3-pwd", "name-2-3-pwd", "name-all-pwd", "name-unicode-pwd", "no-name-pwd"];
    check(&named, "password", Ok(1));
    check(&named, "Password", Err(IdentityError::WrongPassword));
}

#[test]
fn files_without_a_password_are_read_with_an_empty_one() {
    let names = [
        "name-1-no-pwd",
        "name-2-no-pwd",
        "name-3-no-pwd",
        "name-2-3-no-pwd",
        "name-all-no-pwd",
        "name-unicode-no-pwd",
        "no-name-no-pwd",
    ];
    check(&names, "", Ok(1));
    check(&names, "password", Err(IdentityError::WrongPassword));
    check(&["no-cert-no-name-no-pwd", "no-cert-name-all-no-pwd"], "", Err(IdentityError::NoKey));
    check(&["no-password"], "", Ok(1));
}

#[test]
fn files_without_a_key_or_its_certificate_say_so() {
    check(&["cert-aes256cbc-no-key"], "cryptography", Err(IdentityError::NoKey));
    check(&["no-cert-key-aes256cbc"], "cryptography", Err(IdentityError::NoCertificate));
    check(&["no-cert-no-name-pwd", "no-cert-name-all-pwd"], "password", Err(IdentityError::NoKey));
    check(&["java-truststore"], "", Err(IdentityError::NoKey));
}
