//! Days and segments, and the names of their folders and files.

use std::fmt;
use std::path::PathBuf;

use jiff::civil::{self, Date};
use jiff::{Span, Timestamp};

const NANOSECONDS: i128 = 86_400_000_000_000;
/// A segment's number stands in this many low bits of its id.
const NUMBER_BITS: u32 = 24;
/// The folder of a body under a legal hold, before its number.
const HOLD_PREFIX: &str = "held-";
/// The folder where all of them stood once.
const HELD_NAME: &str = "held";
/// Holds that there can ever be, one number each.
const HOLDS: i32 = 1 << 24;
const SEGMENT_SUFFIX: &str = ".seg";

/// A UTC day, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub i32);

impl Day {
    /// No day of the calendar: where all legal holds stood together, under one key. Nothing is written here any more.
    pub const HELD: Self = Self(i32::MAX);
    /// The days above it, which no calendar has, are each that of one legal hold.
    const BEFORE_HOLDS: i32 = i32::MAX - HOLDS;
    /// The last day on which mail may come: above it stand holds.
    pub const LAST: Self = Self(Self::BEFORE_HOLDS);

    /// The place of the legal hold of this number, from 1, with a key of its own; none past the last number.
    pub(super) fn hold(number: i32) -> Option<Self> {
        (1..HOLDS).contains(&number).then_some(Self(Self::BEFORE_HOLDS + number))
    }

    /// Does a body under a legal hold stand here? No expiry takes its key.
    pub fn is_hold(self) -> bool {
        self.0 > Self::BEFORE_HOLDS
    }

    /// The number of a legal hold that has a place of its own; of any other day 0.
    pub fn hold_number(self) -> i32 {
        if self.is_hold() && self != Self::HELD { self.0 - Self::BEFORE_HOLDS } else { 0 }
    }

    /// The day of an instant.
    pub fn of(instant: Timestamp) -> Self {
        let days = instant.as_nanosecond().div_euclid(NANOSECONDS);
        Self(i32::try_from(days).unwrap_or(i32::MIN)) // a `Timestamp` ends with the year 9999
    }

    /// Its date. `None`: after the end of the calendar.
    pub fn date(self) -> Option<Date> {
        EPOCH.checked_add(Span::new().try_days(self.0).ok()?).ok()
    }

    /// Reads what `Display` writes; any other name is not a day's.
    pub fn named(name: &str) -> Option<Self> {
        if name == HELD_NAME {
            return Some(Self::HELD);
        }
        if let Some(number) = name.strip_prefix(HOLD_PREFIX) {
            return Self::hold(number.parse().ok()?).filter(|day| day.to_string() == name);
        }
        let date: Date = name.parse().ok()?;
        let day = Self(EPOCH.until(date).ok()?.get_days());
        (day.to_string() == name).then_some(day)
    }
}

const EPOCH: Date = civil::date(1970, 1, 1);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => write!(f, "{date}"),
            None if *self == Self::HELD => f.write_str(HELD_NAME),
            None if self.is_hold() => write!(f, "{HOLD_PREFIX}{}", self.hold_number()),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// One file of bodies: the day, and in the lowest 24 bits the number within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Segment(pub i64);

impl Segment {
    /// The highest number within a day.
    pub(super) const LAST: u32 = (1 << NUMBER_BITS) - 1;

    pub(super) fn of(day: Day, number: u32) -> Self {
        Self(i64::from(day.0) << NUMBER_BITS | i64::from(number))
    }

    /// The first one of a day: the only one that a legal hold has.
    pub fn first(day: Day) -> Self {
        Self::of(day, 0)
    }

    /// The day whose key opens it.
    pub fn day(self) -> Day {
        Day(i32::try_from(self.0 >> NUMBER_BITS).unwrap_or(i32::MIN))
    }

    /// The number within the day.
    pub fn number(self) -> u32 {
        u32::try_from(self.0 & i64::from(Self::LAST)).unwrap_or(0)
    }

    /// `<day>/<number>.seg`, below the folder of the bodies.
    pub(super) fn file(self) -> PathBuf {
        [self.day().to_string(), format!("{}{SEGMENT_SUFFIX}", self.number())].iter().collect()
    }

    /// Reads the file's name within the day's folder.
    pub(super) fn named(day: Day, name: &str) -> Option<Self> {
        let number: u32 = name.strip_suffix(SEGMENT_SUFFIX)?.parse().ok()?;
        (number <= Self::LAST && format!("{number}{SEGMENT_SUFFIX}") == name).then(|| Self::of(day, number))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.day(), self.number())
    }
}

/// Where a body stands: what a row keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// In this file,
    pub segment: Segment,
    /// from this octet,
    pub offset: u64,
    /// so many octets.
    pub stored: u64,
    /// The octets of the body itself.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_folder_name_and_is_found_by_it() {
        let (first, last) = (Day::hold(1).unwrap(), Day::hold(HOLDS - 1).unwrap());
        for (day, name) in [
            (Day(0), "1970-01-01"),
            (Day(20_515), "2026-03-03"),
            (Day(-1), "1969-12-31"),
            (Day::HELD, "held"),
            (first, "held-1"),
            (last, "held-16777215"),
        ] {
            assert_eq!(day.to_string(), name);
            assert_eq!(Day::named(name), Some(day));
            assert_eq!(day.is_hold(), name.starts_with("held"), "{name}");
        }
        assert_eq!((Day::hold(0), Day::hold(HOLDS)), (None, None));
        assert!(!Day(first.0 - 1).is_hold() && last.0 + 1 == Day::HELD.0);
        for name in
            ["", "2026-3-3", "2026-03-03T00", "20260303", "held2", "held-0", "held-01", "held-16777216", "2026-02-30"]
        {
            assert_eq!(Day::named(name), None, "{name}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let day = |text: &str| Day::of(text.parse().unwrap());
        assert_eq!(day("2026-03-02T23:59:59.999Z"), Day(20_514));
        assert_eq!(day("2026-03-03T00:00:00Z"), Day(20_515));
        assert_eq!(day("1969-12-31T23:59:59.5Z"), Day(-1));
    }

    #[test]
    fn a_segment_tells_its_day_and_number() {
        for (day, number) in [(Day(20_515), 7), (Day(-3), Segment::LAST), (Day::HELD, 0)] {
            let segment = Segment::of(day, number);
            assert_eq!((segment.day(), segment.number()), (day, number));
            let file = segment.file();
            let name = file.file_name().unwrap().to_str().unwrap();
            assert_eq!(Segment::named(day, name), Some(segment));
        }
        for name in ["07.seg", "7", "16777216.seg", "-1.seg", "+1.seg", "7.seg.new"] {
            assert_eq!(Segment::named(Day(1), name), None, "{name}");
        }
    }
}
