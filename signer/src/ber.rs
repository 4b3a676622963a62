//! BER in, DER out. Other programs stream CMS with indefinite lengths and strings in pieces; the decoders behind this
//! door read neither, or read them wrongly. What is already definite is borrowed, not copied.
//!
//! Only lengths and the pieces of OCTET STRINGs change. What was written in DER inside, such as a certificate, stays as it was;
//! one that was not becomes DER, and then bears its authority's signature or not.

use std::borrow::Cow;

use crate::limits::DEPTH_MAX;

/// Why an encoding is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BerError {
    Truncated,
    TrailingData,
    TooDeep,
    BadTag,
    BadLength,
    BadString,
}

impl BerError {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Truncated => "it ends too early",
            Self::TrailingData => "something follows its end",
            Self::TooDeep => "it is nested too deeply",
            Self::BadTag => "a tag is not readable",
            Self::BadLength => "a length is not readable",
            Self::BadString => "the pieces of a string do not fit",
        }
    }
}

const CONSTRUCTED: u8 = 0x20;
const OCTET_STRING: u8 = 0x04;
const OCTET_STRING_IN_PIECES: u8 = OCTET_STRING | CONSTRUCTED;

/// One element with definite, minimal lengths throughout (X.690 §8.1.3 becomes §10.1).
pub(crate) fn definite(bytes: &[u8]) -> Result<Cow<'_, [u8]>, BerError> {
    let head = Head::read(bytes)?;
    if let Some(length) = head.length
        && bytes.len() - head.size != length
    {
        return Err(if bytes.len() - head.size < length { BerError::Truncated } else { BerError::TrailingData });
    }
    if is_definite(bytes, 0)? {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let taken = rewrite(bytes, &mut out, 0)?;
    if taken == bytes.len() { Ok(Cow::Owned(out)) } else { Err(BerError::TrailingData) }
}

/// The first octets of an element: what it is and how far it reaches.
struct Head {
    /// Octets of tag and length.
    size: usize,
    /// Octets of the tag alone.
    tag_size: usize,
    /// The tag's first octet.
    tag: u8,
    /// `None` is indefinite: the element ends with two zero octets.
    length: Option<usize>,
    /// Whether DER would write the length the same way.
    minimal: bool,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self, BerError> {
        let tag = *bytes.first().ok_or(BerError::Truncated)?;
        let tag_size = tag_size(bytes)?;
        let first = *bytes.get(tag_size).ok_or(BerError::Truncated)?;
        let head = |octets: usize, length, minimal| Self { size: tag_size + octets, tag_size, tag, length, minimal };
        match first {
            0..0x80 => Ok(head(1, Some(usize::from(first)), true)),
            0x80 if tag & CONSTRUCTED != 0 => Ok(head(1, None, false)),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let digits = bytes.get(tag_size + 1..tag_size + 1 + count).ok_or(BerError::Truncated)?;
                let length = digits.iter().fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
                let minimal = length >= 0x80 && digits[0] != 0;
                Ok(head(1 + count, Some(length), minimal))
            }
            _ => Err(BerError::BadLength),
        }
    }

    fn is_constructed(&self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    /// The octets of the value, when its length is known.
    fn value<'b>(&self, bytes: &'b [u8], length: usize) -> Result<&'b [u8], BerError> {
        bytes.get(self.size..self.size.checked_add(length).ok_or(BerError::BadLength)?).ok_or(BerError::Truncated)
    }
}

/// High tag numbers (X.690 §8.1.2.4) are read up to three octets; nothing in CMS needs more.
fn tag_size(bytes: &[u8]) -> Result<usize, BerError> {
    if bytes.first().ok_or(BerError::Truncated)? & 0x1f != 0x1f {
        return Ok(1);
    }
    for size in 2..=4 {
        if bytes.get(size - 1).ok_or(BerError::Truncated)? & 0x80 == 0 {
            return Ok(size);
        }
    }
    Err(BerError::BadTag)
}

