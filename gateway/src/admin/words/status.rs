//! What `status` tells.

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
    /// When the certificate of the key that signs evidence ends.
    #[serde(default)]
    pub evidence_key_until: Timestamp,
    /// Reports and reminders that wait for their moment.
    pub reports_due: u64,
    /// Receipts that were refused.
    pub receipts_refused: u64,
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
}
