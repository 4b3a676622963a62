//! The answer for one message (RFC 3501 §7.4.2).

use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{Entry, Keywords};

use super::items::{Content, Item, Items};
use crate::imap::news::flag_names;
use crate::imap::section::{Found, Section};
use crate::imap::settings::{PIECE_BYTES, STEP_BYTES};
use crate::imap::structure::Outline;
use crate::imap::{date, envelope, preview, reply};
use crate::mime::Kept;

/// It is written item by item, each when the last one is sent. So a session holds the message and the words of one item
/// or of one part of its structure, however much is asked for.
///
/// ```text
/// message-data = nz-number SP "FETCH" SP "(" msg-att *(SP msg-att) ")"
/// ```
pub(super) struct Response {
    entry: Entry,
    message: Source,
    /// Items written so far.
    written: usize,
    /// What stands before the next item.
    gap: &'static str,
    /// What is asked for and told later: of a message that becomes `\Seen` by this answer the MODSEQ is not known yet (RFC 7162 §3.2.4).
    later: Option<Item>,
    ended: bool,
    /// What goes out next, in this order.
    words: Vec<u8>,
    /// Octets of the message, or of what was made of it.
    octets: Range<usize>,
    made: Option<Vec<u8>>,
    /// They stand in a literal8.
    binary: bool,
    /// A part could not be decoded.
    undecodable: bool,
    outline: Option<Outline>,
    /// Octets of the message that go out as they are.
    sent: Vec<Range<u64>>,
}

/// Where the octets come from.
pub(super) enum Source {
    /// No item needs any.
    None,
    /// The message, or its header.
    Kept(Kept),
    /// One piece of the message and the place where it begins; the next one is asked for when this one is sent.
    Piece(u64, Arc<[u8]>),
}

impl Source {
    fn kept(&self) -> Option<&Kept> {
        if let Self::Kept(message) = self { Some(message) } else { None }
    }

    /// The octets at hand of this range, from its start.
    fn octets(&self, range: Range<usize>) -> &[u8] {
        let (start, octets) = match self {
            Self::None => (0, [].as_slice()),
            Self::Kept(message) => (0, message.bytes()),
            Self::Piece(start, octets) => (usize::try_from(*start).unwrap_or(usize::MAX), &**octets),
        };
        let Some(from) = range.start.checked_sub(start) else { return &[] };
        octets.get(from..octets.len().min(range.end - start)).unwrap_or_default()
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "‹{} items said›", self.written)
    }
}

impl Response {
    pub(super) fn begin(number: usize, entry: Entry, message: Source) -> Self {
        let words = format!("* {number} FETCH (").into_bytes();
        let (octets, made, binary, undecodable, outline) = (0..0, None, false, false, None);
        let (written, gap, later, ended, sent) = (0, "", None, false, Vec::new());
        Self { entry, message, written, gap, later, ended, words, octets, made, binary, undecodable, outline, sent }
    }

