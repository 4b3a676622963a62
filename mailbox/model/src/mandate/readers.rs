//! Who may read what is sealed for an office: what the gateway tells its senders (Profile §9.11).

use fumibako_careplan::OfficeNumber;
use serde::{Deserialize, Serialize};

use super::MandateRow;
use crate::address::AgentId;

/// Most offices asked about at once.
pub const READERS_AT_ONCE: usize = 100;

/// The readers of an office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readers {
    /// Whose.
    pub office: OfficeNumber,
    /// Its own certificates that are in force: DER in base64.
    pub certificates: Vec<String>,
    /// Its agents that may receive for it.
    pub agents: Vec<AgentReader>,
}

/// An agent that may receive for an office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReader {
    /// Who.
    pub agent: AgentId,
    /// Its certificates that are in force: DER in base64.
    pub certificates: Vec<String>,
    /// Its mandates in force with the scope `receive`.
    pub mandates: Vec<Granted>,
}

/// A mandate, with the proof that its office gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The deed as the office signed it (Profile §9.5), in base64; a mandate from paper has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grant: Option<String>,
    /// The mandate, and how it stands.
    #[serde(flatten)]
    pub row: MandateRow,
}
