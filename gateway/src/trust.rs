//! The folder of trust: authorities (`*.pem`), how each writes its certificates (`*.toml` of the same name, if it is not
//! the usual way), and revocation lists (`*.crl`).

use std::io::Write;
use std::path::{Path, PathBuf};

use fumibako_signer::{
    Certificate, CertificateError, ListError, Naming, Practice, Purposes, RevocationList, Trust, WithoutList,
};
use fumibako_store::hex;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// The folder cannot be read, or a file in it is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file system says no.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file holds something else.
    #[error("{0}: {1}")]
    Certificate(PathBuf, CertificateError),
    /// The file beside an authority's cannot be read.
    #[error("{0}: {1}")]
    Practice(PathBuf, String),
    /// A revocation list is not one of a trusted authority.
    #[error("{0}: {1}")]
    List(PathBuf, ListError),
    /// A revocation list that is older than the one there.
    #[error("the list of {0} of {1} is older than the one in use, of {2}")]
    OlderList(String, Timestamp, Timestamp),
    /// A revocation list that was written in the future.
    #[error("the list of {0} says that it was written at {1}, which is yet to come: look at this computer's clock")]
    FutureList(String, Timestamp),
}

/// Authorities between an office's and a trusted one, in a folder of their own: nobody is trusted for standing there, but
/// their revocation lists are read.
const BETWEEN: &str = "intermediates";
/// A clock may be so much behind another.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Reads every `*.pem` and `*.crl` of the folder. An empty folder trusts nobody, which is said in the log. An authority
/// without a list is believed; one with a list only as long as that is fresh.
pub(crate) fn load(folder: &Path) -> Result<Trust, TrustError> {
    let (mut anchors, mut practices) = (Vec::new(), Vec::new());
    for (path, text) in files(folder, "pem")? {
        let practice = practice(&path.with_extension("toml"))?;
        for anchor in Certificate::many_from_pem(&text).map_err(|why| TrustError::Certificate(path, why))? {
            practices.push((anchor.clone(), practice.clone()));
            anchors.push(anchor);
        }
    }
    if anchors.is_empty() {
        tracing::warn!(folder = %folder.display(), "trust.empty");
    }
    let mut lists = Vec::new();
    let authorities = authorities(folder, &anchors)?;
    for (path, der) in files(folder, "crl")? {
        match RevocationList::read(&der, &authorities) {
            Ok(list) => lists.push(list),
            // What nobody here has issued speaks about nobody here.
            Err(ListError::UnknownIssuer { issuer }) => {
                tracing::warn!(issuer, file = %path.display(), "trust.list_of_unknown_authority");
            }
            Err(why) => return Err(TrustError::List(path, why)),
        }
    }
    for authority in &authorities {
        let name = authority.subject();
        if lists.iter().any(RevocationList::is_delta) && !lists.iter().any(|l| !l.is_delta() && l.issuer() == name) {
            tracing::warn!(authority = name, "trust.no_complete_list");
        }
    }
    let trust = Trust::with_practices(practices).map_err(|why| TrustError::Certificate(folder.into(), why))?;
    Ok(trust.with_lists(lists, WithoutList::Accept))
}

/// How an authority writes its certificates. Unknown keys are errors.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Written {
    /// Where the holder stands: `mail-address` (default), `subject-serial-number`, `other-name:<OID>`, or `roll` (nowhere:
    /// the roll knows).
    names: Option<String>,
    /// What the extended key usage says: `mail` (default) or `unstated`.
    purposes: Option<String>,
}

/// The file beside an authority's; without it, the usual way (Profile §5.4).
fn practice(path: &Path) -> Result<Practice, TrustError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Practice::default()),
        Err(why) => return Err(TrustError::File(path.into(), why)),
    };
    let unfit = |why: String| TrustError::Practice(path.into(), why);
    let written: Written = toml::from_str(&text).map_err(|why| unfit(why.message().to_owned()))?;
    let names = match written.names.as_deref().unwrap_or("mail-address") {
        "mail-address" => Naming::MailAddress,
        "subject-serial-number" => Naming::SubjectSerialNumber,
        "roll" => Naming::Roll,
        other => match other.strip_prefix("other-name:").and_then(|oid| oid.parse().ok()) {
            Some(oid) => Naming::OtherName(oid),
            None => return Err(unfit(format!("names = \"{other}\" is not known"))),
        },
    };
    let purposes = match written.purposes.as_deref().unwrap_or("mail") {
        "mail" => Purposes::Mail,
        "unstated" => Purposes::Unstated,
        other => return Err(unfit(format!("purposes = \"{other}\" is not known"))),
    };
    Ok(Practice::new(purposes, names))
}

