//! ログイン: who acts on a connection, and for whom.

use fumibako_careplan::OfficeNumber;
use jiff::Timestamp;

use crate::account::Role;
use crate::address::{AgentId, Party};
use crate::mandate::{Act, Scope};
use crate::refusal::{Refusal, Refused};
use crate::roll::Roll;

/// Who is logged in. An agent may have logged in as one of its offices (Profile §9.7); what it does stays its own act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    party: Party,
    office: Option<OfficeNumber>,
    role: Role,
}

impl Login {
    /// As itself.
    pub fn of(party: Party) -> Self {
        let office = if let Party::Office(number) = party { Some(number) } else { None };
        Self { party, office, role: Role::default() }
    }

    /// With the rights of this role (Profile §19.1).
    #[must_use]
    pub fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// What the person may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// RFC 4422 §2, Profile §9.7: `party` wants to act as `wanted`, an office number or its own name. An agent needs a
    /// mandate of that office in force, whatever its scopes.
    pub fn acting(party: Party, wanted: &str, roll: &Roll, now: Timestamp) -> Result<Self, Refused> {
        if wanted.is_empty() || wanted == party.to_string() {
            return Ok(Self::of(party));
        }
        let (Party::Agent(agent), Ok(office)) = (&party, wanted.parse::<OfficeNumber>()) else {
            return Err(Refusal::NotMandated.into());
        };
        roll.any_mandate(office, agent, now)?;
        Ok(Self { party, office: Some(office), role: Role::default() })
    }

    /// Who proved to be there: what is done counts as done by this one.
    pub fn party(&self) -> &Party {
        &self.party
    }

    /// The agent, if it is one.
    pub fn agent(&self) -> Option<&AgentId> {
        if let Party::Agent(agent) = &self.party { Some(agent) } else { None }
    }

    /// The office it acts as; `None` for an agent that logged in as itself.
    pub fn office(&self) -> Option<OfficeNumber> {
        self.office
    }

    /// Whom the connection serves: the office it acts as, else itself.
    pub fn shown(&self) -> Party {
        self.office.map_or_else(|| self.party.clone(), Party::Office)
    }

    /// Profile §5.5: does it act for that office at all? What exactly, is asked where that is known.
    pub fn acts_for(&self, office: OfficeNumber, roll: &Roll, now: Timestamp) -> Result<(), Refused> {
        if self.office.is_some_and(|own| own != office) {
            return Err(Refusal::NotMandated.about(office));
        }
        self.agent().map_or(Ok(()), |agent| roll.any_mandate(office, agent, now))
    }

    /// Profile §19.1: is it among what the person may do, whoever it is done for?
    pub fn role_allows(&self, scope: Scope) -> Result<(), Refused> {
        if self.role.allows(scope) { Ok(()) } else { Err(Refusal::RoleForbids.about(self.role)) }
    }

    /// Profile §9.4: may this be done for that office, now? An office may do all for itself; an agent needs a mandate for it,
    /// and one that logged in as an office acts for no other.
    pub fn may(&self, office: OfficeNumber, scope: Scope, roll: &Roll, now: Timestamp) -> Result<(), Refused> {
        self.role_allows(scope)?;
        match (&self.party, self.office) {
            (Party::Office(own), _) if *own == office => Ok(()),
            (Party::Agent(agent), as_office) if as_office.is_none_or(|one| one == office) => {
                roll.mandate(office, agent, Act::Any(scope), now).map(|_| ())
            }
            _ => Err(Refusal::NotMandated.about(office)),
        }
    }
}
