//! A mandate as people order it: lists, empty where there is no limit.

use fumibako_careplan::{OfficeNumber, ServiceMonth, UnitKind};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Mandate, Scope};
use crate::address::AgentId;

/// What a mandate is to say.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Who gives it.
    pub office: OfficeNumber,
    /// Who gets it.
    pub agent: AgentId,
    /// What the agent may do.
    pub scopes: Vec<Scope>,
    /// Only these kinds of send units; none: all.
    pub kinds: Vec<UnitKind>,
    /// Only with these offices; none: all.
    pub counterparties: Vec<OfficeNumber>,
    /// Only for service months from this to that one.
    pub months: Option<(ServiceMonth, ServiceMonth)>,
    /// The first day, in Japan.
    pub from: Date,
    /// The last day; it still counts.
    pub until: Date,
}

impl Terms {
    /// The mandate, written at this moment.
    pub fn written(self, granted: Timestamp) -> Mandate {
        let limit = |empty: bool| (!empty).then_some(());
        Mandate {
            v: 1,
            office: self.office,
            agent: self.agent,
            scopes: self.scopes.into_iter().collect(),
            kinds: limit(self.kinds.is_empty()).map(|()| self.kinds.into_iter().collect()),
            counterparties: limit(self.counterparties.is_empty()).map(|()| self.counterparties.into_iter().collect()),
            months: self.months,
            from: self.from,
            until: self.until,
            granted,
        }
    }

    /// `202604-202703`, or `202604` for one month.
    pub fn months(text: &str) -> Result<(ServiceMonth, ServiceMonth), String> {
        let (from, until) = text.split_once('-').unwrap_or((text, text));
        let month = |text: &str| text.parse::<ServiceMonth>().map_err(|why| why.to_string());
        Ok((month(from)?, month(until)?))
    }
}
