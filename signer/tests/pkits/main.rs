//! NIST's Public Key Interoperability Test Suite: 223 certificates with their chains and revocation lists, each to be
//! believed or not; and the key files of all. `.ci/vectors` fetches it.
//!
//! What we answer otherwise stands in `differences.toml` with its reason. The suite fails when something else differs, and
//! when a listed difference heals; a certificate accepted that must be refused cannot be listed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests stand outside #[test] functions")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fumibako_signer::{
    Certificate, Identity, Naming, Practice, Purposes, RevocationError, RevocationList, Trust, WithoutList,
};
use jiff::Timestamp;

/// Within the validity of the suite, 2010 to 2030.
const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);
const DIFFERENCES: &str = include_str!("differences.toml");
const ACCEPTED: &str = "accepted";

/// Names that tell not what to expect, and are to be refused: no policy holds along the whole path.
const REFUSED_BY_POLICY: [&str; 6] = [
    "DifferentPoliciesTest4EE",
    "DifferentPoliciesTest5EE",
    "DifferentPoliciesTest7EE",
    "DifferentPoliciesTest8EE",
    "DifferentPoliciesTest9EE",
    "DifferentPoliciesTest12EE",
];

struct Suite {
    trust: Trust,
    helpers: Vec<Certificate>,
    /// As they arrive: not every one decodes.
    subscribers: BTreeMap<String, Vec<u8>>,
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/vectors/x509/PKITS_data");
    assert!(folder.is_dir(), "the test vectors are missing; fetch them with: bash .ci/vectors");
    folder
}

/// The files of one folder by name, without their ending.
fn files(name: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder().join(name)).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    paths.map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())).collect()
}

impl Suite {
    fn read() -> Self {
        let (mut helpers, mut subscribers, mut anchor) = (Vec::new(), BTreeMap::new(), None);
        for (name, der) in files("certs") {
            let certificate = || Certificate::from_der(&der).expect(&name);
            if name == "TrustAnchorRootCertificate" {
                anchor = Some(certificate());
            } else if name.ends_with("EE") {
                subscribers.insert(name, der);
            } else {
                helpers.push(certificate());
            }
        }
        let anchor = anchor.expect("the suite's anchor");
        let authorities: Vec<Certificate> = helpers.iter().chain([&anchor]).cloned().collect();
        let lists = files("crls").into_values().filter_map(|der| RevocationList::read(&der, &authorities).ok());
        // The suite's certificates are for any purpose and name no holder.
        let practice = Practice::new(Purposes::Unstated, Naming::Roll);
        let trust = Trust::with_practices([(anchor, practice)]).unwrap().with_lists(lists, WithoutList::Refuse);
        Self { trust, helpers, subscribers }
    }

    fn answer(&self, der: &[u8]) -> String {
        let certificate = match Certificate::from_der(der) {
            Ok(certificate) => certificate,
            Err(error) => return error.to_string(),
        };
        match self.trust.check_revocation_of(&certificate, &self.helpers, AT) {
            Ok(()) => ACCEPTED.to_owned(),
            Err(RevocationError::UnknownToAuthority { .. }) => "unknown to its authority".to_owned(),
            Err(RevocationError::NoList { .. }) => "no complete revocation list".to_owned(),
            Err(RevocationError::Stale { .. }) => "the revocation list ended".to_owned(),
            Err(RevocationError::Revoked { .. }) => "revoked".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

/// Whether the suite, asked with its default settings, wants the certificate accepted.
fn is_good(name: &str) -> bool {
    !name.starts_with("Invalid") && !REFUSED_BY_POLICY.contains(&name)
}

#[derive(Debug)]
struct Difference {
    actual: String,
    reason: String,
}

/// The listed differences of one folder of the suite.
fn differences(folder: &str) -> BTreeMap<String, Difference> {
    let table: toml::Table = DIFFERENCES.parse().expect("differences.toml");
    let text = |row: &toml::Value, key: &str| row[key].as_str().expect(key).to_owned();
    let read = |row: &toml::Value| Difference { actual: text(row, "actual"), reason: text(row, "reason") };
    let rows = table[folder].as_table().expect("a table for each folder");
    rows.iter().map(|(name, row)| (name.clone(), read(row))).collect()
}

/// Compares answers with what is wanted and what is listed. Whoever wants a refusal gets one: that cannot be listed.
#[track_caller]
fn check(folder: &str, cases: impl IntoIterator<Item = (String, bool, String)>) {
    let (mut listed, mut wrong) = (differences(folder), Vec::new());
    for (name, good, actual) in cases {
        match (good == (actual == ACCEPTED), listed.remove(&name)) {
            (true, None) => {}
            (true, Some(_)) => wrong.push(format!("{name}: as expected now; strike it off the list")),
            (false, Some(difference)) if good && difference.actual == actual && !difference.reason.is_empty() => {}
            (false, _) => wrong.push(format!("{name}: {actual}")),
        }
    }
    wrong.extend(listed.into_keys().map(|name| format!("{name}: listed, but not in the suite")));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_case_is_as_expected_or_listed() {
    let suite = Suite::read();
    assert_eq!(suite.subscribers.len(), 223);
    check("certs", suite.subscribers.iter().map(|(name, der)| (name.clone(), is_good(name), suite.answer(der))));
}

#[test]
fn every_key_file_is_read_or_listed() {
    let (certificates, key_files) = (files("certs"), files("pkcs12"));
    assert_eq!(key_files.len(), 405);
    check(
        "pkcs12",
        key_files.into_iter().map(|(name, file)| {
            let actual = match Identity::read(&file, Some("password")) {
                Ok(identity) if certificates[&name] == identity.certificate().der() => ACCEPTED.to_owned(),
                Ok(_) => "another certificate".to_owned(),
                Err(error) => error.to_string(),
            };
            (name, true, actual)
        }),
    );
}