/// Whether every element among `bytes` has a definite, minimal length and no string comes in pieces.
fn is_definite(mut bytes: &[u8], depth: usize) -> Result<bool, BerError> {
    if depth >= DEPTH_MAX {
        return Err(BerError::TooDeep);
    }
    while !bytes.is_empty() {
        let head = Head::read(bytes)?;
        let Some(length) = head.length else { return Ok(false) };
        let value = head.value(bytes, length)?;
        if !head.minimal || head.tag == OCTET_STRING_IN_PIECES {
            return Ok(false);
        }
        if head.is_constructed() && !value.is_empty() && !is_definite(value, depth + 1)? {
            return Ok(false);
        }
        bytes = &bytes[head.size + length..];
    }
    Ok(true)
}

/// Writes the element at the start of `bytes`; returns how many octets it took.
fn rewrite(bytes: &[u8], out: &mut Vec<u8>, depth: usize) -> Result<usize, BerError> {
    if depth >= DEPTH_MAX {
        return Err(BerError::TooDeep);
    }
    let head = Head::read(bytes)?;
    let (inner, taken) = match head.length {
        Some(length) if head.is_constructed() => {
            let mut value = head.value(bytes, length)?;
            let mut inner = Vec::with_capacity(length);
            while !value.is_empty() {
                let used = rewrite(value, &mut inner, depth + 1)?;
                value = &value[used..];
            }
            (Cow::Owned(inner), head.size + length)
        }
        Some(length) => (Cow::Borrowed(head.value(bytes, length)?), head.size + length),
        None => {
            let mut at = head.size;
            let mut inner = Vec::new();
            while !bytes[at..].starts_with(&[0, 0]) {
                at += rewrite(&bytes[at..], &mut inner, depth + 1)?;
            }
            (Cow::Owned(inner), at + 2)
        }
    };
    if head.tag == OCTET_STRING_IN_PIECES {
        let joined = joined(&inner)?;
        push(out, &[OCTET_STRING], &joined)?;
    } else {
        push(out, &bytes[..head.tag_size], &inner)?;
    }
    Ok(taken)
}

/// Reads elements from the front of an encoding whose end has not come yet.
pub(crate) struct Walk<'b>(&'b [u8]);

impl<'b> Walk<'b> {
    pub(crate) fn over(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// Steps into a constructed element; says how many octets it takes in all, if it says so itself.
    pub(crate) fn enter(&mut self, tag: u8) -> Result<Option<usize>, BerError> {
        let head = Head::read(self.0)?;
        if head.tag != tag {
            return Err(BerError::BadTag);
        }
        self.0 = &self.0[head.size..];
        head.length.map(|length| length.checked_add(head.size).ok_or(BerError::BadLength)).transpose()
    }

    /// The next element, whole, with definite lengths.
    pub(crate) fn element(&mut self) -> Result<Vec<u8>, BerError> {
        let mut out = Vec::new();
        let taken = rewrite(self.0, &mut out, 0)?;
        self.0 = &self.0[taken..];
        Ok(out)
    }

    /// How many octets the next element's value has, if it says so itself.
    pub(crate) fn next_length(&self) -> Result<Option<usize>, BerError> {
        Head::read(self.0).map(|head| head.length)
    }

    /// The tag of the next element.
    pub(crate) fn next_tag(&self) -> Option<u8> {
        self.0.first().copied()
    }
}

/// The pieces of an OCTET STRING, themselves already rewritten, in one (X.690 §8.7.3.2).
pub(crate) fn joined(mut pieces: &[u8]) -> Result<Vec<u8>, BerError> {
    let mut joined = Vec::with_capacity(pieces.len());
    while !pieces.is_empty() {
        let head = Head::read(pieces)?;
        let length = head.length.ok_or(BerError::BadString)?;
        if head.tag != OCTET_STRING {
            return Err(BerError::BadString);
        }
        joined.extend_from_slice(head.value(pieces, length)?);
        pieces = &pieces[head.size + length..];
    }
    Ok(joined)
}

fn push(out: &mut Vec<u8>, tag: &[u8], value: &[u8]) -> Result<(), BerError> {
    out.extend_from_slice(tag);
    let length = u32::try_from(value.len()).map_err(|_| BerError::BadLength)?;
    if let Ok(short) = u8::try_from(length)
        && short < 0x80
    {
        out.push(short);
    } else {
        let digits = length.to_be_bytes();
        let skip = (length.leading_zeros() / 8) as usize;
        out.push(0x84 - u8::try_from(skip).unwrap_or(0));
        out.extend_from_slice(&digits[skip..]);
    }
    out.extend_from_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: Result<&[u8], BerError>) {
        assert_eq!(definite(input).as_deref().map_err(|error| *error), expected);
    }

