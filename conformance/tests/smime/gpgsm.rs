//! gpgsm, the S/MIME program of `GnuPG`. It writes BER and reads RSA keys.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use fumibako_conformance::{Programs, Ran, Tool, known_difference, now};
use fumibako_signer::{Cipher, Identity, Sealing, Signed, seal};

use crate::people::{ENTITY, PASSWORD, People, Way, address, another_content_and_a_stranger, every_way_we_sign};
use crate::structure::{envelope_of, opened, sealed, signature_of};

/// gpgsm with a folder of its own, where the authority is trusted.
struct Gpgsm {
    people: People,
}

impl Gpgsm {
    fn new() -> Self {
        Programs::need(&["gpgsm", "gpgconf", "openssl"]);
        let people = People::new();
        let home = people.path("home");
        fs::create_dir(&home).expect("the folder is writable");
        fs::set_permissions(&home, Permissions::from_mode(0o700)).expect("it is our folder");
        let gpgsm = Self { people };
        gpgsm.run("--import ca.pem").well();
        let listed = gpgsm.run("--with-colons --list-keys").well().output();
        let row = listed.lines().find(|row| row.starts_with("fpr:")).expect("the authority has a fingerprint");
        let fingerprint = row.split(':').nth(9).expect("it is the tenth field");
        gpgsm.people.put("home/trustlist.txt", format!("{fingerprint} S relax\n"));
        gpgsm
    }

    fn run(&self, line: &str) -> Ran {
        let options = "--homedir home --batch --yes --disable-crl-checks --disable-policy-checks";
        let secret = "--pinentry-mode loopback --passphrase-fd 0";
        let words = options.split(' ').chain(secret.split(' ')).chain(line.split(' '));
        Tool::named("gpgsm").args(words).inside(self.people.folder()).reads(format!("{PASSWORD}\n").as_bytes()).run()
    }

    /// An office whose RSA key gpgsm holds too: in the old form of PKCS#12, which openssl writes.
    fn holder(&self) -> Identity {
        let office = self.people.office("office", Way::Rsa2048);
        let files = "-in office.pem -inkey office.key -certfile ca.pem -out office.p12";
        let imported = |_| {
            self.people.openssl(&format!("pkcs12 -export -legacy {files} -passout pass:{PASSWORD}"));
            self.run("--import office.p12")
        };
        // gpgsm 2.2.40 takes the password of one such file in about fifty for a wrong one, of the same key, too: another salt mends it.
        let taken = (0..5).map(imported).find(Ran::succeeded);
        taken.expect("gpgsm reads what openssl writes");
        office
    }

    fn verifies(&self, signature: &str, content: &str) -> bool {
        self.run(&format!("--verify {signature} {content}")).succeeded()
    }

    /// What gpgsm finds in an envelope, if it can open it.
    fn opens(&self, envelope: &[u8]) -> Option<Vec<u8>> {
        self.people.put("envelope", envelope);
        let ran = self.run("--decrypt --output clear envelope");
        ran.succeeded().then(|| self.people.get("clear"))
    }
}

impl Drop for Gpgsm {
    /// Its agent would stay behind.
    fn drop(&mut self) {
        let words = ["--homedir", "home", "--kill", "gpg-agent"];
        Tool::named("gpgconf").args(words).inside(self.people.folder()).run();
    }
}

#[test]
fn gpgsm_verifies_every_way_we_sign() {
    let gpgsm = Gpgsm::new();
    every_way_we_sign(
        &gpgsm.people,
        [
            "gpgsm/verifies RSA-2048",
            "gpgsm/verifies RSA-3072",
            "gpgsm/verifies RSA-PSS",
            "gpgsm/verifies P-256",
            "gpgsm/verifies P-384",
            "gpgsm/verifies Ed25519",
        ],
        |signature, content| gpgsm.verifies(signature, content),
    );
}

#[test]
fn gpgsm_refuses_another_content_and_a_stranger() {
    let gpgsm = Gpgsm::new();
    another_content_and_a_stranger(&gpgsm.people, |signature, content| gpgsm.verifies(signature, content));
}

#[test]
fn we_verify_what_gpgsm_signs() {
    let gpgsm = Gpgsm::new();
    let office = gpgsm.holder();
    for digest in ["SHA256", "SHA384", "SHA512"] {
        let user = address("office");
        gpgsm.run(&format!("--digest-algo {digest} -u {user} --detach-sign --output theirs.p7s entity")).well();
        let signature = gpgsm.people.get("theirs.p7s");
        assert_eq!(signature[..2], [0x30, 0x80], "gpgsm writes BER of indefinite length");
        assert!(gpgsm.people.verify(&signature, &office).signing_time().is_some(), "{digest}");
    }
}

#[test]
fn gpgsm_opens_what_we_encrypt() {
    let gpgsm = Gpgsm::new();
    let office = gpgsm.holder();
    assert_eq!(gpgsm.opens(&sealed(ENTITY, &office, Cipher::Aes256Cbc)).as_deref(), Some(ENTITY));
    let modern = gpgsm.opens(&sealed(ENTITY, &office, Cipher::Aes256Gcm));
    known_difference("gpgsm/opens AES-256-GCM", modern.as_deref() == Some(ENTITY));
}

#[test]
fn we_open_what_gpgsm_encrypts() {
    let gpgsm = Gpgsm::new();
    let office = gpgsm.holder();
    for cipher in ["AES256", "AES192", "AES128"] {
        let user = address("office");
        gpgsm.run(&format!("--cipher-algo {cipher} -r {user} --encrypt --output theirs.p7m entity")).well();
        assert_eq!(opened(&gpgsm.people.get("theirs.p7m"), &office).as_deref(), Ok(ENTITY), "{cipher}");
    }
}

#[test]
fn gpgsm_opens_a_seal_layer_by_layer() {
    let gpgsm = Gpgsm::new();
    let office = gpgsm.holder();
    let recipients = [office.certificate().clone()];
    let routing = b"From: office@example.jp\r\n";
    let sealing = Sealing { routing, signer: &office, recipients: &recipients, cipher: Cipher::Aes256Cbc };
    let message = seal(ENTITY, &sealing, now()).expect("it is sealed");
    let layer = |message: &[u8]| {
        let part = Signed::read(message).expect("it is a signed message").part();
        gpgsm.people.put("part", part);
        gpgsm.people.put("part.p7s", signature_of(message));
        assert!(gpgsm.verifies("part.p7s", "part"));
        part.to_vec()
    };
    let inner = gpgsm.opens(&envelope_of(&layer(&message))).expect("gpgsm opens it");
    assert_eq!(layer(&inner), ENTITY);
}

#[test]
fn gpgsm_reads_our_key_files() {
    let gpgsm = Gpgsm::new();
    let office = gpgsm.people.office("office", Way::Rsa2048);
    gpgsm.people.put("ours.p12", office.to_pkcs12(PASSWORD).expect("it is written"));
    known_difference("gpgsm/reads PKCS#12", gpgsm.run("--import ours.p12").succeeded());
}

#[test]
fn gpgsm_encrypts_to_elliptic_keys() {
    let gpgsm = Gpgsm::new();
    let office = gpgsm.people.office("elliptic", Way::P256);
    gpgsm.run("--import elliptic.pem").well();
    let ran = gpgsm.run(&format!("-r {} --encrypt --output theirs.p7m entity", address("elliptic")));
    let read = ran.succeeded().then(|| opened(&gpgsm.people.get("theirs.p7m"), &office));
    known_difference("gpgsm/encrypts to P-256", read.is_some_and(|read| read.as_deref() == Ok(ENTITY)));
}
