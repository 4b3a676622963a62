//! Digests and signatures: how each is read, written and computed. Which of them are allowed is said in [`crate::allowed`].

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self as aws, UnparsedPublicKey, VerificationAlgorithm};
use const_oid::db::rfc5912::{ID_MGF_1, ID_RSASSA_PSS, ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::{Any, Sequence, Tag, Tagged as _};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::allowed::{self, End, Means};

mod lattice;
mod public;

pub use lattice::MlDsa;
pub(crate) use lattice::MlKem;
pub(crate) use public::{KeyKind, rsa_modulus, rsa_size};

/// A signature algorithm this crate accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    Rsa(Hash),
    /// RSASSA-PSS with MGF1 of the same hash and a salt of its length (RFC 8017 §8.1).
    RsaPss(Hash),
    /// ECDSA on P-256 or P-384 (RFC 5753 §2.1).
    Ecdsa(Hash),
    /// Ed25519 (RFC 8419).
    Ed25519,
    /// ML-DSA over the whole message, with an empty context; the digest is that of the content (RFC 9882 §3).
    MlDsa(MlDsa, Hash),
}

/// How an RSA key signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RsaPadding {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2): every mail program reads it.
    #[default]
    Pkcs1,
    /// RSASSA-PSS with SHA-256 and a salt of 32 octets (RFC 8017 §8.1, RFC 4056).
    Pss,
}

/// A digest this crate accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

/// Why an algorithm or key is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Known, and too weak.
    #[error("{0} is too weak")]
    Weak(&'static str),
    /// Not in the table.
    #[error("{0} is not among the allowed algorithms")]
    Unknown(String),
    /// Parameters, digest and key do not belong together.
    #[error("the algorithms named do not fit together: {0}")]
    Mismatch(&'static str),
}

impl Algorithm {
    /// Reads a signature algorithm beside the digest the signer named (RFC 5652 §5.3); a certificate names no digest.
    pub(crate) fn read(signature: &AlgorithmIdentifierOwned, digest: Option<Hash>) -> Result<Self, Refused> {
        let signs = |means| match means {
            Means::Signature(_) | Means::RsaSignature | Means::PssSignature => Some(means),
            _ => None,
        };
        let algorithm = match allowed::find(signature.oid, signs)? {
            Means::RsaSignature => Self::Rsa(digest.ok_or(Refused::Mismatch("a signature without a digest"))?),
            Means::PssSignature => Self::RsaPss(pss_hash(signature)?),
            // RFC 9882 §3.3: the content's digest is the signer's choice, if it is strong enough.
            Means::Signature(Self::MlDsa(set, usual)) => match digest.unwrap_or(usual) {
                hash if set.goes_with(hash) => Self::MlDsa(set, hash),
                _ => return Err(Refused::Mismatch("ML-DSA with a digest that is weaker than it")),
            },
            Means::Signature(algorithm) => algorithm,
            _ => return Err(Refused::Unknown(signature.oid.to_string())),
        };
        match algorithm {
            // RFC 4055 §5: NULL, and absent is read too.
            Self::Rsa(_) => null_or_absent(signature)?,
            // RFC 5758 §3.2, RFC 8410 §3, RFC 9882 §3.2: absent.
            Self::Ecdsa(_) | Self::Ed25519 | Self::MlDsa(..) if signature.parameters.is_some() => {
                return Err(PARAMETERS);
            }
            Self::RsaPss(_) | Self::Ecdsa(_) | Self::Ed25519 | Self::MlDsa(..) => {}
        }
        match digest {
            Some(named) if algorithm.hash() != named => Err(Refused::Mismatch("the digest of signer and signature")),
            _ => Ok(algorithm),
        }
    }

    /// The digest over the content. RFC 8419 §3: Ed25519 goes with SHA-512.
    pub(crate) fn hash(self) -> Hash {
        match self {
            Self::Rsa(hash) | Self::RsaPss(hash) | Self::Ecdsa(hash) | Self::MlDsa(_, hash) => hash,
            Self::Ed25519 => Hash::Sha512,
        }
    }

    /// Until when such signatures are believed.
    pub(crate) fn end(self) -> End {
        match self {
            Self::RsaPss(_) => allowed::end_of(Means::PssSignature),
            Self::MlDsa(set, _) => allowed::end_of(Means::Signature(Self::MlDsa(set, Hash::Sha512))),
            named => allowed::end_of(Means::Signature(named)),
        }
    }

    /// Whether `signature` over `message` was made with the private half of `key`.
    pub(crate) fn verify(
        self,
        key: &SubjectPublicKeyInfoOwned,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Result<(), BadSignature>, Refused> {
        use Hash::{Sha256, Sha384, Sha512};
        use KeyKind::{P256, P384};
        let kind = match (self, KeyKind::of(key)?) {
            // RFC 4055 §1.2: a key for RSASSA-PSS alone, perhaps with one digest.
            (Self::RsaPss(hash), KeyKind::RsaPss(only)) if only.is_none_or(|only| only == hash) => KeyKind::Rsa,
            (_, kind) => kind,
        };
        let verifier: &'static dyn VerificationAlgorithm = match (self, kind) {
            (Self::Rsa(Sha256), KeyKind::Rsa) => &aws::RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa(Sha384), KeyKind::Rsa) => &aws::RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa(Sha512), KeyKind::Rsa) => &aws::RSA_PKCS1_2048_8192_SHA512,
            (Self::RsaPss(Sha256), KeyKind::Rsa) => &aws::RSA_PSS_2048_8192_SHA256,
            (Self::RsaPss(Sha384), KeyKind::Rsa) => &aws::RSA_PSS_2048_8192_SHA384,
            (Self::RsaPss(Sha512), KeyKind::Rsa) => &aws::RSA_PSS_2048_8192_SHA512,
            (Self::Ecdsa(Sha256), P256) => &aws::ECDSA_P256_SHA256_ASN1,
            (Self::Ecdsa(Sha384), P256) => &aws::ECDSA_P256_SHA384_ASN1,
            (Self::Ecdsa(Sha512), P256) => &aws::ECDSA_P256_SHA512_ASN1,
            (Self::Ecdsa(Sha256), P384) => &aws::ECDSA_P384_SHA256_ASN1,
            (Self::Ecdsa(Sha384), P384) => &aws::ECDSA_P384_SHA384_ASN1,
            (Self::Ecdsa(Sha512), P384) => &aws::ECDSA_P384_SHA512_ASN1,
            (Self::Ed25519, KeyKind::Ed25519) => &aws::ED25519,
            (Self::MlDsa(set, _), KeyKind::MlDsa(of)) if set == of => set.verifier(),
            _ => return Err(Refused::Mismatch("the signature and the key")),
        };
        let key = UnparsedPublicKey::new(verifier, key.subject_public_key.raw_bytes());
        Ok(key.verify(message, signature).map_err(|_| BadSignature))
    }
}

