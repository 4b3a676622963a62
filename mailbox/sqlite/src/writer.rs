//! The one writer: gathers what is asked, commits it together, and only then answers.

use std::fs::File;
use std::sync::{Arc, PoisonError, RwLock};

use fumibako_model::{Domain, Roll};
use fumibako_store::{News, StoreError};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::mpsc;

use crate::command::Command;
use crate::deliver;
use crate::error::{Stop, store_error};
use crate::ledger::Wake;
use crate::roll;

/// Most commands in one transaction.
pub(crate) const BATCH_COMMANDS: usize = 256;
/// No command joins a batch that has this many bytes of bodies.
pub(crate) const BATCH_BYTES: usize = 16 << 20;

/// Owns the only connection that writes, and the lock on the folder for as long as it may write.
pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    pub(crate) domain: Domain,
    pub(crate) roll: Arc<RwLock<Arc<Roll>>>,
    pub(crate) news: Arc<News>,
    pub(crate) lock: File,
}

/// What a transaction leads to once it is committed.
#[derive(Default)]
struct Aftermath {
    wakes: Vec<Wake>,
    roll: Option<Roll>,
}

impl Writer {
    /// Runs until the store is closed or dropped. While one batch is committed the next one gathers in the channel,
    /// so batches grow with the load and nobody waits for a timer.
    pub(crate) async fn run(mut self, mut asked: mpsc::Receiver<Command>) {
        let mut broken: Option<StoreError> = None;
        while let Some(first) = asked.recv().await {
            let batch = gather(first, &mut asked);
            let close = batch.last().is_some_and(Command::is_close);
            if broken.is_some() {
                answer(batch, broken.as_ref());
            } else {
                broken = self.settle(batch).await;
                if let Some(error) = &broken {
                    tracing::error!(%error, "store.broken");
                }
            }
            if close {
                break;
            }
        }
        let _ = self.connection.close().await;
        drop(self.lock);
        // Dropped last: `SqliteStore::close` waits for it.
        drop(asked);
    }

    /// Commits a batch and answers it. Where one command may have spoilt it, they are tried again one by one, so that
    /// it fails alone; a busy database is busy for all. After an error that leaves the disk unknown nothing is tried
    /// again: the store is broken.
    async fn settle(&mut self, mut batch: Vec<Command>) -> Option<StoreError> {
        let error = match self.commit(&mut batch).await {
            Ok(()) => {
                answer(batch, None);
                return None;
            }
            Err(error) => error,
        };
        if batch.len() == 1 || matches!(error, StoreError::Busy(_) | StoreError::Broken(_)) {
            answer(batch, Some(&error));
            return Some(error).filter(is_broken);
        }
        let mut broken = None;
        for mut command in batch {
            if broken.is_some() {
                command.answer(broken.as_ref());
                continue;
            }
            let error = self.commit(std::slice::from_mut(&mut command)).await.err();
            command.answer(error.as_ref());
            broken = error.filter(is_broken);
        }
        broken
    }

    /// One transaction. After `Ok` it is on the disk; after `Err` nothing of it is.
    ///
    /// | a crash                  | finds on restart        | who asked                                   |
    /// |--------------------------|-------------------------|---------------------------------------------|
    /// | before COMMIT returns    | all of the batch or none| has no answer, and asks again               |
    /// | after it, before answers | all of the batch        | asks again, and is answered as a repetition |
    async fn commit(&mut self, batch: &mut [Command]) -> Result<(), StoreError> {
        let after = self.transact(batch).await.map_err(store_error)?;
        if let Some(roll) = after.roll {
            *self.roll.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roll);
        }
        after.wakes.into_iter().for_each(|(folder, modseq)| self.news.wake(folder, modseq));
        Ok(())
    }

    /// BEGIN, the batch, COMMIT. SQLite itself ends a transaction when the disk is full, and the driver's own
    /// `Transaction` then waits for ever for a ROLLBACK that finds nothing; so these three are said here.
    async fn transact(&mut self, batch: &mut [Command]) -> Result<Aftermath, sqlx::Error> {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        let mut done = self.change(batch).await;
        if let Ok(after) = done {
            done = sqlx::query("COMMIT").execute(&mut self.connection).await.map(|_| after);
        }
        if done.is_err() {
            // If this fails there was nothing left to undo; a transaction still open would fail the next BEGIN.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        }
        done
    }

    async fn change(&mut self, batch: &mut [Command]) -> Result<Aftermath, sqlx::Error> {
        let rows = &mut self.connection;
        let mut after = Aftermath { wakes: bundles(rows, batch).await?, roll: None };
        for command in batch.iter_mut().filter(|command| command.bundle().is_none()) {
            after.wakes.extend(command.run(rows).await?);
        }
        if batch.iter().any(Command::is_of_the_roll) {
            after.roll = Some(roll::load(rows, &self.domain).await?);
        }
        Ok(after)
    }
}

/// The bundles of a batch, as one run. Each caller waits for its own answer, so their order is nobody's promise.
async fn bundles(rows: &mut SqliteConnection, batch: &mut [Command]) -> Result<Vec<Wake>, sqlx::Error> {
    let run: Vec<_> = batch.iter().filter_map(Command::bundle).collect();
    if run.is_empty() {
        return Ok(Vec::new());
    }
    let (answers, wakes) = match deliver::bundles(rows, &run).await {
        Ok(delivered) => delivered,
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Refused(refused)) => return Err(sqlx::Error::InvalidArgument(refused.to_string())),
    };
    let replies = batch.iter_mut().filter(|command| command.bundle().is_some());
    for (command, answer) in replies.zip(answers) {
        if let Command::Deliver(_, _, reply) = command {
            reply.hold(answer.map_err(Stop::Refused))?;
        }
    }
    Ok(wakes)
}

/// What has arrived by now, within the limits of a batch. A `Close` ends it.
fn gather(first: Command, asked: &mut mpsc::Receiver<Command>) -> Vec<Command> {
    let mut bytes = first.weight();
    let mut batch = vec![first];
    while batch.len() < BATCH_COMMANDS && bytes < BATCH_BYTES && !batch.last().is_some_and(Command::is_close) {
        let Ok(command) = asked.try_recv() else { break };
        bytes += command.weight();
        batch.push(command);
    }
    batch
}

fn answer(batch: Vec<Command>, failed: Option<&StoreError>) {
    for command in batch {
        command.answer(failed);
    }
}

fn is_broken(error: &StoreError) -> bool {
    matches!(error, StoreError::Broken(_))
}

#[cfg(test)]
mod tests;
