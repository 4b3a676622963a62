//! One SMTP submission conversation: [`Session::obey`] is the protocol.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use fumibako_model::{Address, Domain, RecipientWishes, Refusal, Refused};
use jiff::{SignedDuration, Timestamp};

use super::body::Body;
use super::command::{Command, command, limit};
use super::parameters::BodyKind;
use super::reply::{self, Fault};
use super::settings::{Settings, WAITING_BYTES};
use super::{Answer, Ask, Envelope};
use crate::lines::{Line, Lines};
use crate::sasl::{Exchange, LINE_BYTES, Offer};
use crate::{Conversation, Cover, Effect};

mod login;
mod say;
mod transaction;

use transaction::Chunk;

/// Replies wait for one another up to here, so those to pipelined commands leave together (RFC 2920 §3.2).
const REPLIES_TOGETHER: usize = 4096;

/// One SMTP submission conversation (RFC 5321, 6409).
pub struct Session {
    phase: Phase,
    cover: Cover,
    settings: Arc<Settings>,
    /// 受付番号 of this connection, for what the conversation refuses by itself.
    reference: String,
    /// What the client called itself in EHLO.
    greeted: Option<Domain>,
    lines: Lines,
    effects: VecDeque<Effect<Ask>>,
    bad_commands: u32,
    /// Transactions begun.
    mails: u32,
    login_failures: u32,
    heard: Timestamp,
    /// Until then somebody must have logged in.
    login_by: Timestamp,
    /// What is said before closing, once the pending question is answered.
    leaving: Option<Vec<u8>>,
}

/// How far the conversation is.
#[derive(Default)]
enum Phase {
    /// Nothing more will be said.
    #[default]
    Over,
    /// The client has not introduced itself, or not again under TLS.
    Connected,
    /// EHLO was said; who is it?
    Greeted,
    /// 334 was said; the client's response comes.
    Proving(Exchange),
    /// Logged in, no transaction.
    Ready,
    /// MAIL was accepted; recipients come.
    Addressing(Addressed),
    /// 354 was said; the message comes.
    Receiving(Envelope, Body),
    /// Some chunks of the message came; others will.
    Chunking(Envelope, Body),
    /// BDAT was said; its octets come.
    Chunk(Envelope, Body, Chunk),
    /// BDAT was said at the wrong moment; so many octets of it still come, then this is said.
    Swallowing(Box<Phase>, u64, Fault),
    /// The server is asked.
    Asked(Question),
    /// 220 was said to STARTTLS.
    Securing,
}

/// A transaction before its message.
struct Addressed {
    envelope: Envelope,
    body: BodyKind,
}

/// What the server is asked, and what its answer will be needed for.
enum Question {
    Login(Exchange),
    Recipient(Addressed, Address, RecipientWishes),
    Submit,
    /// The message is dropped for this.
    Discard(Refused),
    /// The message was given up between its chunks; this is obeyed then.
    GiveUp(Command),
    /// The message broke off; this is said before closing.
    BreakOff(Vec<u8>),
}

impl Session {
    /// A conversation that begins with the greeting. `reference` is found in the log of this connection; it stands in
    /// the refusals the conversation makes by itself.
    pub fn open(now: Timestamp, cover: Cover, settings: Arc<Settings>, reference: String) -> Self {
        let mut session = Self {
            login_by: later(now, settings.login_within),
            phase: Phase::Connected,
            cover,
            settings,
            reference,
            greeted: None,
            lines: Lines::default(),
            effects: VecDeque::new(),
            bad_commands: 0,
            mails: 0,
            login_failures: 0,
            heard: now,
            leaving: None,
        };
        // RFC 2034 §4: the greeting and the reply to EHLO carry no enhanced code.
        session.send(reply::reply(220, "", &[&format!("{} ESMTP Fumibako", session.settings.host)]));
        session
    }

    /// A conversation that is only told why it cannot begin (RFC 5321 §3.1), as with too many connections.
    pub fn turned_away(now: Timestamp, settings: Arc<Settings>, refused: &Refused, reference: String) -> Self {
        let mut session = Self::open(now, Cover::Tls(Offer::default()), settings, reference);
        session.effects.clear();
        session.phase = session.leave(reply::farewell(refused, &session.reference));
        session
    }

