//! UPDATE: QUIT makes good what was only marked (RFC 1939 §6).

use super::{Maildrop, Phase, Question, Session};
use crate::pop3::{Ask, reply};

impl Session {
    /// What was deleted goes; what was retrieved to its end, and stays, is seen (Profile §13.8). A connection that breaks off
    /// before QUIT changes nothing; nor is changed what the client cannot have had when it said QUIT.
    pub(super) fn update(&mut self, maildrop: &Maildrop) -> Phase {
        let ((seen, removed), holds_back) = (maildrop.ended(), maildrop.holds_back());
        if seen.is_empty() && removed.is_empty() {
            return self.updated(holds_back);
        }
        let retrieved = maildrop.collected();
        self.ask(Ask::Update { seen, removed, retrieved }, Question::Update { holds_back })
    }

    /// RFC 1939 §6: -ERR says that not all went that was to go.
    pub(super) fn updated(&mut self, holds_back: bool) -> Phase {
        self.leave(if holds_back {
            reply::no("Kept what was to go and was on its way when QUIT was said: wait for the last line before QUIT")
        } else {
            reply::yes("Goodbye")
        })
    }
}
