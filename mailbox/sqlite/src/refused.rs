//! Receipts that were refused, and why (Profile §8.4, §8.24).

use fumibako_model::{OfficeNumber, Party};
use fumibako_store::bodies::Day;
use fumibako_store::{LISTED, OUTRUN, RefusedCount, RefusedReceipt, RefusedReceipts, StoreError};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};

/// Rows kept.
const KEPT: i64 = 100_000;
/// Rows of one login on one UTC day, and as many beside them of receipts that only came second, as from an office with two PCs. Past it they
/// are counted: nobody pushes out what others are told by, and nobody fills the disk.
const A_DAY: i64 = 100;
/// Days for which the counts are kept.
const COUNTED_DAYS: i32 = 400;

/// Keeps one, once for each reason; the oldest go. Says whether it was new.
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
        insert(rows, one, &login).await?;
    }
    let oldest = day - COUNTED_DAYS;
    sqlx::query!("DELETE FROM refused_daily WHERE day < ?", oldest).execute(rows).await?;
    Ok(true)
}

async fn insert(rows: &mut SqliteConnection, one: &RefusedReceipt, login: &str) -> Result<(), Stop> {
    let at = one.at.as_millisecond();
    let (from, to) = (one.from.as_ref().map(OfficeNumber::as_str), one.to.as_str());
    sqlx::query!(
        "INSERT INTO refused_receipt (at, login, from_office, to_office, original, sha256, code) VALUES (?, ?, ?, ?, ?, ?, ?)",
        at,
        login,
        from,
        to,
        one.original,
        one.sha256,
        one.code
    )
    .execute(&mut *rows)
    .await?;
    sqlx::query!("DELETE FROM refused_receipt WHERE id <= (SELECT max(id) FROM refused_receipt) - ?", KEPT)
        .execute(rows)
        .await?;
    Ok(())
}

/// The latest first.
pub(crate) async fn list(readers: &SqlitePool) -> Result<RefusedReceipts, StoreError> {
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let found = sqlx::query!(
        "SELECT at, login, from_office, to_office, original, sha256, code FROM refused_receipt ORDER BY id DESC LIMIT ?",
        most
    );
    let found = found.fetch_all(readers).await.map_err(store_error)?;
    let rows = found.into_iter().map(|row| {
        Ok(RefusedReceipt {
            at: Timestamp::from_millisecond(row.at).map_err(unreadable)?,
            login: row.login.parse().map_err(unreadable)?,
            from: row.from_office.map(|from| from.parse()).transpose().map_err(unreadable)?,
            to: row.to_office.parse().map_err(unreadable)?,
            original: row.original,
            sha256: row.sha256,
            code: row.code,
        })
    });
    let counted = sqlx::query!(
        r#"SELECT day AS "day!: i32", login, repeated AS "repeated!: bool", more FROM refused_daily WHERE more > 0
           ORDER BY day DESC, login DESC, repeated DESC LIMIT ?"#,
        most
    );
    let counted = counted.fetch_all(readers).await.map_err(store_error)?;
    let more = counted.into_iter().map(|row| {
        let login: Party = row.login.parse().map_err(unreadable)?;
        Ok(RefusedCount { day: Day(row.day), login, repeated: row.repeated, count: row.more.cast_unsigned() })
    });
    Ok(RefusedReceipts {
        rows: rows.collect::<Result<_, _>>().map_err(store_error)?,
        more: more.collect::<Result<_, _>>().map_err(store_error)?,
    })
}