    /// Its flags change: they are told first, if no item asks for them.
    pub(super) fn with_flags(mut self, items: &Items, keywords: &Keywords) -> Self {
        self.later = Some(Item::ModSeq);
        if !items.has(&Item::Flags) {
            self.item(&Item::Flags, keywords);
            self.gap = " ";
        }
        self
    }

    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        let made = self.made.as_ref().map_or(0, Vec::capacity);
        self.words.capacity() + made + self.outline.as_ref().map_or(0, Outline::queued)
    }

    /// Was there a part that could not be decoded?
    pub(super) fn is_undecodable(&self) -> bool {
        self.undecodable
    }

    /// Which octets of the message are said by it, whatever they stand in: its header, a part, a piece.
    pub(super) fn sent(&mut self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.sent)
    }

    /// Is everything said?
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.words.is_empty()
    }

    /// What is said in one step: at most [`STEP_BYTES`], and something unless it is over.
    pub(super) fn more(&mut self, items: &Items, keywords: &Keywords) -> Vec<u8> {
        let mut said = Vec::new();
        // A step also ends when it has looked through so much of the message.
        let mut looked = 0;
        while (said.len() + looked < STEP_BYTES || said.is_empty()) && self.wants().is_none() {
            let room = STEP_BYTES - said.len();
            if !self.words.is_empty() {
                said.extend(self.words.drain(..room.min(self.words.len())));
            } else if !self.octets.is_empty() {
                let now = self.octets.start..self.octets.end.min(self.octets.start + room);
                let now = match &self.made {
                    Some(made) => &made[now],
                    None => self.message.octets(now),
                };
                said.extend_from_slice(now);
                self.octets.start += now.len();
                if !self.binary {
                    let from = said.len() - now.len();
                    reply::without_nul(&mut said[from..]);
                }
            } else if self.outlines() {
                // Its words go out next.
            } else if let Some(item) = items.get(self.written) {
                self.made = None;
                self.written += 1;
                if self.later.as_ref() == Some(item) {
                    continue;
                }
                self.word(self.gap);
                self.gap = " ";
                looked += self.item(item, keywords);
            } else if !self.ended {
                self.ended = true;
                self.word(")\r\n");
            } else {
                break;
            }
        }
        said
    }

    /// Which octets must come before anything more can be said.
    pub(super) fn wants(&self) -> Option<Range<u64>> {
        let Range { start, end } = self.octets.clone();
        let here = self.made.is_some() || !self.message.octets(start..end).is_empty();
        let waits = self.words.is_empty() && start < end && !here;
        waits.then(|| start as u64..end.min(start + PIECE_BYTES) as u64)
    }

    /// The octets that were wanted came; `false` if they are fewer.
    pub(super) fn supply(&mut self, octets: Arc<[u8]>) -> bool {
        let wanted = self.wants().map_or(0, |range| range.end - range.start);
        let whole = octets.len() as u64 == wanted;
        self.message = Source::Piece(self.octets.start as u64, octets);
        whole
    }

    /// Goes on with a structure; `false` if none is under way.
    fn outlines(&mut self) -> bool {
        let (Some(outline), Some(message)) = (&mut self.outline, self.message.kept()) else { return false };
        if !outline.more(&mut self.words, &message.tree()) {
            self.outline = None;
        }
        true
    }

    fn word(&mut self, word: &str) {
        self.words.extend_from_slice(word.as_bytes());
    }

    /// Writes an item, or begins it; how many octets of the message it looked at.
    fn item(&mut self, item: &Item, keywords: &Keywords) -> usize {
        match item {
            Item::Flags => self.word(&format!("FLAGS ({})", flag_names(self.entry.flags, keywords))),
            Item::Uid => self.word(&format!("UID {}", self.entry.uid)),
            Item::Size => self.word(&format!("RFC822.SIZE {}", self.entry.size)),
            Item::InternalDate => self.word(&format!("INTERNALDATE \"{}\"", date::write(self.entry.received_at))),
            // Profile §7.12, RFC 8474 §5.1: the body's own name, the same in every folder.
            Item::EmailId => self.word(&format!("EMAILID (M{})", self.entry.message.0)),
            Item::ThreadId => self.word("THREADID NIL"),
            Item::ModSeq => self.word(&format!("MODSEQ ({})", self.entry.modseq.0)),
            Item::SaveDate => self.word(&format!("SAVEDATE \"{}\"", date::write(self.entry.saved_at))),
            Item::Body => {
                self.word("BODY ");
                self.outline = Some(Outline::new(false));
            }
            Item::BodyStructure => {
                self.word("BODYSTRUCTURE ");
                self.outline = Some(Outline::new(true));
            }
            Item::Envelope => {
                self.word("ENVELOPE ");
                let Some(message) = self.message.kept() else { return 0 };
                let header = message.tree().root().header_range();
                envelope::write(&mut self.words, Some(message.tree().root().header()));
                return header.len();
            }
            Item::Content(content) => return self.content(content),
            Item::BinarySize(section) => return self.binary_size(section),
            Item::Preview => {
                self.word("PREVIEW ");
                let Some(message) = self.message.kept() else { return 0 };
                let text = preview::of(&message.tree());
                reply::string(&mut self.words, text.as_bytes());
                return message.bytes().len();
            }
        }
        0
    }

    fn content(&mut self, content: &Content) -> usize {
        content.label(&mut self.words);
        self.word(" ");
        let found = match (&self.message, self.message.kept()) {
            (Source::Piece(..), _) => Some(Found::Octets(0..usize::try_from(self.entry.size).unwrap_or(usize::MAX))),
            (_, Some(message)) if content.is_decoded() => {
                let found = content.section().find_decoded(&message.tree());
                self.undecodable |= found.is_err();
                found.ok().flatten()
            }
            (_, Some(message)) => content.section().find(&message.tree()),
            (_, None) => return 0,
        };
        let found = match content.partial() {
            Some((origin, length)) => found.map(|found| found.cut(origin, length)),
            None => found,
        };
        let Some(found) = found else {
            reply::nstring(&mut self.words, None);
            return 0;
        };
        // RFC 3516 §4.3: a string as others are, unless it holds NUL.
        self.binary = content.is_decoded() && self.holds_nul(&found);
        if self.binary {
            self.word("~");
        }
        reply::literal_head(&mut self.words, found.len());
        match found {
            Found::Octets(range) => {
                self.sent.extend((!range.is_empty()).then_some(range.start as u64..range.end as u64));
                self.octets = range;
            }
            Found::Picked(made) => {
                self.octets = 0..made.len();
                let looked = self.message.kept().map_or(0, |message| message.tree().root().header_range().len());
                let looked = looked.max(made.len());
                self.made = Some(made);
                return looked;
            }
        }
        0
    }

    fn holds_nul(&self, found: &Found) -> bool {
        let octets = match found {
            Found::Octets(range) => self.message.octets(range.clone()),
            Found::Picked(made) => made,
        };
        memchr::memchr(0, octets).is_some()
    }

    fn binary_size(&mut self, section: &Section) -> usize {
        self.word("BINARY.SIZE[");
        section.write(&mut self.words);
        let Some(message) = self.message.kept() else { return 0 };
        let found = section.find_decoded(&message.tree());
        let looked = message.bytes().len();
        self.undecodable |= found.is_err();
        let size = found.ok().flatten().map_or(0, |found| found.len());
        self.word(&format!("] {size}"));
        looked
    }
}
