//! Which algorithms and keys are allowed, for what, and until when: one table (Profile §4.17). What is not in it is refused
//! by its number, what is weak or not read here by its name. An end is the last moment at which a signature or an envelope
//! is believed; what was believed before stays so, since it is judged as of its arrival. Key files of our own user (PKCS#12)
//! are no matter of trust and stand elsewhere.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5911, rfc5912, rfc8410};
use jiff::Timestamp;
use spki::SubjectPublicKeyInfoOwned;

use crate::algorithm::{Algorithm, Hash, KeyKind, MlDsa, MlKem, Refused, rsa_modulus};
use crate::elsewhere::UnwrappingWay;

/// What an identifier stands for, in the place where it may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// A digest over content.
    Digest(Hash),
    /// A signature, with the digest it names or the usual one.
    Signature(Algorithm),
    /// A signature by an RSA key; another place names the digest (RFC 3370 §3.2).
    RsaSignature,
    /// A signature whose parameters name the digest (RFC 4056 §3).
    PssSignature,
    /// A kind of public key.
    Key(KeyKind),
    /// An elliptic key's curve (RFC 5480 §2.1.1).
    Curve(KeyKind),
    /// The cipher of a content.
    Content(ContentCipher),
    /// A content's key under an RSA key: PKCS #1 v1.5.
    Pkcs1,
    /// The same: OAEP, with a digest that its parameters name.
    Oaep,
    /// The digest of OAEP.
    OaepDigest(UnwrappingWay),
    /// A key agreed upon by ECDH, and derived with this digest (RFC 5753 §7.1.4).
    Agreement(Derivation),
    /// A key derived from an encapsulated secret (RFC 8619).
    Hkdf,
    /// A key wrapped with another.
    Wrap(KeyWrap),
    /// Nothing that is believed.
    Weak,
    /// Nothing that this build reads.
    Unread,
}

/// The cipher of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCipher {
    Aes128Gcm,
    Aes256Gcm,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
}

/// The digest that derives a key from an agreed secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Derivation {
    Sha1,
    Strong(Hash),
}

/// A key wrap (RFC 3394), by the size of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyWrap {
    Aes128,
    Aes256,
}

impl KeyWrap {
    /// Octets of the key that wraps.
    pub(crate) fn key_bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }
}

