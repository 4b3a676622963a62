//! When content expires, and what is left to do for a day of it. Deciding is here; doing is in the store.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Seconds of a UTC day.
const DAY: i64 = 86_400;
/// The date may go ahead by so many days between two runs of expiry. Further, and nobody destroys a key unasked: a
/// clock that is wrong by a year would take all mail with it.
pub const LEAP_DAYS: i32 = 30;

/// How long content is kept: so many full UTC days after the day it came (Profile §11.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention(u16);

/// The number of days is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content is kept for {least} to {most} days", least = Retention::LEAST, most = Retention::MOST)]
pub struct NotARetention;

impl Retention {
    /// The fewest days.
    pub const LEAST: u16 = 10;
    /// The most days.
    pub const MOST: u16 = 365;

    /// So many days.
    pub fn new(days: u16) -> Result<Self, NotARetention> {
        if (Self::LEAST..=Self::MOST).contains(&days) { Ok(Self(days)) } else { Err(NotARetention) }
    }

    /// The full days.
    pub fn days(self) -> u16 {
        self.0
    }

    /// The first day on which the content of `day` is gone. Days are UTC days since 1970.
    pub fn end_of(self, day: i32) -> i32 {
        day.saturating_add(i32::from(self.0)).saturating_add(1)
    }

    /// Its first moment. `None`: after the end of the calendar.
    pub fn moment_of(self, day: i32) -> Option<Timestamp> {
        Timestamp::from_second(i64::from(self.end_of(day)) * DAY).ok()
    }

    /// Is the content of `day` to be gone on this day?
    pub fn is_over(self, day: i32, today: i32) -> bool {
        self.end_of(day) <= today
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self(90)
    }
}

/// How far a day's content has gone. It only ever goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayState {
    /// It can be read, or its key was destroyed a moment ago and nothing more was done.
    #[default]
    Live,
    /// Its key is destroyed and what is lost by that is written down; its rows are still there.
    Erased,
    /// Rows and files are gone.
    Swept,
}

impl DayState {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Erased => "erased",
            Self::Swept => "swept",
        }
    }
}

impl fmt::Display for DayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no state of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a day")]
pub struct NotADayState;

impl FromStr for DayState {
    type Err = NotADayState;
    fn from_str(text: &str) -> Result<Self, NotADayState> {
        [Self::Live, Self::Erased, Self::Swept].into_iter().find(|state| state.as_str() == text).ok_or(NotADayState)
    }
}

/// What is known of a day before it is decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The UTC day, as days since 1970.
    pub day: i32,
    /// How far it has gone.
    pub state: DayState,
    /// Its key is known to be destroyed, whatever the state says: a crash came between, or old rows were restored.
    pub key_destroyed: bool,
}

/// What happens to a day, in this order (Profile §11.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its key is destroyed: from here nobody can read it.
    DestroyKey,
    /// Evidence of what nobody collected, and the day becomes [`DayState::Erased`].
    WriteDown,
    /// Its entries and messages leave the folders.
    Sweep,
    /// Its files go, and the day becomes [`DayState::Swept`].
    Drop,
}

/// The steps left for a day. Each may be done twice, so a crash at any of them is mended by the next run.
pub fn steps(standing: Standing, keep: Retention, today: i32) -> &'static [Step] {
    use Step::{DestroyKey, Drop, Sweep, WriteDown};
    let due = keep.is_over(standing.day, today) || standing.key_destroyed;
    match standing.state {
        DayState::Live if due => &[DestroyKey, WriteDown, Sweep, Drop],
        DayState::Erased => &[DestroyKey, Sweep, Drop],
        DayState::Live | DayState::Swept => &[],
    }
}

/// Does the content of a day go, and by what?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goes {
    /// It is not due.
    Later,
    /// With the next run of expiry, which nobody has to ask for.
    ByItself,
    /// When a person asks for expiry: by the settings it is due, and it was said to be kept for longer.
    WhenAsked,
    /// When a person asks for expiry: it is due, and the clock is doubted.
    WhenTheClockIsSeenTo,
}

