//! Reads a message body as it streams by (RFC 5321 §4.5.2): finds its end, takes the stuffed dots out, counts.

use fumibako_model::{Refusal, Refused};
use memchr::{memchr, memchr2};

/// The reader of one body. It keeps a state and a count, never the body.
pub(super) struct Body {
    at: At,
    /// Bytes of the message so far, as RFC 1870 §5 counts them: with CR LF, without stuffed dots and the last line.
    bytes: u64,
    limit: u64,
    bare: bool,
    /// A NUL, which neither IMAP (RFC 3501 §9) nor a program for texts can carry.
    nul: bool,
}

/// Where in a line the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Middle,
    Cr,
    Dot,
    DotCr,
    End,
}

/// What came of some bytes.
pub(super) struct Read {
    /// So many of them were read; past the end of the body stand commands.
    pub(super) used: usize,
    /// What they add to the message; empty when it will be refused anyway.
    pub(super) piece: Vec<u8>,
    /// The body is complete.
    pub(super) ended: bool,
}

impl Body {
    /// A body of at most `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self { at: At::Start, bytes: 0, limit, bare: false, nul: false }
    }

    /// Reads on.
    ///
    /// ```text
    /// body = *( ["."] *octet CRLF ) "." CRLF     ; a line that begins with "." has one more in front
    /// ```
    pub(super) fn read(&mut self, bytes: &[u8]) -> Read {
        let mut piece = Vec::with_capacity(bytes.len());
        let mut used = 0;
        while used < bytes.len() && self.at != At::End {
            if self.at == At::Middle {
                let rest = &bytes[used..];
                let run = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                self.nul |= memchr(0, &rest[..run]).is_some();
                piece.extend_from_slice(&rest[..run]);
                used += run;
            }
            if let Some(byte) = bytes.get(used) {
                self.at = self.turn(*byte, &mut piece);
                used += 1;
            }
        }
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.refused().is_some() {
            piece.clear();
        }
        Read { used, piece, ended: self.at == At::End }
    }

    /// Octets of a chunk (RFC 3030): no dot is stuffed, no line ends the message. They still are lines that end with CR LF, also in
    /// what was declared BINARYMIME, as every reader here gets lines (Profile §12.3, §13.11).
    pub(super) fn chunk(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut after_cr = self.at == At::Cr;
        for octet in octets {
            self.bare |= after_cr != (*octet == b'\n');
            self.nul |= *octet == 0;
            after_cr = *octet == b'\r';
        }
        if !octets.is_empty() {
            self.at = if after_cr { At::Cr } else { At::Middle };
        }
        self.bytes = self.bytes.saturating_add(octets.len() as u64);
        if self.refused().is_some() { Vec::new() } else { octets.to_vec() }
    }

    /// The last chunk came.
    pub(super) fn close(&mut self) {
        self.bare |= self.at == At::Cr;
    }

    /// Only CR LF ends a line and only CR LF "." CR LF the body. A CR or LF alone never does; it spoils the message,
    /// whose real end is still awaited (RFC 5321 §2.3.8, §4.1.1.4).
    fn turn(&mut self, byte: u8, piece: &mut Vec<u8>) -> At {
        match (self.at, byte) {
            (At::Start, b'.') => At::Dot,
            (At::Start | At::Middle, b'\r') => At::Cr,
            (At::Dot, b'\r') => At::DotCr,
            (At::DotCr, b'\n') => At::End,
            (At::Cr, b'\n') => {
                piece.extend_from_slice(b"\r\n");
                At::Start
            }
            (At::Cr | At::DotCr, b'\r') => {
                self.bare = true;
                At::Cr
            }
            (at, byte) => {
                self.nul |= byte == 0;
                self.bare |= byte == b'\n' || matches!(at, At::Cr | At::DotCr);
                piece.push(byte);
                At::Middle
            }
        }
    }

    /// Why the message cannot be taken, as far as it was read.
    pub(super) fn refused(&self) -> Option<Refused> {
        if self.bare {
            Some(Refusal::MessageMalformed.about("a CR or LF stands alone; lines end with CR LF"))
        } else if self.nul {
            Some(Refusal::MessageMalformed.about("a NUL; send it as base64"))
        } else if self.bytes > self.limit {
            Some(too_large(self.limit))
        } else {
            None
        }
    }
}

