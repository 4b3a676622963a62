//! Sections of messages: what stands in `BODY[…]` (RFC 3501 §6.4.5).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::cursor::{Cursor, Parsed};
use super::reply;
use super::settings::FIELD_NAMES;
use crate::mime::{Entity, Field, Header, Tree, Undecodable};

/// What a section names in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It lies there in one piece.
    Octets(Range<usize>),
    /// Made of it: fields picked out of a header, at most [`HEADER_BYTES`](crate::mime::HEADER_BYTES), which is less than
    /// what it takes to note where each lies; or a part's content, decoded.
    Picked(Vec<u8>),
}

/// A part, and what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    path: Vec<u32>,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Whole,
    Header,
    Fields { names: Vec<Vec<u8>>, not: bool },
    Text,
    Mime,
}

impl Section {
    pub(super) const WHOLE: Self = Self { path: Vec::new(), what: What::Whole };
    pub(super) const HEADER: Self = Self { path: Vec::new(), what: What::Header };
    pub(super) const TEXT: Self = Self { path: Vec::new(), what: What::Text };

    /// Does it stand in the message's own header?
    pub(super) fn is_of_the_header(&self) -> bool {
        self.path.is_empty() && matches!(self.what, What::Header | What::Fields { .. })
    }

    /// ```text
    /// section-spec    = section-msgtext / (section-part ["." section-text])
    /// section-part    = nz-number *("." nz-number)
    /// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
    /// section-text    = section-msgtext / "MIME"
    /// ```
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.need(b'[', "[")?;
        let mut section = Self::WHOLE;
        if cursor.take(b']') {
            return Ok(section);
        }
        loop {
            if !cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                section.what = What::read(cursor, !section.path.is_empty())?;
                cursor.need(b']', "]")?;
                break;
            }
            section.path.push(cursor.nz_number()?);
            if !cursor.take(b'.') {
                cursor.need(b']', "]")?;
                break;
            }
        }
        Ok(section)
    }

    /// ```text
    /// section-binary = "[" [section-part] "]" ; RFC 3516 §7
    /// ```
    pub(super) fn read_part(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let section = Self::read(cursor)?;
        if section.what == What::Whole { Ok(section) } else { cursor.bad("the number of a part before") }
    }

    /// As it stands between the brackets of the response.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let parts: Vec<String> = self.path.iter().map(u32::to_string).collect();
        out.extend_from_slice(parts.join(".").as_bytes());
        if !parts.is_empty() && self.what != What::Whole {
            out.push(b'.');
        }
        match &self.what {
            What::Whole => {}
            What::Header => out.extend_from_slice(b"HEADER"),
            What::Text => out.extend_from_slice(b"TEXT"),
            What::Mime => out.extend_from_slice(b"MIME"),
            What::Fields { names, not } => {
                out.extend_from_slice(if *not { b"HEADER.FIELDS.NOT (" } else { b"HEADER.FIELDS (" });
                for (at, name) in names.iter().enumerate() {
                    out.extend_from_slice(if at == 0 { b"" } else { b" " });
                    reply::astring(out, name);
                }
                out.push(b')');
            }
        }
    }

    /// Profile §7.46: the same with the part's transfer encoding undone. A whole message has none.
    pub(super) fn find_decoded(&self, tree: &Tree<'_>) -> Result<Option<Found>, Undecodable> {
        if self.path.is_empty() {
            return Ok(self.find(tree));
        }
        let Some(part) = self.part(tree) else { return Ok(None) };
        Ok(Some(match part.content()? {
            Cow::Borrowed(_) => Found::Octets(part.body_range()),
            Cow::Owned(decoded) => Found::Picked(decoded),
        }))
    }

    fn part<'t>(&self, tree: &'t Tree<'t>) -> Option<Entity<'t>> {
        let (first, below) = self.path.split_first()?;
        let mut part = numbered(tree.root(), *first)?;
        for number in below {
            part = if part.is_multipart() { nth(part, *number)? } else { numbered(part.inner()?, *number)? };
        }
        Some(part)
    }

    /// What it names in the message. `None`: there is no such part.
    pub(super) fn find(&self, tree: &Tree<'_>) -> Option<Found> {
        if self.path.is_empty() {
            return Some(self.what.of_message(tree.root()));
        }
        let part = self.part(tree)?;
        match self.what {
            What::Whole => Some(Found::Octets(part.body_range())),
            What::Mime => Some(Found::Octets(part.header_range())),
            // HEADER and TEXT of a part are those of the message it carries.
            _ => Some(self.what.of_message(part.inner()?)),
        }
    }
}

/// A part of a message. RFC 3501 §6.4.5: a message that is no multipart has one part, its body.
fn numbered(message: Entity<'_>, number: u32) -> Option<Entity<'_>> {
    if message.is_multipart() { nth(message, number) } else { (number == 1).then_some(message) }
}

fn nth(multipart: Entity<'_>, number: u32) -> Option<Entity<'_>> {
    multipart.parts().nth(number as usize - 1)
}

impl What {
    fn read(cursor: &mut Cursor<'_>, of_part: bool) -> Parsed<Self> {
        let not = match &*cursor.word()? {
            "HEADER" => return Ok(Self::Header),
            "TEXT" => return Ok(Self::Text),
            "MIME" if of_part => return Ok(Self::Mime),
            "HEADER.FIELDS" => false,
            "HEADER.FIELDS.NOT" => true,
            _ => return cursor.bad("HEADER, HEADER.FIELDS, TEXT or, of a part, MIME before"),
        };
        cursor.space()?;
        let names = cursor.list(Cursor::astring)?;
        match names.len() {
            1..=FIELD_NAMES => Ok(Self::Fields { names, not }),
            _ => cursor.bad("1 to 100 field names before"),
        }
    }

    fn of_message(&self, message: Entity<'_>) -> Found {
        match self {
            Self::Whole | Self::Mime => Found::Octets(message.range()),
            Self::Header => Found::Octets(message.header_range()),
            Self::Text => Found::Octets(message.body_range()),
            Self::Fields { names, not } => Found::Picked(pick(message.header(), names, *not)),
        }
    }
}

impl Found {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Octets(range) => range.len(),
            Self::Picked(octets) => octets.len(),
        }
    }

    /// RFC 3501 §6.4.5 partial: the octets from `origin` on, at most `length`; none if it begins past the end.
    pub(super) fn cut(self, origin: u64, length: u64) -> Self {
        let within = |len: usize| {
            let start = usize::try_from(origin).unwrap_or(usize::MAX).min(len);
            start..start + usize::try_from(length).unwrap_or(usize::MAX).min(len - start)
        };
        match self {
            Self::Octets(range) => {
                let cut = within(range.len());
                Self::Octets(range.start + cut.start..range.start + cut.end)
            }
            Self::Picked(mut octets) => {
                let cut = within(octets.len());
                octets.truncate(cut.end);
                octets.drain(..cut.start);
                Self::Picked(octets)
            }
        }
    }
}

/// The fields of these names, or all others, and the blank line after the header, if it has one (RFC 3501 §7.4.2).
fn pick(header: Header<'_>, names: &[Vec<u8>], not: bool) -> Vec<u8> {
    let lower = |name: &[u8]| name.to_ascii_lowercase();
    let wanted: BTreeSet<Vec<u8>> = names.iter().map(|name| lower(name)).collect();
    let fields = header.fields().filter(|field| wanted.contains(&lower(field.name())) != not);
    let mut picked: Vec<u8> = fields.flat_map(Field::octets).copied().collect();
    picked.extend_from_slice(header.blank_line());
    picked
}
