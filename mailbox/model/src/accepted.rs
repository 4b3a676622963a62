//! What the operator accepted of bundles of which evidence was taken away (Profile §8.20): it is signed, and lies beside the evidence key.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The operator's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// 1.
    pub v: u8,
    /// The domain of the gateway.
    pub log: String,
    /// When it was said.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The bundles, as they were shown then.
    pub bundles: Vec<ShownBundle>,
    /// When a key that took the place of another signed it anew (Profile §8.16).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub taken_over: Option<Timestamp>,
}

/// A bundle as it is shown: what no evidence is there for, once it is accepted, is no fault. What is shown beyond it is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownBundle {
    /// Its number in this store.
    pub bundle: i64,
    /// SHA-256, in hex, over what of its row never changes.
    pub row: String,
    /// The number of its state.
    pub state: i64,
    /// The piece of evidence that its row names for its receipt.
    pub received: Option<i64>,
    /// The keywords of its copies that tell of an end.
    pub marks: BTreeSet<String>,
}
