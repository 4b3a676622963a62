//! What the offices were told before a cut: the lines of `examples/work_until_cut.rs`.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::EvidenceId;

/// A folder's name and a UID in it.
pub(crate) type Number = (String, u32);

#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Bundles, by Message-ID, and the evidence each was answered with.
    pub(crate) answered: BTreeMap<String, EvidenceId>,
    /// Numbers that an office saw or was told, and the Message-ID of each.
    pub(crate) numbers: BTreeMap<Number, String>,
    /// In INBOX.
    pub(crate) flagged: BTreeSet<u32>,
    /// What INBOX was asked to remove, and what it said is removed.
    pub(crate) leaving: BTreeMap<u32, String>,
    pub(crate) left: BTreeSet<u32>,
}

impl Told {
    pub(crate) fn hear(&mut self, said: &str) {
        for line in said.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |word: &str| word.parse::<u32>().unwrap();
            let known = match words[..] {
                ["answered", id, evidence] => {
                    let evidence: EvidenceId = evidence.parse().unwrap();
                    self.answered.insert(id.into(), evidence).is_none_or(|before| before == evidence)
                }
                ["drafted", uid, id] => self.number(("Drafts".into(), number(uid)), id),
                ["seen", folder, uid, id] => self.number((folder.into(), number(uid)), id),
                ["flagged", uid] => self.flagged.insert(number(uid)),
                ["expunging", uid, id] => self.leaving.insert(number(uid), id.into()).is_none_or(|before| before == id),
                ["expunged", uid, _] => self.left.insert(number(uid)),
                _ => panic!("nobody says {line}"),
            };
            // Readers begin anew in each life, and may flag again.
            assert!(known || words[0] == "flagged", "the living store contradicts itself: {line}");
        }
    }

    fn number(&mut self, number: Number, id: &str) -> bool {
        self.numbers.insert(number, id.to_owned()).is_none_or(|before| before == id)
    }

    /// How much was promised.
    pub(crate) fn promises(&self) -> usize {
        self.answered.len() + self.numbers.len() + self.flagged.len() + self.left.len()
    }

    /// The highest number that a folder gave.
    pub(crate) fn highest(&self, folder: &str) -> u32 {
        let mut numbers = self.numbers.keys().filter(|(name, _)| name == folder).map(|(_, uid)| *uid);
        let first = numbers.next().unwrap_or(0);
        let gone = self.leaving.keys().copied().filter(|_| folder == "INBOX").max().unwrap_or(0);
        numbers.fold(first, u32::max).max(gone)
    }
}
