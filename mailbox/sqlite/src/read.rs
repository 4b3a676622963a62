//! Reads: one statement each, so each sees one moment; a listing travels as one value.

use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{
    Access, Changes, Entry, Evidence, EvidenceId, Flags, FolderId, FolderName, FolderStatus, Listing, MessageId,
    ModSeq, OfficeNumber, Private, Refusal, Report, STANDARD_FOLDERS, State, Uid, UidSet,
};
use fumibako_store::bodies::{Bodies, Place, Segment};
use fumibako_store::{Census, Quota, StoreError};
use jiff::Timestamp;
use sqlx::SqlitePool;

use crate::disk::Disk;
use crate::error::{damaged, store_error, unreadable};
use crate::expire::{dates, kept_for};
use crate::ledger::Folder;

/// All folders of an office, and what it subscribed to.
pub(crate) async fn folders(readers: &SqlitePool, office: OfficeNumber) -> Result<Listing, StoreError> {
    let number = office.as_str();
    let found = sqlx::query!(
        r#"SELECT o.modseq, (SELECT json_group_array(json(f.doc)) FROM folder f WHERE f.office_number = o.number) AS "folders!: String",
                  (SELECT json_group_array(s.name) FROM subscription s WHERE s.office = o.id) AS "subscribed!: String"
           FROM office o WHERE o.number = ?"#,
        number
    )
    .fetch_optional(readers)
    .await
    .map_err(store_error)?
    .ok_or_else(|| Refusal::OfficeUnknown.about(office))?;
    let folders = unpack::<Vec<Folder>>(&found.folders)?;
    let mut folders =
        folders.iter().map(Folder::status).collect::<Result<Vec<FolderStatus>, _>>().map_err(store_error)?;
    let place = |name: &FolderName| STANDARD_FOLDERS.iter().position(|(standard, _)| *standard == name.as_str());
    folders.sort_by_cached_key(|f| (place(&f.name).unwrap_or(STANDARD_FOLDERS.len()), f.name.clone()));
    let modseq = ModSeq(found.modseq.cast_unsigned());
    Ok(Listing { folders, subscribed: unpack(&found.subscribed)?, modseq, access: Access::default() })
}

/// A folder's counters.
pub(crate) async fn status(
    readers: &SqlitePool,
    office: OfficeNumber,
    folder: &FolderName,
) -> Result<FolderStatus, StoreError> {
    let (number, name) = (office.as_str(), folder.as_str());
    let doc = sqlx::query_scalar!(
        r#"SELECT doc AS "doc!: String" FROM folder WHERE office_number = ? AND name = ?"#,
        number,
        name
    )
    .fetch_optional(readers)
    .await
    .map_err(store_error)?
    .ok_or_else(|| Refusal::NoSuchFolder.about(folder))?;
    unpack::<Folder>(&doc)?.status().map_err(store_error)
}

/// How much an office's folders hold together.
pub(crate) async fn quota(readers: &SqlitePool, office: OfficeNumber) -> Result<Quota, StoreError> {
    let number = office.as_str();
    let found = sqlx::query!("SELECT used_bytes, quota_bytes FROM office WHERE number = ?", number)
        .fetch_optional(readers)
        .await
        .map_err(store_error)?
        .ok_or_else(|| Refusal::OfficeUnknown.about(office))?;
    Ok(Quota { used: found.used_bytes.cast_unsigned(), limit: found.quota_bytes.cast_unsigned() })
}

