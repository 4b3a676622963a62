//! Nobody changes anything, and everybody must believe the same: what a connection is told that has just been opened.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Node;
use super::client::{Checked, Client, Order};
use super::facts::Folder;
use super::mirror::{Flags, Mirror};

/// A message, as a fresh connection is told of it.
#[derive(Clone, Debug)]
pub(super) struct Message {
    flags: Flags,
    modseq: Option<u64>,
    size: u64,
}

/// A folder, as a fresh connection is told of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    validity: u32,
    messages: BTreeMap<u32, Message>,
}

impl Client {
    /// Looks at a folder with this connection, which has just been opened.
    pub(super) fn look(&mut self, folder: &str) -> Checked<Truth> {
        self.select(folder, true)?;
        let mut items = "UID FLAGS RFC822.SIZE ENVELOPE INTERNALDATE BODYSTRUCTURE".to_owned();
        for (needs, item) in [("CONDSTORE", " MODSEQ"), ("OBJECTID", " EMAILID")] {
            items += if self.can(needs) { item } else { "" };
        }
        let mut messages = BTreeMap::new();
        if self.count() > 0 {
            let heard = self.order(
                Order::new("FETCH", format!("FETCH 1:* ({items})")).addressing(false).condstore(self.can("CONDSTORE")),
            )?;
            for (_, _, items) in &heard.fetched {
                let of = |name: &str| items.iter().find(|(other, _)| other == name).map(|(_, value)| value);
                let (Some(uid), Some(flags)) = (of("UID").and_then(Node::number), of("FLAGS")) else {
                    return Err("a message without UID or FLAGS".into());
                };
                let message = Message {
                    flags: super::mirror::flags_of(flags)?,
                    modseq: of("MODSEQ").and_then(|modseq| modseq.list().first()?.number()),
                    size: of("RFC822.SIZE").and_then(Node::number).ok_or("a message without a size")?,
                };
                messages.insert(u32::try_from(uid).map_err(|_| "a UID past all numbers")?, message);
            }
        }
        let mirror = self.mirror.as_ref().ok_or("no folder is open")?;
        let truth = Truth { validity: mirror.validity, messages };
        if truth.messages.len() != mirror.len() {
            return Err(format!("{} messages were told of {}", truth.messages.len(), mirror.len()));
        }
        self.agree(&truth)?;
        Ok(truth)
    }

    /// What this connection believes is the truth, after it asked for news.
    pub(super) fn compare(&mut self) -> Checked<()> {
        self.order(Order::new("NOOP", "NOOP"))?;
        let Some(mirror) = &self.mirror else { return Ok(()) };
        let truth = self.shared.truth(&mirror.name)?;
        differences(mirror, &truth)?;
        self.learn_all()?;
        self.agree(&truth)
    }

    /// Every way to ask gives the same answer.
    fn agree(&mut self, truth: &Truth) -> Checked<()> {
        let Some(mirror) = &self.mirror else { return Ok(()) };
        let (folder, name) = ((mirror.name.clone(), mirror.validity), mirror.name.clone());
        differences(mirror, truth)?;
        if let Some(uid) = self.shared.facts()?.risen(&folder, truth.messages.keys().copied()).first() {
            return Err(format!("UID {uid} was gone, and is there again"));
        }
        self.searches_agree(truth)?;
        self.sorts_agree(&folder, truth)?;
        let status: BTreeMap<String, Node> = self.status_of(&name)?.into_iter().collect();
        let told = |item: &str| status.get(item).and_then(Node::number);
        let unseen = truth.messages.values().filter(|message| !message.flags.contains("\\seen")).count();
        let size: u64 = truth.messages.values().map(|message| message.size).sum();
        let highest = truth.messages.values().filter_map(|message| message.modseq).max();
        for (item, expected) in [("MESSAGES", truth.messages.len() as u64), ("UNSEEN", unseen as u64), ("SIZE", size)] {
            if told(item).is_some_and(|told| told != expected) {
                return Err(format!("STATUS tells {item} {:?}, and it is {expected}", told(item)));
            }
        }
        if told("HIGHESTMODSEQ") < highest && told("HIGHESTMODSEQ").is_some() {
            return Err(format!("HIGHESTMODSEQ is {:?}, and a message has {highest:?}", told("HIGHESTMODSEQ")));
        }
        let next = truth.messages.keys().last().map_or(0, |last| u64::from(*last) + 1);
        if told("UIDNEXT").is_some_and(|told| told < next) { Err(format!("UIDNEXT is below {next}")) } else { Ok(()) }
    }

