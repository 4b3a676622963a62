//! Files on disk against the standard: folders, files, patterns, ZIP archives. Nothing is sent, and no setting is needed.
//!
//! `find` says where the files are, `archive` opens a ZIP, `basket` reads the files of one folder within the limits, and
//! `why` says what could not be read. What the standard thinks of them is [`fumibako_careplan::check`].

mod archive;
mod basket;
mod find;
mod why;

use std::path::PathBuf;

use fumibako_careplan::Report;

use crate::trouble::Trouble;
use basket::Basket;
use find::{Found, Place, find};
use why::Why;

/// How much one run reads (Profile §2.7). What is past a limit is named, and the rest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files in all, those inside ZIP archives included. Default 10,000.
    pub files: usize,
    /// Bytes of one file, ZIP archives included. Default 256 MiB, ten times what a message may carry.
    pub file_bytes: u64,
    /// Bytes of the files of one folder, which are judged together and so held together. Default 512 MiB.
    pub folder_bytes: u64,
    /// Bytes that one ZIP archive unfolds to. Default 512 MiB.
    pub unfolded_bytes: u64,
    /// How many times its packed size a file in a ZIP archive may have, once past `ratio_from` bytes. Default 200.
    pub ratio: u64,
    /// Bytes that a file in a ZIP archive may have however small it is packed. Default 16 MiB.
    pub ratio_from: u64,
    /// Folders within folders. Default 32.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 10_000,
            file_bytes: 256 << 20,
            folder_bytes: 512 << 20,
            unfolded_bytes: 512 << 20,
            ratio: 200,
            ratio_from: 16 << 20,
            depth: 32,
        }
    }
}

/// Checks every file named, every file in the folders named and in those within them, and every file in ZIP archives.
///
/// Profile §2.4: each folder is judged by itself, since files of one name in two folders are two different files. `step`
/// is told how many places there are, then each time one is done.
pub fn check(paths: &[PathBuf], limits: &Limits, step: &mut dyn FnMut(Step)) -> Result<Report, Trouble> {
    let Found { places, mut report, mut files_left } = find(paths, limits)?;
    step(Step::Places(places.len()));
    for place in places {
        report.add(match place {
            Place::Folder { at, files } => folder(&files, limits).within(&at),
            Place::Archive { at, path } => {
                let name = find::name(&path);
                let inside = find::below(&at, &name);
                archive::check(&path, &inside, limits, &mut files_left)
                    .unwrap_or_else(|why| why.report(&name).within(&at))
            }
        });
        step(Step::Done);
    }
    Ok(report)
}

/// What [`check`] tells while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many folders and archives will be checked.
    Places(usize),
    /// One more is done.
    Done,
}

fn folder(files: &[PathBuf], limits: &Limits) -> Report {
    let mut basket = Basket::new(limits);
    for path in files {
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        basket.put(find::name(path), size, |most| basket::read_file(path, most));
    }
    basket.check()
}

#[cfg(test)]
mod tests;
