//! What expiry will do, and has done, as the store tells it.

use fumibako_model::{DayState, Goes, Retention};

use crate::StoreError;
use crate::bodies::Day;

/// The content of one UTC day, as expiry sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOfMail {
    /// Which.
    pub day: Day,
    /// How far it has gone.
    pub state: DayState,
    /// Does it go, and by what?
    pub goes: Goes,
    /// So long its content is kept, as was said of it.
    pub kept_for: Retention,
    /// Messages whose bodies stand under the day's key.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bundles among them that nobody collected.
    pub uncollected: u64,
    /// Messages that came that day and stay, under a legal hold.
    pub held: u64,
}

/// What a run of expiry did.
#[derive(Debug, Default)]
pub struct Expired {
    /// The days that went, the oldest first.
    pub days: Vec<DayOfMail>,
    /// Files of other days that nobody needed any more: all their messages were removed by their offices.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// The date has leapt, and nobody has looked at the clock yet (Profile §11.5).
    pub doubted: bool,
    /// Why some of what is due did not go: of several reasons the first. What went is told, and counted, all the same.
    pub failed: Option<StoreError>,
}

/// Who asks for expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The clock alone. If the date has leapt (`fumibako_model::leapt`), no key is destroyed; and none of a day that was said to be kept
    /// for longer than the settings say.
    ByTheClock,
    /// A person who has seen what will go.
    ByThePerson,
}
