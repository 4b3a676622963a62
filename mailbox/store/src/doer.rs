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
}

impl Doer {
    /// This agent, now, for an office.
    pub fn agent(office: OfficeNumber, agent: AgentId, now: Timestamp) -> Self {
        Self { office, agent: Some((agent, now)) }
    }
}

impl From<OfficeNumber> for Doer {
    fn from(office: OfficeNumber) -> Self {
        Self { office, agent: None }
    }
}
