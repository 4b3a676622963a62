//! AUTHORIZATION: who is it (RFC 1939 §4, §7; RFC 5034; RFC 2595; RFC 6856).

use fumibako_model::{Party, Refusal, Refused};

use super::{Maildrop, Phase, Question, Session};
use crate::pop3::settings::LOGIN_FAILURES;
use crate::pop3::{Ask, reply};
use crate::sasl::{self, Broken, Exchange, Secrets, Turn};
use crate::{Cover, Effect};

impl Session {
    /// RFC 2449 §5, §6. Nothing that carries a password is offered in clear (Profile §12.2).
    pub(super) fn capabilities(&mut self, phase: Phase) -> Phase {
        let days = self.settings.retention_days;
        let mut lines = vec!["TOP".to_owned(), "UIDL".to_owned(), "RESP-CODES".to_owned(), "AUTH-RESP-CODE".to_owned()];
        lines.extend(["PIPELINING".to_owned(), "UTF8 USER".to_owned(), "LANG".to_owned()]);
        // RFC 2449 §6.7: what is kept on the server goes after so many days (Profile §13.9).
        lines.push(format!("EXPIRE {days}"));
        match self.cover {
            Cover::Tls(offer) => lines.extend(["USER".to_owned(), format!("SASL {}", offer.names().join(" "))]),
            Cover::ClearOffersTls => lines.push("STLS".to_owned()),
        }
        lines.push("IMPLEMENTATION Fumibako".to_owned());
        let phase = self.say("Capabilities follow", phase);
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).chain([".\r\n"]).collect();
        self.send(text.into_bytes());
        phase
    }

    /// RFC 6856 §3: sentences are English, and codes say the rest.
    pub(super) fn language(&mut self, language: Option<&str>, phase: Phase) -> Phase {
        match language.map(str::to_ascii_lowercase).as_deref() {
            None => {
                let phase = self.say("Languages follow", phase);
                self.send(b"en English\r\n.\r\n".to_vec());
                phase
            }
            Some("en" | "i-default" | "*") => self.say("en Sentences are English", phase),
            Some(_) => self.fault("This language is not known here", phase),
        }
    }

    /// RFC 2595 §4: in clear only.
    pub(super) fn start_tls(&mut self) -> Phase {
        if matches!(self.cover, Cover::Tls(_)) {
            return self.fault("TLS protects this connection already", Phase::Greeted(None));
        }
        self.send(reply::yes("Begin TLS"));
        self.effects.push_back(Effect::StartTls);
        // What was sent in clear after STLS must not be obeyed under TLS.
        self.lines.clear();
        Phase::Securing
    }

    pub(super) fn use_utf8(&mut self, user: Option<String>) -> Phase {
        self.utf8 = true;
        self.say("UTF-8 from now on", Phase::Greeted(user))
    }

    pub(super) fn user(&mut self, name: String) -> Phase {
        if self.cover == Cover::ClearOffersTls {
            return self.refuse(Refusal::TlsNeeded, Phase::Greeted(None));
        }
        // Whether anybody has this name is not told.
        self.say("Say PASS", Phase::Greeted(Some(name)))
    }

    pub(super) fn pass(&mut self, user: String, password: String) -> Phase {
        self.ask(Ask::Login(sasl::password(user, password)), Question::Login(None))
    }

    /// RFC 5034 §4.
    pub(super) fn authenticate(&mut self, mechanism: &str, initial: Option<&str>) -> Phase {
        let Cover::Tls(offer) = self.cover else { return self.refuse(Refusal::TlsNeeded, Phase::Greeted(None)) };
        let Some(mechanism) = offer.find(mechanism) else {
            return self.fault("This mechanism is not offered", Phase::Greeted(None));
        };
        let (exchange, turn) = Exchange::begin(mechanism, offer, initial.map(str::as_bytes));
        self.go_on(exchange, turn)
    }

    pub(super) fn go_on(&mut self, exchange: Exchange, turn: Turn) -> Phase {
        match turn {
            Turn::Say(challenge) => {
                self.send(format!("+ {challenge}\r\n").into_bytes());
                Phase::Proving(exchange)
            }
            Turn::Ask(claim) => self.ask(Ask::Login(claim), Question::Login(Some(exchange))),
            Turn::Welcome(party) => self.open_inbox(party),
            Turn::Broken(Broken::Cancelled) => self.fault("Cancelled", Phase::Greeted(None)),
            Turn::Broken(Broken::Response(expected)) => self.fault(expected, Phase::Greeted(None)),
        }
    }

    pub(super) fn proven(&mut self, mut exchange: Exchange, party: Party) -> Phase {
        let turn = exchange.welcome(party);
        self.go_on(exchange, turn)
    }

    pub(super) fn challenge(&mut self, mut exchange: Exchange, secrets: Secrets) -> Phase {
        match exchange.know(secrets) {
            Some(turn) => self.go_on(exchange, turn),
            None => self.leave(reply::refusal(&Refusal::Internal.into(), "")),
        }
    }

    pub(super) fn login_refused(&mut self, refused: &Refused, reference: &str) -> Phase {
        self.send(reply::refusal(refused, reference));
        // What may be tried again is no wrong guess.
        if !refused.why.row().retryable() {
            self.login_failures += 1;
        }
        if self.login_failures < LOGIN_FAILURES {
            return Phase::Greeted(None);
        }
        self.leave(reply::refusal(&Refusal::TooManyFailures.into(), reference))
    }

    /// The numbers of this session are those of the folder at this moment (RFC 1939 §4). The lock that RFC 1939 §4 speaks of is
    /// not necessary: no message is modified, and one that is gone is refused by its id (Profile §13.7).
    pub(super) fn open_inbox(&mut self, party: Party) -> Phase {
        self.ask(Ask::Open, Question::Open(party))
    }

    pub(super) fn opened(&mut self, party: &Party, maildrop: Maildrop) -> Phase {
        let (count, octets) = maildrop.total();
        let text = format!("Welcome, {party}: {count} messages, {octets} octets");
        self.say(&text, Phase::Ready(maildrop))
    }
}
