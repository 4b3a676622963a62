//! Both languages say the same things; every text that is asked for is there, and none is idle.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// Ids, each with the values it takes.
fn ids(text: &str) -> BTreeSet<(String, BTreeSet<String>)> {
    let entries = text.split("\n\n").flat_map(|block| block.split('\n').collect::<Vec<_>>());
    let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in entries {
        if let Some((id, _)) = line.split_once(" =").filter(|(id, _)| !id.starts_with([' ', '#', '}'])) {
            found.push((id.to_owned(), BTreeSet::new()));
        }
        if let Some((_, values)) = found.last_mut() {
            let names = line
                .split('$')
                .skip(1)
                .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>());
            values.extend(names);
        }
    }
    found.into_iter().collect()
}

/// Every `.rs` below a folder.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_values() {
    let (ja, en) = (ids(JA), ids(EN));
    let only = |a: &BTreeSet<_>, b: &BTreeSet<_>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!((only(&ja, &en), only(&en, &ja)), (Vec::new(), Vec::new()));
    assert!(ja.len() > 100, "{}", ja.len());
}

#[test]
fn the_files_are_read_without_a_mistake() {
    for text in [JA, EN] {
        assert!(FluentResource::try_new(text.to_owned()).is_ok());
    }
}

#[test]
fn every_text_is_used_somewhere() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = sources(&here.join("src")) + &sources(&here.join("../office/src"));
    let idle: Vec<_> = ids(JA).into_iter().map(|(id, _)| id).filter(|id| !all.contains(&format!("\"{id}\""))).collect();
    assert_eq!(idle, [""; 0]);
}

#[test]
fn a_text_takes_its_values_and_no_marks_around_them() {
    assert_eq!(count(Lang::Ja, "days-left", 3), "あと3日");
    assert_eq!(say(Lang::En, "home"), "Home");
    assert_eq!(say(Lang::En, "no-such-text"), "no-such-text");
    assert_eq!([-3, 0, 1].map(|left| days(Lang::Ja, left)), ["保管中", "まもなく", "あと1日"]);
}
