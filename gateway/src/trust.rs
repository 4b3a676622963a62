//! The folder of trust: authorities (`*.pem`) and their revocation lists (`*.crl`), one file each.

use std::io::Write;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_signer::{Certificate, CertificateError, ListError, RevocationList, Trust, WithoutList};

/// The folder cannot be read, or a file in it is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file system says no.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file holds something else.
    #[error("{0}: {1}")]
    Certificate(PathBuf, CertificateError),
    /// A revocation list is not one of a trusted authority.
    #[error("{0}: {1}")]
    List(PathBuf, ListError),
}

/// Reads every `*.pem` and `*.crl` of the folder. An empty folder trusts nobody, which is said in the log. An authority
/// without a list is believed; one with a list only as long as that is fresh.
pub(crate) fn load(folder: &Path) -> Result<Trust, TrustError> {
    let mut anchors = Vec::new();
    for (path, text) in files(folder, "pem")? {
        anchors.extend(Certificate::many_from_pem(&text).map_err(|why| TrustError::Certificate(path, why))?);
    }
    if anchors.is_empty() {
        tracing::warn!(folder = %folder.display(), "trust.empty");
    }
    let mut lists = Vec::new();
    for (path, der) in files(folder, "crl")? {
        lists.push(RevocationList::read(&der, &anchors).map_err(|why| TrustError::List(path, why))?);
    }
    let trust = Trust::new(anchors).map_err(|why| TrustError::Certificate(folder.into(), why))?;
    Ok(trust.with_lists(lists, WithoutList::Accept))
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
