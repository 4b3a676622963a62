//! EXPUNGE (RFC 3501 §6.4.3), UID EXPUNGE (RFC 4315 §2.1).

use fumibako_model::{Changes, Refused};

use super::Ask;
use super::command::By;
use super::news::Done;
use super::select::Then;
use super::session::{Session, Work};
use super::set::Set;

#[derive(Debug)]
pub(super) struct Expunge {
    tag: String,
    by: By,
    /// CLOSE: nothing is said of what went.
    closes: bool,
}

impl Expunge {
    pub(super) fn closing(tag: String) -> Self {
        Self { tag, by: By::Sequence, closes: true }
    }

    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Session {
    pub(super) fn expunge(&mut self, tag: String, set: Option<&Set>) {
        let Some(view) = self.view() else { return };
        if view.is_notices() {
            return self.no(&tag, "[NOPERM] Notices go when their time is over.");
        }
        let by = if set.is_some() { By::Uid } else { By::Sequence };
        let uids = set.map(|set| view.uids(view.by_uid(set).into_iter().flatten()));
        let (folder, since) = (view.folder, view.since);
        if uids.as_ref().is_some_and(Vec::is_empty) {
            return self.finish(Done::ok(tag, "EXPUNGE done.").named(by), false);
        }
        self.ask(Ask::Expunge { folder, uids, since }, Work::Expunge(Expunge { tag, by, closes: false }));
    }

    /// RFC 4314 §4: who has no right to remove closes the folder all the same, and nothing is removed. What may do better soon is
    /// said, and the folder stays open.
    pub(super) fn not_expunged(&mut self, Expunge { tag, closes, .. }: Expunge, refused: &Refused, reference: &str) {
        if closes && !refused.why.row().retryable() {
            return self.leave(Then::Say(tag, "CLOSE done."));
        }
        self.refuse(&tag, refused, reference);
    }

    pub(super) fn expunged(&mut self, Expunge { tag, by, closes }: Expunge, changes: Changes) {
        if closes {
            return self.leave(Then::Say(tag, "CLOSE done."));
        }
        self.all_told = true;
        let some = !changes.vanished.is_empty();
        self.tell(changes, true, by);
        let done = Done::ok(tag, "EXPUNGE done.");
        self.conclude(if some { done.removing() } else { done });
    }
}
