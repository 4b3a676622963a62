//! 委任: an office lets an agent act for it (Profile §9): the document, what it allows, and when.

mod act;
mod deed;
mod readers;
mod rights;
mod terms;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use fumibako_careplan::{Lang, OfficeNumber, ServiceMonth, UnitKind};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::address::AgentId;
use crate::roll::{Roll, japanese_day};
use crate::text::through_text;

pub use act::{Act, allowing};
pub use deed::{DEED_BYTES, DEED_TYPE, Deed, NotADeed, Said};
pub use readers::{AgentReader, Granted, READERS_AT_ONCE, Readers};
pub use rights::{Access, OFFICES, agent_rights, agent_subscriptions, begins_subscribed, delegated, seen_by_agents};
pub use terms::Terms;

/// Most offices a mandate is limited to.
pub const COUNTERPARTIES: usize = 500;
/// Most mandates of one office that are neither revoked nor over.
pub const MANDATES_OF_OFFICE: usize = 100;
/// Most that one office signs in a day: each is kept for ever, whatever becomes of it.
pub const MANDATES_A_DAY: usize = 50;
/// Most mandates that wait for one agent to confirm them.
pub const UNCONFIRMED_AT_AGENT: usize = 5_000;

/// What an agent may do for the office. Nothing else can be delegated: not mandates, licences or certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// 送信: send bundles.
    Send,
    /// 受信: read what arrives, and open what is sealed.
    Receive,
    /// 受領: return receipts.
    Acknowledge,
    /// 状況: see what was sent and what became of it.
    Status,
}

/// A mandate as its office signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// 1; rises only when an older reader would allow too much.
    pub v: u8,
    /// Who gives it.
    pub office: OfficeNumber,
    /// Who gets it.
    pub agent: AgentId,
    /// What the agent may do.
    pub scopes: BTreeSet<Scope>,
    /// Only these kinds of send units.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kinds: Option<BTreeSet<UnitKind>>,
    /// Only with these offices.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counterparties: Option<BTreeSet<OfficeNumber>>,
    /// Only for service months from this to that one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub months: Option<(ServiceMonth, ServiceMonth)>,
    /// The first day, in Japan.
    pub from: Date,
    /// The last day; it still counts.
    pub until: Date,
    /// When it was written. The same words again, later, are another mandate.
    pub granted: Timestamp,
}

/// Names a mandate: the first half of the SHA-256 of its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MandateId([u8; 16]);

/// The text names no mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mandate's id: MD and 32 hex digits are expected")]
pub struct NotAMandateId;

/// A mandate on the roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Its name.
    pub id: MandateId,
    /// SHA-256 of its canonical form, in hex: quoted in every act (Profile §9.6).
    pub digest: String,
    /// What it says.
    pub mandate: Mandate,
    /// 紙: the operator saw it on paper, sealed by both; nobody signed this form.
    pub paper: bool,
    /// When the agent confirmed it.
    pub confirmed: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// A mandate, and how it stands: what the gateway tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateRow {
    /// How it stands now.
    pub state: MandateState,
    /// The mandate.
    #[serde(flatten)]
    pub registered: Registered,
    /// What the office is called, where the gateway says so.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub office_name: String,
    /// What the agent is called, where the gateway says so.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub agent_name: String,
}

/// The agent that acts, and the mandate it acts under, as evidence quotes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegate {
    /// Who.
    pub agent: AgentId,
    /// Under which mandate.
    pub mandate: MandateId,
    /// SHA-256 of that mandate's canonical form, in hex.
    pub digest: String,
}

/// 委任の状態.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MandateState {
    /// 確認待ち: the agent has not confirmed it.
    Unconfirmed,
    /// 開始前: its first day is still to come.
    NotYet,
    /// 有効.
    InForce,
    /// 終了: its last day is over.
    Expired,
    /// 取消し.
    Revoked,
}

impl MandateState {
    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unconfirmed => "確認待ち",
            Self::NotYet => "開始前",
            Self::InForce => "有効",
            Self::Expired => "終了",
            Self::Revoked => "取消し",
        }
    }

    /// The same in English.
    pub fn word_en(self) -> &'static str {
        match self {
            Self::Unconfirmed => "unconfirmed",
            Self::NotYet => "not yet",
            Self::InForce => "in force",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Send, Self::Receive, Self::Acknowledge, Self::Status];

    /// Its word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Acknowledge => "acknowledge",
            Self::Status => "status",
        }
    }

    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Send => "送信",
            Self::Receive => "受信",
            Self::Acknowledge => "受領",
            Self::Status => "状況",
        }
    }
}

impl MandateRow {
    /// At this moment.
    pub fn of(registered: &Registered, now: Timestamp) -> Self {
        let (office_name, agent_name) = (String::new(), String::new());
        Self { state: registered.state(now), registered: registered.clone(), office_name, agent_name }
    }

    /// With the names that the roll has for its two parties.
    #[must_use]
    pub fn named(mut self, roll: &Roll) -> Self {
        let mandate = &self.registered.mandate;
        self.office_name = roll.office(mandate.office).map(|office| office.name.clone()).unwrap_or_default();
        self.agent_name = roll.agent(&mandate.agent).map(|agent| agent.name.clone()).unwrap_or_default();
        self
    }

    /// The agent as people know it: its id, and its name where that is known.
    pub fn agent(&self, lang: Lang) -> String {
        let (id, name) = (&self.registered.mandate.agent, &self.agent_name);
        match lang {
            _ if name.is_empty() => id.to_string(),
            Lang::Ja => format!("{id}（{name}）"),
            Lang::En => format!("{id} ({name})"),
        }
    }
}

impl Registered {
    /// As evidence quotes it.
    pub fn delegate(&self) -> Delegate {
        Delegate { agent: self.mandate.agent.clone(), mandate: self.id, digest: self.digest.clone() }
    }

    /// Profile §9.3: how the mandate stands at a moment. What ended stays ended, whatever else is missing.
    pub fn state(&self, now: Timestamp) -> MandateState {
        let today = japanese_day(now);
        if self.revoked.is_some() {
            MandateState::Revoked
        } else if self.mandate.until < today {
            MandateState::Expired
        } else if self.confirmed.is_none() {
            MandateState::Unconfirmed
        } else if today < self.mandate.from {
            MandateState::NotYet
        } else {
            MandateState::InForce
        }
    }

    /// Was it in force at some moment, up to this one?
    pub fn was_in_force(&self, now: Timestamp) -> bool {
        let Some(confirmed) = self.confirmed else { return false };
        let last = japanese_day(self.revoked.unwrap_or(now)).min(self.mandate.until);
        self.mandate.from.max(japanese_day(confirmed)) <= last
    }
}

impl fmt::Display for MandateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MD")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl FromStr for MandateId {
    type Err = NotAMandateId;
    fn from_str(text: &str) -> Result<Self, NotAMandateId> {
        let hex = text.strip_prefix("MD").filter(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = hex.and_then(|hex| u128::from_str_radix(hex, 16).ok()).ok_or(NotAMandateId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl FromStr for Scope {
    type Err = NotADeed;
    fn from_str(text: &str) -> Result<Self, NotADeed> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(NotADeed::Malformed)
    }
}

through_text!(MandateId);

#[cfg(test)]
mod tests;
