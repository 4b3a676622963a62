//! What has many lines, made piece by piece (RFC 1939 §3): lists, and messages with their dots stuffed.

use super::maildrop::Maildrop;
use super::settings::STEP_BYTES;

/// What a list tells of each message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    Sizes,
    UniqueIds,
}

/// The next lines of a list from this number on, and where to go on; `None` when it is complete.
pub(super) fn list(maildrop: &Maildrop, told: Told, from: usize) -> (Vec<u8>, Option<usize>) {
    let mut lines = Vec::new();
    for number in from..=maildrop.last() {
        if lines.len() > STEP_BYTES {
            return (lines, Some(number));
        }
        if let Some(message) = maildrop.get(number) {
            let line = match told {
                Told::Sizes => format!("{number} {}\r\n", message.size),
                Told::UniqueIds => format!("{number} {}\r\n", maildrop.unique_id(message)),
            };
            lines.extend(line.into_bytes());
        }
    }
    lines.extend(b".\r\n");
    (lines, None)
}

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Stuffer {
    at: At,
    /// The last octet was CR.
    cr: bool,
    /// Lines of the body still wanted; `None` is all.
    lines: Option<u64>,
    /// The empty line that ends the header went by.
    in_body: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Nothing of the line went by.
    Start,
    /// Only a CR did.
    Cr,
    Middle,
}

impl Stuffer {
    /// Of the whole message, or (TOP) of its header and so many lines.
    pub(super) fn new(lines: Option<u64>) -> Self {
        Self { at: At::Start, cr: false, lines, in_body: false }
    }

    /// Is everything wanted written?
    pub(super) fn is_done(&self) -> bool {
        self.in_body && self.lines == Some(0) && self.at == At::Start
    }

    /// Writes on. A line that begins with a dot gets one more (RFC 1939 §3).
    pub(super) fn write(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for octet in octets {
            if self.is_done() {
                return;
            }
            if self.at == At::Start && *octet == b'.' {
                out.push(b'.');
            }
            out.push(*octet);
            self.turn(*octet);
        }
    }

    fn turn(&mut self, octet: u8) {
        if self.cr && octet == b'\n' {
            let was_empty = self.at == At::Cr;
            if !self.in_body {
                self.in_body = was_empty;
            } else if let Some(lines) = &mut self.lines {
                *lines = lines.saturating_sub(1);
            }
            (self.at, self.cr) = (At::Start, false);
            return;
        }
        self.cr = octet == b'\r';
        self.at = if self.at == At::Start && self.cr { At::Cr } else { At::Middle };
    }

    /// The end: a line with a dot alone. A message whose last line has no end gets one.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self.at != At::Start {
            out.extend(b"\r\n");
        }
        out.extend(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(message: &str, lines: Option<u64>, cut: usize) -> String {
        let (mut stuffer, mut out) = (Stuffer::new(lines), Vec::new());
        message.as_bytes().chunks(cut).for_each(|piece| stuffer.write(piece, &mut out));
        stuffer.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_that_begin_with_a_dot_get_one_more() {
        // RFC 1939 §3
        assert_eq!(written("A: b\r\n\r\n.\r\n..c\r\nd.", None, 9), "A: b\r\n\r\n..\r\n...c\r\nd.\r\n.\r\n");
        assert_eq!(written("", None, 1), ".\r\n");
    }

    #[test]
    fn top_ends_after_its_lines() {
        // RFC 1939 §7
        let message = "A: b\r\nC: d\r\n\r\none\r\ntwo\r\nthree\r\n";
        assert_eq!(written(message, Some(0), 4), "A: b\r\nC: d\r\n\r\n.\r\n");
        assert_eq!(written(message, Some(2), 4), "A: b\r\nC: d\r\n\r\none\r\ntwo\r\n.\r\n");
        assert_eq!(written(message, Some(9), 4), format!("{message}.\r\n"));
        assert_eq!(written("A: b\r\n", Some(0), 4), "A: b\r\n.\r\n", "a header without an end");
    }

    proptest! {
        #[test]
        fn what_a_client_unstuffs_is_the_message_however_it_is_cut(message in "[.a\r\n]{0,40}", cut in 1..9usize) {
            let out = written(&message, None, cut);
            prop_assert_eq!(&out, &written(&message, None, 4096));
            let body = out.strip_suffix(".\r\n").unwrap();
            prop_assert!(!body.starts_with(".\r\n") && !body.contains("\r\n.\r\n"), "no end before the end");
            let lines = body.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line));
            let back = lines.collect::<Vec<_>>().join("\r\n");
            let whole = message.is_empty() || message.ends_with("\r\n");
            prop_assert_eq!(back, if whole { message } else { message + "\r\n" });
        }
    }
}