/// The last moment, and what is said after it.
pub(crate) type End = Option<(Timestamp, &'static str)>;

/// One line of the table.
struct Row {
    oid: ObjectIdentifier,
    name: &'static str,
    means: Means,
    /// Keys of fewer bits than this; of all sizes if there is no limit.
    below_bits: Option<usize>,
    end: End,
}

const fn row(oid: ObjectIdentifier, name: &'static str, means: Means) -> Row {
    Row { oid, name, means, below_bits: None, end: None }
}

const fn weak(oid: ObjectIdentifier, name: &'static str) -> Row {
    row(oid, name, Means::Weak)
}

const fn unread(oid: ObjectIdentifier, name: &'static str) -> Row {
    row(oid, name, Means::Unread)
}

/// What withstands a quantum computer, as far as anybody knows: read with the feature `pqc` only, until more programs do.
const fn pqc(oid: ObjectIdentifier, name: &'static str, means: Means) -> Row {
    row(oid, name, if cfg!(feature = "pqc") { means } else { Means::Unread })
}

impl Row {
    const fn until(self, end: Timestamp, ended: &'static str) -> Self {
        Self { end: Some((end, ended)), ..self }
    }

    const fn below(self, bits: usize) -> Self {
        Self { below_bits: Some(bits), ..self }
    }
}

const fn oid(arcs: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(arcs)
}

/// The end of 112 bits of security in NIST SP 800-57 Part 1 (Table 4) and in CRYPTREC's list of 2022, and of SHA-1 for
/// whatever use at NIST: 2030, in Japan.
const END_OF_2030: Timestamp = Timestamp::constant(1_924_959_599, 0);

/// The first row that fits counts.
const TABLE: [Row; 70] = [
    // Digests (RFC 5754 §2).
    row(rfc5912::ID_SHA_256, "SHA-256", Means::Digest(Hash::Sha256)),
    row(rfc5912::ID_SHA_384, "SHA-384", Means::Digest(Hash::Sha384)),
    row(rfc5912::ID_SHA_512, "SHA-512", Means::Digest(Hash::Sha512)),
    weak(rfc5912::ID_MD_2, "MD2"),
    weak(rfc5912::ID_MD_5, "MD5"),
    weak(rfc5912::ID_SHA_1, "SHA-1"),
    weak(rfc5912::ID_SHA_224, "SHA-224"),
    // Signatures (RFC 5754 §3, RFC 4056, RFC 8419, RFC 9882).
    row(rfc5912::RSA_ENCRYPTION, "RSA", Means::RsaSignature),
    row(rfc5912::ID_RSASSA_PSS, "RSA-PSS", Means::PssSignature),
    signature(rfc5912::SHA_256_WITH_RSA_ENCRYPTION, "RSA with SHA-256", Algorithm::Rsa(Hash::Sha256)),
    signature(rfc5912::SHA_384_WITH_RSA_ENCRYPTION, "RSA with SHA-384", Algorithm::Rsa(Hash::Sha384)),
    signature(rfc5912::SHA_512_WITH_RSA_ENCRYPTION, "RSA with SHA-512", Algorithm::Rsa(Hash::Sha512)),
    signature(rfc5912::ECDSA_WITH_SHA_256, "ECDSA with SHA-256", Algorithm::Ecdsa(Hash::Sha256)),
    signature(rfc5912::ECDSA_WITH_SHA_384, "ECDSA with SHA-384", Algorithm::Ecdsa(Hash::Sha384)),
    signature(rfc5912::ECDSA_WITH_SHA_512, "ECDSA with SHA-512", Algorithm::Ecdsa(Hash::Sha512)),
    signature(rfc8410::ID_ED_25519, "Ed25519", Algorithm::Ed25519),
    ml_dsa_signature(MlDsa::MlDsa44),
    ml_dsa_signature(MlDsa::MlDsa65),
    ml_dsa_signature(MlDsa::MlDsa87),
    weak(rfc5912::MD_2_WITH_RSA_ENCRYPTION, "RSA with MD2"),
    weak(rfc5912::MD_5_WITH_RSA_ENCRYPTION, "RSA with MD5"),
    weak(rfc5912::SHA_1_WITH_RSA_ENCRYPTION, "RSA with SHA-1"),
    weak(oid("1.3.14.3.2.29"), "RSA with SHA-1"),
    weak(rfc5912::SHA_224_WITH_RSA_ENCRYPTION, "RSA with SHA-224"),
    weak(oid("1.2.840.10045.4.1"), "ECDSA with SHA-1"),
    weak(rfc5912::ECDSA_WITH_SHA_224, "ECDSA with SHA-224"),
    weak(rfc5912::ID_DSA, "DSA"),
    weak(rfc5912::DSA_WITH_SHA_1, "DSA with SHA-1"),
    weak(oid("2.16.840.1.101.3.4.3.1"), "DSA with SHA-224"),
    weak(oid("2.16.840.1.101.3.4.3.2"), "DSA with SHA-256"),
    unread(oid("1.3.101.113"), "Ed448"),
    // Keys.
    row(rfc5912::RSA_ENCRYPTION, "RSA below 3072 bits", Means::Key(KeyKind::Rsa))
        .below(3072)
        .until(END_OF_2030, "RSA below 3072 bits after 2030"),
    row(rfc5912::RSA_ENCRYPTION, "RSA", Means::Key(KeyKind::Rsa)),
    row(rfc5912::ID_RSASSA_PSS, "RSA-PSS below 3072 bits", Means::Key(KeyKind::RsaPss(None)))
        .below(3072)
        .until(END_OF_2030, "RSA below 3072 bits after 2030"),
    row(rfc5912::ID_RSASSA_PSS, "RSA-PSS", Means::Key(KeyKind::RsaPss(None))),
    row(rfc5912::SECP_256_R_1, "P-256", Means::Curve(KeyKind::P256)),
    row(rfc5912::SECP_384_R_1, "P-384", Means::Curve(KeyKind::P384)),
    weak(oid("1.2.840.10045.3.1.1"), "P-192"),
    weak(rfc5912::SECP_224_R_1, "P-224"),
    unread(rfc5912::SECP_521_R_1, "P-521"),
    row(rfc8410::ID_ED_25519, "Ed25519", Means::Key(KeyKind::Ed25519)),
    ml_dsa_key(MlDsa::MlDsa44),
    ml_dsa_key(MlDsa::MlDsa65),
    ml_dsa_key(MlDsa::MlDsa87),
    ml_kem_key(MlKem::MlKem512),
    ml_kem_key(MlKem::MlKem768),
    ml_kem_key(MlKem::MlKem1024),
    // How a content's key reaches its reader (RFC 3370 §4.2, RFC 3560, RFC 5753, RFC 9629). SHA-1 is sound in these places
    // (RFC 8017 §7.1), and older programs know no other.
    row(rfc5912::RSA_ENCRYPTION, "RSA by PKCS #1 v1.5", Means::Pkcs1),
    row(rfc5912::ID_RSAES_OAEP, "RSA-OAEP", Means::Oaep),
    row(rfc5912::ID_SHA_256, "RSA-OAEP with SHA-256", Means::OaepDigest(UnwrappingWay::OaepSha256)),
    row(rfc5912::ID_SHA_1, "RSA-OAEP with SHA-1", Means::OaepDigest(UnwrappingWay::OaepSha1))
        .until(END_OF_2030, "RSA-OAEP with SHA-1 after 2030"),
    row(ECDH_SHA1, "ECDH with SHA-1", Means::Agreement(Derivation::Sha1))
        .until(END_OF_2030, "ECDH with SHA-1 after 2030"),
    row(ECDH_SHA256, "ECDH with SHA-256", Means::Agreement(Derivation::Strong(Hash::Sha256))),
    row(oid("1.3.132.1.11.2"), "ECDH with SHA-384", Means::Agreement(Derivation::Strong(Hash::Sha384))),
    row(oid("1.3.132.1.11.3"), "ECDH with SHA-512", Means::Agreement(Derivation::Strong(Hash::Sha512))),
    pqc(HKDF_SHA256, "HKDF with SHA-256", Means::Hkdf),
    row(rfc5911::ID_AES_128_WRAP, "AES-128 key wrap", Means::Wrap(KeyWrap::Aes128)),
    row(rfc5911::ID_AES_256_WRAP, "AES-256 key wrap", Means::Wrap(KeyWrap::Aes256)),
    // The provider has none.
    unread(rfc5911::ID_AES_192_WRAP, "AES-192 key wrap"),
    weak(oid("1.2.840.113549.1.9.16.3.6"), "Triple DES key wrap"),
    // Ciphers (RFC 3565, RFC 5084).
    row(rfc5911::ID_AES_128_GCM, "AES-128-GCM", Means::Content(ContentCipher::Aes128Gcm)),
    row(rfc5911::ID_AES_256_GCM, "AES-256-GCM", Means::Content(ContentCipher::Aes256Gcm)),
    row(rfc5911::ID_AES_128_CBC, "AES-128-CBC", Means::Content(ContentCipher::Aes128Cbc)),
    row(rfc5911::ID_AES_192_CBC, "AES-192-CBC", Means::Content(ContentCipher::Aes192Cbc)),
    row(rfc5911::ID_AES_256_CBC, "AES-256-CBC", Means::Content(ContentCipher::Aes256Cbc)),
    unread(rfc5911::ID_AES_192_GCM, "AES-192-GCM"),
    weak(oid("1.2.840.113549.3.7"), "Triple DES"),
    weak(oid("1.2.840.113549.3.2"), "RC2"),
    weak(oid("1.2.840.113549.3.4"), "RC4"),
    weak(oid("1.3.14.3.2.7"), "DES"),
];

const fn signature(oid: ObjectIdentifier, name: &'static str, algorithm: Algorithm) -> Row {
    row(oid, name, Means::Signature(algorithm))
}

const fn ml_dsa_signature(set: MlDsa) -> Row {
    pqc(set.oid(), set.name(), Means::Signature(Algorithm::MlDsa(set, Hash::Sha512)))
}

const fn ml_dsa_key(set: MlDsa) -> Row {
    pqc(set.oid(), set.name(), Means::Key(KeyKind::MlDsa(set)))
}

const fn ml_kem_key(set: MlKem) -> Row {
    pqc(set.oid(), set.name(), Means::Key(KeyKind::MlKem(set)))
}

/// RFC 5753 §7.1.4: dhSinglePass-stdDH with the X9.63 derivation of a digest.
const ECDH_SHA1: ObjectIdentifier = oid("1.3.133.16.840.63.0.2");
pub(crate) const ECDH_SHA256: ObjectIdentifier = oid("1.3.132.1.11.1");
/// RFC 8619 §2.
pub(crate) const HKDF_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.28");

/// What an identifier means in a place that takes what `pick` picks.
pub(crate) fn find<T>(oid: ObjectIdentifier, pick: impl Fn(Means) -> Option<T>) -> Result<T, Refused> {
    let mut rows = TABLE.iter().filter(|row| row.oid == oid);
    rows.clone().find_map(|row| pick(row.means)).ok_or_else(|| {
        // Known for another place only: a number says more there than a name.
        match rows.find(|row| matches!(row.means, Means::Weak | Means::Unread)) {
            Some(Row { means: Means::Weak, name, .. }) => Refused::Weak(name),
            Some(row) => Refused::Unknown(row.name.to_owned()),
            None => Refused::Unknown(oid.to_string()),
        }
    })
}

/// Until when this is allowed. `None`: no end is set.
pub(crate) fn end_of(means: Means) -> End {
    let found = TABLE.iter().find(|row| row.means == means && row.below_bits.is_none());
    found.and_then(|row| row.end)
}

/// What this is called.
pub(crate) fn name_of(means: Means) -> &'static str {
    TABLE.iter().find(|row| row.means == means).map_or("", |row| row.name)
}

