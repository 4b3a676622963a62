//! Wake-ups: who waits for a folder hears of every committed change in it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use fumibako_model::{FolderId, ModSeq};
use tokio::sync::watch;

/// The folders somebody watches.
#[derive(Debug, Default)]
pub struct News(Mutex<HashMap<FolderId, watch::Sender<ModSeq>>>);

impl News {
    /// A receiver that changes with every later [`wake`](Self::wake) of this folder.
    pub fn watch(&self, folder: FolderId) -> watch::Receiver<ModSeq> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.entry(folder).or_insert_with(|| watch::channel(ModSeq(0)).0).subscribe()
    }

    /// Tells the watchers of a folder that everything up to `modseq` is committed. Folders nobody watches any more
    /// are forgotten here.
    pub fn wake(&self, folder: FolderId, modseq: ModSeq) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(sender) = watched.entry(folder) {
            if sender.get().receiver_count() == 0 {
                sender.remove();
            } else {
                sender.get().send_replace(modseq);
            }
        }
    }

    /// How many folders are watched.
    pub fn watched(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_reaches_every_watcher_of_that_folder_and_no_other() {
        let news = News::default();
        let (mut one, mut two, other) = (news.watch(FolderId(1)), news.watch(FolderId(1)), news.watch(FolderId(2)));
        news.wake(FolderId(1), ModSeq(7));
        assert!(one.has_changed().unwrap() && two.has_changed().unwrap());
        assert!(!other.has_changed().unwrap());
        assert_eq!((*one.borrow_and_update(), *two.borrow_and_update()), (ModSeq(7), ModSeq(7)));
    }

    #[test]
    fn a_folder_nobody_watches_is_forgotten() {
        let news = News::default();
        drop(news.watch(FolderId(1)));
        news.wake(FolderId(1), ModSeq(1));
        assert_eq!(news.watched(), 0);
    }
}
