//! The ledger's rows, written: one statement, however many rows of however many tables.

use serde::Serialize;
use sqlx::SqliteConnection;

use fumibako_model::{FolderId, ModSeq};

use super::{Body, Folder, Ledger, Wake};
use crate::error::Stop;
use crate::given;

impl Ledger<'_> {
    /// Writes everything, and says which folders changed. The view `change` puts each array into its table.
    pub(crate) async fn write(mut self, rows: &mut SqliteConnection) -> Result<Vec<Wake>, Stop> {
        let folders: Vec<_> = self.touched.iter().filter_map(|id| self.folders.get(id)).collect();
        let has_new = !self.messages.is_empty() || !self.evidence.is_empty();
        let counters =
            [("message", self.last_message), ("evidence", self.last_evidence), ("evidence_count", self.evidence_count)];
        if has_new {
            given::gave(self.last_message, self.last_evidence);
        }
        let octets = &mut self.octets;
        let messages = pack(&self.messages.iter().map(|body| body.row(octets)).collect::<Vec<_>>())?;
        let (keywords, entries) = (pack(&self.keywords)?, pack(&self.entries)?);
        let (marks, evidence) = (pack(&self.changed)?, pack(&self.evidence)?);
        let dues = pack(&self.dues)?;
        let counters = pack(if has_new { &counters } else { &[] })?;
        let wake = |f: &&Folder| Wake {
            office: f.number,
            folder: Some(FolderId(f.id)),
            modseq: ModSeq(f.modseq.cast_unsigned()),
        };
        let wakes = folders.iter().map(wake).collect();
        let folders = folders
            .iter()
            .map(|f| (f.id, f.uid_next, f.modseq, f.messages, f.unseen, f.bytes, f.deleted.0, f.deleted.1, f.recent.0));
        let folders = pack(&folders.collect::<Vec<_>>())?;
        let offices = self.offices.iter().map(|(id, account)| (id, account.modseq, account.used));
        let offices = pack(&offices.collect::<Vec<_>>())?;
        sqlx::query!(
            "INSERT INTO change (octets, messages, keywords, entries, marks, evidence, dues, counters, folders, offices)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.octets,
            messages,
            keywords,
            entries,
            marks,
            evidence,
            dues,
            counters,
            folders,
            offices
        )
        .execute(rows)
        .await?;
        Ok(wakes)
    }
}

/// (id, where its SHA-256, signed digest and content digest stand, size as received, size, Message-ID, sender, recipient, received at, segment, offset, stored,
/// key, answer, wishes)
type MessageRow<'m> = (
    i64,
    Option<usize>,
    Option<usize>,
    Option<usize>,
    Option<u64>,
    u64,
    Option<&'m str>,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
    u64,
    u64,
    Option<i64>,
    Option<i64>,
    Option<&'m str>,
);

impl Body<'_> {
    fn row(&self, octets: &mut Vec<u8>) -> MessageRow<'_> {
        let admitted = self.admitted.as_ref();
        let mut put = |digest: Option<[u8; 32]>| {
            let digest = digest?;
            octets.extend_from_slice(&digest);
            // SQL counts octets from 1.
            Some(octets.len() + 1 - digest.len())
        };
        (
            self.id,
            put(admitted.map(|known| known.sha256)),
            put(admitted.and_then(|known| known.signed_digest)),
            put(admitted.and_then(|known| known.content_digest)),
            admitted.map(|known| known.size),
            self.place.size,
            self.message_id,
            admitted.map(|known| known.sender),
            admitted.map(|known| known.recipient),
            self.received_at.as_millisecond(),
            self.place.segment.0,
            self.place.offset,
            self.place.stored,
            admitted.map(|known| known.sent_key),
            admitted.and_then(|known| known.answer).map(|evidence| evidence.0),
            admitted.and_then(|known| known.wishes.as_deref()),
        )
    }
}

/// Rows as one JSON value.
fn pack<T: Serialize>(rows: &[T]) -> Result<String, Stop> {
    Ok(serde_json::to_string(rows)?)
}
