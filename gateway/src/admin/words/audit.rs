//! Answers about the audit.

use serde::{Deserialize, Serialize};

use super::evidence::Remedy;

/// What the look through the audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActsReport {
    /// Rows there are.
    pub rows: u64,
    /// Days whose last head is signed.
    pub heads: u64,
    /// The first row that is not as it was.
    pub broken: Option<u64>,
    /// What is wrong with it, in English.
    pub what: String,
    /// The same in Japanese.
    #[serde(default)]
    pub what_ja: String,
    /// What to do next.
    #[serde(default)]
    pub next: Remedy,
}
