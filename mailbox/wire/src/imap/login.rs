//! LOGIN, AUTHENTICATE, STARTTLS (RFC 3501 §6.2).

use fumibako_model::{Party, Private, Refusal, Refused};

use super::Ask;
use super::input::Read;
use super::session::{Phase, Session, Work};
use crate::{Cover, Credentials, Effect, plain};

impl Session {
    /// RFC 3501 §6.2.1.
    pub(super) fn start_tls(&mut self, tag: &str) {
        if self.cover == Cover::Tls {
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
        self.prove(tag, Credentials { authorization: String::new(), login, password: Private(password) });
    }

    /// RFC 3501 §6.2.2, with an initial response (RFC 4959).
    pub(super) fn authenticate(&mut self, tag: String, mechanism: &str, initial: Option<&str>) {
        if self.is_clear(&tag) {
            return;
        }
        match (mechanism, initial) {
            ("PLAIN", Some(response)) => self.plain(tag, response.as_bytes()),
            ("PLAIN", None) => {
                self.say(b"+ \r\n");
                self.go_on(Work::Sasl(tag));
            }
            _ => self.no(&tag, "[CANNOT] This mechanism is not offered."),
        }
    }

    /// The client's response to `+`.
    pub(super) fn sasl_line(&mut self, tag: String) -> bool {
        match self.input.read() {
            Read::More => {
                self.go_on(Work::Sasl(tag));
                return false;
            }
            Read::Command(line) if line == b"*\r\n" => self.bad(&tag, "AUTHENTICATE is cancelled."),
            Read::Command(line) => self.plain(tag, line.trim_ascii_end()),
            Read::TooLong => self.bye_saying("[TOOBIG] The response is too long."),
            Read::Literal(literal) => {
                self.input.refuse(literal);
                self.bad(&tag, "Expected a line of base64.");
            }
            Read::BareLineFeed(_) | Read::Passed => self.bad(&tag, "Expected a line of base64."),
        }
        true
    }

    fn plain(&mut self, tag: String, response: &[u8]) {
        match plain::credentials(response) {
            Some(credentials) => self.prove(tag, credentials),
            None => self.bad(&tag, "Expected a PLAIN response in base64 (RFC 4616)."),
        }
    }

    fn prove(&mut self, tag: String, credentials: Credentials) {
        self.ask(Ask::Login(credentials), Work::Login(tag));
    }

    /// Profile §12.2, LOGINDISABLED: refuses, if the connection is in clear.
    fn is_clear(&mut self, tag: &str) -> bool {
        let clear = self.cover != Cover::Tls;
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
