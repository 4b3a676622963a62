//! The ledger's rows, written: one statement a table, however many rows; nothing for a table without any.

use serde::Serialize;
use sqlx::SqliteConnection;

use fumibako_model::{FolderId, ModSeq};

use super::{Body, Ledger, Wake};
use crate::error::Stop;

impl Ledger<'_> {
    /// Writes everything, and says which folders changed.
    pub(crate) async fn write(self, rows: &mut SqliteConnection) -> Result<Vec<Wake>, Stop> {
        self.write_messages(rows).await?;
        self.write_entries(rows).await?;
        self.write_witness(rows).await?;
        self.write_counters(rows).await
    }

    async fn write_messages(&self, rows: &mut SqliteConnection) -> Result<(), Stop> {
        let Some(packed) = pack(&self.messages.iter().map(Body::row).collect::<Vec<_>>())? else { return Ok(()) };
        sqlx::query!(
            "INSERT INTO message (id, sha256, signed_digest, content_digest, received_size, size, message_id, sender, recipient,
                                  received_at, segment, body_offset, stored)
             SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), unhex(value ->> 3), value ->> 4,
                    value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12
             FROM json_each(?)",
            packed
        )
        .execute(&mut *rows)
        .await?;
        Ok(())
    }

    async fn write_entries(&self, rows: &mut SqliteConnection) -> Result<(), Stop> {
        if let Some(packed) = pack(&self.keywords)? {
            sqlx::query!(
                "INSERT INTO keyword (mailbox, bit, name)
                 SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)",
                packed
            )
            .execute(&mut *rows)
            .await?;
        }
        if let Some(packed) = pack(&self.entries)? {
            sqlx::query!(
                "INSERT INTO entry (mailbox, uid, message, modseq, flags, keywords)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
                 FROM json_each(?)",
                packed
            )
            .execute(&mut *rows)
            .await?;
        }
        if let Some(packed) = pack(&self.changed)? {
            sqlx::query!(
                "UPDATE entry SET modseq = value ->> 3, flags = value ->> 4, keywords = value ->> 5
                 FROM json_each(?) WHERE mailbox = value ->> 0 AND uid = value ->> 1",
                packed
            )
            .execute(rows)
            .await?;
        }
        Ok(())
    }

    async fn write_witness(&self, rows: &mut SqliteConnection) -> Result<(), Stop> {
        if let Some(packed) = pack(&self.evidence)? {
            sqlx::query!(
                "INSERT INTO evidence (id, message, kind, at, from_office, to_office, sha256, doc)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                        unhex(value ->> 6), value ->> 7
                 FROM json_each(?)",
                packed
            )
            .execute(&mut *rows)
            .await?;
        }
        if let Some(packed) = pack(&self.submissions)? {
            sqlx::query!(
                "INSERT INTO submission (office, message_id, sha256, message, evidence)
                 SELECT value ->> 0, value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4 FROM json_each(?)",
                packed
            )
            .execute(rows)
            .await?;
        }
        Ok(())
    }

    async fn write_counters(&self, rows: &mut SqliteConnection) -> Result<Vec<Wake>, Stop> {
        if !self.messages.is_empty() || !self.evidence.is_empty() {
            sqlx::query!(
                "UPDATE counter SET value = CASE name WHEN 'message' THEN ? ELSE ? END
                 WHERE name IN ('message', 'evidence')",
                self.last_message,
                self.last_evidence
            )
            .execute(&mut *rows)
            .await?;
        }
        let folders: Vec<_> = self.touched.iter().filter_map(|id| self.folders.get(id)).collect();
        let counters = folders.iter().map(|f| (f.id, f.uid_next, f.modseq, f.messages, f.unseen, f.bytes));
        let Some(packed) = pack(&counters.collect::<Vec<_>>())? else { return Ok(Vec::new()) };
        sqlx::query!(
            "UPDATE mailbox SET uid_next = value ->> 1, modseq = value ->> 2, messages = value ->> 3,
                                unseen = value ->> 4, bytes = value ->> 5
             FROM json_each(?) WHERE mailbox.id = value ->> 0",
            packed
        )
        .execute(&mut *rows)
        .await?;
        let offices = self.offices.iter().map(|(id, account)| (id, account.modseq, account.used));
        let packed = serde_json::to_string(&offices.collect::<Vec<_>>())?;
        sqlx::query!(
            "UPDATE office SET modseq = value ->> 1, used_bytes = value ->> 2
             FROM json_each(?) WHERE office.id = value ->> 0",
            packed
        )
        .execute(rows)
        .await?;
        Ok(folders.iter().map(|f| (FolderId(f.id), ModSeq(f.modseq.cast_unsigned()))).collect())
    }
}

/// (id, sha256, signed digest, content digest, size as received, size, Message-ID, sender, recipient, received at, segment, offset, stored)
type MessageRow<'m> = (
    i64,
    Option<&'m str>,
    Option<&'m str>,
    Option<&'m str>,
    Option<u64>,
    u64,
    Option<&'m str>,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
    u64,
    u64,
);

impl Body<'_> {
    fn row(&self) -> MessageRow<'_> {
        let admitted = self.admitted.as_ref();
        (
            self.id,
            admitted.map(|known| known.sha256.as_str()),
            admitted.map(|known| known.signed_digest.as_str()),
            admitted.and_then(|known| known.content_digest.as_deref()),
            admitted.map(|known| known.size),
            self.place.size,
            self.message_id,
            admitted.map(|known| known.sender),
            admitted.map(|known| known.recipient),
            self.received_at.as_millisecond(),
            self.place.segment.0,
            self.place.offset,
            self.place.stored,
        )
    }
}

/// Rows as one JSON value; `None` for no rows.
fn pack<T: Serialize>(rows: &[T]) -> Result<Option<String>, Stop> {
    if rows.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_string(rows)?)) }
}
