//! SEARCH, and what SORT and THREAD look for (RFC 3501 §6.4.4, RFC 5256 §3).
//!
//! Profile §7.45: a message is read only if what is known of it does not decide. First its header, of many messages at a
//! time; then all of it, one message at a time, and its octets are let go at once. Judging one is one step, which
//! [`SEARCHED_BYTES`](super::settings::SEARCHED_BYTES) and [`BODY_KEYS`](super::settings::BODY_KEYS) keep short; between
//! two the driver serves others, as it reads the next. A large one, and the order of many, is left to a thread of its own. Then SORT and THREAD look at the headers of what was found.

use std::collections::VecDeque;
use std::sync::Arc;

use fumibako_model::{Entry, Private, Refusal, Refused};
use jiff::Timestamp;

use super::command::By;
use super::enable::Enabled;
use super::session::{Session, Work};
use super::settings::{FETCHED_BODIES, FETCHED_BYTES, HEAD_BYTES, HEADS, JUDGED_KEYS, LINKED_BYTES, PROGRESS};
use super::view::View;
use super::{Answer, Ask};
use crate::Effect;
use crate::mime::{Header, Tree};

mod charset;
mod judge;
mod program;
mod request;
mod results;
pub(super) use charset::KNOWN as CHARSETS;
use judge::{Bound, Content};
pub(super) use request::Request;
use request::{Order, Returns};
use results::Gathered;

/// A SEARCH, SORT or THREAD under way.
#[derive(Debug)]
pub(super) struct Search {
    tag: String,
    by: By,
    returns: Option<Returns>,
    bound: Bound,
    /// The answer tells the highest MODSEQ of what was found.
    tells_modseq: bool,
    /// The next message to look at.
    place: usize,
    /// Messages whose header must be read.
    open: VecDeque<usize>,
    /// Messages that must be read whole.
    unread: VecDeque<usize>,
    /// Places of messages.
    found: Vec<usize>,
    /// Of those found, what their order needs, as far as it is known.
    gathered: Gathered,
    /// What was read and takes long to look through, until that is done.
    came: Option<Answer>,
    /// How many keys each message is judged by.
    keys: usize,
    /// The driver knows that the next step takes long.
    pondered: bool,
    /// When the client last heard how far it is.
    told: Timestamp,
    /// Of some message only the beginning was looked through.
    cut: bool,
    /// A message could not be read.
    failed: Option<(Refused, String)>,
}

impl Search {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Judges one message by what was read of it.
    fn judge(&mut self, place: usize, entry: &Entry, content: &Content<'_>) {
        match self.bound.judge(place, entry, Some(content)) {
            Some(true) => self.found.push(place),
            Some(false) => {}
            None => self.unread.push_back(place),
        }
        self.cut |= content.missed();
    }

    /// Looks at what is known until enough headers, or a message, must be read.
    fn look(&mut self, view: &View) {
        while self.open.len() < HEADS && self.has_room(view) {
            let Some(entry) = view.entry(self.place) else { return };
            match self.bound.judge(self.place, entry, None) {
                Some(true) => self.found.push(self.place),
                Some(false) => {}
                None if self.bound.looks_at_headers() => self.open.push_back(self.place),
                None => self.unread.push_back(self.place),
            }
            self.place += 1;
        }
    }

    /// May another message wait to be read whole? Small ones are read together.
    fn has_room(&self, view: &View) -> bool {
        let entries = self.unread.iter().filter_map(|place| view.entry(*place));
        self.unread.len() < FETCHED_BODIES && entries.map(|entry| entry.size).sum::<u64>() < FETCHED_BYTES
    }

    /// The messages that are read whole next: several, if they are small together.
    fn wants_whole(&self, view: &View) -> Option<Ask> {
        let mut octets = 0;
        let entries = self.unread.iter().filter_map(|place| view.entry(*place));
        let small = entries.clone().take(FETCHED_BODIES).take_while(|entry| {
            octets += entry.size;
            octets <= FETCHED_BYTES
        });
        let messages: Vec<_> = small.map(|entry| entry.message).collect();
        let entry = entries.clone().next()?;
        Some(if messages.len() > 1 { Ask::Bodies(messages) } else { Ask::Read(entry.message, 0..entry.size) })
    }

