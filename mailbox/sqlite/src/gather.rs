//! Stage 1 of the writer: gathers what is asked, puts the bodies on the disk, and hands the batch to stage 2. While that
//! one commits, this one goes on with what has come since; so batches grow with the load and nobody waits for a timer.

use std::collections::BTreeMap;
use std::time::Duration;

use fumibako_store::StoreError;
use fumibako_store::bodies::{Appender, BodyError, Day, Parcel};
use tokio::sync::{mpsc, oneshot};

use crate::command::Command;
use crate::queue::Put;
use crate::writer::answer;

/// Most commands whose bodies are synced together.
pub(crate) const BATCH_COMMANDS: usize = 256;
/// No command joins a batch that has this many bytes of bodies.
pub(crate) const BATCH_BYTES: usize = 16 << 20;

/// After a batch of several the next one waits so long for company: those that were answered together ask together again,
/// and what a batch of one costs, syncs above all, is nearly what a batch of sixty costs. Who is alone never waits.
const COMPANY: Duration = Duration::from_micros(50);

/// Owns the only place where small bodies are appended. It has a thread of its own, which waits for the disk.
pub(crate) struct Gatherer {
    pub(crate) appender: Appender,
    pub(crate) rows: Put,
    /// Ends when stage 2 has ended.
    pub(crate) writer: oneshot::Receiver<()>,
}

impl Gatherer {
    /// Runs until the store is closed or dropped, and ends after stage 2.
    pub(crate) fn run(mut self, mut asked: mpsc::Receiver<Command>) {
        let mut broken: Option<StoreError> = None;
        let mut several = false;
        while let Some(first) = asked.blocking_recv() {
            // What is synced now could only wait for stage 2, behind what waits already; so it waits here, for company.
            self.rows.taken();
            if several {
                std::thread::sleep(COMPANY);
            }
            let batch = gather(first, &mut asked);
            several = batch.len() > 1;
            let close = batch.last().is_some_and(Command::is_close);
            let batch = match &broken {
                Some(_) => refuse(batch, broken.as_ref(), Command::is_close),
                None => self.append(batch, &mut broken),
            };
            if !self.rows.put(batch) || close {
                break;
            }
        }
        drop(self.rows);
        // Stage 2 says nothing at its end but that it came.
        let _ = self.writer.blocking_recv();
        // Dropped last: `SqliteStore::close` waits for it.
        drop(asked);
    }

    /// Puts the bodies of a batch on the disk. Where there is no room, those that bring one are answered so; after an
    /// error that leaves the disk unknown nothing is tried again.
    ///
    /// | a crash                  | finds on restart                      | who asked                          |
    /// |--------------------------|---------------------------------------|------------------------------------|
    /// | before the bodies synced | a tail that no row names: passed over | has no answer, and asks again      |
    /// | after it, before COMMIT  | bodies that no row names: passed over | has no answer, and asks again      |
    fn append(&mut self, mut batch: Vec<Command>, broken: &mut Option<StoreError>) -> Vec<Command> {
        let Err(failed) = place(&mut self.appender, &mut batch) else { return batch };
        let failed = StoreError::from(failed);
        let kept = refuse(batch, Some(&failed), |command| command.day().is_none());
        if matches!(failed, StoreError::Broken(_)) {
            tracing::error!(error = %failed, "store.broken");
            *broken = Some(failed);
        }
        kept
    }
}

/// Appends the bodies day by day: one write and one sync a day, and nearly always there is one day.
fn place(appender: &mut Appender, batch: &mut [Command]) -> Result<(), BodyError> {
    let mut days: BTreeMap<Day, Vec<usize>> = BTreeMap::new();
    for (at, command) in batch.iter().enumerate() {
        if let Some(day) = command.day() {
            days.entry(day).or_default().push(at);
        }
    }
    for (day, commands) in days {
        let waiting = commands.iter().flat_map(|at| batch[*at].waiting());
        let bodies: Vec<_> = waiting.map(|(envelope, octets)| (envelope, [octets])).collect();
        let parcels: Vec<_> = bodies.iter().map(|(envelope, octets)| Parcel { envelope, octets }).collect();
        let mut places = appender.append(day, &parcels)?.into_iter();
        for at in commands {
            batch[at].placed(&mut places);
        }
    }
    Ok(())
}

/// Answers a failure to all but those to be kept.
fn refuse(batch: Vec<Command>, failed: Option<&StoreError>, keep: impl Fn(&Command) -> bool) -> Vec<Command> {
    let (kept, refused) = batch.into_iter().partition(|command| keep(command));
    answer(refused, failed);
    kept
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

#[cfg(test)]
mod tests {
    use fumibako_store::suite::{himawari, now};

    use super::*;
    use crate::command::{Octets, OwnMessage, OwnMessages, Reply};

    #[test]
    fn a_batch_ends_at_256_commands_or_16_megabytes() {
        let nothing = || Command::Close(Reply::new().0);
        let draft = |bytes: usize| {
            let flags = fumibako_model::NamedFlags::default();
            let messages = vec![OwnMessage { flags, date: now(), message_id: None }];
            let own = OwnMessages { folder: "Drafts".parse().unwrap(), messages, replaces: None };
            let body = Octets::Here { envelope: Vec::new(), octets: vec![0; bytes] };
            Command::Append(himawari().into(), own, vec![body], now(), Reply::new().0)
        };
        let gathered = |commands: Vec<Command>| {
            let (ask, mut asked) = mpsc::channel(commands.len());
            for command in commands {
                assert!(ask.try_send(command).is_ok());
            }
            let first = asked.try_recv().unwrap();
            gather(first, &mut asked).len()
        };
        assert_eq!(gathered((0..=BATCH_COMMANDS).map(|_| draft(1)).collect()), BATCH_COMMANDS);
        assert_eq!(gathered(vec![draft(BATCH_BYTES - 1), draft(1), draft(1)]), 2);
        assert_eq!(gathered(vec![draft(1), nothing(), draft(1)]), 2, "nothing is asked of a closed store");
    }
}