/// The signature does not fit the key.
pub(crate) struct BadSignature;

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa(hash) => write!(f, "RSA with {hash}"),
            Self::RsaPss(hash) => write!(f, "RSA-PSS with {hash}"),
            Self::Ecdsa(hash) => write!(f, "ECDSA with {hash}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::MlDsa(set, _) => f.write_str(set.name()),
        }
    }
}

impl Hash {
    pub(crate) fn read(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, Refused> {
        let hash = allowed::find(algorithm.oid, |means| match means {
            Means::Digest(hash) => Some(hash),
            _ => None,
        })?;
        // RFC 5754 §2: absent or NULL.
        null_or_absent(algorithm)?;
        Ok(hash)
    }

    /// RFC 5754 §2: written without parameters.
    pub(crate) fn identifier(self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::Sha256 => ID_SHA_256,
            Self::Sha384 => ID_SHA_384,
            Self::Sha512 => ID_SHA_512,
        };
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    fn bytes(self) -> u16 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of these octets.
    pub fn of(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(self.provider(), bytes)
    }

    pub(crate) fn provider(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// RFC 8551 §3.5.3.2, also as older programs spell it.
    pub(crate) fn from_micalg(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "sha-256" | "sha256" => Some(Self::Sha256),
            "sha-384" | "sha384" => Some(Self::Sha384),
            "sha-512" | "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// RFC 8551 §3.5.3.2: how `micalg` spells it.
    pub(crate) fn micalg(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// SHA-256, the digest by which messages and certificates are known.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    to_array(&Hash::Sha256.of(bytes))
}

/// The octets of a SHA-256 digest.
pub(crate) fn to_array(digest: &digest::Digest) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest.as_ref());
    octets
}

/// RFC 4055 §3.1.
#[derive(Sequence)]
struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

/// Absent fields mean SHA-1 and a salt of 20: too weak. The provider takes only a salt as long as the digest.
fn pss_hash(algorithm: &AlgorithmIdentifierOwned) -> Result<Hash, Refused> {
    let (hash, salt) = pss(algorithm)?;
    if salt == hash.bytes() { Ok(hash) } else { Err(Refused::Mismatch("RSA-PSS needs a salt as long as its digest")) }
}

/// The digest and the salt's length.
fn pss(algorithm: &AlgorithmIdentifierOwned) -> Result<(Hash, u16), Refused> {
    const BROKEN: Refused = Refused::Mismatch("RSA-PSS parameters that do not decode");
    let any = algorithm.parameters.as_ref().ok_or(BROKEN)?;
    let parameters: PssParameters = any.decode_as().map_err(|_| BROKEN)?;
    let hash = Hash::read(&parameters.hash.ok_or(Refused::Weak("RSA-PSS with SHA-1"))?)?;
    let mask = parameters.mask.ok_or(Refused::Weak("RSA-PSS with MGF1 of SHA-1"))?;
    let inner = mask.parameters.as_ref().and_then(|any| any.decode_as::<AlgorithmIdentifierOwned>().ok());
    if mask.oid != ID_MGF_1 || Hash::read(&inner.ok_or(BROKEN)?)? != hash {
        return Err(Refused::Mismatch("the digests of RSA-PSS"));
    }
    if parameters.trailer.is_some_and(|trailer| trailer != 1) {
        return Err(Refused::Mismatch("RSA-PSS with another trailer"));
    }
    Ok((hash, parameters.salt.unwrap_or(20)))
}

/// RFC 4055 §3.1: what our own RSA-PSS signatures announce.
pub(crate) fn pss_sha256() -> der::Result<AlgorithmIdentifierOwned> {
    let hash = AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: Some(Any::null()) };
    let mask = AlgorithmIdentifierOwned { oid: ID_MGF_1, parameters: Some(Any::encode_from(&hash)?) };
    let parameters = PssParameters { hash: Some(hash), mask: Some(mask), salt: Some(32), trailer: None };
    Ok(AlgorithmIdentifierOwned { oid: ID_RSASSA_PSS, parameters: Some(Any::encode_from(&parameters)?) })
}

const PARAMETERS: Refused = Refused::Mismatch("parameters where none belong");

fn null_or_absent(algorithm: &AlgorithmIdentifierOwned) -> Result<(), Refused> {
    let is_null = |any: &Any| any.tag() == Tag::Null && any.value().is_empty();
    if algorithm.parameters.as_ref().is_none_or(is_null) { Ok(()) } else { Err(PARAMETERS) }
}

#[cfg(test)]
mod tests {
    use const_oid::ObjectIdentifier;
    use const_oid::db::rfc5912::{
        ECDSA_WITH_SHA_256, RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
    };
    use const_oid::db::rfc8410::ID_ED_25519;

