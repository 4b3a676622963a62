//! What a FETCH asks of each message.

use std::ops::Range;

use crate::imap::command::By;
use crate::imap::cursor::{Cursor, Parsed};
use crate::imap::section::Section;
use crate::imap::settings::{FETCH_ITEMS, PIECE_BYTES};

/// The items, in the order they are answered, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::imap) struct Items(Vec<Item>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Flags,
    Uid,
    InternalDate,
    Size,
    Envelope,
    Body,
    BodyStructure,
    /// RFC 8474 §5 (Profile §7.12)
    EmailId,
    ThreadId,
    /// RFC 8514 §4.1
    SaveDate,
    /// RFC 7162 §3.1.4.2
    ModSeq,
    /// RFC 8970
    Preview,
    Content(Content),
    /// The length of a part's content, decoded (RFC 3516 §4.2).
    BinarySize(Section),
}

impl Item {
    fn is_answered_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Content(one), Self::Content(other)) => {
                (one.name, &one.section, one.partial) == (other.name, &other.section, other.partial)
            }
            (one, other) => one == other,
        }
    }

    /// Does the folder know it, without a look at the message?
    fn is_of_the_entry(&self) -> bool {
        matches!(
            self,
            Self::Flags
                | Self::Uid
                | Self::InternalDate
                | Self::Size
                | Self::EmailId
                | Self::ThreadId
                | Self::SaveDate
                | Self::ModSeq
        )
    }

    fn is_of_the_header(&self) -> bool {
        match self {
            Self::Envelope => true,
            Self::Content(content) => content.section.is_of_the_header(),
            _ => false,
        }
    }

    /// One that is answered like it was asked for too.
    fn also(&mut self, other: &Self) {
        if let (Self::Content(one), Self::Content(other)) = (self, other) {
            one.peek &= other.peek;
        }
    }
}

/// Octets of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    name: Name,
    section: Section,
    partial: Option<(u64, u64)>,
    /// It does not set `\Seen`.
    peek: bool,
}

/// What an item that asks for octets is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Body,
    /// Its transfer encoding undone (RFC 3516).
    Binary,
    /// As RFC 1730 named it, `RFC822.TEXT`.
    Old(&'static str),
}

impl Content {
    /// Is its transfer encoding undone?
    pub(super) fn is_decoded(&self) -> bool {
        self.name == Name::Binary
    }

    pub(super) fn section(&self) -> &Section {
        &self.section
    }

    /// Origin and length.
    pub(super) fn partial(&self) -> Option<(u64, u64)> {
        self.partial
    }

    /// Its name in the response: without `.PEEK`, and of the partial only the origin (RFC 3501 §7.4.2).
    pub(super) fn label(&self, out: &mut Vec<u8>) {
        match self.name {
            Name::Old(name) => return out.extend_from_slice(name.as_bytes()),
            Name::Body => out.extend_from_slice(b"BODY["),
            Name::Binary => out.extend_from_slice(b"BINARY["),
        }
        self.section.write(out);
        out.push(b']');
        if let Some((origin, _)) = self.partial {
            out.extend_from_slice(format!("<{origin}>").as_bytes());
        }
    }
}

impl Items {
    /// ```text
    /// fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
    /// ```
    pub(in crate::imap) fn read(cursor: &mut Cursor<'_>, by: By) -> Parsed<Self> {
        let mut items = match cursor.peek() {
            Some(b'(') => cursor.list(item)?,
            _ => macro_or_item(cursor)?,
        };
        if items.is_empty() {
            return cursor.bad("one item at least");
        }
        if items.len() > FETCH_ITEMS {
            return cursor.bad("at most 100 items before");
        }
        // RFC 3501 §6.4.8: UID FETCH answers with the UID, asked for or not.
        if by == By::Uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let mut distinct: Vec<Item> = Vec::with_capacity(items.len());
        for item in items {
            // What differs in PEEK alone has one answer too.
            match distinct.iter_mut().find(|known| known.is_answered_like(&item)) {
                Some(known) => known.also(&item),
                None => distinct.push(item),
            }
        }
        Ok(Self(distinct))
    }

    pub(super) fn get(&self, at: usize) -> Option<&Item> {
        self.0.get(at)
    }

    pub(super) fn has(&self, item: &Item) -> bool {
        self.0.contains(item)
    }

    /// What QRESYNC tells of a message that changed (RFC 7162 §3.2.5.1).
    pub(super) fn of_changes() -> Self {
        Self(vec![Item::Uid, Item::Flags, Item::ModSeq])
    }

    /// Is the MODSEQ asked for?
    pub(super) fn has_modseq(&self) -> bool {
        self.has(&Item::ModSeq)
    }

    /// RFC 7162 §3.1.4.1: CHANGEDSINCE asks for the MODSEQ too.
    pub(super) fn with_modseq(mut self) -> Self {
        if !self.has_modseq() {
            self.0.push(Item::ModSeq);
        }
        self
    }

    pub(super) fn mark_seen(&self) -> bool {
        self.0.iter().any(|item| matches!(item, Item::Content(content) if !content.peek))
    }

