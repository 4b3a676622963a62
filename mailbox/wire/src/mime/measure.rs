//! Measures the header of a message that streams by.

use memchr::memchr;

use super::{HEADER_BYTES, OverLimit};

/// It finds what [`Tree::read`](super::Tree::read) would of the first header, and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measure {
    at: At,
    /// Bytes of the header so far.
    bytes: usize,
    octets: Octets,
}

/// What the header is written in.
#[derive(Clone, Copy, Debug, Default)]
struct Octets {
    eight_bit: bool,
    /// It is not UTF-8.
    other: bool,
    /// Octets of a character still to come.
    left: u8,
}

impl Octets {
    fn read(&mut self, bytes: &[u8]) {
        if self.left == 0 && bytes.is_ascii() {
            return;
        }
        for byte in bytes {
            self.left = match (self.left, byte) {
                (0, 0..=0x7f) => 0,
                (0, 0xc2..=0xdf) => 1,
                (0, 0xe0..=0xef) => 2,
                (0, 0xf0..=0xf4) => 3,
                (1.., 0x80..=0xbf) => self.left - 1,
                _ => {
                    self.other = true;
                    0
                }
            };
            self.eight_bit |= !byte.is_ascii();
        }
    }
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
            self.octets.read(&bytes[..length]);
            self.bytes = self.bytes.saturating_add(length);
            bytes = &bytes[length..];
        }
    }

    /// Is the header in UTF-8, and not in ASCII alone? Not, where it holds anything that is no UTF-8.
    pub(crate) fn is_utf8(&self) -> bool {
        let Octets { eight_bit, other, left } = self.octets;
        eight_bit && !other && left == 0
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

    #[test]
    fn a_header_in_utf_8_is_told_from_one_in_anything_else() {
        let japanese = encoding_rs::SHIFT_JIS.encode("Subject: 計画\r\n\r\n").0;
        for cut in [1, 2, 5, 99] {
            let is_utf8 = |message: &[u8]| {
                let mut measure = Measure::default();
                message.chunks(cut).for_each(|piece| measure.read(piece));
                measure.is_utf8()
            };
            assert!(is_utf8("Subject: 計画😀é\r\n\r\nbody".as_bytes()));
            assert!(!is_utf8("Subject: plan\r\n\r\n計画".as_bytes()), "the body does not count");
            assert!(!is_utf8(&japanese) && !is_utf8(b"Subject: \xe9t\xe9\r\n\r\n"));
            assert!(!is_utf8("A: 計".as_bytes().split_last().unwrap().1), "half a character");
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
