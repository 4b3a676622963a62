//! What may be done to a licence, and what comes of it. Decided inside the commit, so of two at once the second meets what the first
//! left.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::{
    Asked, Consent, LicenceDeed, LicenceDue, LicenceState, LicenceTerms, Licensing, PayBy, Payment, Period, Switch,
    due::warning, last_day,
};
use crate::refusal::{Refusal, Refused};
use crate::roll::{Licence, japanese_day};

/// Most years kept of an office; one more is refused.
pub const PERIODS: usize = 200;
/// A deed is obeyed if its time is not further from the gateway's than this.
pub const DEED_MINUTES: i64 = 60;

/// Something that is done to a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenceOrder {
    /// The office signed it.
    Signed(LicenceDeed),
    /// What is due now by itself, as far as it still is when it is committed.
    Due(LicenceDue),
    /// Nothing is done; when to look at it next is found anew.
    Look,
    /// The operator grants these days. The year that holds the first of them ends the day before, those that begin later are gone.
    Grant(Licence),
    /// 支払い状況 of the year that begins on `from`, or of the last.
    Pay {
        /// Which year.
        from: Option<Date>,
        /// How far it is paid.
        payment: Payment,
        /// How it is paid from now on.
        pay_by: Option<PayBy>,
    },
    /// The operator stops it.
    Suspend {
        /// Why; the office is told.
        reason: String,
    },
    /// The operator lets it go on.
    Resume,
}

impl Licensing {
    /// What an order makes of it; `None`: nothing. `terms` are those in force.
    pub fn decide(
        &self,
        order: &LicenceOrder,
        terms: Option<&LicenceTerms>,
        now: Timestamp,
    ) -> Result<Option<Self>, Refused> {
        let after = match order {
            LicenceOrder::Signed(deed) => self.signed(deed, terms, now)?,
            LicenceOrder::Due(due) => return Ok(self.happens(*due, terms, japanese_day(now))),
            LicenceOrder::Look => return Ok(None),
            LicenceOrder::Grant(days) => self.grant(*days, japanese_day(now))?,
            LicenceOrder::Pay { from, payment, pay_by } => self.pay(*from, *payment, *pay_by)?,
            LicenceOrder::Suspend { reason } => {
                self.known()?;
                Self { suspended: Some(reason.clone()), ..self.clone() }
            }
            LicenceOrder::Resume => {
                self.known()?;
                // Profile §10.6: what ended meanwhile is not renewed backwards.
                let over = self.days_left(japanese_day(now)) < Some(0);
                Self { suspended: None, automatic: self.automatic && !over, ..self.clone() }
            }
        };
        if after.periods.len() > PERIODS {
            return Err(Refusal::ValueUnfit.about("more years than a licence has"));
        }
        Ok((after != *self).then_some(after))
    }

    fn known(&self) -> Result<&Period, Refused> {
        self.periods.last().ok_or(Refusal::LicenceNone.into())
    }

