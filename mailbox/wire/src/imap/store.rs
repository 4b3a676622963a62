//! STORE (RFC 3501 §6.4.6).

use fumibako_model::{Changes, FlagChange, Flags, Keywords, ModSeq, NamedFlags, Refusal, Refused, Uid};

use super::Ask;
use super::command::By;
use super::enable::Enabled;
use super::news::Done;
use super::reply::refusal;
use super::session::{Session, Work};
use super::set::{self, Set};
use crate::Effect;

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
        (tag, by): (String, By),
        set: &Set,
        (change, flags): (FlagChange, NamedFlags),
        silent: bool,
        unchanged_since: Option<ModSeq>,
    ) {
        if unchanged_since.is_some() {
            self.condstore();
        }
        let Some(view) = self.view() else { return };
        let Some((change, flags)) = permitted(view.is_notices(), change, flags) else {
            return self.no(&tag, "[NOPERM] Of notices only \\Seen can be changed.");
        };
        let Some(places) = view.places(by, set) else { return self.bad(&tag, "There is no message of that number.") };
        let uids = view.uids(places);
        if uids.is_empty() {
            return self.finish(Done::ok(tag, "STORE done.").addressing(by), false);
        }
        let (folder, since) = (view.folder, view.since);
        let ask = Ask::Flag { folder, uids: uids.clone(), change, flags: flags.clone(), unchanged_since, since };
        self.ask(ask, Work::Store(Store { tag, by, uids, change, flags, silent }));
    }

    pub(super) fn stored(&mut self, store: Store, mut changes: Changes) {
        let Store { tag, by, mut uids, change, flags, silent } = store;
        let modified = std::mem::take(&mut changes.modified);
        let named = uids.len();
        if let Some(view) = self.view() {
            uids.retain(|uid| !view.is_gone(*uid) && !changes.vanished.contains(*uid));
        }
        // Profile §7.27. A UID that is no more is passed over (RFC 3501 §6.4.8).
        let expunged = uids.len() < named && by == By::Sequence && !silent;
        if silent {
            // The client knows what it did; it is told only what comes out otherwise.
            uids.retain(|uid| modified.binary_search(uid).is_err());
            let named = named_flags(&flags, &changes.keywords);
            let mut touched = Vec::new();
            if let Some(view) = self.view() {
                for uid in uids {
                    let before = view.place(uid).and_then(|place| view.entry(place)).copied();
                    view.expect(uid, |flags| changed(flags, change, named));
                    let expected = view.place(uid).and_then(|place| view.entry(place)).map(|entry| entry.flags);
                    let now = changes.entries.binary_search_by_key(&uid, |entry| entry.uid).ok();
                    let now = now.map(|at| &changes.entries[at]);
                    // What comes out otherwise is told with its flags.
                    let new = now.filter(|now| before.is_some_and(|before| before.modseq < now.modseq));
                    touched.extend(new.filter(|now| Some(now.flags) == expected).map(|now| now.uid));
                }
            }
            self.tell_also(changes, false, by, modified.clone());
            if self.enabled.has(Enabled::CONDSTORE) {
                for uid in touched {
                    self.tell_modseq(uid);
                }
            }
        } else {
            self.tell_also(changes, false, by, uids);
        }
        let says = self.stored_saying(by, &modified);
        let done = match expunged {
            false => Done::ok(tag, &says),
            // RFC 7162 §3.1.3: the code is this one where there are both.
            true if !modified.is_empty() => Done::no(tag, &says),
            true => {
                let refused = Refused::from(Refusal::NoSuchMessage);
                let done = Done::no(tag, &refusal(&refused, refused.why.row().imap, &self.reference));
                self.effect(Effect::Refused(refused));
                done
            }
        };
        self.conclude(done.addressing(by));
    }

    /// RFC 7162 §3.1.3: which messages had changed.
    fn stored_saying(&mut self, by: By, modified: &[Uid]) -> String {
        let Some(view) = self.view().filter(|_| !modified.is_empty()) else { return "STORE done.".into() };
        let number = |uid: &Uid| match by {
            By::Uid => Some(uid.get()),
            By::Sequence => view.place(*uid).and_then(|place| u32::try_from(place + 1).ok()),
        };
        format!("[MODIFIED {}] STORE done, but for what had changed.", set::write(modified.iter().filter_map(number)))
    }
}

/// Profile §18.3, RFC 4314 §4: of a change of notices' flags, what there is a right to; `None`: nothing.
fn permitted(notices: bool, change: FlagChange, flags: NamedFlags) -> Option<(FlagChange, NamedFlags)> {
    if !notices {
        return Some((change, flags));
    }
    let seen = flags.system & Flags::SEEN.system != 0;
    let change = match change {
        FlagChange::Replace if seen => FlagChange::Add,
        FlagChange::Replace => FlagChange::Remove,
        other => other,
    };
    let asked = seen || change == FlagChange::Remove && flags.keywords.is_empty() && flags.system == 0;
    asked.then(|| (change, NamedFlags { system: Flags::SEEN.system, keywords: Vec::new() }))
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
