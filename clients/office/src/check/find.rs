//! Where the files are: paths, folders within folders, and patterns that no shell has expanded.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use fumibako_careplan::Report;
use glob::{MatchOptions, Pattern};
use walkdir::{DirEntry, WalkDir};

use super::{Limits, Why};
use crate::bundle::gather::{file_name, is_the_systems};
use crate::trouble::Trouble;

/// What is checked together.
#[derive(Debug)]
pub(super) enum Place {
    /// Files of one folder.
    Folder { at: String, files: Vec<PathBuf> },
    /// A ZIP archive, and the folder it lies in.
    Archive { at: String, path: PathBuf },
}

/// Everything found.
pub(super) struct Found {
    /// In the order in which they were named and lie.
    pub(super) places: Vec<Place>,
    /// What was found and cannot be read.
    pub(super) report: Report,
    /// How many files the archives may still hold.
    pub(super) files_left: usize,
}

/// Finds the files. A path or pattern that leads to nothing stops everything: it is a slip of the hand.
pub(super) fn find(paths: &[PathBuf], limits: &Limits) -> Result<Found, Trouble> {
    let mut search = Search {
        limits,
        found: Found { places: Vec::new(), report: Report::default(), files_left: limits.files },
        folders: HashMap::new(),
        seen: HashSet::new(),
    };
    let mut named = Vec::new();
    for path in paths {
        if path.exists() { named.push(path.clone()) } else { named.extend(matching(path)?) }
    }
    for path in named {
        if path.is_dir() {
            search.walk(&path);
        } else if !search.add(path) {
            break;
        }
    }
    if search.seen.is_empty() && search.found.report.unchecked.is_empty() {
        return Err(Trouble::NothingToCheck);
    }
    Ok(search.found)
}

/// `folder/*.csv`: Windows hands patterns over as they were typed. Case does not count, as it does not there.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let nothing = || Trouble::NoSuchFile(pattern.to_owned());
    let text = pattern.to_str().filter(|text| text.contains(['*', '?', '['])).ok_or_else(nothing)?;
    // A folder that is there is not a pattern, even with brackets in its name.
    let folder =
        pattern.parent().and_then(Path::to_str).filter(|folder| !folder.is_empty() && Path::new(folder).is_dir());
    let name = pattern.file_name().and_then(OsStr::to_str);
    let text = match (folder, name) {
        (Some(folder), Some(name)) => format!("{}{}{name}", Pattern::escape(folder), std::path::MAIN_SEPARATOR),
        _ => text.to_owned(),
    };
    let options =
        MatchOptions { case_sensitive: false, require_literal_separator: true, require_literal_leading_dot: true };
    let found: Vec<PathBuf> = glob::glob_with(&text, options).map_err(|_| nothing())?.flatten().collect();
    if found.is_empty() { Err(nothing()) } else { Ok(found) }
}

struct Search<'l> {
    limits: &'l Limits,
    found: Found,
    /// Where in `found.places` a folder stands.
    folders: HashMap<PathBuf, usize>,
    /// What is there already, so that nothing is checked twice.
    seen: HashSet<PathBuf>,
}

impl Search<'_> {
    fn walk(&mut self, folder: &Path) {
        let visible = |entry: &DirEntry| entry.depth() == 0 || !is_the_systems(entry.file_name());
        let entries = WalkDir::new(folder).max_depth(self.limits.depth + 1).sort_by_file_name();
        for entry in entries.into_iter().filter_entry(visible) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {
                    if entry.depth() > self.limits.depth {
                        self.leave(entry.path(), &Why::TooDeep(self.limits.depth));
                    }
                }
                // A link to a file counts as that file; one to a folder could lead anywhere, or in a circle.
                Ok(entry) if entry.path().is_file() => {
                    if !self.add(entry.into_path()) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(why) => {
                    let kind = why.io_error().map_or(std::io::ErrorKind::Other, std::io::Error::kind);
                    let path = why.path().unwrap_or(folder).to_owned();
                    self.leave(&path, &Why::CannotRead(kind));
                }
            }
        }
    }

    /// Takes a file in; says no once there are too many.
    fn add(&mut self, path: PathBuf) -> bool {
        let whole = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if !self.seen.insert(whole.clone()) {
            return true;
        }
        let Some(left) = self.found.files_left.checked_sub(1) else {
            self.leave(&path, &Why::TooManyFiles(self.limits.files));
            return false;
        };
        self.found.files_left = left;
        let at = folder_of(&path);
        if is_archive(&name(&path)) {
            self.found.places.push(Place::Archive { at, path });
            return true;
        }
        let folder = whole.parent().unwrap_or(Path::new("")).to_owned();
        let place = *self.folders.entry(folder).or_insert_with(|| {
            self.found.places.push(Place::Folder { at, files: Vec::new() });
            self.found.places.len() - 1
        });
        if let Some(Place::Folder { files, .. }) = self.found.places.get_mut(place) {
            files.push(path);
        }
        true
    }

    fn leave(&mut self, path: &Path, why: &Why) {
        self.found.report.add(why.report(&name(path)).within(&folder_of(path)));
    }
}

/// Is it called a ZIP archive?
pub(super) fn is_archive(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"))
}

/// The name as it travels.
pub(super) fn name(path: &Path) -> String {
    file_name(path)
}

/// A folder below another, as it is shown.
pub(super) fn below(folder: &str, name: &str) -> String {
    match folder {
        "" | "." => name.to_owned(),
        folder => format!("{folder}{}{name}", if folder.ends_with(['/', '\\']) { "" } else { "/" }),
    }
}

/// The folder of a path, as it is shown.
pub(super) fn folder_of(path: &Path) -> String {
    match path.parent() {
        Some(folder) if folder != Path::new("") && folder != Path::new(".") => {
            folder.strip_prefix(".").unwrap_or(folder).display().to_string()
        }
        _ => ".".into(),
    }
}
