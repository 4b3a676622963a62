//! Keys on a token, which here is `softhsm2`. It reads its place from the environment when its library is loaded, so each test
//! prepares a token and then runs once more in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, CertificateType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use fumibako_signer::authority::KeyKind;
use fumibako_signer::{
    Cipher, DecryptError, Enveloped, Identity, IdentityError, RsaPadding, Sealing, Signed, Signing, Token, TokenError,
    Trust, encrypt, open, seal, sign_with,
};
use tempfile::TempDir;

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, office};

const LABEL: &str = "fumibako";
/// Longer than what a serial number in hex shows by chance.
const PIN: &str = "4649072118";
const PLACE: &str = "FUMIBAKO_TEST_TOKEN";

/// The token, and the identity it holds as it was before.
struct Stage {
    folder: PathBuf,
    known: Identity,
}

fn token() -> Token {
    Token::open(library(), LABEL, PIN).unwrap()
}

impl Stage {
    fn identity(&self) -> Identity {
        token().identity(self.known.certificate(), self.known.chain()).unwrap()
    }
}

fn library() -> &'static Path {
    Path::new("/usr/lib/softhsm/libsofthsm2.so")
}

/// A session that may change what the token holds.
fn writing() -> Session {
    let provider = Pkcs11::new(library()).unwrap();
    // Both were done before, where a token is open already.
    let _ = provider.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slot = provider.get_slots_with_initialized_token().unwrap()[0];
    let session = provider.open_rw_session(slot).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::from(PIN)));
    session
}

/// Runs the test of this name with a token that holds a key of this kind.
#[track_caller]
fn on_a_token(test: &str, key: KeyKind, act: impl FnOnce(&Stage)) {
    if let Some(folder) = std::env::var_os(PLACE).map(PathBuf::from) {
        let pem = std::fs::read(folder.join("id.pem")).unwrap();
        return act(&Stage { known: Identity::from_pem(&pem, None).unwrap(), folder });
    }
    let (folder, identity) = (TempDir::new().unwrap(), office(&authority(), key));
    let place = |name: &str| folder.path().join(name);
    std::fs::create_dir(place("tokens")).unwrap();
    std::fs::write(place("conf"), format!("directories.tokendir = {}\n", place("tokens").display())).unwrap();
    std::fs::write(place("id.pem"), identity.to_pem().as_bytes()).unwrap();
    let run = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).env("SOFTHSM2_CONF", place("conf")).env(PLACE, folder.path());
        let out = command.output().expect("SoftHSM is needed: apt-get install softhsm2");
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        assert!(out.status.success(), "{program} {words:?}: {said}");
        said
    };
    run("softhsm2-util", &["--init-token", "--free", "--label", LABEL, "--so-pin", "46494649", "--pin", PIN]);
    let key = place("id.pem").to_string_lossy().into_owned();
    let import = ["--import", &key, "--token", LABEL, "--label", "key", "--id", "A1", "--pin", PIN];
    run("softhsm2-util", &import);
    let said = run(&std::env::current_exe().unwrap().to_string_lossy(), &["--exact", test, "--nocapture"]);
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn an_rsa_key_on_a_token_signs_what_openssl_verifies() {
    on_a_token("token::an_rsa_key_on_a_token_signs_what_openssl_verifies", KeyKind::Rsa2048, |stage| {
        check_signature(stage, RsaPadding::Pkcs1);
        check_signature(stage, RsaPadding::Pss);
    });
}

#[test]
fn an_elliptic_key_on_a_token_signs_what_openssl_verifies() {
    on_a_token("token::an_elliptic_key_on_a_token_signs_what_openssl_verifies", KeyKind::EcP256, |stage| {
        // r and s are each as long as they like: one in 128 has a shorter one.
        for _ in 0..300 {
            let signed = sign_with(ENTITY, &stage.identity(), &Signing::default(), AT).unwrap();
            Signed::read(&signed).unwrap().verify().unwrap();
        }
        check_signature(stage, RsaPadding::Pkcs1);
    });
}

/// We verify it, and so does openssl.
#[track_caller]
fn check_signature(stage: &Stage, padding: RsaPadding) {
    let signing = Signing { rsa: padding, ..Signing::default() };
    let signed = sign_with(ENTITY, &stage.identity(), &signing, AT).unwrap();
    let signature = Signed::read(&signed).unwrap().verify().unwrap();
    assert_eq!(signature.signer(), stage.known.certificate());
    let openssl = Openssl::new();
    openssl.put("m", &signed);
    openssl.put("ca.pem", stage.known.chain()[0].to_pem());
    openssl.run(&format!("cms -verify -in m -CAfile ca.pem -purpose smimesign -attime {}", AT.as_second()));
}

