//! What happens to a licence by itself: the office is warned before it ends, and it is renewed if the office wants it so. Pure; the
//! list of what is due is the store's.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::{LicenceTerms, Licensing};
use crate::roll::{JAPAN, japanese_day};

/// So many days before the end the office is warned (Profile §10.7).
pub const WARNING_DAYS: [u16; 3] = [60, 30, 7];
/// So many days after the end a licence is still renewed by itself, where the gateway could not do it in time. Past it the date may
/// be wrong, or the office gone.
const LATE_DAYS: i32 = 30;

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceDue {
    /// The office is warned so many days before the end.
    Warn(u16),
    /// 自動更新.
    Renew,
    /// The end went by and it could not be renewed by itself; 自動更新 is off from then on.
    Lapse,
}

impl Licensing {
    /// Profile §10.6, §10.7: what is due on a day. Of warnings that went by while nobody looked the last counts.
    pub fn due(&self, terms: Option<&LicenceTerms>, today: Date) -> Option<LicenceDue> {
        let (until, left) = (self.run()?.until, self.days_left(today)?);
        let agreed = self.consent().is_some_and(|consent| consent.is_to(terms));
        if self.automatic && (-LATE_DAYS..=0).contains(&left) {
            if agreed && !self.stopped() {
                return Some(LicenceDue::Renew);
            }
            // What could not be done in time is not done backwards, whatever changes later.
            if left < 0 {
                return Some(LicenceDue::Lapse);
            }
        }
        let days = warning(left)?;
        let told = matches!(self.warned, Some((of, warned)) if of == until && warned <= days);
        (!told).then_some(LicenceDue::Warn(days))
    }

    /// When to look next: now, if something is due; else at the next moment at which something may be.
    pub fn look(&self, terms: Option<&LicenceTerms>, now: Timestamp) -> Option<Timestamp> {
        if self.due(terms, japanese_day(now)).is_some() {
            return Some(now);
        }
        let until = self.run()?.until;
        let ends = if self.automatic { &[0, -1][..] } else { &[] };
        let days = WARNING_DAYS.into_iter().map(i64::from).chain(ends.iter().copied());
        let moments = days.filter_map(|days| midnight(until.checked_sub(Span::new().days(days)).ok()?));
        moments.filter(|at| *at > now).min()
    }

    /// What it is after something was due; `None`: it is due no more.
    pub(super) fn happens(&self, due: LicenceDue, terms: Option<&LicenceTerms>, today: Date) -> Option<Self> {
        if self.due(terms, today) != Some(due) {
            return None;
        }
        let mut after = self.clone();
        match due {
            LicenceDue::Warn(days) => after.warned = Some((self.run()?.until, days)),
            LicenceDue::Lapse => after.automatic = false,
            LicenceDue::Renew => {
                let last = self.periods.last()?;
                let from = last.until.tomorrow().ok()?;
                after.year(from, (last.pay_by, last.consent.clone()), true).ok()?;
            }
        }
        Some(after)
    }
}

/// The warning that belongs to so many days left.
pub(super) fn warning(left: i32) -> Option<u16> {
    let reached = |days: &u16| (0..=i32::from(*days)).contains(&left);
    WARNING_DAYS.into_iter().rev().find(reached)
}

/// When a day begins in Japan.
fn midnight(day: Date) -> Option<Timestamp> {
    JAPAN.to_timestamp(day.at(0, 0, 0, 0)).ok()
}
