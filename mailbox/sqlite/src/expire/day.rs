//! What the rows say of days. Reads only.

use std::collections::BTreeSet;

use fumibako_model::{Dates, DayState, Goes, Retention, Standing, State};
use fumibako_store::DayOfMail;
use fumibako_store::bodies::Day;
use sqlx::{SqliteExecutor, SqlitePool};

use crate::error::unreadable;

/// The first and the last id a segment of this day can have: a body belongs to the day whose key opens it.
pub(crate) fn range(day: Day) -> (i64, i64) {
    let first = i64::from(day.0) << 24;
    (first, first | 0xff_ffff)
}

/// The days that bodies of messages belong to: from each to the next in one step of the index.
pub(crate) async fn with_rows(readers: &SqlitePool) -> Result<Vec<Day>, sqlx::Error> {
    let days = sqlx::query_scalar!(
        r#"WITH RECURSIVE found (day) AS (
               SELECT (SELECT min(segment) FROM message) >> 24
               UNION ALL
               SELECT (SELECT min(segment) FROM message WHERE segment >= (found.day + 1) << 24) >> 24
               FROM found WHERE found.day IS NOT NULL)
           SELECT json_group_array(day) AS "days!: String" FROM found WHERE day IS NOT NULL"#
    )
    .fetch_one(readers)
    .await?;
    let days: Vec<i32> = serde_json::from_str(&days).map_err(unreadable)?;
    Ok(days.into_iter().map(Day).collect())
}

/// How far these days have gone, as far as it was written down.
pub(crate) async fn standing(readers: &SqlitePool, days: &BTreeSet<Day>) -> Result<Vec<(Day, DayState)>, sqlx::Error> {
    let days: Vec<i32> = days.iter().map(|day| day.0).collect();
    let days = serde_json::to_string(&days).map_err(unreadable)?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(day.day, day.state)) AS "found!: String"
           FROM json_each(?) asked JOIN day ON day.day = asked.value"#,
        days
    )
    .fetch_one(readers)
    .await?;
    let found: Vec<(i32, DayState)> = serde_json::from_str(&found).map_err(unreadable)?;
    Ok(found.into_iter().map(|(day, state)| (Day(day), state)).collect())
}

/// A day with what stands in it; of one whose rows are leaving, what was written down when it was erased.
pub(crate) async fn counted(
    readers: &SqlitePool,
    standing: Standing,
    (goes, kept_for): (Goes, Retention),
) -> Result<DayOfMail, sqlx::Error> {
    let (first, last) = range(Day(standing.day));
    // What waits, and what was written down as lost, whatever came of it since.
    let (waits, expired) = (State::Delivered.code(), State::Expired.code());
    let found = sqlx::query!(
        r#"SELECT coalesce((SELECT messages FROM day WHERE day = ?), count(*)) AS "messages!: i64",
                  coalesce((SELECT bytes FROM day WHERE day = ?), sum(size), 0) AS "bytes!: i64",
                  coalesce((SELECT uncollected FROM day WHERE day = ?),
                           sum(content_digest IS NOT NULL AND (state = ? OR state >= ?)), 0) AS "uncollected!: i64",
                  (SELECT count(*) FROM hold WHERE segment BETWEEN ? AND ? AND released_at IS NULL) AS "held!: i64"
           FROM message WHERE segment BETWEEN ? AND ?"#,
        standing.day,
        standing.day,
        standing.day,
        waits,
        expired,
        first,
        last,
        first,
        last
    )
    .fetch_one(readers)
    .await?;
    Ok(DayOfMail {
        day: Day(standing.day),
        state: standing.state,
        goes,
        kept_for,
        messages: found.messages.cast_unsigned(),
        bytes: found.bytes.cast_unsigned(),
        uncollected: found.uncollected.cast_unsigned(),
        held: found.held.cast_unsigned(),
    })
}

/// What is known of the date.
pub(crate) async fn dates<'e>(rows: impl SqliteExecutor<'e>) -> Result<Dates, sqlx::Error> {
    let known = sqlx::query!(
        r#"SELECT (SELECT value FROM counter WHERE name = 'expired_on') AS "expired_on!: i64",
                  (SELECT value FROM counter WHERE name = 'believed_on') AS "believed_on!: i64""#
    )
    .fetch_one(rows)
    .await?;
    let day = |day: i64| i32::try_from(day).ok().filter(|day| *day > 0);
    Ok(Dates { expired_on: day(known.expired_on), believed_on: day(known.believed_on) })
}
