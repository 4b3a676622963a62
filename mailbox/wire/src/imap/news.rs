//! When a client hears what happened in its folder (Profile §7.5, RFC 3501 §5.2, §5.5, §7.4.1).

use fumibako_model::{Changes, Flags, KEYWORDS, Keywords, ModSeq, Refused, Uid, is_mark};

use super::command::By;
use super::enable::Enabled;
use super::notify::Rest;
use super::reply;
use super::session::{Session, Work};

/// A command that is carried out; its tagged line is still to be said.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) tag: String,
    text: String,
    /// RFC 3501 §7.4.1: no EXPUNGE while FETCH, STORE or SEARCH runs, or the client's numbers slip.
    pub(super) renumbers: bool,
    pub(super) by: By,
    /// The command itself removed messages from the open folder.
    removes: bool,
}

impl Done {
    pub(super) fn ok(tag: String, text: &str) -> Self {
        Self { tag, text: format!("OK {text}"), renumbers: true, by: By::Sequence, removes: false }
    }

    pub(super) fn no(tag: String, text: &str) -> Self {
        Self { tag, text: format!("NO {text}"), renumbers: true, by: By::Sequence, removes: false }
    }

    /// RFC 3501 §6.4.8: whatever is told in answer to a UID command tells UIDs.
    pub(super) fn named(self, by: By) -> Self {
        Self { by, ..self }
    }

    /// The command removed messages.
    pub(super) fn removing(self) -> Self {
        Self { removes: true, ..self }
    }

    /// A FETCH, STORE or SEARCH: their UID forms may renumber (RFC 3501 §7.4.1), the others must not.
    pub(super) fn addressing(self, by: By) -> Self {
        Self { renumbers: by == By::Uid, by, ..self }
    }
}

impl Session {
    /// Ends a command. News are told first if there are some, or if the command is there to ask for them.
    pub(super) fn finish(&mut self, done: Done, asks: bool) {
        let asks = asks || self.news;
        match self.view() {
            Some(view) if asks => {
                let since = view.asks();
                self.news = false;
                self.ask(since, Work::Catch(done));
            }
            _ => self.conclude(done),
        }
    }

    /// Says the tagged line, and before it the removals held back so far, if they may be told now.
    pub(super) fn conclude(&mut self, done: Done) {
        if done.renumbers {
            self.tell_removals();
        }
        self.all_told = false;
        let told = self.view().map(|view| view.told_up_to().0);
        let holds_back = self.view().is_some_and(|view| view.holds_back());
        if let Some(modseq) = told.filter(|_| holds_back && self.enabled.has(Enabled::QRESYNC)) {
            // RFC 7162 §3.2: whoever is told MODSEQs above that of a removal he was not told of must not believe he knows all up to them.
            self.untagged(&format!("OK [HIGHESTMODSEQ {modseq}] Removals are still to be told."));
        }
        match told.filter(|_| done.removes && self.enabled.has(Enabled::CONDSTORE)) {
            // RFC 7162 §3.2.7, §3.2.9, RFC 6851 §4.4, RFC 8508 §4.5
            Some(modseq) => {
                let text = done.text.trim_start_matches("OK ");
                self.tagged(&done.tag, &format!("OK [HIGHESTMODSEQ {modseq}] {text}"));
            }
            None => self.tagged(&done.tag, &done.text),
        }
    }

    /// Tells what happened. `renumbers`: EXPUNGE is allowed now.
    pub(super) fn tell(&mut self, changes: Changes, renumbers: bool, by: By) {
        self.tell_also(changes, renumbers, by, Vec::new());
    }

    /// The same, and the flags of these messages whether they changed or not.
    pub(super) fn tell_also(&mut self, changes: Changes, renumbers: bool, by: By, also: Vec<Uid>) {
        let by = if self.names_uids() { By::Uid } else { by };
        let wants = self.wants();
        let Some(view) = self.view() else { return };
        let mut learned = view.learn(changes);
        if !wants.flags {
            learned.changed.clear();
        }
        learned.changed.extend(also);
        learned.changed.sort_unstable();
        learned.changed.dedup();
        if renumbers {
            self.tell_removals();
        }
        if learned.keywords {
            self.tell_keywords();
        }
        if wants.messages {
            self.tell_exists();
        }
        for uid in learned.changed {
            self.tell_flags(uid, by);
        }
    }

    fn tell_removals(&mut self) {
        if !self.wants().messages {
            return;
        }
        let gone = self.view().map(super::view::View::renumber).unwrap_or_default();
        if self.enabled.has(Enabled::QRESYNC) {
            // RFC 7162 §3.2.10
            return self.tell_vanished("", &gone.into_iter().map(|(_, uid)| uid).collect());
        }
        for (number, _) in gone {
            self.untagged(&format!("{number} EXPUNGE"));
        }
    }

