//! 受け渡し: the gateway saw all of a bundle go to a terminal of its recipient (Profile §8.10).

use std::collections::BTreeSet;

use fumibako_model::{
    Delegate, Evidence, EvidenceId, FolderId, Happening, MessageId, OfficeNumber, Recorded, State, Uid, outcome,
};
use fumibako_store::StoreError;
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};
use crate::ledger::{Ledger, Wake};
use crate::receipt::{copies, last_about, mark};

/// Writes it down, once, and puts the report on the list. Says whether anything was new: another message, another office's, or one
/// that has come further is none of it.
pub(crate) async fn hand_over(
    rows: &mut SqliteConnection,
    (recipient, by): (OfficeNumber, Option<&Delegate>),
    message: MessageId,
    now: Timestamp,
) -> Result<(bool, Vec<Wake>), Stop> {
    let number = recipient.as_str();
    let found = sqlx::query!(
        r#"SELECT m.sender AS "sender!", m.recipient AS "recipient!", m.state, m.answer AS "answer!", m.wishes, e.doc
           FROM message m JOIN office r ON r.id = m.recipient AND r.number = ?
           JOIN evidence e ON e.id = m.answer
           WHERE m.id = ? AND m.content_digest IS NOT NULL"#,
        number,
        message.0
    )
    .fetch_optional(&mut *rows)
    .await?;
    let Some(found) = found else { return Ok((false, Vec::new())) };
    let Some(step) = outcome(State::from_code(found.state), Happening::HandOver) else {
        return Ok((false, Vec::new()));
    };
    let mut ledger = Ledger::begin(rows).await?;
    let copies = copies(rows, message).await?;
    let folders: BTreeSet<_> = copies.iter().map(|entry| FolderId(entry.folder)).collect();
    ledger.load(rows, &folders).await?;
    mark(&mut ledger, &copies, found.sender, (step.state.keyword(), &[]));
    if let Some((event, reason)) = step.evidence {
        let accepted = serde_json::from_str::<Recorded>(&found.doc)?.evidence;
        // Who collected is not who sent (Profile §9.6).
        let evidence = Evidence { event, reason, at: now, by: by.cloned(), ..accepted.after_acceptance() };
        let previous = last_about(rows, message.0).await?.unwrap_or(EvidenceId(found.answer));
        let evidence = ledger.witness(message, (found.sender, found.recipient), (Some(previous), evidence))?;
        if let Some(report) = step.report {
            ledger.due(message, report, now, (evidence, found.wishes));
        }
    }
    let wakes = ledger.write(rows).await?;
    sqlx::query!("DELETE FROM sent_out WHERE message = ?", message.0).execute(&mut *rows).await?;
    let state = step.state.code();
    sqlx::query!("UPDATE message SET state = ? WHERE id = ?", state, message.0).execute(rows).await?;
    Ok((true, wakes))
}

/// Writes down, once, that these bundles went to their recipient whole; other messages, and what has come further, are none of it.
pub(crate) async fn note_sent(
    rows: &mut SqliteConnection,
    recipient: OfficeNumber,
    messages: &[MessageId],
) -> Result<(), Stop> {
    let messages = serde_json::to_string(&messages.iter().map(|message| message.0).collect::<Vec<_>>())?;
    let (number, waits) = (recipient.as_str(), State::Delivered.code());
    sqlx::query!(
        "INSERT OR IGNORE INTO sent_out (office, message)
         SELECT r.id, m.id FROM json_each(?) asked CROSS JOIN message m ON m.id = asked.value
         CROSS JOIN office r ON r.id = m.recipient AND r.number = ?
         WHERE m.content_digest IS NOT NULL AND m.state = ?",
        messages,
        number,
        waits
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Those of them that stand in this folder.
pub(crate) async fn untaken(
    readers: &SqlitePool,
    office: OfficeNumber,
    folder: FolderId,
) -> Result<Vec<(Uid, MessageId)>, StoreError> {
    let number = office.as_str();
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(e.uid, e.message)) AS "found!: String"
           FROM sent_out s JOIN office r ON r.id = s.office AND r.number = ?
           CROSS JOIN entry e ON e.message = s.message AND e.mailbox = ?"#,
        number,
        folder.0
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let found: Vec<(u32, i64)> = serde_json::from_str(&found).map_err(|why| store_error(unreadable(why)))?;
    Ok(found.into_iter().filter_map(|(uid, message)| Some((Uid::new(uid)?, MessageId(message)))).collect())
}
