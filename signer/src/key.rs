//! A private key: read, used, written out again; wiped when dropped, never printed. Or one that is elsewhere, and only used.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, AsRawBytes as _};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, PqdsaKeyPair, RsaKeyPair,
};
use const_oid::db::rfc5912::{ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::OctetStringRef;
use der::{Any, Decode as _, Sequence};
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::algorithm::{Hash, KeyKind, MlKem, Refused, RsaPadding, pss_sha256};
use crate::allowed::{self, Means};
use crate::certificate::Certificate;
use crate::elsewhere::{KeyElsewhere, SigningWay};
use crate::error::{IdentityError, SignError};

pub(crate) struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair, KeyKind),
    /// In its expanded form.
    MlKem(Zeroizing<Vec<u8>>, MlKem),
    Elsewhere(KeyKind, Arc<dyn KeyElsewhere>),
}

const BROKEN: IdentityError = IdentityError::Malformed("the private key does not decode");

impl PrivateKey {
    /// RFC 5958.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, IdentityError> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| BROKEN)?;
        let algorithm = AlgorithmIdentifierOwned {
            oid: info.algorithm.oid,
            parameters: info
                .algorithm
                .parameters
                .map(|any| Any::new(any.header().tag(), any.value()))
                .transpose()
                .map_err(|_| BROKEN)?,
        };
        let pair = match algorithm.oid {
            RSA_ENCRYPTION => Pair::Rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| unusable_rsa())?),
            ID_EC_PUBLIC_KEY => match KeyKind::curve(&algorithm)? {
                KeyKind::P256 => Pair::P256(EcdsaKeyPair::from_pkcs8(P256, der).map_err(|_| BROKEN)?),
                _ => Pair::P384(EcdsaKeyPair::from_pkcs8(P384, der).map_err(|_| BROKEN)?),
            },
            // RFC 8410 §7: with or without the public half.
            ID_ED_25519 => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(|_| BROKEN)?),
            oid => match allowed::find(oid, |means| if let Means::Key(kind) = means { Some(kind) } else { None })? {
                // RFC 9881 §6: as a seed, expanded, or both, which then agree.
                kind @ KeyKind::MlDsa(set) => {
                    Pair::MlDsa(PqdsaKeyPair::from_pkcs8(set.signer(), der).map_err(|_| BROKEN)?, kind)
                }
                KeyKind::MlKem(set) => Pair::MlKem(expanded(info.private_key.as_bytes(), set)?, set),
                _ => return Err(Refused::Unknown(oid.to_string()).into()),
            },
        };
        Ok(Self { pkcs8: Zeroizing::new(der.to_vec()), pair })
    }

    /// RFC 8017 §A.1.2, the `RSA PRIVATE KEY` of older files.
    pub(crate) fn from_rsa(der: &[u8]) -> Result<Self, IdentityError> {
        let pair = RsaKeyPair::from_der(der).map_err(|_| unusable_rsa())?;
        let pkcs8 = pair.as_der().map_err(|_| BROKEN)?.as_ref().to_vec();
        Ok(Self { pkcs8: Zeroizing::new(pkcs8), pair: Pair::Rsa(pair) })
    }

    /// RFC 5915, the `EC PRIVATE KEY` of older files.
    pub(crate) fn from_ec(der: &[u8]) -> Result<Self, IdentityError> {
        let pair = EcdsaKeyPair::from_private_key_der(P256, der)
            .map(Pair::P256)
            .or_else(|_| EcdsaKeyPair::from_private_key_der(P384, der).map(Pair::P384))
            .map_err(|_| BROKEN)?;
        let (Pair::P256(key) | Pair::P384(key)) = &pair else { return Err(BROKEN) };
        let pkcs8 = key.to_pkcs8v1().map_err(|_| BROKEN)?.as_ref().to_vec();
        Ok(Self { pkcs8: Zeroizing::new(pkcs8), pair })
    }

    /// A key that works elsewhere, of the kind its certificate says. Ed25519 is not among them: it signs no digests.
    pub(crate) fn elsewhere(key: Arc<dyn KeyElsewhere>, certificate: &Certificate) -> Result<Self, IdentityError> {
        match KeyKind::of(certificate.decoded().tbs_certificate().subject_public_key_info())? {
            KeyKind::Ed25519 => Err(Refused::Mismatch("an Ed25519 key elsewhere").into()),
            KeyKind::RsaPss(_) => Err(Refused::Mismatch("an RSA-PSS key elsewhere").into()),
            KeyKind::MlDsa(_) | KeyKind::MlKem(_) => Err(Refused::Mismatch("an ML-DSA or ML-KEM key elsewhere").into()),
            kind => Ok(Self { pkcs8: Zeroizing::default(), pair: Pair::Elsewhere(kind, key) }),
        }
    }

    /// RFC 5958; `None`: it is elsewhere.
    pub(crate) fn pkcs8(&self) -> Option<&[u8]> {
        match self.pair {
            Pair::Elsewhere(..) => None,
            _ => Some(&self.pkcs8),
        }
    }

    /// What of it is secret, in the one form that its kind has, however the file was written that it was read from; `None`: it is
    /// elsewhere.
    pub(crate) fn bare(&self) -> Option<Zeroizing<Vec<u8>>> {
        let octets = match &self.pair {
            // RFC 8017 §A.1.2: DER, so there is one form.
            Pair::Rsa(key) => key.as_der().ok()?.as_ref().to_vec(),
            Pair::P256(key) | Pair::P384(key) => key.private_key().as_be_bytes().ok()?.as_ref().to_vec(),
            Pair::Ed25519(key) => key.seed().ok()?.as_be_bytes().ok()?.as_ref().to_vec(),
            Pair::MlDsa(key, _) => key.private_key().as_raw_bytes().ok()?.as_ref().to_vec(),
            Pair::MlKem(key, _) => key.to_vec(),
            Pair::Elsewhere(..) => return None,
        };
        Some(Zeroizing::new(octets))
    }

    /// Whoever keeps it, if we do not.
    pub(crate) fn keeper(&self) -> Option<&dyn KeyElsewhere> {
        match &self.pair {
            Pair::Elsewhere(_, key) => Some(&**key),
            _ => None,
        }
    }

    fn kind(&self) -> KeyKind {
        match &self.pair {
            Pair::Rsa(_) => KeyKind::Rsa,
            Pair::P256(_) => KeyKind::P256,
            Pair::P384(_) => KeyKind::P384,
            Pair::Ed25519(_) => KeyKind::Ed25519,
            Pair::MlKem(_, set) => KeyKind::MlKem(*set),
            Pair::MlDsa(_, kind) | Pair::Elsewhere(kind, _) => *kind,
        }
    }

    /// Whether the certificate holds this key's public half.
    pub(crate) fn belongs_to(&self, certificate: &Certificate) -> bool {
        let ours = match &self.pair {
            Pair::Rsa(key) => key.public_key().as_ref(),
            Pair::P256(key) | Pair::P384(key) => key.public_key().as_ref(),
            Pair::Ed25519(key) => key.public_key().as_ref(),
            Pair::MlDsa(key, _) => key.public_key().as_ref(),
            Pair::MlKem(key, set) => set.public_half(key).unwrap_or_default(),
            Pair::Elsewhere(..) => return false,
        };
        certificate.decoded().tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes() == ours
    }

    /// The secret that somebody encapsulated for this key.
    pub(crate) fn decapsulated(&self, set: MlKem, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let Pair::MlKem(key, _) = &self.pair else { return None };
        let key = DecapsulationKey::new(set.provider(), key).ok()?;
        Some(Zeroizing::new(key.decapsulate(Ciphertext::from(ciphertext)).ok()?.as_ref().to_vec()))
    }

    /// The digest this key signs with: as strong as the key, SHA-256 at least. RFC 8419 §3.1: Ed25519 goes with SHA-512;
    /// RFC 9882 §3.3: so does ML-DSA.
    pub(crate) fn hash(&self) -> Hash {
        match self.kind() {
            KeyKind::Rsa | KeyKind::RsaPss(_) | KeyKind::P256 => Hash::Sha256,
            KeyKind::P384 => Hash::Sha384,
            KeyKind::Ed25519 | KeyKind::MlDsa(_) | KeyKind::MlKem(_) => Hash::Sha512,
        }
    }

    /// How a signature of this key is announced. RFC 3370 §3.2: every reader knows `rsaEncryption`; RFC 5754 §3.3;
    /// RFC 8419 §2.2.
    pub(crate) fn algorithm(&self, padding: RsaPadding) -> Result<AlgorithmIdentifierOwned, SignError> {
        let (oid, parameters) = match self.kind() {
            KeyKind::Rsa | KeyKind::RsaPss(_) if padding == RsaPadding::Pss => {
                return pss_sha256().map_err(|_| SignError::Provider);
            }
            KeyKind::Rsa | KeyKind::RsaPss(_) => (RSA_ENCRYPTION, Some(Any::null())),
            KeyKind::P256 => (ECDSA_WITH_SHA_256, None),
            KeyKind::P384 => (ECDSA_WITH_SHA_384, None),
            KeyKind::Ed25519 => (ID_ED_25519, None),
            KeyKind::MlDsa(set) => (set.oid(), None),
            KeyKind::MlKem(_) => return Err(SignError::Provider),
        };
        Ok(AlgorithmIdentifierOwned { oid, parameters })
    }

    /// Signs. `padding` matters to an RSA key only.
    pub(crate) fn sign(&self, message: &[u8], padding: RsaPadding) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let encoding = match padding {
                    RsaPadding::Pkcs1 => &aws::RSA_PKCS1_SHA256,
                    RsaPadding::Pss => &aws::RSA_PSS_SHA256,
                };
                key.sign(encoding, &random, message, &mut signature).map_err(|_| SignError::Provider)?;
                Ok(signature)
            }
            Pair::P256(key) | Pair::P384(key) => {
                Ok(key.sign(&random, message).map_err(|_| SignError::Provider)?.as_ref().to_vec())
            }
            Pair::Ed25519(key) => Ok(key.try_sign(message).map_err(|_| SignError::Provider)?.as_ref().to_vec()),
            Pair::MlDsa(key, _) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                key.sign(message, &mut signature).map_err(|_| SignError::Provider)?;
                Ok(signature)
            }
            Pair::MlKem(..) => Err(SignError::Provider),
            Pair::Elsewhere(kind, key) => {
                let hash = self.hash();
                let way = match (kind, padding) {
                    (KeyKind::Rsa, RsaPadding::Pkcs1) => SigningWay::RsaPkcs1(hash),
                    (KeyKind::Rsa, RsaPadding::Pss) => SigningWay::RsaPss(hash),
                    _ => SigningWay::Ecdsa,
                };
                key.sign(hash.of(message).as_ref(), way).ok_or(SignError::Provider)
            }
        }
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.pair {
            Pair::Rsa(_) => "‹RSA private key›",
            Pair::P256(_) => "‹P-256 private key›",
            Pair::P384(_) => "‹P-384 private key›",
            Pair::Ed25519(_) => "‹Ed25519 private key›",
            Pair::MlDsa(..) => "‹ML-DSA private key›",
            Pair::MlKem(..) => "‹ML-KEM private key›",
            Pair::Elsewhere(..) => "‹private key elsewhere›",
        })
    }
}