/// Does this day go, by the settings' retention and the one that was said of it, the longer of both? `doubted`: the clock alone destroys
/// no key.
pub fn goes(standing: Standing, (wanted, said): (Retention, Retention), (today, doubted): (i32, bool)) -> Goes {
    let due = |keep| !steps(standing, keep, today).is_empty();
    match (due(wanted), due(said)) {
        (_, true) if doubted && !standing.key_destroyed => Goes::WhenTheClockIsSeenTo,
        (_, true) => Goes::ByItself,
        (true, false) => Goes::WhenAsked,
        (false, false) => Goes::Later,
    }
}

/// Has the date gone ahead so far since the last run that the clock must be doubted?
pub fn leapt(last: Option<i32>, today: i32) -> bool {
    last.is_some_and(|last| today > last.saturating_add(LEAP_DAYS))
}

/// What is known of the date from the runs of expiry before (Profile §11.5), as UTC days since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dates {
    /// When it last ran, as the clock said then. What came while a clock was behind stands under days of that time, and would go as
    /// soon as the clock is right: so a clock that was behind leaves a doubt behind it, until somebody has looked.
    pub expired_on: Option<i32>,
    /// The newest day that was believed. A clock that was behind for a while takes it back no more than it takes back what happened.
    pub believed_on: Option<i32>,
}

impl Dates {
    /// Is no key to be destroyed by the clock alone?
    pub fn doubts_keys(self, today: i32) -> bool {
        leapt(self.expired_on, today)
    }

    /// Is nobody to be reminded?
    pub fn doubts_reminders(self, today: i32) -> bool {
        leapt(self.believed_on, today)
    }

    /// What is known after a run. A person who asks for it says that the date is right; a date that is doubted is not written down,
    /// lest the next run believe it.
    #[must_use]
    pub fn after(self, today: i32, asked_by_a_person: bool) -> Self {
        // By a clock of 1970 it ran all the same.
        let ran = Some(today.max(1));
        if asked_by_a_person {
            return Self { expired_on: ran, believed_on: ran };
        }
        Self {
            expired_on: if self.doubts_keys(today) { self.expired_on } else { ran },
            believed_on: if self.doubts_reminders(today) { self.believed_on } else { self.believed_on.max(ran) },
        }
    }
}

