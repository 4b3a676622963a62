//! The folder of trust: authorities (`*.pem`), how each writes its certificates (`*.toml` of the same name, if it is not
//! the usual way), and revocation lists (`*.crl`).

use std::io::Write;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_signer::{
    Certificate, CertificateError, ListError, Naming, Practice, Purposes, RevocationList, Trust, WithoutList,
};
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
}

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
    for (path, der) in files(folder, "crl")? {
        lists.push(RevocationList::read(&der, &anchors).map_err(|why| TrustError::List(path, why))?);
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

/// Puts a revocation list of a trusted authority into the folder, in place of that authority's last one.
pub(crate) fn add_list(folder: &Path, der: &[u8]) -> Result<(), TrustError> {
    let trusted = load(folder)?;
    let list = RevocationList::read(der, trusted.anchors()).map_err(|why| TrustError::List(folder.into(), why))?;
    // One file an authority, whatever characters its name has.
    let name = digest(&SHA256, list.issuer().as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&name.as_ref()[..16]);
    put(folder, &format!("{:032x}.crl", u128::from_be_bytes(short)), der)
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
