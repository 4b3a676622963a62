//! Wake-ups: who waits for a folder hears of every committed change in it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fumibako_model::{AgentId, FolderId, ModSeq, OfficeNumber};
use tokio::sync::watch;

mod agents;
use agents::Listeners;
pub use agents::{AgentNews, Marks};

/// What somebody watches: one channel each, however many folders an office has and whoever listens.
#[derive(Debug, Default)]
pub struct News {
    watched: Mutex<HashMap<Watched, watch::Sender<ModSeq>>>,
    agents: Mutex<Listeners>,
}

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

    /// A listener to these offices of an agent, to its subscriptions, and to the roll.
    pub fn watch_agent(&self, agent: &AgentId, offices: &BTreeSet<OfficeNumber>) -> AgentNews {
        self.agents().add(agent, offices)
    }

    fn subscribe(&self, what: Watched) -> watch::Receiver<ModSeq> {
        self.watched().entry(what).or_insert_with(|| watch::channel(ModSeq(0)).0).subscribe()
    }

    /// Tells the watchers of a folder, or of none in particular, and those of its office that everything up to `modseq`
    /// is committed. What nobody watches any more is forgotten here.
    pub fn wake(&self, office: OfficeNumber, folder: Option<FolderId>, modseq: ModSeq) {
        self.agents().of_office(office);
        let mut watched = self.watched();
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

    /// Tells those who listen for an agent that it subscribed to something, or no longer.
    pub fn wake_agent(&self, agent: &AgentId) {
        self.agents().of_agent(agent);
    }

    /// Tells those who listen for agents that the roll is another.
    pub fn wake_for_the_roll(&self) {
        self.agents().of_the_roll();
    }

    /// How many folders and offices are watched, and agents with their offices listened for.
    pub fn count(&self) -> usize {
        self.watched().len() + self.agents().count()
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Watched, watch::Sender<ModSeq>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn agents(&self) -> MutexGuard<'_, Listeners> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!(news.count(), 0);
    }
}
