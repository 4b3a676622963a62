//! Bytes become commands (RFC 3501 §2.2, RFC 7888).

use memchr::memchr;

use super::settings::{COMMAND_BYTES, IDLE_BYTES};

/// What came and was not yet taken, and the command being put together.
#[derive(Default)]
pub(super) struct Input {
    waiting: Vec<u8>,
    /// Bytes of `waiting` already taken.
    taken: usize,
    /// Bytes of `waiting` after `taken` that hold no line end.
    searched: usize,
    command: Vec<u8>,
    /// Octets of a literal still to come into `command`.
    literal: usize,
    /// The command is refused; what is left of it goes by.
    passing: Option<u64>,
}

/// What can be done with the bytes that are here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Nothing until more bytes come.
    More,
    /// This is a whole command, its literals inside.
    Command(Vec<u8>),
    /// The command so far ends with a literal's size: [`Input::accept`], [`Input::stream`] or [`Input::refuse`] it.
    Literal(Literal),
    /// The refused command has gone by.
    Passed,
    /// A line does not end with CR LF (Profile §12.3).
    BareLineFeed(Vec<u8>),
    /// The command is too long.
    TooLong,
}

/// The announcement of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) size: u64,
    /// The client waits for a `+` before it sends the octets.
    pub(super) waits: bool,
}

impl Input {
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.waiting.drain(..self.taken);
        self.taken = 0;
        // A connection that once sent much keeps no room for it.
        self.waiting.shrink_to(IDLE_BYTES.max(bytes.len()));
        self.waiting.extend_from_slice(bytes);
    }

    /// Is no command half read?
    pub(super) fn rests(&self) -> bool {
        self.waiting() == 0 && self.command.is_empty() && self.passing.is_none()
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len() - self.taken
    }

    /// Forgets everything (RFC 3501 §6.2.1: what came in clear before TLS).
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The command so far.
    pub(super) fn command(&self) -> &[u8] {
        &self.command
    }

    /// What to do with what is here.
    pub(super) fn read(&mut self) -> Read {
        loop {
            if !self.octets() {
                return Read::More;
            }
            if let Some(read) = self.line() {
                return read;
            }
        }
    }

    /// Moves the octets of a literal to where they go; are they all here?
    fn octets(&mut self) -> bool {
        if let Some(left) = &mut self.passing {
            let step = usize::try_from(*left).unwrap_or(usize::MAX).min(self.waiting.len() - self.taken);
            *left -= step as u64;
            self.taken += step;
            return *left == 0;
        }
        let step = self.literal.min(self.waiting());
        self.command.extend_from_slice(&self.waiting[self.taken..self.taken + step]);
        self.taken += step;
        self.literal -= step;
        self.literal == 0
    }

    fn line(&mut self) -> Option<Read> {
        let here = &self.waiting[self.taken..];
        let Some(end) = memchr(b'\n', &here[self.searched..]) else {
            self.searched = here.len();
            let long = self.command.len() + here.len() > COMMAND_BYTES;
            return Some(if long { Read::TooLong } else { Read::More });
        };
        let line = &here[..=self.searched + end];
        self.searched = 0;
        self.taken += line.len();
        if self.command.len() + line.len() > COMMAND_BYTES {
            return Some(Read::TooLong);
        }
        let literal = announced(line);
        if self.passing.is_some() {
            // A literal the client waits with never comes; one it does not wait with goes by too.
            self.passing = literal.filter(|literal| !literal.waits).map(|literal| literal.size);
            return self.passing.is_none().then_some(Read::Passed);
        }
        self.command.extend_from_slice(line);
        if !line.ends_with(b"\r\n") {
            return Some(Read::BareLineFeed(std::mem::take(&mut self.command)));
        }
        Some(match literal {
            Some(literal) => Read::Literal(literal),
            None => Read::Command(std::mem::take(&mut self.command)),
        })
    }

    /// The literal becomes part of the command.
    pub(super) fn accept(&mut self, size: usize) {
        self.literal = size;
    }

    /// The literal streams by; the command so far is taken out.
    pub(super) fn stream(&mut self) {
        self.command.clear();
    }

    /// The command is refused. A literal that comes all the same goes by, and what follows it.
    pub(super) fn refuse(&mut self, literal: Literal) {
        self.command.clear();
        self.passing = (!literal.waits).then_some(literal.size);
    }

    /// At most `limit` of the bytes that are here.
    pub(super) fn take(&mut self, limit: u64) -> Vec<u8> {
        let here = &self.waiting[self.taken..];
        let length = usize::try_from(limit).unwrap_or(usize::MAX).min(here.len());
        let bytes = here[..length].to_vec();
        self.taken += length;
        self.searched = 0;
        bytes
    }
}

/// A line that ends with `{size}` or `{size+}`.
fn announced(line: &[u8]) -> Option<Literal> {
    let inner = line.strip_suffix(b"}\r\n")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let (digits, waits) = match &inner[open + 1..] {
        [digits @ .., b'+'] => (digits, false),
        digits => (digits, true),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // More digits than fit are as good as the largest number: refused all the same.
    let size = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
    Some(Literal { size, waits })
}
