//! What the gateway answers about its store.

use fumibako_model::DayState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A UTC day of mail, and when its content goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// How far it has gone.
    pub state: DayState,
    /// It goes in this run.
    pub due: bool,
    /// The moment its retention ends.
    pub expires: Option<Timestamp>,
    /// Messages that came that day.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bundles among them whose receipt never came.
    pub uncollected: u64,
    /// Messages of that day that stay, under a legal hold.
    pub held: u64,
}
