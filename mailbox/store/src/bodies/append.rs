//! Appending small bodies: a batch is one write and one sync.
//!
//! Never here: a sync tried again, a record behind one that was not written whole.

use std::sync::Arc;

use super::day::{Day, Place};
use super::error::BodyError;
use super::record::{PACK_FROM, Record, fits};
use super::segment::Writing;
use super::{Inner, SEGMENT_BYTES};

/// What the buffer of a batch keeps for the next one.
const BUFFER: usize = 32 << 20;

/// A body with its envelope, to be kept.
#[derive(Clone, Copy)]
pub struct Parcel<'a> {
    /// What is needed to give the body a row again, if the rows are lost: at most [`ENVELOPE`](super::ENVELOPE) octets.
    pub envelope: &'a [u8],
    /// The octets of the body, in pieces that need no joining.
    pub octets: &'a [&'a [u8]],
}

/// Appends bodies to a segment of its own; a new one at its first body, on a new day and past 256 MB.
pub struct Appender {
    inner: Arc<Inner>,
    current: Option<Writing>,
    buffer: Vec<u8>,
    /// A segment of so many octets is full.
    pub(super) roll_at: u64,
}

impl Appender {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, current: None, buffer: Vec::new(), roll_at: SEGMENT_BYTES }
    }

    /// Keeps these bodies. After `Ok` the power may fail and they are still there.
    ///
    /// | a crash                 | finds on restart                                             |
    /// |-------------------------|--------------------------------------------------------------|
    /// | before the sync returns | a tail that no row names, of whole records, torn ones, zeros |
    /// | after it                | all of the batch, named by no row until the caller commits   |
    ///
    /// After [`BodyError::Unsynced`] no more is written here; after any other error nothing of the batch was kept and
    /// the next one goes into a new segment.
    pub fn append(&mut self, day: Day, parcels: &[Parcel<'_>]) -> Result<Vec<Place>, BodyError> {
        self.inner.trusted()?;
        if parcels.is_empty() {
            return Ok(Vec::new());
        }
        parcels.iter().try_for_each(|parcel| fits(parcel.envelope))?;
        let appended = self.append_to(day, parcels);
        if appended.is_err() {
            self.abandon();
        }
        if self.buffer.capacity() > BUFFER {
            self.buffer = Vec::new();
        }
        self.inner.noted(appended)
    }

    fn append_to(&mut self, day: Day, parcels: &[Parcel<'_>]) -> Result<Vec<Place>, BodyError> {
        self.inner.key(day)?; // refuses a day that was erased since its segment was made
        let fits = |writing: &Writing| writing.segment.day() == day && writing.end < self.roll_at;
        let open = self.current.take().filter(fits);
        let mut current = open.map_or_else(|| self.inner.make_durable(day), Ok)?;
        self.buffer.clear();
        let sealed: Result<_, _> = parcels.iter().map(|parcel| seal(&mut current, &mut self.buffer, parcel)).collect();
        let current = self.current.insert(current);
        let places = sealed?;
        current.write(&self.buffer)?;
        current.sync_data()?;
        Ok(places)
    }

    /// Leaves the segment as it is but for what was written of the batch: that only takes room.
    fn abandon(&mut self) {
        if let Some(writing) = self.current.take() {
            let _ = writing.file.set_len(writing.end);
        }
    }

    #[cfg(test)]
    pub(super) fn current(&mut self) -> Option<&mut Writing> {
        self.current.as_mut()
    }
}

fn seal(writing: &mut Writing, out: &mut Vec<u8>, parcel: &Parcel<'_>) -> Result<Place, BodyError> {
    let start = out.len();
    let offset = writing.end + start as u64;
    let size: u64 = parcel.octets.iter().map(|piece| piece.len() as u64).sum();
    let mut record = Record::new(offset, size >= PACK_FROM);
    for piece in parcel.octets {
        record.write(&mut writing.sealer, out, piece)?;
    }
    record.end(&mut writing.sealer, out, parcel.envelope)?;
    let stored = (out.len() - start) as u64;
    Ok(Place { segment: writing.segment, offset, stored, size })
}
