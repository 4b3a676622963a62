//! A wrapped key taken out again. What the recipient info announces is judged first, in the open; once a key is touched
//! every failure looks like a wrong key.

use aws_lc_rs::agreement;
use aws_lc_rs::digest;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
    PrivateDecryptingKey,
};
use cms::enveloped_data::{KeyAgreeRecipientInfo, OriginatorIdentifierOrKey, RecipientInfo};
use const_oid::db::rfc5911::{ID_AES_128_WRAP, ID_AES_256_WRAP};
use const_oid::db::rfc5912::{ID_MGF_1, ID_RSAES_OAEP, ID_SHA_1, ID_SHA_256, RSA_ENCRYPTION};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::recipient::{
    ECDH_SHA1, ECDH_SHA256, ECDH_SHA384, ECDH_SHA512, OaepParameters, is_agreed_with, shared_secret, wrapping_key,
};
use crate::algorithm::{KeyKind, Refused};
use crate::elsewhere::UnwrappingWay;
use crate::identity::Identity;

/// How a key was wrapped for a recipient.
pub(crate) enum Wrapping<'r> {
    Pkcs1 {
        wrapped: &'r [u8],
    },
    Oaep {
        algorithm: (UnwrappingWay, &'static OaepAlgorithm),
        wrapped: &'r [u8],
    },
    Ecdh {
        info: &'r KeyAgreeRecipientInfo,
        digest: &'static digest::Algorithm,
        wrap: AlgorithmIdentifierOwned,
        cipher: &'static AesBlockCipher,
    },
}

impl<'r> Wrapping<'r> {
    pub(crate) fn read(info: &'r RecipientInfo) -> Result<Self, Refused> {
        match info {
            RecipientInfo::Ktri(info) => {
                let wrapped = info.enc_key.as_bytes();
                match info.key_enc_alg.oid {
                    RSA_ENCRYPTION => Ok(Self::Pkcs1 { wrapped }),
                    ID_RSAES_OAEP => Ok(Self::Oaep { algorithm: oaep(&info.key_enc_alg)?, wrapped }),
                    oid => Err(Refused::Unknown(oid.to_string())),
                }
            }
            RecipientInfo::Kari(info) => ecdh(info),
            _ => Err(Refused::Unknown("a key that was not wrapped for a certificate".to_owned())),
        }
    }

    /// The content's key, `size` octets of it. RFC 3218 §2.3.2: after a failure another, random key, so that nobody
    /// learns from an answer or its time whether the wrapping was well-formed.
    pub(crate) fn open(&self, identity: &Identity, size: usize) -> Option<Zeroizing<Vec<u8>>> {
        let mut random = Zeroizing::new(vec![0; size]);
        aws_lc_rs::rand::fill(&mut random).ok()?;
        let found = match self {
            Self::Pkcs1 { wrapped } => transported(identity, (wrapped, UnwrappingWay::Pkcs1), |key, clear| {
                Some(Pkcs1PrivateDecryptingKey::new(key).ok()?.decrypt(wrapped, clear).ok()?.len())
            }),
            Self::Oaep { algorithm: (way, algorithm), wrapped } => {
                transported(identity, (wrapped, *way), |key, clear| {
                    Some(OaepPrivateDecryptingKey::new(key).ok()?.decrypt(algorithm, wrapped, clear, None).ok()?.len())
                })
            }
            Self::Ecdh { info, digest, wrap, cipher } => agreed(info, digest, wrap, cipher, identity),
        };
        Some(found.filter(|key| key.len() == size).unwrap_or(random))
    }
}

/// The provider takes one digest for both places; SHA-1 is sound here (RFC 8017 §7.1) and read for older programs.
fn oaep(algorithm: &AlgorithmIdentifierOwned) -> Result<(UnwrappingWay, &'static OaepAlgorithm), Refused> {
    const BROKEN: Refused = Refused::Mismatch("RSA-OAEP parameters that do not decode");
    let parameters = algorithm.parameters.as_ref().ok_or(BROKEN)?;
    let OaepParameters { hash, mask, label } = parameters.decode_as().map_err(|_| BROKEN)?;
    let hash = hash.map_or(ID_SHA_1, |hash| hash.oid);
    let mask = match mask {
        None => ID_SHA_1,
        Some(mask) => {
            let inner = mask.parameters.filter(|_| mask.oid == ID_MGF_1).ok_or(BROKEN)?;
            inner.decode_as::<AlgorithmIdentifierOwned>().map_err(|_| BROKEN)?.oid
        }
    };
    match (hash, mask, label) {
        (ID_SHA_256, ID_SHA_256, None) => Ok((UnwrappingWay::OaepSha256, &OAEP_SHA256_MGF1SHA256)),
        (ID_SHA_1, ID_SHA_1, None) => Ok((UnwrappingWay::OaepSha1, &OAEP_SHA1_MGF1SHA1)),
        _ => Err(Refused::Mismatch("the digests or the label of RSA-OAEP")),
    }
}

