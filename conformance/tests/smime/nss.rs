//! NSS (Debian: libnss3-tools), the library of Thunderbird, through its program cmsutil.

use std::fs;

use fumibako_conformance::{Programs, Ran, Tool, known_difference, now};
use fumibako_signer::{Cipher, Identity, Sealing, Signed, seal};

use crate::people::{ENTITY, PASSWORD, People, Way, another_content_and_a_stranger, every_way_we_sign};
use crate::structure::{envelope_of, opened, sealed, signature_of};

/// NSS with a database of its own, where the authority is trusted.
struct Nss {
    people: People,
}

impl Nss {
    fn new() -> Self {
        Programs::need(&["certutil", "cmsutil", "pk12util"]);
        let nss = Self { people: People::new() };
        fs::create_dir(nss.people.path("db")).expect("the folder is writable");
        nss.run("certutil", "-N --empty-password").well();
        nss.run("certutil", "-A -n authority -t C,C,C -i ca.pem").well();
        nss
    }

    fn run(&self, program: &str, line: &str) -> Ran {
        let words = line.split(' ').chain(["-d", "sql:db"]);
        Tool::named(program).args(words).inside(self.people.folder()).run()
    }

    /// An office whose key NSS holds too, from the file that we write for mail programs.
    fn holder(&self, name: &str, way: Way) -> Identity {
        let office = self.people.office(name, way);
        self.people.put("office.p12", office.to_pkcs12(PASSWORD).expect("it is written"));
        self.run("pk12util", &format!("-i office.p12 -W {PASSWORD}")).well();
        office
    }

    /// The nickname under which NSS keeps a certificate.
    fn nickname(&self, name: &str) -> String {
        let listed = self.run("certutil", "-L").well().output();
        let row = listed.lines().find(|row| row.contains(name)).unwrap_or_else(|| panic!("no {name} in\n{listed}"));
        row.rsplit_once("  ").expect("the trust stands behind").0.trim().to_owned()
    }

    fn cmsutil(&self, words: &[&str]) -> Ran {
        Tool::named("cmsutil").args(words).args(["-d", "sql:db"]).inside(self.people.folder()).run()
    }

    fn verifies(&self, signature: &str, content: &str) -> bool {
        self.cmsutil(&["-D", "-n", "-i", signature, "-c", content]).succeeded()
    }

    /// What NSS finds in an envelope, if it can open it.
    fn opens(&self, envelope: &[u8]) -> Option<Vec<u8>> {
        self.people.put("envelope", envelope);
        let ran = self.cmsutil(&["-D", "-i", "envelope", "-o", "clear"]);
        ran.succeeded().then(|| self.people.get("clear"))
    }

    /// What NSS encrypts to a holder, if it can.
    fn encrypts(&self, name: &str) -> Option<Vec<u8>> {
        let ran = self.cmsutil(&["-E", "-r", &self.nickname(name), "-i", "entity", "-o", "theirs.p7m"]);
        ran.succeeded().then(|| self.people.get("theirs.p7m"))
    }
}

#[test]
fn nss_verifies_every_way_we_sign() {
    let nss = Nss::new();
    every_way_we_sign(
        &nss.people,
        [
            "nss/verifies RSA-2048",
            "nss/verifies RSA-3072",
            "nss/verifies RSA-PSS",
            "nss/verifies P-256",
            "nss/verifies P-384",
            "nss/verifies Ed25519",
        ],
        |signature, content| nss.verifies(signature, content),
    );
}

#[test]
fn nss_refuses_another_content_and_a_stranger() {
    let nss = Nss::new();
    another_content_and_a_stranger(&nss.people, |signature, content| nss.verifies(signature, content));
}

#[test]
fn we_verify_what_nss_signs() {
    let nss = Nss::new();
    for (name, way) in [("rsa", Way::Rsa2048), ("elliptic", Way::P256)] {
        let office = nss.holder(name, way);
        let nickname = nss.nickname(name);
        for digest in ["SHA256", "SHA384", "SHA512"] {
            let words = ["-S", "-T", "-G", "-P", "-H", digest, "-N", &nickname, "-i", "entity", "-o", "theirs.p7s"];
            nss.cmsutil(&words).well();
            let read = nss.people.verify(&nss.people.get("theirs.p7s"), &office);
            assert!(read.signing_time().is_some(), "{way:?} {digest}");
        }
    }
}

#[test]
fn nss_opens_what_we_encrypt() {
    let nss = Nss::new();
    let (rsa, elliptic) = (nss.holder("rsa", Way::Rsa2048), nss.holder("elliptic", Way::P256));
    for (name, office, cipher) in [
        ("nss/opens RSA, AES-256-CBC", &rsa, Cipher::Aes256Cbc),
        ("nss/opens RSA, AES-256-GCM", &rsa, Cipher::Aes256Gcm),
        ("nss/opens P-256, AES-256-CBC", &elliptic, Cipher::Aes256Cbc),
    ] {
        known_difference(name, nss.opens(&sealed(ENTITY, office, cipher)).as_deref() == Some(ENTITY));
    }
}

#[test]
fn we_open_what_nss_encrypts() {
    let nss = Nss::new();
    let (rsa, elliptic) = (nss.holder("rsa", Way::Rsa2048), nss.holder("elliptic", Way::P256));
    let envelope = nss.encrypts("rsa").expect("NSS encrypts to RSA");
    assert_eq!(opened(&envelope, &rsa).as_deref(), Ok(ENTITY));
    let read = nss.encrypts("elliptic").map(|envelope| opened(&envelope, &elliptic));
    known_difference("nss/encrypts to P-256", read.is_some_and(|read| read.as_deref() == Ok(ENTITY)));
}

#[test]
fn nss_opens_a_seal_layer_by_layer() {
    let nss = Nss::new();
    let office = nss.holder("office", Way::Rsa2048);
    let recipients = [office.certificate().clone()];
    let routing = b"From: office@example.jp\r\n";
    let sealing = Sealing { routing, signer: &office, recipients: &recipients, cipher: Cipher::Aes256Cbc };
    let message = seal(ENTITY, &sealing, now()).expect("it is sealed");
    let layer = |message: &[u8]| {
        let part = Signed::read(message).expect("it is a signed message").part();
        nss.people.put("part", part);
        nss.people.put("part.p7s", signature_of(message));
        assert!(nss.verifies("part.p7s", "part"));
        part.to_vec()
    };
    let inner = nss.opens(&envelope_of(&layer(&message))).expect("NSS opens it");
    assert_eq!(layer(&inner), ENTITY);
}