    /// The protocol. Every legal turn is a row; the last row refuses the rest.
    #[rustfmt::skip]
    fn obey(&mut self, command: Command) {
        use Command::{Auth, Bdat, Data, Expn, Hello, Help, Noop, Quit, Rcpt, Rset, StartTls, Vrfy};
        use Phase::{Addressing, Chunking, Connected, Greeted, Ready, Securing};
        let clear = self.cover == Cover::ClearOffersTls;
        self.phase = match (mem::take(&mut self.phase), command) {
            // RFC 3030 §2: chunks that came are forgotten before anything begins anew.
            (Chunking(..), command @ (Hello { .. } | Rset | Quit)) => self.ask(Ask::Discard, Question::GiveUp(command)),
            // RFC 5321 §4.1.4: EHLO begins anew, as RSET does; RFC 4954 §4: a login stays.
            (Connected | Greeted, Hello { extended, name })   => self.introduce(extended, name, Greeted),
            (Ready | Addressing(_), Hello { extended, name }) => self.introduce(extended, name, Ready),
            (phase, Noop)                                => self.say(250, "2.0.0", "OK", phase),
            (phase, Help)                                => self.say(214, "2.0.0", HELP, phase),
            // RFC 5321 §7.3: who is registered is not told this way, and 252 looks like neither yes nor no.
            (phase, Vrfy)                                => self.say(252, "2.5.0", "Not told; send to it and see", phase),
            (phase, Expn)                                => self.fault(Fault::NO_LISTS, phase),
            (_, Quit)                                    => self.leave(reply::reply(221, "2.0.0", &["Goodbye"])),
            (Addressing(_), Rset)                        => self.say(250, "2.0.0", "Forgotten", Ready),
            (phase, Rset)                                => self.say(250, "2.0.0", "Nothing to forget", phase),

            // RFC 3207 §4: only in clear and before a login.
            (Greeted, StartTls) if clear                 => self.start_tls(),
            (Greeted, Auth { mechanism, initial })       => self.authenticate(&mechanism, initial.as_deref()),

            // RFC 6409 §4.3: a submission server knows who submits.
            (Greeted, Command::Mail(_))                  => self.refuse_turn(Refusal::LoginNeeded, Greeted),
            (Ready, Command::Mail(mail))                 => self.mail(mail),
            (Addressing(addressed), Rcpt(rcpt))          => self.recipient(addressed, rcpt),
            (Addressing(addressed), Data)                => self.data(addressed),
            (phase, Bdat { size, last })                 => self.chunk(phase, size, last),
            // RFC 3030 §2: DATA and BDAT do not mix.
            // RFC 2920 §3.1: RCPT and DATA sent together with a MAIL that was refused are no further mistake.
            (phase @ (Greeted | Ready), Rcpt(_) | Data)  => self.say_fault(Fault::NOT_NOW, phase),

            (phase @ Connected, _)                       => self.fault(Fault::HELLO_FIRST, phase),
            (phase @ (Phase::Over | Securing), _)        => phase,
            (phase, _)                                   => self.fault(Fault::NOT_NOW, phase),
        };
    }

