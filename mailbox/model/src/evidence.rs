//! 証跡: what the gateway writes down of each event. No names of people, no content.

use std::fmt;
use std::str::FromStr;

use fumibako_careplan::OfficeNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::mandate::Delegate;
use crate::text::through_text;

/// Names one piece of evidence: the day it was made and its number that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
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

through_text!(EvidenceId);

/// What happened, by the event names of ETSI EN 319 522-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// 受付: the message is durable at the gateway.
    SubmissionAcceptance,
    /// お届け: it stands in the recipient's mailbox.
    ContentConsignment,
    /// 取得: the recipient's signed receipt names its digest; or 受け渡し, with the reason that the gateway saw it.
    ContentHandover,
    /// 期限切れ: the content is gone before the recipient acknowledged it; or the recipient could not open it, with that reason.
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

impl Event {
    /// The event's URI (ETSI EN 319 522-3).
    pub fn uri(self) -> String {
        format!("http://uri.etsi.org/19522/Event/{}", self.as_str())
    }
}

/// Why something did not happen, or on whose word it is said to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The retention ended (Profile §11.4).
    Expired,
    /// The gateway saw it handed over; the recipient said nothing (Profile §8.10).
    SeenByTheGateway,
    /// The receipt came when the content was gone (Profile §8.11).
    AfterExpiry,
    /// The recipient said that it could not open it (Profile §8.22).
    CheckFailed,
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
    /// SHA-256 of the message as accepted, in hex. What the acceptance says is not said again by a delivery or a handover,
    /// which name the piece before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
    /// The sending office.
    pub from: OfficeNumber,
    /// The receiving office.
    pub to: OfficeNumber,
    /// SHA-256 of the signer's certificate, in hex: of the bundle's, or of the receipt's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signer: Option<String>,
    /// The authorities and what they revoked, as they were when the signer was judged: the name of a [`crate::TrustState`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trust: Option<String>,
    /// SHA-256 of the signed part, in hex: what a receipt must name (Profile §8.2).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content: Option<String>,
    /// The agent that acted for the office, and its mandate (Profile §9.6).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<Delegate>,
    /// The Message-ID of the receipt that proves a handover, or of the recipient's word that it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub receipt: Option<String>,
    /// SHA-256 of that receipt as accepted, in hex.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub receipt_sha256: Option<String>,
    /// Why a handover failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// What was wrong with it, as the recipient said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<Fault>,
}

impl Evidence {
    /// The same of what comes after the acceptance: event, time and whom it is about. What the acceptance says stands there.
    #[must_use]
    pub fn after_acceptance(self) -> Self {
        Self { sha256: None, size: None, signer: None, trust: None, content: None, by: None, ..self }
    }
}

/// A piece of evidence in its place in the log: what is kept, hashed and shown, byte for byte. The order of its fields is
/// that of this page, nothing stands between them, and a field without a value is left out (Profile §8.12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The form of all this: 1.
    pub v: u8,
    /// Its name.
    pub id: EvidenceId,
    /// How many pieces the log had before it.
    pub n: u64,
    /// The evidence about the same bundle before this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous: Option<EvidenceId>,
    /// What happened.
    #[serde(flatten)]
    pub evidence: Evidence,
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.12
    #[test]
    fn evidence_is_written_in_one_way_only() {
        let evidence = Evidence {
            event: Event::ContentHandoverFailure,
            at: "2026-11-25T12:00:00Z".parse().unwrap(),
            message_id: "a@plans.example".into(),
            sha256: Some("0a".into()),
            size: Some(7),
            from: "9970000011".parse().unwrap(),
            to: "9970000029".parse().unwrap(),
            signer: Some("0b".into()),
            trust: None,
            content: None,
            by: None,
            receipt: None,
            receipt_sha256: None,
            reason: Some(Reason::Expired),
            fault: None,
        };
        let recorded =
            Recorded { v: 1, id: EvidenceId(20_782 << 40 | 26), n: 3, previous: Some(EvidenceId(1)), evidence };
        let written = serde_json::to_string(&recorded).unwrap();
        assert_eq!(
            written,
            "{\"v\":1,\"id\":\"EV512E000000001A\",\"n\":3,\"previous\":\"EV00000000000001\",\
             \"event\":\"ContentHandoverFailure\",\"at\":\"2026-11-25T12:00:00Z\",\"message_id\":\"a@plans.example\",\
             \"sha256\":\"0a\",\"size\":7,\"from\":\"9970000011\",\"to\":\"9970000029\",\"signer\":\"0b\",\
             \"reason\":\"expired\"}"
        );
        assert_eq!(serde_json::from_str::<Recorded>(&written).unwrap(), recorded);
        assert!(recorded.evidence.event.uri().ends_with("/Event/ContentHandoverFailure"));
    }

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
