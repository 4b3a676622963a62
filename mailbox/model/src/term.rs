//! How long evidence is kept (Profile §8.29).

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

/// What follows a piece within the time that content is kept stands behind it in the log: so long it stays with the piece.
const FOLLOWS_DAYS: i64 = 366;

/// How long evidence is kept, in years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceTerm(u16);

/// The number of years is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence is kept for {least} to {most} years", least = EvidenceTerm::LEAST, most = EvidenceTerm::MOST)]
pub struct NotAnEvidenceTerm;

impl EvidenceTerm {
    /// The fewest years.
    pub const LEAST: u16 = 2;
    /// The most years.
    pub const MOST: u16 = 100;

    /// So many years.
    pub fn new(years: u16) -> Result<Self, NotAnEvidenceTerm> {
        if (Self::LEAST..=Self::MOST).contains(&years) { Ok(Self(years)) } else { Err(NotAnEvidenceTerm) }
    }

    /// The years.
    pub fn years(self) -> u16 {
        self.0
    }

    /// What was signed for before this moment may go: the beginning of a UTC month, so that the log is shortened a dozen times
    /// a year. Of a bundle that came before it the last piece is older than the years, but for a receipt after its expiry.
    pub fn ends(self, now: Timestamp) -> Timestamp {
        let today = Offset::UTC.to_datetime(now).date();
        let span = Span::new().years(i64::from(self.0)).days(FOLLOWS_DAYS);
        let day = today.checked_sub(span).map_or(Date::MIN, Date::first_of_month);
        Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).unwrap_or(Timestamp::MIN)
    }
}

impl Default for EvidenceTerm {
    fn default() -> Self {
        Self(7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.29
    #[test]
    fn evidence_is_kept_for_seven_years_after_what_may_follow_it_and_goes_by_the_month() {
        let ends = |term: EvidenceTerm, now: &str| term.ends(now.parse().unwrap()).to_string();
        let seven = EvidenceTerm::default();
        assert_eq!(seven.years(), 7);
        assert_eq!(ends(seven, "2034-11-30T23:59:59Z"), "2026-11-01T00:00:00Z");
        assert_eq!(ends(seven, "2034-12-01T00:00:00Z"), "2026-11-01T00:00:00Z");
        assert_eq!(ends(seven, "2034-12-02T00:00:00Z"), "2026-12-01T00:00:00Z");
        assert_eq!(ends(EvidenceTerm::new(2).unwrap(), "2028-02-29T12:00:00Z"), "2025-02-01T00:00:00Z");
        assert_eq!([1, 2, 100, 101].map(|years| EvidenceTerm::new(years).is_ok()), [false, true, true, false]);
        assert!(seven.ends(Timestamp::MIN) <= Timestamp::MIN, "there is no earlier moment");
    }
}