    /// Profile §10.4, §10.5: a deed is fresh, comes after the one before it, and asks for what can be had.
    fn signed(&self, deed: &LicenceDeed, terms: Option<&LicenceTerms>, now: Timestamp) -> Result<Self, Refused> {
        let (office, at) = (deed.office(), deed.at());
        if self.said == Some(at) && matches!(deed, LicenceDeed::Automatic(same) if same.on == self.automatic) {
            return Ok(self.clone());
        }
        let off = now.duration_since(at).abs();
        if off > SignedDuration::from_mins(DEED_MINUTES) || self.said.is_some_and(|said| at <= said) {
            return Err(Refusal::LicenceStale.about(at));
        }
        if self.stopped() {
            return Err(Refusal::SenderSuspended.about(office));
        }
        let today = japanese_day(now);
        let mut after = Self { said: Some(at), ..self.clone() };
        match (deed, self.state(today)) {
            (LicenceDeed::Apply(asked), LicenceState::None | LicenceState::Ended)
                if self.days_left(today) < Some(0) =>
            {
                after.begin(asked, terms, today)?;
            }
            (LicenceDeed::Apply(_), _) => return Err(Refusal::LicenceHeld.about(office)),
            (LicenceDeed::Renew(asked), LicenceState::Ending) => {
                let next = self.known()?.until.tomorrow().map_err(|_| Refusal::ValueUnfit.about("licence dates"))?;
                after.begin(asked, terms, next)?;
            }
            (LicenceDeed::Renew(asked), LicenceState::Ended) => after.begin(asked, terms, today)?,
            (LicenceDeed::Renew(_), LicenceState::None) => return Err(Refusal::LicenceNone.about(office)),
            (LicenceDeed::Renew(_), _) => return Err(Refusal::LicenceNotRenewable.about(office)),
            (LicenceDeed::Automatic(Switch { on, .. }), state) => {
                let agreed = self.known()?.consent.as_ref();
                // Profile §10.6: what is over is not renewed backwards.
                if *on && !matches!(state, LicenceState::InForce | LicenceState::Ending) {
                    return Err(Refusal::SenderNotLicensed.about(office));
                }
                // Profile §10.6: nothing is renewed by itself under terms that nobody agreed to.
                if *on && !agreed.is_some_and(|consent| consent.is_to(terms)) {
                    return Err(Refusal::TermsNotCurrent.about(version(terms)));
                }
                after.automatic = *on;
            }
        }
        Ok(after)
    }

    /// A year that begins on this day, with the consent to the terms in force.
    fn begin(&mut self, asked: &Asked, terms: Option<&LicenceTerms>, from: Date) -> Result<(), Refused> {
        let Asked { terms: version, digest, pay_by, automatic, user, at, .. } = asked.clone();
        let consent = Consent { version, digest, at, by: user };
        if !consent.is_to(terms) {
            return Err(Refusal::TermsNotCurrent.about(self::version(terms)));
        }
        self.automatic = automatic;
        self.year(from, (Some(pay_by), Some(consent)), false)
    }

    pub(super) fn year(
        &mut self,
        from: Date,
        (pay_by, consent): (Option<PayBy>, Option<Consent>),
        automatic: bool,
    ) -> Result<(), Refused> {
        let until = last_day(from).ok_or_else(|| Refusal::ValueUnfit.about("licence dates"))?;
        self.periods.push(Period { from, until, payment: Payment::Unpaid, pay_by, consent, automatic });
        Ok(())
    }

    /// Profile §10.1: a year that began is shortened, and keeps its payment and consent; nobody agreed that the granted one be
    /// renewed by itself. Nobody is warned at the moment at which days are granted of how few they are.
    fn grant(&self, days: Licence, today: Date) -> Result<Self, Refused> {
        if days.until < days.from {
            return Err(Refusal::ValueUnfit.about("the licence would end before it begins"));
        }
        let mut after = self.clone();
        after.periods.retain(|period| period.from < days.from);
        if let Some(running) = after.periods.last_mut().filter(|running| running.until >= days.from) {
            running.until = days.from.yesterday().map_err(|_| Refusal::ValueUnfit.about("licence dates"))?;
        }
        after.automatic = false;
        after.periods.extend(Self::granted(days).periods);
        let soon = after.days_left(today).and_then(warning);
        after.warned = soon.map(|left| (days.until, left)).or(after.warned);
        Ok(after)
    }

    fn pay(&self, from: Option<Date>, payment: Payment, pay_by: Option<PayBy>) -> Result<Self, Refused> {
        let wanted = from.unwrap_or(self.known()?.from);
        let mut after = self.clone();
        let period = after.periods.iter_mut().find(|period| period.from == wanted);
        let period = period.ok_or_else(|| Refusal::LicenceNone.about(wanted))?;
        period.payment = payment;
        period.pay_by = pay_by.or(period.pay_by);
        Ok(after)
    }
}

impl Consent {
    /// Is it to exactly these terms?
    pub fn is_to(&self, terms: Option<&LicenceTerms>) -> bool {
        terms.is_some_and(|terms| terms.version == self.version && terms.digest == self.digest)
    }
}

fn version(terms: Option<&LicenceTerms>) -> &str {
    terms.map_or("none is published", |terms| terms.version.as_str())
}
