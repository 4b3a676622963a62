//! COPY (RFC 3501 §6.4.7), with COPYUID (RFC 4315 §3).

use fumibako_model::{FolderName, Refusal, Uid, UidValidity};

use super::Ask;
use super::command::By;
use super::cursor::Mailbox;
use super::news::Done;
use super::session::{Session, Work};
use super::set::{self, Set};

#[derive(Debug)]
pub(super) struct Copy {
    tag: String,
    to: FolderName,
}

impl Copy {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Session {
    pub(super) fn copy(&mut self, tag: String, by: By, set: &Set, to: Mailbox) {
        let Some(view) = self.view() else { return };
        let Some(places) = view.places(by, set) else { return self.bad(&tag, "There is no message of that number.") };
        let uids = view.uids(places);
        let folder = view.folder;
        match to {
            None => self.refuse_here(&tag, Refusal::NoSuchFolder),
            // Profile §7.3: incoming content is the gateway's alone.
            Some(to) if to.is_incoming() => self.refuse_here(&tag, Refusal::FolderIsProtected.about(to.as_str())),
            Some(_) if uids.is_empty() => self.finish(Done::ok(tag, "COPY done."), false),
            Some(to) => self.ask(Ask::Copy { folder, uids, to: to.clone() }, Work::Copy(Copy { tag, to })),
        }
    }

    pub(super) fn copied(&mut self, Copy { tag, to }: Copy, validity: UidValidity, pairs: &[(Uid, Uid)]) {
        let here = self.view().is_some_and(|view| view.name == to);
        let text = if pairs.is_empty() {
            "COPY done.".to_owned()
        } else {
            let from = set::write(pairs.iter().map(|(from, _)| from.get()));
            let copies = set::write(pairs.iter().map(|(_, copy)| copy.get()));
            format!("[COPYUID {} {from} {copies}] COPY done.", validity.0)
        };
        self.finish(Done::ok(tag, &text), here);
    }
}
