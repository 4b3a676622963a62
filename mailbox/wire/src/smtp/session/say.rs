//! How a conversation says things, counts mistakes and parts.

use std::mem;

use fumibako_model::{Refusal, Refused};

use super::{Phase, Question, Session, TOO_MANY_FAULTS};
use crate::Effect;
use crate::smtp::Ask;
use crate::smtp::reply::{self, Fault};
use crate::smtp::settings::BAD_COMMANDS;

impl Session {
    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        match self.effects.back_mut() {
            Some(Effect::Send(before)) => before.extend(bytes),
            _ => self.effects.push_back(Effect::Send(bytes)),
        }
    }

    pub(super) fn say(&mut self, code: u16, enhanced: &str, text: &str, phase: Phase) -> Phase {
        self.send(reply::reply(code, enhanced, &[text]));
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

    pub(super) fn refuse(&mut self, refused: &Refused, phase: Phase) -> Phase {
        let reference = self.reference.clone();
        self.effects.push_back(Effect::Refused(refused.clone()));
        self.refuse_with(refused, &reference, phase)
    }

    pub(super) fn refuse_with(&mut self, refused: &Refused, reference: &str, phase: Phase) -> Phase {
        // RFC 5321 §3.8: after 421 the connection is closed.
        if refused.why.row().smtp == 421 {
            return self.leave(reply::farewell(refused, reference));
        }
        self.send(reply::refusal(refused, reference));
        phase
    }

    /// Refuses a command that came at the wrong moment.
    pub(super) fn refuse_turn(&mut self, refusal: Refusal, phase: Phase) -> Phase {
        let phase = self.refuse(&refusal.into(), phase);
        self.counted(phase)
    }

    pub(super) fn say_fault(&mut self, fault: Fault, phase: Phase) -> Phase {
        self.send(fault.reply());
        phase
    }

    /// Says what is wrong with a command, and counts it.
    pub(super) fn fault(&mut self, fault: Fault, phase: Phase) -> Phase {
        let phase = self.say_fault(fault, phase);
        self.counted(phase)
    }

    pub(super) fn stumble(&mut self, fault: Fault) {
        let phase = mem::take(&mut self.phase);
        self.phase = self.fault(fault, phase);
    }

    pub(super) fn counted(&mut self, phase: Phase) -> Phase {
        self.bad_commands += 1;
        if self.bad_commands < BAD_COMMANDS {
            phase
        } else {
            self.leave(reply::reply(421, "4.7.0", &[TOO_MANY_FAULTS]))
        }
    }

    /// Ends the conversation from our side: at once, or when the server has answered what it is asked.
    pub(super) fn part(&mut self, farewell: Vec<u8>) {
        match mem::take(&mut self.phase) {
            Phase::Over => {}
            // Under a half-made TLS nothing can be said.
            Phase::Securing => self.effects.push_back(Effect::Close),
            Phase::Receiving(..) | Phase::Chunk(..) | Phase::Chunking(..) => {
                self.phase = self.ask(Ask::Discard, Question::BreakOff(farewell));
            }
            Phase::Asked(question) => {
                self.phase = Phase::Asked(question);
                self.leaving.get_or_insert(farewell);
            }
            _ => self.phase = self.leave(farewell),
        }
    }
}
