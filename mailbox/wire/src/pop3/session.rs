//! One POP3 conversation: [`Session::obey`] is the protocol.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use fumibako_model::{Refusal, Refused};
use jiff::{SignedDuration, Timestamp};

use super::command::{Command, command, limit};
use super::maildrop::Maildrop;
use super::outgoing::Told;
use super::settings::{BAD_COMMANDS, WAITING_BYTES};
use super::{Answer, Ask, Settings, reply};
use crate::lines::{Line, Lines};
use crate::sasl::{Exchange, LINE_BYTES, Offer};
use crate::{Conversation, Cover, Effect};

mod authorization;
mod retrieve;
mod say;
mod transaction;
mod update;

use retrieve::Retrieving;

/// Replies wait for one another up to here, so those to pipelined commands leave together (RFC 2449 §6.6).
const REPLIES_TOGETHER: usize = 4096;

/// One POP3 conversation (RFC 1939).
pub struct Session {
    phase: Phase,
    cover: Cover,
    settings: Arc<Settings>,
    /// 受付番号 of this connection, for what the conversation refuses by itself.
    reference: String,
    lines: Lines,
    effects: VecDeque<Effect<Ask>>,
    /// UTF8 was said (RFC 6856 §2.1).
    utf8: bool,
    bad_commands: u32,
    login_failures: u32,
    heard: Timestamp,
    /// Until then somebody must have logged in.
    login_by: Timestamp,
    /// It ends when the pending question is answered.
    leaving: bool,
}

/// How far the conversation is (RFC 1939 §3).
#[derive(Default)]
enum Phase {
    /// Nothing more will be said.
    #[default]
    Over,
    /// AUTHORIZATION; perhaps USER was said.
    Greeted(Option<String>),
    /// A challenge was said; the client's response comes.
    Proving(Exchange),
    /// `+OK` was said to STLS.
    Securing,
    /// TRANSACTION.
    Ready(Maildrop),
    /// A list has more lines.
    Listing(Maildrop, Told, usize),
    /// The server is asked.
    Asked(Question),
}

/// What the server is asked, and what its answer will be needed for.
enum Question {
    Login(Option<Exchange>),
    Open(fumibako_model::Party),
    Read(Maildrop, Box<Retrieving>),
    /// UPDATE; something stays that was to go.
    Update {
        holds_back: bool,
    },
}

impl Session {
    /// A conversation that begins with the greeting. `reference` is found in the log of this connection; it stands in
    /// the refusals the conversation makes by itself.
    pub fn open(now: Timestamp, cover: Cover, settings: Arc<Settings>, reference: String) -> Self {
        let mut session = Self {
            login_by: later(now, settings.login_within),
            phase: Phase::Greeted(None),
            cover,
            settings,
            reference,
            lines: Lines::default(),
            effects: VecDeque::new(),
            utf8: false,
            bad_commands: 0,
            login_failures: 0,
            heard: now,
            leaving: false,
        };
        // No APOP (RFC 1939 §7): it would need passwords that can be read. So there is no timestamp either.
        session.send(reply::yes("Fumibako is ready"));
        session
    }

    /// A conversation that is only told why it cannot begin, as with too many connections.
    pub fn turned_away(now: Timestamp, settings: Arc<Settings>, refused: &Refused, reference: String) -> Self {
        let mut session = Self::open(now, Cover::ClearOffersTls, settings, reference);
        session.effects.clear();
        session.phase = session.leave(reply::refusal(refused, &session.reference));
        session
    }

    /// The protocol. Every legal turn is a row; the last rows refuse the rest.
    #[rustfmt::skip]
    fn obey(&mut self, command: Command) {
        use Command::{Auth, Capa, Dele, Lang, List, Noop, Pass, Quit, Retr, Rset, Stat, Stls, Top, Uidl, User, Utf8};
        use Phase::{Greeted, Ready};
        self.phase = match (mem::take(&mut self.phase), command) {
            // in any state: RFC 2449 §5, RFC 6856 §3
            (phase, Capa)                           => self.capabilities(phase),
            (phase, Lang(language))                 => self.language(language.as_deref(), phase),
            // AUTHORIZATION: RFC 1939 §4, §7, RFC 5034, 2595, 6856 §2.1
            (Greeted(_), Stls)                      => self.start_tls(),
            (Greeted(user), Utf8)                   => self.use_utf8(user),
            (Greeted(_), Auth { mechanism, initial }) => self.authenticate(&mechanism, initial.as_deref()),
            (Greeted(_), User(name))                => self.user(name),
            (Greeted(Some(user)), Pass(password))   => self.pass(user, password),
            (Greeted(None), Pass(_))                => self.fault("Say USER first", Greeted(None)),
            (Greeted(_), Quit)                      => self.leave(reply::yes("Goodbye")),
            (phase @ Greeted(_), _)                 => self.fault("Log in first", phase),
            // TRANSACTION: RFC 1939 §5, §7
            (Ready(drop), Stat)                     => self.stat(drop),
            (Ready(drop), List(which))              => self.list(drop, which, Told::Sizes),
            (Ready(drop), Uidl(which))              => self.list(drop, which, Told::UniqueIds),
            (Ready(drop), Retr(number))             => self.retrieve(drop, number, None),
            (Ready(drop), Top(number, lines))       => self.retrieve(drop, number, Some(lines)),
            (Ready(drop), Dele(number))             => self.delete(drop, number),
            (Ready(drop), Noop)                     => self.say("OK", Ready(drop)),
            (Ready(drop), Rset)                     => self.reset(drop),
            (Ready(drop), Quit)                     => self.update(&drop),
            (phase @ Ready(_), _)                   => self.fault("You are logged in already", phase),
            (phase, _)                              => phase,
        };
    }

