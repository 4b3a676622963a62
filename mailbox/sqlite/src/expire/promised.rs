//! For how long the content of each day is kept, as was said when it came (Profile §11.5).

use fumibako_model::{NotARetention, Promised, Retention};
use fumibako_store::bodies::Day;
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::range;
use crate::error::{Stop, unreadable};

/// What was said, where content is kept no shorter than this by the settings.
pub(crate) async fn promised<'e>(rows: impl SqliteExecutor<'e>, least: Retention) -> Result<Promised, sqlx::Error> {
    Ok(Promised::read(said(rows).await?, least))
}

/// The rows; none before the first start.
async fn said<'e>(rows: impl SqliteExecutor<'e>) -> Result<Vec<(i32, Retention)>, sqlx::Error> {
    let found = sqlx::query!(r#"SELECT after AS "after!: i32", days AS "days!: u16" FROM promised ORDER BY after"#);
    let said = found.fetch_all(rows).await?.into_iter().map(|row| Ok((row.after, Retention::new(row.days)?)));
    let said: Result<_, NotARetention> = said.collect();
    said.map_err(unreadable)
}

/// How long the oldest content there is is kept; what is held is kept for longer than that.
pub(crate) async fn kept_for(readers: &SqlitePool) -> Result<Option<Retention>, sqlx::Error> {
    let (_, last) = range(Day::LAST);
    let oldest =
        sqlx::query_scalar!(r#"SELECT min(segment) >> 24 AS "day?: i64" FROM message WHERE segment <= ?"#, last);
    let oldest = oldest.fetch_one(readers).await?.and_then(|day| i32::try_from(day).ok());
    let said = said(readers).await?;
    let Some(newest) = said.last().map(|(_, keep)| *keep) else { return Ok(None) };
    let promised = Promised::read(said, newest);
    Ok(oldest.map(|day| promised.of(day)))
}

/// From here on this is said of what comes. What came stays as long as was said, unless it is longer now.
pub(crate) async fn promise(rows: &mut SqliteConnection, keep: Retention) -> Result<(), Stop> {
    // What is held stands under the day it came as well, in its hold.
    let (_, last) = range(Day::LAST);
    let newest = sqlx::query_scalar!(
        r#"SELECT max(day) AS "day?: i64" FROM (
               SELECT max(segment) >> 24 AS day FROM message WHERE segment <= ?
               UNION ALL SELECT max(segment) >> 24 FROM hold WHERE released_at IS NULL)"#,
        last
    );
    let newest = newest.fetch_one(&mut *rows).await?.and_then(|day| i32::try_from(day).ok());
    let said = said(&mut *rows).await?;
    // Where nothing was written down up to now, what came stays as long as what comes.
    let said_last = said.last().map_or(keep, |(_, known)| *known);
    write(rows, &Promised::read(said, said_last).from_now_on(keep, newest)).await
}

/// In place of what was said before.
pub(super) async fn write(rows: &mut SqliteConnection, said: &Promised) -> Result<(), Stop> {
    let said: Vec<_> = said.rows().iter().map(|(after, keep)| (*after, keep.days())).collect();
    let said = serde_json::to_string(&said)?;
    sqlx::query!("DELETE FROM promised").execute(&mut *rows).await?;
    sqlx::query!("INSERT INTO promised (after, days) SELECT value ->> 0, value ->> 1 FROM json_each(?)", said)
        .execute(rows)
        .await?;
    Ok(())
}
