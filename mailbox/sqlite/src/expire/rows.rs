//! The steps of expiry that change rows, inside the writer's transaction.

use std::collections::BTreeSet;

use fumibako_model::{Dates, DayState, FolderId, Promised, Retention, State};
use fumibako_store::bodies::Day;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::lost::{fail, uncollected};
use super::{promised, range};
use crate::change::take_out;
use crate::erased::{self, Tree};
use crate::error::Stop;
use crate::ledger::{Ledger, Standing, Wake};

/// Entries that leave in one transaction, and messages: the writer is held for some 25 ms.
const SWEEP: i64 = 100;
/// Messages that are looked at in one transaction for what is lost.
const WRITE_DOWN: i64 = 100;

/// Writes down what is lost of some bundles of a day whose key is destroyed, each once, after this message. Says which was the last; 0: all of
/// it is written down.
pub(crate) async fn write_down(
    rows: &mut SqliteConnection,
    (day, after): (Day, u64),
    now: Timestamp,
) -> Result<u64, Stop> {
    if is_erased(rows, day).await? {
        return Ok(0);
    }
    let Some((lost, end)) = uncollected(rows, range(day), Some(day), (after.cast_signed(), WRITE_DOWN)).await? else {
        return Ok(0);
    };
    let mut ledger = Ledger::begin(rows).await?;
    for bundle in &lost {
        fail(&mut ledger, bundle, now)?;
    }
    ledger.write(rows).await?;
    let (expired, ids) =
        (State::Expired.code(), serde_json::to_string(&lost.iter().map(|one| one.id).collect::<Vec<_>>())?);
    sqlx::query!("UPDATE message SET state = ? WHERE id IN (SELECT value FROM json_each(?))", expired, ids)
        .execute(rows)
        .await?;
    Ok(end.cast_unsigned())
}

/// Writes down that the content of a day is gone, once, when all that was lost by it is written down. Its row becomes `erased`.
pub(crate) async fn erase(rows: &mut SqliteConnection, (day, tree): (Day, &Tree), now: Timestamp) -> Result<(), Stop> {
    if is_erased(rows, day).await? {
        return Ok(());
    }
    let mut ledger = Ledger::begin(rows).await?;
    let erasure = erased::note(&mut ledger, (day, tree), now)?;
    ledger.write(rows).await?;
    if let Some(erasure) = erasure {
        erased::keep(rows, erasure, tree).await?;
    }
    let ((first, last), at, expired) = (range(day), now.as_millisecond(), State::Expired.code());
    // A receipt may have come since for what was lost; it was lost all the same.
    sqlx::query!(
        "INSERT OR REPLACE INTO day (day, state, messages, bytes, uncollected, erased_at)
         SELECT ?, 'erased', count(*), coalesce(sum(size), 0),
                coalesce(sum(content_digest IS NOT NULL AND state >= ?), 0), ?
         FROM message WHERE segment BETWEEN ? AND ?",
        day.0,
        expired,
        at,
        first,
        last
    )
    .execute(rows)
    .await?;
    Ok(())
}

async fn is_erased(rows: &mut SqliteConnection, day: Day) -> Result<bool, Stop> {
    let state = sqlx::query_scalar!("SELECT state FROM day WHERE day = ?", day.0).fetch_optional(rows).await?;
    Ok(state.is_some_and(|state| state != DayState::Live.as_str()))
}

/// Takes some messages of a day out of the folders, and their rows away. Says how many messages it looked at: 0 when
/// the day is empty.
pub(crate) async fn sweep(rows: &mut SqliteConnection, day: Day) -> Result<(u64, Vec<Wake>), Stop> {
    let (first, last) = range(day);
    let messages = sqlx::query_scalar!(
        r#"SELECT json_group_array(id) AS "ids!: String"
           FROM (SELECT id FROM message WHERE segment BETWEEN ? AND ? LIMIT ?)"#,
        first,
        last,
        SWEEP
    )
    .fetch_one(&mut *rows)
    .await?;
    let count = serde_json::from_str::<Vec<i64>>(&messages)?.len() as u64;
    if count == 0 {
        return Ok((0, Vec::new()));
    }
    Ok((count, remove(rows, &messages, SWEEP).await?))
}

/// Removes so many entries of these messages, and the rows of those messages that then have none. The offices hear of it as of an EXPUNGE; evidence stays.
pub(crate) async fn remove(rows: &mut SqliteConnection, messages: &str, limit: i64) -> Result<Vec<Wake>, Stop> {
    let gone = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_object('folder', mailbox, 'uid', uid, 'message', message,
                  'system', flags, 'keywords', keywords, 'size', size)) AS "gone!: String"
           FROM (SELECT e.mailbox, e.uid, e.message, e.flags, e.keywords, m.size
                 FROM json_each(?) asked JOIN entry e ON e.message = asked.value JOIN message m ON m.id = e.message
                 LIMIT ?)"#,
        messages,
        limit
    )
    .fetch_one(&mut *rows)
    .await?;
    let wakes = leave(rows, serde_json::from_str(&gone)?).await?;
    sqlx::query!("DELETE FROM sent_out WHERE message IN (SELECT value FROM json_each(?))", messages)
        .execute(&mut *rows)
        .await?;
    sqlx::query!(
        "DELETE FROM message WHERE id IN (SELECT value FROM json_each(?))
                               AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.message = message.id)",
        messages
    )
    .execute(rows)
    .await?;
    Ok(wakes)
}

/// Takes entries out of whichever folders they stand in.
async fn leave(rows: &mut SqliteConnection, gone: Vec<Standing>) -> Result<Vec<Wake>, Stop> {
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let folders = gone.iter().map(|entry| FolderId(entry.folder)).collect::<BTreeSet<_>>();
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load(rows, &folders).await?;
    take_out(rows, ledger, &gone).await
}

/// Rows and files of the day are gone.
pub(crate) async fn swept(rows: &mut SqliteConnection, day: Day, now: Timestamp) -> Result<(), Stop> {
    let at = now.as_millisecond();
    sqlx::query!("UPDATE day SET state = 'swept', swept_at = ? WHERE day = ? AND state = 'erased'", at, day.0)
        .execute(rows)
        .await?;
    Ok(())
}

/// Expiry ran to its end: this is known of the date; where a person asked for it, what was said of days is this from now on.
pub(crate) async fn ran(
    rows: &mut SqliteConnection,
    (dates, confirmed): (&Dates, Option<Retention>),
) -> Result<(), Stop> {
    let (expired_on, believed_on) = (dates.expired_on.unwrap_or_default(), dates.believed_on.unwrap_or_default());
    sqlx::query!(
        "UPDATE counter SET value = CASE name WHEN 'expired_on' THEN ? ELSE ? END
         WHERE name IN ('expired_on', 'believed_on')",
        expired_on,
        believed_on
    )
    .execute(&mut *rows)
    .await?;
    match confirmed {
        Some(keep) => promised::write(rows, &Promised::always(keep)).await,
        None => Ok(()),
    }
}
