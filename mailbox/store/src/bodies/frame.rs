//! One frame: up to 64 KiB of a body, of its beginning only 4 KiB, or its envelope, under the segment's key.
//!
//! Never possible here: a nonce used twice under one key, a length from the disk that is believed.

use std::cell::RefCell;
use std::io;
use std::ops::Range;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zstd::bulk::{Compressor, Decompressor};

use super::day::Segment;
use super::error::BodyError;
use super::ring::DayKey;

/// Octets of a body in its first frame: nearly every header ends in it, and who reads headers opens nothing else.
pub(super) const FIRST: usize = 4 << 10;
/// Octets of a body in each other frame; only the last frame of a body has fewer.
pub(super) const FRAME: usize = 64 << 10;
/// In front of a frame: its length from here (`u32`, little-endian) and its kind.
pub(super) const HEADER: usize = 5;
/// Behind the octets of a frame: the tag of AES-256-GCM.
pub(super) const TAG: usize = 16;
/// In front of the envelope, within its frame: the size of the body (`u64`, little-endian).
pub(super) const SIZE: usize = 8;
/// Octets of a segment's salt.
pub(super) const SALT: usize = 16;

/// zstd's fastest: a sealed mail is base64, and no level finds more in it than the quarter that base64 adds.
const LEVEL: i32 = 1;
/// A frame of fewer octets is not packed: it would save next to nothing.
const PACK_FROM: usize = 1 << 10;
const PURPOSE: &[u8] = b"fumibako segment";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Octets of the body as they are.
    Raw = 1,
    /// The same, packed with zstd.
    Packed = 2,
    /// The size of the body and its envelope: the last frame of a record.
    Envelope = 3,
}

/// What stands in front of a frame, checked for what is possible and not yet proven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    length: usize,
}

impl Header {
    pub(super) fn read(octets: [u8; HEADER]) -> Option<Self> {
        let [a, b, c, d, kind] = octets;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let (kind, least) = match kind {
            1 => (Kind::Raw, TAG + 1),
            2 => (Kind::Packed, TAG + 1),
            3 => (Kind::Envelope, TAG + SIZE),
            _ => return None,
        };
        (least..=FRAME + TAG).contains(&length).then_some(Self { kind, length })
    }

    /// Octets of the frame with this header.
    pub(super) fn whole(self) -> usize {
        HEADER + self.length
    }
}

/// How many frames a body of this size has.
pub(super) fn frames(size: u64) -> u64 {
    if size == 0 { 0 } else { frame_of(size - 1) + 1 }
}

/// The number of the frame that this octet of a body stands in.
pub(super) fn frame_of(octet: u64) -> u64 {
    octet.checked_sub(FIRST as u64).map_or(0, |after| after / FRAME as u64 + 1)
}

/// Which octets of a body stand in the frame of this number, however long the body is.
pub(super) fn octets_of(frame: u64) -> Range<u64> {
    match frame.checked_sub(1) {
        None => 0..FIRST as u64,
        Some(after) => {
            let begin = FIRST as u64 + after * FRAME as u64;
            begin..begin + FRAME as u64
        }
    }
}

/// Where a frame stands; no two frames of a segment stand at the same spot, so it is the nonce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// Where its record begins in the segment.
    pub(super) record: u64,
    /// Its number in the record.
    pub(super) index: u32,
}

impl Spot {
    /// No record begins at 0: this is the spot of the segment's own header.
    pub(super) const SEGMENT: Self = Self { record: 0, index: 0 };

    fn nonce(self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.record.to_le_bytes());
        nonce[8..].copy_from_slice(&self.index.to_le_bytes());
        Nonce::assume_unique_for_key(nonce)
    }
}

/// The key of one segment. The library wipes it when it is dropped.
pub(super) struct SegmentKey(LessSafeKey);

impl SegmentKey {
    pub(super) fn derive(day: &DayKey, salt: &[u8; SALT], segment: Segment) -> Result<Self, BodyError> {
        let secret = Salt::new(HKDF_SHA256, salt).extract(&day[..]);
        let id = segment.0.to_be_bytes();
        let key = UnboundKey::from(secret.expand(&[PURPOSE, &id], &AES_256_GCM)?);
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals in place; the tag goes behind the octets.
    pub(super) fn seal(&self, spot: Spot, aad: &[u8], octets: &mut [u8]) -> Result<[u8; TAG], BodyError> {
        let tag = self.0.seal_in_place_separate_tag(spot.nonce(), Aad::from(aad), octets)?;
        tag.as_ref().try_into().map_err(|_| BodyError::Cipher)
    }

    /// Opens in place what ends with its tag. `None`: it was not sealed here, by us.
    pub(super) fn open<'a>(&self, spot: Spot, aad: &[u8], sealed: &'a mut [u8]) -> Option<&'a mut [u8]> {
        self.0.open_in_place(spot.nonce(), Aad::from(aad), sealed).ok()
    }
}

/// Seals frames at the end of a buffer.
pub(super) struct Sealer {
    pub(super) key: SegmentKey,
    packer: Compressor<'static>,
    packed: Vec<u8>,
}

impl Sealer {
    pub(super) fn new(key: SegmentKey) -> Result<Self, BodyError> {
        let packer = Compressor::new(LEVEL).map_err(|_| BodyError::Cipher)?;
        Ok(Self { key, packer, packed: Vec::with_capacity(FRAME) })
    }

    /// Seals the frame whose header begins at `start` of the buffer and whose octets are the rest of it.
    pub(super) fn seal(&mut self, out: &mut Vec<u8>, start: usize, spot: Spot, kind: Kind) -> Result<(), BodyError> {
        if kind == Kind::Packed && !self.pack(out, start + HEADER) {
            return self.seal(out, start, spot, Kind::Raw);
        }
        let (before, octets) = out.split_at_mut(start + HEADER);
        let length = u32::try_from(octets.len() + TAG).map_err(|_| BodyError::Cipher)?;
        let header = &mut before[start..];
        header[..4].copy_from_slice(&length.to_le_bytes());
        header[4] = kind as u8;
        let tag = self.key.seal(spot, header, octets)?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Packs the octets from `start` on, if that makes them smaller than nine tenths.
    fn pack(&mut self, out: &mut Vec<u8>, start: usize) -> bool {
        self.packed.clear();
        let octets = &out[start..];
        if octets.len() < PACK_FROM {
            return false;
        }
        let packed = self.packer.compress_to_buffer(octets, &mut self.packed);
        let smaller = packed.is_ok() && self.packed.len() * 10 < octets.len() * 9;
        if smaller {
            out.truncate(start);
            out.extend_from_slice(&self.packed);
        }
        smaller
    }
}

thread_local! {
    // Making one costs more than using it once.
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Unpacks into `out`, in which there is room for one frame. `false`: not what was packed.
pub(super) fn unpack(packed: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.reserve_exact(FRAME);
    let unpack = |unpacker: &mut Option<Decompressor<'static>>| -> io::Result<usize> {
        let unpacker = match unpacker {
            Some(unpacker) => unpacker,
            none => none.insert(Decompressor::new()?),
        };
        unpacker.decompress_to_buffer(packed, out)
    };
    UNPACKER.with_borrow_mut(unpack).is_ok()
}
