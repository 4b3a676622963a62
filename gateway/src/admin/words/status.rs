//! What `status` tells.

use fumibako_model::Retention;
use fumibako_store::Census;
use fumibako_store::bodies::Day;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the gateway is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The mail domain.
    pub domain: String,
    /// The program's version.
    pub version: String,
    /// Offices on the roll.
    pub offices: u64,
    /// Logins.
    pub accounts: u64,
    /// Messages kept.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pieces of evidence.
    pub evidence: u64,
    /// Pieces that went when their years were over (Profile §8.29).
    #[serde(default)]
    pub evidence_pruned: u64,
    /// Pieces under a signed head; the others wait for the next, a second or so.
    pub evidence_logged: u64,
    /// At least so many pieces that were signed for, or counted, are not there (Profile §8.15).
    #[serde(default)]
    pub evidence_missing: u64,
    /// When the certificate of the key that signs evidence ends.
    #[serde(default)]
    pub evidence_key_until: Timestamp,
    /// The audit does not go on from what was signed, and is signed no more: see `audit verify` (Profile §16.2).
    #[serde(default)]
    pub audit_apart: bool,
    /// Why no evidence is signed before somebody does something: the sentence in Japanese, then in English, with ` / ` between them; none
    /// while it is signed (Profile §8.20).
    #[serde(default)]
    pub evidence_stopped: Option<String>,
    /// Reports and reminders that wait for their moment.
    pub reports_due: u64,
    /// Receipts that were refused, each once for each reason.
    pub receipts_refused: u64,
    /// Receipts that only came second, each once.
    #[serde(default)]
    pub receipts_repeated: u64,
    /// Handovers that the gateway saw since the start.
    pub handed_over: u64,
    /// Reports filed since the start.
    pub reported: u64,
    /// Heads of the log signed since the start.
    pub heads_signed: u64,
    /// Heads stamped since the start.
    pub heads_stamped: u64,
    /// Offices whose folders are full to four fifths or more.
    pub nearly_full: u64,
    /// Messages answered 250 since the start.
    pub accepted: u64,
    /// Refusals since the start.
    pub refused: u64,
    /// Connections since the start.
    pub connections: u64,
    /// What stands in the way of expiry.
    #[serde(default)]
    pub expiry: ExpiryView,
    /// Tables, indexes, views and triggers in the database that are not as this version makes them (Profile §8.30).
    #[serde(default)]
    pub foreign_objects: u64,
    /// Heads wait to be written beside the evidence key (Profile §8.20).
    #[serde(default)]
    pub heads_unwritten: bool,
}

/// How expiry is (Profile §11.5). As long as any of it is so, somebody has something to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiryView {
    /// The UTC day by which it last ran, `YYYY-MM-DD`; none before the first time.
    pub ran_on: Option<String>,
    /// The date has leapt since then: the clock alone destroys no key.
    pub doubted: bool,
    /// Nor is anybody reminded of what nobody collected.
    pub reminders_doubted: bool,
    /// Days that were due in the last run and were kept for that.
    pub days_kept_back: u64,
    /// Days, and holds that were to end, that could not go in the last run.
    pub days_stuck: u64,
    /// Full days the oldest content there is is kept after the day it came, as was said then.
    pub keeps_days: u16,
    /// The same by the settings, for what comes now: fewer, as long as there is content from before they were made so, and nobody has
    /// asked for expiry since.
    pub retention_days: u16,
}

impl ExpiryView {
    pub(crate) fn of(census: &Census, wanted: Retention, today: Day) -> Self {
        let Census { dates, kept_for, days_kept_back, days_stuck, .. } = *census;
        Self {
            ran_on: dates.expired_on.map(|day| Day(day).to_string()),
            doubted: dates.doubts_keys(today.0),
            reminders_doubted: dates.doubts_reminders(today.0),
            days_kept_back,
            days_stuck,
            keeps_days: kept_for.unwrap_or(wanted).max(wanted).days(),
            retention_days: wanted.days(),
        }
    }
}
