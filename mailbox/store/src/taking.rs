//! Orders about messages that stand in a folder, and what was handed over by them.

use fumibako_model::{FlagChange, Flags, FolderId, FolderName, MessageId, ModSeq, NamedFlags, Uid, UidValidity};

/// The UIDVALIDITY of a folder, and which messages of another are now in it: their UIDs there and here.
pub type Pairs = (UidValidity, Vec<(Uid, Uid)>);

/// COPY or MOVE, as an order to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOrder {
    /// From.
    pub folder: FolderId,
    /// Which; UIDs that name nothing are passed over.
    pub uids: Vec<Uid>,
    /// To.
    pub to: FolderName,
    /// They leave the folder they were in.
    pub moves: bool,
}

/// STORE, as an order to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagOrder {
    /// Where.
    pub folder: FolderId,
    /// Which; UIDs that name nothing are passed over.
    pub uids: Vec<Uid>,
    /// How.
    pub change: FlagChange,
    /// What.
    pub flags: NamedFlags,
    /// Messages that changed after this stay as they are (RFC 7162 §3.1.3).
    pub unchanged_since: Option<ModSeq>,
    /// The asker's view is of this change.
    pub since: ModSeq,
}

/// Does a change of flags say that messages were seen?
pub fn marks_seen(change: FlagChange, flags: &NamedFlags) -> bool {
    change != FlagChange::Remove && flags.system & Flags::SEEN.system != 0
}

/// What an order came to, and which bundles were handed over by it: those of the messages it marked as seen, or removed, that had gone whole
/// to whoever gave it (Profile §8.10). Both in one commit, as nothing marks or removes them again.
///
/// | a crash                  | finds on restart                              | who asked                              |
/// |--------------------------|-----------------------------------------------|----------------------------------------|
/// | before the commit        | neither; still kept is to whom they went      | has no answer, and marks them again    |
/// | after it, before answers | both, with the evidence and the report due    | finds them marked, or gone             |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken<T> {
    /// The answer to the order.
    pub answer: T,
    /// What was handed over by it, and was not before.
    pub handed_over: Vec<MessageId>,
}

impl Taken<()> {
    /// An order that was done, and what was handed over by it.
    pub fn by(handed_over: Vec<MessageId>) -> Self {
        Self { answer: (), handed_over }
    }
}
