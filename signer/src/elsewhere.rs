//! Private keys that stay where they are: on a card, in a token, in another machine. They work for us and are never seen.

use zeroize::Zeroizing;

use crate::algorithm::Hash;

/// A key elsewhere. What it cannot do it answers with `None`; why is told by whoever keeps it.
pub trait KeyElsewhere: Send + Sync {
    /// Signs a digest. An RSA signature comes as its octets, an elliptic one as in RFC 3279 §2.2.3.
    fn sign(&self, digest: &[u8], way: SigningWay) -> Option<Vec<u8>>;

    /// Takes out a content's key that was wrapped for an RSA key. A wrong padding is `None` as well.
    fn decrypt(&self, wrapped: &[u8], way: UnwrappingWay) -> Option<Zeroizing<Vec<u8>>>;

    /// The secret that an elliptic key shares with the owner of this uncompressed point (RFC 5480 §2.2).
    fn agree(&self, point: &[u8]) -> Option<Zeroizing<Vec<u8>>>;
}

/// How a digest is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningWay {
    /// RSASSA-PKCS1-v1_5 over a digest of this kind (RFC 8017 §8.2).
    RsaPkcs1(Hash),
    /// RSASSA-PSS, its mask and salt of the same kind (RFC 8017 §8.1).
    RsaPss(Hash),
    /// ECDSA on the key's curve.
    Ecdsa,
}

/// How a key was wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnwrappingWay {
    /// RSAES-PKCS1-v1_5 (RFC 8017 §7.2).
    Pkcs1,
    /// RSAES-OAEP with SHA-1 in both places (RFC 8017 §7.1).
    OaepSha1,
    /// RSAES-OAEP with SHA-256 in both places.
    OaepSha256,
}
