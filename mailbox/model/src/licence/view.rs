//! How a licence stands, as the gateway tells it: to the office over HTTPS, to the operator over the socket.

use fumibako_careplan::OfficeNumber;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::due::warning;
use super::{Consent, FEE_YEN, LicenceState, LicenceTerms, Licensing, PayBy, Payment, Period};
use crate::roll::{Office, japanese_day};

/// What `GET /v1/licence` answers (Profile §10.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceView {
    /// Whose.
    pub office: OfficeNumber,
    /// How it stands.
    pub state: LicenceState,
    /// The first day of the years that follow each other.
    #[serde(default)]
    pub from: Option<Date>,
    /// Their last day.
    #[serde(default)]
    pub until: Option<Date>,
    /// Days until then; negative once it is over.
    #[serde(default)]
    pub days_left: Option<i32>,
    /// Is it so near that the office is warned: 60, 30 or 7 days?
    #[serde(default)]
    pub warning: Option<u16>,
    /// How far the last year is paid.
    #[serde(default)]
    pub payment: Option<Payment>,
    /// How it is paid.
    #[serde(default)]
    pub pay_by: Option<PayBy>,
    /// Is it renewed by itself?
    #[serde(default)]
    pub automatic: bool,
    /// What a year costs.
    pub fee_yen: u32,
    /// Would a renewal be taken now?
    #[serde(default)]
    pub renewable: bool,
    /// Why the licence or the office is stopped.
    #[serde(default)]
    pub suspended: Option<String>,
    /// The terms in force.
    #[serde(default)]
    pub terms: Option<LicenceTerms>,
    /// What the last year rests on.
    #[serde(default)]
    pub consent: Option<Consent>,
    /// All its years.
    #[serde(default)]
    pub periods: Vec<Period>,
}

impl LicenceView {
    /// Of this office, at this moment.
    pub fn of(office: &Office, licensing: &Licensing, terms: Option<&LicenceTerms>, now: Timestamp) -> Self {
        let today = japanese_day(now);
        let suspended = licensing.suspended.clone().or_else(|| office.suspended.clone());
        let state = if suspended.is_some() { LicenceState::Suspended } else { licensing.state(today) };
        let (run, days_left, last) = (licensing.run(), licensing.days_left(today), licensing.periods.last());
        Self {
            office: office.number,
            state,
            from: run.map(|run| run.from),
            until: run.map(|run| run.until),
            days_left,
            warning: days_left.and_then(warning),
            payment: last.map(|last| last.payment),
            pay_by: last.and_then(|last| last.pay_by),
            automatic: licensing.automatic,
            fee_yen: FEE_YEN,
            renewable: matches!(state, LicenceState::Ending | LicenceState::Ended),
            suspended,
            terms: terms.cloned(),
            consent: licensing.consent().cloned(),
            periods: licensing.periods.clone(),
        }
    }

    /// Does the office agree to the terms in force, by what its last year rests on?
    pub fn agrees(&self) -> bool {
        self.consent.as_ref().is_some_and(|consent| consent.is_to(self.terms.as_ref()))
    }
}
