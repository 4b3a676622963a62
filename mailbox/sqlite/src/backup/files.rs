//! The files of a copy, and the list of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use fumibako_store::bodies::Segment;
use fumibako_store::{StoreError, Sum, hex};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The list's name.
const MANIFEST: &str = "manifest.json";
/// Its version.
pub(super) const VERSION: u32 = 1;
/// Octets read at once.
const PIECE: usize = 1 << 20;

/// What a copy holds. It is written last: a folder without it is no copy.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) v: u32,
    pub(super) made: Timestamp,
    pub(super) files: Vec<Listed>,
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// From the copy's folder.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Manifest {
    pub(super) fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::Failed(format!(
                "{0} がありません。このフォルダーは完全な控えではないので、別の控えを使ってください / \
                 {0} is not there: this folder holds no whole backup; take another one",
                path.display()
            )),
            _ => about(&path)(error),
        })?;
        let read: Self = serde_json::from_slice(&text).map_err(|error| {
            StoreError::Failed(format!(
                "{0} が読めません。別の控えを使ってください / {0} cannot be read: {error}",
                path.display()
            ))
        })?;
        if read.v == VERSION {
            return Ok(read);
        }
        Err(StoreError::Failed(format!(
            "{0} は第 {1} 版で、より新しい Fumibako が作ったものです。そのプログラムで開いてください / \
             {0} is of version {1}; a newer Fumibako made it",
            path.display(),
            read.v
        )))
    }

    /// SHA-256, in hex, of the list as it lies there.
    pub(super) fn sum(folder: &Path) -> Result<String, StoreError> {
        Ok(digest(folder, &folder.join(MANIFEST))?.sha256)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let (path, next) = (folder.join(MANIFEST), folder.join("manifest.json.new"));
        let text = serde_json::to_vec_pretty(self).map_err(|error| StoreError::Failed(error.to_string()))?;
        let mut file = fresh(&next)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(about(&next))?;
        fs::rename(&next, &path).map_err(about(&path))?;
        sync(folder)
    }
}

/// A folder that is empty; made, if it is not there.
pub(super) fn empty_folder(folder: &Path) -> Result<(), StoreError> {
    if !folder.exists() {
        return make_folder(folder);
    }
    let mut inside = fs::read_dir(folder).map_err(about(folder))?;
    match inside.next() {
        None => Ok(()),
        Some(_) => Err(StoreError::Failed(format!(
            "{0} は空ではありません。新しいフォルダーを指定してください / {0} is not empty; name a new folder",
            folder.display()
        ))),
    }
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(about(folder))?;
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync)
}

/// `bodies/<day>/<number>.seg`
pub(super) fn folder_of(segment: Segment) -> PathBuf {
    ["bodies".into(), segment.day().to_string(), format!("{}.seg", segment.number())].iter().collect()
}

/// Copies a file to this name below a folder, synced with the names that lead to it.
pub(super) fn copy(from: &Path, folder: &Path, name: &Path) -> Result<Listed, StoreError> {
    let to = folder.join(name);
    let parent = to.parent().unwrap_or(folder);
    if !parent.is_dir() {
        make_folder(parent)?;
    }
    let mut target = fresh(&to)?;
    let (bytes, sha256) = pass(from, |piece| target.write_all(piece).map_err(about(&to)))?;
    target.sync_all().map_err(about(&to))?;
    sync(parent)?;
    Ok(Listed { path: name.to_string_lossy().into_owned(), bytes, sha256 })
}

/// A file as it stands, for the list.
pub(super) fn digest(folder: &Path, file: &Path) -> Result<Listed, StoreError> {
    let (bytes, sha256) = pass(file, |_| Ok(()))?;
    let name = file.strip_prefix(folder).unwrap_or(file);
    Ok(Listed { path: name.to_string_lossy().into_owned(), bytes, sha256 })
}

/// Reads a file to its end: its octets and their SHA-256.
fn pass(from: &Path, mut each: impl FnMut(&[u8]) -> Result<(), StoreError>) -> Result<(u64, String), StoreError> {
    let mut source = File::open(from).map_err(about(from))?;
    let (mut buffer, mut sum, mut bytes) = (vec![0; PIECE], Sum::default(), 0);
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => return Ok((bytes, hex(&sum.finish()))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(about(from)(error)),
        };
        sum.add(&buffer[..read]);
        each(&buffer[..read])?;
        bytes += read as u64;
    }
}

/// A new file that only its owner may read.
fn fresh(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(about(path))
}

/// From now on only its owner may read it.
pub(super) fn private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(about(path))?;
    Ok(())
}

/// Makes a file, or the names in a folder, durable.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|opened| opened.sync_all()).map_err(about(path))
}

/// What the system said about a file. A copy that fails leaves the store as it is.
pub(super) fn about(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreError::Full(format!("{path} を書く空きがありません / {path}: {error}"))
        }
        _ => StoreError::Failed(format!("{path} を読み書きできません / {path}: {error}")),
    }
}
