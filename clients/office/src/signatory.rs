//! Whose hand signs: the office's own, or an agent's for an office (Profile §9.12).

use fumibako_model::{Address, AgentId, Domain, Local, Party};
use fumibako_signer::Identity;

/// A key, and the agent that it belongs to, if it is no office's.
#[derive(Clone, Copy, Debug)]
pub struct Signatory<'i> {
    /// The key and certificate.
    pub identity: &'i Identity,
    /// The agent that acts.
    pub agent: Option<&'i AgentId>,
}

impl<'i> From<&'i Identity> for Signatory<'i> {
    /// An office's own.
    fn from(identity: &'i Identity) -> Self {
        Self { identity, agent: None }
    }
}

impl<'i> Signatory<'i> {
    /// The key of an office or an agent.
    pub fn of(identity: &'i Identity, party: &'i Party) -> Self {
        let agent = if let Party::Agent(agent) = party { Some(agent) } else { None };
        Self { identity, agent }
    }

    /// Profile §5.4: what `Sender` says; nothing, where the office acts itself.
    pub(crate) fn sender(&self, domain: &Domain) -> Option<Address> {
        let agent = self.agent?.clone();
        Some(Address { local: Local::Agent(agent), domain: domain.clone() })
    }
}