    /// What of the message must be at hand to answer them.
    pub(super) fn need(&self) -> Need {
        let items: Vec<_> = self.0.iter().filter(|item| !item.is_of_the_entry()).collect();
        match items.as_slice() {
            [] => Need::Nothing,
            [Item::Content(content)] if content.section == Section::WHOLE && !content.is_decoded() => Need::Pieces,
            items if items.iter().all(|item| item.is_of_the_header()) => Need::Head,
            items if items.iter().all(|item| item.is_of_the_header() || **item == Item::Preview) => Need::Start,
            _ => Need::All,
        }
    }
}

impl Items {
    /// Of a message of this size, the first of the pieces that answer [`Need::Pieces`].
    pub(super) fn first_piece(&self, size: u64) -> Range<u64> {
        let partial = self.0.iter().find_map(|item| match item {
            Item::Content(content) => Some(content.partial),
            _ => None,
        });
        let (origin, length) = partial.flatten().unwrap_or((0, size));
        let start = origin.min(size);
        start..start.saturating_add(length.min(PIECE_BYTES as u64)).min(size)
    }
}

/// How much of a message answers some items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    /// Its header.
    Head,
    /// Its header and some of what follows.
    Start,
    /// Its octets as they are, one piece after the other.
    Pieces,
    All,
}

/// RFC 3501 §6.4.5: a macro stands alone.
fn macro_or_item(cursor: &mut Cursor<'_>) -> Parsed<Vec<Item>> {
    use Item::{Body, Envelope, Flags, InternalDate, Size};
    for (name, items) in [
        ("ALL\r", vec![Flags, InternalDate, Size, Envelope]),
        ("FAST\r", vec![Flags, InternalDate, Size]),
        ("FULL\r", vec![Flags, InternalDate, Size, Envelope, Body]),
    ] {
        let word = name.trim_end();
        if cursor.rest().get(..name.len()).is_some_and(|next| next.eq_ignore_ascii_case(name.as_bytes())) {
            cursor.take_word(word);
            return Ok(items);
        }
    }
    Ok(vec![item(cursor)?])
}

/// ```text
/// fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822" [".HEADER" / ".SIZE" / ".TEXT"] /
///             "BODY" ["STRUCTURE"] / "UID" / "BODY" [".PEEK"] section ["<" number "." nz-number ">"] /
///             "BINARY" [".PEEK"] section-binary ["<" number "." nz-number ">"] / "BINARY.SIZE" section-binary
/// ```
fn item(cursor: &mut Cursor<'_>) -> Parsed<Item> {
    let old = |name, section, peek| Item::Content(Content { name: Name::Old(name), section, partial: None, peek });
    let (name, peek) = match &*cursor.word()? {
        "ENVELOPE" => return Ok(Item::Envelope),
        "FLAGS" => return Ok(Item::Flags),
        "INTERNALDATE" => return Ok(Item::InternalDate),
        "UID" => return Ok(Item::Uid),
        "BODYSTRUCTURE" => return Ok(Item::BodyStructure),
        "RFC822.SIZE" => return Ok(Item::Size),
        "EMAILID" => return Ok(Item::EmailId),
        "THREADID" => return Ok(Item::ThreadId),
        "SAVEDATE" => return Ok(Item::SaveDate),
        "MODSEQ" => return Ok(Item::ModSeq),
        "RFC822" => return Ok(old("RFC822", Section::WHOLE, false)),
        // RFC 3501 §7.4.2: this one does not set \Seen.
        "RFC822.HEADER" => return Ok(old("RFC822.HEADER", Section::HEADER, true)),
        "RFC822.TEXT" => return Ok(old("RFC822.TEXT", Section::TEXT, false)),
        "BODY" if cursor.peek() != Some(b'[') => return Ok(Item::Body),
        "PREVIEW" => {
            preview_modifiers(cursor)?;
            return Ok(Item::Preview);
        }
        "BINARY.SIZE" => return Section::read_part(cursor).map(Item::BinarySize),
        "BODY" => (Name::Body, false),
        "BODY.PEEK" => (Name::Body, true),
        "BINARY" => (Name::Binary, false),
        "BINARY.PEEK" => (Name::Binary, true),
        _ => return cursor.bad("an item of FETCH before"),
    };
    let section = match name {
        Name::Binary => Section::read_part(cursor)?,
        _ => Section::read(cursor)?,
    };
    let partial = if cursor.take(b'<') { Some(partial(cursor)?) } else { None };
    Ok(Item::Content(Content { name, section, partial, peek }))
}

/// ```text
/// fetch-att =/ "PREVIEW" [SP "(" "LAZY" *(SP "LAZY") ")"] ; RFC 8970 §6: nothing here is worth waiting for
/// ```
fn preview_modifiers(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if !cursor.rest().starts_with(b" (") {
        return Ok(());
    }
    cursor.space()?;
    let lazy = |cursor: &mut Cursor<'_>| if cursor.take_word("LAZY") { Ok(()) } else { cursor.bad("LAZY") };
    if cursor.list(lazy)?.is_empty() { cursor.bad("LAZY before") } else { Ok(()) }
}

fn partial(cursor: &mut Cursor<'_>) -> Parsed<(u64, u64)> {
    let origin = cursor.number()?;
    cursor.need(b'.', ".")?;
    let length = u64::from(cursor.nz_number()?);
    cursor.need(b'>', ">")?;
    Ok((origin, length))
}
