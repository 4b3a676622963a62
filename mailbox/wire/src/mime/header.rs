//! Header fields (RFC 5322 §2.2).

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use super::decode;

/// A header: fields, then usually a blank line.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a>(pub(super) &'a [u8]);

/// One field, with its folding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    octets: &'a [u8],
    colon: usize,
}

impl<'a> Header<'a> {
    /// A header that stands alone.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Its octets.
    pub fn octets(self) -> &'a [u8] {
        self.0
    }

    /// Its fields in order. Lines that are no field (no colon) are passed over.
    pub fn fields(self) -> impl Iterator<Item = Field<'a>> {
        self.placed_fields().map(|(_, field)| field)
    }

    /// Its fields, each with its place in the header.
    pub fn placed_fields(self) -> impl Iterator<Item = (Range<usize>, Field<'a>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            loop {
                let length = field_length(rest);
                if length == 0 {
                    return None;
                }
                let octets;
                (octets, rest) = rest.split_at(length);
                if let Some(colon) = memchr(b':', octets).filter(|&colon| memchr(b'\n', &octets[..colon]).is_none()) {
                    let end = self.0.len() - rest.len();
                    return Some((end - length..end, Field { octets, colon }));
                }
            }
        })
    }

    /// The first field of a name; case does not matter.
    pub fn get(self, name: &str) -> Option<Field<'a>> {
        self.fields().find(|field| field.is(name))
    }

    /// All fields of a name.
    pub fn all(self, name: &str) -> impl Iterator<Item = Field<'a>> {
        self.fields().filter(move |field| field.is(name))
    }

    /// The blank line that ends it; empty if there is none.
    pub fn blank_line(self) -> &'a [u8] {
        let line = match self.0 {
            [.., b'\n', b'\r', b'\n'] | b"\r\n" => 2,
            [.., b'\n', b'\n'] | b"\n" => 1,
            _ => 0,
        };
        &self.0[self.0.len() - line..]
    }
}

impl<'a> Field<'a> {
    /// All its octets, with the line ends.
    pub fn octets(self) -> &'a [u8] {
        self.octets
    }

    /// The name as written.
    pub fn name(self) -> &'a [u8] {
        self.octets[..self.colon].trim_ascii_end()
    }

    /// Has it this name?
    pub fn is(self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// What follows the colon, folded as it stands, without the last line end.
    pub fn value(self) -> &'a [u8] {
        let value = &self.octets[self.colon + 1..];
        let value = value.strip_suffix(b"\n").unwrap_or(value);
        value.strip_suffix(b"\r").unwrap_or(value)
    }

    /// The value on one line, without the space around it (RFC 5322 §2.2.3).
    pub fn unfolded(self) -> Cow<'a, [u8]> {
        let value = self.value().trim_ascii();
        if memchr(b'\n', value).is_none() && memchr(b'\r', value).is_none() {
            return Cow::Borrowed(value);
        }
        Cow::Owned(value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect())
    }

    /// The value as text, encoded words decoded (RFC 2047).
    pub fn text(self) -> String {
        decode::unstructured(&self.unfolded())
    }
}

/// Length of the field at the start: its line and the lines that begin with white space. 0 at a blank line or the end.
fn field_length(header: &[u8]) -> usize {
    if header.starts_with(b"\r\n") || header.starts_with(b"\n") {
        return 0;
    }
    let mut at = 0;
    while let Some(end) = memchr(b'\n', &header[at..]) {
        at += end + 1;
        if !matches!(header.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
    header.len()
}