    /// Does the next thing the bytes ask for; false when more must arrive first.
    fn step(&mut self) -> bool {
        let proving = match self.phase {
            Phase::Over | Phase::Securing | Phase::Asked(_) => return false,
            Phase::Receiving(..) => return self.take_in(),
            Phase::Chunk(..) => return self.take_chunk(),
            Phase::Swallowing(..) => return self.swallow(),
            Phase::Proving(_) => true,
            _ => false,
        };
        let Some(line) = self.lines.next(|start| if proving { LINE_BYTES } else { limit(start) }) else { return false };
        match (line, mem::take(&mut self.phase)) {
            (Line::Whole(response), Phase::Proving(mut exchange)) => {
                let turn = exchange.hear(&response);
                self.phase = self.go_on(exchange, turn);
            }
            (Line::TooLong(_), Phase::Proving(_)) => {
                self.phase = self.fault(Fault::RESPONSE_TOO_LONG, Phase::Greeted);
            }
            (Line::BareEnd, Phase::Proving(_)) => self.phase = self.fault(Fault::BARE_END, Phase::Greeted),
            (line, phase) => {
                self.phase = phase;
                match line {
                    Line::Whole(line) => match command(&line) {
                        Ok(command) => self.obey(command),
                        // RFC 3030 §2: octets follow at once, and nobody knows how many: none of them may be obeyed.
                        Err(Fault::CHUNK_SIZE) => self.part(Fault::CHUNK_SIZE.reply()),
                        Err(fault) => self.stumble(fault),
                    },
                    // RFC 4954 §4: an initial response is a response.
                    Line::TooLong(verb) if verb.eq_ignore_ascii_case(b"AUTH") => self.stumble(Fault::RESPONSE_TOO_LONG),
                    Line::TooLong(_) => self.stumble(Fault::LINE_TOO_LONG),
                    Line::BareEnd => self.stumble(Fault::BARE_END),
                }
            }
        }
        true
    }

    /// Has nobody logged in?
    fn is_strangers(&self) -> bool {
        let phase = match &self.phase {
            Phase::Swallowing(phase, ..) => phase,
            phase => phase,
        };
        matches!(phase, Phase::Connected | Phase::Greeted | Phase::Proving(_) | Phase::Securing)
    }

    /// EHLO or HELO. The capabilities are those of this moment (RFC 3207 §4.2, RFC 4954 §4).
    fn introduce(&mut self, extended: bool, name: Option<Domain>, phase: Phase) -> Phase {
        self.greeted = name;
        let host = self.settings.host.to_string();
        let size = format!("SIZE {}", self.settings.message_bytes);
        let limits = format!("LIMITS MAILMAX={} RCPTMAX={}", self.settings.mails, self.settings.recipients);
        let login = self.offer().map_or("STARTTLS".to_owned(), |offer| format!("AUTH {}", offer.names().join(" ")));
        let mut all = vec![&*host, "PIPELINING", &size, "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN"];
        all.extend(["ENHANCEDSTATUSCODES", &limits, &login]);
        // RFC 8689 §2: offered where TLS is.
        if self.offer().is_some() {
            all.push("REQUIRETLS");
        }
        all.push("HELP");
        self.send(reply::reply(250, "", if extended { &all } else { &all[..1] }));
        phase
    }

    fn start_tls(&mut self) -> Phase {
        self.send(reply::reply(220, "2.0.0", &["Begin TLS"]));
        self.effects.push_back(Effect::StartTls);
        // RFC 3207 §4.2: what was sent in clear after STARTTLS must not be obeyed under TLS.
        self.lines.clear();
        Phase::Securing
    }

    /// The server's word, and where the conversation goes from there.
    #[rustfmt::skip]
    fn answered(&mut self, question: Question, answer: Answer) -> Phase {
        use Question::{BreakOff, Discard, GiveUp, Login, Recipient, Submit};
        match (question, answer) {
            (Login(mut exchange), Answer::Welcome(party)) => {
                let turn = exchange.welcome(party);
                self.go_on(exchange, turn)
            }
            (Login(mut exchange), Answer::Secrets(secrets)) => match exchange.know(*secrets) {
                Some(turn) => self.go_on(exchange, turn),
                None => self.refuse(&Refusal::Internal.into(), Phase::Greeted),
            },
            (Login(_), Answer::No { refused, reference }) => self.login_refused(&refused, &reference),
            (Recipient(mut addressed, to, wishes), Answer::Yes) => {
                addressed.envelope.note(to, wishes);
                self.say(250, "2.1.5", "Recipient noted", Phase::Addressing(addressed))
            }
            (Submit, Answer::Accepted(evidence)) => {
                self.bad_commands = 0;
                // Profile §8: the reply names the evidence that the message is kept.
                self.say(250, "2.0.0", &format!("{evidence} accepted and kept"), Phase::Ready)
            }
            (Submit, Answer::Kept)   => {
                self.bad_commands = 0;
                self.say(250, "2.0.0", "Kept for the operator", Phase::Ready)
            }
            (Discard(refused), _)    => self.refuse(&refused, Phase::Ready),
            (BreakOff(farewell), _)  => self.leave(farewell),
            (GiveUp(command), _)     => {
                self.phase = Phase::Ready;
                self.obey(command);
                mem::take(&mut self.phase)
            }
            (Recipient(addressed, ..), Answer::No { refused, reference })
                                     => self.refuse_with(&refused, &reference, Phase::Addressing(addressed)),
            (_, Answer::No { refused, reference })
                                     => self.refuse_with(&refused, &reference, Phase::Ready),
            // The server answered another question: its mistake, not the client's.
            (Login(_), _)            => self.refuse(&Refusal::Internal.into(), Phase::Greeted),
            (Recipient(addressed, ..), _)
                                     => self.refuse(&Refusal::Internal.into(), Phase::Addressing(addressed)),
            (Submit, _)              => self.refuse(&Refusal::Internal.into(), Phase::Ready),
        }
    }
}