    /// RFC 3501 §7.3.1, §7.3.2.
    fn tell_exists(&mut self) {
        let Some(view) = self.view() else { return };
        let (count, recent, came) = (view.len(), view.count_recent(), view.tell_what_came());
        if !came.is_empty() {
            self.untagged(&format!("{count} EXISTS"));
            if let Some(recent) = recent {
                self.untagged(&format!("{recent} RECENT"));
            }
            self.came(came.into_iter());
        }
    }

    /// RFC 3501 §7.2.6.
    pub(super) fn tell_keywords(&mut self) {
        let Some(view) = self.view() else { return };
        let names = all_flags(&view.keywords, |_| true);
        // RFC 3501 §7.1, RFC 4314 §5.1.1 (Profile §9.19): those a client can change; `\*` says that new keywords can be made.
        // STORE leaves the gateway's own as they are (Profile §8.1).
        let can = |name: &str| !is_mark(name) && view.has_right(right_of(name));
        let permanent = all_flags(&view.keywords, can);
        let (read_only, notices) = (view.read_only, view.is_notices());
        let more = if view.keywords.0.len() < KEYWORDS && view.has_right('w') { " \\*" } else { "" };
        self.untagged(&format!("FLAGS ({names})"));
        if read_only {
            self.untagged("OK [PERMANENTFLAGS ()] The folder is open read-only.");
        } else if notices {
            self.untagged("OK [PERMANENTFLAGS (\\Seen)] What you have seen is kept.");
        } else {
            self.untagged(&format!("OK [PERMANENTFLAGS ({permanent}{more})] Flags are kept."));
        }
    }

    /// Whoever waits in a folder that he may not look into any more hears why, once (Profile §9.17). The folder stays open: other commands
    /// go on, and what is asked of this one is refused.
    pub(super) fn told_taken_back(&mut self, at: Rest, refused: &Refused, reference: &str) {
        self.say_taken_back(refused, reference);
        self.resume(at);
    }

    /// A command that was refused has said why.
    pub(super) fn concluded_without(&mut self, done: Done, refused: &Refused, reference: &str) {
        if done.text.starts_with("OK ") {
            self.say_taken_back(refused, reference);
        }
        self.conclude(done);
    }

    fn say_taken_back(&mut self, refused: &Refused, reference: &str) {
        let why = reply::refusal(refused, refused.why.row().imap, reference);
        self.untagged(&format!("NO {why}"));
    }

    /// The flags of one message. The UID stands there when messages are named by it (RFC 3501 §6.4.8).
    pub(super) fn tell_flags(&mut self, uid: Uid, by: By) {
        let Some(view) = self.view() else { return };
        let Some((place, entry)) = view.place(uid).and_then(|place| Some((place, *view.entry(place)?))) else { return };
        let flags = flag_names(view.shown(&entry), &view.keywords);
        let number = place + 1;
        if self.enabled.has(Enabled::CONDSTORE) {
            // RFC 7162 §3.2.4
            let ModSeq(modseq) = entry.modseq;
            return self.untagged(&format!("{number} FETCH (UID {uid} FLAGS ({flags}) MODSEQ ({modseq}))"));
        }
        match by {
            By::Sequence => self.untagged(&format!("{number} FETCH (FLAGS ({flags}))")),
            By::Uid => self.untagged(&format!("{number} FETCH (UID {uid} FLAGS ({flags}))")),
        }
    }

    /// The MODSEQ of a message whose flags the client knows (RFC 7162 §3.1.3).
    pub(super) fn tell_modseq(&mut self, uid: Uid) {
        let entry = self.view().and_then(|view| view.place(uid).and_then(|place| Some((place, *view.entry(place)?))));
        if let Some((place, entry)) = entry {
            self.untagged(&format!("{} FETCH (UID {uid} MODSEQ ({}))", place + 1, entry.modseq.0));
        }
    }
}

/// The flags of a message, by name.
pub(super) fn flag_names(flags: Flags, keywords: &Keywords) -> String {
    let named = || std::iter::once(&(Flags::RECENT, "\\Recent")).chain(&Flags::NAMED);
    let system = named().filter(|(flag, _)| flags.has(*flag)).map(|(_, name)| *name);
    system.chain(keywords.names(flags)).collect::<Vec<_>>().join(" ")
}

/// Those flags the folder knows that are wanted, by name.
fn all_flags(keywords: &Keywords, wanted: impl Fn(&str) -> bool) -> String {
    let all = Flags::NAMED.iter().map(|(_, name)| *name).chain(keywords.0.iter().map(String::as_str));
    all.filter(|name| wanted(name)).collect::<Vec<_>>().join(" ")
}

/// RFC 4314 §4: the right to change a flag.
fn right_of(flag: &str) -> char {
    match flag {
        "\\Seen" => 's',
        "\\Deleted" => 't',
        _ => 'w',
    }
}
