//! The steps of expiry that change rows, inside the writer's transaction.

use std::collections::BTreeSet;

use fumibako_model::{
    Dates, DayState, Event, Evidence, EvidenceId, FolderId, Happening, MessageId, OfficeNumber, Promised, Retention,
    State, Wishes, outcome,
};
use fumibako_store::bodies::Day;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::SqliteConnection;

use super::{promised, range};
use crate::change::take_out;
use crate::erased::{self, Tree};
use crate::error::Stop;
use crate::ledger::{Ledger, Standing, Wake};

/// Entries that leave in one transaction, and messages: the writer is held for some 25 ms.
const SWEEP: i64 = 100;
/// Bundles that are written down in one transaction.
const WRITE_DOWN: i64 = 100;

/// A bundle that nobody acknowledged.
#[derive(Deserialize)]
pub(crate) struct Uncollected {
    id: i64,
    sender: i64,
    recipient: i64,
    sha256: String,
    size: u64,
    message_id: String,
    from: OfficeNumber,
    to: OfficeNumber,
    signer: Option<String>,
    content: String,
    state: i64,
    /// The evidence about it before.
    previous: Option<i64>,
    wishes: Option<String>,
}

/// Writes down some of what is lost with a day whose key is destroyed, each once, after this message. Says which was the last; 0: all of
/// it is written down.
pub(crate) async fn write_down(
    rows: &mut SqliteConnection,
    (day, after): (Day, u64),
    now: Timestamp,
) -> Result<u64, Stop> {
    if is_erased(rows, day).await? {
        return Ok(0);
    }
    let lost = uncollected(rows, range(day), (after.cast_signed(), WRITE_DOWN)).await?;
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
    Ok(lost.last().map_or(0, |one| one.id.cast_unsigned()))
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

/// Evidence that a bundle's content is gone before anybody collected it, and the report of it (Profile §8.9).
pub(crate) fn fail(ledger: &mut Ledger<'_>, bundle: &Uncollected, now: Timestamp) -> Result<(), Stop> {
    let Some(step) = outcome(State::from_code(bundle.state), Happening::Expire) else { return Ok(()) };
    let Some((event, reason)) = step.evidence else { return Ok(()) };
    let evidence = Evidence {
        event,
        at: now,
        message_id: bundle.message_id.clone(),
        sha256: Some(bundle.sha256.clone()),
        size: Some(bundle.size),
        from: bundle.from,
        to: bundle.to,
        signer: bundle.signer.clone(),
        trust: None,
        content: (event == Event::ContentHandoverFailure).then(|| bundle.content.clone()),
        by: None,
        receipt: None,
        receipt_sha256: None,
        reason,
        fault: None,
    };
    let (message, previous) = (MessageId(bundle.id), bundle.previous.map(EvidenceId));
    let evidence = ledger.witness(message, (bundle.sender, bundle.recipient), (previous, evidence))?;
    let wishes: Wishes = bundle.wishes.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
    if let Some(report) = step.report.filter(|_| wishes.notifies("FAILURE")) {
        ledger.due(message, report, now, (evidence, bundle.wishes.clone()));
    }
    Ok(())
}

/// Bundles of these segments that nobody collected: so many, from the segment of this message on.
pub(crate) async fn uncollected(
    rows: &mut SqliteConnection,
    (first, last): (i64, i64),
    (after, most): (i64, i64),
) -> Result<Vec<Uncollected>, Stop> {
    let waiting = State::Delivered.code();
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json(row)) AS "found!: String" FROM (
           SELECT json_object('id', m.id, 'sender', m.sender, 'recipient', m.recipient, 'sha256', lower(hex(m.sha256)),
                  'size', m.received_size, 'message_id', m.message_id,
                  'from', f.number, 'to', t.number, 'signer', e.doc ->> 'signer', 'content', lower(hex(m.content_digest)),
                  'state', m.state, 'wishes', m.wishes,
                  'previous', (SELECT max(p.id) FROM evidence p WHERE p.message = m.id)) AS row
           FROM message m JOIN office f ON f.id = m.sender JOIN office t ON t.id = m.recipient
           LEFT JOIN evidence e ON e.id = m.answer
           WHERE m.segment BETWEEN coalesce((SELECT segment FROM message WHERE id = ?), ?) AND ?
             AND m.content_digest IS NOT NULL AND m.state = ? ORDER BY m.segment, m.id LIMIT ?)"#,
        after,
        first,
        last,
        waiting,
        most
    )
    .fetch_one(rows)
    .await?;
    Ok(serde_json::from_str(&found)?)
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
