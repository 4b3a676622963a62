//! Offices with what the directory says of them (Profile §17.1).

use fumibako_model::{Details, Office};
use serde::{Deserialize, Serialize};

/// An office on the roll: its rights, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeRow {
    /// Name and rights.
    #[serde(flatten)]
    pub office: Office,
    /// What is said of it.
    #[serde(flatten)]
    pub details: Details,
}

/// What became of offices that were put on the roll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutReport {
    /// New ones.
    pub added: usize,
    /// Those of which something is said that was not said before.
    pub changed: usize,
    /// Those that stay as they were.
    pub unchanged: usize,
    /// Was nothing done, but only looked?
    pub dry_run: bool,
}
