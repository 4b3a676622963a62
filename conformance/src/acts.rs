//! What a program does to the disk, and in which order: what was not synced before the next step is what a power cut takes.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::programs::Programs;
use crate::tool::Tool;

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Octets were written into a file.
    Write(PathBuf),
    /// A file, or the entries of a folder, were synced.
    Sync(PathBuf),
    /// A file or folder has another name.
    Rename(PathBuf, PathBuf),
}

/// The acts of a program that knows nothing of it (`Tool::watched`).
#[derive(Debug)]
pub struct Acts {
    library: PathBuf,
    folder: TempDir,
}

impl Acts {
    /// None so far.
    pub fn new() -> Self {
        let (folder, library) = preloaded("acts", include_str!("acts.c"));
        fs::write(folder.path().join(LINES), "").expect("the folder is writable");
        Self { library, folder }
    }

    /// All of them, in their order.
    pub fn done(&self) -> Vec<Act> {
        let lines = fs::read_to_string(self.folder.path().join(LINES)).expect("the lines are text");
        let act = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
            ["write", path, ""] => Act::Write(path.into()),
            ["sync", path, ""] => Act::Sync(path.into()),
            ["rename", from, to] => Act::Rename(from.into(), to.into()),
            _ => panic!("no act: {line}"),
        };
        lines.lines().map(act).collect()
    }

    /// The environment of a program that is watched.
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("LD_PRELOAD", self.library.clone()), ("FUMIBAKO_ACTS", self.folder.path().join(LINES))]
    }
}

impl Default for Acts {
    fn default() -> Self {
        Self::new()
    }
}

const LINES: &str = "lines";

/// A library for `LD_PRELOAD`, compiled in a folder of its own.
pub(crate) fn preloaded(name: &str, source: &str) -> (TempDir, PathBuf) {
    Programs::need(&["cc"]);
    let folder = tempfile::Builder::new().prefix("fumibako-preloaded-").tempdir().expect("a folder can be made");
    let (file, library) = (folder.path().join(format!("{name}.c")), folder.path().join(format!("{name}.so")));
    fs::write(&file, source).expect("the folder is writable");
    let options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"];
    Tool::named("cc").args(options).arg(&library).arg(&file).run().well();
    (folder, library)
}
