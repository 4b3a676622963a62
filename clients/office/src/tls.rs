//! Whom we talk to: TLS with the authorities that the settings name, or those the computer trusts.

use std::sync::Arc;

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::settings::{Settings, read_small};
use crate::trouble::Trouble;

/// For IMAP.
pub(crate) fn client(settings: &Settings) -> Result<Arc<ClientConfig>, Trouble> {
    let mut roots = RootCertStore::empty();
    match own_anchors(settings)? {
        Some(anchors) => {
            for anchor in anchors {
                roots.add(anchor).map_err(|_| Trouble::TlsAnchors(settings.tls_ca_file.clone()))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// For SMTP.
pub(crate) fn smtp(settings: &Settings) -> Result<TlsParameters, Trouble> {
    let unreadable = |_| Trouble::TlsAnchors(settings.tls_ca_file.clone());
    let mut builder = TlsParameters::builder(settings.gateway()?.to_owned());
    if let Some(anchors) = own_anchors(settings)? {
        builder = builder.certificate_store(CertificateStore::None);
        for anchor in anchors {
            builder = builder.add_root_certificate(Certificate::from_der(anchor.to_vec()).map_err(unreadable)?);
        }
    }
    builder.build().map_err(unreadable)
}

/// None: the computer's own.
fn own_anchors(settings: &Settings) -> Result<Option<Vec<CertificateDer<'static>>>, Trouble> {
    let path = &settings.tls_ca_file;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let pem = read_small(path)?;
    let anchors: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match anchors {
        Ok(anchors) if !anchors.is_empty() => Ok(Some(anchors)),
        _ => Err(Trouble::TlsAnchors(path.clone())),
    }
}
