//! A disk that keeps what it was told to sync, and of the rest whatever chance leaves.
//!
//! | what                          | counts once                                     |
//! |-------------------------------|-------------------------------------------------|
//! | octets, size of a file        | a sync of that file returned that began later   |
//! | names in a folder             | the same, of that folder; never by a file's sync |
//!
//! At a cut every piece of a write within a sector of 4 KiB, every change of a size and every change of names survives
//! or not, each for itself, whatever was asked before or after it. Assumed: what lies in one sector and came in one
//! write is never torn, a rename is all or nothing, what was synced stays.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use crate::random::Random;
use crate::trace::Event;

const SECTOR: u64 = 4096;

/// A file or a folder, by its place in [`Disk::nodes`].
type Node = usize;
type Names = BTreeMap<String, Node>;

#[derive(Clone)]
pub(crate) struct Disk {
    nodes: Vec<Kept>,
    open: HashMap<i32, Node>,
    /// Syncs that have not returned: of what, and since when.
    syncing: HashMap<u64, (Node, u64)>,
    /// Counts events.
    time: u64,
    lie: Option<Lie>,
    /// Syncs that [`Lie::NormalLog`] puts off.
    put_off: Option<(Node, u64)>,
}

#[derive(Clone)]
struct Kept {
    path: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    File(Layers<Vec<u8>, FileChange>),
    Folder(Layers<Names, NameChange>),
}

/// What is safe, what a process sees, and the changes that make the difference.
#[derive(Clone)]
struct Layers<T, C> {
    safe: T,
    seen: T,
    pending: Vec<(u64, C)>,
}

trait Change<T> {
    fn make(&self, on: &mut T);
}

#[derive(Clone)]
enum FileChange {
    Piece { at: usize, octets: Vec<u8> },
    Size(usize),
}

#[derive(Clone)]
enum NameChange {
    Set(String, Node),
    Remove(String),
    Rename { from: String, to: String, node: Node },
}

/// A sync that the disk reports as done and does not do: each stands for one that the store could have left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// The log of the database is synced before a checkpoint only, as with `synchronous=NORMAL`.
    NormalLog,
    /// The database and its log never are, as with `synchronous=OFF`.
    Database,
    /// The segments never are.
    Segments,
    /// The folders of the days are not: the names of segments.
    DayFolders,
    /// The folder of the bodies is not: the names of days.
    BodiesFolder,
    /// The folder of the keys is not: the ring's name.
    KeysFolder,
    /// The key ring itself is not.
    Ring,
}

impl Lie {
    pub(crate) const ALL: [Self; 7] = [
        Self::NormalLog,
        Self::Database,
        Self::Segments,
        Self::DayFolders,
        Self::BodiesFolder,
        Self::KeysFolder,
        Self::Ring,
    ];

    fn is_about(self, path: &str) -> bool {
        let is_day = || path.strip_prefix("store/bodies/").is_some_and(|day| !day.contains('/'));
        let ending = |ending| Path::new(path).extension().is_some_and(|found| found == ending);
        match self {
            Self::NormalLog => path.ends_with(".sqlite3-wal"),
            Self::Database => path.ends_with(".sqlite3-wal") || ending("sqlite3"),
            Self::Segments => ending("seg"),
            Self::DayFolders => is_day(),
            Self::BodiesFolder => path == "store/bodies",
            Self::KeysFolder => path == "store/keys",
            Self::Ring => path.starts_with("store/keys/ring"),
        }
    }
}

impl Disk {
    /// What is in this folder, all of it safe.
    pub(crate) fn load(folder: &Path, lie: Option<Lie>) -> Self {
        let mut disk =
            Self { nodes: Vec::new(), open: HashMap::new(), syncing: HashMap::new(), time: 0, lie, put_off: None };
        disk.load_folder(folder, String::new());
        disk
    }

