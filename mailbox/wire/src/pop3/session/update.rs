//! UPDATE: QUIT makes good what was only marked (RFC 1939 §6).

use super::{Maildrop, Phase, Question, Session};
use crate::pop3::{Ask, reply};

impl Session {
    /// What was deleted goes; what was retrieved to its end, and stays, is seen (Profile §13.8). A connection that breaks off
    /// before QUIT changes nothing.
    pub(super) fn update(&mut self, maildrop: &Maildrop) -> Phase {
        let (seen, removed) = maildrop.ended();
        if seen.is_empty() && removed.is_empty() {
            return self.leave(reply::yes("Goodbye"));
        }
        let retrieved = maildrop.collected();
        self.ask(Ask::Update { seen, removed, retrieved }, Question::Update)
    }
}
