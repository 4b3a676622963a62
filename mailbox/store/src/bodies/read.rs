//! Reading: the octets of a range, an envelope, all records of a segment.
//!
//! Never possible here: an octet that its tag did not prove, room made for a length that only the disk claims.

use std::ops::Range;

use super::day::{Place, Segment};
use super::error::BodyError;
use super::frame::{self, FRAME, HEADER, Header, Kind, SIZE, Spot, TAG, frame_of, octets_of, unpack};
use super::segment::{Reading, START};

/// Octets read from the disk at once.
const WINDOW: u64 = 256 << 10;
/// Most envelopes are shorter.
const ENVELOPE_AHEAD: u64 = 2 << 10;
const WHOLE: u64 = (HEADER + FRAME + TAG) as u64;
/// A frame has at least its header, its tag and one octet.
const LEAST: u64 = (HEADER + TAG + 1) as u64;
const LEAST_LAST: u64 = (HEADER + TAG + SIZE) as u64;

/// The octets of this range of a body.
pub(super) fn body(reading: &Reading, place: Place, range: Range<u64>) -> Result<Vec<u8>, BodyError> {
    let range = range.start..range.end.min(place.size);
    let mut frames = Frames::of(reading, place)?;
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let (first, last) = (frame_of(range.start), frame_of(range.end - 1));
    frames.skip(first)?;
    let mut octets = Vec::with_capacity(room(&range, place));
    let mut unpacked = Vec::new();
    for index in first..=last {
        let here = octets_of(index);
        let (before, length) = (here.start, here.end.min(place.size) - here.start);
        // All that is asked for from here on, as it would be without packing.
        let ahead = octets_of(last).end - before + (last - index + 1) * (HEADER + TAG) as u64;
        let plain = frames.octets(ahead, length, &mut unpacked)?;
        let within = |at: u64| usize::try_from(at.saturating_sub(before).min(length)).unwrap_or(FRAME);
        octets.extend_from_slice(&plain[within(range.start)..within(range.end)]);
    }
    if range.end == place.size {
        frames.envelope()?; // who reads to the end is told that it is the end
    }
    Ok(octets)
}

/// A body may be much longer than what is stored of it, but no row is believed about that.
fn room(range: &Range<u64>, place: Place) -> usize {
    usize::try_from((range.end - range.start).min(place.stored.saturating_mul(2))).unwrap_or(0)
}

/// The envelope of a body.
pub(super) fn envelope(reading: &Reading, place: Place) -> Result<Vec<u8>, BodyError> {
    let mut frames = Frames::of(reading, place)?;
    frames.skip(frame::frames(place.size))?;
    frames.envelope()
}

