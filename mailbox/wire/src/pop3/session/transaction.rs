//! TRANSACTION: what is there, and what shall go (RFC 1939 §5, §7).

use std::mem;

use super::{Maildrop, Phase, Session, Told};
use crate::pop3::outgoing;

/// What is said of a number without a message.
pub(super) const NOT_THERE: &str = "There is no such message";

impl Session {
    pub(super) fn stat(&mut self, maildrop: Maildrop) -> Phase {
        let (count, octets) = maildrop.total();
        self.say(&format!("{count} {octets}"), Phase::Ready(maildrop))
    }

    /// LIST and UIDL, of all or of one.
    pub(super) fn list(&mut self, maildrop: Maildrop, which: Option<usize>, told: Told) -> Phase {
        let Some(number) = which else {
            let (count, octets) = maildrop.total();
            return self.say(&format!("{count} messages ({octets} octets)"), Phase::Listing(maildrop, told, 1));
        };
        let line = maildrop.get(number).map(|message| match told {
            Told::Sizes => format!("{number} {}", message.size),
            Told::UniqueIds => format!("{number} {}", maildrop.unique_id(message)),
        });
        match line {
            Some(line) => self.say(&line, Phase::Ready(maildrop)),
            None => self.fault(NOT_THERE, Phase::Ready(maildrop)),
        }
    }

    /// The next lines of a list.
    pub(super) fn list_more(&mut self) -> bool {
        let Phase::Listing(maildrop, told, from) = mem::take(&mut self.phase) else { return false };
        let (lines, next) = outgoing::list(&maildrop, told, from);
        self.send(lines);
        self.phase = match next {
            Some(number) => Phase::Listing(maildrop, told, number),
            None => Phase::Ready(maildrop),
        };
        true
    }

    pub(super) fn delete(&mut self, mut maildrop: Maildrop, number: usize) -> Phase {
        if maildrop.delete(number) {
            self.say("It goes when you say QUIT", Phase::Ready(maildrop))
        } else {
            self.fault(NOT_THERE, Phase::Ready(maildrop))
        }
    }

    pub(super) fn reset(&mut self, mut maildrop: Maildrop) -> Phase {
        maildrop.undelete();
        let (count, octets) = maildrop.total();
        self.say(&format!("{count} messages ({octets} octets)"), Phase::Ready(maildrop))
    }
}
