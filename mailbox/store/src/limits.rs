//! How much an office or an agent may have of what grows, and what it has.

/// Most folders of one office, the standard ones included (Profile §12). One more is refused as
/// [`TooManyFolders`](fumibako_model::Refusal::TooManyFolders).
pub const FOLDERS: usize = 200;

/// Most names an office subscribes to. One more is refused as [`TooManyFolders`](fumibako_model::Refusal::TooManyFolders).
pub const SUBSCRIPTIONS: usize = 1_000;

/// Most names of which an agent says whether it subscribes to them. One more is refused in the same way.
pub const AGENT_SUBSCRIPTIONS: usize = 1_000;

/// So many more for each office that ever gave it a mandate: what they cost grows with whom it serves, and not with what it likes.
pub const AGENT_SUBSCRIPTIONS_OF_OFFICE: usize = 10;

/// How much an office's folders hold together (Profile §12.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes now.
    pub used: u64,
    /// Bytes at most.
    pub limit: u64,
}
