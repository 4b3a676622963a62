//! Cuts command lines out of the bytes received.

use memchr::memchr2;

/// Bytes received and not yet understood.
#[derive(Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to here there is no line end.
    seen: usize,
    /// What follows up to CR LF belongs to a line already refused.
    swallowing: bool,
}

/// What stands next in the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, without its CR LF.
    Whole(Vec<u8>),
    /// A line past its limit, which begins so; the rest of it will be swallowed.
    TooLong([u8; 4]),
    /// A CR or LF alone; what follows up to CR LF will be swallowed.
    BareEnd,
}

impl Lines {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.seen -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Forgets everything received.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is not yet read, for a reader of bodies.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// A reader of bodies has read so much of [`rest`](Self::rest).
    pub(crate) fn read(&mut self, count: usize) {
        self.start += count;
        self.seen = self.start;
    }

    /// The next line, of at most as many bytes with its CR LF as `limit` says, which sees how it begins.
    ///
    /// RFC 5321 §2.3.8: only CR LF ends a line. A CR or LF alone is refused at once, and nothing up to the next CR LF is
    /// obeyed, so no two programs on the way can disagree about where a command begins.
    pub(crate) fn next(&mut self, limit: impl Fn(&[u8]) -> usize) -> Option<Line> {
        loop {
            let end = memchr2(b'\r', b'\n', &self.bytes[self.seen..]).map(|at| self.seen + at);
            self.seen = end.unwrap_or(self.bytes.len());
            if self.swallowing {
                self.start = self.seen;
            } else if self.seen - self.start + 2 > limit(self.rest()) {
                let begins = self.rest().first_chunk().copied().unwrap_or_default();
                self.start = self.seen;
                self.swallowing = true;
                return Some(Line::TooLong(begins));
            }
            let end = end?;
            match (self.bytes[end], self.bytes.get(end + 1)) {
                (b'\r', None) => return None,
                (b'\r', Some(b'\n')) => {
                    let line = self.bytes[self.start..end].to_vec();
                    self.read(end + 2 - self.start);
                    if !std::mem::take(&mut self.swallowing) {
                        return Some(Line::Whole(line));
                    }
                }
                _ => {
                    self.read(end + 1 - self.start);
                    self.swallowing = true;
                    return Some(Line::BareEnd);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(bytes: &[u8], cut: usize) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(cut) {
            lines.push(piece);
            found.extend(std::iter::from_fn(|| lines.next(|_| 10)));
        }
        found
    }

    fn whole(line: &str) -> Line {
        Line::Whole(line.into())
    }

    #[test]
    fn a_line_ends_with_cr_lf() {
        assert_eq!(cut(b"one\r\n\r\ntwo\r\nthr", 5), [whole("one"), whole(""), whole("two")]);
    }

    #[test]
    fn a_line_of_ten_bytes_fits_into_ten() {
        assert_eq!(
            cut(b"12345678\r\n123456789\r\nok\r\n", 4),
            [whole("12345678"), Line::TooLong(*b"1234"), whole("ok")]
        );
    }

    #[test]
    fn a_bare_cr_or_lf_spoils_the_line_it_stands_in() {
        // RFC 5321 §2.3.8
        assert_eq!(cut(b"a\nb\r\nok\r\n", 99), [Line::BareEnd, whole("ok")]);
        assert_eq!(cut(b"a\rb\r\nok\r\n", 99), [Line::BareEnd, whole("ok")]);
        assert_eq!(cut(b"a\r\r\nok\r\n", 99), [Line::BareEnd, whole("ok")]);
        assert_eq!(cut(b"a\nb\nc\nok\r\nok\r\n", 99), [Line::BareEnd, Line::BareEnd, Line::BareEnd, whole("ok")]);
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_the_bytes_are_cut(bytes in "[a\r\n]{0,60}", at in 1..9usize) {
            prop_assert_eq!(cut(bytes.as_bytes(), at), cut(bytes.as_bytes(), 4096));
        }
    }
}
