//! New folders, and what an office puts into them itself: APPEND, REPLACE.

use std::collections::BTreeSet;

use fumibako_model::{Flags, FolderId, NOTICES, OfficeNumber, Refusal, Roll, STANDARD_FOLDERS, Uid};
use fumibako_store::bodies::Place;
use fumibako_store::{Doer, MARKS, draft_flags};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::command::{Filed, OwnMessages};
use crate::error::Stop;
use crate::ledger::{Body, Ledger, Wake, sent_key};
use crate::{acts, change, handover};

/// The folders every office has, for these new ones.
pub(crate) async fn make_standard(rows: &mut SqliteConnection, offices: &[i64]) -> Result<(), Stop> {
    let names = STANDARD_FOLDERS.map(|(name, _)| name);
    make(rows, offices, &names).await?;
    // Profile §7.8: mail tools that show what is subscribed show them all, and the notices.
    let names = [&names[..], &[NOTICES]].concat();
    let (names, offices) = (serde_json::to_string(&names)?, serde_json::to_string(offices)?);
    sqlx::query!(
        "INSERT INTO subscription (office, name) SELECT o.value, n.value FROM json_each(?) o, json_each(?) n",
        offices,
        names
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// New folders in each of these offices: each has a UIDVALIDITY that no folder had before, and knows the gateway's marks.
pub(crate) async fn make(rows: &mut SqliteConnection, offices: &[i64], names: &[&str]) -> Result<(), Stop> {
    let made = i64::try_from(offices.len() * names.len()).unwrap_or(i64::MAX);
    let each = i64::try_from(names.len()).unwrap_or(i64::MAX);
    let (names, offices) = (serde_json::to_string(names)?, serde_json::to_string(offices)?);
    let first = sqlx::query_scalar!(
        r#"UPDATE counter SET value = value + ? WHERE name = 'uid_validity' RETURNING value + 1 - ? AS "value!: i64""#,
        made,
        made
    )
    .fetch_one(&mut *rows)
    .await?;
    sqlx::query!("UPDATE office SET modseq = modseq + 1 WHERE id IN (SELECT value FROM json_each(?))", offices)
        .execute(&mut *rows)
        .await?;
    sqlx::query!(
        "INSERT INTO mailbox (office, name, uid_validity, uid_next, modseq, messages, unseen, bytes, deleted, deleted_bytes)
         SELECT o.id, n.value, ? + one.key * ? + n.key, 1, o.modseq, 0, 0, 0, 0, 0
         FROM json_each(?) one JOIN office o ON o.id = one.value, json_each(?) n",
        first,
        each,
        offices,
        names
    )
    .execute(&mut *rows)
    .await?;
    let marks = serde_json::to_string(&MARKS)?;
    sqlx::query!(
        "INSERT INTO keyword (mailbox, bit, name)
         SELECT m.id, mark.key, mark.value
         FROM json_each(?) one, json_each(?) n JOIN mailbox m ON m.office = one.value AND m.name = n.value, json_each(?) mark",
        offices,
        names,
        marks
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Puts an office's own messages into one of its folders, and takes out the one they replace. What the gateway keeps in
/// `Sent` is not kept there twice; says which of the bodies are kept, and whether the replaced one was handed over by it.
pub(crate) async fn append(
    rows: &mut SqliteConnection,
    roll: &Roll,
    (doer, now): (&Doer, Timestamp),
    own: &OwnMessages,
    bodies: &[Place],
) -> Result<(Filed, Vec<Wake>), Stop> {
    if own.folder.is_incoming() {
        return Err(Refusal::FolderIsProtected.about(&own.folder).into());
    }
    let office = doer.office;
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load_named(rows, &BTreeSet::from([(office, own.folder.as_str())])).await?;
    let folder =
        ledger.named(office, own.folder.as_str()).ok_or_else(|| Refusal::NoSuchFolder.about(&own.folder))?.clone();
    let id = FolderId(folder.id);
    let gone = match own.replaces {
        Some((from, uid)) => {
            ledger.load(rows, &BTreeSet::from([from])).await?;
            ledger.owned(office, from)?;
            change::standing(rows, from, Some(&[uid])).await?
        }
        None => Vec::new(),
    };
    // RFC 8508 §3.4: a message that is gone already is not replaced, and nothing is filed.
    if own.replaces.is_some() && gone.is_empty() {
        return Err(Refusal::NoSuchMessage.into());
    }
    let freed: u64 = gone.iter().map(|entry| entry.size).sum();
    let mut placed = Vec::with_capacity(bodies.len());
    for (draft, body) in own.messages.iter().zip(bodies) {
        if folder.name == "Sent"
            && let Some(kept) = kept_copy(rows, &folder.number, id, draft.message_id.as_deref()).await?
        {
            placed.push((kept, false));
            continue;
        }
        let asked = ledger.learn(id, &draft.flags)?;
        let flags: Flags = draft_flags(asked, &ledger.owned(office, id)?.keywords);
        ledger.room(folder.office, body.size.saturating_sub(freed))?;
        let message = ledger.add(Body::own(*body, draft.message_id.as_deref(), draft.date), now);
        placed.push((ledger.enter(id, (message, body.size), flags, now)?, true));
    }
    // A copy the gateway keeps does not go for its own sake.
    let stays = |(kept, is_new): &(Uid, bool)| !is_new && own.replaces == Some((id, *kept));
    let removes = !gone.is_empty() && !placed.iter().any(stays);
    if removes || placed.iter().any(|(_, is_new)| *is_new) {
        let uids = acts::named(placed.iter().map(|(uid, _)| *uid));
        let note = if removes { uids + ", for another" } else { uids };
        acts::changed(rows, doer, format!("append {}", own.folder), note).await?;
    }
    if !removes {
        return Ok(((folder.uid_validity, placed, Vec::new()), ledger.write(rows).await?));
    }
    let mut wakes = change::take_out(rows, ledger, &gone).await?;
    let (handed_over, more) = handover::take(rows, roll, doer, &gone).await?;
    wakes.extend(more);
    change::forget(rows, &gone).await?;
    Ok(((folder.uid_validity, placed, handed_over), wakes))
}

/// Profile §7: the copy the gateway itself keeps of what this office sent under this Message-ID.
async fn kept_copy(
    rows: &mut SqliteConnection,
    office: &OfficeNumber,
    sent: FolderId,
    message_id: Option<&str>,
) -> Result<Option<Uid>, Stop> {
    let Some(message_id) = message_id else { return Ok(None) };
    let (key, number) = (sent_key(*office, message_id), office.as_str());
    let kept = sqlx::query_scalar!(
        r#"SELECT min(e.uid) AS "uid: u32" FROM office o
           JOIN message m ON m.sent_key = ? AND m.sender = o.id AND m.message_id = ?
           JOIN entry e INDEXED BY entry_message ON e.message = m.id AND e.mailbox = ?
           WHERE o.number = ?"#,
        key,
        message_id,
        sent.0,
        number
    )
    .fetch_one(rows)
    .await?;
    Ok(kept.and_then(Uid::new))
}
