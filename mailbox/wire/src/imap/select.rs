//! SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 §6.3.1-2, §6.4.2; RFC 3691).

use fumibako_model::{Flags, FolderStatus, FolderView, Refusal};

use super::Ask;
use super::cursor::Mailbox;
use super::enable::Enabled;
use super::expunge::Expunge;
use super::resync::Parameters;
use super::session::{Phase, Session, Work};
use super::view::View;

/// What follows when the open folder is left.
#[derive(Debug)]
pub(super) enum Then {
    /// Another is opened.
    Open { tag: String, mailbox: Mailbox, read_only: bool, with: Box<Parameters> },
    /// That is all.
    Say(String, &'static str),
}

impl Session {
    /// RFC 3501 §6.3.1: the folder open so far is left first, whether the new one can be opened or not.
    pub(super) fn select(&mut self, tag: String, mailbox: Mailbox, read_only: bool, with: Box<Parameters>) {
        if !self.may_resync(&tag, &with) {
            return;
        }
        match self.phase {
            Phase::Selected(_) => self.leave(Then::Open { tag, mailbox, read_only, with }),
            _ => self.open_folder(tag, mailbox, read_only, with),
        }
    }

    fn open_folder(&mut self, tag: String, mailbox: Mailbox, read_only: bool, with: Box<Parameters>) {
        self.news = false;
        self.heed_parameters(&with);
        match mailbox {
            Some(name) => self.ask(Ask::Open { name, read_only }, Work::Open { tag, read_only, with }),
            None => self.refuse_here(&tag, Refusal::NoSuchFolder),
        }
    }

    pub(super) fn opened(&mut self, tag: String, folder: FolderView, read_only: bool, with: Parameters) {
        let FolderStatus { uid_validity, uid_next, folder: id, highest_modseq, .. } = folder.status;
        let view = View::new(folder, read_only, !self.enabled.has(Enabled::REV2));
        let unseen = view.entries().position(|entry| !entry.flags.has(Flags::SEEN));
        let (count, recent) = (view.len(), view.count_recent());
        self.phase = Phase::Selected(Box::new(view));
        self.untagged(&format!("{count} EXISTS"));
        // RFC 9051 App. E (12): IMAP4rev2 has no RECENT.
        if let Some(recent) = recent {
            self.untagged(&format!("{recent} RECENT"));
        }
        self.tell_keywords();
        let rev2 = self.enabled.has(Enabled::REV2);
        if rev2 {
            // RFC 9051 §6.3.2, App. E (10), (11): the name as it is spelt, and no UNSEEN.
            let name = self.view().map(|view| view.name.clone()).map(|name| self.spell(&name)).unwrap_or_default();
            self.untagged(&format!("LIST () \"/\" {name}"));
        }
        if let Some(place) = unseen.filter(|_| !rev2) {
            self.untagged(&format!("OK [UNSEEN {}] The first that was not seen.", place + 1));
        }
        self.untagged(&format!("OK [UIDVALIDITY {}] UIDs are valid.", uid_validity.0));
        self.untagged(&format!("OK [UIDNEXT {uid_next}] The next UID."));
        // RFC 8474 §4.2
        self.untagged(&format!("OK [MAILBOXID (F{})] The folder, whatever its name.", id.0));
        if self.enabled.has(Enabled::CONDSTORE) {
            // RFC 7162 §3.1.2.1
            self.untagged(&format!("OK [HIGHESTMODSEQ {}] The last change.", highest_modseq.0));
        }
        self.resync(tag, read_only, uid_validity.0.get(), with);
    }

    /// RFC 3501 §6.4.2: removes what is `\Deleted` and does not say so; a folder open read-only is only left.
    pub(super) fn close(&mut self, tag: String) {
        match self.view() {
            Some(view) if !view.read_only && !view.is_notices() => {
                let ask = Ask::Expunge { folder: view.folder, uids: None, since: view.since };
                self.ask(ask, Work::Expunge(Expunge::closing(tag)));
            }
            _ => self.leave(Then::Say(tag, "CLOSE done.")),
        }
    }

    pub(super) fn leave(&mut self, then: Then) {
        self.ask(Ask::Close, Work::Leave(then));
    }

    pub(super) fn left(&mut self, then: Then) {
        self.phase = Phase::LoggedIn;
        self.forget_fresh();
        match then {
            Then::Open { tag, mailbox, read_only, with } => {
                // RFC 7162 §3.2.11, RFC 9051 §7.1: what follows is said of the next folder.
                self.untagged("OK [CLOSED] The folder open before is closed.");
                self.open_folder(tag, mailbox, read_only, with);
            }
            Then::Say(tag, text) => self.tagged(&tag, &format!("OK {text}")),
        }
    }
}

/// How a folder is open.
pub(super) fn opened_saying(read_only: bool, notices: bool) -> &'static str {
    match (read_only, notices) {
        (true, _) => "[READ-ONLY] EXAMINE done.",
        // RFC 3501 §6.3.1: what is each user's own can change all the same.
        (false, true) => "[READ-ONLY] SELECT done.",
        (false, false) => "[READ-WRITE] SELECT done.",
    }
}
