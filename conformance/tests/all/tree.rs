//! The files of the repository: those that git tracks.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use fumibako_conformance::{Programs, Tool, repository};

/// A tracked file.
#[derive(Debug)]
pub(crate) struct Tracked {
    /// From the repository's root.
    pub(crate) path: String,
    /// `None`: not UTF-8, as the samples are.
    pub(crate) text: Option<String>,
}

/// What may stand at the top (design §1).
const TOP: [&str; 15] = [
    ".cargo",
    ".ci",
    ".config",
    ".gitignore",
    ".rustfmt.toml",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clients",
    "conformance",
    "gateway",
    "mailbox",
    "signer",
];

/// All tracked files that are there.
pub(crate) fn tracked() -> &'static [Tracked] {
    static ALL: LazyLock<Vec<Tracked>> = LazyLock::new(|| {
        Programs::need(&["git"]);
        let listed = Tool::named("git").args(["ls-files", "-z"]).inside(&repository()).run().well().output();
        let read = |path: &str| {
            let octets = fs::read(repository().join(path)).ok()?;
            Some(Tracked { path: path.to_owned(), text: String::from_utf8(octets).ok() })
        };
        listed.split_terminator('\0').filter_map(read).collect()
    });
    assert!(!ALL.is_empty(), "git tracks nothing here");
    &ALL
}

/// The tracked Rust files and their texts.
pub(crate) fn rust() -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_rust = |file: &&Tracked| PathBuf::from(&file.path).extension().is_some_and(|ending| ending == "rs");
    tracked().iter().filter(is_rust).filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
}

/// Fails with all the findings at once.
#[track_caller]
pub(crate) fn none(rule: &str, findings: impl IntoIterator<Item = String>) {
    let findings: Vec<String> = findings.into_iter().collect();
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

#[test]
fn the_top_level_holds_the_house_and_nothing_else() {
    let strangers = tracked().iter().map(|file| file.path.split('/').next().unwrap_or_default());
    let mut strangers: Vec<&str> = strangers.filter(|name| !TOP.contains(name)).collect();
    strangers.dedup();
    none("design §1 names what stands at the top", strangers.into_iter().map(str::to_owned));
}
