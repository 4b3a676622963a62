//! What an agent's connection waits for: news of all its offices, and that its rights change (Profile §9.17). Mandates begin and end by
//! the roll and by the day in Japan.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{FolderName, FolderStatus, JAPAN, ModSeq, OfficeNumber, Refused, Scope};
use fumibako_store::{AgentNews, Store, StoreError};
use jiff::Timestamp;

use super::{Place, Viewer};
use crate::house::House;

/// One connection of an agent that has a folder open, or listens to all of them.
pub(in crate::desk) struct Waiting {
    news: AgentNews,
    /// Since when its rights were looked at: they are looked at again when the day ends.
    looked: Timestamp,
    /// It may not look into the open folder any more.
    lost: bool,
    /// What it was told of each office, where NOTIFY asks for all folders.
    offices: Option<BTreeMap<OfficeNumber, Known>>,
}

/// An office's folders as they were read last, in the agent's names.
struct Known {
    scopes: BTreeSet<Scope>,
    folders: Vec<FolderStatus>,
    /// Everything up to here is in it.
    modseq: ModSeq,
    /// Something happened since.
    stale: bool,
    /// Annotations are told up to here.
    noted: ModSeq,
}

impl Waiting {
    pub(in crate::desk) fn new<S: Store>(house: &House<S>, viewer: &Viewer) -> Self {
        let news = house.store.watch_agent(&viewer.agent, &BTreeSet::new());
        Self { news, looked: house.clock.now(), lost: false, offices: None }
    }

    /// From now on it listens to all folders, or to the open one alone.
    pub(in crate::desk) fn listen(&mut self, to_all: bool) {
        self.offices = to_all.then(BTreeMap::new);
    }

    pub(in crate::desk) fn listens(&self) -> bool {
        self.offices.is_some()
    }

    /// Another folder is open, and it may be looked into.
    pub(in crate::desk) fn opened(&mut self) {
        self.lost = false;
    }

    /// Is the open folder closed to it?
    pub(in crate::desk) fn lost(&self) -> bool {
        self.lost
    }

    /// Returns when there is something to ask for. `viewer` says who looks, as the roll has it by then. May be dropped at any time.
    pub(in crate::desk) async fn heard<S: Store>(
        &mut self,
        house: &House<S>,
        viewer: impl Fn() -> Result<Viewer, Refused>,
        opened: Option<&Place>,
    ) {
        loop {
            tokio::select! {
                () = self.news.rung() => {}
                () = house.clock.until(end_of_day(self.looked)) => {}
            }
            if self.weigh(house, viewer().ok().as_ref(), opened) {
                return;
            }
        }
    }

    fn weigh<S: Store>(&mut self, house: &House<S>, viewer: Option<&Viewer>, opened: Option<&Place>) -> bool {
        let marks = self.news.take();
        self.looked = house.clock.now();
        let may = |place: &Place| viewer.is_some_and(|viewer| viewer.may(house, place, "r").is_ok());
        let lost = opened.is_some_and(|place| !may(place));
        let mut tell = std::mem::replace(&mut self.lost, lost) != lost;
        let Some(known) = &mut self.offices else { return tell };
        for office in &marks.offices {
            if let Some(known) = known.get_mut(office) {
                known.stale = true;
            }
        }
        tell |= marks.subscriptions || !marks.offices.is_empty();
        // Who may be here no longer hears of it once.
        let Some(viewer) = viewer else { return tell || self.offices.take().is_some() };
        let rights = viewer.offices(&house.store.roll(), self.looked);
        tell || !rights.iter().eq(known.iter().map(|(office, known)| (office, &known.scopes)))
    }

    /// All folders of all offices, in the agent's names. What did not change is not read again.
    pub(super) async fn folders<S: Store>(
        &mut self,
        house: &House<S>,
        viewer: &Viewer,
        offices: &BTreeMap<OfficeNumber, BTreeSet<Scope>>,
    ) -> Result<(Vec<FolderStatus>, ModSeq), StoreError> {
        let Some(known) = &mut self.offices else { return viewer.read(house, offices).await };
        if !offices.keys().eq(known.keys()) {
            // Listens before it reads, so that nothing falls between.
            let all = offices.keys().copied().collect();
            let old = std::mem::replace(&mut self.news, house.store.watch_agent(&viewer.agent, &all));
            self.news.carry(old.take());
            known.retain(|office, _| offices.contains_key(office));
        }
        // Another roll by now, and other subscriptions, are news to come.
        for office in self.news.take_offices() {
            known.entry(office).and_modify(|known| known.stale = true);
        }
        for (office, scopes) in offices {
            let noted = known.get(office).map(|known| known.noted);
            if known.get(office).is_none_or(|known| known.stale || known.scopes != *scopes) {
                let (folders, modseq) = viewer.folders_of(house, *office, scopes).await?;
                let noted = noted.unwrap_or(modseq);
                known.insert(*office, Known { scopes: scopes.clone(), folders, modseq, stale: false, noted });
            }
        }
        let modseq = known.values().map(|known| known.modseq).max().unwrap_or_default();
        Ok((known.values().flat_map(|known| &known.folders).cloned().collect(), modseq))
    }

    /// The annotations that changed since they were told last, by folder: each office numbers its changes itself.
    pub(in crate::desk) async fn notes<S: Store>(
        &mut self,
        house: &House<S>,
        viewer: &Viewer,
    ) -> Result<Vec<(Option<FolderName>, String)>, StoreError> {
        let mut all = Vec::new();
        for (office, known) in self.offices.iter_mut().flatten().filter(|(_, known)| known.noted < known.modseq) {
            let found = house.store.annotated_since(*office, known.noted).await?;
            let seen = found.into_iter().filter_map(|(folder, entry)| Some((viewer.name(*office, &folder?)?, entry)));
            let there = seen.filter(|(name, _)| known.folders.iter().any(|folder| folder.name == *name));
            all.extend(there.map(|(name, entry)| (Some(name), entry)));
            known.noted = known.modseq;
        }
        Ok(all)
    }
}

/// When the day in Japan ends.
fn end_of_day(at: Timestamp) -> Timestamp {
    let tomorrow = JAPAN.to_datetime(at).date().tomorrow();
    tomorrow.ok().and_then(|day| JAPAN.to_timestamp(day.at(0, 0, 0, 0)).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §9.17
    #[test]
    fn rights_are_looked_at_again_at_midnight_in_japan() {
        for (at, expected) in [
            ("2026-11-25T14:59:59.999Z", "2026-11-25T15:00:00Z"),
            ("2026-11-25T15:00:00Z", "2026-11-26T15:00:00Z"),
            ("2026-12-31T15:00:00Z", "2027-01-01T15:00:00Z"),
        ] {
            assert_eq!(end_of_day(at.parse().unwrap()), expected.parse().unwrap(), "{at}");
        }
    }
}
