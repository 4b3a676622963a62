//! The bodies of messages, in files of their day that are only ever appended to, under a key of their day.
//!
//! Start at [`Appender::append`] and [`Spool`] (it comes in), [`Bodies::read`] (it goes out), [`Bodies::erase`] (it is
//! gone). All of it waits for the disk: call it where waiting is allowed. One process at a time may have the folder.
//!
//! Never here: rows, a clock, an async call. Never possible: a body on the disk in the clear, an octet returned that
//! was not proven, a body that reads after its day was erased, a place that is returned before it is durable.
//!
//! # Files
//!
//! ```text
//! bodies/<YYYY-MM-DD>/<number>.seg    a segment: bodies accepted on that UTC day
//! bodies/held-<n>/<number>.seg        one body under a legal hold, which has a key of its own
//! keys/ring                           the keys of all days, sealed under the root key it names
//! keys/root-<id>.key                  the root key: 32 random octets
//! ```
//!
//! # A segment
//!
//! ```text
//! segment  = magic(7) version(1) id(8) salt(16) tag(16)  records     ; id = day << 24 | number
//! record   = frames of the body, then the frame of the envelope
//! frame    = length(4) kind(1) sealed(length - 16) tag(16)
//! kind     = 1 octets of the body / 2 the same, packed with zstd / 3 size of the body (8), then the envelope
//! ```
//!
//! A frame holds 64 KiB of the body, the last one what is left, so a range is read by opening only its frames. The
//! segment's key is HKDF-SHA256 of the day's key with the salt and the id. Every frame is AES-256-GCM: the nonce is the
//! offset of its record and its number in the record, the associated data are its length and kind. So a frame that was
//! changed, moved, left out or taken from elsewhere does not open, and the last frame proves the size. `id` is
//! big-endian, `length` and `size` are little-endian.
//!
//! # Order
//!
//! A segment counts once the file and the names that lead to it are synced, a record once its octets are. Behind the
//! records that a row names may stand a tail nobody was promised. A segment of an earlier life is never appended to,
//! so a tail is never mended, and no nonce comes twice.

mod append;
mod cache;
mod day;
mod disk;
mod error;
mod frame;
mod keys;
mod read;
mod record;
mod ring;
mod segment;
mod spool;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use append::{Appender, Parcel};
pub use day::{Day, Place, Segment};
pub use error::BodyError;
pub use spool::{Spool, Spooled};

use cache::Cache;
use disk::{gone, names, private_folder, sync_folder, unlink};
use error::io_error;
use keys::Keys;
use segment::{Reading, Writing};
use spool::Filing;

/// A segment of the [`Appender`] is full at so many octets; the batch that gets there is still written whole.
pub const SEGMENT_BYTES: u64 = 256 << 20;
/// A body of more octets does not wait in memory: its [`Spool`] writes it to a segment of its own.
pub const SPOOL_BYTES: usize = 1 << 20;
/// So many octets of a body are read and opened without the rest of it. Nearly every header ends in them.
pub const HEAD: usize = frame::FIRST;
/// Most octets of an envelope: it stands in one frame.
pub const ENVELOPE: usize = frame::FRAME - frame::SIZE;

const BODIES: &str = "bodies";
const KEYS: &str = "keys";

/// The bodies in a folder. A clone is the same.
#[derive(Clone)]
pub struct Bodies(Arc<Inner>);

/// What all verbs share.
struct Inner {
    folder: PathBuf,
    keys: Keys,
    cache: Cache,
    /// The next number of a segment, for each day that was written to in this life.
    numbers: Mutex<HashMap<Day, u32>>,
    /// The first sync that failed: since then nothing is written.
    broken: OnceLock<(PathBuf, String)>,
}

impl Bodies {
    /// Opens the bodies in this folder, which is there, or makes what it lacks. What a crash left of a change of
    /// keys is destroyed.
    pub fn open(folder: &Path) -> Result<Self, BodyError> {
        let bodies = folder.join(BODIES);
        private_folder(&bodies)?;
        let any = !segments(&bodies)?.is_empty();
        let keys = Keys::open(folder.join(KEYS), any)?;
        // A name that the last process made may not be durable yet.
        sync_folder(&bodies)?;
        sync_folder(folder)?;
        let (cache, numbers, broken) = (Cache::default(), Mutex::default(), OnceLock::new());
        Ok(Self(Arc::new(Inner { folder: bodies, keys, cache, numbers, broken })))
    }