    /// One message was read, or is not there any more.
    fn heed_whole(&mut self, message: Option<&[u8]>, view: &View) {
        let place = self.unread.pop_front();
        if let Some((place, entry)) = place.and_then(|place| Some((place, view.entry(place)?)))
            && let Some(message) = message
        {
            let tree = Tree::view(message);
            self.judge(place, entry, &Content::new(&tree));
        }
    }

    /// The messages whose headers are wanted next: those in question, then those found.
    fn wants(&self, view: &View) -> Option<Ask> {
        let message = |place: &usize| view.entry(*place).map(|entry| entry.message);
        let messages: Vec<_> = if self.open.is_empty() {
            let rest = self.found.get(self.gathered.len()..).unwrap_or_default();
            if !self.gathered.needs_heads() {
                return None;
            }
            rest.iter().take(HEADS).filter_map(message).collect()
        } else {
            self.open.iter().filter_map(message).collect()
        };
        (!messages.is_empty()).then_some(Ask::Heads { messages, longest: HEAD_BYTES as u64 })
    }

    /// The headers of the first of those that were wanted.
    fn heed_heads(&mut self, heads: Vec<Option<Private<Arc<[u8]>>>>, view: &View) {
        let judging = !self.open.is_empty();
        for head in heads {
            let header = head.as_ref().map(|Private(octets)| Header::of(octets));
            if !judging {
                self.gather(header, view);
            } else if let Some(place) = self.open.pop_front()
                // A message removed meanwhile does not match.
                && let (Some(header), Some(entry)) = (header, view.entry(place))
            {
                self.judge(place, entry, &Content::of_header(header));
            }
        }
    }

    /// What the order needs of the next message found.
    fn gather(&mut self, header: Option<Header<'_>>, view: &View) {
        let place = self.found.get(self.gathered.len()).copied();
        if let Some((place, entry)) = place.and_then(|place| Some((place, view.entry(place)?))) {
            self.gathered.add(place, entry, header.unwrap_or(Header::of(b"")));
        }
    }
}

impl Session {
    pub(super) fn search(&mut self, tag: String, by: By, request: Request) {
        let now = self.now();
        let Request { order, mut returns, charset_named, program } = request;
        if order == Order::Folder {
            if charset_named && self.enabled.has(Enabled::UTF8) {
                // RFC 6855 §3
                return self.bad(&tag, "With UTF8=ACCEPT a SEARCH names no charset.");
            }
            if self.enabled.has(Enabled::REV2) {
                // RFC 9051 §6.4.4: there is no SEARCH response any more.
                returns = returns.or(Some(Returns::ALL));
            }
        }
        let Some(program) = program else { return self.not_searched(&tag, returns.as_ref()) };
        let (tells_modseq, keys) = (program.names_modseq(), program.len());
        if tells_modseq {
            // RFC 7162 §3.1
            self.condstore();
        }
        let Some(view) = self.view() else { return };
        let Some(bound) = Bound::new(program, view, now) else {
            return self.bad(&tag, "There is no message of that number.");
        };
        self.go_on(Work::Search(Box::new(Search {
            tag,
            by,
            returns,
            bound,
            tells_modseq,
            place: 0,
            open: VecDeque::new(),
            unread: VecDeque::new(),
            found: Vec::new(),
            gathered: Gathered::new(order),
            came: None,
            keys,
            pondered: false,
            told: now,
            cut: false,
            failed: None,
        })));
    }

    /// RFC 3501 §6.4.4: a charset that is not known here.
    fn not_searched(&mut self, tag: &str, returns: Option<&Returns>) {
        if let Some(view) = self.view()
            && returns.is_some_and(|returns| returns.save)
        {
            // RFC 5182 §2.1: a SEARCH that is answered NO saves nothing.
            view.save(std::iter::empty());
        }
        self.no(tag, &format!("[BADCHARSET ({CHARSETS})] This charset is not known here."));
    }

