//! TLS on the listeners: rustls with the one crypto provider.

use std::path::PathBuf;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};

use crate::config::Tls;

/// The TLS files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or no PEM.
    #[error("{0}: {1}")]
    File(PathBuf, rustls_pki_types::pem::Error),
    /// Key and certificate do not belong together, or are of a kind rustls does not take.
    #[error("{0}: {1}")]
    Unfit(PathBuf, tokio_rustls::rustls::Error),
}

/// Reads certificate and key. Client certificates are not asked for here (SASL EXTERNAL comes with the roll's keys).
pub(crate) fn acceptor(files: &Tls) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_file_iter(&files.certificate_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| TlsError::File(files.certificate_file.clone(), why))?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key_file).map_err(|why| TlsError::File(files.key_file.clone(), why))?;
    let unfit = |why| TlsError::Unfit(files.certificate_file.clone(), why);
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unfit)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
