//! ZIP archives, read in place: nothing is unpacked to disk, and what they say about their own sizes is not believed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use encoding_rs::SHIFT_JIS;
use fumibako_careplan::Report;
use zip::ZipArchive;
use zip::result::ZipError;

use super::basket::Basket;
use super::find::{below, is_archive};
use super::{Limits, Why};
use crate::bundle::gather::is_the_systems;

/// APPNOTE 4.4.4, bit 11: names and comments are UTF-8.
const UTF8_FLAG: u16 = 1 << 11;

type Archive = ZipArchive<BufReader<File>>;

/// Checks the files of an archive, folder by folder.
pub(super) fn check(path: &Path, at: &str, limits: &Limits, files_left: &mut usize) -> Result<Report, Why> {
    let file = File::open(path).map_err(|why| Why::cannot_read(&why))?;
    let size = file.metadata().map_err(|why| Why::cannot_read(&why))?.len();
    if size > limits.file_bytes {
        return Err(Why::TooLarge(limits.file_bytes));
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|why| because(&why))?;
    // The directory keeps one entry of each name, so one of the two would pass unseen.
    if archive.has_duplicate_names() {
        return Err(Why::SameNames);
    }
    let folders = folders(&archive)?;
    let count = folders.values().map(Vec::len).sum();
    *files_left = files_left.checked_sub(count).ok_or(Why::TooManyFiles(limits.files))?;
    let mut report = Report::default();
    let mut unfolded = 0;
    for (folder, entries) in folders {
        let mut basket = Basket::new(limits);
        for entry in entries {
            put(&mut basket, entry, &mut archive, &mut unfolded, limits);
        }
        report.add(basket.check().within(&if folder.is_empty() { at.to_owned() } else { below(at, &folder) }));
    }
    Ok(report)
}

/// A file of the archive.
struct Entry {
    index: usize,
    name: String,
    size: u64,
}

/// The files by their folders. One password is enough to know nothing of the whole.
fn folders(archive: &Archive) -> Result<BTreeMap<String, Vec<Entry>>, Why> {
    let mut folders: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(|why| because(&why))?;
        let path = path(entry.name_raw(), entry.flags().as_u16() & UTF8_FLAG != 0);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let hidden = path.split('/').any(|part| is_the_systems(OsStr::new(part)) || part == "__MACOSX");
        if name.is_empty() || hidden {
            continue;
        }
        if entry.encrypted() {
            return Err(Why::Encrypted);
        }
        folders.entry(folder.to_owned()).or_default().push(Entry { index, name: name.to_owned(), size: entry.size() });
    }
    Ok(folders)
}

/// A path inside the archive. Without the flag for UTF-8 a ZIP made in Japan on Windows holds its names in CP932, and one made on
/// a Mac holds UTF-8 all the same. Decoding comes before cutting at `\`, which is also the second byte of 表 and ソ.
fn path(raw: &[u8], says_utf8: bool) -> String {
    let as_utf8 = std::str::from_utf8(raw).ok();
    // Kana and kanji have three bytes or more; two-byte characters may as well be a pair of half-width kana.
    let is_mac = |text: &&str| text.chars().all(|c| c.is_ascii() || c >= '\u{800}');
    let text = match as_utf8.filter(|text| says_utf8 || is_mac(text)) {
        Some(text) => text.into(),
        None => SHIFT_JIS.decode_without_bom_handling(raw).0,
    };
    text.replace('\\', "/")
}

fn put(basket: &mut Basket<'_>, entry: Entry, archive: &mut Archive, unfolded: &mut u64, limits: &Limits) {
    let Entry { index, name, size } = entry;
    if is_archive(&name) {
        return basket.leave(&name, &Why::Nested);
    }
    basket.put(name, size, |most| read(archive, index, most, unfolded, limits));
}

/// One file, unpacked until it is whole or past a limit.
fn read(archive: &mut Archive, index: usize, most: u64, unfolded: &mut u64, limits: &Limits) -> Result<Vec<u8>, Why> {
    let entry = archive.by_index(index).map_err(|why| because(&why))?;
    let by_ratio = entry.compressed_size().saturating_mul(limits.ratio).max(limits.ratio_from);
    let room = limits.unfolded_bytes.saturating_sub(*unfolded);
    let mut bytes = Vec::new();
    let end = entry.take(most.min(by_ratio).min(room) + 1).read_to_end(&mut bytes);
    let size = bytes.len() as u64;
    *unfolded += size;
    match size {
        size if size > by_ratio => Err(Why::Bomb(limits.ratio)),
        size if size > room => Err(Why::Unfolds(limits.unfolded_bytes)),
        size if size > most => Err(Why::TooLarge(most)),
        // The checksum at its end is wrong, or the packing is.
        _ if end.is_err() => Err(Why::NotAZip),
        _ => Ok(bytes),
    }
}

fn because(why: &ZipError) -> Why {
    match why {
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => Why::Method,
        ZipError::Io(why) if why.kind() == std::io::ErrorKind::PermissionDenied => Why::cannot_read(why),
        _ => Why::NotAZip,
    }
}
