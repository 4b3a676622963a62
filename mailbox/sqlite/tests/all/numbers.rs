//! Migrations run in the order of their numbers, each once and for good.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Numbers that were left out, and stay so: stores have run what comes after them.
const LEFT_OUT: &[u32] = &[5];

/// The number at the beginning of a migration's name; the folder holds nothing else.
fn number(name: &str) -> Option<u32> {
    let (digits, rest) = name.split_once('_')?;
    let named = rest.strip_suffix(".sql").is_some_and(|word| !word.is_empty());
    (named && digits.len() == 4).then(|| digits.parse().ok())?
}

/// What is wrong with these names.
fn wrong(names: &[String]) -> Vec<String> {
    let (mut wrong, mut known) = (Vec::new(), BTreeSet::new());
    for name in names {
        match number(name) {
            None => wrong.push(format!("{name}: no number of four digits, or no name")),
            Some(n) if LEFT_OUT.contains(&n) => wrong.push(format!("{name}: {n} was left out for good")),
            Some(n) if !known.insert(n) => wrong.push(format!("{name}: {n} comes twice")),
            Some(_) => {}
        }
    }
    let last = known.last().copied().unwrap_or(0);
    let holes = (1..=last).filter(|n| !known.contains(n) && !LEFT_OUT.contains(n));
    wrong.extend(holes.map(|n| format!("{n} is missing")));
    wrong
}

/// Of two migrations of one number stores would run one, and which one would be chance.
#[test]
fn migrations_have_each_a_number_of_their_own_without_a_hole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    assert_eq!(wrong(&names), Vec::<String>::new());
    let also = |more: &str| wrong(&[&names[..], &[more.to_owned()]].concat());
    assert_eq!(also("0002_other.sql"), ["0002_other.sql: 2 comes twice"]);
    assert_eq!(also("0005_late.sql"), ["0005_late.sql: 5 was left out for good"]);
    assert_eq!(also("9999_far.sql").len(), 9_998 - names.len() - LEFT_OUT.len());
    assert_eq!(also("13_short.sql"), ["13_short.sql: no number of four digits, or no name"]);
}
