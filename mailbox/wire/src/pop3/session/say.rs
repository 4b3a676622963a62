//! How a conversation says things, counts mistakes and parts.

use std::mem;

use fumibako_model::{Refusal, Refused};

use super::{BAD_COMMANDS, Phase, Question, Session};
use crate::Effect;
use crate::pop3::{Ask, reply};

impl Session {
    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        match self.effects.back_mut() {
            Some(Effect::Send(before)) => before.extend(bytes),
            _ => self.effects.push_back(Effect::Send(bytes)),
        }
    }

    pub(super) fn say(&mut self, text: &str, phase: Phase) -> Phase {
        self.bad_commands = 0;
        self.send(reply::yes(text));
        phase
    }

    pub(super) fn ask(&mut self, ask: Ask, question: Question) -> Phase {
        self.effects.push_back(Effect::Ask(ask));
        Phase::Asked(question)
    }

    pub(super) fn leave(&mut self, farewell: Vec<u8>) -> Phase {
        self.send(farewell);
        self.effects.push_back(Effect::Close);
        self.lines.clear();
        Phase::Over
    }

    /// Refuses by itself; the log hears of it.
    pub(super) fn refuse(&mut self, refusal: Refusal, phase: Phase) -> Phase {
        let refused = Refused::from(refusal);
        self.effects.push_back(Effect::Refused(refused.clone()));
        let said = reply::refusal(&refused, &self.reference);
        self.send(said);
        self.counted(phase)
    }

    /// Says what is wrong with a command, and counts it.
    pub(super) fn fault(&mut self, why: &str, phase: Phase) -> Phase {
        self.send(reply::no(why));
        self.counted(phase)
    }

    pub(super) fn stumble(&mut self, why: &str) {
        let phase = mem::take(&mut self.phase);
        self.phase = self.fault(why, phase);
    }

    fn counted(&mut self, phase: Phase) -> Phase {
        self.bad_commands += 1;
        if self.bad_commands < BAD_COMMANDS { phase } else { self.leave(reply::no("Too many bad commands; goodbye")) }
    }

    /// Ends the conversation without a word: at once, or when the server has answered what it is asked.
    pub(super) fn part(&mut self) {
        match mem::take(&mut self.phase) {
            Phase::Over => {}
            Phase::Asked(question) => {
                self.phase = Phase::Asked(question);
                self.leaving = true;
            }
            _ => {
                self.effects.push_back(Effect::Close);
                self.lines.clear();
            }
        }
    }
}
