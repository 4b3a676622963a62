//! Administration of agents and mandates (Profile §9).

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_model::{
    Agent, AgentId, Deed, Mandate, MandateId, MandateRow, OfficeNumber, Party, Refusal, Registered, What,
};
use fumibako_store::{Amendment, MandateOrder, Store, StoreError};

use super::audit::OPERATOR;
use super::{Admin, NAME_CHARACTERS, Reply, short};

impl<S: Store> Admin<S> {
    /// Adding an agent that is there renames it.
    pub(super) async fn add_agent(&self, id: AgentId, name: String) -> Result<Reply, StoreError> {
        let name = short(name, NAME_CHARACTERS)?;
        let suspended = self.0.store.roll().agent(&id).and_then(|known| known.suspended.clone());
        let told = self.did(What::AgentPut).about(format_args!("{id} {name}"));
        self.change(Amendment::Agent(Agent { id, name, suspended }), told).await
    }

    /// Suspends an agent, with a reason, or ends that.
    pub(super) async fn suspend_agent(&self, id: AgentId, reason: Option<String>) -> Result<Reply, StoreError> {
        let suspended = reason.map(|reason| short(reason, NAME_CHARACTERS)).transpose()?;
        let known = self.0.store.roll().agent(&id).cloned().ok_or_else(|| Refusal::AgentUnknown.about(&id))?;
        let what = if suspended.is_some() { What::AgentSuspended } else { What::AgentResumed };
        let told = self.did(what).about(&id).noting(suspended.as_deref().unwrap_or_default());
        self.change(Amendment::Agent(Agent { suspended, ..known }), told).await
    }

    pub(super) fn agents(&self, id: Option<AgentId>) -> Result<Reply, StoreError> {
        let roll = self.0.store.roll();
        if let Some(id) = id {
            let agent = roll.agent(&id).cloned().ok_or_else(|| Refusal::AgentUnknown.about(id))?;
            return Ok(Reply::Agents { agents: vec![agent] });
        }
        let mut agents: Vec<_> = roll.agents().cloned().collect();
        agents.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Reply::Agents { agents })
    }

    /// Profile §9.2: a mandate that the operator has on paper, sealed by the office and the agent. It is marked so, and
    /// confirmed by the seal.
    pub(super) async fn paper_mandate(&self, mandate: Mandate) -> Result<Reply, StoreError> {
        self.office(mandate.office)?;
        mandate.sound().map_err(|why| Refusal::MandateUnread.about(why))?;
        let deed = Deed::Grant(Box::new(mandate));
        let sum = sum_of(&deed);
        let Deed::Grant(mandate) = deed else { return Err(StoreError::Refused(Refusal::Internal.into())) };
        let confirmed = Some(self.0.clock.now());
        let one = Registered { paper: true, confirmed, ..mandate.registered(sum) };
        let id = one.id;
        let told = self.did(What::MandateRegistered).of(one.mandate.office);
        let told = told.about(format_args!("{id} paper")).noting(&one.mandate.agent);
        self.change(Amendment::Mandate(MandateOrder::Register(Box::new(one), None)), told).await?;
        self.show_mandate(id)
    }

    pub(super) fn mandates(&self, office: Option<OfficeNumber>, agent: Option<&AgentId>) -> Reply {
        let (roll, now) = (self.0.store.roll(), self.0.clock.now());
        let wanted = |one: &&Registered| {
            office.is_none_or(|office| one.mandate.office == office)
                && agent.is_none_or(|agent| one.mandate.agent == *agent)
        };
        let row = |one: &Registered| MandateRow::of(one, now).named(&roll);
        let mut mandates: Vec<_> = roll.mandates().filter(wanted).map(row).collect();
        mandates.sort_by(|a, b| key(&a.registered).cmp(&key(&b.registered)));
        Reply::Mandates { mandates }
    }

    pub(super) fn show_mandate(&self, id: MandateId) -> Result<Reply, StoreError> {
        let (roll, now) = (self.0.store.roll(), self.0.clock.now());
        let one = roll.mandate_by_id(id).ok_or_else(|| Refusal::MandateUnknown.about(id))?;
        Ok(Reply::Mandates { mandates: vec![MandateRow::of(one, now).named(&roll)] })
    }

    pub(super) async fn revoke_mandate(&self, id: MandateId) -> Result<Reply, StoreError> {
        let words = self.0.store.roll().mandate_by_id(id).map(|one| (one.mandate.office, one.mandate.agent.clone()));
        let (office, agent) = words.ok_or_else(|| Refusal::MandateUnknown.about(id))?;
        let order = MandateOrder::Revoke { id, signed: None, by: OPERATOR.into(), at: self.0.clock.now() };
        let told = self.did(What::MandateRevoked).of(office).about(id).noting(agent);
        self.change(Amendment::Mandate(order), told).await?;
        self.show_mandate(id)
    }

    /// Is it on the roll?
    pub(super) fn known(&self, party: &Party) -> Result<(), StoreError> {
        match party {
            Party::Office(number) => self.office(*number).map(|_| ())?,
            Party::Agent(id) => {
                let roll = self.0.store.roll();
                roll.agent(id).map(|_| ()).ok_or_else(|| Refusal::AgentUnknown.about(id))?;
            }
        }
        Ok(())
    }
}

fn key(one: &Registered) -> (OfficeNumber, &AgentId, jiff::civil::Date, MandateId) {
    (one.mandate.office, &one.mandate.agent, one.mandate.from, one.id)
}

/// SHA-256 of a deed's canonical form.
pub(crate) fn sum_of(deed: &Deed) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, deed.canonical().as_bytes()).as_ref());
    sum
}
