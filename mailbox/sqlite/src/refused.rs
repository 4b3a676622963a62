//! Receipts that changed nothing, and why: those that were refused, and, apart from them, those that only came second (Profile §8.3,
//! §8.4, §8.24).

use std::str::FromStr;

use fumibako_model::OfficeNumber;
use fumibako_store::bodies::Day;
use fumibako_store::{LISTED, OUTRUN, RefusedCount, RefusedReceipt, RefusedReceipts, StoreError, WhichRefused};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error};
use crate::expire::dates;

/// Rows kept of each kind; and of those that were only counted so many are known again.
const KEPT: i64 = 100_000;
/// Rows of one login on one UTC day, and as many beside them of receipts that only came second, as from an office with two PCs. Past it they
/// are counted: nobody pushes out what others are told by, and nobody fills the disk.
const A_DAY: i64 = 100;
/// Days for which the counts are kept.
const COUNTED_DAYS: i32 = 400;

/// Keeps one, once for each reason; the oldest go. Says whether it is new.
pub(crate) async fn note(rows: &mut SqliteConnection, one: &RefusedReceipt) -> Result<bool, Stop> {
    if is_known(rows, one).await? {
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
    } else {
        counted(rows, one).await?;
    }
    // A clock that leapt takes no counts with it.
    if !dates(&mut *rows).await?.doubts_reminders(day) {
        let oldest = day - COUNTED_DAYS;
        sqlx::query!("DELETE FROM refused_daily WHERE day < ?", oldest).execute(rows).await?;
    }
    Ok(true)
}

/// Profile §8.27: did it come before, with a row or without one?
async fn is_known(rows: &mut SqliteConnection, one: &RefusedReceipt) -> Result<bool, Stop> {
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM refused_receipt WHERE sha256 = ? AND code = ?)
                  OR EXISTS (SELECT 1 FROM refused_counted WHERE sha256 = ? AND code = ?) AS "known!: bool""#,
        one.sha256,
        one.code,
        one.sha256,
        one.code
    );
    Ok(known.fetch_one(rows).await?)
}

/// It is known when it comes again, as long as it is of the latest.
async fn counted(rows: &mut SqliteConnection, one: &RefusedReceipt) -> Result<(), Stop> {
    let put = sqlx::query_scalar!(
        r#"INSERT INTO refused_counted (sha256, code) VALUES (?, ?) RETURNING n AS "n!: i64""#,
        one.sha256,
        one.code
    );
    let oldest = put.fetch_one(&mut *rows).await? - KEPT;
    sqlx::query!("DELETE FROM refused_counted WHERE n <= ?", oldest).execute(rows).await?;
    Ok(())
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

/// The latest first. A row that does not read as it was written keeps no other from the list; it is given by its number.
pub(crate) async fn list(readers: &SqlitePool, which: WhichRefused) -> Result<RefusedReceipts, StoreError> {
    let mut listed = RefusedReceipts::default();
    if which.before.is_none() {
        listed.more = counts(readers, which).await?;
    }
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let before = which.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let office = which.office.as_ref().map(OfficeNumber::as_str);
    // As octets: text that is none fails its own row only.
    let found = sqlx::query_as!(
        Row,
        r#"SELECT n, at, CAST(login AS BLOB) AS "login!", CAST(from_office AS BLOB) AS from_office,
                  CAST(to_office AS BLOB) AS "to_office!", CAST(original AS BLOB) AS "original!",
                  CAST(sha256 AS BLOB) AS "sha256!", CAST(code AS BLOB) AS "code!"
           FROM refused_receipt
           WHERE repeated = ? AND n < ? AND (? IS NULL OR ? IN (login, from_office, to_office)) ORDER BY n DESC LIMIT ?"#,
        which.repeated,
        before,
        office,
        office,
        most
    );
    for row in found.fetch_all(readers).await.map_err(store_error)? {
        let number = row.n.cast_unsigned();
        match row.read() {
            Some(one) => listed.rows.push((number, one)),
            None => listed.damaged.push(number),
        }
    }
    Ok(listed)
}

/// One row of the list, as it lies there.
struct Row {
    n: i64,
    at: i64,
    login: Vec<u8>,
    from_office: Option<Vec<u8>>,
    to_office: Vec<u8>,
    original: Vec<u8>,
    sha256: Vec<u8>,
    code: Vec<u8>,
}

impl Row {
    /// None where it does not read as it was written.
    fn read(self) -> Option<RefusedReceipt> {
        Some(RefusedReceipt {
            at: Timestamp::from_millisecond(self.at).ok()?,
            login: parsed(&self.login)?,
            from: match self.from_office {
                Some(from) => Some(parsed(&from)?),
                None => None,
            },
            to: parsed(&self.to_office)?,
            original: String::from_utf8(self.original).ok()?,
            sha256: String::from_utf8(self.sha256).ok()?,
            code: String::from_utf8(self.code).ok()?,
        })
    }
}

fn parsed<T: FromStr>(octets: &[u8]) -> Option<T> {
    std::str::from_utf8(octets).ok()?.parse().ok()
}

/// What was only counted. A count knows the login and no office that the receipts were of or for, so every login's may be one of an office's.
async fn counts(readers: &SqlitePool, which: WhichRefused) -> Result<Vec<RefusedCount>, StoreError> {
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let counted = sqlx::query!(
        r#"SELECT day AS "day!: i32", CAST(login AS BLOB) AS "login!: Vec<u8>", more FROM refused_daily
           WHERE more > 0 AND repeated = ? ORDER BY day DESC, login DESC LIMIT ?"#,
        which.repeated,
        most
    );
    let counted = counted.fetch_all(readers).await.map_err(store_error)?;
    let more = counted.into_iter().map(|row| {
        let (day, login, count) = (Day(row.day), parsed(&row.login), row.more.cast_unsigned());
        RefusedCount { day, login, repeated: which.repeated, count }
    });
    Ok(more.collect())
}
