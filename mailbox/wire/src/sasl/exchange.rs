//! One exchange of challenges and responses: each mechanism's turns.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::Party;

use super::scram::{First, Waiting};
use super::{Claim, Mechanism, Offer, Secrets, plain};

/// An exchange under way (RFC 4422 §3). The client always speaks first.
#[derive(Debug)]
pub(crate) struct Exchange(State);

#[derive(Debug)]
enum State {
    /// The client's first response comes.
    Begun(Mechanism, Offer),
    /// The server judges a password or a certificate.
    Judged,
    /// SCRAM: the server looks up what it keeps.
    Asking(Box<First>),
    /// SCRAM: the client's proof comes.
    Proving(Box<Waiting>),
    /// SCRAM: the server heard how the proof was; what it says of itself if it was right.
    Proved(String),
    /// SCRAM: the server has proved itself, too; an empty response ends it (RFC 4954 §4, RFC 5034 §4).
    Ended(Party),
    /// Nothing more comes of it.
    Over,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Say this challenge, in base64; a response follows.
    Say(String),
    /// Ask the server.
    Ask(Claim),
    /// Logged in.
    Welcome(Party),
    /// It came to nothing.
    Broken(Broken),
}

/// Why an exchange came to nothing, without a wrong guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The client said `*`.
    Cancelled,
    /// The response is none; this is what was expected.
    Response(&'static str),
}

impl Exchange {
    /// Begins, perhaps with an initial response in base64; `=` is one of no octets (RFC 4954 §4, RFC 4959 §3, RFC 5034 §4).
    pub(crate) fn begin(mechanism: Mechanism, offer: Offer, initial: Option<&[u8]>) -> (Self, Turn) {
        let mut exchange = Self(State::Begun(mechanism, offer));
        let turn = match initial {
            None => Turn::Say(String::new()),
            Some(b"=") => exchange.hear(b""),
            // An initial response that says `*` cancels nothing: nothing was begun.
            Some(b"*") => exchange.broken("Expected base64 after the mechanism"),
            Some(response) => exchange.hear(response),
        };
        (exchange, turn)
    }

    /// The client's response, in base64.
    pub(crate) fn hear(&mut self, line: &[u8]) -> Turn {
        // RFC 4954 §4, RFC 3501 §6.2.2, RFC 5034 §4: "*" cancels.
        if line == b"*" {
            self.0 = State::Over;
            return Turn::Broken(Broken::Cancelled);
        }
        let Ok(response) = STANDARD.decode(line) else { return self.broken("Expected a line of base64") };
        match std::mem::replace(&mut self.0, State::Over) {
            State::Begun(Mechanism::Plain, _) => match plain::credentials(response) {
                Some(credentials) => self.ask(Claim::Password(credentials), State::Judged),
                None => self.broken("Expected a PLAIN response (RFC 4616)"),
            },
            // RFC 4422 App. A: the response is the authorization identity, or empty; it has no NUL.
            State::Begun(Mechanism::External, _) => match String::from_utf8(response) {
                Ok(authorization) if !authorization.contains('\0') => {
                    self.ask(Claim::Certificate { authorization }, State::Judged)
                }
                _ => self.broken("Expected an EXTERNAL response (RFC 4422)"),
            },
            State::Begun(Mechanism::Scram { plus }, offer) => match First::read(&response, plus, offer.binding) {
                Ok(first) => self.ask(Claim::Secrets { login: first.login.clone() }, State::Asking(Box::new(first))),
                Err(expected) => self.broken(expected),
            },
            State::Proving(waiting) => match waiting.judge(&response) {
                Ok(proof) => {
                    let First { authorization, login, .. } = waiting.first;
                    let claim = Claim::Proof { authorization, login, right: proof.right };
                    self.ask(claim, State::Proved(proof.answer))
                }
                Err(expected) => self.broken(expected),
            },
            State::Ended(party) if response.is_empty() => Turn::Welcome(party),
            _ => self.broken("Expected an empty response"),
        }
    }

    /// The server looked up what it keeps.
    pub(crate) fn know(&mut self, secrets: Secrets) -> Option<Turn> {
        let State::Asking(first) = std::mem::replace(&mut self.0, State::Over) else { return None };
        let waiting = first.challenge(secrets);
        let said = STANDARD.encode(&waiting.said);
        self.0 = State::Proving(Box::new(waiting));
        Some(Turn::Say(said))
    }

    /// The server says who it is.
    pub(crate) fn welcome(&mut self, party: Party) -> Turn {
        match std::mem::replace(&mut self.0, State::Over) {
            State::Proved(answer) => {
                self.0 = State::Ended(party);
                Turn::Say(STANDARD.encode(answer))
            }
            _ => Turn::Welcome(party),
        }
    }

    fn ask(&mut self, claim: Claim, state: State) -> Turn {
        self.0 = state;
        Turn::Ask(claim)
    }

    fn broken(&mut self, expected: &'static str) -> Turn {
        self.0 = State::Over;
        Turn::Broken(Broken::Response(expected))
    }
}
