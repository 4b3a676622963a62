//! Verifying while the message passes by: what it takes in memory does not grow with the message.
//!
//! The law, held by a test: however the octets are cut, it believes exactly what [`crate::Signed`] believes of the whole
//! message.

use aws_lc_rs::digest::{Context, Digest};

use crate::algorithm::Hash;
use crate::cms::malformed;
use crate::error::{Layer, SignatureError};
use crate::limits::{HEADER_BYTES_MAX, PREAMBLE_BYTES_MAX};
use crate::mime::Entity;
use crate::multipart::{Begins, Boundary, Found, Section, check_epilogue, check_preamble};
use crate::signed::{ENCODED_BYTES_MAX, Signature, outer_layer, signature_octets, too_large, verified};

/// A signed message on its way. Give it every piece, then ask with [`SignedStream::finish`].
///
/// Unlike a whole message, it must announce a digest other than SHA-256 in its `micalg` parameter (RFC 1847 §2.1), for
/// the content does not pass by a second time.
pub struct SignedStream {
    state: Result<State, SignatureError>,
}

enum State {
    /// The message's own header, as far as it came.
    Header(Vec<u8>),
    Body(Box<Body>),
}

struct Body {
    boundary: Boundary,
    section: Section,
    /// Octets that may belong to a delimiter.
    held: Vec<u8>,
    preamble: Vec<u8>,
    /// Whether what is held begins its section.
    begins: bool,
    digests: Vec<(Hash, Context)>,
    /// The beginning of the signed part, where its header is.
    head: Vec<u8>,
    second: Vec<u8>,
}

impl SignedStream {
    /// Before the first octet.
    pub fn new() -> Self {
        Self { state: Ok(State::Header(Vec::new())) }
    }

    /// The next octets of the message. An error is final: it says the same at the end.
    pub fn receive(&mut self, piece: &[u8]) -> Result<(), SignatureError> {
        self.receive_with(piece, &mut |_| ())
    }

    /// The next octets of the message; what of them belongs to the signed part goes to `part`, once and in order.
    /// None of it is verified before [`SignedStream::finish`] says so.
    pub fn receive_with(&mut self, piece: &[u8], part: &mut impl FnMut(&[u8])) -> Result<(), SignatureError> {
        let next = match &mut self.state {
            Err(error) => return Err(error.clone()),
            Ok(State::Body(body)) => body.receive(piece, false, part),
            Ok(State::Header(header)) => {
                header.extend_from_slice(piece);
                match header_end(header) {
                    None if header.len() <= HEADER_BYTES_MAX => return Ok(()),
                    _ => Body::begin(header, part).map(|body| self.state = Ok(State::Body(Box::new(body)))),
                }
            }
        };
        next.inspect_err(|error| self.state = Err(error.clone()))
    }

    /// The header block of the signed part, once it passed: what the sender says about the message, for everybody to
    /// compare. It is not verified before [`SignedStream::finish`] says so.
    pub fn part_header(&self) -> Option<&[u8]> {
        let Ok(State::Body(body)) = &self.state else { return None };
        header_end(&body.head).map(|end| &body.head[..end])
    }

    /// After the last octet: the verified signature, or why there is none.
    pub fn finish(self) -> Result<Signature, SignatureError> {
        match self.state? {
            State::Header(header) => Body::begin(&header, &mut |_| ())?.finish(),
            State::Body(body) => body.finish(),
        }
    }
}

impl Default for SignedStream {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for SignedStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.state {
            Ok(State::Header(_)) => f.write_str("SignedStream(header)"),
            Ok(State::Body(body)) => write!(f, "SignedStream({:?})", body.section),
            Err(error) => write!(f, "SignedStream({error})"),
        }
    }
}

impl Body {
    fn begin(message: &[u8], part: &mut impl FnMut(&[u8])) -> Result<Self, SignatureError> {
        let entity = Entity::read(message, Layer::Header)?;
        let (boundary, announced) = outer_layer(&entity)?;
        let mut hashes = vec![Hash::Sha256];
        hashes.extend(announced.filter(|hash| *hash != Hash::Sha256));
        let mut body = Self {
            boundary,
            section: Section::Preamble,
            held: Vec::new(),
            preamble: Vec::new(),
            begins: true,
            digests: hashes.into_iter().map(|hash| (hash, Context::new(hash.provider()))).collect(),
            head: Vec::new(),
            second: Vec::new(),
        };
        body.receive(entity.body, false, part)?;
        Ok(body)
    }