    fn searches_agree(&mut self, truth: &Truth) -> Checked<()> {
        type Judge = fn(&Message) -> bool;
        let keys: [(&str, Judge); 8] = [
            ("ALL", |_| true),
            ("SEEN", |message| message.flags.contains("\\seen")),
            ("UNSEEN", |message| !message.flags.contains("\\seen")),
            ("DELETED", |message| message.flags.contains("\\deleted")),
            ("KEYWORD Plan", |message| message.flags.contains("plan")),
            ("NOT FLAGGED", |message| !message.flags.contains("\\flagged")),
            ("LARGER 500", |message| message.size > 500),
            ("OR DRAFT ANSWERED", |message| message.flags.contains("\\draft") || message.flags.contains("\\answered")),
        ];
        let (key, judge) = self.one(&keys);
        let expected: BTreeSet<u32> =
            truth.messages.iter().filter(|(_, message)| judge(message)).map(|(uid, _)| *uid).collect();
        let extended = self.can("ESEARCH") && self.below(2) == 0;
        let (returns, data): (_, &'static [&'static str]) =
            if extended { ("RETURN (ALL) ", &["ESEARCH"]) } else { ("", &["SEARCH"]) };
        let order = Order::new("SEARCH", format!("UID SEARCH {returns}{key}")).answered(data);
        let heard = self.order(order)?;
        let found: BTreeSet<u32> = self.found(&heard, true)?.all.unwrap_or_default().into_iter().collect();
        if found != expected {
            return Err(format!("SEARCH {key} finds {found:?}, and it is {expected:?}"));
        }
        Ok(())
    }

    fn sorts_agree(&mut self, folder: &Folder, truth: &Truth) -> Checked<()> {
        let numbers = |nodes: &[Node]| {
            let mut all = Vec::new();
            for node in nodes {
                node.numbers(&mut all);
            }
            all
        };
        let everybody: Vec<u32> = truth.messages.keys().copied().collect();
        if self.can("SORT") {
            let heard = self.order(Order::new("SORT", "UID SORT (SIZE) UTF-8 ALL").answered(&["SORT"]))?;
            let told = numbers(heard.only(&["SORT"])?.1);
            let mut expected = everybody.clone();
            expected.sort_by_key(|uid| (truth.messages[uid].size, *uid));
            if told != expected {
                return Err(format!("SORT (SIZE) of {} gives {told:?}, and it is {expected:?}", folder.0));
            }
        }
        for how in ["REFERENCES", "ORDEREDSUBJECT"] {
            if self.can(&format!("THREAD={how}")) {
                let text = format!("UID THREAD {how} UTF-8 ALL");
                let heard = self.order(Order::new("THREAD", text).answered(&["THREAD"]))?;
                let mut told = numbers(heard.only(&["THREAD"])?.1);
                told.sort_unstable();
                if told != everybody {
                    return Err(format!("THREAD {how} of {} has {told:?} of {everybody:?}", folder.0));
                }
            }
        }
        Ok(())
    }
}

/// Where a client believes something else.
fn differences(mirror: &Mirror, truth: &Truth) -> Checked<()> {
    if mirror.validity != truth.validity {
        return Err(format!("UIDVALIDITY was {}, and is {}", mirror.validity, truth.validity));
    }
    if mirror.len() != truth.messages.len() {
        return Err(format!("the client counts {} messages, and there are {}", mirror.len(), truth.messages.len()));
    }
    for (number, (row, (uid, message))) in mirror.rows.iter().zip(&truth.messages).enumerate() {
        let number = number + 1;
        if row.uid.is_some_and(|known| known != *uid) {
            return Err(format!("the client has {:?} as UID of message {number}, and it is {uid}", row.uid));
        }
        if let Some(flags) = row.flags.as_ref().filter(|flags| **flags != message.flags) {
            return Err(format!("the client has flags {flags:?} of UID {uid}, and they are {:?}", message.flags));
        }
        if let (Some(known), Some(told)) = (row.modseq, message.modseq)
            && known > told
        {
            return Err(format!("the client was told MODSEQ {known} of UID {uid}, and it is {told}"));
        }
    }
    Ok(())
}

impl Truth {
    pub(super) fn count(&self) -> usize {
        self.messages.len()
    }

    /// The UIDs of the messages that do not have this flag.
    pub(super) fn without(&self, flag: &str) -> Vec<u32> {
        self.messages.iter().filter(|(_, message)| !message.flags.contains(flag)).map(|(uid, _)| *uid).collect()
    }
}