    use super::*;

    fn plain(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    #[test]
    fn parameters_stand_only_where_they_belong() {
        let read = |oid, parameters| Algorithm::read(&AlgorithmIdentifierOwned { oid, parameters }, None).map(|_| ());
        let (null, junk) = (Some(Any::null()), Some(Any::new(Tag::OctetString, [7].as_slice()).unwrap()));
        for oid in [SHA_256_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION] {
            assert_eq!([read(oid, None), read(oid, null.clone())], [Ok(()), Ok(())]);
            assert_eq!(read(oid, junk.clone()), Err(PARAMETERS));
        }
        for oid in [ECDSA_WITH_SHA_256, ID_ED_25519] {
            assert_eq!(read(oid, None), Ok(()));
            assert_eq!([read(oid, null.clone()), read(oid, junk.clone())], [Err(PARAMETERS), Err(PARAMETERS)]);
        }
        let hash = |parameters| Hash::read(&AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters }).map(|_| ());
        assert_eq!([hash(None), hash(null), hash(junk)], [Ok(()), Ok(()), Err(PARAMETERS)]);
    }

    #[test]
    fn the_unknown_is_refused_by_number() {
        let oid = ObjectIdentifier::new_unwrap("1.2.3.4");
        assert_eq!(Algorithm::read(&plain(oid), None), Err(Refused::Unknown("1.2.3.4".to_owned())));
    }

    #[test]
    fn signer_and_signature_name_the_same_digest() {
        let read = |oid, hash| Algorithm::read(&plain(oid), Some(hash));
        assert_eq!(read(RSA_ENCRYPTION, Hash::Sha384), Ok(Algorithm::Rsa(Hash::Sha384)));
        assert_eq!(read(ECDSA_WITH_SHA_256, Hash::Sha256), Ok(Algorithm::Ecdsa(Hash::Sha256)));
        assert!(matches!(read(ECDSA_WITH_SHA_256, Hash::Sha512), Err(Refused::Mismatch(_))));
        assert!(matches!(read(ID_ED_25519, Hash::Sha256), Err(Refused::Mismatch(_))));
        assert!(matches!(Algorithm::read(&plain(RSA_ENCRYPTION), None), Err(Refused::Mismatch(_))));
    }
}
