//! A wrapped key taken out again. What the recipient info announces is judged first, in the open; once a key is touched
//! every failure looks like a wrong key.

use aws_lc_rs::agreement;
use aws_lc_rs::digest;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
    PrivateDecryptingKey,
};
use cms::enveloped_data::{KeyAgreeRecipientInfo, OriginatorIdentifierOrKey, RecipientInfo};
use const_oid::db::rfc5912::{ID_MGF_1, ID_SHA_1};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::encapsulation::Encapsulation;
use super::recipient::{OaepParameters, WRAP_BYTES, is_agreed_with, shared_secret, wrapping_key};
use crate::algorithm::{KeyKind, Refused};
use crate::allowed::{self, Derivation, End, KeyWrap, Means};
use crate::elsewhere::UnwrappingWay;
use crate::identity::Identity;

/// How a key was wrapped for a recipient.
pub(crate) enum Wrapping<'r> {
    Pkcs1 { wrapped: &'r [u8] },
    Oaep { algorithm: (UnwrappingWay, &'static OaepAlgorithm), wrapped: &'r [u8] },
    Ecdh { info: &'r KeyAgreeRecipientInfo, derivation: Derivation, wrap: (KeyWrap, AlgorithmIdentifierOwned) },
    Kem(Box<Encapsulation>),
}

impl<'r> Wrapping<'r> {
    pub(crate) fn read(info: &'r RecipientInfo) -> Result<Self, Refused> {
        match info {
            RecipientInfo::Ktri(info) => {
                let wrapped = info.enc_key.as_bytes();
                let is_oaep = allowed::find(info.key_enc_alg.oid, |means| match means {
                    Means::Pkcs1 => Some(false),
                    Means::Oaep => Some(true),
                    _ => None,
                })?;
                if is_oaep {
                    Ok(Self::Oaep { algorithm: oaep(&info.key_enc_alg)?, wrapped })
                } else {
                    Ok(Self::Pkcs1 { wrapped })
                }
            }
            RecipientInfo::Kari(info) => ecdh(info),
            RecipientInfo::Ori(info) => Encapsulation::read(info).map(Box::new).map(Self::Kem),
            _ => Err(Refused::Unknown("a key that was not wrapped for a certificate".to_owned())),
        }
    }

    /// Until when what is wrapped so is opened: the first of its parts to end.
    pub(crate) fn end(&self) -> End {
        let parts: &[Means] = match self {
            Self::Pkcs1 { .. } => &[Means::Pkcs1],
            Self::Oaep { algorithm: (way, _), .. } => &[Means::Oaep, Means::OaepDigest(*way)],
            Self::Ecdh { derivation, wrap: (wrap, _), .. } => &[Means::Agreement(*derivation), Means::Wrap(*wrap)],
            Self::Kem(kem) => &[Means::Key(KeyKind::MlKem(kem.set)), Means::Hkdf, Means::Wrap(kem.wrap)],
        };
        parts.iter().filter_map(|means| allowed::end_of(*means)).min()
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
            Self::Ecdh { info, derivation, wrap } => agreed(info, *derivation, wrap, identity),
            Self::Kem(encapsulation) => encapsulation.open(identity),
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
    if hash != mask || label.is_some() {
        return Err(Refused::Mismatch("the digests or the label of RSA-OAEP"));
    }
    let way = allowed::find(hash, |means| if let Means::OaepDigest(way) = means { Some(way) } else { None })?;
    let algorithm = match way {
        UnwrappingWay::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
        _ => &OAEP_SHA256_MGF1SHA256,
    };
    Ok((way, algorithm))
}

fn ecdh(info: &KeyAgreeRecipientInfo) -> Result<Wrapping<'_>, Refused> {
    let derivation = allowed::find(info.key_enc_alg.oid, |means| match means {
        Means::Agreement(derivation) => Some(derivation),
        _ => None,
    })?;
    let named = info.key_enc_alg.parameters.as_ref().and_then(|any| any.decode_as::<AlgorithmIdentifierOwned>().ok());
    let named = named.ok_or(Refused::Mismatch("key agreement without a key wrap"))?;
    Ok(Wrapping::Ecdh { info, derivation, wrap: (key_wrap(&named)?, named) })
}

/// RFC 3394 under the name that RFC 3565 §2.3.2 gave it.
pub(super) fn key_wrap(algorithm: &AlgorithmIdentifierOwned) -> Result<KeyWrap, Refused> {
    allowed::find(algorithm.oid, |means| if let Means::Wrap(wrap) = means { Some(wrap) } else { None })
}

/// A content's key out of its wrap.
pub(super) fn unwrapped(wrap: KeyWrap, kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = match wrap {
        KeyWrap::Aes128 => &AES_128,
        KeyWrap::Aes256 => &AES_256,
    };
    let mut clear = Zeroizing::new(vec![0; wrapped.len().checked_sub(WRAP_BYTES)?]);
    AesKek::new(cipher, kek).ok()?.unwrap(wrapped, &mut clear).ok()?;
    Some(clear)
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
    derivation: Derivation,
    (wrap, named): &(KeyWrap, AlgorithmIdentifierOwned),
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
    let digest = match derivation {
        Derivation::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Derivation::Strong(hash) => hash.provider(),
    };
    let kek = wrapping_key(&secret, digest, (*wrap, named), info.ukm.as_ref())?;
    let own = info.recipient_enc_keys.iter().find(|key| is_agreed_with(key, identity.certificate()))?;
    unwrapped(*wrap, &kek, own.enc_key.as_bytes())
}
