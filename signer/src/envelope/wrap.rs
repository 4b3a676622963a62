//! The content's key, wrapped for each recipient: RSA transport (RFC 3370 §4.2, RFC 3560) or ECDH (RFC 5753 §3.1).

use aws_lc_rs::agreement;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::CmsVersion;
use cms::enveloped_data::{
    KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, KeyTransRecipientInfo, OriginatorIdentifierOrKey,
    OriginatorPublicKey, RecipientEncryptedKey, RecipientIdentifier, RecipientInfo,
};
use const_oid::db::rfc5911::ID_AES_256_WRAP;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, ID_MGF_1, ID_RSAES_OAEP, ID_SHA_256, RSA_ENCRYPTION};
use der::asn1::{BitString, OctetString};
use der::{Any, Encode as _};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::pkix::KeyUsage;

use super::Cipher;
use super::content::KEY_BYTES;
use super::encapsulation::encapsulated;
use super::recipient::{OaepParameters, WRAP_BYTES, shared_secret, wrapping_key};
use crate::algorithm::{Hash, KeyKind, Refused};
use crate::allowed::{ECDH_SHA256, KeyWrap};
use crate::certificate::Certificate;
use crate::error::EncryptError;

/// The key wrapped for the holder of a certificate.
pub(crate) fn wrap(
    key: &[u8; KEY_BYTES],
    recipient: &Certificate,
    cipher: Cipher,
) -> Result<RecipientInfo, EncryptError> {
    let tbs = recipient.decoded().tbs_certificate();
    let public = tbs.subject_public_key_info();
    let kind = KeyKind::of(public)?;
    let usage = tbs.get_extension::<KeyUsage>().map_err(|_| EncryptError::Usage(recipient.subject()))?;
    // RFC 8550 §4.4.2: a key for signing only receives nothing.
    let fits = usage.is_none_or(|(_, usage)| match kind {
        KeyKind::Rsa | KeyKind::MlKem(_) => usage.key_encipherment(),
        _ => usage.key_agreement(),
    });
    if !fits {
        return Err(EncryptError::Usage(recipient.subject()));
    }
    let id = IssuerAndSerialNumber { issuer: tbs.issuer().clone(), serial_number: tbs.serial_number().clone() };
    let octets = public.subject_public_key.raw_bytes();
    match kind {
        KeyKind::Rsa => transport(key, id, &public.to_der().map_err(|_| EncryptError::Provider)?, cipher),
        KeyKind::P256 => agreed(key, id, octets, &agreement::ECDH_P256),
        KeyKind::P384 => agreed(key, id, octets, &agreement::ECDH_P384),
        KeyKind::MlKem(set) => encapsulated(key, id, octets, set),
        KeyKind::RsaPss(_) => return Err(Refused::Mismatch("encryption to a key for RSA-PSS").into()),
        KeyKind::Ed25519 => return Err(Refused::Unknown("encryption to an Ed25519 key".to_owned()).into()),
        KeyKind::MlDsa(_) => return Err(Refused::Unknown("encryption to an ML-DSA key".to_owned()).into()),
    }
    .ok_or(EncryptError::Provider)
}

fn transport(key: &[u8], id: IssuerAndSerialNumber, public: &[u8], cipher: Cipher) -> Option<RecipientInfo> {
    let public = PublicEncryptingKey::from_der(public).ok()?;
    let mut wrapped = vec![0; public.key_size_bytes()];
    let key_enc_alg = match cipher {
        Cipher::Aes256Gcm => {
            let oaep = OaepPublicEncryptingKey::new(public).ok()?;
            oaep.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut wrapped, None).ok()?;
            oaep_sha256()?
        }
        Cipher::Aes256Cbc => {
            Pkcs1PublicEncryptingKey::new(public).ok()?.encrypt(key, &mut wrapped).ok()?;
            AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::null()) }
        }
    };
    Some(RecipientInfo::Ktri(KeyTransRecipientInfo {
        version: CmsVersion::V0,
        rid: RecipientIdentifier::IssuerAndSerialNumber(id),
        key_enc_alg,
        enc_key: OctetString::new(wrapped).ok()?,
    }))
}

/// RFC 8017 §A.2.1 with SHA-256 for both digests.
fn oaep_sha256() -> Option<AlgorithmIdentifierOwned> {
    let hash = AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: Some(Any::null()) };
    let mask = AlgorithmIdentifierOwned { oid: ID_MGF_1, parameters: Some(Any::encode_from(&hash).ok()?) };
    let parameters = OaepParameters { hash: Some(hash), mask: Some(mask), label: None };
    Some(AlgorithmIdentifierOwned { oid: ID_RSAES_OAEP, parameters: Some(Any::encode_from(&parameters).ok()?) })
}

fn agreed(
    key: &[u8],
    id: IssuerAndSerialNumber,
    public: &[u8],
    curve: &'static agreement::Algorithm,
) -> Option<RecipientInfo> {
    let ephemeral = agreement::PrivateKey::generate(curve).ok()?;
    let wrap = AlgorithmIdentifierOwned { oid: ID_AES_256_WRAP, parameters: None };
    let secret = shared_secret(&ephemeral, public)?;
    let kek = wrapping_key(&secret, Hash::Sha256.provider(), (KeyWrap::Aes256, &wrap), None)?;
    let mut wrapped = vec![0; key.len() + WRAP_BYTES];
    AesKek::new(&AES_256, &kek).ok()?.wrap(key, &mut wrapped).ok()?;
    let own = ephemeral.compute_public_key().ok()?;
    Some(RecipientInfo::Kari(KeyAgreeRecipientInfo {
        version: CmsVersion::V3,
        originator: OriginatorIdentifierOrKey::OriginatorKey(OriginatorPublicKey {
            algorithm: AlgorithmIdentifierOwned { oid: ID_EC_PUBLIC_KEY, parameters: None },
            public_key: BitString::from_bytes(own.as_ref()).ok()?,
        }),
        ukm: None,
        key_enc_alg: AlgorithmIdentifierOwned { oid: ECDH_SHA256, parameters: Some(Any::encode_from(&wrap).ok()?) },
        recipient_enc_keys: vec![RecipientEncryptedKey {
            rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(id),
            enc_key: OctetString::new(wrapped).ok()?,
        }],
    }))
}