/// What changed in a folder after `since`, and these messages whether they changed or not.
pub(crate) async fn since(
    readers: &SqlitePool,
    office: OfficeNumber,
    folder: FolderId,
    since: ModSeq,
    named: &[Uid],
) -> Result<Changes, StoreError> {
    let (number, since) = (office.as_str(), since.0.cast_signed());
    let named = serde_json::to_string(named).map_err(|error| store_error(unreadable(error)))?;
    // Most askers are up to date, and the folder's own counter says so without a look at its entries.
    let found = sqlx::query!(
        r#"SELECT f.doc AS "doc!: String",
                  CASE WHEN f.modseq <= ? AND json_array_length(?) = 0 THEN '[]' ELSE
                  (SELECT json_group_array(json_array(e.uid, e.flags, e.keywords, e.modseq, e.message, m.size,
                                                      m.received_at, e.saved_at))
                   FROM entry e JOIN message m ON m.id = e.message
                   WHERE e.mailbox = f.id AND e.uid IN (SELECT uid FROM entry WHERE mailbox = f.id AND modseq > ?
                                                        UNION SELECT value FROM json_each(?)))
                  END AS "entries!: String",
                  (SELECT json_group_array(json_array(v.lo, v.hi)) FROM vanished v
                   WHERE v.mailbox = f.id AND v.modseq > ?) AS "vanished!: String"
           FROM folder f WHERE f.id = ? AND f.office_number = ?"#,
        since,
        named,
        since,
        named,
        since,
        folder.0,
        number
    )
    .fetch_optional(readers)
    .await
    .map_err(store_error)?
    .ok_or(StoreError::Refused(Refusal::NoSuchFolder.into()))?;
    let folder: Folder = unpack(&found.doc)?;
    // Profile §7.23: what is not known any more is taken for gone, unless it is there.
    let vanished = if since < folder.forgotten {
        all_but_standing(readers, &folder).await?
    } else {
        UidSet::of_ranges(unpack(&found.vanished)?)
    };
    let recent = if folder.recent.0 == 0 { 0..0 } else { folder.recent.1..folder.uid_next };
    Ok(Changes {
        highest_modseq: ModSeq(folder.modseq.cast_unsigned()),
        keywords: folder.keywords,
        entries: entries(&found.entries)?,
        vanished,
        modified: Vec::new(),
        recent,
    })
}

/// Every UID a folder gave and has no message for.
async fn all_but_standing(readers: &SqlitePool, folder: &Folder) -> Result<UidSet, StoreError> {
    let standing = sqlx::query_scalar!(
        r#"SELECT json_group_array(uid) AS "uids!: String"
           FROM (SELECT uid FROM entry WHERE mailbox = ? AND uid < ? ORDER BY uid)"#,
        folder.id,
        folder.uid_next
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    Ok(UidSet::all_but(unpack::<Vec<Uid>>(&standing)?, folder.uid_next))
}

/// The octets of a message that stands in one of the office's folders, or as many of this range as there are.
pub(crate) async fn body(
    readers: &SqlitePool,
    (bodies, disk): (&Bodies, &Disk),
    office: OfficeNumber,
    message: MessageId,
    range: Range<u64>,
) -> Result<Private<Arc<[u8]>>, StoreError> {
    let number = office.as_str();
    let found = sqlx::query!(
        "SELECT b.segment, b.body_offset, b.stored, b.size FROM message b WHERE b.id = ? AND EXISTS (
             SELECT 1 FROM entry e JOIN mailbox m ON m.id = e.mailbox JOIN office o ON o.id = m.office
             WHERE e.message = b.id AND o.number = ?)",
        message.0,
        number
    )
    .fetch_optional(readers)
    .await
    .map_err(store_error)?
    .ok_or(StoreError::Refused(Refusal::NoSuchMessage.into()))?;
    let place = place(found.segment, found.body_offset, found.stored, found.size);
    let bodies = bodies.clone();
    let octets = disk.wait(move || bodies.read(place, range)).await?;
    Ok(Private(octets.into()))
}

/// Where a body stands, as its row says.
pub(crate) fn place(segment: i64, offset: i64, stored: i64, size: i64) -> Place {
    Place {
        segment: Segment(segment),
        offset: offset.cast_unsigned(),
        stored: stored.cast_unsigned(),
        size: size.cast_unsigned(),
    }
}

/// One piece of evidence.
pub(crate) async fn evidence(readers: &SqlitePool, id: EvidenceId) -> Result<Option<Evidence>, StoreError> {
    let doc = sqlx::query_scalar!(
        r#"SELECT CAST(doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence WHERE id = ? AND message > 0"#,
        id.0
    );
    let doc = doc.fetch_optional(readers).await.map_err(store_error)?;
    doc.map(|doc| serde_json::from_slice(&doc).map_err(|_| store_error(damaged(id)))).transpose()
}

