//! FETCH (RFC 3501 §6.4.5).
//!
//! Messages are answered one after the other, and one at a time is read, and only if an item needs its octets. Those
//! go out in pieces straight from where the store keeps them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{Entry, FlagChange, Flags, NamedFlags, Private, Refusal, Refused, Uid};

use super::command::By;
use super::news::{Done, flag_names};
use super::session::{Session, Work};
use super::set::Set;
use super::settings::STEP_BYTES;
use super::view::{Places, View};
use super::{Answer, Ask, date, envelope, reply, structure};
use crate::mime::Tree;

mod items;
pub(super) use items::Items;
use items::{Content, Item};

/// A FETCH under way.
#[derive(Debug)]
pub(super) struct Fetch {
    tag: String,
    by: By,
    items: Items,
    places: Places,
    /// The message being read.
    reading: usize,
    /// What is still to be sent of the message read last.
    response: Response,
    /// Messages whose content went out and that are now to be `\Seen`.
    seen: Vec<Uid>,
    /// Messages that are becoming `\Seen` now.
    marking: Vec<Uid>,
    /// The first message that could not be read.
    failed: Option<(Refused, String)>,
}

impl Fetch {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Is a literal half sent?
    pub(super) fn in_literal(&self) -> bool {
        !self.response.pieces.is_empty()
    }

    /// Does this message become `\Seen` when it is answered?
    fn marks(&self, entry: &Entry, view: &View) -> bool {
        self.items.mark_seen() && !view.read_only && !entry.flags.has(Flags::SEEN)
    }
}

/// The answer for one message: words, and ranges of its octets.
#[derive(Default)]
struct Response {
    message: Option<Arc<[u8]>>,
    pieces: VecDeque<Piece>,
}

enum Piece {
    Words(Vec<u8>),
    Octets(Range<usize>),
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "‹{} pieces›", self.pieces.len())
    }
}

impl Session {
    pub(super) fn fetch(&mut self, tag: String, by: By, set: &Set, items: Items) {
        let Some(view) = self.view() else { return };
        let Some(places) = view.places(by, set) else { return self.bad(&tag, "There is no message of that number.") };
        let response = Response::default();
        let (seen, marking) = (Vec::new(), Vec::new());
        let fetch = Fetch { tag, by, items, places, reading: 0, response, seen, marking, failed: None };
        self.go_on(Work::Fetch(Box::new(fetch)));
    }

    /// The next step: some octets of a message, some messages without octets, or a question.
    pub(super) fn fetch_more(&mut self, mut fetch: Box<Fetch>) -> bool {
        let mut said = self.send_pieces(&mut fetch.response);
        while said < STEP_BYTES {
            let Some(place) = fetch.places.next() else {
                self.fetch_end(fetch);
                return true;
            };
            let Some(view) = self.view() else { return false };
            let Some(entry) = view.entry(place) else { continue };
            if fetch.items.need_octets() {
                let read = Ask::Read(entry.message);
                fetch.reading = place;
                self.ask(read, Work::Fetch(fetch));
                return true;
            }
            let mut response = respond(&mut fetch, view, place, None);
            said += self.send_pieces(&mut response);
        }
        self.go_on(Work::Fetch(fetch));
        true
    }

    /// Says what fits into one step; how much that was.
    fn send_pieces(&mut self, response: &mut Response) -> usize {
        let mut said = 0;
        while said < STEP_BYTES
            && let Some(piece) = response.pieces.pop_front()
        {
            match piece {
                Piece::Words(words) => {
                    said += words.len();
                    self.say(&words);
                }
                Piece::Octets(range) => {
                    let now = range.start..range.end.min(range.start + STEP_BYTES);
                    if now.end < range.end {
                        response.pieces.push_front(Piece::Octets(now.end..range.end));
                    }
                    said += now.len();
                    self.say(response.message.as_deref().and_then(|message| message.get(now)).unwrap_or_default());
                }
            }
        }
        if response.pieces.is_empty() {
            response.message = None;
        }
        said
    }

    /// All messages are answered: those seen become `\Seen`, in one change.
    fn fetch_end(&mut self, mut fetch: Box<Fetch>) {
        if let Some(view) = self.view()
            && !fetch.seen.is_empty()
        {
            let (folder, since) = (view.folder, view.since);
            let flags = NamedFlags { system: Flags::SEEN.system, keywords: Vec::new() };
            let uids = std::mem::take(&mut fetch.seen);
            fetch.marking.clone_from(&uids);
            return self.ask(Ask::Flag { folder, uids, change: FlagChange::Add, flags, since }, Work::Fetch(fetch));
        }
        let done = match &fetch.failed {
            None => Done::ok(fetch.tag, "FETCH done."),
            Some((refused, reference)) => {
                Done::no(fetch.tag, &reply::refusal(refused, refused.why.row().imap, reference))
            }
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
            Answer::Message(Private(message)) => {
                let Some(view) = self.view() else { return };
                let place = fetch.reading;
                fetch.response = respond(&mut fetch, view, place, Some(message));
            }
            // `\Seen` is kept, and was told with each message; told again is only what came out otherwise.
            Answer::Changes(changes) => self.tell(changes, false, fetch.by),
            // RFC 5530 §3 EXPUNGEISSUED, or it cannot be read now: the others are answered all the same.
            Answer::No { refused, reference } => {
                self.untell_seen(std::mem::take(&mut fetch.marking), fetch.by);
                fetch.failed = fetch.failed.or(Some((refused, reference)));
            }
            _ => fetch.failed = Some((Refusal::Internal.into(), String::new())),
        }
        self.go_on(Work::Fetch(fetch));
    }
}