    fn load_folder(&mut self, folder: &Path, path: String) -> Node {
        let node = self.add(path.clone(), Content::Folder(Layers::of(Names::new())));
        let mut names = Names::new();
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            if !is_shared_memory(&name) {
                let loaded = if entry.file_type().unwrap().is_dir() {
                    self.load_folder(&entry.path(), path)
                } else {
                    self.add(path, Content::File(Layers::of(fs::read(entry.path()).unwrap())))
                };
                names.insert(name, loaded);
            }
        }
        self.nodes[node].content = Content::Folder(Layers::of(names));
        node
    }

    fn add(&mut self, path: String, content: Content) -> Node {
        self.nodes.push(Kept { path, content });
        self.nodes.len() - 1
    }

    /// What happens next.
    pub(crate) fn take(&mut self, event: Event<'_>) {
        self.time += 1;
        match event {
            Event::Life => {
                self.open.clear();
                self.syncing.clear();
            }
            Event::Open { fd, create, truncate, path } => self.opened(fd, path, create, truncate),
            Event::Write { fd, at, octets } => self.write(self.open[&fd], at, octets),
            Event::Resize { fd, size } => self.resize(self.open[&fd], size),
            Event::Syncing { fd, number } => drop(self.syncing.insert(number, (self.open[&fd], self.time))),
            Event::Synced { number } => {
                let (node, before) = self.syncing.remove(&number).unwrap();
                self.synced(node, before);
            }
            Event::Close { fd } => drop(self.open.remove(&fd)),
            Event::Double { fd, also } => drop(self.open.insert(also, self.open[&fd])),
            Event::Rename { from, to } => self.rename(from, to),
            Event::Unlink(path) | Event::RemoveFolder(path) => {
                let (folder, name) = self.place(path);
                self.name(folder, NameChange::Remove(name));
            }
            Event::MakeFolder(path) => drop(self.make(path, Content::Folder(Layers::of(Names::new())))),
            Event::Said(_) => {}
        }
    }

    fn opened(&mut self, fd: i32, path: &str, create: bool, truncate: bool) {
        let node = match self.find(path) {
            Some(node) => node,
            None if create => self.make(path, Content::File(Layers::of(Vec::new()))),
            None => panic!("{path} was opened and is not there"),
        };
        if truncate {
            self.resize(node, 0);
        }
        self.open.insert(fd, node);
    }

    fn make(&mut self, path: &str, content: Content) -> Node {
        let node = self.add(path.to_owned(), content);
        let (folder, name) = self.place(path);
        self.name(folder, NameChange::Set(name, node));
        node
    }

    fn rename(&mut self, from: &str, to: &str) {
        let node = self.find(from).unwrap();
        let ((folder, from), (other, to)) = (self.place(from), self.place(to));
        assert_eq!(folder, other, "the store renames within a folder");
        self.name(folder, NameChange::Rename { from, to, node });
    }

    fn write(&mut self, node: Node, mut at: u64, mut octets: &[u8]) {
        if self.lie == Some(Lie::NormalLog) && Lie::Database.is_about(&self.nodes[node].path) {
            self.sync_what_was_put_off(node);
        }
        let end = usize::try_from(at).unwrap() + octets.len();
        let time = self.time;
        let file = self.file(node);
        if end > file.seen.len() {
            file.change(time, FileChange::Size(end));
        }
        while !octets.is_empty() {
            let room = usize::try_from(SECTOR - at % SECTOR).unwrap();
            let (piece, rest) = octets.split_at(room.min(octets.len()));
            file.change(time, FileChange::Piece { at: usize::try_from(at).unwrap(), octets: piece.to_vec() });
            at += piece.len() as u64;
            octets = rest;
        }
    }

    fn resize(&mut self, node: Node, size: u64) {
        let time = self.time;
        self.file(node).change(time, FileChange::Size(usize::try_from(size).unwrap()));
    }

    fn synced(&mut self, node: Node, before: u64) {
        if self.lie.is_some_and(|lie| lie.is_about(&self.nodes[node].path)) {
            self.put_off = Some((node, before));
            return;
        }
        match &mut self.nodes[node].content {
            Content::File(file) => file.sync(before),
            Content::Folder(folder) => folder.sync(before),
        }
    }

    /// A checkpoint begins to write into the database: before it the log is synced even with `synchronous=NORMAL`.
    fn sync_what_was_put_off(&mut self, written: Node) {
        if let Some((log, before)) = self.put_off.take_if(|(log, _)| *log != written) {
            self.file(log).sync(before);
        }
    }

    fn file(&mut self, node: Node) -> &mut Layers<Vec<u8>, FileChange> {
        let Kept { path, content } = &mut self.nodes[node];
        match content {
            Content::File(file) => file,
            Content::Folder(_) => panic!("{path} is a folder"),
        }
    }

    fn name(&mut self, folder: Node, change: NameChange) {
        let time = self.time;
        let Kept { path, content } = &mut self.nodes[folder];
        match content {
            Content::Folder(names) => names.change(time, change),
            Content::File(_) => panic!("{path} is a file"),
        }
    }

    /// The folder of a path and the name in it.
    fn place(&self, path: &str) -> (Node, String) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        (self.find(folder).unwrap(), name.to_owned())
    }

    fn find(&self, path: &str) -> Option<Node> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(0, |node, name| match &self.nodes[node].content {
            Content::Folder(names) => names.seen.get(name).copied(),
            Content::File(_) => None,
        })
    }

    /// The power fails now: puts what is left of the disk into a new folder.
    pub(crate) fn cut(&self, into: &Path, random: &mut Random) {
        fs::create_dir(into).unwrap();
        self.leave(0, into, random);
    }

    fn leave(&self, node: Node, at: &Path, random: &mut Random) {
        // Mostly half of the changes survive; sometimes all of a file, or nothing, and so against its neighbours.
        let of_four = [0, 1, 2, 2, 2, 3, 4][usize::try_from(random.below(7)).unwrap()];
        match &self.nodes[node].content {
            Content::File(file) => fs::write(at, file.survive(|| random.below(4) < of_four)).unwrap(),
            Content::Folder(names) => {
                for (name, node) in names.survive(|| random.below(4) < of_four) {
                    let at = at.join(name);
                    if let Content::Folder(_) = self.nodes[node].content {
                        fs::create_dir(&at).unwrap();
                    }
                    self.leave(node, &at, random);
                }
            }
        }
    }

    /// Where the disk as a process sees it differs from a real folder.
    pub(crate) fn differs(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        self.compare(0, folder, &mut found);
        found
    }

    fn compare(&self, node: Node, real: &Path, found: &mut Vec<String>) {
        match &self.nodes[node].content {
            Content::File(file) => {
                let octets = fs::read(real).unwrap_or_default();
                if file.seen != octets {
                    let at = file.seen.iter().zip(&octets).position(|(one, other)| one != other);
                    found.push(format!(
                        "{}: {} for {} octets, at {at:?}",
                        real.display(),
                        file.seen.len(),
                        octets.len()
                    ));
                }
            }
            Content::Folder(names) => {
                let names_of = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
                let mut there: Vec<String> = fs::read_dir(real).unwrap().map(names_of).collect();
                there.retain(|name| !is_shared_memory(name));
                there.sort_unstable();
                if !names.seen.keys().eq(&there) {
                    found.push(format!("{}: {:?} for {there:?}", real.display(), names.seen.keys()));
                    return;
                }
                names.seen.iter().for_each(|(name, node)| self.compare(*node, &real.join(name), found));
            }
        }
    }
}

