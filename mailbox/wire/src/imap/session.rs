//! One IMAP conversation.

use std::collections::VecDeque;
use std::sync::Arc;

use fumibako_model::{FolderName, Listing, Refusal, Refused};
use jiff::Timestamp;

use super::acl::Acl;
use super::append::Append;
use super::command::{By, Command, Unreadable, Why};
use super::copy::Copy;
use super::enable::Enabled;
use super::expunge::Expunge;
use super::fetch::Fetch;
use super::folders::Tree;
use super::input::{Input, Read};
use super::list::List;
use super::metadata::Metadata;
use super::news::Done;
use super::notify::{Notify, Rest, Setting};
use super::quota::Quota;
use super::resync::{Earlier, Parameters};
use super::search::Search;
use super::select::Then;
use super::settings::{BAD_COMMANDS, STEP_BYTES, WAITING_BYTES};
use super::status::Counter;
use super::store::Store;
use super::view::View;
use super::{Answer, Ask, Settings, command, reply};
use crate::sasl::{Exchange, Offer};
use crate::{Alert, Conversation, Cover, Effect};

mod turns;

/// One IMAP conversation (RFC 3501). It greets at once; after every call, drain `next` until it is `None`.
///
/// Commands are carried out one after the other: the next one is not read before the last one's effects are drained.
pub struct Session {
    pub(super) settings: Arc<Settings>,
    /// 受付番号 of what is refused here.
    pub(super) reference: String,
    pub(super) cover: Cover,
    pub(super) phase: Phase,
    pub(super) input: Input,
    /// Who logged in.
    pub(super) party: Option<String>,
    /// Failed logins.
    pub(super) failures: u32,
    /// Something happened in the open folder that was not asked for yet.
    pub(super) news: bool,
    /// What it listens for, if it said so.
    pub(super) notify: Option<Box<Notify>>,
    /// What the user's attention is wanted for, and is still to be said.
    alerts: Vec<Alert>,
    /// Until the command ends everything is told, whatever it listens for.
    pub(super) all_told: bool,
    /// What it understands beyond IMAP4rev1.
    pub(super) enabled: Enabled,
    work: Work,
    /// A question is out.
    asked: bool,
    effects: VecDeque<Effect<Ask>>,
    /// Senseless commands in a row.
    bad: u32,
    now: Timestamp,
    wake_at: Timestamp,
}

/// RFC 3501 §3.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not authenticated.
    Greeted,
    /// Authenticated.
    LoggedIn,
    /// Selected.
    Selected(Box<View>),
    /// Logout.
    Over,
}

/// What is under way: it waits for an answer or for bytes, or has more to say.
#[derive(Debug, Default)]
pub(super) enum Work {
    /// Nothing; the next command may come.
    #[default]
    Nothing,
    /// AUTHENTICATE waits for its line.
    Sasl(String, Exchange),
    /// A login is being judged: AUTHENTICATE's or LOGIN's.
    Login(String, Option<Exchange>),
    /// TLS begins.
    Tls,
    List(List),
    Status(String, Vec<Counter>),
    /// The open folder is being left.
    Leave(Then),
    Open {
        tag: String,
        read_only: bool,
        with: Box<Parameters>,
    },
    /// A FETCH that tells first what went before.
    Earlier(Earlier),
    Append(Append),
    /// A broken APPEND is being forgotten.
    Discard,
    Unauthenticate(String),
    Notify(Setting),
    /// News of the open folder are asked for between commands.
    Push,
    /// News of other folders.
    Stir(Rest),
    Notes(Rest, Box<Listing>, Vec<FolderName>),
    Tree(Tree),
    Quota(Quota),
    Acl(Acl),
    Metadata(Metadata),
    Copy(Copy),
    Expunge(Expunge),
    Store(Store),
    Fetch(Box<Fetch>),
    Search(Box<Search>),
    Idle(String),
    /// Whether a folder that is lent may still be looked into is being asked.
    Look(String, Box<Command>),
    /// A finished command asks for news before it says so.
    Catch(Done),
}

impl Work {
    /// The tag of the command under way.
    fn tag(&self) -> &str {
        match self {
            Self::Nothing | Self::Tls | Self::Discard | Self::Push => "*",
            Self::Sasl(tag, _)
            | Self::Login(tag, _)
            | Self::Status(tag, _)
            | Self::Idle(tag)
            | Self::Unauthenticate(tag)
            | Self::Look(tag, _)
            | Self::Open { tag, .. }
            | Self::Leave(Then::Open { tag, .. } | Then::Say(tag, _)) => tag,
            Self::List(list) => list.tag(),
            Self::Notify(setting) => setting.tag(),
            Self::Stir(rest) | Self::Notes(rest, ..) => rest.tag(),
            Self::Tree(tree) => tree.tag(),
            Self::Quota(quota) => quota.tag(),
            Self::Acl(acl) => acl.tag(),
            Self::Metadata(metadata) => metadata.tag(),
            Self::Append(append) => append.tag(),
            Self::Copy(copy) => copy.tag(),
            Self::Expunge(expunge) => expunge.tag(),
            Self::Store(store) => store.tag(),
            Self::Earlier(earlier) => earlier.tag(),
            Self::Fetch(fetch) => fetch.tag(),
            Self::Search(search) => search.tag(),
            Self::Catch(done) => &done.tag,
        }
    }
}