/// ```text
/// message-data = nz-number SP "FETCH" SP "(" msg-att *(SP msg-att) ")"
/// ```
fn respond(fetch: &mut Fetch, view: &mut View, place: usize, message: Option<Arc<[u8]>>) -> Response {
    let Some(mut entry) = view.entry(place).copied() else { return Response::default() };
    let newly_seen = fetch.marks(&entry, view);
    if newly_seen {
        entry.flags |= Flags::SEEN;
        view.told(place, entry.flags);
        fetch.seen.push(entry.uid);
    }
    let mut writer = Writer { out: format!("* {} FETCH (", place + 1).into_bytes(), pieces: VecDeque::new() };
    if newly_seen && !fetch.items.has(&Item::Flags) {
        // RFC 3501 §6.4.5: flags that change by the FETCH are part of its response.
        writer.item(&Item::Flags, &entry, view, None);
        writer.out.push(b' ');
    }
    let tree = message.as_deref().map(Tree::view);
    for (at, item) in fetch.items.iter().enumerate() {
        writer.out.extend_from_slice(if at == 0 { b"" } else { b" " });
        writer.item(item, &entry, view, tree.as_ref());
    }
    writer.out.extend_from_slice(b")\r\n");
    writer.pieces.push_back(Piece::Words(writer.out));
    Response { message, pieces: writer.pieces }
}

struct Writer {
    out: Vec<u8>,
    pieces: VecDeque<Piece>,
}

impl Writer {
    fn word(&mut self, word: &str) {
        self.out.extend_from_slice(word.as_bytes());
    }

    fn item(&mut self, item: &Item, entry: &Entry, view: &View, tree: Option<&Tree<'_>>) {
        match (item, tree) {
            (Item::Flags, _) => self.word(&format!("FLAGS ({})", flag_names(entry.flags, &view.keywords))),
            (Item::Uid, _) => self.word(&format!("UID {}", entry.uid)),
            (Item::Size, _) => self.word(&format!("RFC822.SIZE {}", entry.size)),
            (Item::InternalDate, _) => self.word(&format!("INTERNALDATE \"{}\"", date::write(entry.received_at))),
            (Item::Envelope, Some(tree)) => {
                self.word("ENVELOPE ");
                envelope::write(&mut self.out, Some(tree.root().header()));
            }
            (Item::Body, Some(tree)) => {
                self.word("BODY ");
                structure::write(&mut self.out, tree.root(), false);
            }
            (Item::BodyStructure, Some(tree)) => {
                self.word("BODYSTRUCTURE ");
                structure::write(&mut self.out, tree.root(), true);
            }
            (Item::Content(content), Some(tree)) => self.content(content, tree),
            // Not reached: these items are answered only with the message read.
            (Item::Envelope | Item::Body | Item::BodyStructure | Item::Content(_), None) => {}
        }
    }

    fn content(&mut self, content: &Content, tree: &Tree<'_>) {
        content.label(&mut self.out);
        self.out.push(b' ');
        let Some(mut ranges) = content.section().locate(tree) else { return reply::nstring(&mut self.out, None) };
        if let Some((origin, length)) = content.partial() {
            ranges = cut(ranges, origin, length);
        }
        reply::literal_head(&mut self.out, ranges.iter().map(Range::len).sum());
        for range in ranges.into_iter().filter(|range| !range.is_empty()) {
            if !self.out.is_empty() {
                self.pieces.push_back(Piece::Words(std::mem::take(&mut self.out)));
            }
            self.pieces.push_back(Piece::Octets(range));
        }
    }
}

/// RFC 3501 §6.4.5 partial: the octets from `origin` on, at most `length`; none if it begins past the end.
fn cut(ranges: Vec<Range<usize>>, origin: u64, length: u64) -> Vec<Range<usize>> {
    let mut skip = usize::try_from(origin).unwrap_or(usize::MAX);
    let mut left = usize::try_from(length).unwrap_or(usize::MAX);
    let cut = |range: Range<usize>| {
        let start = range.start + skip.min(range.len());
        skip -= start - range.start;
        let end = start + left.min(range.end - start);
        left -= end - start;
        start..end
    };
    ranges.into_iter().map(cut).collect()
}
