//! The patterns of LIST and LSUB (RFC 3501 §6.3.8).

use fumibako_model::FolderName;

use crate::imap::cursor::Decode;

/// Longest patterns together, in characters. What is beyond is passed over (RFC 5258 §3), so that no command can keep the
/// server busy for long.
const PATTERN_CHARS: usize = 1_000;

/// Some patterns; a name fits if it fits one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::imap) struct Patterns(Vec<Vec<char>>);

impl Patterns {
    /// Each behind the reference. One that is spelt wrongly fits no name.
    pub(in crate::imap) fn new(decode: Decode, reference: &[u8], patterns: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut room = PATTERN_CHARS;
        let mut kept = Vec::new();
        for pattern in patterns {
            let Some(whole) = decode(&[reference, &pattern].concat()) else { continue };
            let pattern = simple(&whole);
            let Some(left) = room.checked_sub(pattern.len()) else { continue };
            room = left;
            kept.push(pattern);
        }
        Self(kept)
    }

    pub(super) fn fit(&self, name: &FolderName) -> bool {
        self.0.iter().any(|pattern| fits(name, pattern))
    }

    /// Those that end with `%`: levels that are no folders of their own are listed too.
    pub(super) fn of_levels(&self) -> Self {
        Self(self.0.iter().filter(|pattern| pattern.last() == Some(&'%')).cloned().collect())
    }
}

/// RFC 3501 §5.1: INBOX is INBOX in any case. Wildcards that follow one another are one.
fn simple(pattern: &str) -> Vec<char> {
    let (first, rest) = pattern.split_at(pattern.find('/').unwrap_or(pattern.len()));
    let first = if first.eq_ignore_ascii_case("INBOX") { "INBOX" } else { first };
    let mut simple: Vec<char> = Vec::with_capacity(pattern.len());
    for char in first.chars().chain(rest.chars()) {
        match (simple.last_mut(), char) {
            (Some('*'), '*' | '%') | (Some('%'), '%') => {}
            (Some(last @ '%'), '*') => *last = '*',
            _ => simple.push(char),
        }
    }
    simple
}

/// RFC 9051 §5.1: the first level INBOX is found in any case, also by a part of it that stands before a wildcard.
fn fits(name: &FolderName, pattern: &[char]) -> bool {
    const INBOX: &str = "INBOX";
    let below = name.as_str().strip_prefix(INBOX).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    matches(name.as_str(), pattern, if below.is_some() { INBOX.len() } else { 0 })
}

/// `*` stands for anything, `%` for anything within a level. Each step keeps the ends of all prefixes that match. So many
/// characters at the beginning of the name match in any case.
fn matches(name: &str, pattern: &[char], any_case: usize) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    for wanted in pattern {
        match wanted {
            '*' | '%' => {
                for at in 0..name.len() {
                    ends[at + 1] |= ends[at] && (*wanted == '*' || name[at] != '/');
                }
            }
            _ => {
                for at in (0..name.len()).rev() {
                    ends[at + 1] =
                        ends[at] && (name[at] == *wanted || at < any_case && name[at].eq_ignore_ascii_case(wanted));
                }
                ends[0] = false;
            }
        }
        if !ends.contains(&true) {
            return false;
        }
    }
    ends[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::utf7;

    fn fit(pattern: &str, name: &str) -> bool {
        Patterns::new(utf7::decode, b"", [pattern.as_bytes().to_vec()]).fit(&name.parse().unwrap())
    }

    #[test]
    fn star_crosses_levels_and_percent_does_not() {
        for (pattern, name, expected) in [
            ("*", "a/b", true),
            ("%", "a/b", false),
            ("%/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a*c", "a/b/c", true),
            ("T*s*h", "Trash", true),
            ("%*%", "a/b", true),
            ("", "a", false),
        ] {
            assert_eq!(fit(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn inbox_is_found_in_any_case_and_other_names_are_not() {
        assert!(fit("inbox", "INBOX") && fit("iN%", "INBOX") && fit("inbox/%", "INBOX/2026"));
        assert!(fit("inbox*", "INBOX/2026") && fit("i%/2026", "INBOX/2026") && fit("*box*6", "INBOX/2026"));
        assert!(!fit("inbox/a*", "INBOX/Archive") && !fit("inbox*", "INBOXES"));
        assert!(!fit("sent", "Sent") && !fit("inboxes", "INBOX"));
    }

    #[test]
    fn patterns_of_more_than_1000_characters_together_are_passed_over() {
        let of = |lengths: &[usize]| {
            let patterns = lengths.iter().map(|length| [vec![b'*'], vec![b'a'; *length - 1]].concat());
            Patterns::new(utf7::decode, b"", patterns).0.len()
        };
        assert_eq!((of(&[1000]), of(&[1001]), of(&[500, 500]), of(&[500, 501, 500])), (1, 0, 2, 2));
        assert_eq!(simple(&"*%".repeat(5000)), ['*']);
    }
}
