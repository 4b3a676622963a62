//! Receipts that were refused, and why (Profile §8.4).

use fumibako_store::{LISTED, RefusedReceipt, StoreError};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};

/// Rows kept.
const KEPT: i64 = 100_000;

/// Keeps one, once for each reason; the oldest go.
pub(crate) async fn note(rows: &mut SqliteConnection, one: &RefusedReceipt) -> Result<(), Stop> {
    let (at, from, to) = (one.at.as_millisecond(), one.from.as_str(), one.to.as_str());
    sqlx::query!(
        "INSERT INTO refused_receipt (at, from_office, to_office, original, sha256, code) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (sha256, code) DO NOTHING",
        at,
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
pub(crate) async fn list(readers: &SqlitePool) -> Result<Vec<RefusedReceipt>, StoreError> {
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let found = sqlx::query!(
        "SELECT at, from_office, to_office, original, sha256, code FROM refused_receipt ORDER BY id DESC LIMIT ?",
        most
    );
    let found = found.fetch_all(readers).await.map_err(store_error)?;
    let rows = found.into_iter().map(|row| {
        Ok(RefusedReceipt {
            at: Timestamp::from_millisecond(row.at).map_err(unreadable)?,
            from: row.from_office.parse().map_err(unreadable)?,
            to: row.to_office.parse().map_err(unreadable)?,
            original: row.original,
            sha256: row.sha256,
            code: row.code,
        })
    });
    rows.collect::<Result<_, _>>().map_err(store_error)
}
