//! Who signs: a private key, its certificate and the authorities above it.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::derived::derived;
use crate::elsewhere::KeyElsewhere;
use crate::error::IdentityError;
use crate::key::PrivateKey;
use crate::keyfile::KeyFile;
use crate::limits::CERTIFICATES_MAX;
use crate::{pem, pkcs12};

/// A private key with its certificate and chain. `Debug` shows whose it is, never the key.
#[derive(Clone, Debug)]
pub struct Identity {
    key: Arc<PrivateKey>,
    certificate: Certificate,
    chain: Vec<Certificate>,
}

impl Identity {
    /// Reads PEM or PKCS#12, whichever the octets are.
    pub fn read(bytes: &[u8], password: Option<&str>) -> Result<Self, IdentityError> {
        Self::only(KeyFile::read(bytes, password)?)
    }

    /// Reads a PEM text with one private key (PKCS#8, also encrypted; PKCS#1; SEC 1) and its certificates in any order.
    pub fn from_pem(bytes: &[u8], passphrase: Option<&str>) -> Result<Self, IdentityError> {
        Self::only(KeyFile::from_pem(bytes, passphrase)?)
    }

    /// Reads a PKCS#12 file (RFC 7292), modern or legacy.
    pub fn from_pkcs12(der: &[u8], password: &str) -> Result<Self, IdentityError> {
        Self::only(KeyFile::from_pkcs12(der, password)?)
    }

    /// A key that stays elsewhere, with the certificate that names its kind and its holder.
    pub fn elsewhere(
        key: Arc<dyn KeyElsewhere>,
        certificate: Certificate,
        chain: Vec<Certificate>,
    ) -> Result<Self, IdentityError> {
        let key = PrivateKey::elsewhere(key, &certificate)?;
        Ok(Self { key: Arc::new(key), certificate, chain })
    }

    fn only(file: KeyFile) -> Result<Self, IdentityError> {
        let KeyFile { mut keys, certificates } = file;
        let key = keys.pop().ok_or(IdentityError::NoKey)?;
        if !keys.is_empty() {
            return Err(IdentityError::Malformed("more than one private key"));
        }
        if certificates.len() > CERTIFICATES_MAX {
            return Err(IdentityError::TooLarge { what: "chain of certificates", limit: CERTIFICATES_MAX });
        }
        Self::new(key, certificates)
    }

    /// The signer's certificate is the one that holds the key's public half, wherever it stands; the rest is the chain.
    pub(crate) fn new(key: PrivateKey, mut certificates: Vec<Certificate>) -> Result<Self, IdentityError> {
        let own = certificates.iter().position(|certificate| key.belongs_to(certificate));
        let certificate = certificates.remove(own.ok_or(IdentityError::NoCertificate)?);
        Ok(Self { key: Arc::new(key), certificate, chain: certificates })
    }

    /// The certificate is known to hold the key's public half.
    pub(crate) fn of(key: Arc<PrivateKey>, certificate: Certificate, chain: Vec<Certificate>) -> Self {
        Self { key, certificate, chain }
    }

    /// The signer's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authorities' certificates that came with it.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Key (unencrypted PKCS#8), certificate and chain as PEM. Whoever stores it guards it. A key elsewhere is left out.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PEM_BYTES));
        if let Some(key) = self.key.pkcs8() {
            pem::write(&mut text, "PRIVATE KEY", key);
        }
        for certificate in std::iter::once(&self.certificate).chain(&self.chain) {
            pem::write(&mut text, "CERTIFICATE", certificate.der());
        }
        text
    }

    /// The same as a PKCS#12 file under a password, for mail programs. A key elsewhere cannot be written.
    pub fn to_pkcs12(&self, password: &str) -> Result<Vec<u8>, IdentityError> {
        let key = self.key.pkcs8().ok_or(IdentityError::NoKey)?;
        pkcs12::write(&[(key, &self.certificate)], &self.chain.iter().collect::<Vec<_>>(), password)
    }

    /// A secret of 32 octets for one purpose (RFC 5869), which comes from the private key alone: certificates beside it, and how the file is
    /// written, make no other. `None`: the key is elsewhere, and nobody reads it.
    pub fn secret(&self, purpose: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        derived(&self.key.bare()?, SECRET_BYTES, purpose)
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }
}

/// As many as SHA-256 gives.
const SECRET_BYTES: usize = 32;
/// Room for an RSA key and a chain, so that the text never moves and leaves the key behind.
const PEM_BYTES: usize = 32 * 1024;
