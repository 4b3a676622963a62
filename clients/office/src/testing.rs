//! What unit tests share: an authority, offices that do not exist, a bundle.

use std::path::{Path, PathBuf};
use std::process::Command;

use fumibako_careplan::gather;
use fumibako_model::{Address, Private};
use fumibako_signer::authority::{Authority, KeyKind, Manner, Purpose, Request};
use fumibako_signer::{Identity, StatusQuestion, TimeStamper, Trust, WithoutList};
use jiff::{SignedDuration, Timestamp};

use crate::bundle::{Attached, Draft, Source};
use crate::verify::Stampers;

pub(crate) const A: &str = "9970000011@plans.example";
pub(crate) const B: &str = "9970000029@plans.example";

/// The moment of every test.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T00:15:00Z".parse().unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A CA and whoever it vouches for.
pub(crate) struct Ca(Authority);

impl Ca {
    pub(crate) fn new() -> Self {
        Self(Authority::create("Test CA", now() - SignedDuration::from_hours(24)).unwrap())
    }

    /// One that vouches for the mail addresses of the gateway's domain alone, as that of its evidence does.
    pub(crate) fn of_evidence() -> Self {
        let began = now() - SignedDuration::from_hours(24);
        Self(Authority::create_for_domain("Evidence CA", "plans.example", began).unwrap())
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::new([self.0.certificate().clone()]).unwrap()
    }

    /// The list that revokes these since the moment of every test, good from an hour before it until `next`.
    pub(crate) fn list(&self, revoked: &[&Identity], next: Timestamp) -> Vec<u8> {
        let revoked: Vec<_> = revoked.iter().map(|identity| (identity.certificate(), now())).collect();
        self.0.revoke(&revoked, now() - SignedDuration::from_hours(1), next).unwrap()
    }

    /// What the responder says about one of them, good from an hour before the moment of every test until `next`.
    pub(crate) fn answer(&self, about: &Identity, revoked: bool, next: Timestamp) -> Vec<u8> {
        let question = StatusQuestion::new(about.certificate(), self.0.certificate()).unwrap();
        let revoked: Vec<_> = revoked.then(|| (about.certificate(), now())).into_iter().collect();
        self.0.answer(question.der(), &revoked, now() - SignedDuration::from_hours(1), next).unwrap()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.certificate().to_pem()
    }

    pub(crate) fn identity(&self, address: &str) -> Identity {
        self.identity_until(address, now() + SignedDuration::from_hours(24))
    }

    pub(crate) fn identity_until(&self, address: &str, until: Timestamp) -> Identity {
        self.identity_for(address, Purpose::Mail, until)
    }

    /// One with an office number as its subject's serial number, and perhaps a mail address.
    pub(crate) fn numbered(&self, address: Option<&str>, number: &str) -> Identity {
        let manner = Manner {
            without_address: address.is_none(),
            subject_serial_number: Some(number).filter(|number| !number.is_empty()),
            ..Manner::default()
        };
        let until = now() + SignedDuration::from_hours(24);
        self.0.issue_as(&request(address.unwrap_or(A), Purpose::Mail, until), &manner).unwrap()
    }

    /// What believes this authority about time.
    pub(crate) fn stampers(&self) -> Stampers {
        self.stampers_with(&[])
    }

    /// The same, who has these lists.
    pub(crate) fn stampers_with(&self, lists: &[Vec<u8>]) -> Stampers {
        let trust = Trust::for_time_stamps([self.0.certificate().clone()]).unwrap();
        let news = lists.iter().map(|list| trust.read_news(list).unwrap());
        Stampers::Believed(trust.with_news(news, WithoutList::Refuse))
    }

    /// A clock's word on a digest, from below this authority.
    pub(crate) fn stamp(&self, digest: &[u8; 32], at: Timestamp) -> Vec<u8> {
        let clock =
            self.identity_for("clock@plans.example", Purpose::TimeStamping, now() + SignedDuration::from_hours(24));
        TimeStamper::new(clock, "1.3.6.1.4.1.99999.1").unwrap().stamp(digest, at).unwrap()
    }

    pub(crate) fn identity_for(&self, address: &str, purpose: Purpose, until: Timestamp) -> Identity {
        self.0.issue(&request(address, purpose, until)).unwrap()
    }
}

fn request(rfc822_name: &str, purpose: Purpose, not_after: Timestamp) -> Request<'_> {
    let not_before = now() - SignedDuration::from_hours(12);
    Request { common_name: "office", rfc822_name, key: KeyKind::EcP256, purpose, not_before, not_after }
}

/// The sample bundle, from A to B.
pub(crate) fn draft() -> Draft {
    draft_of("v41-plan-two-persons")
}

pub(crate) fn draft_of(sample: &str) -> Draft {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/samples/valid").join(sample);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let csv = files.filter(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")));
    draft_from(csv.map(|path| (path.clone(), std::fs::read(path).unwrap())))
}

/// `count` deletes of use tables, one file and one send unit each.
pub(crate) fn many_files(count: usize) -> Draft {
    draft_from((0..count).map(|n| {
        let serial = format!("2025092010{:02}{:02}", n / 60, n % 60);
        (format!("DLTPLAN_202510_9970000011_43_9970000029_11_{serial}.CSV").into(), vec![])
    }))
}

fn draft_from(files: impl Iterator<Item = (PathBuf, Vec<u8>)>) -> Draft {
    let pile = files.map(|(path, bytes)| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), Source { path, bytes: Private(bytes) })
    });
    let mut gathered = gather(pile);
    assert!(gathered.left_out.is_empty() && gathered.bundles.len() == 1, "{:?}", gathered.left_out);
    Draft { bundle: gathered.bundles.pop().unwrap(), cover: None, attached: Vec::new() }
}

pub(crate) fn attached(name: &str, bytes: &[u8]) -> Attached {
    Attached { name: Private(name.into()), bytes: Private(bytes.to_vec()) }
}

/// What OpenSSL says is signed in this message. It must be installed; the tests' packages are listed with the project.
pub(crate) fn openssl_verify(message: &[u8], ca: &Ca) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().unwrap();
    let (file, anchor) = (folder.path().join("message.eml"), folder.path().join("ca.pem"));
    std::fs::write(&file, message).unwrap();
    std::fs::write(&anchor, ca.pem()).unwrap();
    let seconds = now().as_second().to_string();
    let run = Command::new("openssl")
        .args(["cms", "-verify", "-purpose", "smimesign", "-attime", &seconds, "-CAfile"])
        .args([anchor.as_path(), Path::new("-in"), file.as_path()])
        .output()
        .expect("openssl is installed");
    if run.status.success() { Ok(run.stdout) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}

/// What OpenSSL decrypts with this key.
pub(crate) fn openssl_decrypt(envelope: &[u8], key: &Identity) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().unwrap();
    let (file, pem) = (folder.path().join("envelope"), folder.path().join("key.pem"));
    std::fs::write(&file, envelope).unwrap();
    std::fs::write(&pem, key.to_pem().as_bytes()).unwrap();
    let run = Command::new("openssl")
        .args([Path::new("cms"), Path::new("-decrypt"), Path::new("-recip"), &pem, Path::new("-in"), &file])
        .output()
        .expect("openssl is installed");
    if run.status.success() { Ok(run.stdout) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}
