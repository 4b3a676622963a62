//! When it is told that nobody has collected a bundle (Profile §8.14). Pure; the list of what is due is in the store.

use jiff::{SignedDuration, Timestamp};

/// No reminder comes before this.
pub const FIRST_REMINDER_HOURS: u16 = 24;

/// When it is first looked at whether it is to be told, for a bundle accepted at this moment.
pub fn first_reminder(accepted: Timestamp) -> Timestamp {
    accepted.saturating_add(SignedDuration::from_hours(i64::from(FIRST_REMINDER_HOURS))).unwrap_or(accepted)
}

/// When it is told, as the operator wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminders {
    /// Hours after the acceptance.
    pub after_hours: Vec<u16>,
    /// At half the time.
    pub half_time: bool,
    /// Days before the end.
    pub days_before_end: Vec<u16>,
}

/// What is to be done about a bundle whose moment came, or seems to have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reminding {
    /// Nothing, and it stays on the list: its end is over, and still it waits. Its expiry ends it; or the clock is wrong.
    Leave,
    /// It was collected, or is gone.
    Over,
    /// It is looked at.
    Look {
        /// The moment that came; of several the last.
        tell: Option<Timestamp>,
        /// The next one.
        again: Option<Timestamp>,
    },
}

impl Default for Reminders {
    /// A day, three days, half the time, and three days before the end.
    fn default() -> Self {
        Self { after_hours: vec![24, 72], half_time: true, days_before_end: vec![3] }
    }
}

impl Reminders {
    /// All moments for a bundle whose retention ends then; none before the first look, however short the retention is.
    pub fn moments(&self, accepted: Timestamp, ends: Timestamp) -> Vec<Timestamp> {
        let hours = |hours: i64| SignedDuration::from_hours(hours);
        let after = self.after_hours.iter().map(|count| accepted.saturating_add(hours(i64::from(*count))));
        let half = self.half_time.then(|| accepted.saturating_add(ends.duration_since(accepted) / 2));
        let before = self.days_before_end.iter().map(|days| ends.saturating_sub(hours(24 * i64::from(*days))));
        let all = after.chain(half).chain(before);
        // To the millisecond, as rows and evidence keep them.
        let whole = |at: Timestamp| Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let mut moments: Vec<_> =
            all.flatten().map(whole).filter(|at| *at >= first_reminder(accepted) && *at < ends).collect();
        moments.sort();
        moments.dedup();
        moments
    }

    /// What is to be done of a bundle whose row was due at `due`, and of whose moments `told` was the last that was told; `waits`:
    /// nobody has collected it. A row that other settings made due earlier, at the moment they came, is told of what comes from then
    /// on, and never of what was told, wherever the clock stood when they came.
    pub fn look(
        &self,
        (accepted, ends): (Timestamp, Timestamp),
        (due, told, now): (Timestamp, Option<Timestamp>, Timestamp),
        waits: bool,
    ) -> Reminding {
        if !waits {
            return Reminding::Over;
        }
        if now >= ends {
            return Reminding::Leave;
        }
        let untold: Vec<_> = self.moments(accepted, ends).into_iter().filter(|at| Some(*at) > told).collect();
        let tell = untold.iter().rfind(|at| due <= **at && **at <= now).copied();
        // The operator may keep content longer from any day on, and then there is another moment.
        let later = || now.saturating_add(SignedDuration::from_hours(24)).map_or(ends, |day| day.min(ends));
        // Those that went by while nobody looked, a night or a year of a clock set ahead, are told as one.
        let next = untold.into_iter().find(|at| *at > now);
        Reminding::Look { tell, again: Some(next.unwrap_or_else(later)) }
    }
}

#[cfg(test)]
mod tests;
