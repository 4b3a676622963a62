//! A body filed for nothing: what it was for was not kept.

use fumibako_store::StoreError;
use fumibako_store::bodies::Segment;

use super::SqliteStore;

impl SqliteStore {
    /// Was nothing of it kept, for certain?
    pub(super) fn is_undone(&self, error: &StoreError) -> bool {
        !matches!(error, StoreError::Broken(_)) && !self.readers.is_closed()
    }

    /// A body filed for nothing leaves the disk.
    pub(crate) async fn give_up(&self, filed: Option<Segment>) {
        let Some(segment) = filed else { return };
        let bodies = self.bodies.clone();
        if let Err(why) = self.disk.wait(move || bodies.remove(segment)).await {
            tracing::warn!(%why, "store.leftover");
        }
    }

    pub(super) async fn give_up_all(&self, filed: impl Iterator<Item = Segment>) {
        for segment in filed {
            self.give_up(Some(segment)).await;
        }
    }
}
