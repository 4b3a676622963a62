//! Folders as they are opened. The messages of those opened last stay in memory, so many together (Profile §7.29).

use std::sync::Arc;

use fumibako_model::{Entry, FolderName, FolderView, OfficeNumber, Refusal};
use fumibako_store::StoreError;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use sqlx::SqlitePool;

use crate::error::store_error;
use crate::ledger::Folder;
use crate::read::{entries, unpack};

/// Messages of all folders in memory together, each in some 80 octets.
const KEPT: u64 = 200_000;
/// What a folder takes beside its messages, in messages.
const BESIDE: u64 = 4;
/// Folders there may well be, which only sizes the first table.
const FOLDERS: usize = 1_000;

type Key = (OfficeNumber, FolderName);

/// The folders in memory.
#[derive(Debug)]
pub(crate) struct Views(Cache<Key, Kept, Messages>);

/// A folder's messages as they were at one of its changes. Neither its row's number nor a change's is ever given twice.
#[derive(Clone, Debug)]
struct Kept {
    folder: i64,
    modseq: i64,
    entries: Arc<[Entry]>,
}

#[derive(Clone, Debug)]
struct Messages;

impl Weighter<Key, Kept> for Messages {
    fn weight(&self, _: &Key, kept: &Kept) -> u64 {
        kept.entries.len() as u64 + BESIDE
    }
}

impl Default for Views {
    #[expect(clippy::expect_used, reason = "building fails only where one of the two capacities is not said")]
    fn default() -> Self {
        // One shard: each of several would keep no folder larger than its own part of the whole.
        let options = OptionsBuilder::new().shards(1).estimated_items_capacity(FOLDERS).weight_capacity(KEPT).build();
        let options = options.expect("both capacities are said");
        Self(Cache::with_options(options, Messages, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }
}

impl Views {
    /// A folder with its messages; they are read again only if the folder changed since.
    pub(crate) async fn open(
        &self,
        readers: &SqlitePool,
        office: OfficeNumber,
        folder: &FolderName,
    ) -> Result<FolderView, StoreError> {
        let key = (office, folder.clone());
        let kept = self.0.get(&key);
        let (id, modseq) = kept.as_ref().map_or((-1, -1), |kept| (kept.folder, kept.modseq));
        let (number, name) = (office.as_str(), folder.as_str());
        let found = sqlx::query!(
            r#"SELECT f.doc AS "doc!: String",
                      CASE WHEN f.id = ? AND f.modseq = ? THEN NULL ELSE
                      (SELECT json_group_array(json_array(e.uid, e.flags, e.keywords, e.modseq, e.message, m.size,
                                                          m.received_at, e.saved_at))
                       FROM entry e JOIN message m ON m.id = e.message WHERE e.mailbox = f.id) END AS "entries?: String"
               FROM folder f WHERE f.office_number = ? AND f.name = ?"#,
            id,
            modseq,
            number,
            name
        )
        .fetch_optional(readers)
        .await
        .map_err(store_error)?
        .ok_or_else(|| Refusal::NoSuchFolder.about(folder))?;
        let folder: Folder = unpack(&found.doc)?;
        let status = folder.status().map_err(store_error)?;
        let entries = match (found.entries, kept) {
            (None, Some(kept)) => kept.entries,
            (found, _) => entries(found.as_deref().unwrap_or("[]"))?.into(),
        };
        let kept = Kept { folder: folder.id, modseq: folder.modseq, entries: Arc::clone(&entries) };
        self.0.insert(key, kept);
        Ok(FolderView { status, keywords: folder.keywords, entries: entries.to_vec(), lent: None })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests;
