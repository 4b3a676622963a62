//! Compression under a conversation (RFC 4978, Profile §7.28).
//!
//! What goes out is compressed piece by piece with one compressor a thread, which keeps nothing of a connection; what comes in
//! needs the last 32 KiB of its connection. So a connection that rests costs no more than those.

use std::cell::RefCell;
use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Room made at a time for what is compressed.
const ROOM: usize = 8 << 10;

/// Bytes on their way out: whole, up to their last octet. A piece refers to nothing before it, which every reader understands.
pub(super) fn deflated(bytes: &[u8]) -> io::Result<Vec<u8>> {
    thread_local! {
        static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    }
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        let mut out = Vec::with_capacity(ROOM);
        loop {
            let taken = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
            deflate.compress_vec(&bytes[taken..], &mut out, FlushCompress::Sync).map_err(io::Error::other)?;
            // Where room is left nothing is held back.
            if out.len() < out.capacity() {
                return Ok(out);
            }
            out.reserve(ROOM);
        }
    })
}

/// Bytes on their way in.
pub(super) struct Inflating {
    stream: Decompress,
    /// What came, and how much of it was taken.
    waiting: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl Default for Inflating {
    fn default() -> Self {
        Self { stream: Decompress::new(false), waiting: Vec::new(), taken: 0, ended: false }
    }
}

impl Inflating {
    /// The peer sent this. What it sent before was taken.
    pub(super) fn feed(&mut self, bytes: Vec<u8>) {
        (self.waiting, self.taken) = (bytes, 0);
    }

    /// The next octets, so many at most; none when more must come.
    pub(super) fn next(&mut self, most: usize) -> io::Result<Vec<u8>> {
        if self.ended {
            // Its end is for the end of the compression alone.
            return if self.taken < self.waiting.len() {
                Err(io::ErrorKind::InvalidData.into())
            } else {
                Ok(Vec::new())
            };
        }
        let mut out = Vec::with_capacity(most);
        let before = self.stream.total_in();
        let status = self.stream.decompress_vec(&self.waiting[self.taken..], &mut out, FlushDecompress::None);
        self.ended = status.map_err(io::Error::other)? == Status::StreamEnd;
        self.taken += usize::try_from(self.stream.total_in() - before).map_err(io::Error::other)?;
        if out.is_empty() {
            self.waiting = Vec::new();
            self.taken = 0;
        }
        Ok(out)
    }

    /// What came behind the end of the compression.
    pub(super) fn rest(mut self) -> Vec<u8> {
        self.waiting.split_off(self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's compressor, which keeps what it sent.
    fn client(bytes: &[u8]) -> Vec<u8> {
        let (mut deflate, mut out) =
            (Compress::new(Compression::best(), false), Vec::with_capacity(bytes.len() + 1024));
        deflate.compress_vec(bytes, &mut out, FlushCompress::Sync).unwrap();
        out
    }

    fn taken(inflating: &mut Inflating, most: usize) -> Vec<Vec<u8>> {
        let pieces = std::iter::from_fn(|| Some(inflating.next(most).unwrap()).filter(|piece| !piece.is_empty()));
        pieces.collect()
    }

    #[test]
    fn what_is_compressed_comes_back_whatever_its_size_and_at_once() {
        let noise: Vec<u8> = (0..200_000u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
        let mut inflating = Inflating::default();
        for size in [0, 1, 5, ROOM - 5, ROOM, ROOM + 1, 65_535, 128 << 10, 200_000] {
            inflating.feed(deflated(&noise[..size]).unwrap());
            assert_eq!(taken(&mut inflating, 32 << 10).concat(), noise[..size], "{size}");
        }
    }

    #[test]
    fn little_that_expands_to_much_comes_in_pieces() {
        let bomb = client(&vec![b'a'; 8 << 20]);
        assert!(bomb.len() < 16 << 10);
        let mut inflating = Inflating::default();
        inflating.feed(bomb);
        let pieces = taken(&mut inflating, 32 << 10);
        assert!(pieces.iter().all(|piece| piece.len() <= 32 << 10));
        assert_eq!(pieces.concat().len(), 8 << 20);
        assert!(inflating.waiting.capacity() == 0, "nothing is kept of it");
    }

    #[test]
    fn cut_anywhere_it_is_the_same_and_what_is_no_deflate_is_an_error() {
        let said = client(b"a NOOP\r\nb NOOP\r\nc NOOP\r\n");
        for cut in 1..said.len() {
            let mut inflating = Inflating::default();
            let mut heard = Vec::new();
            for piece in said.chunks(cut) {
                inflating.feed(piece.to_vec());
                heard.extend(taken(&mut inflating, 7).concat());
            }
            assert_eq!(heard, b"a NOOP\r\nb NOOP\r\nc NOOP\r\n");
        }
        let mut inflating = Inflating::default();
        inflating.feed(b"\xff\xff a NOOP\r\n".to_vec());
        assert!(inflating.next(99).is_err());
    }

    #[test]
    fn behind_the_end_of_the_compression_octets_are_what_they_are() {
        let (mut deflate, mut out) = (Compress::new(Compression::fast(), false), Vec::with_capacity(99));
        deflate.compress_vec(b"a UNAUTHENTICATE\r\n", &mut out, FlushCompress::Finish).unwrap();
        out.extend(b"b NOOP\r\n");
        let mut inflating = Inflating::default();
        inflating.feed(out);
        assert_eq!(inflating.next(99).unwrap(), b"a UNAUTHENTICATE\r\n");
        assert_eq!(inflating.rest(), b"b NOOP\r\n");
    }
}
