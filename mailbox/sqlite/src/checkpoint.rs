//! Checkpoints beside the writer: what was committed moves from the log into the database in small steps, so that no commit
//! has to move it all at once.

use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Between two checkpoints.
const EVERY: Duration = Duration::from_millis(200);

/// The task that makes them, on a connection of its own.
pub(crate) struct Checkpoints {
    ask: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

impl Checkpoints {
    pub(crate) fn begin(connection: SqliteConnection) -> Self {
        let (ask, asked) = mpsc::channel(1);
        Self { ask, task: tokio::spawn(run(connection, asked)) }
    }

    /// Something was committed. Returns at once.
    pub(crate) fn ask(&self) {
        // A full channel means that one is due anyway.
        let _ = self.ask.try_send(());
    }

    /// Waits for the last one.
    pub(crate) async fn end(self) {
        drop(self.ask);
        if let Err(why) = self.task.await {
            tracing::warn!(%why, "store.checkpoint");
        }
    }
}

async fn run(mut connection: SqliteConnection, mut asked: mpsc::Receiver<()>) {
    while asked.recv().await.is_some() {
        // PASSIVE waits for nobody; what readers still need stays in the log until the next time.
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await {
            tracing::warn!(%error, "store.checkpoint");
        }
        tokio::time::sleep(EVERY).await;
    }
    let _ = connection.close().await;
}
