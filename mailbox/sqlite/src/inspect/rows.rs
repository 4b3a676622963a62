//! What a look through the store asks the database. These read whole tables.

use std::collections::BTreeSet;

use fumibako_model::Flags;
use fumibako_store::Seen;
use sqlx::{SqliteExecutor, SqlitePool};

use super::{Row, place, seen};
use crate::error::unreadable;

/// Rows looked at in one go.
const PAGE: i64 = 500;

/// What SQLite itself finds wrong.
pub(super) async fn integrity(readers: &SqlitePool) -> Result<Vec<String>, sqlx::Error> {
    let said: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(20)").fetch_all(readers).await?;
    Ok(said.into_iter().filter(|line| line != "ok").collect())
}

/// Counters of folders and offices that are not what their entries make, and what an office sent once and stands twice
/// (Profile §5.8).
pub(super) async fn counters(readers: &SqlitePool) -> Result<Vec<String>, sqlx::Error> {
    let (seen, deleted) = (i64::from(Flags::SEEN.system), i64::from(Flags::DELETED.system));
    let folders = sqlx::query!(
        r#"SELECT o.number, m.name, m.messages, m.unseen, m.bytes, coalesce(c.messages, 0) AS "true_messages!: i64",
                  coalesce(c.unseen, 0) AS "true_unseen!: i64", coalesce(c.bytes, 0) AS "true_bytes!: i64",
                  m.deleted, m.deleted_bytes, coalesce(c.deleted, 0) AS "true_deleted!: i64",
                  coalesce(c.deleted_bytes, 0) AS "true_deleted_bytes!: i64"
           FROM mailbox m JOIN office o ON o.id = m.office LEFT JOIN (
               SELECT e.mailbox, count(*) AS messages, sum(e.flags & ? = 0) AS unseen, sum(g.size) AS bytes,
                      sum(e.flags & ? <> 0) AS deleted, sum((e.flags & ? <> 0) * g.size) AS deleted_bytes
               FROM entry e JOIN message g ON g.id = e.message GROUP BY e.mailbox) c ON c.mailbox = m.id
           WHERE m.messages <> coalesce(c.messages, 0) OR m.unseen <> coalesce(c.unseen, 0)
              OR m.bytes <> coalesce(c.bytes, 0) OR m.deleted <> coalesce(c.deleted, 0)
              OR m.deleted_bytes <> coalesce(c.deleted_bytes, 0)"#,
        seen,
        deleted,
        deleted
    )
    .fetch_all(readers)
    .await?;
    let folders = folders.into_iter().map(|f| {
        format!(
            "folder {} of {} says {} messages, {} unseen, {} deleted, {} bytes, {} of them deleted; it holds {}, {}, {}, {}, {}",
            f.name,
            f.number,
            f.messages,
            f.unseen,
            f.deleted,
            f.bytes,
            f.deleted_bytes,
            f.true_messages,
            f.true_unseen,
            f.true_deleted,
            f.true_bytes,
            f.true_deleted_bytes
        )
    });
    let offices = sqlx::query!(
        r#"SELECT number, used_bytes, modseq,
                  (SELECT coalesce(sum(bytes), 0) FROM mailbox WHERE office = office.id) AS "true_bytes!: i64",
                  (SELECT coalesce(max(modseq), 0) FROM mailbox WHERE office = office.id) AS "highest!: i64"
           FROM office"#
    )
    .fetch_all(readers)
    .await?;
    let offices = offices.into_iter().filter(|o| o.used_bytes != o.true_bytes || o.modseq < o.highest).map(|o| {
        format!(
            "office {} says {} bytes in all and change {}; its folders hold {} and are at {}",
            o.number, o.used_bytes, o.modseq, o.true_bytes, o.highest
        )
    });
    let twice = sqlx::query!(
        r#"SELECT o.number, m.message_id AS "message_id!", count(*) AS "count!: i64" FROM message m JOIN office o ON o.id = m.sender
           WHERE m.sent_key IS NOT NULL GROUP BY m.sent_key, m.sender, m.message_id HAVING count(*) > 1 LIMIT ?"#,
        PAGE
    )
    .fetch_all(readers)
    .await?;
    let twice =
        twice.into_iter().map(|t| format!("<{}> of office {} stands {} times", t.message_id, t.number, t.count));
    Ok(folders.chain(offices).chain(twice).collect())
}

