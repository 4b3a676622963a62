//! STORE (RFC 3501 §6.4.6).

use fumibako_model::{Changes, FlagChange, Flags, Keywords, NamedFlags, Uid};

use super::Ask;
use super::command::By;
use super::news::Done;
use super::session::{Session, Work};
use super::set::Set;

#[derive(Debug)]
pub(super) struct Store {
    tag: String,
    by: By,
    uids: Vec<Uid>,
    change: FlagChange,
    flags: NamedFlags,
    silent: bool,
}

impl Store {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Session {
    pub(super) fn store(
        &mut self,
        tag: String,
        by: By,
        set: &Set,
        (change, flags): (FlagChange, NamedFlags),
        silent: bool,
    ) {
        let Some(view) = self.view() else { return };
        let Some(places) = view.places(by, set) else { return self.bad(&tag, "There is no message of that number.") };
        let uids = view.uids(places);
        if uids.is_empty() {
            return self.finish(Done::ok(tag, "STORE done.").addressing(by), false);
        }
        let (folder, since) = (view.folder, view.since);
        let ask = Ask::Flag { folder, uids: uids.clone(), change, flags: flags.clone(), unchanged_since: None, since };
        self.ask(ask, Work::Store(Store { tag, by, uids, change, flags, silent }));
    }

    pub(super) fn stored(&mut self, store: Store, changes: Changes) {
        let Store { tag, by, uids, change, flags, silent } = store;
        if silent {
            // The client knows what it did; it is told only what comes out otherwise.
            let named = named_flags(&flags, &changes.keywords);
            if let Some(view) = self.view() {
                for uid in uids {
                    view.expect(uid, |flags| changed(flags, change, named));
                }
            }
            self.tell(changes, false, by);
        } else {
            self.tell_also(changes, false, by, uids);
        }
        self.conclude(Done::ok(tag, "STORE done.").addressing(by));
    }
}

fn changed(flags: Flags, change: FlagChange, named: Flags) -> Flags {
    match change {
        FlagChange::Add => flags | named,
        FlagChange::Remove => flags.without(named),
        FlagChange::Replace => named,
    }
}

fn named_flags(named: &NamedFlags, keywords: &Keywords) -> Flags {
    let keywords = named.keywords.iter().filter_map(|name| keywords.flag(name));
    keywords.fold(Flags { system: named.system, keywords: 0 }, |all, flag| all | flag)
}
