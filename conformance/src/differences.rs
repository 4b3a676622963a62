//! Known differences of other programs (`differences.toml`): expected exactly, and watched.

use std::sync::LazyLock;

use toml::Table;

static LIST: LazyLock<Table> = LazyLock::new(|| include_str!("../differences.toml").parse().expect("the list is TOML"));

/// Fails when a difference that is not listed shows, and when one that is listed has healed.
#[track_caller]
pub fn known_difference(name: &str, rule_holds: bool) {
    if let Some(fault) = fault(&LIST, name, rule_holds) {
        panic!("{name}: {fault}");
    }
}

fn fault(list: &Table, name: &str, rule_holds: bool) -> Option<&'static str> {
    match (list.contains_key(name), rule_holds) {
        (true, true) => Some("the difference has healed; take it out of differences.toml"),
        (false, false) => Some("a new difference; mend it, or write it into differences.toml with its reason"),
        (true, false) | (false, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use toml::{Table, Value};

    use super::{LIST, fault};
    use crate::repository;

    #[test]
    fn a_difference_fails_when_it_is_new_and_when_it_heals() {
        let list: Table = "[\"known\"]\nreason = \"so it is\"".parse().expect("TOML");
        assert_eq!((fault(&list, "known", false), fault(&list, "other", true)), (None, None));
        assert!(fault(&list, "known", true).is_some_and(|fault| fault.contains("healed")));
        assert!(fault(&list, "other", false).is_some_and(|fault| fault.contains("new")));
    }

    #[test]
    fn every_known_difference_is_explained_and_watched() {
        let suites = ["programs/mbsync.rs", "smime/certtool.rs", "smime/gpgsm.rs", "smime/nss.rs"].map(|file| {
            let path = repository().join("conformance/tests").join(file);
            fs::read_to_string(path).expect("the suite is there")
        });
        for (name, row) in LIST.iter() {
            for column in ["expected", "actual", "reason"] {
                let text = row.get(column).and_then(Value::as_str);
                assert!(text.is_some_and(|text| !text.is_empty()), "{name}: {column}");
            }
            assert!(suites.iter().any(|suite| suite.contains(&format!("\"{name}\""))), "{name} is watched by no suite");
        }
    }
}
