//! Wake-ups: who waits for a folder hears of every committed change in it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use fumibako_model::{FolderId, ModSeq, OfficeNumber};
use tokio::sync::watch;

/// What somebody watches: one channel each, however many folders an office has and whoever listens.
#[derive(Debug, Default)]
pub struct News(Mutex<HashMap<Watched, watch::Sender<ModSeq>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Watched {
    Folder(FolderId),
    /// All folders of an office, and the tree of them.
    Office(OfficeNumber),
}

impl News {
    /// A receiver that changes with every later [`wake`](Self::wake) of this folder.
    pub fn watch(&self, folder: FolderId) -> watch::Receiver<ModSeq> {
        self.subscribe(Watched::Folder(folder))
    }

    /// A receiver that changes with every later [`wake`](Self::wake) of anything this office has.
    pub fn watch_office(&self, office: OfficeNumber) -> watch::Receiver<ModSeq> {
        self.subscribe(Watched::Office(office))
    }

    fn subscribe(&self, what: Watched) -> watch::Receiver<ModSeq> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.entry(what).or_insert_with(|| watch::channel(ModSeq(0)).0).subscribe()
    }

    /// Tells the watchers of a folder, or of none in particular, and those of its office that everything up to `modseq`
    /// is committed. What nobody watches any more is forgotten here.
    pub fn wake(&self, office: OfficeNumber, folder: Option<FolderId>, modseq: ModSeq) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for what in folder.map(Watched::Folder).into_iter().chain([Watched::Office(office)]) {
            if let Entry::Occupied(sender) = watched.entry(what) {
                if sender.get().receiver_count() == 0 {
                    sender.remove();
                } else {
                    sender.get().send_replace(modseq);
                }
            }
        }
    }

    /// How many folders and offices are watched.
    pub fn watched(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> OfficeNumber {
        "9970000011".parse().unwrap()
    }

    #[test]
    fn a_wake_reaches_every_watcher_of_that_folder_and_no_other() {
        let news = News::default();
        let (mut one, mut two, other) = (news.watch(FolderId(1)), news.watch(FolderId(1)), news.watch(FolderId(2)));
        news.wake(office(), Some(FolderId(1)), ModSeq(7));
        assert!(one.has_changed().unwrap() && two.has_changed().unwrap());
        assert!(!other.has_changed().unwrap());
        assert_eq!((*one.borrow_and_update(), *two.borrow_and_update()), (ModSeq(7), ModSeq(7)));
    }

    #[test]
    fn who_watches_an_office_hears_of_all_its_folders_and_of_their_tree() {
        let news = News::default();
        let (mut all, other) = (news.watch_office(office()), news.watch_office("9970000029".parse().unwrap()));
        for (folder, modseq) in [(Some(FolderId(1)), 1), (Some(FolderId(2)), 2), (None, 3)] {
            news.wake(office(), folder, ModSeq(modseq));
            assert_eq!(*all.borrow_and_update(), ModSeq(modseq));
        }
        assert!(!other.has_changed().unwrap());
    }

    #[test]
    fn a_folder_nobody_watches_is_forgotten() {
        let news = News::default();
        drop(news.watch(FolderId(1)));
        news.wake(office(), Some(FolderId(1)), ModSeq(1));
        assert_eq!(news.watched(), 0);
    }
}
