//! Answers about the audit.

use serde::{Deserialize, Serialize};

/// What the look through the audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActsReport {
    /// Rows there are.
    pub rows: u64,
    /// Days whose last head is signed.
    pub heads: u64,
    /// The first row that is not as it was.
    pub broken: Option<u64>,
    /// What is wrong with it.
    pub what: String,
}
