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
