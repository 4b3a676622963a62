//! Dividing `multipart/signed` (RFC 1847 §2.1) without guessing. Where two readers could see different parts, the message
//! is refused: a signature must cover what every reader shows.
//!
//! ```text
//! body      = [preamble CRLF] delimiter first CRLF delimiter second CRLF close [epilogue]
//! delimiter = "--" boundary *(SP / HTAB) CRLF
//! close     = "--" boundary "--" *(SP / HTAB) (CRLF / end)
//! ```

use crate::limits::{DELIMITER_PADDING_MAX, PREAMBLE_BYTES_MAX};

/// What separates the parts.
pub(crate) struct Boundary {
    dashes: Vec<u8>,
}

/// Where the octets begin among which a delimiter is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// Where the body does: a delimiter may stand there.
    Body,
    /// Behind a delimiter, which took the line end.
    Part,
    /// Within a section, and not behind a line end, which is kept with what may follow it.
    Within,
}

/// What a search found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole delimiter. The CRLF in front of it belongs to it (RFC 2046 §5.1.1).
    Delimiter { start: usize, end: usize, closes: bool },
    /// None begins before this place; what follows needs more octets to tell.
    NotBefore(usize),
    /// None at all.
    Nothing,
    /// One behind so many octets that only some readers would see.
    Wrong { start: usize, reason: &'static str },
}

const NOT_TWO: &str = "there are not exactly two parts";

impl Boundary {
    /// RFC 2046 §5.1.1: 1 to 70 of these characters, no space at the end.
    pub(crate) fn new(text: &str) -> Result<Self, &'static str> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
        if !(1..=70).contains(&text.len()) || text.ends_with(' ') || !text.bytes().all(allowed) {
            return Err("the boundary is not one");
        }
        Ok(Self { dashes: format!("--{text}").into_bytes() })
    }

    /// The next delimiter in these octets of a section of the body. `complete`: nothing comes after them.
    pub(crate) fn find(&self, section: &[u8], begins: Begins, complete: bool) -> Found {
        for at in memchr::memmem::find_iter(section, &self.dashes) {
            let wrong = |reason| Found::Wrong { start: at.saturating_sub(2), reason };
            let start = match &section[..at] {
                [] => match begins {
                    Begins::Body => 0,
                    Begins::Part => return wrong("a part is empty"),
                    Begins::Within => continue,
                },
                [.., b'\r', b'\n'] => at - 2,
                [.., b'\n' | b'\r'] => return wrong("a delimiter follows a line that does not end with CRLF"),
                _ => continue,
            };
            let end = at + self.dashes.len();
            return match line_end(&section[end..], complete) {
                Ok(Some((size, closes))) => Found::Delimiter { start, end: end + size, closes },
                Ok(None) => Found::NotBefore(start),
                Err(reason) => wrong(reason),
            };
        }
        // A delimiter may have begun: its octets but one, and the line end in front of it.
        let open = self.dashes.len() + 1;
        if complete { Found::Nothing } else { Found::NotBefore(section.len().saturating_sub(open)) }
    }
}

/// How far a delimiter reaches behind its boundary, and whether it closes; `None`: that is still to come.
fn line_end(rest: &[u8], complete: bool) -> Result<Option<(usize, bool)>, &'static str> {
    let closes = rest.starts_with(b"--");
    let dashes = if closes { 2 } else { 0 };
    let padding = rest[dashes..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let size = dashes + padding;
    match &rest[size..] {
        _ if padding > DELIMITER_PADDING_MAX => {}
        [b'\r', b'\n', ..] => return Ok(Some((size + 2, closes))),
        [] | [b'\r'] if !complete => return Ok(None),
        [b'-'] if !complete && size == 0 => return Ok(None),
        [] if closes => return Ok(Some((size, closes))),
        _ => {}
    }
    // A reader that compares beginnings only would see a delimiter here, another would not.
    Err("a line begins like a delimiter and is none")
}

/// Where in the body we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Preamble,
    First,
    Second,
    Epilogue,
}

impl Section {
    /// The order of sections is the whole grammar.
    pub(crate) fn next(self, closes: bool) -> Result<Self, &'static str> {
        match (self, closes) {
            (Self::Preamble, false) => Ok(Self::First),
            (Self::First, false) => Ok(Self::Second),
            (Self::Second, true) => Ok(Self::Epilogue),
            _ => Err(NOT_TWO),
        }
    }

    /// How it begins.
    pub(crate) fn begins(self) -> Begins {
        if self == Self::Preamble { Begins::Body } else { Begins::Part }
    }

    /// What is wrong when no delimiter ends this section, which has `size` octets.
    pub(crate) fn missing(self, size: usize) -> &'static str {
        self.wrong(size, NOT_TWO)
    }

    /// What is wrong with it where this is found behind `size` octets of it: of a preamble that was too long before, that it
    /// is. Who reads it piece by piece knows no more by then.
    pub(crate) fn wrong(self, size: usize, reason: &'static str) -> &'static str {
        match self {
            Self::Preamble if size > PREAMBLE_BYTES_MAX => UNSIGNED_TEXT,
            _ => reason,
        }
    }
}

const UNSIGNED_TEXT: &str = "unsigned text stands in front of the parts";

/// Unsigned text in front of the parts: the customary sentence to readers without S/MIME, on one line. What a reader could
/// take for content, with header fields or marks of HTML, is refused.
pub(crate) fn check_preamble(octets: &[u8]) -> Result<(), &'static str> {
    if octets.len() > PREAMBLE_BYTES_MAX {
        return Err(UNSIGNED_TEXT);
    }
    let is_blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
    let mut lines = octets.split(|octet| *octet == b'\n').filter(|line| !is_blank(line));
    let (line, None) = (lines.next().unwrap_or_default(), lines.next()) else { return Err(UNSIGNED_TEXT) };
    let is_plain = |octet: &u8| matches!(octet, b'\t' | b'\r' | b' '..=b'~') && !b"<>&{}".contains(octet);
    let first_word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if line.iter().all(is_plain) && !first_word.contains(&b':') { Ok(()) } else { Err(UNSIGNED_TEXT) }
}

/// Nothing but white space behind the parts.
pub(crate) fn check_epilogue(octets: &[u8]) -> Result<(), &'static str> {
    if octets.iter().all(u8::is_ascii_whitespace) { Ok(()) } else { Err("unsigned text follows the parts") }
}

/// The two parts of a whole body, octet for octet.
pub(crate) fn two_parts<'m>(body: &'m [u8], boundary: &Boundary) -> Result<(&'m [u8], &'m [u8]), &'static str> {
    let (mut section, mut rest) = (Section::Preamble, body);
    let mut parts = [&body[..0]; 2];
    while section != Section::Epilogue {
        let (start, end, closes) = match boundary.find(rest, section.begins(), true) {
            Found::Delimiter { start, end, closes } => (start, end, closes),
            Found::Wrong { start, reason } => return Err(section.wrong(start, reason)),
            Found::NotBefore(_) | Found::Nothing => return Err(section.missing(rest.len())),
        };
        match section {
            Section::First => parts[0] = &rest[..start],
            Section::Second => parts[1] = &rest[..start],
            Section::Preamble | Section::Epilogue => check_preamble(&rest[..start])?,
        }
        section = section.next(closes)?;
        rest = &rest[end..];
    }
    check_epilogue(rest)?;
    Ok((parts[0], parts[1]))
}

#[cfg(test)]
mod tests;
