//! A segment's file: its header, its making, its opening.
//!
//! Never here: a file of an earlier life opened for writing.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::day::Segment;
use super::disk::{private_file, read_exact_at, sync_file, sync_folder, unlink};
use super::error::{BodyError, io_error, unsynced};
use super::frame::{SALT, Sealer, SegmentKey, Spot, TAG};
use super::ring::DayKey;

const MAGIC: &[u8; 8] = b"FUMISEG\x02";
const SALT_AT: usize = MAGIC.len() + 8;
const TAG_AT: usize = SALT_AT + SALT;
/// Octets of the header; the first record begins here.
pub(super) const START: usize = TAG_AT + TAG;

/// A segment that is being written.
pub(super) struct Writing {
    pub(super) segment: Segment,
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Where the next record begins. What stands behind it does not count.
    pub(super) end: u64,
    pub(super) sealer: Sealer,
}

impl Writing {
    /// Makes the file with its header. Nothing in it counts before [`Self::sync_all`].
    pub(super) fn make(path: PathBuf, segment: Segment, day: &DayKey) -> Result<Self, BodyError> {
        let mut salt = [0; SALT];
        aws_lc_rs::rand::fill(&mut salt)?;
        let key = SegmentKey::derive(day, &salt, segment)?;
        let mut header = [0; START];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        header[MAGIC.len()..SALT_AT].copy_from_slice(&segment.0.to_be_bytes());
        header[SALT_AT..TAG_AT].copy_from_slice(&salt);
        let tag = key.seal(Spot::SEGMENT, &header[..TAG_AT], &mut [])?;
        header[TAG_AT..].copy_from_slice(&tag);
        let sealer = Sealer::new(key)?;
        let file = private_file(&path)?;
        let mut writing = Self { segment, path, file, end: 0, sealer };
        if let Err(error) = writing.write(&header) {
            writing.discard();
            return Err(error);
        }
        Ok(writing)
    }

    /// Writes behind what is there. After an error this segment must not be written any more.
    pub(super) fn write(&mut self, octets: &[u8]) -> Result<(), BodyError> {
        io::Write::write_all(&mut self.file, octets).map_err(io_error(&self.path, "written"))?;
        self.end += octets.len() as u64;
        Ok(())
    }

    /// Makes the content and the file's name durable.
    pub(super) fn sync_all(&self) -> Result<(), BodyError> {
        sync_file(&self.file, &self.path)?;
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    /// Makes the content durable; the name is so already.
    pub(super) fn sync_data(&self) -> Result<(), BodyError> {
        self.file.sync_data().map_err(unsynced(&self.path))
    }

    /// Unlinks a file that no row will name. If that fails, the next start finds it.
    pub(super) fn discard(&self) {
        let _ = unlink(&self.path);
    }
}

/// A segment that is being read.
pub(super) struct Reading {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) key: SegmentKey,
}

impl Reading {
    pub(super) fn open(path: PathBuf, segment: Segment, day: &DayKey) -> Result<Self, BodyError> {
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BodyError::Missing(path)),
            file => file.map_err(io_error(&path, "opened"))?,
        };
        let mut header = [0; START];
        read_at(&file, &path, &mut header, 0)?;
        let (mut salt, mut tag) = ([0; SALT], [0; TAG]);
        salt.copy_from_slice(&header[SALT_AT..TAG_AT]);
        tag.copy_from_slice(&header[TAG_AT..]);
        let key = SegmentKey::derive(day, &salt, segment)?;
        let ours = header.starts_with(MAGIC) && header[MAGIC.len()..SALT_AT] == segment.0.to_be_bytes();
        if !ours || key.open(Spot::SEGMENT, &header[..TAG_AT], &mut tag).is_none() {
            let problem = "its header is not that of this segment under this day's key";
            return Err(BodyError::Damaged { path, offset: 0, problem });
        }
        Ok(Self { path, file, key })
    }

    pub(super) fn read(&self, buffer: &mut [u8], at: u64) -> Result<(), BodyError> {
        read_at(&self.file, &self.path, buffer, at)
    }

    /// Octets of the file as it is now.
    pub(super) fn length(&self) -> Result<u64, BodyError> {
        Ok(self.file.metadata().map_err(io_error(&self.path, "read"))?.len())
    }

    pub(super) fn damaged(&self, offset: u64, problem: &'static str) -> BodyError {
        BodyError::Damaged { path: self.path.clone(), offset, problem }
    }
}

fn read_at(file: &File, path: &Path, buffer: &mut [u8], at: u64) -> Result<(), BodyError> {
    match read_exact_at(file, buffer, at) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(BodyError::Damaged { path: path.to_owned(), offset: at, problem: "the file ends too early" })
        }
        read => read.map_err(io_error(path, "read")),
    }
}
