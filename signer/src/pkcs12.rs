//! PKCS#12 files (RFC 7292): keys, their certificates, a password. Modern (PBES2) and legacy (3DES, RC2) files are read;
//! the public crates for it do not build beside our CMS structures.

use aws_lc_rs::hmac;
use cms::content_info::{CmsVersion, ContentInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_DATA, ID_ENCRYPTED_DATA};
use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, Sequence};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::ber;
use crate::certificate::Certificate;
use crate::envelope::EncryptedContent;
use crate::error::{CertificateError, IdentityError};
use crate::limits::{KEYS_MAX, SAFES_MAX};

mod password;
mod pbmac1;
mod write;

pub(crate) use password::Password;
use password::{Kdf, Purpose, decrypt};
pub(crate) use write::write;

/// What a file held.
#[derive(Default)]
pub(crate) struct Contents {
    /// The private keys as PKCS#8.
    pub(crate) keys: Vec<Zeroizing<Vec<u8>>>,
    pub(crate) certificates: Vec<Certificate>,
    /// Why the first of the certificates that do not decode does not: an authority's spoils nobody's key.
    pub(crate) broken: Option<CertificateError>,
}

const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const BROKEN: IdentityError = IdentityError::Malformed("the PKCS#12 structure does not decode");

/// RFC 7292 §4.
#[derive(Sequence)]
struct Pfx {
    version: u8,
    safe: ContentInfo,
    #[asn1(optional = "true")]
    mac: Option<MacData>,
}

#[derive(Sequence)]
struct MacData {
    mac: DigestInfo,
    salt: OctetString,
    #[asn1(default = "one_round")]
    rounds: u32,
}

#[derive(Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

/// RFC 7292 §4.2.
#[derive(Sequence)]
struct SafeBag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: Any,
    #[asn1(optional = "true")]
    attributes: Option<Any>,
}

/// RFC 7292 §4.2.3.
#[derive(Sequence)]
struct CertBag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: OctetString,
}

/// RFC 5958 §3, and the shrouded bag of RFC 7292 §4.2.2.
#[derive(Sequence)]
struct EncryptedKey {
    algorithm: AlgorithmIdentifierOwned,
    data: OctetString,
}

/// RFC 5652 §8.
#[derive(Sequence)]
struct EncryptedData {
    version: CmsVersion,
    content: EncryptedContent,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    attributes: Option<SetOfVec<Any>>,
}

fn one_round() -> u32 {
    1
}

pub(crate) fn read(bytes: &[u8], password: &str) -> Result<Contents, IdentityError> {
    let der = ber::definite(bytes).map_err(|_| IdentityError::Malformed("neither PEM nor PKCS#12"))?;
    let pfx = Pfx::from_der(&der).map_err(|_| IdentityError::Malformed("neither PEM nor PKCS#12"))?;
    // RFC 7292 §4: version 3; a signed safe (public-key integrity) has no password to check.
    if pfx.version != 3 || pfx.safe.content_type != ID_DATA {
        return Err(BROKEN);
    }
    let safe: OctetString = pfx.safe.content.decode_as().map_err(|_| BROKEN)?;
    let mut password = Password::new(password);
    if let Some(mac) = &pfx.mac {
        match check_mac(mac, safe.as_bytes(), &password) {
            Err(IdentityError::WrongPassword) if password.is_empty() => {
                password = password.absent();
                check_mac(mac, safe.as_bytes(), &password)?;
            }
            checked => checked?,
        }
    }
    let safe = ber::definite(safe.as_bytes()).map_err(|_| BROKEN)?;
    let mut found = Contents::default();
    let safes = Vec::<ContentInfo>::from_der(&safe).map_err(|_| BROKEN)?;
    if safes.len() > SAFES_MAX {
        return Err(IdentityError::TooLarge { what: "number of safes", limit: SAFES_MAX });
    }
    for info in safes {
        found.take_all(&safe_contents(&info, &password)?, &password)?;
    }
    Ok(found)
}