impl Session {
    /// A connection came; `cover` says how it is protected. `reference` stands in refusals that are made here, and the
    /// driver writes it to the log.
    pub fn open(now: Timestamp, cover: Cover, settings: Arc<Settings>, reference: String) -> Self {
        let mut session = Self::silent(now, cover, settings, reference);
        session.untagged(&format!("OK [CAPABILITY {}] Fumibako is ready.", session.capabilities()));
        session
    }

    /// A connection that is told at once why it is not served (RFC 3501 §7.1.5).
    pub fn turned_away(now: Timestamp, settings: Arc<Settings>, refused: &Refused, reference: String) -> Self {
        let mut session = Self::silent(now, Cover::Tls(Offer::default()), settings, reference);
        session.bye_saying(&reply::refusal(refused, refused.why.row().imap, &session.reference));
        session
    }

    fn silent(now: Timestamp, cover: Cover, settings: Arc<Settings>, reference: String) -> Self {
        Self {
            wake_at: now + settings.login_within,
            settings,
            reference,
            cover,
            phase: Phase::Greeted,
            input: Input::default(),
            party: None,
            failures: 0,
            news: false,
            notify: None,
            alerts: Vec::new(),
            all_told: false,
            enabled: Enabled::default(),
            work: Work::Nothing,
            asked: false,
            effects: VecDeque::new(),
            bad: 0,
            now,
        }
    }

    /// Takes up what is under way, or the next command. `false` when nothing can be done before something comes in.
    fn step(&mut self) -> bool {
        if self.asked || matches!(self.phase, Phase::Over) {
            return false;
        }
        match std::mem::take(&mut self.work) {
            work @ (Work::Nothing | Work::Idle(_)) if !self.alerts.is_empty() && self.input.rests() => {
                self.say_alerts(work)
            }
            Work::Nothing => self.next_command(),
            Work::Sasl(tag, exchange) => self.sasl_line(tag, exchange),
            Work::Append(append) => self.append_more(append),
            Work::Fetch(fetch) => self.fetch_more(fetch),
            Work::Search(search) => self.search_more(search),
            Work::Idle(tag) => self.idle_more(tag),
            work => {
                self.work = work;
                false
            }
        }
    }

    fn next_command(&mut self) -> bool {
        match self.input.read() {
            Read::More => return self.input.rests() && self.rest(Rest::Nothing).is_ok(),
            Read::Passed => {}
            Read::Literal(literal) => self.literal(literal),
            Read::TooLong => self.bye_saying("[TOOBIG] The command is too long."),
            Read::BareLineFeed(line) => self.unreadable(&line, "Lines end with CR LF."),
            Read::Command(line) => match command::read(&line, self.speaks_utf8()) {
                Ok((tag, command)) => {
                    self.bad = 0;
                    self.obey(tag, command);
                }
                Err(unreadable) => self.not_understood(&unreadable),
            },
        }
        true
    }

    /// Profile §18.5, RFC 3501 §7.1: between two commands, and in IDLE.
    fn say_alerts(&mut self, work: Work) -> bool {
        let full = self.enabled.has(Enabled::REV2);
        for alert in std::mem::take(&mut self.alerts) {
            let text = if full { reply::one_line(&alert.full) } else { reply::line(&alert.plain) };
            self.untagged(&format!("OK [ALERT] {text}"));
        }
        self.go_on(work);
        true
    }

    pub(super) fn forget_alerts(&mut self) {
        self.alerts = Vec::new();
    }

    pub(super) fn not_understood(&mut self, Unreadable { tag, why }: &Unreadable) {
        let Some(tag) = tag else { return self.bad("*", "A command begins with a tag.") };
        match why {
            Why::Grammar(bad) => self.bad(tag, &format!("Expected {} at octet {}.", bad.expected, bad.at + 1)),
            Why::Unknown => self.bad(tag, "There is no such command."),
        }
    }

    /// BAD to a command that was not read whole.
    pub(super) fn unreadable(&mut self, line: &[u8], why: &str) {
        let tag = super::cursor::Cursor::new(line).tag().unwrap_or("*");
        self.bad(tag, why);
    }

    /// So many senseless commands end the connection.
    pub(super) fn count_bad(&mut self) {
        self.bad += 1;
        if self.bad == BAD_COMMANDS {
            self.bye_saying("Too many commands that make no sense.");
        }
    }

