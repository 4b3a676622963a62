//! Public keys: their kinds and sizes, and those that fit any signature or none.

use aws_lc_rs::agreement::{self, ParsedPublicKeyFormat};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
use der::asn1::UintRef;
use der::{Decode as _, Sequence};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::{Hash, MlDsa, MlKem, Refused, pss};
use crate::allowed::{self, Means};

/// A public key of an allowed kind and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa,
    /// For RSASSA-PSS alone, perhaps with this digest only (RFC 4055 §1.2).
    RsaPss(Option<Hash>),
    P256,
    P384,
    Ed25519,
    MlDsa(MlDsa),
    MlKem(MlKem),
}

const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;
/// FIPS 186-5 §5.4: a smaller exponent makes mistakes in padding dangerous.
const RSA_EXPONENT_MIN: u64 = 65_537;
/// What the provider computes with.
const RSA_EXPONENT_BITS_MAX: usize = 33;

impl KeyKind {
    pub(crate) fn of(key: &SubjectPublicKeyInfoOwned) -> Result<Self, Refused> {
        let octets = key.subject_public_key.raw_bytes();
        if key.algorithm.oid == ID_EC_PUBLIC_KEY {
            let kind = Self::curve(&key.algorithm)?;
            return if kind.has_point(octets) { Ok(kind) } else { Err(Refused::Weak("an elliptic key off its curve")) };
        }
        let is_key = |means| if let Means::Key(kind) = means { Some(kind) } else { None };
        let kind = allowed::find(key.algorithm.oid, is_key)?;
        match kind {
            Self::Rsa => check_rsa(octets)?,
            Self::RsaPss(_) => return check_rsa(octets).and(pss_only(&key.algorithm)).map(Self::RsaPss),
            Self::Ed25519 => check_ed25519(octets)?,
            Self::MlDsa(set) => check_size(octets, set.signer().public_key_len())?,
            Self::MlKem(set) => check_ml_kem(octets, set)?,
            // Found by their curves.
            Self::P256 | Self::P384 => {}
        }
        Ok(kind)
    }

    /// Whether these octets are a point of this curve (SEC 1 §2.3.4); keys of other kinds have none.
    pub(crate) fn has_point(self, octets: &[u8]) -> bool {
        let curve = match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
            _ => return false,
        };
        // The provider also takes a whole SubjectPublicKeyInfo here.
        let form = agreement::UnparsedPublicKey::new(curve, octets);
        let form = agreement::ParsedPublicKey::try_from(form).map(|key| key.format());
        matches!(form, Ok(ParsedPublicKeyFormat::Uncompressed | ParsedPublicKeyFormat::Compressed))
    }

    /// RFC 5480 §2.1.1: curves are named, never spelled out.
    pub(crate) fn curve(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, Refused> {
        let named = algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        let named = named.ok_or(Refused::Mismatch("an elliptic curve without a name"))?;
        allowed::find(named, |means| if let Means::Curve(kind) = means { Some(kind) } else { None })
    }
}

/// RFC 4055 §3.1: parameters of a key name its only digest, and the shortest salt.
fn pss_only(algorithm: &AlgorithmIdentifierOwned) -> Result<Option<Hash>, Refused> {
    if algorithm.parameters.is_none() {
        return Ok(None);
    }
    let (hash, salt) = pss(algorithm)?;
    if salt <= hash.bytes() { Ok(Some(hash)) } else { Err(Refused::Mismatch("an RSA-PSS key with a longer salt")) }
}

/// RFC 8017 §A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn rsa(key: &[u8]) -> Result<RsaPublicKey<'_>, Refused> {
    RsaPublicKey::from_der(key).map_err(|_| Refused::Mismatch("an RSA key that does not decode"))
}

fn bits(number: &[u8]) -> usize {
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}

fn check_rsa(key: &[u8]) -> Result<(), Refused> {
    let RsaPublicKey { modulus, exponent } = rsa(key)?;
    let (modulus, exponent) = (modulus.as_bytes(), exponent.as_bytes());
    let is_even = |number: &[u8]| number.last().is_none_or(|last| last % 2 == 0);
    match bits(modulus) {
        0..RSA_BITS_MIN => return Err(Refused::Weak("an RSA key shorter than 2048 bits")),
        RSA_BITS_MIN..=RSA_BITS_MAX => {}
        _ => return Err(Refused::Unknown("an RSA key longer than 8192 bits".to_owned())),
    }
    if is_even(modulus) {
        return Err(Refused::Weak("an RSA key with an even modulus"));
    }
    if bits(exponent) > RSA_EXPONENT_BITS_MAX {
        return Err(Refused::Unknown("an RSA exponent longer than 33 bits".to_owned()));
    }
    let value = exponent.iter().fold(0, |value, octet| (value << 8) | u64::from(*octet));
    if value < RSA_EXPONENT_MIN || is_even(exponent) {
        return Err(Refused::Weak("an RSA exponent that is even or below 65537"));
    }
    Ok(())
}

/// Octets of what an RSA key encrypts or signs.
pub(crate) fn rsa_size(key: &[u8]) -> Option<usize> {
    rsa(key).ok().map(|key| key.modulus.as_bytes().len())
}

/// The modulus of an RSA public key, without zeros in front.
pub(crate) fn rsa_modulus(key: &[u8]) -> Result<Vec<u8>, Refused> {
    Ok(rsa(key)?.modulus.as_bytes().to_vec())
}

fn check_size(key: &[u8], octets: usize) -> Result<(), Refused> {
    if key.len() == octets { Ok(()) } else { Err(Refused::Mismatch("a public key of another size")) }
}