    #[test]
    fn der_is_borrowed() {
        let der = [0x30, 3, 2, 1, 5];
        assert!(matches!(definite(&der), Ok(Cow::Borrowed(kept)) if kept == der));
    }

    #[test]
    fn an_indefinite_sequence_gets_its_length() {
        check(&[0x30, 0x80, 2, 1, 5, 0, 0], Ok(&[0x30, 3, 2, 1, 5]));
        check(&[0xa0, 0x80, 0x30, 0x80, 2, 1, 5, 0, 0, 0, 0], Ok(&[0xa0, 5, 0x30, 3, 2, 1, 5]));
    }

    #[test]
    fn a_string_in_pieces_becomes_one() {
        check(&[0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0], Ok(&[4, 3, 7, 8, 9]));
        check(&[0x24, 8, 0x24, 3, 4, 1, 7, 4, 1, 8], Ok(&[4, 2, 7, 8]));
        check(&[0x24, 3, 2, 1, 7], Err(BerError::BadString));
    }

    #[test]
    fn a_long_form_of_a_short_length_is_written_short() {
        check(&[0x30, 0x81, 3, 2, 1, 5], Ok(&[0x30, 3, 2, 1, 5]));
        check(&[0x30, 0x82, 0, 3, 2, 1, 5], Ok(&[0x30, 3, 2, 1, 5]));
    }

    #[test]
    fn lengths_are_written_minimal_at_every_size() {
        for size in [0_usize, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let mut input = vec![0x24, 0x80, 4, 0x84];
            input.extend_from_slice(&u32::try_from(size).unwrap().to_be_bytes());
            input.extend(std::iter::repeat_n(7, size));
            input.extend_from_slice(&[0, 0]);
            let output = definite(&input).unwrap().into_owned();
            assert!(matches!(definite(&output), Ok(Cow::Borrowed(_))), "{size}");
            assert_eq!(
                output.len(),
                2 + [(0x80, 1), (0x100, 1), (0x1_0000, 1)].iter().filter(|(at, _)| size >= *at).count() + size
            );
        }
    }

    #[test]
    fn broken_encodings_are_refused() {
        check(&[], Err(BerError::Truncated));
        check(&[0x30], Err(BerError::Truncated));
        check(&[0x30, 5, 2, 1], Err(BerError::Truncated));
        check(&[0x30, 0x80, 2, 1, 5], Err(BerError::Truncated));
        check(&[0x30, 0, 0], Err(BerError::TrailingData));
        check(&[0x30, 0x80, 0, 0, 9], Err(BerError::TrailingData));
        check(&[0x04, 0x80, 0, 0], Err(BerError::BadLength));
        check(&[0x30, 0xff], Err(BerError::BadLength));
        check(&[0x30, 0x85, 0, 0, 0, 0, 1, 0], Err(BerError::BadLength));
        check(&[0x3f, 0xff, 0xff, 0xff, 0xff, 1, 0], Err(BerError::BadTag));
    }

    #[test]
    fn nesting_ends_at_its_limit() {
        let nest = |levels: usize| {
            let mut bytes = [0x30_u8, 0x80].repeat(levels);
            bytes.extend(std::iter::repeat_n(0, 2 * levels));
            bytes
        };
        assert!(definite(&nest(DEPTH_MAX)).is_ok());
        check(&nest(DEPTH_MAX + 1), Err(BerError::TooDeep));
        let mut deep = vec![0x30, 0];
        for _ in 1..DEPTH_MAX {
            deep = [&[0x30, u8::try_from(deep.len()).unwrap()][..], &deep].concat();
        }
        assert!(definite(&deep).is_ok());
        deep = [&[0x30, u8::try_from(deep.len()).unwrap()][..], &deep].concat();
        check(&deep, Err(BerError::TooDeep));
    }
}
