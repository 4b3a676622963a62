//! Work that waits for the disk, away from the threads that serve connections.

use std::sync::Arc;

use fumibako_store::StoreError;
use fumibako_store::bodies::BodyError;
use tokio::sync::Semaphore;

use crate::error::ended;

/// So many threads wait at once: more would not make the disk quicker, and each keeps memory of its own.
const THREADS: usize = 8;

/// The threads for it.
#[derive(Clone, Debug)]
pub(crate) struct Disk(Arc<Semaphore>);

impl Disk {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(THREADS)))
    }

    /// Does it when it is its turn.
    pub(crate) async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BodyError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _turn = self.0.acquire().await;
        Ok(tokio::task::spawn_blocking(work).await.map_err(ended)??)
    }
}