    /// Opens bodies and keys where they stand, to be looked at: nothing is changed there, and every verb that would change
    /// something fails. A copy of a store is looked at so, whoever has the store itself.
    pub fn look(bodies: &Path, keys: &Path) -> Result<Self, BodyError> {
        let (folder, keys) = (bodies.to_owned(), Keys::look(keys.to_owned())?);
        let (cache, numbers, broken) = (Cache::default(), Mutex::default(), OnceLock::new());
        let inner = Inner { folder, keys, cache, numbers, broken };
        let _ = inner.broken.set((bodies.to_owned(), "it was opened to be looked at only".into())); // it is new
        Ok(Self(Arc::new(inner)))
    }

    /// The octets of this range of a body, as far as the body goes.
    pub fn read(&self, place: Place, range: Range<u64>) -> Result<Vec<u8>, BodyError> {
        read::body(&*self.0.reading(place.segment)?, place, range)
    }

    /// The envelope that was given with a body.
    pub fn envelope(&self, place: Place) -> Result<Vec<u8>, BodyError> {
        read::envelope(&*self.0.reading(place.segment)?, place)
    }

    /// Is there a key for the bodies of this segment? There is none once its day was erased.
    pub fn opens(&self, segment: Segment) -> bool {
        self.0.keys.get(segment.day()).is_ok()
    }

    /// Appends small bodies. Every appender writes segments of its own.
    pub fn appender(&self) -> Appender {
        Appender::new(Arc::clone(&self.0))
    }

    /// Takes in a body that arrives in pieces.
    pub fn spool(&self, day: Day) -> Spool {
        Spool::new(Arc::clone(&self.0), day)
    }

    /// The segments on the disk and their octets. Before the first body of this life is written, those that no row
    /// names are leftovers; later they may be on their way in.
    pub fn segments(&self) -> Result<Vec<(Segment, u64)>, BodyError> {
        segments(&self.0.folder)
    }

    /// Removes a segment; that it is gone already is fine.
    pub fn remove(&self, segment: Segment) -> Result<(), BodyError> {
        self.0.trusted()?;
        self.0.cache.forget(segment);
        let file = self.0.folder.join(segment.file());
        unlink(&file)?;
        let folder = self.0.folder.join(segment.day().to_string());
        if folder.is_dir() { self.0.noted(sync_folder(&folder)) } else { Ok(()) }
    }

    /// Moves a segment out of the way, under a name that nothing reads, until its day is dropped: nobody is known to need
    /// it, and somebody might.
    pub fn set_aside(&self, segment: Segment) -> Result<(), BodyError> {
        self.0.trusted()?;
        self.0.cache.forget(segment);
        let file = self.0.folder.join(segment.file());
        let mut names = (0_u32..).map(|at| file.with_extension(format!("unnamed-{at}")));
        let Some(aside) = names.find(|name| !name.exists()) else { return Err(BodyError::Crowded(segment.day())) };
        fs::rename(&file, &aside).map_err(io_error(&file, "moved aside"))?;
        self.0.noted(sync_folder(&self.0.folder.join(segment.day().to_string())))
    }

    /// The days that have a key, the legal hold aside.
    pub fn days(&self) -> Vec<Day> {
        self.0.keys.days()
    }

    /// The legal holds that have a key.
    pub fn holds(&self) -> Vec<Day> {
        self.0.keys.holds()
    }

    /// The legal holds that have a key and no file at all, not even one that was moved aside.
    pub fn empty_holds(&self) -> Result<Vec<Day>, BodyError> {
        let mut empty = Vec::new();
        for day in self.holds() {
            let folder = self.0.folder.join(day.to_string());
            if !folder.is_dir() || names(&folder)?.is_empty() {
                empty.push(day);
            }
        }
        Ok(empty)
    }

    /// The days, and the legal holds, whose key was destroyed.
    pub fn erased(&self) -> Vec<Day> {
        self.0.keys.erased()
    }

    /// Copies the key ring and the root key that opens it into this folder, which is empty. Such a copy opens for ever what
    /// is erased here later.
    pub fn copy_keys(&self, folder: &Path) -> Result<(), BodyError> {
        self.0.keys.copy(folder)
    }

