//! The MAC of newer PKCS#12 files (RFC 9579): its key comes from PBKDF2, not from the derivation of RFC 7292.

use std::num::NonZeroU32;

use aws_lc_rs::{hmac, pbkdf2};
use const_oid::ObjectIdentifier;
use der::Sequence;
use der::asn1::OctetString;
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::{BROKEN, DigestInfo, Password};
use crate::error::IdentityError;

/// RFC 8018 §A.5.
pub(super) const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");

/// RFC 8018 §A.5.
#[derive(Sequence)]
struct Pbmac1Parameters {
    kdf: AlgorithmIdentifierOwned,
    scheme: AlgorithmIdentifierOwned,
}

/// RFC 8018 §A.2; without a derivation's own length nobody knows the key (RFC 9579 §4).
#[derive(Sequence)]
struct Pbkdf2Parameters {
    salt: OctetString,
    rounds: u32,
    size: u16,
    /// HMAC with SHA-1, if none is named.
    #[asn1(optional = "true")]
    prf: Option<AlgorithmIdentifierOwned>,
}

const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const ID_HMAC_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const ID_HMAC_WITH_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const ID_HMAC_WITH_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const ID_HMAC_WITH_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");
/// Octets of a key that PBMAC1 may derive: a block of the largest digest. RFC 9579 §5: fewer than 20 protect too little.
const PBMAC1_KEY_BYTES: std::ops::RangeInclusive<u16> = 20..=128;

/// RFC 9579 §4: salt and rounds stand in the parameters, and the password is UTF-8.
pub(super) fn check(mac: &DigestInfo, safe: &[u8], password: &Password<'_>) -> Result<(), IdentityError> {
    let parameters = mac.algorithm.parameters.as_ref().ok_or(BROKEN)?;
    let Pbmac1Parameters { kdf, scheme } = parameters.decode_as().map_err(|_| BROKEN)?;
    if kdf.oid != PBKDF2 {
        return Err(IdentityError::Encryption(kdf.oid.to_string()));
    }
    let parameters: Pbkdf2Parameters = kdf.parameters.ok_or(BROKEN)?.decode_as().map_err(|_| BROKEN)?;
    let unreadable = |oid: ObjectIdentifier| IdentityError::Encryption(oid.to_string());
    let prf = match parameters.prf.map_or(ID_HMAC_WITH_SHA_1, |prf| prf.oid) {
        ID_HMAC_WITH_SHA_1 => pbkdf2::PBKDF2_HMAC_SHA1,
        ID_HMAC_WITH_SHA_256 => pbkdf2::PBKDF2_HMAC_SHA256,
        ID_HMAC_WITH_SHA_384 => pbkdf2::PBKDF2_HMAC_SHA384,
        ID_HMAC_WITH_SHA_512 => pbkdf2::PBKDF2_HMAC_SHA512,
        oid => return Err(unreadable(oid)),
    };
    let algorithm = match scheme.oid {
        ID_HMAC_WITH_SHA_256 => hmac::HMAC_SHA256,
        ID_HMAC_WITH_SHA_384 => hmac::HMAC_SHA384,
        ID_HMAC_WITH_SHA_512 => hmac::HMAC_SHA512,
        oid => return Err(unreadable(oid)),
    };
    if !PBMAC1_KEY_BYTES.contains(&parameters.size) {
        return Err(IdentityError::Encryption(format!("PBMAC1 with a key of {} octets", parameters.size)));
    }
    // Each digest's worth of key takes all rounds anew.
    password.spend(parameters.rounds, u64::from(parameters.size.div_ceil(20)))?;
    let rounds = NonZeroU32::new(parameters.rounds).ok_or(BROKEN)?;
    let mut key = Zeroizing::new(vec![0; usize::from(parameters.size)]);
    pbkdf2::derive(prf, rounds, parameters.salt.as_bytes(), password.text().as_bytes(), &mut key);
    let key = hmac::Key::new(algorithm, &key);
    hmac::verify(&key, safe, mac.digest.as_bytes()).map_err(|_| IdentityError::WrongPassword)
}
