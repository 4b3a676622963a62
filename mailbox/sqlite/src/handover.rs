//! 受け渡し: the gateway saw all of a bundle go to a terminal of its recipient (Profile §8.10).

use std::collections::BTreeSet;

use fumibako_model::{
    Delegate, Evidence, EvidenceId, FolderId, Happening, MessageId, OfficeNumber, Recorded, State, outcome,
};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::error::Stop;
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
    let state = step.state.code();
    sqlx::query!("UPDATE message SET state = ? WHERE id = ?", state, message.0).execute(rows).await?;
    Ok((true, wakes))
}
