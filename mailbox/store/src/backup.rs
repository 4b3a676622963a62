//! What a copy of a store holds, and whether it is whole.

use jiff::Timestamp;

use crate::bodies::Day;
use crate::inspect::Inspection;

/// A copy that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that the rows name and that could not be copied: the store itself lacks them.
    pub missing: Vec<String>,
}

/// A copy that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When it was made.
    pub made: Timestamp,
    /// Files that are as they were written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are not, and why.
    pub wrong: Vec<String>,
    /// What stands inside, if there were keys to open it.
    pub inside: Option<Inspection>,
}

/// A copy that was made a store again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the copy was made: what came later is not in it.
    pub made: Timestamp,
    /// SHA-256, in hex, of its list, which names every file with its own.
    pub list: String,
    /// Files of bodies that were put back.
    pub files: u64,
    /// Days whose content was erased since: it stays erased.
    pub erased: Vec<Day>,
    /// Days for which there is no key, though nobody erased it: an older copy of the keys, mostly.
    pub without_key: Vec<Day>,
}

/// The end of the log that a store lacks, as its rows are older than what was given from them (Profile §8.20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The head that proves it, octet for octet: one loss, one head.
    pub head: Vec<u8>,
    /// How many times at most something was given from the rows as they are: this one, and those that were lost since they were copied.
    pub times: u32,
}
