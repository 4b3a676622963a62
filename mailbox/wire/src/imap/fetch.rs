//! FETCH (RFC 3501 §6.4.5).
//!
//! Messages are answered one after the other, and one at a time is read, and only if an item needs its octets. Those
//! go out in pieces straight from where the store keeps them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{Entry, FlagChange, Flags, MessageId, NamedFlags, Private, Refusal, Refused, Uid};

use super::command::By;
use super::enable::Enabled;
use super::news::Done;
use super::notify::Rest;
use super::session::{Session, Work};
use super::set::Set;
use super::settings::{
    FETCHED_BODIES, FETCHED_BYTES, FETCHED_HEADS, HEAD_BYTES, PIECE_BYTES, PREVIEW_BYTES, SENT_TOGETHER, STEP_BYTES,
};
use super::view::{Places, View};
use super::{Answer, Ask, Outgoing, reply};
use crate::Effect;
use crate::mime::Kept;

mod items;
mod modifiers;
mod response;
pub(super) use items::Items;
use items::Need;
pub(super) use modifiers::Modifiers;
use response::{Response, Source};

/// RFC 3516 §4.3
const UNKNOWN_CTE: &str = "[UNKNOWN-CTE] A part does not follow its transfer encoding, or it is not known here.";

/// A FETCH under way.
#[derive(Debug)]
pub(super) struct Fetch {
    tag: String,
    by: By,
    items: Items,
    places: Places,
    /// Messages whose headers, or that themselves, are wanted.
    wanted: VecDeque<usize>,
    /// Headers or messages that came, each with its place.
    heads: VecDeque<(usize, Arc<[u8]>)>,
    /// The message being read.
    reading: usize,
    /// The answer for one message that is being sent.
    response: Option<Response>,
    /// Messages whose content went out and that are now to be `\Seen`.
    seen: Vec<Uid>,
    /// Messages that are becoming `\Seen` now.
    marking: Vec<Uid>,
    /// Why the answer is not whole, as the NO says it.
    failed: Option<String>,
    /// Nobody asked for it but NOTIFY, and then the connection rests again.
    unasked: Option<Rest>,
    /// What the OK says: it may be that of a SELECT.
    says: &'static str,
    /// What went out of messages, and is still to be told to the server.
    sent: Vec<(Outgoing, Vec<Range<u64>>)>,
}

impl Fetch {
    fn new((tag, by): (String, By), items: Items, places: Places) -> Self {
        Self {
            tag,
            by,
            items,
            places,
            wanted: VecDeque::new(),
            heads: VecDeque::new(),
            reading: 0,
            response: None,
            seen: Vec::new(),
            marking: Vec::new(),
            failed: None,
            unasked: None,
            says: "FETCH done.",
            sent: Vec::new(),
        }
    }

    /// What a SELECT tells of the messages that changed; then it ends.
    pub(super) fn told(tag: String, places: Places, says: &'static str) -> Self {
        Self { says, ..Self::new((tag, By::Uid), Items::of_changes(), places) }
    }

    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.response.as_ref().map_or(0, Response::queued)
    }

    /// Is the answer for a message half sent?
    pub(super) fn in_response(&self) -> bool {
        self.response.is_some()
    }

    /// The messages whose headers are wanted next.
    fn next_heads(&mut self, view: &View) -> Vec<MessageId> {
        let more = FETCHED_HEADS - self.wanted.len().min(FETCHED_HEADS);
        self.wanted.extend(self.places.by_ref().take(more));
        self.wanted.retain(|place| view.entry(*place).is_some());
        self.wanted.iter().filter_map(|place| view.entry(*place)).map(|entry| entry.message).collect()
    }

    /// The messages that are read next: several small ones together, if they are needed as they are.
    fn next_bodies(&mut self, view: &View, need: Need) -> Vec<MessageId> {
        let more = FETCHED_BODIES - self.wanted.len().min(FETCHED_BODIES);
        self.wanted.extend(self.places.by_ref().take(more));
        self.wanted.retain(|place| view.entry(*place).is_some());
        let mut octets = 0;
        let small = |entry: &&Entry| {
            octets += entry.size;
            let whole = need == Need::All || self.items.first_piece(entry.size) == (0..entry.size);
            whole && entry.size <= PIECE_BYTES as u64 && octets <= FETCHED_BYTES
        };
        let entries = self.wanted.iter().filter_map(|place| view.entry(*place));
        entries.take_while(small).map(|entry| entry.message).collect()
    }

    /// The answer for a message is said to its end.
    fn answered(&mut self, view: &View) {
        let Some(mut response) = self.response.take() else { return };
        if response.is_undecodable() {
            self.failed.get_or_insert_with(|| UNKNOWN_CTE.to_owned());
        }
        let sent = response.sent();
        if let Some(entry) = view.entry(self.reading).filter(|_| !sent.is_empty()) {
            // That it becomes seen is told when it is kept.
            let seen = entry.flags.has(Flags::SEEN) && self.seen.last() != Some(&entry.uid);
            let marks = self.says_seen(view);
            self.sent.push((Outgoing { message: entry.message, size: entry.size, seen, marks }, sent));
        }
    }

    /// A message could not be answered; the first time counts.
    fn fail(&mut self, refused: &Refused, reference: &str) {
        self.failed.get_or_insert_with(|| reply::refusal(refused, refused.why.row().imap, reference));
    }

    /// Does this message become `\Seen` when it is answered?
    fn marks(&self, entry: &Entry, view: &View) -> bool {
        self.says_seen(view) && !entry.flags.has(Flags::SEEN)
    }

    /// Is what is answered seen by that, whether or not it was before?
    fn says_seen(&self, view: &View) -> bool {
        self.items.mark_seen() && !view.read_only
    }
}