/// SQLite makes it anew from the log.
fn is_shared_memory(name: &str) -> bool {
    name.ends_with("-shm")
}

impl<T: Clone, C: Change<T>> Layers<T, C> {
    fn of(content: T) -> Self {
        Self { safe: content.clone(), seen: content, pending: Vec::new() }
    }

    fn change(&mut self, time: u64, change: C) {
        change.make(&mut self.seen);
        self.pending.push((time, change));
    }

    fn sync(&mut self, before: u64) {
        let synced = self.pending.partition_point(|(time, _)| *time < before);
        self.pending.drain(..synced).for_each(|(_, change)| change.make(&mut self.safe));
    }

    fn survive(&self, mut does: impl FnMut() -> bool) -> T {
        let mut left = self.safe.clone();
        self.pending.iter().filter(|_| does()).for_each(|(_, change)| change.make(&mut left));
        left
    }
}

impl Change<Vec<u8>> for FileChange {
    fn make(&self, on: &mut Vec<u8>) {
        match self {
            Self::Size(size) => on.resize(*size, 0),
            Self::Piece { at, octets } => {
                let end = at + octets.len();
                if on.len() < end {
                    on.resize(end, 0);
                }
                on[*at..end].copy_from_slice(octets);
            }
        }
    }
}

impl Change<Names> for NameChange {
    fn make(&self, on: &mut Names) {
        match self {
            Self::Set(name, node) => drop(on.insert(name.clone(), *node)),
            Self::Remove(name) => drop(on.remove(name)),
            Self::Rename { from, to, node } => {
                if on.get(from) == Some(node) {
                    on.remove(from);
                }
                on.insert(to.clone(), *node);
            }
        }
    }
}

#[cfg(test)]
mod tests;
