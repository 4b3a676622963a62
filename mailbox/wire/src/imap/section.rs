//! Sections of messages: what stands in `BODY[…]` (RFC 3501 §6.4.5).

use std::ops::Range;

use super::cursor::{Cursor, Parsed};
use super::reply;
use super::settings::FIELD_NAMES;
use crate::mime::{Entity, Header, Tree};

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

    /// ```text
    /// section-spec    = section-msgtext / (section-part ["." section-text])
    /// section-part    = nz-number *("." nz-number)
    /// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
    /// section-text    = section-msgtext / "MIME"
    /// ```
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut section = Self::WHOLE;
        if cursor.peek() == Some(b']') {
            return Ok(section);
        }
        loop {
            if !cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                section.what = What::read(cursor, !section.path.is_empty())?;
                return Ok(section);
            }
            section.path.push(cursor.nz_number()?);
            if !cursor.take(b'.') {
                return Ok(section);
            }
        }
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

    /// Where it lies in the message, perhaps in several pieces. `None`: there is no such part.
    pub(super) fn locate(&self, tree: &Tree<'_>) -> Option<Vec<Range<usize>>> {
        let root = tree.root();
        let Some((first, below)) = self.path.split_first() else { return Some(self.what.of_message(root)) };
        let mut part = numbered(root, *first)?;
        for number in below {
            part = if part.is_multipart() { nth(part, *number)? } else { numbered(part.inner()?, *number)? };
        }
        match self.what {
            What::Whole => Some(vec![part.body_range()]),
            What::Mime => Some(vec![part.header_range()]),
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

    fn of_message(&self, message: Entity<'_>) -> Vec<Range<usize>> {
        match self {
            Self::Whole | Self::Mime => vec![message.range()],
            Self::Header => vec![message.header_range()],
            Self::Text => vec![message.body_range()],
            Self::Fields { names, not } => fields(message.header(), message.header_range(), names, *not),
        }
    }
}

/// The fields of these names, or all others, and the blank line after the header, if it has one (RFC 3501 §7.4.2).
fn fields(header: Header<'_>, place: Range<usize>, names: &[Vec<u8>], not: bool) -> Vec<Range<usize>> {
    let listed = |name: &[u8]| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (range, field) in header.placed_fields() {
        if listed(field.name()) == not {
            continue;
        }
        let range = place.start + range.start..place.start + range.end;
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    ranges.push(place.end - header.blank_line().len()..place.end);
    ranges
}
