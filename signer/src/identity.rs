//! Who signs: a private key, its certificate and the authorities above it, from PEM or PKCS#12.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::IdentityError;
use crate::key::PrivateKey;
use crate::limits::{CERTIFICATES_MAX, IDENTITY_BYTES_MAX};
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
        if pem::is_pem(bytes) {
            Self::from_pem(bytes, password)
        } else {
            Self::from_pkcs12(bytes, password.ok_or(IdentityError::PasswordNeeded)?)
        }
    }

    /// Reads a PEM text with one private key (PKCS#8, also encrypted; PKCS#1; SEC 1) and its certificates in any order.
    pub fn from_pem(bytes: &[u8], passphrase: Option<&str>) -> Result<Self, IdentityError> {
        within_limit(bytes)?;
        let mut key = None;
        let mut certificates = Vec::new();
        for block in pem::blocks(bytes).map_err(IdentityError::Malformed)? {
            let found = match block.label.as_str() {
                "CERTIFICATE" => {
                    certificates.push(Certificate::from_der(&block.bytes)?);
                    continue;
                }
                "PRIVATE KEY" => PrivateKey::from_pkcs8(&block.bytes)?,
                "RSA PRIVATE KEY" => PrivateKey::from_rsa(&block.bytes)?,
                "EC PRIVATE KEY" => PrivateKey::from_ec(&block.bytes)?,
                "ENCRYPTED PRIVATE KEY" => {
                    let password = passphrase.ok_or(IdentityError::PasswordNeeded)?;
                    PrivateKey::from_pkcs8(&pkcs12::decrypt_key(&block.bytes, password)?)?
                }
                _ => continue,
            };
            if key.replace(found).is_some() {
                return Err(IdentityError::Malformed("more than one private key"));
            }
        }
        if certificates.len() > CERTIFICATES_MAX {
            return Err(IdentityError::TooLarge { what: "chain of certificates", limit: CERTIFICATES_MAX });
        }
        Self::new(key.ok_or(IdentityError::NoKey)?, certificates)
    }

    /// Reads a PKCS#12 file (RFC 7292), modern or legacy.
    pub fn from_pkcs12(der: &[u8], password: &str) -> Result<Self, IdentityError> {
        within_limit(der)?;
        let contents = pkcs12::read(der, password)?;
        Self::new(PrivateKey::from_pkcs8(&contents.key)?, contents.certificates)
    }

    /// The signer's certificate is the one that holds the key's public half, wherever it stands; the rest is the chain.
    pub(crate) fn new(key: PrivateKey, mut certificates: Vec<Certificate>) -> Result<Self, IdentityError> {
        let own = certificates.iter().position(|certificate| key.belongs_to(certificate));
        let certificate = certificates.remove(own.ok_or(IdentityError::NoCertificate)?);
        Ok(Self { key: Arc::new(key), certificate, chain: certificates })
    }

    /// The signer's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authorities' certificates that came with it.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Key (unencrypted PKCS#8), certificate and chain as PEM. Whoever stores it guards it.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PEM_BYTES));
        pem::write(&mut text, "PRIVATE KEY", self.key.pkcs8());
        for certificate in std::iter::once(&self.certificate).chain(&self.chain) {
            pem::write(&mut text, "CERTIFICATE", certificate.der());
        }
        text
    }

    /// The same as a PKCS#12 file under a password, for mail programs.
    pub fn to_pkcs12(&self, password: &str) -> Result<Vec<u8>, IdentityError> {
        let all: Vec<_> = std::iter::once(&self.certificate).chain(&self.chain).collect();
        pkcs12::write(self.key.pkcs8(), &all, password)
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }
}

/// Room for an RSA key and a chain, so that the text never moves and leaves the key behind.
const PEM_BYTES: usize = 32 * 1024;

fn within_limit(bytes: &[u8]) -> Result<(), IdentityError> {
    if bytes.len() > IDENTITY_BYTES_MAX {
        return Err(IdentityError::TooLarge { what: "key file", limit: IDENTITY_BYTES_MAX });
    }
    Ok(())
}
