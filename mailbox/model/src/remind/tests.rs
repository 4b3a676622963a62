//! When nobody came, and the clock stands where it likes.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The row of a bundle that waits, as the store keeps it.
struct Waits {
    times: (Timestamp, Timestamp),
    due: Timestamp,
    told: Option<Timestamp>,
    /// The letters: the moment that each tells, and when.
    letters: Vec<(Timestamp, Timestamp)>,
}

impl Waits {
    fn new(times: (Timestamp, Timestamp)) -> Self {
        Self { times, due: first_reminder(times.0), told: None, letters: Vec::new() }
    }

    /// The gateway starts by other settings than before.
    fn starts(&mut self, now: Timestamp) {
        self.due = self.due.min(now);
    }

    /// What is due is looked at.
    fn look(&mut self, by: &Reminders, now: Timestamp) {
        if self.due > now {
            return;
        }
        if let Reminding::Look { tell, again: Some(again) } = by.look(self.times, (self.due, self.told, now), true) {
            self.letters.extend(tell.map(|moment| (moment, now)));
            (self.due, self.told) = (again, tell.or(self.told));
        }
    }

    fn moments(&self) -> Vec<Timestamp> {
        self.letters.iter().map(|(moment, _)| *moment).collect()
    }
}

/// When it is told where the clock shows these moments, one after the other, and the list is looked at in each.
fn told(times: (Timestamp, Timestamp), clock: impl IntoIterator<Item = Timestamp>) -> Vec<Timestamp> {
    let mut row = Waits::new(times);
    for now in clock {
        row.look(&Reminders::default(), now);
    }
    row.letters.into_iter().map(|(_, now)| now).collect()
}

fn after(from: Timestamp, hours: i64) -> Timestamp {
    from + SignedDuration::from_hours(hours)
}

/// Settings and ends that an operator may change between.
fn settings(accepted: Timestamp, which: usize) -> (Reminders, Timestamp) {
    let often = Reminders { after_hours: vec![24, 48, 72, 240], half_time: false, days_before_end: vec![1, 7] };
    let late = Reminders { after_hours: vec![30], half_time: true, days_before_end: vec![10] };
    let by = [Reminders::default(), often, late][which % 3].clone();
    (by, after(accepted, 24 * [30, 60, 90][which / 3]))
}

// Profile §8.14
#[test]
fn settings_that_come_while_the_clock_is_behind_tell_nothing_again() {
    let times = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
    let all = Reminders::default().moments(times.0, times.1);
    for behind in [after(times.0, 20), after(times.0, -5), Timestamp::UNIX_EPOCH] {
        for known in 1..all.len() {
            let mut row = Waits::new(times);
            let hours = |from: i64, to: i64| (from..to).map(|n| after(times.0, n));
            let until = all[known - 1].duration_since(times.0).as_hours() + 1;
            hours(0, until).for_each(|now| row.look(&Reminders::default(), now));
            assert_eq!(row.moments(), all[..known]);
            row.starts(behind);
            row.look(&Reminders::default(), behind);
            hours(until, 90 * 24).for_each(|now| row.look(&Reminders::default(), now));
            assert_eq!(row.moments(), all, "the clock showed {behind}");
        }
    }
}

proptest! {
    // Profile §8.14
    #[test]
    fn no_moment_is_told_after_a_later_one_and_none_to_come_is_lost(
        steps in prop::collection::vec((-2_000_i64..2_100, 0_usize..9, any::<bool>()), 1..12),
    ) {
        let accepted = at("2026-01-01T12:00:00Z");
        let (mut by, ends) = settings(accepted, 0);
        let mut row = Waits::new((accepted, ends));
        let mut latest = 0;
        for (hour, which, changes) in steps {
            let now = after(accepted, hour);
            latest = latest.max(hour);
            if changes {
                (by, row.times.1) = settings(accepted, which);
                row.starts(now);
            }
            row.look(&by, now);
        }
        // From here on the clock is right, and the gateway starts once more.
        let now = after(accepted, latest);
        row.starts(now);
        (latest..24 * 100).for_each(|hour| row.look(&by, after(accepted, hour)));
        let told = row.moments();
        prop_assert!(told.is_sorted_by(|one, next| one < next), "{told:?}");
        let to_come: Vec<_> = by.moments(accepted, row.times.1).into_iter().filter(|at| *at > now).collect();
        let came: Vec<_> = told.into_iter().filter(|at| *at > now).collect();
        prop_assert_eq!(came, to_come);
    }
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
    let look = |due, now| Reminders::default().look((accepted, ends), (due, None, now), true);
    assert_eq!(look(all[0], all[0]), Reminding::Look { tell: Some(all[0]), again: Some(all[1]) });
    let march = at("2026-03-01T00:00:00Z");
    let last = Reminding::Look { tell: Some(all[2]), again: Some(all[3]) };
    assert_eq!(look(all[1], march), last, "two that went by are one");
}

