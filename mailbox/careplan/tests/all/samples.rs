//! Every folder of `conformance/samples` gives exactly the findings of its `EXPECT`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fumibako_careplan::{Report, check, gather};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/samples")
}

/// The folders below one of `valid`, `broken`, `wild`, in order.
fn folders(group: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(samples().join(group)).min_depth(1).max_depth(1).sort_by_file_name();
    let folders: Vec<PathBuf> = entries.into_iter().map(|entry| entry.unwrap().into_path()).collect();
    assert!(!folders.is_empty(), "no samples in {group}");
    folders
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).min_depth(1).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
    let named = paths.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    named.filter(|(name, _)| name != "EXPECT").map(|(name, path)| (name, fs::read(path).unwrap())).collect()
}

fn expected(folder: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(folder.join("EXPECT")).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// Checks each folder of a group and says which of them differ from their `EXPECT`.
#[track_caller]
fn check_group(group: &str, holds: impl Fn(&Report) -> bool) {
    let mut wrong = Vec::new();
    for folder in folders(group) {
        let report = check(&files(&folder));
        let found: BTreeSet<String> = report.findings.iter().map(|finding| finding.code.to_string()).collect();
        if found != expected(&folder) || !holds(&report) {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let lines = report.lines(fumibako_careplan::Lang::En).join("\n");
            wrong.push(format!("{name}: expected {:?}, found {found:?}\n{lines}", expected(&folder)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn valid_samples_give_no_error() {
    check_group("valid", |report| report.holds(false));
}

#[test]
fn broken_samples_give_exactly_their_error() {
    check_group("broken", |report| report.errors() > 0 && report.warnings() == 0);
}

#[test]
fn wild_samples_give_only_their_warnings() {
    check_group("wild", |report| report.errors() == 0);
}

#[test]
fn every_valid_sample_is_one_send_unit() {
    for folder in folders("valid") {
        let sorted = gather(files(&folder));
        assert!(sorted.left_out.is_empty() && sorted.attachments.is_empty(), "{folder:?}: {sorted:?}");
        assert_eq!(sorted.bundles.iter().map(|bundle| bundle.units.len()).sum::<usize>(), 1, "{folder:?}");
    }
}

#[test]
fn a_unit_that_lacks_one_of_its_files_is_not_a_unit() {
    let may_lack = ["UPKIHON_SUB1", "UPKIHON_SUB2"];
    for folder in folders("valid") {
        let whole = files(&folder);
        for lacking in 0..whole.len() {
            let (mut rest, name) = (whole.clone(), whole[lacking].0.clone());
            rest.remove(lacking);
            let found: BTreeSet<String> = check(&rest).findings.iter().map(|one| one.code.to_string()).collect();
            let fine = rest.is_empty() || may_lack.iter().any(|kind| name.starts_with(kind));
            // A prevention plan and basic information are units of their own, too.
            let is_other_unit = gather(rest.clone()).left_out.is_empty() && !name.contains("IMAGE");
            let expected = if fine || is_other_unit { BTreeSet::new() } else { BTreeSet::from(["B001".to_owned()]) };
            assert_eq!(
                found.difference(&self::expected(&folder)).cloned().collect::<BTreeSet<_>>(),
                expected,
                "{name}"
            );
        }
    }
}

/// The files with one piece of text replaced in those of one kind.
fn replaced(files: &[(String, Vec<u8>)], kind: &str, from: &str, to: &str) -> Vec<(String, Vec<u8>)> {
    let replace = |bytes: &[u8]| {
        let mut new = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.windows(from.len()).position(|window| window == from.as_bytes()) {
            new.extend([&rest[..at], to.as_bytes()].concat());
            rest = &rest[at + from.len()..];
        }
        new.extend(rest);
        new
    };
    let change = |(name, bytes): &(String, Vec<u8>)| {
        let bytes = if name.starts_with(kind) { replace(bytes) } else { bytes.clone() };
        (name.clone(), bytes)
    };
    files.iter().map(change).collect()
}

#[track_caller]
fn check_changed(folder: &str, kind: &str, (from, to): (&str, &str), expected: &str) {
    let changed = replaced(&files(&samples().join("valid").join(folder)), kind, from, to);
    let found: BTreeSet<String> = check(&changed).findings.iter().map(|one| one.code.to_string()).collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>().join(" "), expected, "{folder} {kind} {from} {to}");
}

#[test]
fn files_of_a_unit_speak_of_the_same_persons_and_dates() {
    let (plan, both, basic) = ("v41-plan-two-persons", "v41-use-two-persons-to-day-care", "v41-prevention-basic");
    check_changed(plan, "UPHOSOKU", (",9900000029,", ",9900000030,"), "B002");
    check_changed(both, "UPHOSOKU", (",H990000037,", ",H990000038,"), "B002");
    check_changed(both, "UPPLAN", (",H990000037,", ",9900000011,"), "");
    check_changed(plan, "UP2KYO", (",20250920,20250920,", ",20250920,20250919,"), "B003");
    check_changed(plan, "UP3KYO", (",20250920,20250920,", ",20250920,20250919,"), "B003");
    check_changed(plan, "UPHOSOKU", (",20250920,", ",20250919,"), "B003");
    check_changed(plan, "UP2KYO", (",9900000029,", ",9900000030,"), "B003");
    check_changed(basic, "UPKIHON_SUB2", (",20250910,", ",20250911,"), "B003");
    check_changed(basic, "UPKIHON_9", ("_0001.jpg", "_0002.jpg"), "B001");
    check_changed(basic, "UPKIHON_IMAGE", ("JFIF", "JFIF"), "");
}
