//! For whom something is changed, and through whom.

use fumibako_model::{AgentId, OfficeNumber};
use jiff::Timestamp;

/// The office whose folders they are, and the agent that changes something in them, if it is one: then the audit tells it in
/// the commit of the change (Profile §16.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doer {
    /// Whose folders.
    pub office: OfficeNumber,
    /// Which agent, and when.
    pub agent: Option<(AgentId, Timestamp)>,
    /// When it marks or removes what went to it whole, which is handed over then (Profile §8.10). Who is no terminal takes nothing.
    pub takes: Option<Timestamp>,
}

impl Doer {
    /// The office itself, at a terminal, now.
    pub fn office(office: OfficeNumber, now: Timestamp) -> Self {
        Self { office, agent: None, takes: Some(now) }
    }

    /// This agent, now, for an office.
    pub fn agent(office: OfficeNumber, agent: AgentId, now: Timestamp) -> Self {
        Self { office, agent: Some((agent, now)), takes: Some(now) }
    }
}

impl From<OfficeNumber> for Doer {
    fn from(office: OfficeNumber) -> Self {
        Self { office, agent: None, takes: None }
    }
}