    /// Bytes for the peer; those of one step go out together, and a long line in pieces.
    pub(super) fn say(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(STEP_BYTES) {
            match self.effects.back_mut() {
                Some(Effect::Send(last)) if last.len() < STEP_BYTES => last.extend_from_slice(piece),
                _ => self.effects.push_back(Effect::Send(piece.to_vec())),
            }
        }
    }

    pub(super) fn effect(&mut self, effect: Effect<Ask>) {
        self.effects.push_back(effect);
    }

    /// Asks; `work` takes the answer. After the end nobody is asked any more.
    pub(super) fn ask(&mut self, ask: Ask, work: Work) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.effects.push_back(Effect::Ask(ask));
        self.asked = true;
        self.work = work;
    }

    /// Goes on with this when the effects so far are drained.
    pub(super) fn go_on(&mut self, work: Work) {
        self.work = work;
    }

    pub(super) fn bye(&mut self, why: Refusal) {
        self.bye_saying(&reply::refusal(&why.into(), why.row().imap, &self.reference));
    }

    pub(super) fn bye_saying(&mut self, text: &str) {
        // A line inside a literal would be taken for its octets, and one inside a response for a part of it.
        if !matches!(&self.work, Work::Fetch(fetch) if fetch.in_response()) {
            self.untagged(&format!("BYE {text}"));
        }
        self.end();
    }

    /// Nothing more will be said.
    pub(super) fn end(&mut self) {
        if let Work::Append(_) = std::mem::take(&mut self.work) {
            self.effects.push_back(Effect::Ask(Ask::Discard));
        }
        self.effects.push_back(Effect::Close);
        self.phase = Phase::Over;
        self.input.clear();
    }

    pub(super) fn view(&mut self) -> Option<&mut View> {
        match &mut self.phase {
            Phase::Selected(view) => Some(view),
            _ => None,
        }
    }

    /// The time, as it was told last.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The time to log in begins anew.
    pub(super) fn log_in_anew(&mut self) {
        self.wake_at = self.now + self.settings.login_within;
    }

    /// The deadline moves when a client that logged in says something (RFC 3501 §5.4).
    pub(super) fn heard(&mut self) {
        if !matches!(self.phase, Phase::Greeted) {
            self.wake_at = self.now + self.settings.idle;
        }
    }
}

#[cfg(test)]
impl Session {
    /// Bytes kept to be said, beside the message being read.
    pub(super) fn queued(&self) -> usize {
        let effects = self.effects.iter().map(|effect| match effect {
            Effect::Send(bytes) | Effect::Body(fumibako_model::Private(bytes)) => bytes.capacity(),
            _ => 0,
        });
        let work = if let Work::Fetch(fetch) = &self.work { fetch.queued() } else { 0 };
        effects.sum::<usize>() + work
    }
}

impl Conversation for Session {
    type Ask = Ask;
    type Answer = Answer;

    fn receive(&mut self, now: Timestamp, bytes: &[u8]) {
        self.now = now;
        // RFC 3501 §6.2.1: nothing said in clear after STARTTLS counts.
        if matches!(self.phase, Phase::Over) || matches!(self.work, Work::Tls) {
            return;
        }
        self.heard();
        if self.asked && self.input.waiting() > WAITING_BYTES {
            return self.bye_saying("[LIMIT] Too much at once.");
        }
        self.input.receive(bytes);
    }

    fn answer(&mut self, now: Timestamp, answer: Answer) {
        self.now = now;
        self.asked = false;
        if !matches!(self.phase, Phase::Over) {
            self.heed(answer);
        }
    }

    fn secured(&mut self, now: Timestamp, offer: Offer) {
        self.now = now;
        if matches!(self.work, Work::Tls) {
            self.input.clear();
            self.cover = Cover::Tls(offer);
            self.work = Work::Nothing;
        }
    }

    fn news(&mut self, now: Timestamp) {
        self.now = now;
        self.news = matches!(self.phase, Phase::Selected(_));
        self.stir();
    }

    fn alert(&mut self, now: Timestamp, alert: &Alert) {
        self.now = now;
        if matches!(self.phase, Phase::LoggedIn | Phase::Selected(_)) {
            self.alerts.push(alert.clone());
        }
    }

    fn shutdown(&mut self, now: Timestamp) {
        self.now = now;
        if !matches!(self.phase, Phase::Over) {
            self.bye(Refusal::ShuttingDown);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        self.now = now;
        if now < self.wake_at || matches!(self.phase, Phase::Over) {
            return;
        }
        if self.asked {
            // It is the server that is slow.
            self.wake_at = now + self.settings.login_within;
            return;
        }
        self.bye_saying("Autologout: nothing was said for too long.");
    }

    fn wake_at(&self) -> Timestamp {
        self.wake_at
    }

    fn next(&mut self) -> Option<Effect<Ask>> {
        while self.effects.is_empty() && self.step() {}
        self.effects.pop_front()
    }
}
