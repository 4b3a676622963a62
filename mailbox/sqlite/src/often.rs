//! How often somebody does what leaves rows that stay: counted in the commit of the row.

use fumibako_model::Refusal;
use jiff::{SignedDuration, Timestamp};
use sqlx::SqliteConnection;

use crate::error::Stop;

/// What is counted for an hour.
pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// What is counted for a UTC day.
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
    let since = at.as_second().div_euclid(span.as_secs()) * span.as_secs();
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

/// So often in an hour or a UTC day, and no oftener (E-TMP-005, with the seconds until the next).
pub(crate) async fn at_most(
    rows: &mut SqliteConnection,
    what: (&str, &str),
    (most, span): (i64, SignedDuration),
    at: Timestamp,
) -> Result<(), Stop> {
    if count(rows, what, span, at).await? <= most {
        return Ok(());
    }
    let left = span.as_secs() - at.as_second().rem_euclid(span.as_secs());
    Err(Refusal::TooManyQuestions.about(left).into())
}