/// The refusal of a message past the limit.
pub(super) fn too_large(limit: u64) -> Refused {
    Refusal::MessageTooLarge.about(format_args!("at most {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message, or why it is refused, and what stands after its end.
    type Ended = (Result<Vec<u8>, Refusal>, Vec<u8>);

    /// What comes of bytes cut into pieces.
    fn read(bytes: &[u8], cut: usize, limit: u64) -> Option<Ended> {
        let mut body = Body::new(limit);
        let mut message = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let read = body.read(&rest[..cut.min(rest.len())]);
            message.extend(read.piece);
            rest = &rest[read.used..];
            if read.ended {
                return Some((body.refused().map_or(Ok(message), |refused| Err(refused.why)), rest.to_vec()));
            }
        }
        None
    }

    fn message(bytes: &[u8]) -> Option<Result<Vec<u8>, Refusal>> {
        read(bytes, 4096, 1000).map(|(message, _)| message)
    }

    #[test]
    fn stuffed_dots_come_out() {
        // RFC 5321 §4.5.2
        assert_eq!(message(b"..\r\n.a\r\na.\r\n.\r\n"), Some(Ok(b".\r\na\r\na.\r\n".to_vec())));
        assert_eq!(message(b".\r\n"), Some(Ok(Vec::new())));
    }

    #[test]
    fn what_follows_the_end_is_left_alone() {
        assert_eq!(read(b"a\r\n.\r\nQUIT\r\n", 4096, 9).unwrap().1, b"QUIT\r\n");
    }

    #[test]
    fn nothing_but_cr_lf_dot_cr_lf_ends_a_message() {
        // RFC 5321 §4.1.1.4, §2.3.8
        for end in ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\r\n.\r\r\n", "\n.\r", "\r\n.\n\r\n"]
        {
            let attempt = format!("a{end}MAIL FROM:<9970000011@plans.example>\r\n");
            assert_eq!(message(attempt.as_bytes()), None, "{end:?}");
            let ended = format!("{attempt}.\r\n");
            assert_eq!(message(ended.as_bytes()), Some(Err(Refusal::MessageMalformed)), "{end:?}");
        }
    }

    #[test]
    fn a_message_of_the_limit_is_taken_and_one_byte_more_is_not() {
        // RFC 1870 §5: the stuffed dot and the last line do not count.
        assert_eq!(read(b"..34\r\n.\r\n", 4096, 5).unwrap().0, Ok(b".34\r\n".to_vec()));
        assert_eq!(read(b"..345\r\n.\r\n", 4096, 5).unwrap().0, Err(Refusal::MessageTooLarge));
    }

    proptest! {
        #[test]
        fn a_message_comes_out_as_it_went_in(lines in prop::collection::vec("[.a]{0,4}", 0..9), cut in 1..9usize) {
            let mut sent = String::new();
            let mut wire = String::new();
            for line in &lines {
                sent.extend([line, "\r\n"]);
                wire.extend([if line.starts_with('.') { "." } else { "" }, line, "\r\n"]);
            }
            wire.push_str(".\r\nrest");
            prop_assert_eq!(read(wire.as_bytes(), cut, 1000), Some((Ok(sent.into()), b"rest".to_vec())));
        }

        #[test]
        fn the_end_is_the_same_however_the_bytes_are_cut(bytes in "[.a\r\n]{0,40}", cut in 1..9usize) {
            prop_assert_eq!(read(bytes.as_bytes(), cut, 12), read(bytes.as_bytes(), 4096, 12));
            let real = bytes.starts_with(".\r\n") || bytes.contains("\r\n.\r\n");
            prop_assert_eq!(read(bytes.as_bytes(), 4096, 12).is_some(), real);
        }
    }
}
