//! Between the stages: commands whose bodies are on the disk wait here while stage 2 commits, and it then takes all of them
//! at once. So its batches grow with its load, and the cost of a transaction is shared by as many as wait for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::command::Command;

/// What both ends share.
#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Commands came, or the last one has come.
    came: Notify,
    /// The waiting ones were taken, or nobody takes them any more.
    taken: Condvar,
}

#[derive(Default)]
struct Waiting {
    commands: Vec<Command>,
    /// One end is gone.
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.came.notify_one();
        self.taken.notify_all();
    }
}

/// Stage 1's end.
pub(crate) struct Put(Arc<Shared>);

/// Stage 2's end.
pub(crate) struct Take(Arc<Shared>);

/// Both ends of a new queue.
pub(crate) fn queue() -> (Put, Take) {
    let shared = Arc::new(Shared::default());
    (Put(Arc::clone(&shared)), Take(shared))
}

impl Put {
    /// Waits until stage 2 has taken all that wait, or is gone. So no more than one batch waits.
    pub(crate) fn taken(&self) {
        let left = |waiting: &mut Waiting| !waiting.closed && !waiting.commands.is_empty();
        drop(self.0.taken.wait_while(self.0.lock(), left).unwrap_or_else(PoisonError::into_inner));
    }

    /// Hands these over together. `false`: stage 2 is gone, and they with it.
    pub(crate) fn put(&self, commands: Vec<Command>) -> bool {
        let mut waiting = self.0.lock();
        if waiting.closed {
            return false;
        }
        waiting.commands.extend(commands);
        drop(waiting);
        self.0.came.notify_one();
        true
    }
}

impl Take {
    /// All that wait, in their order; waits for the first. `None`: stage 1 has ended, and nothing is left.
    pub(crate) async fn take(&mut self) -> Option<Vec<Command>> {
        loop {
            {
                let mut waiting = self.0.lock();
                if !waiting.commands.is_empty() {
                    self.0.taken.notify_all();
                    return Some(std::mem::take(&mut waiting.commands));
                }
                if waiting.closed {
                    return None;
                }
            }
            // Word of what came before this line is kept, so nothing is slept through.
            self.0.came.notified().await;
        }
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Drop for Take {
    fn drop(&mut self) {
        self.0.close();
        // Who asked hears that nobody answers any more.
        self.0.lock().commands.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Reply;

    fn some(count: usize) -> Vec<Command> {
        (0..count).map(|_| Command::Close(Reply::new().0)).collect()
    }

    #[tokio::test]
    async fn what_came_meanwhile_is_taken_together_and_what_is_left_after_the_end_too() {
        let (put, mut take) = queue();
        assert!(put.put(some(3)) && put.put(some(2)));
        assert_eq!(take.take().await.map(|all| all.len()), Some(5));
        assert!(put.put(some(1)));
        drop(put);
        assert_eq!(take.take().await.map(|all| all.len()), Some(1));
        assert!(take.take().await.is_none());
    }

    #[tokio::test]
    async fn what_waits_holds_back_until_it_is_taken_or_nobody_takes() {
        let (put, mut take) = queue();
        put.taken();
        assert!(put.put(some(2)));
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            put.taken();
            // Put before it is told: who hears of it drops the other end.
            assert!(put.put(some(1)));
            tell.send("taken").unwrap();
            put.taken();
            put.put(some(1))
        });
        assert!(told.try_recv().is_err(), "two are waiting");
        assert_eq!(take.take().await.map(|all| all.len()), Some(2));
        assert_eq!(told.recv(), Ok("taken"));
        drop(take);
        assert!(!thread.join().unwrap());
    }

    #[test]
    fn nothing_is_put_where_nobody_takes() {
        let (put, take) = queue();
        assert!(put.put(some(3)));
        drop(take);
        assert!(!put.put(some(1)));
    }
}
