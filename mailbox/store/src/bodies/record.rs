//! A record on its way into a segment: the frames of a body, then its envelope.

use super::ENVELOPE;
use super::error::BodyError;
use super::frame::{FIRST, FRAME, HEADER, Kind, Sealer, Spot};

/// A body shorter than this is not packed: of a sealed one a quarter could be saved, and packing would take longer than all else
/// that is done for it.
pub(super) const PACK_FROM: u64 = 8 << 10;

/// What is known of a record while it is written into a buffer.
pub(super) struct Record {
    spot: Spot,
    /// Octets of the body so far.
    pub(super) size: u64,
    kind: Kind,
    /// Where in the buffer the frame begins that is not sealed yet.
    open: Option<usize>,
}

impl Record {
    /// Begins a record at this offset of the segment.
    pub(super) fn new(offset: u64, pack: bool) -> Self {
        let kind = if pack { Kind::Packed } else { Kind::Raw };
        Self { spot: Spot { record: offset, index: 0 }, size: 0, kind, open: None }
    }

    /// Where the record begins in the segment.
    pub(super) fn offset(&self) -> u64 {
        self.spot.record
    }

    /// Adds octets of the body to the buffer, sealing every frame that is full.
    pub(super) fn write(&mut self, sealer: &mut Sealer, out: &mut Vec<u8>, piece: &[u8]) -> Result<(), BodyError> {
        let mut rest = piece;
        while !rest.is_empty() {
            let start = self.open(out);
            let full = if self.spot.index == 0 { FIRST } else { FRAME };
            let room = full - (out.len() - start - HEADER);
            let (fits, after) = rest.split_at(room.min(rest.len()));
            out.extend_from_slice(fits);
            if fits.len() == room {
                self.seal(sealer, out)?;
            }
            rest = after;
        }
        self.size += piece.len() as u64;
        Ok(())
    }

    /// Ends the body, and the record with the frame of its size and envelope.
    pub(super) fn end(&mut self, sealer: &mut Sealer, out: &mut Vec<u8>, envelope: &[u8]) -> Result<(), BodyError> {
        fits(envelope)?;
        self.seal(sealer, out)?;
        self.kind = Kind::Envelope;
        self.open(out);
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(envelope);
        self.seal(sealer, out)
    }

    /// How many octets of the buffer are sealed.
    pub(super) fn sealed(&self, out: &[u8]) -> usize {
        self.open.unwrap_or(out.len())
    }

    /// Takes sealed octets out of the buffer; they stand in the file now.
    pub(super) fn drained(&mut self, out: &mut Vec<u8>, sealed: usize) {
        out.drain(..sealed);
        self.open = self.open.map(|start| start - sealed);
    }

    fn open(&mut self, out: &mut Vec<u8>) -> usize {
        *self.open.get_or_insert_with(|| {
            let start = out.len();
            out.extend_from_slice(&[0; HEADER]);
            start
        })
    }

    fn seal(&mut self, sealer: &mut Sealer, out: &mut Vec<u8>) -> Result<(), BodyError> {
        if let Some(start) = self.open.take() {
            sealer.seal(out, start, self.spot, self.kind)?;
            self.spot.index = self.spot.index.checked_add(1).ok_or(BodyError::Cipher)?;
        }
        Ok(())
    }
}

/// Whether an envelope fits its frame.
pub(super) fn fits(envelope: &[u8]) -> Result<(), BodyError> {
    if envelope.len() > ENVELOPE { Err(BodyError::EnvelopeTooLong(envelope.len())) } else { Ok(()) }
}
