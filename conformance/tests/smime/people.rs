//! Who takes part: an authority, and offices with a key of each kind.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako_conformance::{Programs, Tool, known_difference, now};
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Identity, RsaPadding, Signature, Signed, Signing, Trust, sign_with};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::structure;

/// An entity as the office program writes it.
pub(crate) const ENTITY: &[u8] =
    b"Content-Type: text/csv; charset=Shift_JIS\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    ODNYgs2DT4OJg2KDVA==\r\n\r\n";

/// A password of key files.
pub(crate) const PASSWORD: &str = "secret";

/// A folder with the authority's certificate in `ca.pem`.
pub(crate) struct People {
    folder: TempDir,
    authority: Authority,
}

/// A way to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Rsa2048,
    Rsa3072,
    Pss,
    P256,
    P384,
    Ed25519,
}

impl People {
    pub(crate) fn new() -> Self {
        let authority = Authority::create("Proving Authority", now() - SignedDuration::from_hours(24));
        let people =
            Self { folder: TempDir::new().expect("a temporary folder"), authority: authority.expect("it is made") };
        people.put("ca.pem", people.authority.certificate().to_pem());
        people.put("entity", ENTITY);
        people
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn put(&self, name: &str, octets: impl AsRef<[u8]>) {
        fs::write(self.path(name), octets).expect("the folder is writable");
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the program wrote the file")
    }

    /// An office that signs this way: `{name}.pem` is its certificate, `{name}.key` its key, alone.
    pub(crate) fn office(&self, name: &str, way: Way) -> Identity {
        let identity = match way {
            Way::Rsa2048 | Way::Pss => self.issued(name, KeyKind::Rsa2048),
            Way::P256 => self.issued(name, KeyKind::EcP256),
            Way::Rsa3072 => self.issued_by_openssl(name, "RSA -pkeyopt rsa_keygen_bits:3072"),
            Way::P384 => self.issued_by_openssl(name, "EC -pkeyopt ec_paramgen_curve:P-384"),
            Way::Ed25519 => self.issued_by_openssl(name, "ED25519"),
        };
        self.put(&format!("{name}.pem"), identity.certificate().to_pem());
        let pem = identity.to_pem();
        let end = "-----END PRIVATE KEY-----\n";
        let key = &pem[..pem.find(end).expect("the key stands first") + end.len()];
        self.put(&format!("{name}.key"), key);
        identity
    }

    fn issued(&self, name: &str, key: KeyKind) -> Identity {
        let day = SignedDuration::from_hours(24);
        let request = Request {
            common_name: name,
            rfc822_name: &address(name),
            key,
            purpose: Purpose::Mail,
            not_before: now() - SignedDuration::from_hours(1),
            not_after: now() + day,
        };
        self.authority.issue(&request).expect("it is made")
    }

    /// A key of a kind that the development authority does not make.
    fn issued_by_openssl(&self, name: &str, algorithm: &str) -> Identity {
        self.put("authority.pem", self.authority.to_pem().as_bytes());
        self.put(
            "extensions",
            format!(
                "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n\
                 extendedKeyUsage=emailProtection\nsubjectAltName=email:{}\n",
                address(name)
            ),
        );
        self.openssl(&format!("genpkey -algorithm {algorithm} -out made.key"));
        self.openssl(&format!("req -new -key made.key -subj /CN={name} -out made.csr"));
        self.openssl(
            "x509 -req -in made.csr -CA authority.pem -CAkey authority.pem -days 2 -extfile extensions -out made.pem",
        );
        let all = [self.get("made.key"), self.get("made.pem"), self.get("ca.pem")].concat();
        Identity::read(&all, None).expect("the key is readable")
    }

    pub(crate) fn openssl(&self, line: &str) {
        Programs::need(&["openssl"]);
        Tool::named("openssl").args(line.split(' ')).inside(self.folder()).run().well();
    }

    /// Our signature over the entity, in `{name}.p7s`.
    pub(crate) fn sign(&self, name: &str, identity: &Identity, way: Way) {
        let rsa = if way == Way::Pss { RsaPadding::Pss } else { RsaPadding::Pkcs1 };
        let message = sign_with(ENTITY, identity, &Signing { rsa, ..Signing::default() }, now()).expect("it signs");
        self.put(&format!("{name}.p7s"), structure::signature_of(&message));
    }

    /// The same by an office of another authority.
    pub(crate) fn sign_as_a_stranger(&self, name: &str) {
        let others = Self::new();
        others.sign(name, &others.office("stranger", Way::Rsa2048), Way::Rsa2048);
        self.put(&format!("{name}.p7s"), others.get(&format!("{name}.p7s")));
    }

    /// What we say about their signature over the entity: it holds, and its signer is believed.
    #[track_caller]
    pub(crate) fn verify(&self, signature: &[u8], office: &Identity) -> Signature {
        let message = structure::signed(ENTITY, signature);
        let signed = Signed::read(&message).expect("it is a signed message");
        let read = signed.verify().expect("the signature holds");
        assert_eq!((signed.part(), read.signer()), (ENTITY, office.certificate()));
        let trust = Trust::new([self.authority.certificate().clone()]).expect("the authority serves");
        trust.check(&read, now()).expect("the signer is believed");
        read
    }
}

pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.jp")
}

/// What we sign in each way, a program verifies; or the difference is known. The names stand in the suite of the program,
/// where the list of differences is looked for.
pub(crate) fn every_way_we_sign(people: &People, names: [&str; 6], verifies: impl Fn(&str, &str) -> bool) {
    let ways = [Way::Rsa2048, Way::Rsa3072, Way::Pss, Way::P256, Way::P384, Way::Ed25519];
    for (name, way) in names.into_iter().zip(ways) {
        people.sign("ours", &people.office("office", way), way);
        known_difference(name, verifies("ours.p7s", "entity"));
    }
}

/// Only what was signed, and only by whom it trusts. RSA, which every program reads.
pub(crate) fn another_content_and_a_stranger(people: &People, verifies: impl Fn(&str, &str) -> bool) {
    people.sign("ours", &people.office("office", Way::Rsa2048), Way::Rsa2048);
    people.put("other", [ENTITY, b"more\r\n"].concat());
    assert!(verifies("ours.p7s", "entity"));
    assert!(!verifies("ours.p7s", "other"));
    people.sign_as_a_stranger("stranger");
    assert!(!verifies("stranger.p7s", "entity"));
}
