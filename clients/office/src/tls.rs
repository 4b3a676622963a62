//! Whom we talk to: TLS with the authorities that the settings name, or those the computer trusts.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::settings::{Settings, read_small};
use crate::trouble::Trouble;

/// A connection to one of the gateway's ports, and what to call it.
pub(crate) async fn connect(settings: &Settings, port: u16) -> Result<(String, TlsStream<TcpStream>), Trouble> {
    let name = settings.gateway()?;
    let host = format!("{name}:{port}");
    let connector = TlsConnector::from(client(settings)?);
    let server = server_name(name).ok_or(Trouble::SettingMissing("gateway"))?;
    let connecting = async {
        let stream = TcpStream::connect((name, port)).await?;
        connector.connect(server, stream).await
    };
    let stream = tokio::time::timeout(patience(settings), connecting)
        .await
        .map_err(|_| unreachable(&host, "timeout"))?
        .map_err(|why| network(&host, &why))?;
    Ok((host, stream))
}

/// How long an answer is waited for.
pub(crate) fn patience(settings: &Settings) -> Duration {
    Duration::from_secs(settings.patience_seconds.into())
}

/// What the network said.
pub(crate) fn network(host: &str, why: &std::io::Error) -> Trouble {
    match why.kind() {
        std::io::ErrorKind::InvalidData => Trouble::NotTheGateway { host: host.into(), why: why.to_string() },
        _ => unreachable(host, &why.to_string()),
    }
}

/// Nobody answers.
pub(crate) fn unreachable(host: &str, why: &str) -> Trouble {
    Trouble::Unreachable { host: host.into(), why: why.into() }
}

/// For IMAP and HTTPS.
fn client(settings: &Settings) -> Result<Arc<ClientConfig>, Trouble> {
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

/// The name as TLS needs it; none: it is no name at all.
pub(crate) fn server_name(name: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).ok()
}