/// RFC 9935 §6.
#[derive(Sequence)]
struct SeedAndExpanded<'k> {
    seed: &'k OctetStringRef,
    expanded: &'k OctetStringRef,
}

/// RFC 9935 §6: the expanded form, alone or beside its seed. A seed alone the provider does not read.
fn expanded(key: &[u8], set: MlKem) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    const SEED: u8 = 0x80;
    if key.first() == Some(&SEED) {
        return Err(Refused::Unknown(format!("{} as a seed alone", set.name())).into());
    }
    let both = SeedAndExpanded::from_der(key).map(|both| (both.seed.as_bytes().len() == 64).then_some(both.expanded));
    let octets = both.unwrap_or_else(|_| <&OctetStringRef>::from_der(key).ok()).ok_or(BROKEN)?.as_bytes();
    if octets.len() != set.private_bytes() {
        return Err(BROKEN);
    }
    Ok(Zeroizing::new(octets.to_vec()))
}

static P256: &EcdsaSigningAlgorithm = &aws::ECDSA_P256_SHA256_ASN1_SIGNING;
static P384: &EcdsaSigningAlgorithm = &aws::ECDSA_P384_SHA384_ASN1_SIGNING;

/// The provider reads RSA keys of 2048 to 8192 bits only and does not say which rule a key broke.
fn unusable_rsa() -> IdentityError {
    Refused::Mismatch("an RSA private key that is broken or not of 2048 to 8192 bits").into()
}
