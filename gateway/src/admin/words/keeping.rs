//! What the gateway answers about its store.

use fumibako_model::{DayState, OfficeNumber};
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

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    /// The office for which it was placed.
    pub number: OfficeNumber,
    /// The message.
    pub message_id: String,
    /// The UTC day it came.
    pub day: String,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub by: String,
    /// When.
    pub since: Timestamp,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When.
    pub ended: Option<Timestamp>,
    /// The message went when it ended.
    pub erased: bool,
}
