//! Between the files of a send unit: is it whole, are its persons the same, do its dates join.

use std::collections::{BTreeMap, HashSet};

use super::One;
use super::book::Book;
use super::rules::{Join, Person};
use crate::finding::{Fault, Finding};
use crate::layout::{Layout, Rule};
use crate::{Code, FileName, Kind, Party, Serial, UnitFault, UnitKind};

pub(super) fn findings(files: &[One]) -> Vec<Finding> {
    let mut sets: BTreeMap<(Party, Party, Serial), Vec<&One>> = BTreeMap::new();
    for file in files {
        if let Some(name) = &file.name {
            sets.entry((name.sender(), name.recipient(), name.serial())).or_default().push(file);
        }
    }
    let near_misses: Vec<Kind> = files.iter().filter_map(|file| file.meant).collect();
    let mut found = Vec::new();
    for set in sets.values_mut() {
        set.sort_by(|a, b| a.name.cmp(&b.name));
        found.extend(whole(set, &near_misses));
        for file in set.iter() {
            found.extend(joined(file, set));
        }
    }
    found
}

/// B001: the set is a send unit.
fn whole(set: &[&One], near_misses: &[Kind]) -> Option<Finding> {
    let fault = UnitKind::of(set.iter().filter_map(|file| file.name.as_ref())).err()?;
    // A file by itself that has findings of its own is being mended; what is missing beside it comes afterwards.
    let alone = set.len() == 1 && set.iter().any(|file| !file.findings.is_empty());
    // A file of the wrong edition, or one whose name cannot be read, already explains the gap.
    let of_another_edition = set.iter().any(|file| file.findings.iter().any(|finding| finding.code == Code::V006));
    let misnamed = matches!(&fault, UnitFault::Missing { kinds, .. } if kinds.iter().any(|k| near_misses.contains(k)));
    if alone || of_another_edition || misnamed {
        return None;
    }
    let mut book = Book::new(&set.first()?.written);
    book.whole(Fault::Unit(fault));
    book.close().pop()
}

/// B002, B003 and pictures: what one file needs of the others.
fn joined(file: &One, set: &[&One]) -> Vec<Finding> {
    let mut book = Book::new(&file.written);
    let Some(name) = &file.name else { return Vec::new() };
    let layout = file.facts.edition.and_then(|edition| Layout::of(name.kind(), edition));
    book.layout = layout;
    if file.facts.complete {
        persons(file, name.kind(), set, &mut book);
    }
    for rule in layout.iter().flat_map(|layout| &layout.rules) {
        match rule {
            Rule::Child { parent, date } => dates(file, *parent, *date, set, &mut book),
            Rule::Image(_) => pictures(file, set, &mut book),
            _ => {}
        }
    }
    book.close()
}

/// A file of the set that could be read whole: only then is what it lacks truly lacking.
fn whole_file<'a>(kind: Kind, set: &[&'a One]) -> Option<&'a One> {
    let of_kind = |file: &&&One| file.name.as_ref().map(FileName::kind) == Some(kind);
    set.iter().find(of_kind).filter(|file| file.facts.complete).copied()
}

/// Tables that a supplement travels with, and whose persons it describes.
const DESCRIBED: [Kind; 3] = [Kind::Table1, Kind::UseTable, Kind::UseTableAnnex];

fn persons(file: &One, kind: Kind, set: &[&One], book: &mut Book<'_>) {
    if kind == Kind::Supplement {
        let tables: Vec<&One> = DESCRIBED.iter().filter_map(|kind| whole_file(*kind, set)).collect();
        let known = |person: &Person| tables.iter().any(|table| table.facts.people.hold(person));
        let alone = file.facts.people.iter().filter(|seen| !tables.is_empty() && !known(&seen.person));
        alone.for_each(|seen| book.row(Fault::SupplementAlone, seen.first_row));
    } else if DESCRIBED.contains(&kind)
        && let Some(supplement) = whole_file(Kind::Supplement, set)
    {
        let without = file.facts.people.iter().filter(|seen| !supplement.facts.people.hold(&seen.person));
        without.for_each(|seen| book.row(Fault::NoSupplement, seen.first_row));
    }
}

fn dates(file: &One, parent: Kind, date: usize, set: &[&One], book: &mut Book<'_>) {
    let Some(table) = whole_file(parent, set) else { return };
    let is_supplement = file.name.as_ref().map(FileName::kind) == Some(Kind::Supplement);
    let mut orphans: Vec<(&Join, u64)> = Vec::new();
    for (join, row) in &file.facts.people.joins {
        let mut person: Person = [0; 16];
        person.copy_from_slice(&join[..16]);
        // A person of the supplement who is in no table at all has been named already.
        let named = is_supplement && !table.facts.people.hold(&person);
        if !table.facts.people.joins.contains_key(join) && !named {
            orphans.push((join, *row));
        }
    }
    orphans.sort_by_key(|(_, row)| *row);
    for (join, row) in orphans {
        book.value(Fault::NoParent(parent), row, date, &join[16..]);
    }
}

fn pictures(file: &One, set: &[&One], book: &mut Book<'_>) {
    let there: HashSet<Vec<u8>> = set.iter().map(|other| other.written.as_bytes().to_ascii_lowercase()).collect();
    for (name, row, column) in &file.facts.people.pictures {
        if !there.contains(&name.to_ascii_lowercase()) {
            book.value(Fault::NoPicture, *row, *column, name);
        }
    }
}
