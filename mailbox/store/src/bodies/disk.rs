//! The few things asked of the file system, with errors that name the file.
//!
//! Never here: a name that counts before its folder is synced, a file that others may read.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::error::{BodyError, io_error, unsynced};

/// Makes a folder that only its owner may enter, if it is not there. The caller syncs the parent.
pub(super) fn private_folder(path: &Path) -> Result<(), BodyError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        done => done.map_err(io_error(path, "made")),
    }
}

/// Makes a file that was not there and that only its owner may read.
pub(super) fn private_file(path: &Path) -> Result<File, BodyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(io_error(path, "made"))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), BodyError> {
    #[cfg(unix)]
    File::open(path).and_then(|folder| folder.sync_all()).map_err(unsynced(path))?;
    #[cfg(not(unix))]
    let _ = path; // there, a folder cannot be opened, and the journal keeps the order of names
    Ok(())
}

pub(super) fn sync_file(file: &File, path: &Path) -> Result<(), BodyError> {
    file.sync_all().map_err(unsynced(path))
}

/// Unlinks a file; that it is gone already is fine.
pub(super) fn unlink(path: &Path) -> Result<(), BodyError> {
    gone(fs::remove_file(path)).map_err(io_error(path, "removed"))
}

/// That it is not there is what was wanted.
pub(super) fn gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The names in a folder; none if it is not there. A name that is not Unicode is not ours.
pub(super) fn names(path: &Path) -> Result<Vec<String>, BodyError> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io_error(path, "read"))?,
    };
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_string().ok());
    let names: io::Result<Vec<Option<String>>> = entries.map(name).collect();
    Ok(names.map_err(io_error(path, "read"))?.into_iter().flatten().collect())
}

#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(windows)]
pub(super) fn read_exact_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[read..];
        at += read as u64;
    }
    Ok(())
}
