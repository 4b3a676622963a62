//! What the disk keeps, and what it may lose.

use std::collections::BTreeSet;

use super::*;
use crate::trace::Event::{MakeFolder, Open, Rename, Resize, Synced, Syncing, Write};

const FILE: i32 = 3;
const FOLDER: i32 = 4;

/// All that many cuts after these events leave: each state as its files, by path.
fn left(events: &[Event<'_>]) -> BTreeSet<BTreeMap<String, Vec<u8>>> {
    let outer = tempfile::tempdir().unwrap();
    let empty = outer.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let mut disk = Disk::load(&empty, None);
    for event in events {
        disk.take(*event);
    }
    let cut = |seed: u64| {
        let into = outer.path().join(seed.to_string());
        disk.cut(&into, &mut Random::from_seed(seed));
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(into).unwrap().map(Result::unwrap) {
            files.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default());
        }
        files
    };
    (0..200).map(cut).collect()
}

fn make(path: &str) -> Event<'_> {
    Open { fd: FILE, create: true, truncate: false, path }
}

fn write(at: u64, octets: &[u8]) -> Event<'_> {
    Write { fd: FILE, at, octets }
}

fn sync(fd: i32) -> [Event<'static>; 2] {
    [Syncing { fd, number: 1 }, Synced { number: 1 }]
}

fn open_folder() -> Event<'static> {
    Open { fd: FOLDER, create: false, truncate: false, path: "" }
}

fn files<const N: usize>(files: [(&str, &[u8]); N]) -> BTreeMap<String, Vec<u8>> {
    files.map(|(name, octets)| (name.to_owned(), octets.to_vec())).into()
}

#[test]
fn a_file_that_was_synced_may_still_have_no_name() {
    let events = [&[open_folder(), make("a"), write(0, b"one")][..], &sync(FILE)].concat();
    assert_eq!(left(&events), [files([]), files([("a", b"one")])].into());
    assert_eq!(left(&[&events[..], &sync(FOLDER)].concat()), [files([("a", b"one")])].into());
}

#[test]
fn a_name_that_was_synced_may_have_no_content() {
    let events = [&[open_folder(), make("a"), write(0, b"one")][..], &sync(FOLDER)].concat();
    let states = [&b""[..], b"\0\0\0", b"one"].map(|octets| files([("a", octets)]));
    assert_eq!(left(&events), states.into());
}

#[test]
fn a_sync_proves_what_came_before_it_began() {
    let events = [
        &[open_folder(), make("a"), write(0, b"old")][..],
        &sync(FOLDER),
        &[Syncing { fd: FILE, number: 2 }, write(0, b"new"), Synced { number: 2 }],
    ];
    assert_eq!(left(&events.concat()), [files([("a", b"old")]), files([("a", b"new")])].into());
}

#[test]
fn a_rename_is_all_or_nothing() {
    let made = [open_folder(), make("b"), write(0, b"new")];
    let events = [&made[..], &sync(FILE), &sync(FOLDER), &[Rename { from: "b", to: "a" }]].concat();
    assert_eq!(left(&events), [files([("b", b"new")]), files([("a", b"new")])].into());
}

#[test]
fn sectors_survive_each_for_itself() {
    let sectors = [b'x'; 2 * 4096];
    let synced =
        [&[open_folder(), make("a"), Resize { fd: FILE, size: 8192 }][..], &sync(FOLDER), &sync(FILE)].concat();
    let left = left(&[&synced[..], &[write(0, &sectors)]].concat());
    let ends: BTreeSet<_> = left.iter().map(|files| (files["a"][4095], files["a"][4096])).collect();
    assert_eq!(ends, [(0, 0), (0, b'x'), (b'x', 0), (b'x', b'x')].into());
}

#[test]
fn a_folder_without_its_name_takes_all_with_it() {
    let inner = Open { fd: FOLDER, create: false, truncate: false, path: "day" };
    let made = [MakeFolder("day"), inner, make("day/a"), write(0, b"one")];
    let events = [&made[..], &sync(FILE), &sync(FOLDER)].concat();
    assert_eq!(left(&events), [files([]), files([("day", b"")])].into());
}
