//! How much a store keeps, and what waits in it.

use fumibako_model::{Dates, Retention};

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Offices on the roll.
    pub offices: u64,
    /// Logins.
    pub accounts: u64,
    /// Message bodies.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pieces of evidence that are kept.
    pub evidence: u64,
    /// Pieces that were pruned.
    pub pruned: u64,
    /// Of both, under a signed head.
    pub logged: u64,
    /// Of those since the last head but one so many that were counted or signed for are not there (Profile §8.15).
    pub missing: u64,
    /// Reports that wait for their moment.
    pub due: u64,
    /// Receipts that were refused.
    pub refused_receipts: u64,
    /// Receipts that only came second.
    pub repeated_receipts: u64,
    /// Offices whose folders are full to four fifths or more (Profile §12.4).
    pub nearly_full: u64,
    /// Changes that wait for the writer.
    pub writer_waiting: u64,
    /// What expiry knows of the date.
    pub dates: Dates,
    /// How long the oldest content there is is kept, as was said of it; none where there is no content.
    pub kept_for: Option<Retention>,
    /// Days that were due when expiry last ran and were kept, because the date is doubted (Profile §11.5).
    pub days_kept_back: u64,
    /// Days that could not go then, and holds that could not end.
    pub days_stuck: u64,
    /// Tables, indexes, views and triggers that are not as the store makes them (Profile §8.30).
    pub foreign: u64,
}
