//! Differences that are known (style §14, Profile §14.2): expected exactly, and watched.

use std::fmt;

use toml::Table;

use crate::transcript::fits;

use super::{Played, Verdict};

/// A list of known differences: a table for each, its name the transcript and the command (`imap/copy.txt a5`), with
/// `expected`, `actual` and `reason`.
#[derive(Clone, Debug, Default)]
pub struct Listed(Table);

/// What is wrong with a list.
#[derive(Clone, Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl Listed {
    /// Reads a list.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let table: Table = text.parse().map_err(|why: toml::de::Error| Unreadable(why.to_string()))?;
        for (name, row) in &table {
            for column in ["expected", "actual", "reason"] {
                if row.get(column).and_then(toml::Value::as_str).is_none_or(str::is_empty) {
                    return Err(Unreadable(format!("{name}: {column} is missing")));
                }
            }
        }
        Ok(Self(table))
    }

    /// Why this difference is known, if it is.
    pub fn reason(&self, played: &Played, heard: &super::Heard) -> Option<&str> {
        let row = self.0.get(&name(played, heard))?;
        let text = |column: &str| row.get(column).and_then(toml::Value::as_str);
        text("actual").filter(|actual| fits(actual, &heard.actual))?;
        text("reason")
    }

    /// Those listed for transcripts that were played, which did not show.
    pub fn healed(&self, all: &[Played]) -> Vec<&str> {
        let differing = |played: &Played| match &played.verdict {
            Verdict::Differs(heard) => heard.iter().map(|heard| name(played, heard)).collect(),
            _ => Vec::new(),
        };
        let shown: Vec<String> = all.iter().flat_map(differing).collect();
        let was_played = |name: &str| all.iter().any(|played| name.split(' ').next() == Some(played.script.name));
        let names = self.0.keys().map(String::as_str);
        names.filter(|known| was_played(known) && shown.iter().all(|name| name != known)).collect()
    }
}

/// How a difference is named.
pub(crate) fn name(played: &Played, heard: &super::Heard) -> String {
    format!("{} {}", played.script.name, heard.at)
}

#[cfg(test)]
mod tests {
    use super::Listed;
    use crate::kit::{Heard, Played, Script, Verdict};

    #[test]
    fn a_difference_is_known_by_its_name_and_words_and_missed_when_it_heals() {
        let list = "[\"imap/copy.txt a5\"]\nexpected = \"NO\"\nactual = \"a5 NO …\"\nreason = \"so it is\"\n";
        let list = Listed::read(list).expect("it reads");
        let script = Script::of("imap").find(|script| script.name == "imap/copy.txt").expect("it is there");
        let heard = |at: &str, actual: &str| Heard::at(at, "x", actual);
        let played = |verdict| Played { script, verdict };
        let one = heard("a5", "a5 NO no");
        assert_eq!(list.reason(&played(Verdict::Holds), &one), Some("so it is"));
        assert_eq!(list.reason(&played(Verdict::Holds), &heard("a5", "a5 BAD no")), None);
        assert_eq!(list.reason(&played(Verdict::Holds), &heard("a6", "a5 NO no")), None);
        assert_eq!(list.healed(&[played(Verdict::Differs(vec![one]))]), [""; 0]);
        assert_eq!(list.healed(&[played(Verdict::Holds)]), ["imap/copy.txt a5"]);
        assert!(Listed::read("[\"a\"]\nexpected = \"x\"").is_err());
    }
}
