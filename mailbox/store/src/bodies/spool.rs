//! A body on its way in: a small one waits in memory, a large one goes to the disk as it comes.
//!
//! Never here: more than 1 MiB of one body in memory, a file left behind by a body that did not end.

use std::fmt;
use std::sync::Arc;

use fumibako_model::Private;

use super::day::{Day, Place, Segment};
use super::error::BodyError;
use super::record::{Record, fits};
use super::segment::Writing;
use super::{Inner, SPOOL_BYTES};

/// Sealed octets that are written at once.
const WRITE: usize = 256 << 10;

/// A body that arrives in pieces. Dropped before its end, it was never there.
pub struct Spool {
    inner: Arc<Inner>,
    day: Day,
    state: State,
}

enum State {
    Memory(Vec<u8>),
    File(Box<Filing>),
    /// An error came before; what there was is gone.
    Failed,
}

/// How a body ended.
pub enum Spooled {
    /// It is small: give it to the [`Appender`](super::Appender).
    Memory(Vec<u8>),
    /// It is durable in a segment of its own.
    Filed(Place),
}

impl Spool {
    pub(super) fn new(inner: Arc<Inner>, day: Day) -> Self {
        Self { inner, day, state: State::Memory(Vec::new()) }
    }

    /// Adds octets. After an error the body is lost and every other verb fails.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        match &mut self.state {
            State::Memory(octets) if octets.len() + piece.len() <= SPOOL_BYTES => {
                octets.extend_from_slice(piece);
                return Ok(());
            }
            State::File(_) | State::Memory(_) | State::Failed => {}
        }
        let mut filing = match std::mem::replace(&mut self.state, State::Failed) {
            State::Memory(octets) => Box::new(Filing::begin(&self.inner, self.day, &octets)?),
            State::File(filing) => filing,
            State::Failed => return Err(lost(self.day)),
        };
        filing.write(piece)?;
        self.state = State::File(filing);
        Ok(())
    }

    /// Says something else in these octets, as long as they are in memory.
    pub fn replace(&mut self, at: std::ops::Range<usize>, with: &[u8]) {
        if let State::Memory(octets) = &mut self.state
            && at.end <= octets.len()
        {
            octets.splice(at, with.iter().copied());
        }
    }

    /// Octets so far.
    pub fn len(&self) -> u64 {
        match &self.state {
            State::Memory(octets) => octets.len() as u64,
            State::File(filing) => filing.record.size,
            State::Failed => 0,
        }
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets of it in memory.
    pub fn held(&self) -> usize {
        match &self.state {
            State::Memory(octets) => octets.len(),
            State::File(_) => WRITE + (64 << 10),
            State::Failed => 0,
        }
    }

    /// Whether it is on the disk already.
    pub fn is_filed(&self) -> bool {
        matches!(self.state, State::File(_))
    }

    /// Ends the body: it is either still in memory, or durable in its own segment with this envelope.
    ///
    /// | a crash       | finds on restart                                          |
    /// |---------------|-----------------------------------------------------------|
    /// | before `Ok`   | nothing, or a segment that no row names                   |
    /// | after it      | the whole body, named by no row until the caller commits  |
    pub fn finish(self, envelope: &[u8]) -> Result<Spooled, BodyError> {
        fits(envelope)?;
        match self.state {
            State::Memory(octets) => Ok(Spooled::Memory(octets)),
            State::File(filing) => filing.finish(envelope).map(Spooled::Filed),
            State::Failed => Err(lost(self.day)),
        }
    }
}

fn lost(day: Day) -> BodyError {
    let error = std::io::Error::other("an earlier piece of this body could not be written");
    BodyError::Io { path: day.to_string().into(), what: "continued", error }
}

impl Spooled {
    /// The segment it has for itself.
    pub fn filed(&self) -> Option<Segment> {
        match self {
            Self::Memory(_) => None,
            Self::Filed(place) => Some(place.segment),
        }
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spool(‹{} octets›)", self.len())
    }
}

impl fmt::Debug for Spooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(octets) => f.debug_tuple("Memory").field(&Private(octets)).finish(),
            Self::Filed(place) => f.debug_tuple("Filed").field(place).finish(),
        }
    }
}

/// A body on its way into a segment of its own. Dropped before its end, it takes its file away.
pub(super) struct Filing {
    inner: Arc<Inner>,
    writing: Writing,
    record: Record,
    out: Vec<u8>,
    finished: bool,
}

impl Filing {
    /// Makes the segment; these are the first octets of the body.
    pub(super) fn begin(inner: &Arc<Inner>, day: Day, octets: &[u8]) -> Result<Self, BodyError> {
        inner.trusted()?;
        let writing = inner.noted(inner.make(day))?;
        let record = Record::new(writing.end, true);
        let out = Vec::with_capacity(WRITE + (64 << 10));
        let mut filing = Self { inner: Arc::clone(inner), writing, record, out, finished: false };
        filing.write(octets)?;
        Ok(filing)
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        for piece in piece.chunks(WRITE) {
            self.record.write(&mut self.writing.sealer, &mut self.out, piece)?;
            self.drain()?;
        }
        Ok(())
    }

    /// Writes the sealed frames, if they are worth a write; the frame that is still open stays.
    fn drain(&mut self) -> Result<(), BodyError> {
        let sealed = self.record.sealed(&self.out);
        if sealed >= WRITE {
            self.writing.write(&self.out[..sealed])?;
            self.record.drained(&mut self.out, sealed);
        }
        Ok(())
    }

    pub(super) fn finish(mut self, envelope: &[u8]) -> Result<Place, BodyError> {
        self.inner.trusted()?;
        let (segment, offset, size) = (self.writing.segment, self.record.offset(), self.record.size);
        self.record.end(&mut self.writing.sealer, &mut self.out, envelope)?;
        self.writing.write(&self.out)?;
        self.inner.noted(self.writing.sync_all())?;
        self.finished = true;
        Ok(Place { segment, offset, stored: self.writing.end - offset, size })
    }
}

impl Drop for Filing {
    fn drop(&mut self) {
        if !self.finished {
            self.writing.discard();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::super::Bodies;
    use super::*;

    #[test]
    fn a_body_that_finds_no_room_is_gone_and_stays_gone() {
        let folder = tempfile::tempdir().unwrap();
        let bodies = Bodies::open(folder.path()).unwrap();
        let mut spool = bodies.spool(Day(1));
        spool.write(&vec![7; 2 << 20]).unwrap();
        let State::File(filing) = &mut spool.state else { panic!("2 MiB wait in memory") };
        filing.writing.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let random: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(8192);
        assert!(matches!(spool.write(&random).and_then(|()| spool.finish(b"").map(drop)), Err(BodyError::Full { .. })));
        assert_eq!(bodies.segments().unwrap(), []);
        let mut spool = bodies.spool(Day(1));
        spool.state = State::Failed;
        assert!(matches!(spool.write(b"more"), Err(BodyError::Io { what: "continued", .. })));
        assert!(matches!(spool.finish(b""), Err(BodyError::Io { what: "continued", .. })));
    }
}
