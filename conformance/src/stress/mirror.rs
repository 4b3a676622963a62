//! What a client believes of its open folder, which is what it was told and nothing else; and what it must not be told.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Node;

/// Flags in small letters, without `\Recent`, which is each session's own.
pub(super) type Flags = BTreeSet<String>;

/// One message, as far as the client was told of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) uid: Option<u32>,
    pub(super) flags: Option<Flags>,
    pub(super) modseq: Option<u64>,
    /// The flags are those of this MODSEQ or a later one: whoever has others changed them after it.
    as_of: u64,
    /// It came after the folder was opened.
    came: bool,
}

/// The open folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Mirror {
    pub(super) name: String,
    pub(super) read_only: bool,
    pub(super) validity: u32,
    pub(super) uid_next: u32,
    pub(super) rows: Vec<Row>,
    /// The highest HIGHESTMODSEQ told.
    pub(super) highest: u64,
    /// The highest MODSEQ up to which the client was told everything (RFC 7162 §6).
    pub(super) known: u64,
    /// The highest MODSEQ and the last HIGHESTMODSEQ told since a command ended.
    pending: u64,
    told: Option<u64>,
    is_counted: bool,
}

/// A change by STORE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Remove,
    Replace,
}

impl Change {
    pub(super) fn on(self, flags: &Flags, given: &Flags) -> Flags {
        match self {
            Self::Add => flags | given,
            Self::Remove => flags - given,
            Self::Replace => given.clone(),
        }
    }
}