    /// Looks at messages until something must be read.
    pub(super) fn search_more(&mut self, mut search: Box<Search>) -> bool {
        let Some(view) = self.view() else { return false };
        if let Some(answer) = search.came.take() {
            search.heed(answer, view);
            self.tell_progress(&mut search);
            self.go_on(Work::Search(search));
            return true;
        }
        let weighs = search.keys.saturating_mul(view.len().saturating_sub(search.place)) > JUDGED_KEYS;
        if weighs && !search.pondered {
            search.pondered = true;
            self.ponder(search);
            return true;
        }
        search.look(view);
        search.pondered &= !weighs;
        if let Some(read) = search.wants_whole(view) {
            self.ask(read, Work::Search(search));
            return true;
        }
        if search.open.is_empty() && search.gathered.len() == 0 {
            // Those that had to be read whole were found after those that had not.
            search.found.sort_unstable();
        }
        match search.wants(view) {
            Some(heads) => self.ask(heads, Work::Search(search)),
            None if search.gathered.orders() && search.found.len() > HEADS && !search.pondered => {
                search.pondered = true;
                self.ponder(search);
            }
            None => self.search_end(*search),
        }
        true
    }

    pub(super) fn searched(&mut self, mut search: Box<Search>, answer: Answer) {
        let Some(view) = self.view() else { return };
        if search.weighs(&answer) {
            search.came = Some(answer);
            return self.ponder(search);
        }
        search.heed(answer, view);
        self.tell_progress(&mut search);
        self.go_on(Work::Search(search));
    }

    /// Profile §7.49: the next step is made where nobody waits.
    fn ponder(&mut self, search: Box<Search>) {
        self.effect(Effect::Ponder);
        self.go_on(Work::Search(search));
    }

    /// Profile §7.48, RFC 9585 §4: of a long search the client hears how far it is.
    fn tell_progress(&mut self, search: &mut Search) {
        let now = self.now();
        let Some(view) = self.view() else { return };
        if now.duration_since(search.told) < PROGRESS {
            return;
        }
        let (done, all) = (search.place - search.open.len() - search.unread.len(), view.len());
        search.told = now;
        self.untagged(&format!("OK [INPROGRESS (\"{}\" {done} {all})] Still looking.", search.tag));
    }
}

impl Search {
    /// Does it take long to look through this? Profile §7.49: of THREAD less, as it follows every reference.
    fn weighs(&self, answer: &Answer) -> bool {
        let octets = match answer {
            Answer::Message(Private(message)) => message.len(),
            Answer::Heads(heads) => heads.iter().flatten().map(|Private(head)| head.len()).sum(),
            _ => 0,
        };
        let links = self.open.is_empty() && self.unread.is_empty() && self.gathered.links();
        octets as u64 > if links { LINKED_BYTES } else { FETCHED_BYTES }
    }

    /// Takes in what was read, or that it cannot be.
    fn heed(&mut self, answer: Answer, view: &View) {
        match answer {
            Answer::Heads(messages) if !messages.is_empty() && !self.unread.is_empty() => {
                for message in messages {
                    self.heed_whole(message.as_ref().map(|Private(octets)| &**octets), view);
                }
            }
            Answer::Heads(heads) if !heads.is_empty() => self.heed_heads(heads, view),
            Answer::Message(Private(message)) => self.heed_whole(Some(&message), view),
            // A message removed meanwhile does not match; one that cannot be read now makes the answer incomplete.
            Answer::No { refused, .. } if refused.why == Refusal::NoSuchMessage => self.pass(view),
            Answer::No { refused, reference } => {
                self.failed = self.failed.take().or(Some((refused, reference)));
                self.pass(view);
            }
            _ => {
                self.failed = Some((Refusal::Internal.into(), String::new()));
                self.pass(view);
            }
        }
    }

    /// What was asked for, or the first of it, cannot be read.
    fn pass(&mut self, view: &View) {
        if self.unread.pop_front().or_else(|| self.open.pop_front()).is_none() {
            self.gather(None, view);
        }
    }
}
