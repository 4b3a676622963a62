//! What a look through a whole store found: which rows, files and counters do not agree. No content.

use fumibako_model::{FolderName, OfficeNumber, Uid};

/// The result of looking through everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Bodies that were opened to their last frame.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages whose content has expired and whose rows are about to go.
    pub expired: u64,
    /// Files of bodies.
    pub files: u64,
    /// Those that no row names: on their way in, or left by a crash and removed by the next start.
    pub unnamed: u64,
    /// Their bytes.
    pub unnamed_bytes: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Of what kind.
    pub kind: FaultKind,
    /// The file, where in it, and what to do; or the counter, what it says and what is true.
    pub what: String,
    /// How many messages it concerns.
    pub messages: u64,
    /// Where they stand, as far as [`PLACES`] go.
    pub places: Vec<Seen>,
}

/// Most places named for one fault.
pub const PLACES: usize = 20;

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The database does not hold together.
    Database,
    /// A body cannot be read, or is not what its row says.
    Body,
    /// A folder's or an office's counters are not those of its messages.
    Counter,
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whose.
    pub office: OfficeNumber,
    /// In which folder.
    pub folder: FolderName,
    /// Under which UID.
    pub uid: Uid,
}
