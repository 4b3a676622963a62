//! 事業所検索, the directory (Profile §17): what the roll says of offices beside their rights, how they are found, and what is told.
//!
//! Never here: mail addresses, anything about persons, why an office is suspended.

mod find;
mod fold;

use std::collections::BTreeSet;

use fumibako_careplan::{Edition, OfficeNumber, ServiceKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::AgentId;
use crate::refusal::{Refusal, Refused};

pub use find::{Directory, FOUND, Indexed, SEARCHED_CHARACTERS, Search, Sought};

/// Longest name of an office, in characters.
pub const OFFICE_NAME_CHARACTERS: usize = 200;
/// Longest kana or municipality, in characters.
pub const DETAIL_CHARACTERS: usize = 100;
/// Most service kinds of one office.
pub const KINDS: usize = 40;

/// What the roll says of an office beside its name and its rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// フリガナ.
    pub kana: String,
    /// 市区町村.
    pub municipality: String,
    /// サービス種類.
    pub kinds: BTreeSet<ServiceKind>,
    /// Editions of the standard that its software reads, by their labels: a later gateway may know more of them.
    pub editions: BTreeSet<String>,
    /// 地域連携 (Profile §17.10): is it the door of a regional service, behind which others receive?
    pub regional: bool,
}

/// What is to be written about an office; what is not given stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名; an office that is new needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// フリガナ; none if empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kana: Option<String>,
    /// 市区町村; none if empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub municipality: Option<String>,
    /// サービス種類, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<BTreeSet<ServiceKind>>,
    /// Editions of the standard that its software reads, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editions: Option<BTreeSet<Edition>>,
    /// Is it the door of a regional service?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regional: Option<bool>,
}

/// An office as others see it. `C` says how its certificates are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<C> {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名.
    pub name: String,
    /// What else is known of it.
    #[serde(flatten)]
    pub details: Details,
    /// Is a bundle for it taken now?
    pub can_receive: bool,
    /// Why not, in a stable word: `not-licensed`, `suspended`.
    #[serde(default)]
    pub reason: Option<String>,
    /// Those that a sender seals to: how many, or which.
    #[serde(default)]
    pub certificates: C,
}

/// The answer to a search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// By number; at most [`FOUND`].
    pub offices: Vec<Listed<usize>>,
    /// Were others left out?
    #[serde(default)]
    pub more: bool,
}

/// One office, with whom to seal to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The office.
    #[serde(flatten)]
    pub office: Listed<Vec<ListedCertificate>>,
    /// The agents that receive for it.
    #[serde(default)]
    pub agents: Vec<ListedAgent>,
}

/// A certificate that a sender seals to. Whom to believe, the sender decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCertificate {
    /// The certificate.
    pub pem: String,
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub until: Timestamp,
    /// Whose it is, if not the office's own.
    #[serde(default)]
    pub agent: Option<AgentId>,
}

/// An agent that receives for an office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedAgent {
    /// 代行業者 id.
    pub id: AgentId,
    /// 名称.
    pub name: String,
}

impl Description {
    /// Nothing is to be written about this office yet.
    pub fn of(number: OfficeNumber) -> Self {
        Self { number, name: None, kana: None, municipality: None, kinds: None, editions: None, regional: None }
    }

    /// Each text is short and on one line; a name is none without a letter.
    pub fn sound(&self) -> Result<(), Refused> {
        let name =
            self.name.as_deref().is_none_or(|name| !name.trim().is_empty() && fits(name, OFFICE_NAME_CHARACTERS));
        let texts = [&self.kana, &self.municipality].into_iter().flatten().all(|text| fits(text, DETAIL_CHARACTERS));
        let kinds = self.kinds.as_ref().is_none_or(|kinds| kinds.len() <= KINDS);
        let wrong = match (name, texts, kinds) {
            (false, ..) => format!("a name of 1 to {OFFICE_NAME_CHARACTERS} characters"),
            (_, false, _) => format!("kana and municipality of at most {DETAIL_CHARACTERS} characters"),
            (_, _, false) => format!("at most {KINDS} service kinds"),
            _ => return Ok(()),
        };
        Err(Refusal::ValueUnfit.about(wrong))
    }

    /// The words for what would be another than it is; none if nothing would.
    pub fn changes(&self, name: &str, details: &Details) -> Vec<&'static str> {
        let differs = [
            ("name", self.name.as_ref().is_some_and(|new| new != name)),
            ("kana", self.kana.as_ref().is_some_and(|new| *new != details.kana)),
            ("municipality", self.municipality.as_ref().is_some_and(|new| *new != details.municipality)),
            ("kinds", self.kinds.as_ref().is_some_and(|new| *new != details.kinds)),
            (
                "editions",
                self.editions.as_ref().is_some_and(|new| !new.iter().map(|one| one.label()).eq(&details.editions)),
            ),
            ("regional", self.regional.is_some_and(|new| new != details.regional)),
        ];
        differs.into_iter().filter_map(|(what, differs)| differs.then_some(what)).collect()
    }
}

/// On one line, nothing in it that hides or turns text around, and no 外字, of which every office sees another.
fn fits(text: &str, most: usize) -> bool {
    let plain =
        |c: char| !c.is_control() && !fold::is_hidden(c) && !matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..);
    text.chars().count() <= most && text.chars().all(plain)
}

#[cfg(test)]
mod tests;
