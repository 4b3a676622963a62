//! Which keys may sign and receive, and until when: one table. An end is the last moment at which a signature or an
//! envelope with such a key is believed; what was believed before stays so, since it is judged as of its arrival.

use jiff::Timestamp;
use spki::SubjectPublicKeyInfoOwned;

use crate::algorithm::{KeyKind, Refused, rsa_modulus};

/// A kind of key.
struct Row {
    kind: KeyKind,
    /// Keys of fewer bits than this; of all sizes if there is no limit.
    below_bits: Option<usize>,
    /// The last moment, if one is set.
    until: Option<Timestamp>,
    /// What is said after it.
    ended: &'static str,
}

/// The end of 112 bits of security in NIST SP 800-57 Part 1 (Table 4) and in CRYPTREC's list of 2022: 2030, in Japan.
const END_OF_112_BITS: Timestamp = Timestamp::constant(1_924_959_599, 0);

/// The first row that fits counts. ML-DSA and ML-KEM (RFC 9882, RFC 9936) will stand here too, with a beginning.
const TABLE: [Row; 5] = [
    Row {
        kind: KeyKind::Rsa,
        below_bits: Some(3072),
        until: Some(END_OF_112_BITS),
        ended: "RSA below 3072 bits after 2030",
    },
    Row { kind: KeyKind::Rsa, below_bits: None, until: None, ended: "" },
    Row { kind: KeyKind::P256, below_bits: None, until: None, ended: "" },
    Row { kind: KeyKind::P384, below_bits: None, until: None, ended: "" },
    Row { kind: KeyKind::Ed25519, below_bits: None, until: None, ended: "" },
];

/// Until when this key is allowed, and what is said of it afterwards. `None`: no end is set.
pub(crate) fn end(key: &SubjectPublicKeyInfoOwned) -> Result<Option<(Timestamp, &'static str)>, Refused> {
    // A key that says it signs by RSA-PSS only is an RSA key.
    let kind = match KeyKind::of(key)? {
        KeyKind::RsaPss(_) => KeyKind::Rsa,
        kind => kind,
    };
    let bits = match kind {
        KeyKind::Rsa | KeyKind::RsaPss(_) => bits_of(&rsa_modulus(key.subject_public_key.raw_bytes())?),
        KeyKind::P256 | KeyKind::Ed25519 => 256,
        KeyKind::P384 => 384,
    };
    let row = TABLE.iter().find(|row| row.kind == kind && row.below_bits.is_none_or(|below| bits < below));
    let row = row.ok_or(Refused::Weak("a key that is on no list"))?;
    Ok(row.until.map(|until| (until, row.ended)))
}

fn bits_of(modulus: &[u8]) -> usize {
    modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize)
}
