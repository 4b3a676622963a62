//! 委任, as this end knows them: what the gateway says of ours, and what of it our own signatures prove.

pub(crate) mod acts;
pub(crate) mod words;

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_model::{Act, Deed, Mandate, MandateId, MandateRow, OfficeNumber, Refused, Registered, Scope, allowing};
use fumibako_signer::{Identity, sign};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bundle::Draft;
use crate::https::{Question, ask, asked};
use crate::settings::Settings;
use crate::trouble::Trouble;

/// Where deeds go, and the list comes from (Profile §9.5).
const PATH: &str = "/v1/mandates";

/// The mandates of an office or an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Mandates(Vec<MandateRow>);

impl Mandates {
    /// Ours, as the gateway has them now.
    pub(crate) fn ours(settings: &Settings) -> Result<Self, Trouble> {
        crate::wait(Self::of(settings))
    }

    /// The same, for who waits on other things, too. One whose words do not make its id is not believed to be any.
    pub(crate) async fn of(settings: &Settings) -> Result<Self, Trouble> {
        let mut rows: Vec<MandateRow> = ask(settings, Question::get(PATH)).await?;
        rows.retain(|row| id_of(&row.registered.mandate) == row.registered.id);
        rows.sort_by_key(|row| (row.registered.mandate.office, row.registered.mandate.granted, row.registered.id));
        Ok(Self(rows))
    }

    /// As the gateway would tell them.
    #[cfg(test)]
    pub(crate) fn told(rows: Vec<MandateRow>) -> Self {
        Self(rows)
    }

    /// All of them, by office and age.
    pub(crate) fn rows(&self) -> &[MandateRow] {
        &self.0
    }

    /// One by its id.
    pub(crate) fn find(&self, id: MandateId) -> Option<&MandateRow> {
        self.0.iter().find(|row| row.registered.id == id)
    }

    /// Every office that ever gave one, by number.
    pub(crate) fn all_offices(&self) -> BTreeSet<OfficeNumber> {
        self.0.iter().map(|row| row.registered.mandate.office).collect()
    }

    /// What the gateway calls this office.
    pub(crate) fn office_name(&self, office: OfficeNumber) -> Option<&str> {
        let row = self.0.iter().find(|row| row.registered.mandate.office == office);
        row.map(|row| row.office_name.as_str()).filter(|name| !name.is_empty())
    }

    /// What the gateway calls this agent.
    pub(crate) fn agent_name(&self, agent: &str) -> Option<&str> {
        let row = self.0.iter().find(|row| row.registered.mandate.agent.as_str() == agent);
        row.map(|row| row.agent_name.as_str()).filter(|name| !name.is_empty())
    }

    /// The offices for which something of this scope may be done now, by number.
    pub(crate) fn offices(&self, scope: Scope, now: Timestamp) -> BTreeSet<OfficeNumber> {
        let offices = self.0.iter().map(|row| row.registered.mandate.office);
        offices.filter(|office| self.allow(*office, Act::Any(scope), now).is_ok()).collect()
    }

    /// Profile §9.4: may this be done for the office? The gateway decides again, at the moment of acceptance.
    pub(crate) fn allow(&self, office: OfficeNumber, act: Act<'_>, now: Timestamp) -> Result<&Registered, Refused> {
        let of = self.0.iter().map(|row| &row.registered).filter(|one| one.mandate.office == office);
        allowing(of, office, act, now)
    }
}

impl Mandates {
    /// Profile §9.4, §9.12: may this bundle be sent for the office that its files name?
    pub(crate) fn cover(&self, draft: &Draft, now: Timestamp) -> Result<(), Refused> {
        let (facts, ways) = (draft.facts(), &draft.bundle);
        let act = Act::Send { to: ways.recipient.office, units: &facts.units, month: facts.month.as_deref() };
        self.allow(ways.sender.office, act, now).map(|_| ())
    }
}

/// Its id: what the mandate says makes it.
pub(crate) fn id_of(mandate: &Mandate) -> MandateId {
    let deed = Deed::Grant(Box::new(mandate.clone()));
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, deed.canonical().as_bytes()).as_ref());
    mandate.clone().registered(sum).id
}

/// Signs a deed and hands it to the gateway; what comes back is the mandate as it then stands.
pub(crate) fn hand_in(
    deed: &Deed,
    identity: &Identity,
    settings: &Settings,
    now: Timestamp,
) -> Result<MandateRow, Trouble> {
    asked(settings, Question::signed(PATH, sign(deed.entity().as_bytes(), identity, now)?))
}
