//! The built program against every sample: exactly the findings of `EXPECT`, as folder, as ZIP and by pattern.
//!
//! Profile §2.4, §2.5, §2.8

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fumibako_conformance::{Programs, Ran, Tool, repository};
use serde_json::Value;

use crate::tree::none;

/// The groups of samples, and how the program ends for each.
const GROUPS: [(&str, i32); 3] = [("valid", 0), ("broken", 65), ("wild", 0)];

fn samples(group: &str) -> Vec<PathBuf> {
    let folder = repository().join("conformance/samples").join(group);
    let entries = fs::read_dir(&folder).expect("the samples are there");
    let mut samples: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    assert!(!samples.is_empty(), "{group} holds no samples");
    samples.sort();
    samples
}

fn check(words: &[&str]) -> Ran {
    Tool::at(&Programs::built().office).args(["--config", "/no/settings/needed", "check"]).args(words.to_vec()).run()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("samples have names of UTF-8")
}

/// What a run ends with and finds: exit code, and `code row column file` of each finding, `reason file` of the unread.
fn outcome(ran: &Ran) -> (Option<i32>, BTreeSet<String>) {
    (ran.exit(), by_folder(ran).into_values().flatten().collect())
}

/// What was found in each folder that has files.
fn by_folder(ran: &Ran) -> BTreeMap<String, BTreeSet<String>> {
    let report: Value = serde_json::from_str(&ran.output()).expect("one JSON object");
    assert_eq!(report["v"], 1);
    let list = |name: &str| report[name].as_array().expect("a list").clone();
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut of = |one: &Value, line: Option<String>| {
        let folder = one["folder"].as_str().expect("every file lies somewhere").to_owned();
        folders.entry(folder).or_default().extend(line);
    };
    for one in list("files") {
        of(&one, None);
    }
    for one in list("findings") {
        of(&one, Some(format!("{} {} {} {}", one["code"], one["row"], one["column"]["number"], one["file"])));
    }
    for one in list("unchecked") {
        of(&one, Some(format!("{} {}", one["reason"], one["file"])));
    }
    folders
}

fn codes(found: &BTreeSet<String>) -> BTreeSet<String> {
    found.iter().filter_map(|line| Some(line.split('"').nth(1)?.to_owned())).collect()
}

fn expected(sample: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(sample.join("EXPECT")).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_sample_gives_exactly_its_findings() {
    let mut wrong = Vec::new();
    for (group, exit) in GROUPS {
        for sample in samples(group) {
            let (ended, found) = outcome(&check(&["--format", "json", text(&sample)]));
            if ended != Some(exit) || codes(&found) != expected(&sample) {
                wrong.push(format!("{}: exit {ended:?}, {found:?}", sample.display()));
            }
        }
    }
    none("EXPECT says what is found", wrong);
}

#[test]
fn strict_fails_what_has_a_warning_and_nothing_else() {
    let mut wrong = Vec::new();
    for sample in samples("valid").into_iter().chain(samples("wild")) {
        let ended = check(&["--strict", "--format", "json", text(&sample)]).exit();
        if ended != Some(if expected(&sample).is_empty() { 0 } else { 65 }) {
            wrong.push(format!("{}: exit {ended:?}", sample.display()));
        }
    }
    none("warnings count", wrong);
}

/// A ZIP as `zip` of Windows writes it: Python's `zipfile`, with the folder's name in CP932 and no flag for UTF-8.
const PACK: &str = r#"
import pathlib, sys, zipfile
folder, coding = pathlib.Path(sys.argv[1]), sys.argv[2]

class Named(zipfile.ZipInfo):
    def _encodeFilenameFlags(self):
        return self.filename.encode(coding), self.flag_bits | (0x800 if coding == "utf-8" else 0)

for at, sample in enumerate(sys.argv[3:]):
    with zipfile.ZipFile(folder / f"{at}-{coding}.zip", "w") as out:
        for path in sorted(pathlib.Path(sample).iterdir()):
            out.writestr(Named("第1表・ソ/" + path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
"#;

#[test]
fn a_zip_gives_the_findings_of_the_folder_whatever_its_names_are_written_in() {
    Programs::need(&["python3"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let samples: Vec<PathBuf> = GROUPS.iter().flat_map(|(group, _)| samples(group)).collect();
    let mut wrong = Vec::new();
    for coding in ["cp932", "utf-8"] {
        Tool::named("python3").args(["-c", PACK, text(folder.path()), coding]).args(&samples).run().well();
    }
    // Once for all: each archive, and each folder within it, is judged by itself.
    let packed = by_folder(&check(&["--format", "json", text(folder.path())]));
    assert_eq!(packed.len(), 2 * samples.len(), "{:?}", packed.keys());
    for (at, sample) in samples.iter().enumerate() {
        let whole = outcome(&check(&["--format", "json", text(sample)])).1;
        for coding in ["cp932", "utf-8"] {
            let place = format!("{}/{at}-{coding}.zip/第1表・ソ", text(folder.path()));
            let found = packed.get(&place).unwrap_or_else(|| panic!("{place} is not among {:?}", packed.keys()));
            if *found != whole {
                wrong.push(format!("{} in {coding}: {found:?}, not {whole:?}", sample.display()));
            }
        }
    }
    // And one alone, with its exit code.
    let archive = folder.path().join("0-cp932.zip");
    assert_eq!(outcome(&check(&["--format", "json", text(&archive)])).0, Some(0));
    none("a ZIP is a folder", wrong);
}

#[test]
fn a_pattern_that_no_shell_expanded_gives_the_findings_of_its_files() {
    for sample in samples("broken") {
        let whole = outcome(&check(&["--format", "json", text(&sample)]));
        let pattern = format!("{}/*.*", text(&sample));
        assert_eq!(outcome(&check(&["--format", "json", &pattern])), whole, "{pattern}");
    }
    let ran = check(&["--format", "json", &format!("{}/*.nothing", text(&samples("valid")[0]))]);
    assert_eq!((ran.exit(), ran.output().as_str()), (Some(66), ""));
}

#[test]
fn all_samples_at_once_are_judged_folder_by_folder() {
    let root = repository().join("conformance/samples/broken");
    let (ended, found) = outcome(&check(&["--format", "json", text(&root)]));
    let each = samples("broken").into_iter().flat_map(|sample| outcome(&check(&["--format", "json", text(&sample)])).1);
    assert_eq!((ended, found), (Some(65), each.collect()));
}
