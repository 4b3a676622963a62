//! The folder of trusted authorities: one PEM file each.

use std::io::Write;
use std::path::{Path, PathBuf};

use fumibako_signer::{Certificate, CertificateError, Trust};

/// The folder cannot be read, or a file in it is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file system says no.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file holds something else.
    #[error("{0}: {1}")]
    Certificate(PathBuf, CertificateError),
}

/// Reads every `*.pem` of the folder. An empty folder trusts nobody, which is said in the log.
pub(crate) fn load(folder: &Path) -> Result<Trust, TrustError> {
    let file_error = |why| TrustError::File(folder.into(), why);
    let mut anchors = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(file_error)? {
        let path = entry.map_err(file_error)?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            let text = std::fs::read(&path).map_err(|why| TrustError::File(path.clone(), why))?;
            anchors.extend(Certificate::many_from_pem(&text).map_err(|why| TrustError::Certificate(path, why))?);
        }
    }
    if anchors.is_empty() {
        tracing::warn!(folder = %folder.display(), "trust.empty");
    }
    Trust::new(anchors).map_err(|why| TrustError::Certificate(folder.into(), why))
}

/// Puts an authority into the folder, named by its fingerprint, synced.
pub(crate) fn add(folder: &Path, certificate: &Certificate) -> Result<(), TrustError> {
    let path = folder.join(format!("{}.pem", certificate.fingerprint_hex()));
    let write = || {
        let mut file = std::fs::File::create(&path)?;
        file.write_all(certificate.to_pem().as_bytes())?;
        file.sync_all()?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|why| TrustError::File(path.clone(), why))
}
