//! The list of other people's programs, which `.ci/packages` installs and the suites ask for.

use std::fs;

use fumibako_conformance::{Tool, repository};

use crate::tree::{none, rust};

#[test]
fn the_list_is_sorted_and_two_words_a_line() {
    let list = fs::read_to_string(repository().join("conformance/programs/packages")).expect("it is there");
    let rows: Vec<&str> = list.lines().collect();
    assert!(rows.is_sorted());
    none(
        "a program and its package",
        rows.iter().filter(|row| row.split(' ').count() != 2).map(|row| (*row).to_owned()),
    );
}

#[test]
fn what_a_suite_runs_it_has_asked_for_before() {
    // `Tool::named` takes a program from the search path; a file that uses one says `Programs::need`.
    let runs = rust().filter(|(path, text)| path.starts_with("conformance/tests/") && text.contains("Tool::named("));
    let silent = runs.filter(|(_, text)| !text.contains("Programs::need("));
    none(
        "ask for the program first",
        silent.map(|(path, _)| path.to_owned()).filter(|path| !path.ends_with("packages.rs")),
    );
}

#[test]
fn what_is_missing_is_named_with_its_package() {
    let ran =
        Tool::at(&repository().join(".ci/packages")).args(["--check", "no-such-program-here no-such-package"]).run();
    assert_eq!(ran.exit(), Some(1), "{}", ran.messages());
    assert!(ran.messages().contains("no-such-package"), "{}", ran.messages());
    assert!(!ran.messages().contains("curl"), "{}", ran.messages());
}
