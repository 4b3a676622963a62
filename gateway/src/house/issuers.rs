//! Who issued the revocation lists that are kept beside the evidence (Profile §8.18): each is read once, however often files are asked
//! for that may need it. It was verified when it was kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Most that are remembered.
const KNOWN: usize = 1_000;

/// Issuers by the name of the paper; none where it does not tell.
#[derive(Debug, Default)]
pub(crate) struct Issuers(Mutex<HashMap<String, Option<String>>>);

impl Issuers {
    /// That of this paper. `read` finds it out, and takes its time.
    pub(crate) fn of(&self, paper: &str, read: impl FnOnce() -> Option<String>) -> Option<String> {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all().get(paper) {
            return known.clone();
        }
        let found = read();
        let mut all = all();
        if all.len() >= KNOWN {
            all.clear();
        }
        all.insert(paper.to_owned(), found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.18
    #[test]
    fn a_list_is_read_once() {
        let issuers = Issuers::default();
        let mut read = 0;
        for paper in ["one", "two", "one", "two", "one"] {
            let found = issuers.of(paper, || {
                read += 1;
                (paper == "one").then(|| "CN=CA".to_owned())
            });
            assert_eq!(found.is_some(), paper == "one");
        }
        assert_eq!(read, 2);
        for paper in 0..=KNOWN {
            issuers.of(&paper.to_string(), || None);
        }
        assert!(issuers.0.lock().unwrap().len() <= KNOWN);
    }
}
