//! What an agent is about to do, held against a mandate.

use fumibako_careplan::{OfficeNumber, ServiceMonth, UnitKind};
use jiff::Timestamp;

use super::{MandateState, Registered, Scope};
use crate::refusal::{Refusal, Refused};

/// One act for an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// Sends a bundle.
    Send {
        /// To this office.
        to: OfficeNumber,
        /// Of these send units, by id.
        units: &'a [String],
        /// Of this service month, if all of them are.
        month: Option<&'a str>,
    },
    /// Opens a bundle that is sealed for the office.
    Receive {
        /// From this office.
        from: OfficeNumber,
        /// Of these send units, by id.
        units: &'a [String],
        /// Of this service month, if all of them are.
        month: Option<&'a str>,
    },
    /// Returns a receipt.
    Acknowledge {
        /// To this office.
        to: OfficeNumber,
    },
    /// Something for which the other office and the kinds do not matter, or are looked at later.
    Any(Scope),
}

impl Act<'_> {
    /// The scope it needs.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Send { .. } => Scope::Send,
            Self::Receive { .. } => Scope::Receive,
            Self::Acknowledge { .. } => Scope::Acknowledge,
            Self::Any(scope) => *scope,
        }
    }

    fn counterparty(&self) -> Option<OfficeNumber> {
        match self {
            Self::Send { to: other, .. } | Self::Receive { from: other, .. } | Self::Acknowledge { to: other } => {
                Some(*other)
            }
            Self::Any(_) => None,
        }
    }
}

/// Profile §9.4: of the mandates of an office to an agent the one under which it may do this at this moment. Where none allows
/// it, the refusal is that of the mandate that comes nearest.
pub fn allowing<'m>(
    mandates: impl IntoIterator<Item = &'m Registered>,
    office: OfficeNumber,
    act: Act<'_>,
    now: Timestamp,
) -> Result<&'m Registered, Refused> {
    let mut nearest = Refusal::NotMandated.about(office);
    for one in mandates {
        match one.allows(act, now) {
            Ok(()) => return Ok(one),
            // The refusals of mandates stand in the order in which they are found.
            Err(refused) if refused.why > nearest.why => nearest = refused,
            Err(_) => {}
        }
    }
    Err(nearest)
}

impl Registered {
    /// Profile §9.3, §9.4: the mandate is in force and allows this act; each failure is a refusal of its own.
    pub fn allows(&self, act: Act<'_>, now: Timestamp) -> Result<(), Refused> {
        let mandate = &self.mandate;
        match self.state(now) {
            MandateState::Revoked => return Err(Refusal::MandateRevoked.about(self.id)),
            MandateState::Expired => return Err(Refusal::MandateExpired.about(mandate.until)),
            MandateState::Unconfirmed => return Err(Refusal::MandateUnconfirmed.about(self.id)),
            MandateState::NotYet => return Err(Refusal::MandateNotYet.about(mandate.from)),
            MandateState::InForce => {}
        }
        if !mandate.scopes.contains(&act.scope()) {
            return Err(Refusal::MandateScope.about(act.scope().as_str()));
        }
        if let (Some(offices), Some(to)) = (&mandate.counterparties, act.counterparty())
            && !offices.contains(&to)
        {
            return Err(Refusal::MandateCounterparty.about(to));
        }
        let (Act::Send { units, month, .. } | Act::Receive { units, month, .. }) = act else { return Ok(()) };
        // What cannot be read is not among what was allowed.
        let allowed = |unit: &&String| {
            mandate.kinds.as_ref().is_none_or(|k| unit.parse().is_ok_and(|u: UnitKind| k.contains(&u)))
        };
        if let Some(unit) = units.iter().find(|unit| !allowed(unit)) {
            return Err(Refusal::MandateKinds.about(unit));
        }
        let within = |(from, until): (ServiceMonth, ServiceMonth)| {
            month.and_then(|text| text.parse().ok()).is_some_and(|month: ServiceMonth| (from..=until).contains(&month))
        };
        if !mandate.months.is_none_or(within) {
            return Err(Refusal::MandateMonth.about(month.unwrap_or("no single month")));
        }
        Ok(())
    }
}
