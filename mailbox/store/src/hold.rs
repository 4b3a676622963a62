//! 保全, the legal hold: who keeps which message over its expiry, since when and why.

use fumibako_model::OfficeNumber;
use jiff::Timestamp;

use crate::bodies::Day;

/// What is to be kept, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOrder {
    /// An office that has the message.
    pub office: OfficeNumber,
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
}

/// A hold, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What, why, who.
    pub order: HoldOrder,
    /// The day the message came.
    pub day: Day,
    /// Since when.
    pub at: Timestamp,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// The end of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Who ended it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The message went with it: its day was gone.
    pub erased: bool,
}
