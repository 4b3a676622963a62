//! LOGIN, AUTHENTICATE, STARTTLS (RFC 3501 §6.2).

use fumibako_model::{Party, Refusal, Refused};

use super::Ask;
use super::input::Read;
use super::session::{Phase, Session, Work};
use crate::sasl::{self, Broken, Exchange, LINE_BYTES, Secrets, Turn};
use crate::{Cover, Effect};

impl Session {
    /// RFC 3501 §6.2.1.
    pub(super) fn start_tls(&mut self, tag: &str) {
        if matches!(self.cover, Cover::Tls(_)) {
            return self.bad(tag, "TLS protects this connection already.");
        }
        self.tagged(tag, "OK Begin TLS now.");
        // What follows in clear could be an attacker's: it must not be taken for something said under TLS.
        self.input.clear();
        self.effect(Effect::StartTls);
        self.go_on(Work::Tls);
    }

    /// RFC 3501 §6.2.3.
    pub(super) fn login(&mut self, tag: String, login: Vec<u8>, password: Vec<u8>) {
        if self.is_clear(&tag) {
            return;
        }
        // What is not UTF-8 is nobody's name or password.
        let (Ok(login), Ok(password)) = (String::from_utf8(login), String::from_utf8(password)) else {
            return self.unwelcome(&tag, &Refusal::WrongPassword.into(), &self.reference.clone());
        };
        self.ask(Ask::Login(sasl::password(login, password)), Work::Login(tag, None));
    }

    /// RFC 3501 §6.2.2, with an initial response (RFC 4959).
    pub(super) fn authenticate(&mut self, tag: String, mechanism: &str, initial: Option<&str>) {
        let Cover::Tls(offer) = self.cover else {
            self.is_clear(&tag);
            return;
        };
        match offer.find(mechanism) {
            Some(mechanism) => {
                let (exchange, turn) = Exchange::begin(mechanism, offer, initial.map(str::as_bytes));
                self.turn(tag, exchange, turn);
            }
            None => self.no(&tag, "[CANNOT] This mechanism is not offered."),
        }
    }

    fn turn(&mut self, tag: String, exchange: Exchange, turn: Turn) {
        match turn {
            Turn::Say(challenge) => {
                self.say(format!("+ {challenge}\r\n").as_bytes());
                self.go_on(Work::Sasl(tag, exchange));
            }
            Turn::Ask(claim) => self.ask(Ask::Login(claim), Work::Login(tag, Some(exchange))),
            Turn::Welcome(party) => self.welcome(&tag, &party),
            Turn::Broken(Broken::Cancelled) => self.bad(&tag, "AUTHENTICATE is cancelled."),
            Turn::Broken(Broken::Response(expected)) => self.bad(&tag, &format!("{expected}.")),
        }
    }

    /// The server knows the party; SCRAM still has its own proof to say.
    pub(super) fn proven(&mut self, tag: String, mut exchange: Exchange, party: Party) {
        let turn = exchange.welcome(party);
        self.turn(tag, exchange, turn);
    }

    pub(super) fn challenge(&mut self, tag: String, mut exchange: Exchange, secrets: Secrets) {
        match exchange.know(secrets) {
            Some(turn) => self.turn(tag, exchange, turn),
            None => self.bye(Refusal::Internal),
        }
    }

    /// The client's response to `+`.
    pub(super) fn sasl_line(&mut self, tag: String, mut exchange: Exchange) -> bool {
        match self.input.read() {
            Read::More => {
                self.go_on(Work::Sasl(tag, exchange));
                return false;
            }
            Read::Command(line) if line.len() > LINE_BYTES => self.bad(&tag, "The response is too long."),
            Read::Command(line) => {
                let turn = exchange.hear(line.trim_ascii_end());
                self.turn(tag, exchange, turn);
            }
            Read::TooLong => self.bye_saying("[TOOBIG] The response is too long."),
            Read::Literal(literal) => {
                self.input.refuse(literal);
                self.bad(&tag, "Expected a line of base64.");
            }
            Read::BareLineFeed(_) | Read::Passed => self.bad(&tag, "Expected a line of base64."),
        }
        true
    }

    /// Profile §12.2, LOGINDISABLED: refuses, if the connection is in clear.
    fn is_clear(&mut self, tag: &str) -> bool {
        let clear = !matches!(self.cover, Cover::Tls(_));
        if clear {
            self.refuse_here(tag, Refusal::TlsNeeded);
        }
        clear
    }

    pub(super) fn welcome(&mut self, tag: &str, party: &Party) {
        self.phase = Phase::LoggedIn;
        self.party = Some(party.to_string());
        self.failures = 0;
        self.heard();
        self.tagged(tag, &format!("OK [CAPABILITY {}] Logged in as {party}.", self.capabilities()));
    }

    /// A refused login. So many of them end the connection; a server that is only busy does not count.
    pub(super) fn unwelcome(&mut self, tag: &str, refused: &Refused, reference: &str) {
        self.refuse(tag, refused, reference);
        if !refused.why.row().retryable() {
            self.failures += 1;
            if self.failures >= self.settings.login_failures {
                self.bye(Refusal::TooManyFailures);
            }
        }
    }
}
