//! An office's folders, and what it puts into them itself: CREATE, APPEND.

use std::collections::BTreeSet;

use fumibako_model::{Flags, FolderId, FolderName, OfficeNumber, Refusal, STANDARD_FOLDERS, Uid, UidValidity};
use fumibako_store::bodies::Place;
use fumibako_store::{FOLDERS, MARKS, draft_flags};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::command::OwnMessage;
use crate::error::Stop;
use crate::ledger::{Body, Ledger, Wake};

/// Makes a folder.
pub(crate) async fn create(rows: &mut SqliteConnection, office: OfficeNumber, folder: &FolderName) -> Result<(), Stop> {
    if folder.looks_standard() {
        return Err(Refusal::FolderExists.about(folder).into());
    }
    let (number, name) = (office.as_str(), folder.as_str());
    let found = sqlx::query!(
        r#"SELECT o.id, (SELECT count(*) FROM mailbox m WHERE m.office = o.id) AS "folders!: i64",
                  EXISTS (SELECT 1 FROM mailbox m WHERE m.office = o.id AND m.name = ?) AS "exists!: bool"
           FROM office o WHERE o.number = ?"#,
        name,
        number
    )
    .fetch_optional(&mut *rows)
    .await?
    .ok_or_else(|| Refusal::SenderUnknown.about(office))?;
    if found.exists {
        return Err(Refusal::FolderExists.about(folder).into());
    }
    if usize::try_from(found.folders).is_ok_and(|held| held >= FOLDERS) {
        return Err(Refusal::QuotaFull.about(format_args!("{FOLDERS} folders")).into());
    }
    make(rows, found.id, &[name]).await
}

/// The folders every office has.
pub(crate) async fn make_standard(rows: &mut SqliteConnection, office: i64) -> Result<(), Stop> {
    make(rows, office, &STANDARD_FOLDERS.map(|(name, _)| name)).await
}

/// New folders: each has a UIDVALIDITY that no folder had before, and knows the gateway's marks.
async fn make(rows: &mut SqliteConnection, office: i64, names: &[&str]) -> Result<(), Stop> {
    let names = serde_json::to_string(names)?;
    let after = sqlx::query_scalar!(
        r#"UPDATE counter SET value = value + json_array_length(?) WHERE name = 'uid_validity'
           RETURNING value + 1 AS "value!: i64""#,
        names
    )
    .fetch_one(&mut *rows)
    .await?;
    sqlx::query!("UPDATE office SET modseq = modseq + 1 WHERE id = ?", office).execute(&mut *rows).await?;
    sqlx::query!(
        "INSERT INTO mailbox (office, name, uid_validity, uid_next, modseq, messages, unseen, bytes)
         SELECT o.id, value, ? - json_array_length(?) + key, 1, o.modseq, 0, 0, 0
         FROM json_each(?), office o WHERE o.id = ?",
        after,
        names,
        names,
        office
    )
    .execute(&mut *rows)
    .await?;
    let marks = serde_json::to_string(&MARKS)?;
    sqlx::query!(
        "INSERT INTO keyword (mailbox, bit, name)
         SELECT m.id, mark.key, mark.value FROM mailbox m, json_each(?) mark
         WHERE m.office = ? AND m.name IN (SELECT value FROM json_each(?))",
        marks,
        office,
        names
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Puts an office's own message into one of its folders. What the gateway keeps in `Sent` is not kept there twice; says
/// whether this body is kept.
pub(crate) async fn append(
    rows: &mut SqliteConnection,
    office: OfficeNumber,
    draft: &OwnMessage,
    body: Place,
    now: Timestamp,
) -> Result<(((UidValidity, Uid), bool), Vec<Wake>), Stop> {
    if draft.folder.is_incoming() {
        return Err(Refusal::FolderIsProtected.about(&draft.folder).into());
    }
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load_named(rows, &BTreeSet::from([(office, draft.folder.as_str())])).await?;
    let folder =
        ledger.named(office, draft.folder.as_str()).ok_or_else(|| Refusal::NoSuchFolder.about(&draft.folder))?.clone();
    let id = FolderId(folder.id);
    if folder.name == "Sent"
        && let Some(kept) = kept_copy(rows, &folder.number, id, draft.message_id.as_deref()).await?
    {
        return Ok((((folder.uid_validity, kept), false), Vec::new()));
    }
    let asked = ledger.learn(id, &draft.flags)?;
    let flags: Flags = draft_flags(asked, &ledger.owned(office, id)?.keywords);
    ledger.room(ledger.owned(office, id)?.office, body.size)?;
    let message = ledger.add(Body::own(body, draft.message_id.as_deref(), draft.date), now);
    let uid = ledger.enter(id, message, body.size, flags)?;
    Ok((((folder.uid_validity, uid), true), ledger.write(rows).await?))
}

/// Profile §7: the copy the gateway itself keeps of what this office sent under this Message-ID.
async fn kept_copy(
    rows: &mut SqliteConnection,
    office: &OfficeNumber,
    sent: FolderId,
    message_id: Option<&str>,
) -> Result<Option<Uid>, Stop> {
    let number = office.as_str();
    let kept = sqlx::query_scalar!(
        r#"SELECT min(e.uid) AS "uid: u32" FROM office o
           JOIN submission s ON s.office = o.id AND s.message_id = ?
           JOIN entry e ON e.message = s.message AND e.mailbox = ?
           WHERE o.number = ?"#,
        message_id,
        sent.0,
        number
    )
    .fetch_one(rows)
    .await?;
    Ok(kept.and_then(Uid::new))
}
