//! The log of evidence: a Merkle tree over all of it in the order of commits (RFC 9162 §2.1, with SHA-256), so that one
//! signature over its head vouches for every piece, and for the order they came in (Profile §8.13).
//!
//! Start at [`Growth`] (the log grows), [`Nodes`] (proofs), [`included`] and [`extended`] (whether proofs hold).
//!
//! Of the tree only every eighth level is kept, in tiles of 256 hashes: the leaves, the roots of 256 leaves, of 65,536, and so
//! on. 32 bytes and a little a piece; what lies between is computed from at most 256 hashes.

mod grow;
mod prove;
mod verify;

use fumibako_signer::Hash as Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::EvidenceId;

pub use grow::{Growth, TILE, Tile};
pub use prove::Nodes;
pub use verify::{extended, included};

/// A hash of the tree.
pub type Hash = [u8; 32];

/// What the gateway signs: the log as it stood at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The form of this: 1.
    pub v: u8,
    /// Whose log: the gateway's mail domain.
    pub log: String,
    /// Pieces of evidence in it.
    pub size: u64,
    /// The root of the tree over them, in hex.
    pub root: String,
    /// When it was signed.
    pub at: Timestamp,
    /// When and where the log last went on from an older state, as after a backup was restored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub set_back: Option<SetBack>,
    /// The last piece of evidence beside which what a recipient said may be missing, for none was kept so early; 0 where all of it was
    /// kept (Profile §8.18). Heads that were signed before this was said have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub words_from: Option<EvidenceId>,
    /// The keys that signed before this one (Profile §8.16), the latest first. Heads that were signed before this was said have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub former: Option<Vec<FormerKey>>,
    /// From this piece on all that the gateway wrote down bore its seal until it was signed for (Profile §8.20). Heads that were signed before
    /// this was said have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sealed_from: Option<u64>,
    /// What its key took over when it took the place of another (Profile §8.20). The heads of a first key have none, and those that were signed
    /// before this was said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub took_over: Option<TookOver>,
    /// Notes of what went out bear the gateway's seal (Profile §8.10). Heads that were signed before they did do not say it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub notes_sealed: bool,
    /// The head after which it stands in the log, and which stays there as long as it does (Profile §8.13). The first has none before it, and
    /// heads that were signed before this was said do not say it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<HeadBefore>,
}

/// The head that stands before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadBefore {
    /// Pieces under it.
    pub size: u64,
    /// SHA-256 of it, with its signature, in hex.
    pub sha256: String,
}

/// What a key took over: what the operator accepted under those before it, and what waited for a signature under their seal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TookOver {
    /// So many pieces there were then; of what comes after them no seal of a former key counts. 0 where none does any more.
    pub pieces: u64,
    /// Rows of the audit, likewise.
    pub rows: u64,
}

/// A key that another took the place of, and how far its word goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerKey {
    /// SHA-256 of its certificate, in hex.
    pub key: String,
    /// Pieces under the last head that it signed; none of its heads is over more.
    pub size: u64,
    /// The root over them, in hex.
    pub root: String,
    /// When the key after it began; none of its heads is of later.
    pub until: Timestamp,
    /// Rows under the last head of the audit then; none of its heads is over more (Profile §16.2). Heads that were signed before this was
    /// said have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<u64>,
}

impl Head {
    /// Over so many pieces with this root, in hex; nothing else is said.
    pub fn over(log: impl Into<String>, (size, root): (u64, String), at: Timestamp) -> Self {
        Self {
            v: 1,
            log: log.into(),
            size,
            root,
            at,
            set_back: None,
            words_from: None,
            former: None,
            sealed_from: None,
            took_over: None,
            notes_sealed: false,
            before: None,
        }
    }
}

/// The gateway's word that its log lost its end: a head given out before, and longer than this, is continued by none that has it
/// (Profile §8.20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBack {
    /// Pieces it went on from.
    pub size: u64,
    /// The root over them, in hex.
    pub root: String,
    /// When that was noticed, or done.
    pub at: Timestamp,
    /// Pieces under the last head that is known to have been signed before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lost: Option<u64>,
    /// When that happened before, the latest first; these have none before them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub earlier: Vec<SetBack>,
}

/// Most times that a head tells of.
pub const SET_BACKS: usize = 50;

impl SetBack {
    /// It and those before it, the latest first.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.earlier)
    }

    /// This one after all that these tell of: no later one makes an earlier one forgotten.
    #[must_use]
    pub fn after<'s>(self, told: impl Iterator<Item = &'s Self>) -> Self {
        let alone = |one: &Self| Self { earlier: Vec::new(), ..one.clone() };
        let mut earlier: Vec<_> = told.flat_map(Self::all).map(alone).collect();
        // In one order, whoever tells of them.
        earlier.sort_by_key(|one| std::cmp::Reverse((one.at, one.size, one.lost)));
        earlier.dedup();
        earlier.truncate(SET_BACKS - 1);
        Self { earlier, ..self }
    }
}

/// RFC 9162 §2.1.1: an entry's hash.
pub fn leaf(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry].concat())
}

/// RFC 9162 §2.1.1: the hash over two.
fn node(left: &Hash, right: &Hash) -> Hash {
    let mut octets = [1; 65];
    octets[1..33].copy_from_slice(left);
    octets[33..].copy_from_slice(right);
    sha256(&octets)
}

/// RFC 9162 §2.1.1: the root of no entries at all.
fn nothing() -> Hash {
    sha256(&[])
}

fn sha256(octets: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(Digest::Sha256.of(octets).as_ref());
    hash
}

/// RFC 9162 §2.1.1: the largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests;