/// A key of an `ENCRYPTED PRIVATE KEY` block (RFC 5958 §3), as PKCS#8.
pub(crate) fn unshrouded(der: &[u8], password: &Password<'_>) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let broken = IdentityError::Malformed("the encrypted private key does not decode");
    let shrouded = EncryptedKey::from_der(der).map_err(|_| broken)?;
    let key = decrypt(&shrouded.algorithm, shrouded.data.as_bytes(), password)?;
    // A wrong password survives the padding once in 256 times; what comes out is then no key.
    pkcs8::PrivateKeyInfoRef::from_der(&key).map_err(|_| IdentityError::WrongPassword)?;
    Ok(key)
}

/// One safe in the clear, its lengths definite.
fn safe_contents(info: &ContentInfo, password: &Password<'_>) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let clear = match info.content_type {
        ID_DATA => {
            let octets: OctetString = info.content.decode_as().map_err(|_| BROKEN)?;
            Zeroizing::new(octets.into_bytes().into())
        }
        ID_ENCRYPTED_DATA => {
            let data: EncryptedData = info.content.decode_as().map_err(|_| BROKEN)?;
            let algorithm = data.content.algorithm.clone();
            decrypt(&algorithm, &data.content.into_octets().map_err(|_| BROKEN)?, password)?
        }
        _ => return Err(BROKEN),
    };
    let definite = ber::definite(&clear).map_err(|_| IdentityError::WrongPassword)?;
    Ok(Zeroizing::new(definite.into_owned()))
}

impl Contents {
    fn take_all(&mut self, safe: &[u8], password: &Password<'_>) -> Result<(), IdentityError> {
        for bag in Vec::<SafeBag>::from_der(safe).map_err(|_| BROKEN)? {
            let value = Zeroizing::new(der::Encode::to_der(&bag.value).map_err(|_| BROKEN)?);
            match bag.kind {
                KEY_BAG => self.keys.push(value),
                SHROUDED_KEY_BAG => self.keys.push(unshrouded(&value, password)?),
                CERTIFICATE_BAG => {
                    let bag = CertBag::from_der(&value).map_err(|_| BROKEN)?;
                    if bag.kind == X509_CERTIFICATE {
                        match Certificate::from_der(bag.value.as_bytes()) {
                            Ok(certificate) => self.certificates.push(certificate),
                            Err(error) => self.broken = self.broken.take().or(Some(error)),
                        }
                    }
                }
                // CRLs and secrets: not ours to read.
                _ => {}
            }
            // Each shrouded key costs its rounds.
            if self.keys.len() > KEYS_MAX {
                return Err(IdentityError::TooLarge { what: "number of keys", limit: KEYS_MAX });
            }
        }
        Ok(())
    }
}

/// RFC 7292 §5.1: the password is right when the MAC over the safes is.
fn check_mac(mac: &MacData, safe: &[u8], password: &Password<'_>) -> Result<(), IdentityError> {
    if mac.mac.algorithm.oid == pbmac1::PBMAC1 {
        return pbmac1::check(&mac.mac, safe, password);
    }
    password.spend(mac.rounds, 1)?;
    let (kdf, algorithm) = match mac.mac.algorithm.oid {
        ID_SHA_1 => (Kdf::SHA_1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        ID_SHA_256 => (Kdf::SHA_256, hmac::HMAC_SHA256),
        ID_SHA_384 => (Kdf::SHA_384, hmac::HMAC_SHA384),
        ID_SHA_512 => (Kdf::SHA_512, hmac::HMAC_SHA512),
        oid => return Err(IdentityError::Encryption(oid.to_string())),
    };
    let size = mac.mac.digest.as_bytes().len();
    let key = kdf.derive(Purpose::Mac, password, mac.salt.as_bytes(), mac.rounds, kdf.size());
    let key = hmac::Key::new(algorithm, &key);
    if size != kdf.size() || hmac::verify(&key, safe, mac.mac.digest.as_bytes()).is_err() {
        return Err(IdentityError::WrongPassword);
    }
    Ok(())
}