/// Is less evidence kept than was counted or signed for, but for what went by its years (Profile §8.15)? Which, `evidence verify` names.
pub(super) async fn evidence(readers: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT max((SELECT value FROM counter WHERE name = 'evidence_count'), coalesce((SELECT max(size) FROM log_head), 0)) AS "written!: i64",
                  (SELECT value FROM counter WHERE name = 'evidence_count') AS "counted!: i64",
                  (SELECT value FROM counter WHERE name = 'evidence_pruned') AS "pruned!: i64",
                  (SELECT count(*) FROM evidence) AS "kept!: i64""#
    )
    .fetch_one(readers)
    .await?;
    let missing = found.written - found.pruned - found.kept;
    let less = missing > 0 || found.counted < found.written;
    Ok(less.then(|| {
        let (written, kept, counted) = (found.written, found.kept + found.pruned, found.counted);
        format!(
            "証跡は {written} 件記録されましたが、{kept} 件しかないか、件数の控え（{counted}）が合いません。動いているゲートウェイで evidence verify を実行すると、どれがないか分かります / \
             {written} pieces of evidence were written, {kept} are there or went by their years, and the counter says {counted}: `evidence verify` on the running gateway names what is gone"
        )
    }))
}

/// Those of these segments that no row names and no hold needs.
pub(crate) async fn unnamed(rows: impl SqliteExecutor<'_>, segments: &[i64]) -> Result<BTreeSet<i64>, sqlx::Error> {
    let segments = serde_json::to_string(segments).map_err(unreadable)?;
    let unnamed = sqlx::query_scalar!(
        r#"SELECT json_group_array(value) AS "unnamed!: String" FROM json_each(?) file
           WHERE NOT EXISTS (SELECT 1 FROM message WHERE segment = file.value)
             AND NOT EXISTS (SELECT 1 FROM hold WHERE segment = file.value AND released_at IS NULL)"#,
        segments
    )
    .fetch_one(rows)
    .await?;
    serde_json::from_str(&unnamed).map_err(unreadable)
}

/// The next rows whose bodies are kept.
pub(super) async fn page(readers: &SqlitePool, after: i64) -> Result<Vec<Row>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id, segment, body_offset, stored, size, received_size, lower(hex(sha256)) AS "sha256: String"
           FROM message WHERE id > ? AND stored > 0 ORDER BY id LIMIT ?"#,
        after,
        PAGE
    )
    .fetch_all(readers)
    .await?;
    let row = |row: Record| Row {
        id: row.0,
        place: place(row.1, row.2, row.3, row.4),
        received: row.5.map(i64::cast_unsigned).zip(row.6),
    };
    let record = rows.into_iter().map(|r| {
        (
            r.id,
            r.segment,
            r.body_offset,
            r.stored,
            r.size,
            r.received_size,
            r.sha256.filter(|digest| !digest.is_empty()),
        )
    });
    Ok(record.map(row).collect())
}

/// (id, segment, offset, stored, size, size as received, digest)
type Record = (i64, i64, i64, i64, i64, Option<i64>, Option<String>);

/// Does the row still say the same?
pub(super) async fn is_still(readers: &SqlitePool, row: &Row) -> Result<bool, sqlx::Error> {
    let now = sqlx::query!("SELECT segment, body_offset, stored FROM message WHERE id = ?", row.id)
        .fetch_optional(readers)
        .await?;
    let (segment, offset, stored) = (row.place.segment.0, row.place.offset, row.place.stored);
    let same = |segment_now: i64, offset_now: i64, stored_now: i64| {
        (segment_now, offset_now.cast_unsigned(), stored_now.cast_unsigned()) == (segment, offset, stored)
    };
    Ok(now.is_some_and(|now| same(now.segment, now.body_offset, now.stored)))
}

/// Where a message stands.
pub(super) async fn seen_at(readers: &SqlitePool, message: i64) -> Result<Vec<Seen>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT o.number, m.name, e.uid AS "uid!: u32" FROM entry e
           JOIN mailbox m ON m.id = e.mailbox JOIN office o ON o.id = m.office WHERE e.message = ?"#,
        message
    )
    .fetch_all(readers)
    .await?;
    rows.into_iter().map(|row| seen((row.number, row.name, row.uid))).collect()
}