/// Until when this key is allowed, and what is said of it afterwards.
pub(crate) fn end(key: &SubjectPublicKeyInfoOwned) -> Result<End, Refused> {
    let kind = KeyKind::of(key)?;
    let bits = match kind {
        KeyKind::Rsa | KeyKind::RsaPss(_) => bits_of(&rsa_modulus(key.subject_public_key.raw_bytes())?),
        _ => usize::MAX,
    };
    Ok(end_in(&TABLE, kind, bits))
}

/// What a table says of a kind of key. A digest that an RSA-PSS key is bound to makes it no other kind.
fn end_in(table: &[Row], kind: KeyKind, bits: usize) -> End {
    let is_of = |row: &&Row| match (row.means, kind) {
        (Means::Key(KeyKind::RsaPss(_)), KeyKind::RsaPss(_)) => true,
        (Means::Key(of) | Means::Curve(of), kind) => of == kind,
        _ => false,
    };
    let row = table.iter().filter(is_of).find(|row| row.below_bits.is_none_or(|below| bits < below));
    row.and_then(|row| row.end)
}

/// Whether what has this end is still believed at `at`.
pub(crate) fn by(end: End, at: Timestamp) -> Result<(), Refused> {
    match end {
        Some((until, ended)) if at > until => Err(Refused::Weak(ended)),
        _ => Ok(()),
    }
}

fn bits_of(modulus: &[u8]) -> usize {
    modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests;