#[test]
fn an_rsa_key_on_a_token_decrypts_every_wrapping() {
    on_a_token("token::an_rsa_key_on_a_token_decrypts_every_wrapping", KeyKind::Rsa2048, |stage| {
        // PKCS#1 v1.5 with CBC, OAEP of SHA-256 with GCM.
        for cipher in [Cipher::Aes256Cbc, Cipher::Aes256Gcm] {
            let sealed = encrypt(ENTITY, &[stage.known.certificate().clone()], cipher).unwrap();
            check_decryption(stage, &sealed);
        }
        let openssl = Openssl::new();
        openssl.put("m", ENTITY);
        openssl.put("c.pem", stage.known.certificate().to_pem());
        for option in ["", "-keyopt rsa_padding_mode:oaep", "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256"]
        {
            openssl.run(&format!("cms -encrypt -in m -binary -aes256 -out e -recip c.pem {option}"));
            let entity = String::from_utf8(openssl.get("e")).unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
            check_decryption(stage, entity.as_bytes());
        }
    });
}

#[test]
fn an_elliptic_key_on_a_token_decrypts() {
    on_a_token("token::an_elliptic_key_on_a_token_decrypts", KeyKind::EcP256, |stage| {
        let sealed = encrypt(ENTITY, &[stage.known.certificate().clone()], Cipher::Aes256Gcm).unwrap();
        // SoftHSM imports keys for signing.
        let refused = Enveloped::read(&sealed).unwrap().decrypt(&[stage.identity()]);
        assert_eq!(refused.unwrap_err(), DecryptError::Undecryptable);
        let session = writing();
        let key = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap()[0];
        session.update_attributes(key, &[Attribute::Derive(true)]).unwrap();
        check_decryption(stage, &sealed);
    });
}

#[track_caller]
fn check_decryption(stage: &Stage, sealed: &[u8]) {
    let opened = Enveloped::read(sealed).unwrap().decrypt(&[stage.identity()]).unwrap();
    assert_eq!(opened.as_slice(), ENTITY);
    // A changed key opens nothing, and says no more than that.
    let other = office(&authority(), KeyKind::EcP256);
    assert!(Enveloped::read(sealed).unwrap().decrypt(&[other]).is_err());
}

#[test]
fn a_sealed_bundle_goes_from_token_to_token() {
    on_a_token("token::a_sealed_bundle_goes_from_token_to_token", KeyKind::Rsa2048, |stage| {
        let identity = stage.identity();
        let recipients = [identity.certificate().clone()];
        let routing = b"From: 9912345678@plans.example\r\n";
        let sealing = Sealing { routing, signer: &identity, recipients: &recipients, cipher: Cipher::Aes256Gcm };
        let message = seal(ENTITY, &sealing, AT).unwrap();
        let trust = Trust::new([stage.known.chain()[0].clone()]).unwrap();
        assert_eq!(open(&message, &trust, &[identity], AT).unwrap().entity(), ENTITY);
    });
}

#[test]
fn certificates_on_a_token_are_found_with_their_keys() {
    on_a_token("token::certificates_on_a_token_are_found_with_their_keys", KeyKind::EcP256, |stage| {
        assert!(token().identities().unwrap().is_empty(), "the key is alone so far");
        let session = writing();
        for (id, certificate) in [stage.known.certificate(), &stage.known.chain()[0]].into_iter().enumerate() {
            let id = vec![u8::try_from(id).unwrap()];
            session
                .create_object(&[
                    Attribute::Class(ObjectClass::CERTIFICATE),
                    Attribute::CertificateType(CertificateType::X_509),
                    Attribute::Token(true),
                    Attribute::Subject(vec![0x30, 0]),
                    Attribute::Id(id),
                    Attribute::Value(certificate.der().to_vec()),
                ])
                .unwrap();
        }
        let found = token().identities().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].certificate(), found[0].chain()), (stage.known.certificate(), stage.known.chain()));
        let signed = sign_with(ENTITY, &found[0], &Signing::default(), AT).unwrap();
        Signed::read(&signed).unwrap().verify().unwrap();
    });
}

#[test]
fn what_is_not_there_is_named() {
    on_a_token("token::what_is_not_there_is_named", KeyKind::EcP256, |stage| {
        let open = |label, pin| Token::open(library(), label, pin).map(|_| ());
        assert_eq!(open("other", PIN), Err(TokenError::NoToken("other".to_owned())));
        assert_eq!(open(LABEL, "0000"), Err(TokenError::WrongPin));
        assert_eq!(open(LABEL, PIN), Ok(()));
        let elsewhere = Token::open(&stage.folder.join("none.so"), LABEL, PIN);
        assert!(matches!(elsewhere, Err(TokenError::Library(_))));
        let stranger = office(&authority(), KeyKind::EcP256);
        let foreign = token().identity(stranger.certificate(), &[]).map(|_| ());
        assert_eq!(foreign, Err(TokenError::NoKey));
        let rsa = office(&authority(), KeyKind::Rsa2048);
        assert_eq!(token().identity(rsa.certificate(), &[]).map(|_| ()), Err(TokenError::NoKey));
    });
}

#[test]
fn a_key_on_a_token_is_neither_written_nor_printed() {
    on_a_token("token::a_key_on_a_token_is_neither_written_nor_printed", KeyKind::EcP256, |stage| {
        let identity = stage.identity();
        assert!(!identity.to_pem().contains("PRIVATE KEY"));
        assert_eq!(identity.to_pkcs12("x"), Err(IdentityError::NoKey));
        let printed = format!("{identity:?} {:?}", token());
        assert!(printed.contains("‹private key elsewhere›") && !printed.contains(PIN), "{printed}");
    });
}