// Profile §8.14
#[test]
fn a_clock_that_is_ahead_takes_no_reminder_away() {
    let times = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
    let all = Reminders::default().moments(times.0, times.1);
    let look = |now: Timestamp, waits| Reminders::default().look(times, (all[0], None, now), waits);
    assert_eq!(look(times.1, true), Reminding::Leave);
    assert_eq!(look(at("2027-05-01T00:00:00Z"), true), Reminding::Leave);
    // Right again, and its day has come.
    assert_eq!(look(all[0], true), Reminding::Look { tell: Some(all[0]), again: Some(all[1]) });
    let day_after = all[3] + SignedDuration::from_hours(24);
    assert_eq!(look(all[3], true), Reminding::Look { tell: Some(all[3]), again: Some(day_after) });
    for now in [all[0], times.1] {
        assert_eq!(look(now, false), Reminding::Over);
    }
}

// Profile §8.14
#[test]
fn who_keeps_content_longer_is_told_before_the_new_end_as_well() {
    let (accepted, ends, longer) = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"), at("2026-05-02T00:00:00Z"));
    let (mut due, mut told) = (first_reminder(accepted), Vec::new());
    // The last moment was told of, and then the end is a month later.
    while due < longer {
        let ends = if due < at("2026-04-01T00:00:00Z") { ends } else { longer };
        let Reminding::Look { tell, again: Some(again) } =
            Reminders::default().look((accepted, ends), (due, None, due), true)
        else {
            panic!("it waits")
        };
        told.extend(tell.map(|_| due));
        due = again;
    }
    assert_eq!(told[3..], [at("2026-03-30T00:00:00Z"), at("2026-04-29T00:00:00Z")]);
}

// Profile §8.14
#[test]
fn who_keeps_content_shorter_is_told_before_the_new_end_and_nothing_twice() {
    let (accepted, shorter) = (at("2026-01-01T12:00:00Z"), at("2026-02-01T00:00:00Z"));
    // Told of a day and of three days, and due again at half the time, as it was then.
    let look = |due, now| Reminders::default().look((accepted, shorter), (due, None, now), true);
    for changed in ["2026-01-04T12:00:00Z", "2026-01-10T00:00:00Z"].map(at) {
        let changed = changed + SignedDuration::from_secs(1);
        let half = at("2026-01-16T18:00:00Z");
        assert_eq!(look(changed, changed), Reminding::Look { tell: None, again: Some(half) });
        assert_eq!(look(half, half), Reminding::Look { tell: Some(half), again: Some(at("2026-01-29T00:00:00Z")) });
    }
    // It is as before: looked at early, and told in its time.
    let early = at("2026-01-01T13:00:00Z");
    assert_eq!(look(early, early), Reminding::Look { tell: None, again: Some(first_reminder(accepted)) });
    let short = Reminders { after_hours: vec![], half_time: false, days_before_end: vec![30] };
    assert!(short.moments(accepted, shorter).is_empty(), "none before a day");
}

#[test]
fn the_operator_says_when_and_where_nothing_is_due_nothing_is_told() {
    let (accepted, ends) = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
    let rare = Reminders { after_hours: vec![48], half_time: false, days_before_end: vec![1, 7] };
    let expected = ["2026-01-03T12:00:00Z", "2026-03-26T00:00:00Z", "2026-04-01T00:00:00Z"].map(at);
    assert_eq!(rare.moments(accepted, ends), expected);
    let look = |from, now| rare.look((accepted, ends), (from, None, now), true);
    let first = first_reminder(accepted);
    let before = Reminding::Look { tell: None, again: Some(expected[0]) };
    assert_eq!(look(first, first), before, "the first look comes before the first moment");
    assert_eq!(look(first, expected[0]), Reminding::Look { tell: Some(expected[0]), again: Some(expected[1]) });
    let back = at("2026-03-25T00:00:00Z");
    let again = Reminding::Look { tell: None, again: Some(expected[1]) };
    assert_eq!(look(expected[1], back), again, "a clock that went back");
    let never = Reminders { after_hours: Vec::new(), half_time: false, days_before_end: Vec::new() };
    assert!(never.moments(accepted, ends).is_empty());
}

#[test]
fn moments_are_whole_milliseconds() {
    let accepted = at("2026-01-01T12:00:00.001Z");
    let all = Reminders::default().moments(accepted, at("2026-04-02T00:00:00Z"));
    assert!(all.len() == 4 && all.iter().all(|at| at.as_microsecond() % 1_000 == 0), "{all:?}");
}

#[test]
fn a_short_retention_has_its_moments_in_order() {
    let (accepted, ends) = (at("2026-01-01T00:00:00Z"), at("2026-01-05T00:00:00Z"));
    let all = Reminders::default().moments(accepted, ends);
    assert!(all.is_sorted_by(|one, next| one < next) && all.iter().all(|at| *at > accepted && *at < ends));
    assert_eq!(all.len(), 3, "a day after is three days before");
}