const HELP: &str = "Submission of care plans: EHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT";
const TOO_MANY_FAULTS: &str = "Too many bad commands; goodbye";
const NO_LOGIN: &str = "Nobody logged in within the time for it; goodbye";
const IDLE: &str = "Nothing was heard for too long; goodbye";
const OVERRUN: &str = "Too much was sent before a reply; goodbye";

fn later(than: Timestamp, by: SignedDuration) -> Timestamp {
    than.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Conversation for Session {
    type Ask = Ask;
    type Answer = Answer;

    fn receive(&mut self, now: Timestamp, bytes: &[u8]) {
        self.heard = now;
        match self.phase {
            // RFC 3207 §4.2: clear bytes behind STARTTLS are dropped.
            Phase::Over | Phase::Securing => {}
            Phase::Asked(_) if self.lines.len() + bytes.len() > WAITING_BYTES => {
                self.lines.clear();
                self.part(reply::reply(421, "4.7.0", &[OVERRUN]));
            }
            _ => self.lines.push(bytes),
        }
    }

    fn answer(&mut self, now: Timestamp, answer: Answer) {
        self.heard = now;
        match mem::take(&mut self.phase) {
            Phase::Asked(question) => self.phase = self.answered(question, answer),
            phase => self.phase = phase,
        }
        if let Some(farewell) = self.leaving.take() {
            self.part(farewell);
        }
    }

    fn secured(&mut self, now: Timestamp, offer: Offer) {
        self.heard = now;
        if matches!(self.phase, Phase::Securing) {
            // RFC 3207 §4.2: what was known of the client is forgotten.
            self.cover = Cover::Tls(offer);
            self.phase = Phase::Connected;
        }
    }

    fn news(&mut self, _now: Timestamp) {}

    fn shutdown(&mut self, _now: Timestamp) {
        self.part(reply::farewell(&Refusal::ShuttingDown.into(), &self.reference));
    }

    fn tick(&mut self, now: Timestamp) {
        if now < self.wake_at() {
            return;
        }
        // RFC 5321 §4.5.3.2.7. While the server is asked, it is not the client who is late.
        match self.phase {
            Phase::Asked(_) => {
                self.heard = now;
                self.login_by = later(now, self.settings.login_within);
            }
            _ if self.is_strangers() && self.login_by <= now => {
                self.part(reply::reply(421, "4.4.2", &[NO_LOGIN]));
            }
            _ => self.part(reply::reply(421, "4.4.2", &[IDLE])),
        }
    }

    fn wake_at(&self) -> Timestamp {
        let silent = later(self.heard, self.settings.idle);
        match self.phase {
            Phase::Over => Timestamp::MAX,
            _ if self.is_strangers() => silent.min(self.login_by),
            _ => silent,
        }
    }

    fn next(&mut self) -> Option<Effect<Ask>> {
        loop {
            let room = match self.effects.back() {
                None => true,
                Some(Effect::Send(replies)) => self.effects.len() == 1 && replies.len() < REPLIES_TOGETHER,
                Some(_) => false,
            };
            if !room || !self.step() {
                return self.effects.pop_front();
            }
        }
    }
}
