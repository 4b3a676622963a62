//! What of the audit an office is told (Profile §16.4): what agents did for it, and what became of its mandates.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuditRow, What};
use crate::address::AgentId;
use crate::roll::Roll;

/// Most rows of one answer.
pub const ACTS_TOLD: usize = 100;

/// An act, or a change of a mandate, as the office is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldAct {
    /// The row's number in the audit.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// Who: an agent id, the office's number, `gateway` or `operator`.
    pub by: String,
    /// The agent that acted, or whose mandate it is, as the roll calls it; empty where it is on no roll.
    #[serde(default)]
    pub agent_name: String,
    /// What.
    pub what: What,
    /// A folder, a mandate, a Message-ID.
    #[serde(default)]
    pub about: String,
    /// The mandate under which it was done, or the agent whose mandate it is.
    #[serde(default)]
    pub note: String,
}

/// Rows, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldActs {
    /// At most [`ACTS_TOLD`].
    pub acts: Vec<ToldAct>,
    /// Are there older ones?
    pub more: bool,
}

impl What {
    /// What an office is told of.
    pub const TOLD: [Self; 10] = [
        Self::MandateRegistered,
        Self::MandateConfirmed,
        Self::MandateRevoked,
        Self::AgentActs,
        Self::AgentOpened,
        Self::AgentSent,
        Self::AgentAcknowledged,
        Self::AgentCouldNotOpen,
        Self::AgentCollected,
        Self::AgentChanged,
    ];
}

impl ToldAct {
    /// As the roll calls who is in it.
    pub fn of(row: AuditRow, roll: &Roll) -> Self {
        let AuditRow { n, done, .. } = row;
        let name = |id: &str| Some(roll.agent(&id.parse::<AgentId>().ok()?)?.name.clone());
        let agent_name = name(&done.by).or_else(|| name(&done.note)).unwrap_or_default();
        Self { n, at: done.at, by: told_by(done.by), agent_name, what: done.what, about: done.about, note: done.note }
    }
}

/// Which user of the operator's machine it was is nobody else's business.
fn told_by(by: String) -> String {
    if by.starts_with("operator ") { "operator".to_owned() } else { by }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §16.4
    #[test]
    fn an_office_is_not_told_who_sat_at_the_operator_s_machine() {
        let told = |by: &str| told_by(by.to_owned());
        assert_eq!(["operator uid 0", "operator", "kawara"].map(told), ["operator", "operator", "kawara"]);
        // An agent whose id only begins like that is told as itself.
        assert_eq!(["operator-help", "operator2"].map(told), ["operator-help", "operator2"]);
        assert!(!What::TOLD.contains(&What::PasswordSet) && !What::TOLD.contains(&What::HoldPlaced));
    }
}