/// How much is kept.
pub(crate) async fn census(readers: &SqlitePool) -> Result<Census, StoreError> {
    // Of what was collected the reminder still stands on the list, and will tell nothing.
    let (reminder, waiting) = (Report::Uncollected.code(), State::Delivered.code());
    let counted = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM office) AS "offices!: i64", (SELECT count(*) FROM account) AS "accounts!: i64",
                  (SELECT count(*) FROM message WHERE stored > 0) AS "messages!: i64",
                  (SELECT value FROM counter WHERE name = 'evidence_count') AS "evidence!: i64",
                  (SELECT value FROM counter WHERE name = 'evidence_pruned') AS "pruned!: i64",
                  (SELECT coalesce(max(size), 0) FROM log_head) AS "logged!: i64",
                  (SELECT max((SELECT value FROM counter WHERE name = 'evidence_count'), coalesce((SELECT max(size) FROM log_head), 0)) - coalesce(h.size, 0)
                          - (SELECT count(*) FROM evidence WHERE id > coalesce(h.last, 0))
                   FROM (SELECT 1) LEFT JOIN (
                       SELECT size, last FROM (
                           SELECT size, last FROM (SELECT 0 AS size, 0 AS last UNION ALL SELECT size, last FROM log_head)
                           WHERE size = (SELECT value FROM counter WHERE name = 'evidence_pruned')
                              OR (size > (SELECT value FROM counter WHERE name = 'evidence_pruned') AND size < (SELECT max(size) FROM log_head))
                           ORDER BY size DESC LIMIT 2)
                       ORDER BY size LIMIT 1) h) AS "missing!: i64",
                  (SELECT count(*) FROM due d LEFT JOIN message m ON m.id = d.message
                   WHERE d.what < 100 AND (d.what <> ? OR m.state = ?)) AS "due!: i64",
                  (SELECT count(*) FROM refused_receipt WHERE repeated = 0)
                  + (SELECT coalesce(sum(more), 0) FROM refused_daily WHERE repeated = 0) AS "refused_receipts!: i64",
                  (SELECT count(*) FROM refused_receipt WHERE repeated = 1)
                  + (SELECT coalesce(sum(more), 0) FROM refused_daily WHERE repeated = 1) AS "repeated_receipts!: i64",
                  (SELECT count(*) FROM office WHERE used_bytes >= quota_bytes - quota_bytes / 5) AS "nearly_full!: i64",
                  (SELECT coalesce(sum(size), 0) FROM message WHERE stored > 0) AS "bytes!: i64""#,
        reminder,
        waiting
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    Ok(Census {
        offices: counted.offices.cast_unsigned(),
        accounts: counted.accounts.cast_unsigned(),
        messages: counted.messages.cast_unsigned(),
        bytes: counted.bytes.cast_unsigned(),
        evidence: (counted.evidence - counted.pruned).max(0).cast_unsigned(),
        pruned: counted.pruned.cast_unsigned(),
        logged: counted.logged.cast_unsigned(),
        missing: counted.missing.max(0).cast_unsigned(),
        due: counted.due.cast_unsigned(),
        refused_receipts: counted.refused_receipts.cast_unsigned(),
        repeated_receipts: counted.repeated_receipts.cast_unsigned(),
        nearly_full: counted.nearly_full.cast_unsigned(),
        dates: dates(readers).await.map_err(store_error)?,
        kept_for: kept_for(readers).await.map_err(store_error)?,
        ..Census::default()
    })
}

/// (uid, flags, keywords, modseq, message, size, received at, saved at)
type Packed = (Uid, u8, i64, i64, i64, u64, i64, i64);

/// Entries by rising UID.
pub(crate) fn entries(packed: &str) -> Result<Vec<Entry>, StoreError> {
    let mut entries = unpack::<Vec<Packed>>(packed)?
        .into_iter()
        .map(|(uid, system, keywords, modseq, message, size, received_at, saved_at)| {
            Ok(Entry {
                uid,
                flags: Flags { system, keywords: keywords.cast_unsigned() },
                modseq: ModSeq(modseq.cast_unsigned()),
                message: MessageId(message),
                size,
                received_at: Timestamp::from_millisecond(received_at).map_err(unreadable)?,
                saved_at: Timestamp::from_millisecond(saved_at).map_err(unreadable)?,
            })
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(store_error)?;
    entries.sort_unstable_by_key(|entry| entry.uid);
    Ok(entries)
}

pub(crate) fn unpack<'p, T: serde::Deserialize<'p>>(packed: &'p str) -> Result<T, StoreError> {
    serde_json::from_str(packed).map_err(|error| store_error(unreadable(error)))
}