    /// The file of a segment, whether it is there or not.
    pub fn file(&self, segment: Segment) -> PathBuf {
        self.0.folder.join(segment.file())
    }

    /// Destroys the key of a day for good: from here its bodies read as [`BodyError::Erased`], here and in every copy.
    /// A day without a key stays as it is.
    pub fn erase(&self, day: Day) -> Result<(), BodyError> {
        if day.is_hold() { Err(BodyError::Held) } else { self.destroy_key(day) }
    }

    fn destroy_key(&self, day: Day) -> Result<(), BodyError> {
        self.0.trusted()?;
        let erased = self.0.noted(self.0.keys.erase(day));
        self.0.cache.forget_day(day);
        erased
    }

    /// Removes the files of a day and its folder, once it is erased; that they are gone already is fine.
    pub fn drop_day(&self, day: Day) -> Result<(), BodyError> {
        if day.is_hold() { Err(BodyError::Held) } else { self.drop_folder(day) }
    }

    fn drop_folder(&self, day: Day) -> Result<(), BodyError> {
        self.0.trusted()?;
        self.0.cache.forget_day(day);
        let folder = self.0.folder.join(day.to_string());
        self.0.numbers().remove(&day);
        gone(fs::remove_dir_all(&folder)).map_err(io_error(&folder, "removed"))?;
        self.0.noted(sync_folder(&self.0.folder))
    }

    /// The place of the next legal hold: its number is above this one, which its caller gave last, and above that of all holds there
    /// are and were. The caller writes the number down before he uses it: what a crash leaves under it is then known for a copy.
    pub fn next_hold(&self, given: i32) -> Result<Day, BodyError> {
        self.0.next_hold(given)
    }

    /// Copies a body with its envelope to where no expiry erases it, into a segment under the key that this hold alone has
    /// ([`Bodies::next_hold`]): it ends with [`Bodies::end_hold`]. The body stays where it was, too.
    pub fn hold(&self, place: Place, own: Day) -> Result<Place, BodyError> {
        if own.hold_number() == 0 { Err(BodyError::Crowded(own)) } else { self.copy(place, own) }
    }

    /// Ends a hold: its key is destroyed, here and for every copy, and then its file goes. That it ended already is fine. Of those
    /// that share a key only the file goes.
    pub fn end_hold(&self, segment: Segment) -> Result<(), BodyError> {
        let day = segment.day();
        if day.hold_number() == 0 {
            return self.remove(segment);
        }
        self.destroy_key(day)?;
        self.drop_folder(day)
    }

    /// Destroys the key that all holds had together, once none stands there any more.
    pub fn end_shared_holds(&self) -> Result<(), BodyError> {
        if !self.0.keys.holds().contains(&Day::HELD) || self.0.holds(Day::HELD)? {
            return Ok(());
        }
        self.destroy_key(Day::HELD)?;
        self.drop_folder(Day::HELD)
    }

    /// The same as [`Bodies::hold`] as it once was: under the key that all holds had together.
    #[cfg(any(test, feature = "suite"))]
    pub fn hold_with_others(&self, place: Place) -> Result<Place, BodyError> {
        self.copy(place, Day::HELD)
    }

    fn copy(&self, place: Place, to: Day) -> Result<Place, BodyError> {
        let envelope = self.envelope(place)?;
        let mut filing = Filing::begin(&self.0, to, &[])?;
        let mut from = 0;
        while from < place.size {
            let octets = self.read(place, from..from + SPOOL_BYTES as u64)?;
            filing.write(&octets)?;
            from += octets.len() as u64;
        }
        filing.finish(&envelope)
    }

    /// The records of a segment, each with its envelope, as far as they lead. One whose envelope is damaged is passed
    /// over; whether the body opens is for [`Bodies::read`] to say.
    pub fn records(&self, segment: Segment) -> Result<Vec<(Place, Vec<u8>)>, BodyError> {
        read::records(&*self.0.reading(segment)?, segment)
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bodies").field(&self.0.folder).finish()
    }
}

impl Inner {
    /// A segment, opened. The key is asked for each time: a day erased a moment ago does not read.
    fn reading(&self, segment: Segment) -> Result<Arc<Reading>, BodyError> {
        let day = segment.day();
        let key = self.keys.get(day)?;
        if let Some(reading) = self.cache.get(segment) {
            return Ok(reading);
        }
        let reading = Arc::new(Reading::open(self.folder.join(segment.file()), segment, &key)?);
        self.cache.keep(segment, &reading, || self.keys.get(day).is_err());
        Ok(reading)
    }