/// The first moment of the next UTC day.
pub fn next_midnight(now: Timestamp) -> Timestamp {
    let day = now.as_second().div_euclid(DAY) + 1;
    Timestamp::from_second(day * DAY).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: i32 = 20_782;

    fn standing(day: i32, state: DayState, key_destroyed: bool) -> Standing {
        Standing { day, state, key_destroyed }
    }

    #[test]
    fn content_is_kept_for_so_many_full_days() {
        // Profile §11.4: what came on 25 November at any hour has ten full days, and is gone on 6 December.
        let keep = Retention::new(10).unwrap();
        assert_eq!(keep.moment_of(TODAY).unwrap().to_string(), "2026-12-06T00:00:00Z");
        assert!(!keep.is_over(TODAY, TODAY + 10));
        assert!(keep.is_over(TODAY, TODAY + 11));
        assert_eq!(keep.moment_of(i32::MAX), None);
        assert!(!keep.is_over(i32::MAX, TODAY));
    }

    #[test]
    fn a_retention_has_10_to_365_days_and_90_unless_said() {
        assert_eq!([9, 10, 365, 366].map(|days| Retention::new(days).is_ok()), [false, true, true, false]);
        assert_eq!(Retention::default(), Retention::new(90).unwrap());
    }

    #[test]
    fn a_day_goes_through_all_steps_and_an_interrupted_one_through_the_rest() {
        let keep = Retention::default();
        let check = |day: i32, state: DayState, destroyed: bool, expected: &[Step]| {
            assert_eq!(steps(standing(day, state, destroyed), keep, TODAY), expected, "{day} {state} {destroyed}");
        };
        let all = [Step::DestroyKey, Step::WriteDown, Step::Sweep, Step::Drop];
        check(TODAY - 91, DayState::Live, false, &all);
        check(TODAY - 90, DayState::Live, false, &[]);
        check(TODAY - 1, DayState::Live, true, &all);
        check(TODAY - 91, DayState::Erased, true, &[Step::DestroyKey, Step::Sweep, Step::Drop]);
        // A longer retention comes too late for a day that has begun to go.
        check(TODAY - 5, DayState::Erased, true, &[Step::DestroyKey, Step::Sweep, Step::Drop]);
        check(TODAY - 91, DayState::Swept, true, &[]);
    }

    // Profile §11.5
    #[test]
    fn a_day_goes_by_itself_where_what_was_said_of_it_is_over_and_the_clock_is_believed() {
        let (long, short) = (Retention::default(), Retention::new(10).unwrap());
        let check = |age: i32, destroyed: bool, doubted: bool, expected: Goes| {
            let day = standing(TODAY - age, DayState::Live, destroyed);
            assert_eq!(goes(day, (short, long), (TODAY, doubted)), expected, "{age} {destroyed} {doubted}");
        };
        check(10, false, false, Goes::Later);
        check(11, false, false, Goes::WhenAsked);
        check(11, false, true, Goes::WhenAsked);
        check(91, false, false, Goes::ByItself);
        check(91, false, true, Goes::WhenTheClockIsSeenTo);
        check(91, true, true, Goes::ByItself);
        check(1, true, true, Goes::ByItself);
    }

    #[test]
    fn a_clock_that_leaps_is_doubted() {
        assert!(!leapt(None, TODAY));
        assert!(!leapt(Some(TODAY - LEAP_DAYS), TODAY));
        assert!(leapt(Some(TODAY - LEAP_DAYS - 1), TODAY));
        assert!(!leapt(Some(TODAY + 400), TODAY));
    }

    // Profile §11.5
    #[test]
    fn a_clock_that_was_behind_leaves_a_doubt_about_keys_and_none_about_reminders() {
        let right = Dates::default().after(TODAY, false);
        for behind in [TODAY - 400, 0, -3] {
            let mut dates = right.after(behind, false);
            for today in TODAY..TODAY + 3 * LEAP_DAYS {
                assert!(dates.doubts_keys(today) && !dates.doubts_reminders(today), "{behind} {today}");
                dates = dates.after(today, false);
            }
            let looked_at = dates.after(TODAY + 90, true);
            assert!(!looked_at.doubts_keys(TODAY + 91));
        }
        // Where that was the first run, nothing is known of any day after it.
        let first = Dates::default().after(0, false);
        assert!(first.doubts_keys(TODAY) && first.doubts_reminders(TODAY));
    }

    // Profile §11.5
    #[test]
    fn a_clock_that_is_ahead_is_believed_by_nobody_but_a_person_and_is_taken_back() {
        let right = Dates::default().after(TODAY, false);
        assert_eq!(right.after(TODAY + LEAP_DAYS + 1, false), right);
        let confirmed = right.after(TODAY + 400, true);
        assert!(!confirmed.doubts_keys(TODAY + 401) && !confirmed.doubts_reminders(TODAY + 401));
        let back = confirmed.after(TODAY, false);
        assert!(!back.doubts_keys(TODAY + 1) && back.doubts_keys(TODAY + LEAP_DAYS + 1));
    }

    #[test]
    fn midnight_is_the_next_one_in_utc() {
        let midnight = |now: &str| next_midnight(now.parse().unwrap()).to_string();
        assert_eq!(midnight("2026-11-25T14:59:59Z"), "2026-11-26T00:00:00Z");
        assert_eq!(midnight("2026-11-26T00:00:00Z"), "2026-11-27T00:00:00Z");
    }
}
