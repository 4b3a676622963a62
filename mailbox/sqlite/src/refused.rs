//! Receipts that changed nothing, and why: those that were refused, and, apart from them, those that only came second (Profile §8.3,
//! §8.4, §8.24).

use fumibako_model::{OfficeNumber, Party};
use fumibako_store::bodies::Day;
use fumibako_store::{LISTED, OUTRUN, RefusedCount, RefusedReceipt, RefusedReceipts, StoreError, WhichRefused};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};
use crate::expire::dates;

/// Rows kept of each kind.
const KEPT: i64 = 100_000;
/// Rows of one login on one UTC day, and as many beside them of receipts that only came second, as from an office with two PCs. Past it they
/// are counted: nobody pushes out what others are told by, and nobody fills the disk.
const A_DAY: i64 = 100;
/// Days for which the counts are kept.
const COUNTED_DAYS: i32 = 400;

/// Keeps one, once for each reason; the oldest go. Says whether it is new.
pub(crate) async fn note(rows: &mut SqliteConnection, one: &RefusedReceipt) -> Result<bool, Stop> {
    let known = sqlx::query_scalar!(
        r#"SELECT count(*) AS "known!: i64" FROM refused_receipt WHERE sha256 = ? AND code = ?"#,
        one.sha256,
        one.code
    );
    if known.fetch_one(&mut *rows).await? > 0 {
        return Ok(false);
    }
    let (day, login, repeated) = (Day::of(one.at).0, one.login.to_string(), one.code == OUTRUN);
    let has_row = sqlx::query_scalar!(
        r#"INSERT INTO refused_daily (day, login, repeated, rows, more) VALUES (?, ?, ?, 1, 0)
           ON CONFLICT (day, login, repeated) DO UPDATE SET rows = min(rows + 1, ?), more = more + (rows >= ?)
           RETURNING more = 0 AS "has_row!: bool""#,
        day,
        login,
        repeated,
        A_DAY,
        A_DAY
    );
    if has_row.fetch_one(&mut *rows).await? {
        insert(rows, one, (&login, repeated)).await?;
    }
    // A clock that leapt takes no counts with it.
    if !dates(&mut *rows).await?.doubts_reminders(day) {
        let oldest = day - COUNTED_DAYS;
        sqlx::query!("DELETE FROM refused_daily WHERE day < ?", oldest).execute(rows).await?;
    }
    Ok(true)
}

async fn insert(
    rows: &mut SqliteConnection,
    one: &RefusedReceipt,
    (login, repeated): (&str, bool),
) -> Result<(), Stop> {
    let at = one.at.as_millisecond();
    let (from, to) = (one.from.as_ref().map(OfficeNumber::as_str), one.to.as_str());
    sqlx::query!(
        "INSERT INTO refused_receipt (at, login, from_office, to_office, original, sha256, code, repeated, n)
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT max(n) FROM refused_receipt WHERE repeated = ?), 0) + 1",
        at,
        login,
        from,
        to,
        one.original,
        one.sha256,
        one.code,
        repeated,
        repeated
    )
    .execute(&mut *rows)
    .await?;
    sqlx::query!(
        "DELETE FROM refused_receipt
         WHERE repeated = ? AND n <= (SELECT max(n) FROM refused_receipt WHERE repeated = ?) - ?",
        repeated,
        repeated,
        KEPT
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// The latest first.
pub(crate) async fn list(readers: &SqlitePool, which: WhichRefused) -> Result<RefusedReceipts, StoreError> {
    let more = if which.before.is_none() { counts(readers, which).await? } else { Vec::new() };
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let before = which.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let office = which.office.as_ref().map(OfficeNumber::as_str);
    let found = sqlx::query!(
        "SELECT n, at, login, from_office, to_office, original, sha256, code FROM refused_receipt
         WHERE repeated = ? AND n < ? AND (? IS NULL OR ? IN (login, from_office, to_office)) ORDER BY n DESC LIMIT ?",
        which.repeated,
        before,
        office,
        office,
        most
    );
    let found = found.fetch_all(readers).await.map_err(store_error)?;
    let rows = found.into_iter().map(|row| {
        let one = RefusedReceipt {
            at: Timestamp::from_millisecond(row.at).map_err(unreadable)?,
            login: row.login.parse().map_err(unreadable)?,
            from: row.from_office.map(|from| from.parse()).transpose().map_err(unreadable)?,
            to: row.to_office.parse().map_err(unreadable)?,
            original: row.original,
            sha256: row.sha256,
            code: row.code,
        };
        Ok((row.n.cast_unsigned(), one))
    });
    Ok(RefusedReceipts { rows: rows.collect::<Result<_, _>>().map_err(store_error)?, more })
}

/// What was only counted.
async fn counts(readers: &SqlitePool, which: WhichRefused) -> Result<Vec<RefusedCount>, StoreError> {
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let office = which.office.as_ref().map(OfficeNumber::as_str);
    let counted = sqlx::query!(
        r#"SELECT day AS "day!: i32", login, repeated AS "repeated!: bool", more FROM refused_daily
           WHERE more > 0 AND repeated = ? AND (? IS NULL OR login = ?) ORDER BY day DESC, login DESC LIMIT ?"#,
        which.repeated,
        office,
        office,
        most
    );
    let counted = counted.fetch_all(readers).await.map_err(store_error)?;
    let more = counted.into_iter().map(|row| {
        let login: Party = row.login.parse().map_err(unreadable)?;
        Ok(RefusedCount { day: Day(row.day), login, repeated: row.repeated, count: row.more.cast_unsigned() })
    });
    more.collect::<Result<_, _>>().map_err(store_error)
}