    /// A new segment of this day. It counts once it is synced with its name; its folder is so already.
    fn make(&self, day: Day) -> Result<Writing, BodyError> {
        let key = self.key(day)?;
        let segment = Segment::of(day, self.number(day)?);
        Writing::make(self.folder.join(segment.file()), segment, &key)
    }

    /// The key for writing, made if the day is new.
    fn key(&self, day: Day) -> Result<Arc<ring::DayKey>, BodyError> {
        match self.keys.get(day) {
            // A new key would hide that the one of the bodies there is lost.
            Err(lost @ BodyError::KeyLost { .. }) if self.holds(day)? => Err(lost),
            _ => self.keys.get_or_make(day),
        }
    }

    /// Whether segments of this day stand on the disk.
    fn holds(&self, day: Day) -> Result<bool, BodyError> {
        let folder = self.folder.join(day.to_string());
        Ok(folder.is_dir() && names(&folder)?.iter().any(|name| Segment::named(day, name).is_some()))
    }

    /// A new segment whose records count as soon as they are synced.
    fn make_durable(&self, day: Day) -> Result<Writing, BodyError> {
        let made = self.make(day)?;
        made.sync_all()?;
        Ok(made)
    }

    /// A number that no segment of this day has or had in this life.
    fn number(&self, day: Day) -> Result<u32, BodyError> {
        let mut numbers = self.numbers();
        let next = match numbers.get(&day) {
            Some(next) => *next,
            None => self.first_number(day)?,
        };
        if next > Segment::LAST {
            return Err(BodyError::Crowded(day));
        }
        numbers.insert(day, next + 1);
        Ok(next)
    }

    /// A hold that none was before: what its key opens, no other opens.
    fn next_hold(&self, given: i32) -> Result<Day, BodyError> {
        let folders = names(&self.folder)?;
        let known = self.keys.holds().into_iter().chain(self.keys.erased());
        let known = known.chain(folders.iter().filter_map(|name| Day::named(name)));
        let last = known.map(Day::hold_number).max().unwrap_or_default().max(given);
        Day::hold(last.saturating_add(1)).ok_or(BodyError::Crowded(Day::HELD))
    }

    /// Makes the day's folder durable, whoever made it, and looks for the highest number in it.
    fn first_number(&self, day: Day) -> Result<u32, BodyError> {
        let folder = self.folder.join(day.to_string());
        private_folder(&folder)?;
        sync_folder(&self.folder)?;
        // Also of those moved aside: what one number meant, it means for good.
        let number = |name: &String| name.split('.').next().and_then(|number| number.parse::<u32>().ok());
        Ok(names(&folder)?.iter().filter_map(number).max().map_or(0, |last| last.saturating_add(1)))
    }

    fn numbers(&self) -> std::sync::MutexGuard<'_, HashMap<Day, u32>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses to write after a sync has failed.
    fn trusted(&self) -> Result<(), BodyError> {
        match self.broken.get() {
            Some((path, why)) => Err(BodyError::Unsynced { path: path.clone(), why: why.clone() }),
            None => Ok(()),
        }
    }

    /// Remembers a sync that failed.
    fn noted<T>(&self, done: Result<T, BodyError>) -> Result<T, BodyError> {
        if let Err(BodyError::Unsynced { path, why }) = &done {
            let _ = self.broken.set((path.clone(), why.clone())); // the first one is remembered
        }
        done
    }
}

/// The segments below a folder, by day and number.
fn segments(folder: &Path) -> Result<Vec<(Segment, u64)>, BodyError> {
    let mut found = Vec::new();
    for day in names(folder)?.iter().filter_map(|name| Day::named(name)) {
        let inside = folder.join(day.to_string());
        // A file in the place of a day's folder has no segments: expiry says of it that the day is stuck.
        let inside = if inside.is_file() { Vec::new() } else { names(&inside)? };
        for segment in inside.iter().filter_map(|name| Segment::named(day, name)) {
            let file = folder.join(segment.file());
            match fs::metadata(&file) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {} // removed meanwhile
                metadata => found.push((segment, metadata.map_err(io_error(&file, "read"))?.len())),
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests;
