//! Files that hold keys: PEM (RFC 7468) or PKCS#12 (RFC 7292), with any number of keys and certificates.

use crate::certificate::Certificate;
use crate::error::IdentityError;
use crate::key::PrivateKey;
use crate::limits::{CERTIFICATES_PER_FILE_MAX, IDENTITY_BYTES_MAX, KEYS_MAX};
use crate::{pem, pkcs12};

/// What a file held, in its order.
pub(crate) struct KeyFile {
    pub(crate) keys: Vec<PrivateKey>,
    pub(crate) certificates: Vec<Certificate>,
}

impl KeyFile {
    /// Reads PEM or PKCS#12, whichever the octets are.
    pub(crate) fn read(bytes: &[u8], password: Option<&str>) -> Result<Self, IdentityError> {
        if pem::is_pem(bytes) {
            Self::from_pem(bytes, password)
        } else {
            Self::from_pkcs12(bytes, password.ok_or(IdentityError::PasswordNeeded)?)
        }
    }

    pub(crate) fn from_pem(bytes: &[u8], passphrase: Option<&str>) -> Result<Self, IdentityError> {
        within_limit(bytes)?;
        let (mut keys, mut certificates) = (Vec::new(), Vec::new());
        let password = passphrase.map(pkcs12::Password::new);
        for block in pem::blocks(bytes).map_err(IdentityError::Malformed)? {
            keys.push(match block.label.as_str() {
                "CERTIFICATE" => {
                    certificates.push(Certificate::from_der(&block.bytes)?);
                    continue;
                }
                "PRIVATE KEY" => PrivateKey::from_pkcs8(&block.bytes)?,
                "RSA PRIVATE KEY" => PrivateKey::from_rsa(&block.bytes)?,
                "EC PRIVATE KEY" => PrivateKey::from_ec(&block.bytes)?,
                "ENCRYPTED PRIVATE KEY" => {
                    let password = password.as_ref().ok_or(IdentityError::PasswordNeeded)?;
                    PrivateKey::from_pkcs8(&pkcs12::unshrouded(&block.bytes, password)?)?
                }
                _ => continue,
            });
            if keys.len() > KEYS_MAX {
                return Err(IdentityError::TooLarge { what: "number of keys", limit: KEYS_MAX });
            }
        }
        Self { keys, certificates }.within_limits()
    }

    pub(crate) fn from_pkcs12(der: &[u8], password: &str) -> Result<Self, IdentityError> {
        within_limit(der)?;
        let pkcs12::Contents { keys, certificates, broken } = pkcs12::read(der, password)?;
        let keys = keys.iter().map(|key| PrivateKey::from_pkcs8(key)).collect::<Result<Vec<_>, _>>()?;
        let has_own = |key: &PrivateKey| certificates.iter().any(|certificate| key.belongs_to(certificate));
        // One that does not decode may be the one that is missing.
        if let Some(error) = broken.filter(|_| !keys.iter().all(has_own)) {
            return Err(error.into());
        }
        Self { keys, certificates }.within_limits()
    }

    fn within_limits(self) -> Result<Self, IdentityError> {
        if self.certificates.len() > CERTIFICATES_PER_FILE_MAX {
            let (what, limit) = ("list of certificates", CERTIFICATES_PER_FILE_MAX);
            return Err(IdentityError::TooLarge { what, limit });
        }
        Ok(self)
    }
}

fn within_limit(bytes: &[u8]) -> Result<(), IdentityError> {
    if bytes.len() > IDENTITY_BYTES_MAX {
        return Err(IdentityError::TooLarge { what: "key file", limit: IDENTITY_BYTES_MAX });
    }
    Ok(())
}
