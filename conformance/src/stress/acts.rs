//! What a client does next: drawn by lot, from what can be done now and what the server offers.

mod fetch;
mod folders;
mod search;
mod session;
mod store;

use super::answer::Node;
use super::client::{Checked, Client, Order};
use super::mirror::Mirror;

/// A folder with more is cleared, one with fewer is filled.
const MANY: usize = 60;
const FEW: usize = 6;

impl Client {
    /// One step of a client's random way.
    pub(super) fn act(&mut self) -> Checked<()> {
        let Some((count, read_only)) = self.mirror.as_ref().map(|mirror| (mirror.len(), mirror.read_only)) else {
            return match self.below(8) {
                0 => self.own_folder(),
                1 => self.status(),
                2 => self.list(),
                3 => self.append(),
                _ => self.select_any(),
            };
        };
        if count < FEW {
            return if self.below(3) == 0 { self.act_anywhere() } else { self.append() };
        }
        if count > MANY && !read_only {
            return self.clear();
        }
        match self.below(if read_only { 60 } else { 100 }) {
            0..17 => self.fetch(),
            17..19 => self.fetch_changes(),
            19 => self.fetch_part(),
            20..29 => self.search(),
            29..34 => self.sort_or_thread(),
            34..40 => self.pipeline(),
            40..60 => self.act_anywhere(),
            60..77 => self.store(),
            77..81 => self.store_unless_changed(),
            81..89 => self.copy_or_move(),
            89..92 => self.replace(),
            92..94 => self.expunge(),
            _ => self.append(),
        }
    }

    fn act_anywhere(&mut self) -> Checked<()> {
        match self.below(20) {
            0..4 => self.noop(),
            4..6 => self.idle(),
            6..8 => self.status(),
            8..10 => self.list(),
            10..12 => self.select_any(),
            12 => self.leave(),
            13 => self.own_folder(),
            14 => self.notify(),
            15 => self.come_again(),
            16 => self.ask_about(),
            _ => self.append(),
        }
    }

    /// `UID ` or nothing; who hears of removals at any time names messages by UID only (RFC 5465 §5.3).
    fn by(&mut self) -> bool {
        self.mode.is_notified() || self.below(2) == 0
    }

    /// A set of messages there are, by number or by UID. By number none is named that the client does not count.
    fn set(&mut self, by_uid: bool) -> String {
        let count = self.count();
        let known: Vec<u32> = self.mirror.iter().flat_map(|mirror| &mirror.rows).filter_map(|row| row.uid).collect();
        let most = if by_uid { known.len() } else { count };
        if most == 0 {
            return if by_uid { "1:*".into() } else { "1".into() };
        }
        let name = |client: &mut Self| {
            let at = client.below(most);
            if by_uid { known[at] } else { u32::try_from(at + 1).unwrap_or(u32::MAX) }
        };
        match self.below(10) {
            0 => "1:*".into(),
            // What is the last may change while it is said.
            1 if !self.mode.is_pushed() => "*".into(),
            2 if by_uid => format!("{}:4294967295", name(self)),
            3 => format!("{}:*", name(self)),
            4..6 => format!("{},{},{}", name(self), name(self), name(self)),
            6..8 => {
                let (from, to) = (name(self), name(self));
                format!("{from}:{to}")
            }
            _ => name(self).to_string(),
        }
    }

    /// The messages named by a set that the client counts: numbers, or UIDs.
    fn members(&self, set: &str, by_uid: bool) -> Vec<u32> {
        let Some(mirror) = &self.mirror else { return Vec::new() };
        let last = if by_uid {
            mirror.rows.last().and_then(|row| row.uid).unwrap_or(u32::MAX)
        } else {
            u32::try_from(mirror.len()).unwrap_or(u32::MAX)
        };
        let within = |number: u32| {
            set.split(',').any(|part| {
                let part = part.replace('*', &last.to_string());
                let (from, to) = part.split_once(':').unwrap_or((&part, &part));
                let (from, to): (u32, u32) = (from.parse().unwrap_or(0), to.parse().unwrap_or(0));
                (from.min(to)..=from.max(to)).contains(&number)
            })
        };
        if by_uid {
            mirror.rows.iter().filter_map(|row| row.uid).filter(|uid| within(*uid)).collect()
        } else {
            (1..=last).filter(|number| within(*number)).collect()
        }
    }

    fn named(by_uid: bool, command: &str) -> String {
        if by_uid { format!("UID {command}") } else { command.to_owned() }
    }

    fn noop(&mut self) -> Checked<()> {
        let name = self.one(&["NOOP", "NOOP", "CHECK"]);
        self.order(Order::new(name, name)).map(drop)
    }

    /// A refusal has a reason: something the client counted is gone, and it heard of that or hears of it now.
    fn was_gone(&mut self, what: &str) -> Checked<()> {
        self.order(Order::new("NOOP", "NOOP"))?;
        if self.removals == self.before {
            return Err(format!("{what} was refused, and nothing was gone"));
        }
        Ok(())
    }

    fn known(&self) -> Vec<Option<u32>> {
        self.mirror.iter().flat_map(|mirror| &mirror.rows).map(|row| row.uid).collect()
    }
}

/// The numbers in a response such as SEARCH: each once, and none that is not counted.
fn numbers(nodes: &[Node], by_uid: bool, mirror: &Mirror) -> Checked<Vec<u32>> {
    let mut all = Vec::new();
    for node in nodes {
        node.numbers(&mut all);
    }
    are_there(&all, by_uid, mirror)?;
    Ok(all)
}

fn are_there(all: &[u32], by_uid: bool, mirror: &Mirror) -> Checked<()> {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != all.len() {
        return Err(format!("a message twice: {all:?}"));
    }
    let highest = sorted.last().map_or(0, |last| *last as usize);
    if !by_uid && highest > mirror.len() {
        return Err(format!("message {highest} of {}", mirror.len()));
    }
    Ok(())
}
