//! TLS on the listeners: rustls with the one crypto provider.

use std::path::PathBuf;
use std::sync::Arc;

use ::aws_lc_rs::hmac;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{self, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};

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

/// Reads certificate and key.
pub(crate) fn acceptor(files: &Tls) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_file_iter(&files.certificate_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| TlsError::File(files.certificate_file.clone(), why))?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key_file).map_err(|why| TlsError::File(files.key_file.clone(), why))?;
    let unfit = |why| TlsError::Unfit(files.certificate_file.clone(), why);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(unfit)?;
    let builder = if files.client_certificates {
        builder.with_client_cert_verifier(Arc::new(Anybody(provider)))
    } else {
        builder.with_no_client_auth()
    };
    let config = builder.with_single_cert(chain, key).map_err(unfit)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What the salts of user IDs that nobody has are made of: known to this gateway alone, and the same after a restart.
pub(crate) fn salt_of_nobody(files: &Tls) -> Result<[u8; 32], TlsError> {
    let key = std::fs::read(&files.key_file)
        .map_err(|why| TlsError::File(files.key_file.clone(), rustls_pki_types::pem::Error::Io(why)))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut salt = [0; 32];
    salt.copy_from_slice(hmac::sign(&key, b"salts of nobody").as_ref());
    Ok(salt)
}

/// Asks for a client certificate, and takes any whose key the client holds, or none. Whose it is, and whether it is to be
/// believed, is asked when a login uses it (SASL EXTERNAL, Profile §13.2): the authorities are those of mail, not of TLS, and
/// change while the gateway runs.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
