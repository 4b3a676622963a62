//! AUTH (RFC 4954): the exchange of a mechanism, carried line by line.

use fumibako_model::{Party, Refusal, Refused};

use super::{Phase, Question, Session};
use crate::Cover;
use crate::sasl::{Broken, Exchange, Offer, Turn};
use crate::smtp::Ask;
use crate::smtp::reply::{self, Fault};
use crate::smtp::settings::LOGIN_FAILURES;

impl Session {
    /// What AUTH may name now: nothing in clear.
    pub(super) fn offer(&self) -> Option<Offer> {
        match self.cover {
            Cover::Tls(offer) => Some(offer),
            Cover::ClearOffersTls => None,
        }
    }

    pub(super) fn authenticate(&mut self, mechanism: &str, initial: Option<&str>) -> Phase {
        // RFC 4954 §4, RFC 8314 §3.3: no password in clear.
        let Some(offer) = self.offer() else { return self.refuse_turn(Refusal::TlsNeeded, Phase::Greeted) };
        let Some(mechanism) = offer.find(mechanism) else { return self.fault(Fault::NOT_OFFERED, Phase::Greeted) };
        let (exchange, turn) = Exchange::begin(mechanism, offer, initial.map(str::as_bytes));
        self.go_on(exchange, turn)
    }

    /// The next turn of an exchange.
    pub(super) fn go_on(&mut self, exchange: Exchange, turn: Turn) -> Phase {
        match turn {
            Turn::Say(challenge) => {
                // RFC 4954 §4: a challenge may be longer than a reply, and is one line.
                self.send(format!("334 {challenge}\r\n").into_bytes());
                Phase::Proving(exchange)
            }
            Turn::Ask(claim) => self.ask(Ask::Login(claim), Question::Login(exchange)),
            Turn::Welcome(party) => self.welcome(&party),
            Turn::Broken(Broken::Cancelled) => self.fault(Fault::CANCELLED, Phase::Greeted),
            Turn::Broken(Broken::Response(expected)) => self.fault(Fault::response(expected), Phase::Greeted),
        }
    }

    fn welcome(&mut self, party: &Party) -> Phase {
        self.bad_commands = 0;
        self.say(235, "2.7.0", &format!("Welcome, {party}"), Phase::Ready)
    }

    pub(super) fn login_refused(&mut self, refused: &Refused, reference: &str) -> Phase {
        let phase = self.refuse_with(refused, reference, Phase::Greeted);
        // What may be tried again is no wrong guess.
        if refused.why.row().retryable() || matches!(phase, Phase::Over) {
            return phase;
        }
        self.login_failures += 1;
        if self.login_failures < LOGIN_FAILURES {
            return phase;
        }
        self.leave(reply::farewell(&Refusal::TooManyFailures.into(), reference))
    }
}
