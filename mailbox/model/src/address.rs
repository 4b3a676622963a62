//! Who can be written to: offices, agents, the operator and the gateway itself.

use std::fmt;
use std::str::FromStr;

use fumibako_careplan::{OfficeNumber, ServiceKind};
use serde::{Deserialize, Serialize};

use crate::text::through_text;

/// Longest domain of a mail address, in bytes (RFC 5321 §4.5.3.1.2).
pub const DOMAIN_BYTES: usize = 255;
/// Longest agent id, in bytes.
pub const AGENT_ID_BYTES: usize = 32;
/// Names of others, which the audit and addresses tell apart from agents by nothing else (Profile §16.4).
const NOT_AGENTS: [&str; 3] = ["operator", "gateway", "postmaster"];

/// A mail domain, lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

/// 代行業者 id: a letter, then letters, digits, `-` or `_`; so it can never be taken for an office number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentId(String);

/// Somebody who signs, logs in or is written to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Party {
    /// A care office.
    Office(OfficeNumber),
    /// A proxy agent.
    Agent(AgentId),
}

/// Profile §1.2: a mail address of this system: `<office>[+<kind>]@<domain>`, `<agent>@<domain>`, `postmaster@`, `gateway@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// Who is meant.
    pub local: Local,
    /// Which gateway keeps its mailbox.
    pub domain: Domain,
}

/// What stands before the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Local {
    /// An office, and the service kind when a sub-address names one (RFC 5233).
    Office(OfficeNumber, Option<ServiceKind>),
    /// A proxy agent.
    Agent(AgentId),
    /// The operator (RFC 5321 §4.5.1).
    Postmaster,
    /// The gateway, which signs evidence and reports.
    Gateway,
}

/// The text is not an address of this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// No `@`, or nothing on one side of it.
    #[error("an address is written name@domain")]
    NoDomain,
    /// The domain is empty, too long or holds other characters than letters, digits, `-` and `.`.
    #[error("the domain of the address is not well formed")]
    Domain,
    /// The name before the `@` is neither an office number nor an agent id.
    #[error("the name before @ is neither an office number nor an agent id")]
    Local,
}

impl Address {
    /// The address of an office at a domain.
    pub fn office(number: OfficeNumber, domain: &Domain) -> Self {
        Self { local: Local::Office(number, None), domain: domain.clone() }
    }

    /// The office or agent meant; the operator's and the gateway's addresses are neither.
    pub fn party(&self) -> Option<Party> {
        match &self.local {
            Local::Office(number, _) => Some(Party::Office(*number)),
            Local::Agent(id) => Some(Party::Agent(id.clone())),
            Local::Postmaster | Local::Gateway => None,
        }
    }

    /// The office meant, if it is one.
    pub fn office_number(&self) -> Option<OfficeNumber> {
        match self.local {
            Local::Office(number, _) => Some(number),
            _ => None,
        }
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress::NoDomain)?;
        if local.is_empty() || domain.is_empty() {
            return Err(NotAnAddress::NoDomain);
        }
        Ok(Self { local: local.parse()?, domain: domain.parse()? })
    }
}

impl FromStr for Local {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if text.eq_ignore_ascii_case("postmaster") {
            return Ok(Self::Postmaster);
        }
        if text.eq_ignore_ascii_case("gateway") {
            return Ok(Self::Gateway);
        }
        let (number, kind) = match text.split_once('+') {
            Some((number, kind)) => (number, Some(kind.parse().map_err(|_| NotAnAddress::Local)?)),
            None => (text, None),
        };
        match (number.parse(), kind) {
            (Ok(number), kind) => Ok(Self::Office(number, kind)),
            (Err(_), None) => text.parse().map(Self::Agent),
            (Err(_), Some(_)) => Err(NotAnAddress::Local),
        }
    }
}

impl FromStr for Domain {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        if text.len() > DOMAIN_BYTES || !text.split('.').all(label) {
            return Err(NotAnAddress::Domain);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl FromStr for AgentId {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let taken = NOT_AGENTS.iter().any(|name| text.eq_ignore_ascii_case(name));
        if begins && rest && !taken && text.len() <= AGENT_ID_BYTES {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAnAddress::Local)
        }
    }
}

impl Domain {
    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AgentId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.local {
            Local::Office(number, None) => write!(f, "{number}@{}", self.domain),
            Local::Office(number, Some(kind)) => write!(f, "{number}+{kind}@{}", self.domain),
            Local::Agent(id) => write!(f, "{id}@{}", self.domain),
            Local::Postmaster => write!(f, "postmaster@{}", self.domain),
            Local::Gateway => write!(f, "gateway@{}", self.domain),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Office(number) => number.fmt(f),
            Self::Agent(id) => id.fmt(f),
        }
    }
}

impl FromStr for Party {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        text.parse().map(Self::Office).or_else(|_| text.parse().map(Self::Agent))
    }
}

through_text!(Domain);
through_text!(AgentId);
through_text!(Party);

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&match text.parse::<Address>() {
            Ok(address) => format!("{address} {:?}", address.local),
            Err(why) => why.to_string(),
        });
    }

    // Profile §1.2
    #[test]
    fn an_office_has_its_number_and_perhaps_a_service_kind() {
        check("9970000011@plans.example", expect!["9970000011@plans.example Office(9970000011, None)"]);
        check("9970000011+43@Plans.Example", expect!["9970000011+43@plans.example Office(9970000011, Some(43))"]);
    }

    #[test]
    fn an_agent_begins_with_a_letter() {
        check("Kawara-2@plans.example", expect![[r#"kawara-2@plans.example Agent(AgentId("kawara-2"))"#]]);
        check("2kawara@plans.example", expect!["the name before @ is neither an office number nor an agent id"]);
        check("kawara+43@plans.example", expect!["the name before @ is neither an office number nor an agent id"]);
    }

    #[test]
    fn half_an_address_is_none() {
        check("9970000011", expect!["an address is written name@domain"]);
        check("9970000011@", expect!["an address is written name@domain"]);
        check("9970000011@-x.example", expect!["the domain of the address is not well formed"]);
        check("9970000011@a..example", expect!["the domain of the address is not well formed"]);
    }

    #[test]
    fn the_operator_and_the_gateway_are_no_parties() {
        for text in ["postmaster@plans.example", "gateway@plans.example"] {
            assert_eq!(text.parse::<Address>().unwrap().party(), None);
        }
    }

    // Profile §16.4
    #[test]
    fn no_agent_has_the_name_of_the_operator_or_the_gateway() {
        for text in ["operator", "Gateway", "POSTMASTER"] {
            assert!(text.parse::<AgentId>().is_err(), "{text}");
        }
        assert!("operator@plans.example".parse::<Address>().is_err());
        assert_eq!("operator-help".parse::<AgentId>().unwrap().as_str(), "operator-help");
    }

    #[test]
    fn an_agent_id_of_32_bytes_is_the_longest() {
        assert!("a".repeat(AGENT_ID_BYTES).parse::<AgentId>().is_ok());
        assert!("a".repeat(AGENT_ID_BYTES + 1).parse::<AgentId>().is_err());
    }
}