/// The records of a segment with their envelopes. One whose envelope does not open is passed over; where the lengths
/// lead nowhere any more, the tail begins, which nobody was promised.
pub(super) fn records(reading: &Reading, segment: Segment) -> Result<Vec<(Place, Vec<u8>)>, BodyError> {
    let (length, mut found, mut offset) = (reading.length()?, Vec::new(), START as u64);
    while offset < length {
        let place = Place { segment, offset, stored: length - offset, size: 0 };
        let mut frames = Frames { reading, place, at: offset, index: 0, buffer: Vec::new(), buffered: 0 };
        match frames.last() {
            Ok(Some((stored, size, envelope))) => {
                found.push((Place { stored, size, ..place }, envelope));
                offset += stored;
            }
            Ok(None) => offset = frames.at,
            Err(BodyError::Damaged { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Walks the frames of one record.
struct Frames<'a> {
    reading: &'a Reading,
    place: Place,
    /// Where the next frame begins, and its number.
    at: u64,
    index: u32,
    /// What was read, from this octet of the file on. Frames are opened in it.
    buffer: Vec<u8>,
    buffered: u64,
}

impl<'a> Frames<'a> {
    /// The frames of a record that a row names, if there can be such a record.
    fn of(reading: &'a Reading, place: Place) -> Result<Self, BodyError> {
        let frames = frame::frames(place.size);
        let stored = frames * LEAST + LEAST_LAST..=(frames + 1).saturating_mul(WHOLE);
        let possible = place.offset >= START as u64 && stored.contains(&place.stored) && u32::try_from(frames).is_ok();
        let end = place.offset.checked_add(place.stored).filter(|_| possible);
        let end = end.ok_or_else(|| reading.damaged(place.offset, "no record has the lengths that the row names"))?;
        if end > reading.length()? {
            return Err(reading.damaged(place.offset, "the file ends within this record"));
        }
        Ok(Self { reading, place, at: place.offset, index: 0, buffer: Vec::new(), buffered: 0 })
    }

    fn end(&self) -> u64 {
        self.place.offset + self.place.stored
    }

    fn damaged(&self, problem: &'static str) -> BodyError {
        self.reading.damaged(self.at, problem)
    }

    /// The next header; `ahead` octets are read with it if the disk must be asked.
    fn header(&mut self, ahead: u64) -> Result<Header, BodyError> {
        self.fill(HEADER, ahead)?;
        let start = usize::try_from(self.at - self.buffered).unwrap_or(usize::MAX);
        let octets = self.buffer.get(start..).and_then(<[u8]>::first_chunk);
        let header = octets.and_then(|octets| Header::read(*octets));
        let header = header.ok_or_else(|| self.damaged("no frame begins here"))?;
        if self.at + header.whole() as u64 > self.end() {
            return Err(self.damaged("a frame is longer than its record"));
        }
        Ok(header)
    }

    /// Sees that so many octets from here on are in the buffer, and reads up to `ahead` if they are not.
    fn fill(&mut self, need: usize, ahead: u64) -> Result<(), BodyError> {
        let there = self.buffered + self.buffer.len() as u64;
        if self.buffered <= self.at && self.at + need as u64 <= there {
            return Ok(());
        }
        let left = self.end() - self.at;
        if need as u64 > left {
            return Err(self.damaged("the record ends too early"));
        }
        let kept = if (self.buffered..there).contains(&self.at) { there - self.at } else { 0 };
        let kept = usize::try_from(kept).unwrap_or(0);
        self.buffer.drain(..self.buffer.len() - kept);
        self.buffered = self.at;
        let length = ahead.clamp(need as u64, WINDOW).min(left);
        self.buffer.resize(usize::try_from(length).unwrap_or(need), 0);
        self.reading.read(&mut self.buffer[kept..], self.at + kept as u64)
    }

    /// Passes over frames of the body.
    fn skip(&mut self, frames: u64) -> Result<(), BodyError> {
        for _ in 0..frames {
            let header = self.header(0)?;
            if header.kind == Kind::Envelope {
                return Err(self.damaged("the body ends too early"));
            }
            self.step(header);
        }
        Ok(())
    }

    fn step(&mut self, header: Header) {
        self.at += header.whole() as u64;
        self.index = self.index.saturating_add(1);
    }

    /// Opens the next frame in the buffer and goes on behind it.
    fn open(&mut self, ahead: u64) -> Result<(Kind, &mut [u8]), BodyError> {
        let header = self.header(ahead)?;
        self.fill(header.whole(), ahead)?;
        let at = self.at;
        let spot = Spot { record: self.place.offset, index: self.index };
        self.step(header);
        let start = usize::try_from(at - self.buffered).unwrap_or(usize::MAX);
        let (aad, sealed) = self.buffer[start..start + header.whole()].split_at_mut(HEADER);
        match self.reading.key.open(spot, aad, sealed) {
            Some(plain) => Ok((header.kind, plain)),
            None => Err(self.reading.damaged(at, "a frame is not what was sealed")),
        }
    }

    /// The octets of the next frame of the body, which has this length.
    fn octets<'b>(&'b mut self, ahead: u64, length: u64, unpacked: &'b mut Vec<u8>) -> Result<&'b [u8], BodyError> {
        let (reading, at) = (self.reading, self.at);
        let (kind, plain) = self.open(ahead + ENVELOPE_AHEAD)?;
        let octets: &[u8] = match kind {
            Kind::Raw => plain,
            Kind::Packed => {
                if !unpack(plain, unpacked) {
                    return Err(reading.damaged(at, "a frame does not unpack"));
                }
                unpacked
            }
            Kind::Envelope => return Err(reading.damaged(at, "the body ends too early")),
        };
        if octets.len() as u64 == length {
            Ok(octets)
        } else {
            Err(reading.damaged(at, "a frame has not the length that its place gives it"))
        }
    }

    /// The last frame: the size must be that of the row, and the record must end here.
    fn envelope(&mut self) -> Result<Vec<u8>, BodyError> {
        let at = self.at;
        let (size, envelope) = self.sized()?;
        if size == self.place.size && self.at == self.end() {
            Ok(envelope)
        } else {
            Err(self.reading.damaged(at, "the body has not the size that the row names"))
        }
    }

    fn sized(&mut self) -> Result<(u64, Vec<u8>), BodyError> {
        let (reading, at) = (self.reading, self.at);
        let (kind, plain) = self.open(ENVELOPE_AHEAD)?;
        match (kind, plain.split_first_chunk::<SIZE>()) {
            (Kind::Envelope, Some((size, envelope))) => Ok((u64::from_le_bytes(*size), envelope.to_vec())),
            _ => Err(reading.damaged(at, "here the envelope of the body should stand")),
        }
    }

    /// Of a record whose lengths are unknown: its octets, its size, its envelope; `None` if that does not open.
    fn last(&mut self) -> Result<Option<(u64, u64, Vec<u8>)>, BodyError> {
        while self.header(0)?.kind != Kind::Envelope {
            let header = self.header(0)?;
            self.step(header);
        }
        let frames = u64::from(self.index);
        let found = match self.sized() {
            Err(BodyError::Damaged { .. }) => None,
            found => Some(found?),
        };
        let stored = self.at - self.place.offset;
        Ok(found.filter(|(size, _)| frame::frames(*size) == frames).map(|(size, text)| (stored, size, text)))
    }
}
