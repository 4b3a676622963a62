//! LIST, LSUB, SUBSCRIBE (RFC 3501 §6.3.6, §6.3.8, §6.3.9), with RFC 3348 and 6154 attributes.

use std::collections::BTreeSet;

use fumibako_model::{FolderName, Refusal};

use super::cursor::Mailbox;
use super::news::Done;
use super::session::{Session, Work};
use super::{Ask, reply, utf7};

/// Longest pattern, in bytes. A longer one matches nothing.
const PATTERN_BYTES: usize = 1_000;

/// What is done with the folders when they are known.
#[derive(Debug)]
pub(super) struct List {
    tag: String,
    what: What,
}

#[derive(Debug)]
enum What {
    List(String),
    Lsub(String),
    Subscribe(FolderName),
}

impl List {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Session {
    pub(super) fn list(&mut self, tag: String, reference: &[u8], pattern: &[u8], subscribed: bool) {
        if pattern.is_empty() {
            // RFC 3501 §6.3.8: the delimiter is asked for, and the root of the reference.
            self.untagged(r#"LIST (\Noselect) "/" """#);
            return self.finish(Done::ok(tag, "LIST done."), false);
        }
        let whole = [reference, pattern].concat();
        // A pattern that is spelt wrongly matches no name.
        let pattern = utf7::decode(&whole).filter(|pattern| pattern.len() <= PATTERN_BYTES).unwrap_or_default();
        let what = if subscribed { What::Lsub(pattern) } else { What::List(pattern) };
        self.ask(Ask::Folders, Work::List(List { tag, what }));
    }

    /// Profile §7.6: every folder is subscribed, so this asks only whether there is one.
    pub(super) fn subscribe(&mut self, tag: String, mailbox: Mailbox) {
        match mailbox {
            Some(name) => self.ask(Ask::Folders, Work::List(List { tag, what: What::Subscribe(name) })),
            None => self.refuse_here(&tag, Refusal::NoSuchFolder),
        }
    }

    pub(super) fn listed(&mut self, List { tag, what }: List, folders: &[FolderName]) {
        match what {
            What::Subscribe(name) if folders.contains(&name) => self.finish(Done::ok(tag, "SUBSCRIBE done."), false),
            What::Subscribe(_) => self.refuse_here(&tag, Refusal::NoSuchFolder),
            What::List(pattern) => {
                for (name, exists) in matches(folders, &pattern) {
                    let line = attributes(&name, exists, folders).join(" ");
                    self.untagged(&format!("LIST ({line}) \"/\" {}", reply::mailbox(&name)));
                }
                self.finish(Done::ok(tag, "LIST done."), false);
            }
            What::Lsub(pattern) => {
                for (name, exists) in matches(folders, &pattern) {
                    let noselect = if exists { "" } else { r"\Noselect" };
                    self.untagged(&format!("LSUB ({noselect}) \"/\" {}", reply::mailbox(&name)));
                }
                self.finish(Done::ok(tag, "LSUB done."), false);
            }
        }
    }
}

/// RFC 3501 §7.2.2, RFC 3348 §3, RFC 6154 §2 (Profile §7.1).
fn attributes(name: &FolderName, exists: bool, folders: &[FolderName]) -> Vec<&'static str> {
    let below =
        |folder: &FolderName| folder.as_str().strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/'));
    let children = if folders.iter().any(below) { r"\HasChildren" } else { r"\HasNoChildren" };
    let noselect = (!exists).then_some(r"\Noselect");
    let special = name.special_use().filter(|_| exists).map(fumibako_model::SpecialUse::attribute);
    noselect.into_iter().chain([children]).chain(special).collect()
}

/// The names that match, in the order they are kept. RFC 3501 §6.3.8: when `%` ends the pattern, levels above a folder
/// are listed too, even if no folder of their own stands there.
fn matches(folders: &[FolderName], pattern: &str) -> Vec<(FolderName, bool)> {
    let mut found: Vec<_> =
        folders.iter().filter(|name| fits(name, pattern)).map(|name| (name.clone(), true)).collect();
    if pattern.ends_with('%') {
        let above = |name: &FolderName| -> Vec<FolderName> {
            let ends = name.as_str().match_indices('/').map(|(end, _)| end);
            ends.filter_map(|end| name.as_str()[..end].parse().ok()).collect()
        };
        let levels: BTreeSet<FolderName> = folders.iter().flat_map(above).collect();
        let empty = levels.into_iter().filter(|level| !folders.contains(level) && fits(level, pattern));
        found.extend(empty.map(|level| (level, false)));
    }
    found
}

fn fits(name: &FolderName, pattern: &str) -> bool {
    // RFC 3501 §5.1: INBOX is INBOX in any case.
    let inbox = *name == FolderName::inbox();
    matches_pattern(name.as_str(), pattern) || (inbox && matches_pattern("INBOX", &pattern.to_ascii_uppercase()))
}

/// `*` stands for anything, `%` for anything within a level. Each step keeps the ends of all prefixes that match.
fn matches_pattern(name: &str, pattern: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    for wanted in pattern.chars() {
        match wanted {
            '*' | '%' => {
                for at in 0..name.len() {
                    ends[at + 1] |= ends[at] && (wanted == '*' || name[at] != '/');
                }
            }
            _ => {
                for at in (0..name.len()).rev() {
                    ends[at + 1] = ends[at] && name[at] == wanted;
                }
                ends[0] = false;
            }
        }
    }
    ends[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(pattern: &str, expected: Expect) {
        let folders = ["INBOX", "Sent", "Trash", "事業所/2026/11", "Sent/old"].map(|name| name.parse().unwrap());
        let show = |(name, exists): (FolderName, bool)| format!("{name}{}", if exists { "" } else { " (level)" });
        expected.assert_eq(&matches(&folders, pattern).into_iter().map(show).collect::<Vec<_>>().join(", "));
    }

    #[test]
    fn star_crosses_levels_and_percent_does_not() {
        check("*", expect!["INBOX, Sent, Trash, 事業所/2026/11, Sent/old"]);
        check("%", expect!["INBOX, Sent, Trash, 事業所 (level)"]);
        check("Sent/%", expect!["Sent/old"]);
        check("%/%", expect!["Sent/old, 事業所/2026 (level)"]);
        check("事業所*11", expect!["事業所/2026/11"]);
        check("T*s*h", expect!["Trash"]);
    }

    #[test]
    fn inbox_is_found_in_any_case_and_other_names_are_not() {
        check("inbox", expect!["INBOX"]);
        check("iN%", expect!["INBOX"]);
        check("sent", expect![""]);
    }
}