    fn receive(&mut self, piece: &[u8], complete: bool, part: &mut impl FnMut(&[u8])) -> Result<(), SignatureError> {
        let wrong = |reason| malformed(Layer::Parts, reason);
        self.held.extend_from_slice(piece);
        loop {
            if self.section == Section::Epilogue {
                check_epilogue(&self.held).map_err(wrong)?;
                self.held.clear();
                return Ok(());
            }
            let begins = if self.begins { self.section.begins() } else { Begins::Within };
            match self.boundary.find(&self.held, begins, complete) {
                Found::Delimiter { start, end, closes } => {
                    self.pass(start, part)?;
                    if self.section == Section::Preamble {
                        check_preamble(&self.preamble).map_err(wrong)?;
                    }
                    self.held.drain(..end - start);
                    self.section = self.section.next(closes).map_err(wrong)?;
                    self.begins = true;
                }
                Found::NotBefore(place) => return self.pass(place, part),
                Found::Nothing => return Err(wrong(self.section.missing(self.preamble.len() + self.held.len()))),
                Found::Wrong { start, reason } => {
                    return Err(wrong(self.section.wrong(self.preamble.len() + start, reason)));
                }
            }
        }
    }

    /// These octets belong to the section we are in, whatever follows.
    fn pass(&mut self, count: usize, part: &mut impl FnMut(&[u8])) -> Result<(), SignatureError> {
        let octets = &self.held[..count];
        match self.section {
            Section::Preamble | Section::Epilogue => {
                self.preamble.extend_from_slice(octets);
                if self.preamble.len() > PREAMBLE_BYTES_MAX {
                    return Err(malformed(Layer::Parts, Section::Preamble.missing(self.preamble.len())));
                }
            }
            Section::First => {
                self.digests.iter_mut().for_each(|(_, context)| context.update(octets));
                // One octet more than a header may have, so that a longer one is seen.
                let room = (HEADER_BYTES_MAX + 1).saturating_sub(self.head.len());
                self.head.extend_from_slice(&octets[..count.min(room)]);
                part(octets);
            }
            Section::Second => {
                if self.second.len() + count > HEADER_BYTES_MAX + ENCODED_BYTES_MAX {
                    return Err(too_large());
                }
                self.second.extend_from_slice(octets);
            }
        }
        self.held.drain(..count);
        self.begins &= count == 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Signature, SignatureError> {
        self.receive(&[], true, &mut |_| ())?;
        Entity::read(&self.head, Layer::Parts)?;
        let signature = signature_octets(&self.second)?;
        let digests: Vec<(Hash, Digest)> =
            self.digests.into_iter().map(|(hash, context)| (hash, context.finish())).collect();
        verified(&signature, |wanted| digests.iter().find(|(hash, _)| *hash == wanted).map(|(_, digest)| *digest))
    }
}

/// Where the header's fields end, the last line's CRLF included.
fn header_end(octets: &[u8]) -> Option<usize> {
    if octets.starts_with(b"\r\n") {
        return Some(0);
    }
    memchr::memmem::find(octets, b"\r\n\r\n").map(|at| at + 2)
}

#[cfg(all(test, feature = "authority"))]
#[allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::sign::sign;
    use crate::signed::tests::office;

    const PIECE_BYTES: usize = 16 * 1024;
    /// The first of the signed part, in which its header is looked for, and what may belong to a delimiter: a piece and the
    /// rest of the one before. A vector that grows may take twice what stands in it.
    const MOST_BYTES: usize = 2 * (HEADER_BYTES_MAX + 2 * PIECE_BYTES);

    /// What all its buffers took from memory, used or not.
    fn taken(stream: &SignedStream) -> usize {
        match stream.state.as_ref().unwrap() {
            State::Header(header) => header.capacity(),
            State::Body(body) => [&body.held, &body.preamble, &body.head, &body.second].map(Vec::capacity).iter().sum(),
        }
    }

    /// The most that is taken while a message with five megabytes of these lines passes, and its size.
    fn most_taken(line: &[u8]) -> (usize, usize) {
        let at = Timestamp::constant(1_793_873_410, 0);
        let entity = [b"A: b\r\n\r\n", line.repeat(5_000_000 / line.len()).as_slice()].concat();
        let signed = sign(&entity, &office(at), at).unwrap();
        let message = [b"MIME-Version: 1.0\r\n", signed.as_slice()].concat();
        let (mut stream, mut most, mut passed) = (SignedStream::new(), 0, 0);
        for piece in message.chunks(PIECE_BYTES) {
            stream.receive_with(piece, &mut |octets| passed += octets.len()).unwrap();
            most = most.max(taken(&stream));
        }
        assert_eq!(passed, entity.len(), "all of it passed");
        stream.finish().unwrap();
        (most, message.len())
    }

    #[test]
    fn a_large_message_passes_in_little_memory() {
        let usual = [[b'x'; 74].as_slice(), b"\r\n"].concat();
        // Lines that might begin a delimiter, and no line at all.
        for line in [usual.as_slice(), b"\r\n--", b"x"] {
            let (most, size) = most_taken(line);
            assert!(size > 5_000_000 && most <= MOST_BYTES, "{most} of {size} octets");
        }
    }
}