/// FIPS 203 §7.2: the right size, and every coefficient below the modulus.
fn check_ml_kem(key: &[u8], set: MlKem) -> Result<(), Refused> {
    const MODULUS: u16 = 3329;
    check_size(key, set.public_bytes())?;
    let coefficients = &key[..key.len() - 32];
    let is_reduced = |three: &[u8]| {
        let [low, middle, high] = [three[0], three[1], three[2]].map(u16::from);
        (low | (middle & 0x0f) << 8) < MODULUS && (middle >> 4 | high << 4) < MODULUS
    };
    if coefficients.chunks_exact(3).all(is_reduced) {
        Ok(())
    } else {
        Err(Refused::Mismatch("an ML-KEM key that is none"))
    }
}

/// RFC 8032 §5.1.2: y in little-endian order, the sign of x in the highest bit.
const ED25519_BYTES: usize = 32;
/// RFC 8032 §8.9 and Appendix: the y of the points whose order divides 8. A signature by one of them fits any content.
const ED25519_SMALL: [[u8; ED25519_BYTES]; 5] = [
    y(0, 0, 0),
    y(1, 0, 0),
    y(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn y(first: u8, middle: u8, last: u8) -> [u8; ED25519_BYTES] {
    let mut octets = [middle; ED25519_BYTES];
    octets[0] = first;
    octets[ED25519_BYTES - 1] = last;
    octets
}

fn check_ed25519(key: &[u8]) -> Result<(), Refused> {
    let mut y =
        <[u8; ED25519_BYTES]>::try_from(key).map_err(|_| Refused::Mismatch("an Ed25519 key of another size"))?;
    y[ED25519_BYTES - 1] &= 0x7f;
    // RFC 8032 §5.1.3 step 1: y is below p = 2^255 - 19.
    let is_canonical = y[0] < 0xed || y[1..ED25519_BYTES - 1].iter().any(|octet| *octet != 0xff) || y[31] != 0x7f;
    if is_canonical && !ED25519_SMALL.contains(&y) {
        Ok(())
    } else {
        Err(Refused::Weak("an Ed25519 key of small order or with another spelling"))
    }
}

#[cfg(test)]
mod tests {
    use const_oid::db::rfc5912::{ID_RSASSA_PSS, ID_SHA_256, RSA_ENCRYPTION};
    use const_oid::db::rfc8410::ID_ED_25519;
    use der::asn1::BitString;
    use der::{Any, Encode as _};

    use super::*;
    use crate::algorithm::pss_sha256;

    fn kind(algorithm: AlgorithmIdentifierOwned, key: &[u8]) -> Result<KeyKind, Refused> {
        KeyKind::of(&SubjectPublicKeyInfoOwned { algorithm, subject_public_key: BitString::from_bytes(key).unwrap() })
    }

    fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        let (modulus, exponent) = (UintRef::new(modulus).unwrap(), UintRef::new(exponent).unwrap());
        RsaPublicKey { modulus, exponent }.to_der().unwrap()
    }

    #[test]
    fn an_rsa_key_that_protects_nothing_is_refused_by_name() {
        let check = |modulus: &[u8], exponent: &[u8]| {
            let null = AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::null()) };
            kind(null, &rsa_key(modulus, exponent))
        };
        let (odd, even) = ([0xff; 256], [&[0xff; 255][..], &[0xfe]].concat());
        for good in [&[1, 0, 1][..], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(check(&odd, good), Ok(KeyKind::Rsa));
        }
        let weak = Err(Refused::Weak("an RSA exponent that is even or below 65537"));
        for bad in [&[0][..], &[1], &[2], &[3], &[0xff, 0xff], &[1, 0, 2]] {
            assert_eq!(check(&odd, bad), weak, "{bad:?}");
        }
        assert!(matches!(check(&odd, &[2, 0, 0, 0, 1]), Err(Refused::Unknown(_))));
        assert_eq!(check(&even, &[1, 0, 1]), Err(Refused::Weak("an RSA key with an even modulus")));
        assert!(matches!(check(&[0xff; 1025], &[1, 0, 1]), Err(Refused::Unknown(_))));
        assert!(matches!(check(&[0xff; 255], &[1, 0, 1]), Err(Refused::Weak(_))));
    }

    #[test]
    fn a_key_may_be_for_pss_alone() {
        let key = rsa_key(&[0xff; 256], &[1, 0, 1]);
        let plain = |oid| AlgorithmIdentifierOwned { oid, parameters: None };
        assert_eq!(kind(plain(ID_RSASSA_PSS), &key), Ok(KeyKind::RsaPss(None)));
        assert_eq!(kind(pss_sha256().unwrap(), &key), Ok(KeyKind::RsaPss(Some(Hash::Sha256))));
        let junk = AlgorithmIdentifierOwned {
            parameters: Some(Any::encode_from(&ID_SHA_256).unwrap()),
            ..plain(ID_RSASSA_PSS)
        };
        assert!(kind(junk, &key).is_err());
    }

    #[test]
    fn an_ed25519_key_that_fits_any_signature_is_refused() {
        let check = |key: &[u8]| kind(AlgorithmIdentifierOwned { oid: ID_ED_25519, parameters: None }, key);
        // RFC 8032 §7.1, the first test.
        let good = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
            0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
        ];
        assert_eq!(check(&good), Ok(KeyKind::Ed25519));
        for small in ED25519_SMALL {
            let mut negative = small;
            negative[31] |= 0x80;
            assert!(check(&small).is_err() && check(&negative).is_err(), "{small:?}");
        }
        for low in 0xed..=0xff {
            assert!(check(&y(low, 0xff, 0x7f)).is_err() && check(&y(low, 0xff, 0xff)).is_err(), "{low}");
        }
        assert!(check(&good[..31]).is_err());
    }
}