impl Session {
    pub(super) fn fetch(&mut self, tag: String, by: By, set: &Set, (items, modifiers): (Items, &Modifiers)) {
        if modifiers.vanished && !self.may_ask_vanished(&tag, (by, modifiers.changed_since)) {
            return;
        }
        let Some(view) = self.view() else { return };
        let places = match modifiers.partial {
            Some(window) => view.some_of(by, set, window),
            None => view.places(by, set),
        };
        let Some(places) = places else { return self.bad(&tag, "There is no message of that number.") };
        let (places, items) = match modifiers.changed_since {
            Some(since) => (view.changed_since(places, since), items.with_modseq()),
            None => (places, items),
        };
        if items.has_modseq() {
            self.condstore();
        }
        let fetch = Box::new(Fetch::new((tag, by), items, places));
        match modifiers.changed_since.filter(|_| modifiers.vanished) {
            Some(since) => self.fetch_after(fetch, set, since),
            None => self.go_on(Work::Fetch(fetch)),
        }
    }

    /// These messages came, and NOTIFY asked for this of each (RFC 5465 §5.2).
    pub(super) fn fetch_fresh(&mut self, at: Rest, fresh: &[Uid], items: Items) {
        // RFC 7162 §3.1: whatever is told without being asked for has its MODSEQ.
        let items = if self.enabled.has(Enabled::CONDSTORE) { items.with_modseq() } else { items };
        let Some(view) = self.view() else { return self.resume(at) };
        let places = fresh.iter().filter_map(|uid| view.place(*uid)).map(|place| place..place + 1);
        let places = places.collect::<Vec<_>>().into_iter().flatten();
        let fetch = Fetch::new((at.tag().to_owned(), By::Uid), items, places);
        self.go_on(Work::Fetch(Box::new(Fetch { unasked: Some(at), ..fetch })));
    }

    /// The next step: some of a message's answer, the answers for some messages without octets, or a question.
    pub(super) fn fetch_more(&mut self, mut fetch: Box<Fetch>) -> bool {
        let mut said = 0;
        while said < STEP_BYTES {
            let Some(view) = self.view() else { return false };
            if let Some(wanted) = fetch.response.as_ref().and_then(Response::wants)
                && let Some(entry) = view.entry(fetch.reading)
            {
                let read = Ask::Read(entry.message, wanted);
                self.ask(read, Work::Fetch(fetch));
                return true;
            }
            if let Some(response) = &mut fetch.response {
                let words = response.more(&fetch.items, &view.keywords);
                if response.is_over() {
                    fetch.answered(view);
                }
                said += words.len();
                self.say(&words);
                continue;
            }
            if fetch.sent.len() >= SENT_TOGETHER {
                self.ask(Ask::Sent(std::mem::take(&mut fetch.sent)), Work::Fetch(fetch));
                return true;
            }
            let need = fetch.items.need();
            if let Some((place, octets)) = fetch.heads.pop_front() {
                fetch.reading = place;
                let whole = need == Need::Pieces;
                let source = if whole { Source::Piece(0, octets) } else { Source::Kept(Kept::new(octets)) };
                fetch.response = respond(&mut fetch, view, place, source);
                continue;
            }
            if need == Need::Head {
                let messages = fetch.next_heads(view);
                if messages.is_empty() {
                    self.fetch_end(fetch);
                } else {
                    self.ask(Ask::Heads { messages, longest: HEAD_BYTES as u64 }, Work::Fetch(fetch));
                }
                return true;
            }
            if matches!(need, Need::Pieces | Need::All) {
                let messages = fetch.next_bodies(view, need);
                if messages.len() > 1 {
                    self.ask(Ask::Bodies(messages), Work::Fetch(fetch));
                    return true;
                }
            }
            let Some(place) = fetch.wanted.front().copied().or_else(|| fetch.places.next()) else {
                self.fetch_end(fetch);
                return true;
            };
            let Some(entry) = view.entry(place) else { continue };
            fetch.reading = place;
            let range = match need {
                Need::Nothing => {
                    fetch.response = respond(&mut fetch, view, place, Source::None);
                    continue;
                }
                Need::Head | Need::Start => 0..entry.size.min((HEAD_BYTES + PREVIEW_BYTES) as u64),
                // Nothing is said of a message before it is known to be there.
                Need::Pieces => fetch.items.first_piece(entry.size),
                Need::All => 0..entry.size,
            };
            let read = Ask::Read(entry.message, range);
            self.ask(read, Work::Fetch(fetch));
            return true;
        }
        self.go_on(Work::Fetch(fetch));
        true
    }