impl Mirror {
    pub(super) fn new(name: &str, read_only: bool) -> Self {
        Self { name: name.to_owned(), read_only, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Was the client told how many messages there are?
    pub(super) fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// RFC 3501 §7.3.1: it never shrinks but by EXPUNGE.
    pub(super) fn exists(&mut self, count: usize) -> Result<(), String> {
        if count < self.rows.len() {
            return Err(format!("EXISTS fell from {} to {count} without EXPUNGE", self.rows.len()));
        }
        self.rows.resize(count, Row { came: self.is_counted, ..Row::default() });
        self.is_counted = true;
        Ok(())
    }

    /// RFC 3501 §7.4.1. The UID that went, if it is known.
    pub(super) fn expunge(&mut self, number: usize) -> Result<Option<u32>, String> {
        let place = self.place(number)?;
        Ok(self.rows.remove(place).uid)
    }

    /// RFC 7162 §3.2.10: these were there, and each is one less.
    pub(super) fn vanished(&mut self, uids: &[u32]) -> Result<(), String> {
        for uid in uids {
            if let Some(place) = self.find(*uid) {
                self.rows.remove(place);
                continue;
            }
            // It is one of those whose UIDs were not told; which of them is not known, nor what the others are.
            let after =
                self.rows.iter().rposition(|row| row.uid.is_some_and(|other| other < *uid)).map_or(0, |at| at + 1);
            let strangers = self.rows[after..].iter().take_while(|row| row.uid.is_none()).count();
            if strangers == 0 {
                return Err(format!("VANISHED {uid}, which the client does not count"));
            }
            self.rows.remove(after);
            self.rows[after..after + strangers - 1].fill(Row::default());
        }
        Ok(())
    }

    fn place(&self, number: usize) -> Result<usize, String> {
        let within = number >= 1 && number <= self.rows.len();
        within.then(|| number - 1).ok_or_else(|| format!("message {number} of {}", self.rows.len()))
    }

    /// Where a UID stands.
    pub(super) fn find(&self, uid: u32) -> Option<usize> {
        self.rows.iter().position(|row| row.uid == Some(uid))
    }

    /// Takes in what FETCH says of a message; its UID, if it is known now.
    pub(super) fn fetch(&mut self, number: usize, items: &[(String, Node)]) -> Result<Option<u32>, String> {
        let place = self.place(number)?;
        let item = |name: &str| items.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        if let Some(uid) = item("UID") {
            let uid =
                uid.number().and_then(|uid| u32::try_from(uid).ok()).filter(|uid| *uid > 0).ok_or("a UID of 0")?;
            self.is_named(place, uid)?;
        }
        let told = match item("MODSEQ").map(Node::list) {
            Some([modseq]) => Some(modseq.number().filter(|modseq| *modseq > 0).ok_or("a MODSEQ of 0")?),
            Some(_) => return Err("a MODSEQ that is no number".into()),
            None => None,
        };
        if let Some(flags) = item("FLAGS") {
            self.has_flags(place, flags_of(flags)?, told)?;
        }
        let row = &mut self.rows[place];
        if let Some(told) = told {
            // RFC 7162 §3.1: it only rises.
            if row.modseq.is_some_and(|before| before > told) {
                return Err(format!("MODSEQ of message {number} fell from {:?} to {told}", row.modseq));
            }
            row.modseq = Some(told);
            self.pending = self.pending.max(told);
        }
        Ok(row.uid)
    }

    /// RFC 3501 §2.3.1.1: UIDs rise with the numbers, never change, and are none below what UIDNEXT promised.
    fn is_named(&mut self, place: usize, uid: u32) -> Result<(), String> {
        if let Some(before) = self.rows[place].uid {
            return if before == uid {
                Ok(())
            } else {
                Err(format!("message {} has UID {uid}, and had {before}", place + 1))
            };
        }
        let below = self.rows[..place].iter().rev().find_map(|row| row.uid);
        let above = self.rows[place..].iter().find_map(|row| row.uid);
        if below.is_some_and(|below| below >= uid) || above.is_some_and(|above| above <= uid) {
            return Err(format!("UID {uid} of message {} stands between {below:?} and {above:?}", place + 1));
        }
        if self.rows[place].came && uid < self.uid_next {
            return Err(format!("UID {uid} came, and UIDNEXT was {}", self.uid_next));
        }
        self.rows[place].uid = Some(uid);
        Ok(())
    }

    fn has_flags(&mut self, place: usize, flags: Flags, told: Option<u64>) -> Result<(), String> {
        let row = &mut self.rows[place];
        let changed = row.flags.as_ref().is_some_and(|before| *before != flags);
        // RFC 7162 §3.1: a change has a MODSEQ above all before it.
        if changed && told.is_some_and(|told| told <= row.as_of) {
            let (place, before) = (place + 1, row.flags.as_ref());
            return Err(format!(
                "flags of message {place} were {before:?} at MODSEQ {}, and are {flags:?} at {told:?}",
                row.as_of
            ));
        }
        row.flags = Some(flags);
        row.as_of = row.as_of.max(told.unwrap_or(0));
        Ok(())
    }

    /// The client changed flags without hearing of it (`.SILENT`); somebody else may have changed them before.
    pub(super) fn expect(&mut self, place: usize, change: Change, given: &Flags) {
        let Some(row) = self.rows.get_mut(place) else { return };
        row.flags = match (&row.flags, change) {
            (Some(flags), _) => Some(change.on(flags, given)),
            (None, Change::Replace) => Some(given.clone()),
            (None, _) => None,
        };
        row.as_of = 0;
    }

    /// RFC 7162 §3.1.2.1: it only rises.
    pub(super) fn is_highest(&mut self, modseq: u64) -> Result<(), String> {
        if modseq < self.highest {
            return Err(format!("HIGHESTMODSEQ fell from {} to {modseq}", self.highest));
        }
        (self.highest, self.told) = (modseq, Some(modseq));
        Ok(())
    }

    /// A command ended. RFC 7162 §6: the client knows everything up to what HIGHESTMODSEQ says, and where nothing was said up
    /// to the highest MODSEQ.
    pub(super) fn settle(&mut self) {
        self.known = self.told.take().unwrap_or(self.known.max(self.pending));
        self.pending = 0;
    }

    /// What was open before a connection broke is open again, and what changed meanwhile was told (RFC 7162 §3.2.5): what
    /// is left of the old messages, with those told now, are all there are, or (`of_all` is false) all that the client knew.
    pub(super) fn resync(&mut self, before: &Self, vanished: &[u32], of_all: bool) -> Result<(), String> {
        let mut all: BTreeMap<u32, Row> = BTreeMap::new();
        let left = before.rows.iter().filter(|row| row.uid.is_some_and(|uid| !vanished.contains(&uid)));
        for row in left.chain(&self.rows) {
            all.extend(row.uid.map(|uid| (uid, row.clone())));
        }
        let was_sure = before.rows.iter().all(|row| row.uid.is_some());
        if all.len() > self.rows.len() || was_sure && of_all && all.len() < self.rows.len() {
            let uids: Vec<u32> = all.keys().copied().collect();
            return Err(format!("{} messages, and after what was told there should be {uids:?}", self.rows.len()));
        }
        if !was_sure {
            return Ok(());
        }
        // What came meanwhile stands behind the others.
        for (place, (uid, row)) in all.into_iter().enumerate() {
            if self.rows[place].uid.is_some_and(|told| told != uid) {
                return Err(format!("message {} has UID {:?}, and should have {uid}", place + 1, self.rows[place].uid));
            }
            self.rows[place] = row;
        }
        let highest = self.highest;
        for row in self.rows.iter_mut().filter(|row| row.flags.is_some()) {
            row.as_of = row.as_of.max(highest);
        }
        Ok(())
    }
}

/// The flags in a FETCH, each once.
pub(super) fn flags_of(node: &Node) -> Result<Flags, String> {
    let Node::List(nodes) = node else { return Err("FLAGS without a list".into()) };
    let mut flags = Flags::new();
    for flag in nodes {
        let flag = flag.atom().to_ascii_lowercase();
        if flag.is_empty() || !flags.insert(flag.clone()) {
            return Err(format!("the flag {flag:?} twice, or without a name"));
        }
    }
    flags.remove("\\recent");
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::{Change, Flags, Mirror};
    use crate::imap::Said;
    use crate::stress::answer::{Answer, answer};

    fn tell(mirror: &mut Mirror, text: &str) -> Result<(), String> {
        match answer(&Said { text: text.to_owned(), literals: Vec::new() })? {
            Answer::Exists(count) => mirror.exists(count),
            Answer::Expunge(number) => mirror.expunge(number).map(drop),
            Answer::Vanished { uids, .. } => mirror.vanished(&uids),
            Answer::Fetch(number, items) => mirror.fetch(number, &items).map(drop),
            Answer::Status { code: Some(code), .. } => mirror.is_highest(code.rest.parse().expect("a number")),
            other => panic!("{other:?}"),
        }
    }

    /// All but the last line may be told; whether that one may is `expected`.
    #[track_caller]
    fn check(said: &[&str], expected: bool) {
        let mut mirror = Mirror { uid_next: 10, ..Mirror::new("a", false) };
        let (last, before) = said.split_last().expect("something is said");
        for line in before {
            assert_eq!(tell(&mut mirror, line), Ok(()), "{line}");
        }
        let told = tell(&mut mirror, last);
        assert_eq!(told.is_ok(), expected, "{said:?}: {told:?}");
    }

    #[test]
    fn what_contradicts_what_was_told_is_found() {
        check(&["* 3 EXISTS", "* 2 EXISTS"], false);
        check(&["* 3 EXISTS", "* 1 EXPUNGE", "* 2 EXISTS"], true);
        check(&["* 3 EXISTS", "* 4 EXPUNGE"], false);
        check(&["* 3 EXISTS", "* 4 FETCH (UID 4)"], false);
        check(&["* 3 EXISTS", "* 2 FETCH (UID 5)", "* 2 FETCH (UID 6)"], false);
        check(&["* 3 EXISTS", "* 2 FETCH (UID 5)", "* 3 FETCH (UID 5)"], false);
        check(&["* 3 EXISTS", "* 2 FETCH (UID 5)", "* 1 EXPUNGE", "* 1 FETCH (UID 5)"], true);
        check(&["* 3 EXISTS", "* 4 EXISTS", "* 4 FETCH (UID 9)"], false);
        check(&["* 3 EXISTS", "* 4 EXISTS", "* 4 FETCH (UID 10)"], true);
        check(&["* 2 EXISTS", "* 2 FETCH (UID 5)", "* VANISHED 6"], false);
        check(&["* 2 EXISTS", "* 2 FETCH (UID 5)", "* VANISHED 5", "* 1 EXISTS"], true);
        check(&["* OK [HIGHESTMODSEQ 7] x", "* OK [HIGHESTMODSEQ 6] x"], false);
    }

    #[test]
    fn flags_that_change_have_a_new_modseq() {
        let one = ["* 1 EXISTS", "* 1 FETCH (FLAGS (\\Seen) MODSEQ (5))"];
        let then = |last| [one[0], one[1], last];
        check(&then("* 1 FETCH (FLAGS () MODSEQ (5))"), false);
        check(&then("* 1 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (5))"), true);
        check(&then("* 1 FETCH (FLAGS () MODSEQ (6))"), true);
        check(&then("* 1 FETCH (FLAGS (\\Seen) MODSEQ (4))"), false);
    }

    #[test]
    fn who_comes_again_knows_what_is_left_and_what_came() {
        let mut before = Mirror::new("a", false);
        for line in ["* 3 EXISTS", "* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"] {
            tell(&mut before, line).expect("it may be told");
        }
        let again = |vanished: &[u32], of_all: bool| {
            let mut now = Mirror::new("a", false);
            for line in ["* 3 EXISTS", "* 3 FETCH (UID 4)"] {
                tell(&mut now, line).expect("it may be told");
            }
            now.resync(&before, vanished, of_all)
        };
        assert_eq!(again(&[2], true), Ok(()));
        assert!(again(&[], true).is_err(), "one too many is left");
        assert!(again(&[1, 2], true).is_err(), "one came that nobody told of");
        assert_eq!(again(&[2], false), Ok(()));
    }

    #[test]
    fn a_silent_change_is_expected() {
        let given: Flags = ["\\seen".to_owned()].into();
        let mut mirror = Mirror::new("a", false);
        for line in ["* 1 EXISTS", "* 1 FETCH (FLAGS (\\Draft) MODSEQ (5))"] {
            tell(&mut mirror, line).expect("it may be told");
        }
        mirror.expect(0, Change::Add, &given);
        assert_eq!(mirror.rows[0].flags, Some(["\\draft".to_owned(), "\\seen".to_owned()].into()));
        assert_eq!(tell(&mut mirror, "* 1 FETCH (FLAGS (\\Seen) MODSEQ (5))"), Ok(()), "somebody may have been before");
    }
}
