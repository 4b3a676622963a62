//! COPY (RFC 3501 §6.4.7) and MOVE (RFC 6851, Profile §7.11), with COPYUID (RFC 4315 §3).

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
    by: By,
    to: FolderName,
    moves: bool,
}

impl Copy {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Session {
    pub(super) fn copy(&mut self, tag: String, by: By, set: &Set, to: Mailbox, moves: bool) {
        let Some(view) = self.view() else { return };
        if moves && view.is_notices() {
            return self.no(&tag, "[NOPERM] Notices go when their time is over; they can be copied.");
        }
        let Some(places) = view.places(by, set) else { return self.bad(&tag, "There is no message of that number.") };
        let uids = view.uids(places);
        let folder = view.folder;
        match to {
            None => self.refuse_here(&tag, Refusal::NoSuchFolder),
            // Profile §7.3: incoming content is the gateway's alone.
            Some(to) if to.is_incoming() => self.refuse_here(&tag, Refusal::FolderIsProtected.about(to.as_str())),
            Some(_) if uids.is_empty() => self.finish(Done::ok(tag, done(moves)).named(by), false),
            Some(to) => {
                let ask = Ask::Copy { folder, uids, to: to.clone(), moves };
                self.ask(ask, Work::Copy(Copy { tag, by, to, moves }));
            }
        }
    }

    pub(super) fn copied(&mut self, Copy { tag, by, to, moves }: Copy, validity: UidValidity, pairs: &[(Uid, Uid)]) {
        let here = self.view().is_some_and(|view| view.name == to);
        if pairs.is_empty() {
            return self.finish(Done::ok(tag, done(moves)).named(by), here || moves);
        }
        let from = set::write(pairs.iter().map(|(from, _)| from.get()));
        let copies = set::write(pairs.iter().map(|(_, copy)| copy.get()));
        if here {
            self.own_messages(pairs.iter().map(|(_, copy)| *copy));
        }
        // RFC 5465 does not keep back what the client itself removed.
        self.all_told |= moves;
        let code = format!("[COPYUID {} {from} {copies}]", validity.0);
        if moves {
            // RFC 6851 §4.3: what became of the messages is said before they vanish.
            self.untagged(&format!("OK {code} They are there."));
            self.finish(Done::ok(tag, done(true)).named(by).removing(), true);
        } else {
            self.finish(Done::ok(tag, &format!("{code} {}", done(false))).named(by), here);
        }
    }
}

fn done(moves: bool) -> &'static str {
    if moves { "MOVE done." } else { "COPY done." }
}
