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
        /// A moment came.
        tell: bool,
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
        let mut moments: Vec<_> = all.flatten().filter(|at| *at >= first_reminder(accepted) && *at < ends).collect();
        moments.sort();
        moments.dedup();
        moments
    }

    /// What is to be done of a bundle whose row was due at `due`; `waits`: nobody has collected it. A row that other settings made due
    /// earlier, at the moment they came, is told of what comes from then on.
    pub fn look(
        &self,
        (accepted, ends): (Timestamp, Timestamp),
        (due, now): (Timestamp, Timestamp),
        waits: bool,
    ) -> Reminding {
        if !waits {
            return Reminding::Over;
        }
        if now >= ends {
            return Reminding::Leave;
        }
        let tell = self.came((accepted, ends), (due, now));
        // The operator may keep content longer from any day on, and then there is another moment.
        let later = || now.saturating_add(SignedDuration::from_hours(24)).map_or(ends, |day| day.min(ends));
        Reminding::Look { tell, again: Some(self.next(accepted, ends, now).unwrap_or_else(later)) }
    }

    /// The next moment after `now`. Those that went by while nobody looked, a night or a year of a clock set ahead, are told as
    /// one.
    fn next(&self, accepted: Timestamp, ends: Timestamp, now: Timestamp) -> Option<Timestamp> {
        self.moments(accepted, ends).into_iter().find(|at| *at > now)
    }

    /// Did one of the moments come since `from`, when it was last looked at?
    fn came(&self, (accepted, ends): (Timestamp, Timestamp), (from, now): (Timestamp, Timestamp)) -> bool {
        self.moments(accepted, ends).into_iter().any(|at| from <= at && at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// What is told where the clock shows these moments, one after the other, and the list is looked at in each.
    fn told(times: (Timestamp, Timestamp), clock: impl IntoIterator<Item = Timestamp>) -> Vec<Timestamp> {
        let (mut due, mut told) = (first_reminder(times.0), Vec::new());
        for now in clock {
            if due > now {
                continue;
            }
            if let Reminding::Look { tell, again: Some(again) } = Reminders::default().look(times, (due, now), true) {
                told.extend(tell.then_some(now));
                due = again;
            }
        }
        told
    }

    // Profile §8.14
    #[test]
    fn four_reminders_and_none_twice_wherever_the_clock_stands() {
        let times = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
        let all = Reminders::default().moments(times.0, times.1);
        let hours = |from: i64, to: i64| (from..to).map(move |n| times.0 + SignedDuration::from_hours(n));
        let right = 90 * 24;
        assert_eq!(told(times, hours(0, right)), all);
        // Set back, once or again and again, by an hour or by all the time that went by.
        for back in [1, 30, 24 * 50] {
            for (moment, at) in all.iter().enumerate() {
                let until = at.duration_since(times.0).as_hours() + 1;
                let again = hours(0, until).chain(hours((until - back).max(0), until)).chain(hours(until - 1, right));
                assert_eq!(told(times, again), all, "back by {back} hours after {moment}");
            }
        }
        // Ahead by a week, and right again: early, and not a second time.
        let ahead = hours(0, 24 * 40).chain(hours(24 * 47, 24 * 48)).chain(hours(24 * 40, right));
        assert_eq!(told(times, ahead), [all[0], all[1], times.0 + SignedDuration::from_hours(24 * 47), all[3]]);
    }

    // Profile §8.14
    #[test]
    fn there_are_four_moments_and_those_that_went_by_are_one() {
        let (accepted, ends) = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
        let all = Reminders::default().moments(accepted, ends);
        let expected =
            ["2026-01-02T12:00:00Z", "2026-01-04T12:00:00Z", "2026-02-15T18:00:00Z", "2026-03-30T00:00:00Z"].map(at);
        assert_eq!(all, expected);
        assert_eq!(first_reminder(accepted), all[0]);
        assert_eq!(Reminders::default().next(accepted, ends, all[0]), Some(all[1]));
        assert_eq!(
            Reminders::default().next(accepted, ends, at("2026-03-01T00:00:00Z")),
            Some(all[3]),
            "two that went by are one"
        );
        assert_eq!(Reminders::default().next(accepted, ends, all[3]), None);
    }

    // Profile §8.14
    #[test]
    fn a_clock_that_is_ahead_takes_no_reminder_away() {
        let times = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
        let all = Reminders::default().moments(times.0, times.1);
        let look = |now: Timestamp, waits| Reminders::default().look(times, (all[0], now), waits);
        assert_eq!(look(times.1, true), Reminding::Leave);
        assert_eq!(look(at("2027-05-01T00:00:00Z"), true), Reminding::Leave);
        // Right again, and its day has come.
        assert_eq!(look(all[0], true), Reminding::Look { tell: true, again: Some(all[1]) });
        let day_after = all[3] + SignedDuration::from_hours(24);
        assert_eq!(look(all[3], true), Reminding::Look { tell: true, again: Some(day_after) });
        for now in [all[0], times.1] {
            assert_eq!(look(now, false), Reminding::Over);
        }
    }

    // Profile §8.14
    #[test]
    fn who_keeps_content_longer_is_told_before_the_new_end_as_well() {
        let (accepted, ends, longer) =
            (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"), at("2026-05-02T00:00:00Z"));
        let (mut due, mut told) = (first_reminder(accepted), Vec::new());
        // The last moment was told of, and then the end is a month later.
        while due < longer {
            let ends = if due < at("2026-04-01T00:00:00Z") { ends } else { longer };
            let Reminding::Look { tell, again: Some(again) } =
                Reminders::default().look((accepted, ends), (due, due), true)
            else {
                panic!("it waits")
            };
            told.extend(tell.then_some(due));
            due = again;
        }
        assert_eq!(told[3..], [at("2026-03-30T00:00:00Z"), at("2026-04-29T00:00:00Z")]);
    }

    // Profile §8.14
    #[test]
    fn who_keeps_content_shorter_is_told_before_the_new_end_and_nothing_twice() {
        let (accepted, shorter) = (at("2026-01-01T12:00:00Z"), at("2026-02-01T00:00:00Z"));
        // Told of a day and of three days, and due again at half the time, as it was then.
        let look = |due, now| Reminders::default().look((accepted, shorter), (due, now), true);
        for changed in ["2026-01-04T12:00:00Z", "2026-01-10T00:00:00Z"].map(at) {
            let changed = changed + SignedDuration::from_secs(1);
            let half = at("2026-01-16T18:00:00Z");
            assert_eq!(look(changed, changed), Reminding::Look { tell: false, again: Some(half) });
            assert_eq!(look(half, half), Reminding::Look { tell: true, again: Some(at("2026-01-29T00:00:00Z")) });
        }
        // It is as before: looked at early, and told in its time.
        let early = at("2026-01-01T13:00:00Z");
        assert_eq!(look(early, early), Reminding::Look { tell: false, again: Some(first_reminder(accepted)) });
        let short = Reminders { after_hours: vec![], half_time: false, days_before_end: vec![30] };
        assert!(short.moments(accepted, shorter).is_empty(), "none before a day");
    }

    #[test]
    fn the_operator_says_when_and_where_nothing_is_due_nothing_is_told() {
        let (accepted, ends) = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
        let rare = Reminders { after_hours: vec![48], half_time: false, days_before_end: vec![1, 7] };
        let expected = ["2026-01-03T12:00:00Z", "2026-03-26T00:00:00Z", "2026-04-01T00:00:00Z"].map(at);
        assert_eq!(rare.moments(accepted, ends), expected);
        let first = first_reminder(accepted);
        assert!(!rare.came((accepted, ends), (first, first)), "the first look comes before the first moment");
        assert!(rare.came((accepted, ends), (first, expected[0])));
        assert!(!rare.came((accepted, ends), (expected[1], at("2026-03-25T00:00:00Z"))), "a clock that went back");
        let never = Reminders { after_hours: Vec::new(), half_time: false, days_before_end: Vec::new() };
        assert_eq!(never.next(accepted, ends, first), None);
    }

    #[test]
    fn a_short_retention_has_its_moments_in_order() {
        let (accepted, ends) = (at("2026-01-01T00:00:00Z"), at("2026-01-05T00:00:00Z"));
        let all = Reminders::default().moments(accepted, ends);
        assert!(all.is_sorted_by(|one, next| one < next) && all.iter().all(|at| *at > accepted && *at < ends));
        assert_eq!(all.len(), 3, "a day after is three days before");
    }
}
