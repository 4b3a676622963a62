//! When it is told that nobody has collected a bundle (Profile §8.14). Pure; the list of what is due is in the store.

use jiff::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const THREE_DAYS: SignedDuration = SignedDuration::from_hours(72);

/// The first moment, for a bundle accepted at this one.
pub fn first_reminder(accepted: Timestamp) -> Timestamp {
    accepted.saturating_add(DAY).unwrap_or(accepted)
}

/// All moments for a bundle whose retention ends then: a day, three days, half the time, and three days before the end.
pub fn reminders(accepted: Timestamp, ends: Timestamp) -> Vec<Timestamp> {
    let half = ends.duration_since(accepted) / 2;
    let moments = [
        accepted.saturating_add(DAY),
        accepted.saturating_add(THREE_DAYS),
        accepted.saturating_add(half),
        ends.saturating_sub(THREE_DAYS),
    ];
    let mut moments: Vec<_> = moments.into_iter().flatten().filter(|at| *at > accepted && *at < ends).collect();
    moments.sort();
    moments.dedup();
    moments
}

/// The next moment after `now`. Those that went by while nobody looked, a night or a year of a clock set ahead, are told as
/// one.
pub fn next_reminder(accepted: Timestamp, ends: Timestamp, now: Timestamp) -> Option<Timestamp> {
    reminders(accepted, ends).into_iter().find(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    // Profile §8.14
    #[test]
    fn four_reminders_and_none_twice_wherever_the_clock_stands() {
        let (accepted, ends) = (at("2026-01-01T12:00:00Z"), at("2026-04-02T00:00:00Z"));
        let all = reminders(accepted, ends);
        let expected =
            ["2026-01-02T12:00:00Z", "2026-01-04T12:00:00Z", "2026-02-15T18:00:00Z", "2026-03-30T00:00:00Z"].map(at);
        assert_eq!(all, expected);
        assert_eq!(first_reminder(accepted), all[0]);
        assert_eq!(next_reminder(accepted, ends, all[0]), Some(all[1]));
        assert_eq!(next_reminder(accepted, ends, at("2026-03-01T00:00:00Z")), Some(all[3]), "two that went by are one");
        assert_eq!(next_reminder(accepted, ends, all[3]), None);
    }

    #[test]
    fn a_short_retention_has_its_moments_in_order() {
        let (accepted, ends) = (at("2026-01-01T00:00:00Z"), at("2026-01-05T00:00:00Z"));
        let all = reminders(accepted, ends);
        assert!(all.is_sorted_by(|one, next| one < next) && all.iter().all(|at| *at > accepted && *at < ends));
        assert_eq!(all.len(), 3, "a day after is three days before");
    }
}