fn ecdh(info: &KeyAgreeRecipientInfo) -> Result<Wrapping<'_>, Refused> {
    let digest = match info.key_enc_alg.oid {
        ECDH_SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        ECDH_SHA256 => &digest::SHA256,
        ECDH_SHA384 => &digest::SHA384,
        ECDH_SHA512 => &digest::SHA512,
        oid => return Err(Refused::Unknown(oid.to_string())),
    };
    let wrap = info.key_enc_alg.parameters.as_ref().and_then(|any| any.decode_as::<AlgorithmIdentifierOwned>().ok());
    let wrap = wrap.ok_or(Refused::Mismatch("key agreement without a key wrap"))?;
    // The provider has no AES-192 key wrap.
    let cipher = match wrap.oid {
        ID_AES_128_WRAP => &AES_128,
        ID_AES_256_WRAP => &AES_256,
        oid => return Err(Refused::Unknown(oid.to_string())),
    };
    Ok(Wrapping::Ecdh { info, digest, wrap, cipher })
}

fn transported(
    identity: &Identity,
    (wrapped, way): (&[u8], UnwrappingWay),
    decrypt: impl FnOnce(PrivateDecryptingKey, &mut [u8]) -> Option<usize>,
) -> Option<Zeroizing<Vec<u8>>> {
    if let Some(keeper) = identity.key().keeper() {
        return keeper.decrypt(wrapped, way);
    }
    let key = PrivateDecryptingKey::from_pkcs8(identity.key().pkcs8()?).ok()?;
    let mut clear = Zeroizing::new(vec![0; key.key_size_bytes()]);
    let size = decrypt(key, &mut clear)?;
    clear.truncate(size);
    Some(clear)
}

/// SEC 1 §2.3.3: the first octet of a point that is written whole, as PKCS#11 takes it.
const UNCOMPRESSED: u8 = 4;

fn agreed(
    info: &KeyAgreeRecipientInfo,
    digest: &'static digest::Algorithm,
    wrap: &AlgorithmIdentifierOwned,
    cipher: &'static AesBlockCipher,
    identity: &Identity,
) -> Option<Zeroizing<Vec<u8>>> {
    let kind = KeyKind::of(identity.certificate().decoded().tbs_certificate().subject_public_key_info()).ok()?;
    let curve = match kind {
        KeyKind::P256 => &agreement::ECDH_P256,
        KeyKind::P384 => &agreement::ECDH_P384,
        _ => return None,
    };
    let OriginatorIdentifierOrKey::OriginatorKey(sender) = &info.originator else { return None };
    let point = sender.public_key.raw_bytes();
    // SEC 1 §3.2.2.1: a point of another curve asks the key about itself, and a token may not look.
    if !kind.has_point(point) {
        return None;
    }
    let secret = match (identity.key().keeper(), identity.key().pkcs8()) {
        (Some(keeper), _) => keeper.agree(Some(point).filter(|point| point.first() == Some(&UNCOMPRESSED))?)?,
        (None, key) => shared_secret(&agreement::PrivateKey::from_private_key_der(curve, key?).ok()?, point)?,
    };
    let kek = wrapping_key(&secret, digest, wrap, info.ukm.as_ref())?;
    let own = info.recipient_enc_keys.iter().find(|key| is_agreed_with(key, identity.certificate()))?;
    let wrapped = own.enc_key.as_bytes();
    let mut clear = Zeroizing::new(vec![0; wrapped.len().checked_sub(8)?]);
    AesKek::new(cipher, &kek).ok()?.unwrap(wrapped, &mut clear).ok()?;
    Some(clear)
}
