//! The files of one folder, read within the limits and judged together.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use fumibako_careplan::{self as careplan, Recognised, Report, Unchecked, recognise};
use fumibako_model::Private;

use super::{Limits, Why};

pub(super) struct Basket<'l> {
    limits: &'l Limits,
    files: Vec<(String, Private<Vec<u8>>)>,
    /// Sizes of the files above, also of those that were not read.
    sizes: Vec<u64>,
    unchecked: Vec<Unchecked>,
    /// Bytes that may still be read.
    room: u64,
}

impl<'l> Basket<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { limits, files: Vec::new(), sizes: Vec::new(), unchecked: Vec::new(), room: limits.folder_bytes }
    }

    /// Adds a file. `read` is told how many bytes it may return; it is not asked for a file outside the standard, of
    /// which nothing but the size is of interest.
    pub(super) fn put(&mut self, name: String, size: u64, read: impl FnOnce(u64) -> Result<Vec<u8>, Why>) {
        let most = self.limits.file_bytes;
        let read = match recognise(&name) {
            Recognised::Attachment => Ok((Vec::new(), size)),
            _ if size > most => Err(Why::TooLarge(most)),
            _ if size > self.room => Err(Why::FolderFull(self.limits.folder_bytes)),
            _ => read(most.min(self.room)).map(|bytes| {
                let size = bytes.len() as u64;
                (bytes, size)
            }),
        };
        match read {
            Ok((bytes, size)) => {
                self.room = self.room.saturating_sub(bytes.len() as u64);
                self.files.push((name, Private(bytes)));
                self.sizes.push(size);
            }
            Err(why) => self.leave(&name, &why),
        }
    }

    /// Names a file that is not checked.
    pub(super) fn leave(&mut self, name: &str, why: &Why) {
        self.unchecked.push(why.about(name));
    }

    /// Judges what is in the basket.
    pub(super) fn check(self) -> Report {
        let files: Vec<(&str, &[u8])> =
            self.files.iter().map(|(name, bytes)| (name.as_str(), bytes.0.as_slice())).collect();
        let mut report = careplan::check(&files);
        for (file, size) in report.files.iter_mut().zip(self.sizes) {
            file.bytes = size;
        }
        report.unchecked = self.unchecked;
        report
    }
}

/// A file's bytes, unless there are more than `most`.
pub(super) fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Why> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|why| Why::cannot_read(&why))?;
    // It may have grown since its size was asked, so what is read is counted, not what was promised.
    file.take(most + 1).read_to_end(&mut bytes).map_err(|why| Why::cannot_read(&why))?;
    if bytes.len() as u64 > most { Err(Why::TooLarge(most)) } else { Ok(bytes) }
}
