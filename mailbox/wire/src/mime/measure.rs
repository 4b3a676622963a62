//! Measures the header of a message that streams by.

use memchr::memchr;

use super::{HEADER_BYTES, OverLimit};

/// It finds what [`Tree::read`](super::Tree::read) would of the first header, and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measure {
    at: At,
    /// Bytes of the header so far.
    bytes: usize,
}

/// Where in the header the reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Start,
    /// After a CR that began the line.
    Cr,
    Line,
    /// The blank line went by.
    Body,
}

impl Measure {
    /// Reads on.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        while self.at != At::Body && self.bytes <= HEADER_BYTES {
            let Some(&byte) = bytes.first() else { return };
            let (at, length) = match (self.at, byte) {
                (At::Start | At::Cr, b'\n') => (At::Body, 1),
                (At::Start, b'\r') => (At::Cr, 1),
                _ => memchr(b'\n', bytes).map_or((At::Line, bytes.len()), |end| (At::Start, end + 1)),
            };
            self.at = at;
            self.bytes = self.bytes.saturating_add(length);
            bytes = &bytes[length..];
        }
    }

    /// The limit that is passed, if it is.
    pub(crate) fn over(&self) -> Option<OverLimit> {
        (self.bytes > HEADER_BYTES).then_some(OverLimit::Header)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::*;
    use proptest::prelude::*;

    fn over(message: &[u8], cut: usize) -> Option<OverLimit> {
        let mut measure = Measure::default();
        message.chunks(cut).for_each(|piece| measure.read(piece));
        measure.over()
    }

    #[test]
    fn the_blank_line_counts_and_the_body_does_not() {
        let header = |bytes: usize| [b"A: ".as_slice(), &vec![b'x'; bytes - 7], b"\r\n\r\n"].concat();
        let body = vec![b'y'; HEADER_BYTES];
        for cut in [1, 7, 4096, 1 << 20] {
            assert_eq!(over(&[header(HEADER_BYTES), body.clone()].concat(), cut), None);
            assert_eq!(over(&header(HEADER_BYTES + 1), cut), Some(OverLimit::Header));
            assert_eq!(over(&[b"\n".as_slice(), &body].concat(), cut), None);
            assert_eq!(over(&body, cut), None, "all of it is header");
            assert_eq!(over(&[body.as_slice(), b"y"].concat(), cut), Some(OverLimit::Header));
        }
    }

    proptest! {
        #[test]
        fn what_is_measured_is_what_is_read(
            fill in HEADER_BYTES - 30..HEADER_BYTES + 3, line in 1..2000usize, tail in "[a\r\n]{0,30}", cut in 1..9000usize,
        ) {
            let mut message: Vec<u8> = (0..fill).map(|at| if at % line == line - 1 && line > 1 { b'\n' } else { b'x' }).collect();
            message.extend(tail.as_bytes());
            prop_assert_eq!(over(&message, cut), Tree::read(&message).err());
        }
    }
}
