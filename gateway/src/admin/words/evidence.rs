//! What the gateway answers about its evidence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::EvidenceId;
use fumibako_store::{Proof, hex};
use serde::{Deserialize, Serialize};

/// A piece of evidence with what proves it, for years: `evidence export` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The form of this: 1.
    pub v: u8,
    /// The piece, octet for octet (Profile §8.12).
    pub entry: String,
    /// The hashes beside its way to the root, in hex (RFC 9162 §2.1.3).
    pub path: Vec<String>,
    /// The signed head of the log: CMS `SignedData` around its JSON, in base64.
    pub head: String,
    /// A time stamp over the head (RFC 3161), in base64.
    pub stamp: Option<String>,
}

impl From<Proof> for Export {
    fn from(Proof { entry, path, head, stamp }: Proof) -> Self {
        let path = path.iter().map(|hash| hex(hash)).collect();
        let (head, stamp) = (STANDARD.encode(head), stamp.map(|stamp| STANDARD.encode(stamp)));
        Self { v: 1, entry, path, head, stamp }
    }
}

/// All evidence held against the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// Pieces there should be.
    pub evidence: u64,
    /// Of these, under a signed head.
    pub logged: u64,
    /// Signed heads, one for each day.
    pub heads: u64,
    /// What is wrong; empty when nothing was touched.
    pub faults: Vec<Tampered>,
}

/// Evidence that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tampered {
    /// Its number in the log, or the first of those it may be.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// Its row, where that can be told.
    pub id: Option<EvidenceId>,
    /// What is wrong.
    pub what: String,
}
