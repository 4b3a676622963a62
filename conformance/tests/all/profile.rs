//! The join (style §7): every numbered rule of the profile is obeyed somewhere and shown somewhere, under its name.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Tracked, none, tracked};

const PROFILE: &str = "conformance/profile.md";
/// How code and tests name a rule.
const NAME: &str = "Profile §";

/// Section numbers (`5`) and rule numbers (`5.1`).
type Numbers = BTreeSet<String>;

/// `## 5. Admission` opens a section, `**5.1** text` states a rule.
fn stated(profile: &str) -> (Numbers, Numbers) {
    let number = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.').then(|| text.to_owned());
    let section = |line: &str| number(line.strip_prefix("## ")?.split_once(". ")?.0);
    let rule = |line: &str| number(line.strip_prefix("**")?.split_once("** ")?.0);
    (profile.lines().filter_map(section).collect(), profile.lines().filter_map(rule).collect())
}

/// The numbers behind `Profile §`, also those of a list: `Profile §5.8, §7`.
fn named(text: &str) -> Numbers {
    let mut numbers = Numbers::new();
    for after in text.split(NAME).skip(1) {
        let mut rest = after;
        loop {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            numbers.insert(rest[..end].trim_end_matches('.').to_owned());
            let Some(next) = rest[end..].strip_prefix(", §") else { break };
            rest = next;
        }
    }
    numbers
}

/// A file's code and its tests. What is under `tests/`, in a transcript, in another program's script or below
/// `#[cfg(test)]` shows a rule; the rest obeys it.
fn halves(file: &Tracked) -> Option<(&str, &str)> {
    let text = file.text.as_deref()?;
    let path = file.path.as_str();
    // The kit is a program of its own, with rules of its own; the rest of `conformance` shows those of others.
    let of_the_kit = ["conformance/src/kit", "conformance/src/stress", "conformance/src/main.rs"];
    let is_kit = of_the_kit.iter().any(|begin| path.starts_with(begin));
    let shows = path.starts_with("conformance/") && !is_kit || path.contains("/tests/") || path.ends_with("/tests.rs");
    match path.rsplit_once('.')?.1 {
        "rs" | "sql" if !shows => Some(text.split_at(text.find("#[cfg(test)]").unwrap_or(text.len()))),
        "rs" | "txt" | "py" if path != PROFILE => Some(("", text)),
        _ => None,
    }
}

/// Everything wrong between the rules and those who name them.
fn gaps(profile: &str, named: &BTreeMap<&str, (Numbers, Numbers)>) -> Vec<String> {
    let (sections, rules) = stated(profile);
    let all = |half: fn(&(Numbers, Numbers)) -> &Numbers| named.values().flat_map(half).cloned().collect::<Numbers>();
    let (obeyed, shown) = (all(|halves| &halves.0), all(|halves| &halves.1));
    let unobeyed = rules.difference(&obeyed).map(|rule| format!("{NAME}{rule} is named by no line of code"));
    let unshown = rules.difference(&shown).map(|rule| format!("{NAME}{rule} is named by no test and no transcript"));
    let unknown = named.iter().flat_map(|(path, (code, tests))| {
        let numbers = code.union(tests).filter(|number| !sections.contains(*number) && !rules.contains(*number));
        numbers.map(move |number| format!("{path} names {NAME}{number}, which is not in the profile"))
    });
    unobeyed.chain(unshown).chain(unknown).collect()
}

#[test]
fn every_rule_of_the_profile_is_obeyed_and_shown() {
    let profile = tracked().iter().find(|file| file.path == PROFILE).and_then(|file| file.text.as_deref());
    let profile = profile.expect("the profile is tracked");
    // This file's own examples name rules that nobody wrote.
    let others = tracked().iter().filter(|file| file.path != "conformance/tests/all/profile.rs");
    let halves = others.filter_map(|file| Some((file.path.as_str(), halves(file)?)));
    let named = halves.map(|(path, (code, tests))| (path, (named(code), named(tests)))).collect();
    none("join of profile.md with code and tests", gaps(profile, &named));
}

#[test]
fn sections_and_rules_are_read_from_the_profile() {
    let text = "# The profile\n\n## 5. Admission\n\n**5.1** It fits.\n**bold** is no rule.\n\n## 12. Limits\n";
    let (sections, rules) = stated(text);
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), ["12", "5"]);
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), ["5.1"]);
}

#[test]
fn rules_are_named_alone_in_lists_and_at_the_end_of_a_sentence() {
    let text = "// Profile §5.8, §7: twice (Profile §9); RFC 3501 §7.4.1 is none. As in Profile §5.1.";
    assert_eq!(named(text).into_iter().collect::<Vec<_>>(), ["5.1", "5.8", "7", "9"]);
}

#[test]
fn each_kind_of_gap_is_reported_by_name() {
    let numbers = |list: &[&str]| list.iter().map(|number| (*number).to_owned()).collect::<Numbers>();
    let profile = "## 5. Admission\n**5.1** One.\n**5.2** Two.\n**5.3** Three.\n";
    let named = BTreeMap::from([
        ("a.rs", (numbers(&["5", "5.1", "5.2"]), numbers(&["5.1"]))),
        ("b.txt", (numbers(&[]), numbers(&["5.3", "6.1"]))),
    ]);
    assert_eq!(
        gaps(profile, &named),
        [
            "Profile §5.3 is named by no line of code",
            "Profile §5.2 is named by no test and no transcript",
            "b.txt names Profile §6.1, which is not in the profile",
        ]
    );
}
