//! One defect gives one code, in every column of every kind: what follows from a defect is not told as well.

use std::path::Path;

use super::*;
use crate::layout::{Column, Form, Layout, Needed};
use crate::table::Rows;

/// Every CSV file of the valid samples, with its layout.
fn samples() -> Vec<(String, Vec<u8>, &'static Layout)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/samples/valid");
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let mut samples = Vec::new();
    for entry in entries.filter(|entry| entry.file_type().is_file()) {
        let name = entry.file_name().to_str().unwrap().to_owned();
        let Some(kind) = recognise(&name).standard().map(|name| name.kind()) else { continue };
        let bytes = std::fs::read(entry.path()).unwrap();
        let edition = if bytes.starts_with(b"202208") { Edition::Third } else { Edition::FourthRevised };
        if let Some(layout) = Layout::of(kind, edition).filter(|_| !bytes.starts_with(b"202003")) {
            samples.push((name, bytes, layout));
        }
    }
    assert!(samples.len() > 40);
    samples
}

/// The file with one value of its first row replaced.
fn replaced(bytes: &[u8], column: usize, value: &[u8]) -> Vec<u8> {
    let mut rows = Rows::new(bytes);
    let field = rows.next_row().unwrap().fields[column];
    [&bytes[..field.start], value, &bytes[field.end..]].concat()
}

/// Puts a defect into every column that `defect` has one for; each must be found, and nothing else.
#[track_caller]
fn check_columns(defect: impl Fn(&Column) -> Option<(Vec<u8>, &'static str)>) {
    let (mut tried, mut wrong) = (0, Vec::new());
    for (name, bytes, layout) in samples() {
        // The version is judged by other codes.
        for (at, column) in layout.columns.iter().enumerate().skip(1) {
            let Some((value, code)) = defect(column) else { continue };
            tried += 1;
            let found = check_file(&name, &replaced(&bytes, at, &value));
            let codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
            let here = found.iter().all(|one| one.column.map(|place| place.number) == Some(column.number));
            if codes != [code] || !here {
                wrong.push(format!("{name} {}: {code} expected, {codes:?} found", column.id));
            }
        }
    }
    assert!(tried > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_missing_value_is_missing_and_nothing_else() {
    check_columns(|column| match column.needed {
        Needed::Yes => Some((vec![], "R001")),
        Needed::Unsure => Some((vec![], "R002")),
        Needed::No => None,
    });
}

#[test]
fn a_value_of_the_wrong_length_is_too_long_or_not_of_its_length() {
    check_columns(|column| {
        let longest = column.longest?;
        Some((b"1".repeat(longest + 1), if column.exact { "L002" } else { "L001" }))
    });
    check_columns(|column| column.exact.then(|| (b"1".repeat(column.longest.unwrap() - 1), "L002")));
}

#[test]
fn a_value_of_the_wrong_form_is_named_by_its_form() {
    check_columns(|column| match column.form {
        Form::Date => Some((b"20251332".to_vec(), "D001")),
        Form::Month => Some((b"202513".to_vec(), "M001")),
        Form::Time => Some((b"2561".to_vec(), "T001")),
        Form::Code(_) => Some((b"Z".to_vec(), "K001")),
        Form::Int { .. } | Form::Decimal | Form::ServiceKind => Some((b"x".to_vec(), "N003")),
        Form::Digits | Form::Insured => Some((b"x".repeat(column.longest.unwrap()), "N003")),
        Form::Office | Form::ServiceCode | Form::Postal | Form::Phone | Form::Days | Form::Image => {
            Some((b"x".to_vec(), "N003"))
        }
        _ => None,
    });
}

#[test]
fn a_character_that_may_not_be_sent_is_named_wherever_it_stands() {
    check_columns(|column| (column.form != Form::Unused).then(|| (b"\xF0\x40".to_vec(), "E002")));
    check_columns(|column| (column.form == Form::Text).then(|| (b"a\x0Bb".to_vec(), "E004")));
    check_columns(|column| (column.form == Form::Text).then(|| (b"\x82\xFF".to_vec(), "E001")));
}

#[test]
fn a_row_with_a_column_too_many_is_not_looked_into() {
    for (name, bytes, _) in samples() {
        let mut rows = Rows::new(&bytes);
        rows.next_row().unwrap();
        let end = rows.at() - 2;
        let longer = [&bytes[..end], b",", &bytes[end..]].concat();
        assert_eq!(codes(&check_file(&name, &longer)), "C002@1", "{name}");
    }
}
