//! How the store asks its writer, and how it works on files beside it.

use std::sync::Arc;

use fumibako_store::StoreError;
use fumibako_store::bodies::{Bodies, BodyError};

use super::SqliteStore;
use crate::command::{Command, Reply};

impl SqliteStore {
    /// Changes bodies or keys, on a thread made for that; not after the store was closed: then they may be another's.
    pub(crate) async fn touch<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Bodies) -> Result<T, BodyError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let touching = Arc::clone(&self.touching).lock_owned().await;
        if self.readers.is_closed() {
            return Err(self.gone());
        }
        let bodies = self.bodies.clone();
        let work = move || {
            let _until_done = touching;
            work(&bodies)
        };
        self.disk.wait(work).await
    }

    /// Asks the writer and waits for the commit. Who stops waiting does not stop the work.
    pub(crate) async fn change<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = Reply::new();
        self.ask.send(command(reply)).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    /// Why there is no writer: the store was closed, or the writer died of an error of ours.
    pub(super) fn gone(&self) -> StoreError {
        if self.readers.is_closed() {
            StoreError::Busy("the store is closed".into())
        } else {
            StoreError::Broken("the store's writer has ended".into())
        }
    }
}