    /// Does the next thing; false when more must arrive first.
    fn step(&mut self) -> bool {
        let proving = match &self.phase {
            Phase::Over | Phase::Securing | Phase::Asked(_) => return false,
            Phase::Listing(..) => return self.list_more(),
            Phase::Proving(_) => true,
            _ => false,
        };
        let Some(line) = self.lines.next(|start| if proving { LINE_BYTES } else { limit(start) }) else { return false };
        match (line, mem::take(&mut self.phase)) {
            (Line::Whole(response), Phase::Proving(mut exchange)) => {
                let turn = exchange.hear(&response);
                self.phase = self.go_on(exchange, turn);
            }
            (Line::TooLong(_) | Line::BareEnd, Phase::Proving(_)) => {
                self.phase = self.fault("The response is too long, or no line", Phase::Greeted(None));
            }
            (Line::Whole(line), phase) => {
                self.phase = phase;
                match command(&line) {
                    Ok(command) => self.obey(command),
                    Err(why) => self.stumble(why),
                }
            }
            (Line::TooLong(_), phase) => self.phase = self.fault("The line is too long", phase),
            (Line::BareEnd, phase) => self.phase = self.fault("A CR or LF stands alone; lines end with CR LF", phase),
        }
        true
    }

    /// The server's word, and where the conversation goes from there.
    #[rustfmt::skip]
    fn answered(&mut self, question: Question, answer: Answer) -> Phase {
        use {Answer as A, Question as Q};
        match (question, answer) {
            (Q::Login(None), A::Welcome(party))                  => self.open_inbox(party),
            (Q::Login(Some(exchange)), A::Welcome(party))        => self.proven(exchange, party),
            (Q::Login(Some(exchange)), A::Secrets(secrets))      => self.challenge(exchange, *secrets),
            (Q::Login(_), A::No { refused, reference })          => self.login_refused(&refused, &reference),
            (Q::Open(party), A::Inbox(inbox))                    => self.opened(&party, Maildrop::new(&inbox)),
            (Q::Open(_) | Q::Update { .. }, A::No { refused, reference }) => self.leave(reply::refusal(&refused, &reference)),
            (Q::Read(drop, retrieving), A::Message(octets))      => self.read(drop, *retrieving, &octets.0),
            (Q::Read(drop, retrieving), A::No { refused, reference })
                                                                 => self.unread(drop, &retrieving, &refused, &reference),
            (Q::Update { holds_back }, A::Done)                  => self.updated(holds_back),
            // The server answered another question: its mistake, not the client's.
            (_, _)                                               => self.leave(reply::refusal(&Refusal::Internal.into(), "")),
        }
    }
}

fn later(than: Timestamp, by: SignedDuration) -> Timestamp {
    than.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Conversation for Session {
    type Ask = Ask;
    type Answer = Answer;

    /// Profile §13.8
    fn goes_on(&mut self) {
        if let Phase::Ready(maildrop) = &mut self.phase {
            maildrop.heard();
        }
    }

    fn receive(&mut self, now: Timestamp, bytes: &[u8]) {
        self.heard = now;
        match self.phase {
            // RFC 2595 §4: clear bytes behind STLS are dropped.
            Phase::Over | Phase::Securing => {}
            Phase::Asked(_) if self.lines.len() + bytes.len() > WAITING_BYTES => {
                self.lines.clear();
                self.leaving = true;
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
        if mem::take(&mut self.leaving) {
            self.part();
        }
    }

    fn secured(&mut self, now: Timestamp, offer: Offer) {
        self.heard = now;
        if matches!(self.phase, Phase::Securing) {
            // RFC 2595 §4: what was known of the client is forgotten.
            (self.cover, self.utf8) = (Cover::Tls(offer), false);
            self.phase = Phase::Greeted(None);
        }
    }

    fn news(&mut self, _now: Timestamp) {}

    /// RFC 1939 has no word that comes unasked: the connection just ends, and nothing is removed.
    fn shutdown(&mut self, _now: Timestamp) {
        self.part();
    }

    fn tick(&mut self, now: Timestamp) {
        if now < self.wake_at() {
            return;
        }
        match self.phase {
            // While the server is asked, it is not the client who is late.
            Phase::Asked(_) => {
                self.heard = now;
                self.login_by = later(now, self.settings.login_within);
            }
            // RFC 1939 §3: nothing is said, and nothing is removed.
            _ => self.part(),
        }
    }

    fn wake_at(&self) -> Timestamp {
        let silent = later(self.heard, self.settings.idle);
        match self.phase {
            Phase::Over => Timestamp::MAX,
            Phase::Greeted(_) | Phase::Proving(_) | Phase::Securing => silent.min(self.login_by),
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
