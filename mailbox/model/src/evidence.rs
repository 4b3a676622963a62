//! 証跡: what the gateway writes down of each event. No names of people, no content.

use std::fmt;
use std::str::FromStr;

use fumibako_careplan::OfficeNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Names one piece of evidence: the day it was made and its number that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EvidenceId(pub i64);

/// The text names no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an evidence id: EV and 14 hex digits are expected")]
pub struct NotAnEvidenceId;

impl fmt::Display for EvidenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EV{:014X}", self.0)
    }
}

impl FromStr for EvidenceId {
    type Err = NotAnEvidenceId;
    fn from_str(text: &str) -> Result<Self, NotAnEvidenceId> {
        let hex = text.strip_prefix("EV").filter(|hex| hex.len() == 14 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        hex.and_then(|hex| i64::from_str_radix(hex, 16).ok()).map(Self).ok_or(NotAnEvidenceId)
    }
}

/// What happened, by the event names of ETSI EN 319 522-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// 受付: the message is durable at the gateway.
    SubmissionAcceptance,
    /// お届け: it stands in the recipient's mailbox.
    ContentConsignment,
    /// 取得: the recipient's signed receipt names its digest.
    ContentHandover,
    /// 期限切れ: the content is gone before the recipient acknowledged it.
    ContentHandoverFailure,
}

impl Event {
    /// How the store names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SubmissionAcceptance => "SubmissionAcceptance",
            Self::ContentConsignment => "ContentConsignment",
            Self::ContentHandover => "ContentHandover",
            Self::ContentHandoverFailure => "ContentHandoverFailure",
        }
    }
}

/// Why something did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The retention ended (Profile §11.4).
    Expired,
}

/// One event of one message, as written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What happened.
    pub event: Event,
    /// When, by the gateway's clock.
    pub at: Timestamp,
    /// The Message-ID, without angle brackets.
    pub message_id: String,
    /// SHA-256 of the message as accepted, in hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// The sending office.
    pub from: OfficeNumber,
    /// The receiving office.
    pub to: OfficeNumber,
    /// SHA-256 of the signer's certificate, in hex.
    pub signer: String,
    /// The Message-ID of the receipt that proves a handover.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub receipt: Option<String>,
    /// Why a handover failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evidence_id_reads_as_it_is_written() {
        let id = EvidenceId(20_782 << 40 | 26);
        assert_eq!(id.to_string(), "EV512E000000001A");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_texts_name_no_evidence() {
        for bad in ["", "EV", "EV512E00000001A", "ev512E000000001A", "EV512E00000000-1"] {
            assert_eq!(bad.parse::<EvidenceId>(), Err(NotAnEvidenceId), "{bad}");
        }
    }
}
