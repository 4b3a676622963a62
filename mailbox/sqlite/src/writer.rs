//! Stage 2 of the writer, the only one that changes rows: commits a batch whose bodies are on the disk, and only then
//! answers. Stage 1 is [`crate::gather`].

use std::sync::{Arc, PoisonError, RwLock};

use fumibako_model::{Domain, Roll, What};
use fumibako_store::{News, StoreError};
use sqlx::{Connection, SqliteConnection};

use crate::acts::{self, by_agent};
use crate::checkpoint::Checkpoints;
use crate::command::Command;
use crate::deliver;
use crate::error::{Stop, is_of_the_shape, of_transaction, store_error};
use crate::ledger::Wake;
use crate::open::Lock;
use crate::queue::Take;
use crate::{roll, shape};

/// Owns the only connection that writes, and the lock on the folder for as long as it may write.
pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    pub(crate) domain: Domain,
    pub(crate) roll: Arc<RwLock<Arc<Roll>>>,
    pub(crate) news: Arc<News>,
    /// Moves what was committed from the log into the database, beside the writer.
    pub(crate) checkpoints: Checkpoints,
    pub(crate) lock: Lock,
}

/// What a transaction leads to once it is committed.
#[derive(Default)]
struct Aftermath {
    wakes: Vec<Wake>,
    roll: Option<Roll>,
}

impl Writer {
    /// Runs until stage 1 ends, then closes the files.
    pub(crate) async fn run(mut self, mut batches: Take) {
        let mut broken: Option<StoreError> = None;
        while let Some(batch) = batches.take().await {
            if broken.is_some() {
                answer(batch, broken.as_ref());
            } else {
                broken = self.settle(batch).await;
                self.checkpoints.ask();
                if let Some(error) = &broken {
                    tracing::error!(%error, "store.broken");
                }
            }
        }
        self.checkpoints.end().await;
        let _ = self.connection.close().await;
        drop(self.lock);
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
        let after = match self.transact(batch).await {
            Ok(after) => after,
            Err(error) => return Err(self.failed(error).await),
        };
        if let Some(roll) = after.roll {
            *self.roll.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roll);
            self.news.wake_for_the_roll();
        }
        after.wakes.into_iter().for_each(|wake| self.news.wake(wake.office, wake.folder, wake.modseq));
        Ok(())
    }

    /// Profile §8.30: a trigger of another hand may be what refuses a change: the log of events names what is foreign.
    async fn failed(&mut self, error: sqlx::Error) -> StoreError {
        if is_of_the_shape(&error) {
            shape::tell_beside(&mut self.connection).await;
        }
        store_error(error)
    }

    /// BEGIN, the batch, COMMIT. Bundles of offices alone are written by one statement, which is a transaction by itself, and nobody
    /// else writes between what was read for it and it. SQLite itself ends a transaction when the disk is full, and the
    /// driver's own `Transaction` then waits for ever for a ROLLBACK that finds nothing; so these three are said here.
    async fn transact(&mut self, batch: &mut [Command]) -> Result<Aftermath, sqlx::Error> {
        if batch.iter().all(|command| command.bundle().is_some() && !command.is_by_an_agent()) {
            return self.change(batch).await;
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await.map_err(of_transaction)?;
        let mut done = self.change(batch).await;
        if let Ok(after) = done {
            done = sqlx::query("COMMIT").execute(&mut self.connection).await.map(|_| after).map_err(of_transaction);
        }
        if done.is_err()
            && let Err(error) = sqlx::query("ROLLBACK").execute(&mut self.connection).await
            && !error.to_string().contains("no transaction is active")
        {
            // What comes next would run inside the transaction that is still open, and be answered for nothing.
            return Err(sqlx::Error::Protocol(format!("a transaction could not be undone: {error}")));
        }
        done
    }

    async fn change(&mut self, batch: &mut [Command]) -> Result<Aftermath, sqlx::Error> {
        let rows = &mut self.connection;
        let roll = Arc::clone(&self.roll.read().unwrap_or_else(PoisonError::into_inner));
        let mut after = Aftermath { wakes: bundles(rows, &roll, batch).await?, roll: None };
        for command in batch.iter_mut().filter(|command| command.bundle().is_none()) {
            after.wakes.extend(command.run(rows, &roll).await?);
        }
        if batch.iter().any(Command::is_of_the_roll) {
            after.roll = Some(roll::load(rows, &self.domain).await?);
        }
        Ok(after)
    }
}

/// The bundles of a batch, as one run. Each caller waits for its own answer, so their order is nobody's promise.
async fn bundles(rows: &mut SqliteConnection, roll: &Roll, batch: &mut [Command]) -> Result<Vec<Wake>, sqlx::Error> {
    let run = batch.iter().filter_map(Command::bundle).map(|(facts, body, now)| Ok((facts, body?, now)));
    let run = run.collect::<Result<Vec<_>, sqlx::Error>>()?;
    if run.is_empty() {
        return Ok(Vec::new());
    }
    let (answers, wakes) = match deliver::bundles(rows, roll, &run).await {
        Ok(delivered) => delivered,
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Refused(refused)) => return Err(sqlx::Error::InvalidArgument(refused.to_string())),
    };
    let sent = run.iter().zip(&answers).filter(|(_, answer)| answer.as_ref().is_ok_and(|answer| !answer.repeated));
    let sent: Vec<_> = sent.filter_map(|((facts, _, now), _)| by_agent(facts, What::AgentSent, *now)).collect();
    match acts::write(rows, &sent).await {
        Ok(()) => {}
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Refused(refused)) => return Err(sqlx::Error::InvalidArgument(refused.to_string())),
    }
    let replies = batch.iter_mut().filter(|command| command.bundle().is_some());
    for (command, answer) in replies.zip(answers) {
        if let Command::Deliver(_, _, _, _, reply) = command {
            reply.hold(answer.map_err(Stop::Refused))?;
        }
    }
    Ok(wakes)
}

pub(crate) fn answer(batch: Vec<Command>, failed: Option<&StoreError>) {
    for command in batch {
        command.answer(failed);
    }
}

fn is_broken(error: &StoreError) -> bool {
    matches!(error, StoreError::Broken(_))
}

#[cfg(test)]
mod tests;
