//! How often somebody does what leaves rows that stay: counted in the commit of the row.

use fumibako_model::{JAPAN, Refusal};
use jiff::{SignedDuration, Timestamp};
use sqlx::SqliteConnection;

use crate::error::Stop;

/// What is counted for an hour.
pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// What is counted for a day: it begins at midnight in Japan, where those are who are told to wait for the next.
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Counts of before are forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// Counts one more; says how many there are in the hour or day that runs.
pub(crate) async fn count(
    rows: &mut SqliteConnection,
    (who, what): (&str, &str),
    span: SignedDuration,
    at: Timestamp,
) -> Result<i64, Stop> {
    let since = at.as_second() - since_begin(span, at);
    let count = sqlx::query_scalar!(
        "INSERT INTO often (since, who, what, count) VALUES (?, ?, ?, 1)
         ON CONFLICT (since, who, what) DO UPDATE SET count = count + 1 RETURNING count",
        since,
        who,
        what
    )
    .fetch_one(&mut *rows)
    .await?;
    if count == 1 {
        let before = at.as_second().saturating_sub(KEPT.as_secs());
        sqlx::query!("DELETE FROM often WHERE since < ?", before).execute(rows).await?;
    }
    Ok(count)
}

/// Seconds of the hour or day that runs.
fn since_begin(span: SignedDuration, at: Timestamp) -> i64 {
    (at.as_second() + i64::from(JAPAN.seconds())).rem_euclid(span.as_secs())
}

/// So often in an hour or a day in Japan, and no oftener (E-TMP-005, with the seconds until the next).
pub(crate) async fn at_most(
    rows: &mut SqliteConnection,
    what: (&str, &str),
    (most, span): (i64, SignedDuration),
    at: Timestamp,
) -> Result<(), Stop> {
    if count(rows, what, span, at).await? <= most {
        return Ok(());
    }
    let left = span.as_secs() - since_begin(span, at);
    Err(Refusal::TooManyQuestions.about(left).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §9.15, §19.4
    #[test]
    fn a_day_begins_at_midnight_in_japan_and_an_hour_with_the_hour() {
        let gone = |span, at: &str| since_begin(span, at.parse().unwrap());
        assert_eq!(gone(DAY, "2026-11-24T15:00:00Z"), 0);
        assert_eq!(gone(DAY, "2026-11-24T14:59:59Z"), 86_399);
        assert_eq!(gone(DAY, "2026-11-25T00:00:00Z"), 9 * 3_600);
        assert_eq!(gone(HOUR, "2026-11-25T00:00:07Z"), 7);
    }
}