/// The folder's files of one extension, with their octets.
fn files(folder: &Path, extension: &str) -> Result<Vec<(PathBuf, Vec<u8>)>, TrustError> {
    let file_error = |why| TrustError::File(folder.into(), why);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(file_error)? {
        let path = entry.map_err(file_error)?.path();
        if path.extension().is_some_and(|known| known == extension) {
            let octets = std::fs::read(&path).map_err(|why| TrustError::File(path.clone(), why))?;
            found.push((path, octets));
        }
    }
    Ok(found)
}

/// Puts an authority into the folder, named by its fingerprint, synced.
pub(crate) fn add(folder: &Path, certificate: &Certificate) -> Result<(), TrustError> {
    put(folder, &format!("{}.pem", certificate.fingerprint_hex()), certificate.to_pem().as_bytes())
}

/// The anchors, and what stands between them and the offices.
fn authorities(folder: &Path, anchors: &[Certificate]) -> Result<Vec<Certificate>, TrustError> {
    let mut all = anchors.to_vec();
    let between = folder.join(BETWEEN);
    if between.is_dir() {
        for (path, text) in files(&between, "pem")? {
            all.extend(Certificate::many_from_pem(&text).map_err(|why| TrustError::Certificate(path, why))?);
        }
    }
    Ok(all)
}

/// Puts a revocation list of an authority into the folder, in place of the last one of the same key, scope and kind. An
/// older one takes nobody's place.
pub(crate) fn add_list(folder: &Path, der: &[u8], now: Timestamp) -> Result<(), TrustError> {
    let trusted = load(folder)?;
    let authorities = authorities(folder, trusted.anchors())?;
    let read = |der: &[u8]| RevocationList::read(der, &authorities).map_err(|why| TrustError::List(folder.into(), why));
    let list = read(der)?;
    if list.this_update() > now + AHEAD {
        return Err(TrustError::FutureList(list.issuer(), list.this_update()));
    }
    for (_, octets) in files(folder, "crl")? {
        if let Ok(other) = read(&octets)
            && other.place() == list.place()
            && other.this_update() > list.this_update()
        {
            return Err(TrustError::OlderList(list.issuer(), list.this_update(), other.this_update()));
        }
    }
    put(folder, &format!("{}.crl", hex(&list.place()[..16])), der)
}

/// Writes a file beside its place, synced, then moves it there: a crash leaves the old one or the new one.
fn put(folder: &Path, name: &str, octets: &[u8]) -> Result<(), TrustError> {
    let (path, beside) = (folder.join(name), folder.join(format!(".{name}.new")));
    let write = || {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(octets)?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|why| TrustError::File(path.clone(), why))
}

#[cfg(test)]
mod tests {
    use fumibako_signer::authority::Authority;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    /// A folder that trusts a new authority.
    fn folder() -> (tempfile::TempDir, Authority) {
        let folder = tempfile::tempdir().unwrap();
        let ca = Authority::create("Test CA", now() - SignedDuration::from_hours(48)).unwrap();
        add(folder.path(), ca.certificate()).unwrap();
        (folder, ca)
    }

    fn list(ca: &Authority, hours_ago: i64) -> Vec<u8> {
        let written = now() - SignedDuration::from_hours(hours_ago);
        ca.revoke(&[], written, now() + SignedDuration::from_hours(99)).unwrap()
    }

    fn lists(folder: &Path) -> usize {
        files(folder, "crl").unwrap().len()
    }

    #[test]
    fn a_newer_list_takes_the_place_of_an_older_one_and_not_the_other_way_round() {
        let (folder, ca) = folder();
        for hours_ago in [3, 2] {
            add_list(folder.path(), &list(&ca, hours_ago), now()).unwrap();
            assert_eq!(lists(folder.path()), 1);
        }
        assert!(matches!(add_list(folder.path(), &list(&ca, 3), now()), Err(TrustError::OlderList(..))));
        assert!(matches!(add_list(folder.path(), &list(&ca, -1), now()), Err(TrustError::FutureList(..))));
    }

    #[test]
    fn a_list_of_an_authority_in_between_is_read_and_one_of_nobody_known_hinders_nothing() {
        let (folder, ca) = folder();
        let lower = ca.issue_authority("Lower CA", now() - SignedDuration::from_hours(24), 0).unwrap();
        let unknown = add_list(folder.path(), &list(&lower, 1), now());
        assert!(matches!(unknown, Err(TrustError::List(_, ListError::UnknownIssuer { .. }))));
        std::fs::write(folder.path().join("left.crl"), list(&lower, 1)).unwrap();
        assert!(load(folder.path()).is_ok(), "the gateway starts all the same");
        std::fs::create_dir(folder.path().join(BETWEEN)).unwrap();
        std::fs::write(folder.path().join(BETWEEN).join("lower.pem"), lower.certificate().to_pem()).unwrap();
        add_list(folder.path(), &list(&lower, 0), now()).unwrap();
        assert_eq!(load(folder.path()).unwrap().anchors().len(), 1, "nobody is trusted for standing in between");
    }
}