    /// All messages are answered: those seen become `\Seen`, in one change.
    fn fetch_end(&mut self, mut fetch: Box<Fetch>) {
        if !fetch.sent.is_empty() {
            return self.ask(Ask::Sent(std::mem::take(&mut fetch.sent)), Work::Fetch(fetch));
        }
        if let Some(view) = self.view()
            && !fetch.seen.is_empty()
        {
            let (folder, since) = (view.folder, view.since);
            let flags = NamedFlags { system: Flags::SEEN.system, keywords: Vec::new() };
            let uids = std::mem::take(&mut fetch.seen);
            fetch.marking.clone_from(&uids);
            return self.ask(
                Ask::Flag { folder, uids, change: FlagChange::Add, flags, unchanged_since: None, since },
                Work::Fetch(fetch),
            );
        }
        if let Some(at) = fetch.unasked.take() {
            return self.resume(at);
        }
        let done = match &fetch.failed {
            None => Done::ok(fetch.tag, fetch.says),
            Some(why) => Done::no(fetch.tag, why),
        };
        self.finish(done.addressing(fetch.by), false);
    }

    /// `\Seen` was told with these messages and could not be kept.
    fn untell_seen(&mut self, uids: Vec<Uid>, by: By) {
        for uid in uids {
            if let Some(view) = self.view() {
                view.expect(uid, |flags| flags.without(Flags::SEEN));
            }
            self.tell_flags(uid, by);
        }
    }

    pub(super) fn fetched(&mut self, mut fetch: Box<Fetch>, answer: Answer) {
        match answer {
            Answer::Message(Private(octets)) if fetch.response.is_some() => {
                if !fetch.response.as_mut().is_some_and(|response| response.supply(octets)) {
                    return self.end();
                }
            }
            Answer::Message(Private(message)) => {
                let Some(view) = self.view() else { return };
                let place = fetch.reading;
                fetch.wanted.pop_front();
                let source = match fetch.items.need() {
                    Need::Pieces => {
                        let size = view.entry(place).map_or(0, |entry| entry.size);
                        Source::Piece(fetch.items.first_piece(size).start, message)
                    }
                    _ => Source::Kept(Kept::new(message)),
                };
                fetch.response = respond(&mut fetch, view, place, source);
            }
            Answer::Heads(heads) if !heads.is_empty() => {
                for head in heads {
                    let place = fetch.wanted.pop_front();
                    if let (Some(place), Some(Private(head))) = (place, head) {
                        fetch.heads.push_back((place, head));
                        continue;
                    }
                    // RFC 5530 §3 EXPUNGEISSUED
                    let refused = Refusal::NoSuchMessage.into();
                    fetch.fail(&refused, &self.reference);
                    self.effect(Effect::Refused(refused));
                }
            }
            Answer::Done => {}
            // No word could be told from the octets that were promised and do not come.
            Answer::No { .. } if fetch.response.is_some() => return self.end(),
            // `\Seen` is kept, and was told with each message; told again is only what came out otherwise.
            Answer::Changes(changes) => {
                let marked = std::mem::take(&mut fetch.marking);
                // RFC 7162 §3.2.4: of these the MODSEQ is not known yet.
                let also = if self.enabled.has(Enabled::CONDSTORE) { marked } else { Vec::new() };
                self.tell_also(changes, false, fetch.by, also);
            }
            // RFC 5530 §3 EXPUNGEISSUED, or it cannot be read now: the others are answered all the same.
            Answer::No { refused, reference } => {
                self.untell_seen(std::mem::take(&mut fetch.marking), fetch.by);
                fetch.wanted.pop_front();
                fetch.fail(&refused, &reference);
            }
            _ => {
                fetch.wanted.pop_front();
                fetch.fail(&Refusal::Internal.into(), "");
            }
        }
        self.go_on(Work::Fetch(fetch));
    }
}

/// Begins the answer for one message. It becomes `\Seen` here, if the items say so.
fn respond(fetch: &mut Fetch, view: &mut View, place: usize, message: Source) -> Option<Response> {
    let mut entry = *view.entry(place)?;
    let newly_seen = fetch.marks(&entry, view);
    if newly_seen {
        entry.flags |= Flags::SEEN;
        view.told(place, entry.flags);
        fetch.seen.push(entry.uid);
    }
    entry.flags = view.shown(&entry);
    let response = Response::begin(place + 1, entry, message);
    // RFC 3501 §6.4.5: flags that change by the FETCH are part of its response.
    Some(if newly_seen { response.with_flags(&fetch.items, &view.keywords) } else { response })
}

#[cfg(test)]
mod tests;
