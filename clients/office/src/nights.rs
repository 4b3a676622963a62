//! Days between two moments, as people count them.

use fumibako_model::JAPAN;
use jiff::Timestamp;

/// Whole days from one moment to another: nights, in Japan.
pub(crate) fn days(from: Timestamp, to: Timestamp) -> i64 {
    let date = |at| JAPAN.to_datetime(at).date();
    date(from).until(date(to)).map_or(0, |span| span.get_days().into())
}

/// Whole days of 24 hours that are left, as every あと n 日 counts them: nobody is told of a day that is not whole, and on the day a message
/// came no more than the days it is kept. Negative: that moment is over.
pub(crate) fn whole_days(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().div_euclid(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.25
    #[test]
    fn a_day_that_is_not_whole_is_not_told_and_nights_are_those_of_japan() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Content goes at midnight UTC, nine in the morning in Japan.
        let end = at("2027-02-25T00:00:00Z");
        for (now, whole, nights) in [
            ("2026-11-26T00:00:01Z", 90, 91),
            ("2026-11-26T16:00:00Z", 90, 90),
            ("2027-02-23T23:59:00Z", 1, 1),
            ("2027-02-24T00:01:00Z", 0, 1),
            ("2027-02-25T00:00:00Z", 0, 0),
            ("2027-02-25T00:00:01Z", -1, 0),
            ("2027-02-26T01:00:00Z", -2, -1),
        ] {
            assert_eq!((whole_days(at(now), end), days(at(now), end)), (whole, nights), "{now}");
        }
    }
}
