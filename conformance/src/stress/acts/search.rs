//! SEARCH, SORT and THREAD in all their forms, and whether their answers agree with themselves.

use crate::stress::answer::{Node, members, pairs};
use crate::stress::client::{Checked, Client, Heard, Order};

use super::{are_there, numbers};

const KEYS: [&str; 24] = [
    "ALL",
    "SEEN",
    "UNSEEN",
    "DELETED",
    "UNDELETED FLAGGED",
    "NOT ANSWERED",
    "OR SEEN (DRAFT UNANSWERED)",
    "KEYWORD Plan",
    "UNKEYWORD $Junk",
    "LARGER 500",
    "SMALLER 500",
    "SUBJECT Plan",
    "FROM stress",
    "TO group",
    "HEADER Message-ID stress",
    "BODY work",
    "TEXT letter",
    "SENTSINCE 10-Nov-2026",
    "SENTBEFORE 10-Nov-2026",
    "ON 11-Nov-2026",
    "SINCE 1-Nov-2026",
    "BEFORE 20-Nov-2026",
    "NOT (OR SEEN UNSEEN)",
    "UID 1:4294967295",
];
const SORTS: [&str; 8] =
    ["ARRIVAL", "DATE", "SUBJECT", "FROM", "TO CC", "REVERSE SIZE", "SUBJECT REVERSE DATE", "SIZE ARRIVAL"];

/// What ESEARCH says of the messages found.
#[derive(Debug, Default)]
pub(in crate::stress) struct Found {
    pub(in crate::stress) all: Option<Vec<u32>>,
    min: Option<u32>,
    max: Option<u32>,
    count: Option<u32>,
}

impl Client {
    pub(super) fn key(&mut self, by_uid: bool) -> String {
        match self.below(6) {
            0 => format!("{} {}", self.one(&KEYS), self.one(&KEYS)),
            1 if !by_uid && !self.mode.is_notified() && self.count() > 0 => self.set(false),
            2 => {
                let set = self.set(true);
                format!("UID {set}")
            }
            _ => self.one(&KEYS).to_owned(),
        }
    }

    pub(super) fn searching(&mut self, by_uid: bool) -> Order {
        let (key, mut returns) = (self.key(by_uid), String::new());
        if self.can("ESEARCH") && self.below(2) == 0 {
            let options = self.one(&["", "ALL", "MIN MAX COUNT", "MIN", "MAX ALL", "COUNT", "COUNT ALL"]);
            returns = format!("RETURN ({options}) ");
        }
        let order = Order::new("SEARCH", Self::named(by_uid, &format!("SEARCH {returns}{key}"))).addressing(by_uid);
        // RFC 9051 §6.4.4: whoever enabled rev2 gets ESEARCH always.
        order.answered(if returns.is_empty() { &["SEARCH"] } else { &["ESEARCH"] })
    }

    pub(super) fn search(&mut self) -> Checked<()> {
        if self.can("SEARCHRES") && self.below(5) == 0 {
            return self.search_and_use();
        }
        let by_uid = self.by();
        let order = self.searching(by_uid);
        let heard = self.order(order)?;
        self.found(&heard, by_uid).map(drop)
    }

    /// What SEARCH found, in either form; its facts agree with each other.
    pub(in crate::stress) fn found(&self, heard: &Heard, by_uid: bool) -> Checked<Found> {
        let mirror = self.mirror.as_ref().ok_or("no folder is open")?;
        let (name, nodes) = heard.only(&["SEARCH", "ESEARCH"])?;
        if name != "ESEARCH" {
            return Ok(Found { all: Some(numbers(nodes, by_uid, mirror)?), ..Found::default() });
        }
        let rest = match nodes.split_first() {
            Some((Node::List(tag), rest)) if tag.len() == 2 => rest,
            _ => return Err("ESEARCH without its TAG".into()),
        };
        let rest = match rest.split_first() {
            Some((first, rest)) if first.atom().eq_ignore_ascii_case("UID") => {
                if by_uid {
                    rest
                } else {
                    return Err("UID in ESEARCH, which was not asked for".into());
                }
            }
            _ if by_uid => return Err("ESEARCH of UIDs without UID".into()),
            _ => rest,
        };
        let mut found = Found::default();
        for (name, value) in pairs(rest)? {
            let number = || value.number().and_then(|number| u32::try_from(number).ok());
            match name.as_str() {
                "ALL" => found.all = Some(members(value.atom())?),
                "MIN" => found.min = number(),
                "MAX" => found.max = number(),
                "COUNT" => found.count = number(),
                _ => {}
            }
        }
        are_there(found.all.as_deref().unwrap_or_default(), by_uid, mirror)?;
        if let (Some(all), Some(count)) = (&found.all, found.count)
            && all.len() != count as usize
        {
            return Err(format!("COUNT {count} of {} messages", all.len()));
        }
        let agrees = |told: Option<u32>, known: Option<u32>| told.is_none() || known.is_none() || told == known;
        let ends = |which: fn(&Vec<u32>) -> Option<u32>| found.all.as_ref().and_then(which);
        let (low, high) = (ends(|all| all.iter().min().copied()), ends(|all| all.iter().max().copied()));
        if !agrees(found.min, low) || !agrees(found.max, high) || found.min > found.max && found.max.is_some() {
            return Err(format!("MIN and MAX are not those of ALL: {found:?}"));
        }
        Ok(found)
    }

    /// RFC 5182: what was found is used by name.
    fn search_and_use(&mut self) -> Checked<()> {
        let key = self.one(&KEYS);
        let order =
            Order::new("SEARCH", format!("SEARCH RETURN (SAVE) {key}")).addressing(false).answered(&["ESEARCH"]);
        self.order(order)?;
        let order = match self.below(4) {
            0 => Order::new("SEARCH", "UID SEARCH RETURN (ALL COUNT) $").answered(&["ESEARCH"]),
            1 if self.mirror.as_ref().is_some_and(|mirror| !mirror.read_only) => {
                Order::new("STORE", "UID STORE $ +FLAGS (\\Flagged)").refusable()
            }
            _ => Order::new("FETCH", "UID FETCH $ (UID FLAGS RFC822.SIZE)").refusable(),
        };
        self.order(order).map(drop)
    }

    pub(super) fn sort_or_thread(&mut self) -> Checked<()> {
        let by_uid = self.by();
        let key = self.key(by_uid);
        let threads = ["REFERENCES", "ORDEREDSUBJECT"].into_iter();
        let threads: Vec<&str> = threads.filter(|how| self.can(&format!("THREAD={how}"))).collect();
        let (name, answers, text): (_, &'static [&'static str], _) = match self.below(2) {
            0 if !threads.is_empty() => {
                let how = self.one(&threads);
                ("THREAD", &["THREAD"], format!("THREAD {how} UTF-8 {key}"))
            }
            _ if self.can("SORT") => ("SORT", &["SORT"], format!("SORT ({}) UTF-8 {key}", self.one(&SORTS))),
            _ => return self.search(),
        };
        // RFC 5256 §3: no EXPUNGE here, unless it is by UID.
        let order = Order::new(name, Self::named(by_uid, &text)).addressing(by_uid).answered(answers);
        let heard = self.order(order)?;
        let (_, nodes) = heard.only(answers)?;
        numbers(nodes, by_uid, self.mirror.as_ref().ok_or("no folder is open")?).map(drop)
    }
}
