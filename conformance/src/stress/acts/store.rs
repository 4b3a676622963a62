//! What changes a folder: STORE, COPY, MOVE, EXPUNGE, APPEND, REPLACE.

use std::collections::BTreeSet;

use crate::stress::answer::{Node, members};
use crate::stress::client::{Checked, Client, Fetched, Heard, Order};
use crate::stress::letter::letter;
use crate::stress::mirror::{Change, Flags};

const FLAGS: [&str; 8] = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Forwarded", "Plan", "$Junk"];

impl Client {
    fn some_flags(&mut self) -> Vec<&'static str> {
        let mut flags: Vec<&str> = (0..=self.below(3)).map(|_| self.one(&FLAGS)).collect();
        flags.sort_unstable();
        flags.dedup();
        flags
    }

    pub(super) fn store(&mut self) -> Checked<()> {
        self.store_with("")
    }

    /// RFC 7162 §3.1.3.
    pub(super) fn store_unless_changed(&mut self) -> Checked<()> {
        let modseqs = self.mirror.iter().flat_map(|mirror| &mirror.rows).filter_map(|row| row.modseq);
        let modseqs: Vec<u64> = modseqs.collect();
        if !self.can("CONDSTORE") || modseqs.is_empty() {
            return self.store();
        }
        let modseq = self.one(&modseqs);
        self.store_with(&format!(" (UNCHANGEDSINCE {modseq})"))
    }

    fn store_with(&mut self, unless: &str) -> Checked<()> {
        let by_uid = self.by();
        let set = self.set(by_uid);
        let flags = self.some_flags();
        let (sign, change) = self.one(&[("+", Change::Add), ("-", Change::Remove), ("", Change::Replace)]);
        // Where news come at any time, nobody can tell those from before a silent STORE from those after it.
        let silent = self.below(2) == 0 && !self.mode.is_pushed();
        let text =
            format!("STORE {set}{unless} {sign}FLAGS{} ({})", if silent { ".SILENT" } else { "" }, flags.join(" "));
        // By UID the numbers may change while it runs; what it was about is kept by UID.
        let named = self.members(&set, by_uid);
        let known: BTreeSet<u32> = self.known().into_iter().flatten().collect();
        let order = Order::new("STORE", Self::named(by_uid, &text)).addressing(by_uid).refusable();
        let order = order.condstore(!unless.is_empty());
        let heard = self.order(order)?;
        if !heard.ok {
            let is_modified = heard.code.as_ref().is_some_and(|code| code.name == "MODIFIED");
            return if is_modified { Ok(()) } else { self.was_gone("STORE") };
        }
        let given: Flags = flags.iter().map(|flag| flag.to_ascii_lowercase()).collect();
        let kept = self.modified(&heard, by_uid)?;
        if silent {
            self.assume(&named, by_uid, &kept, change, &given, &heard);
            if by_uid {
                self.doubt(&known, &heard);
            }
            return Ok(());
        }
        // RFC 3501 §6.4.6: the new value of every message that changed is told; nothing more is sure beside others.
        if unless.is_empty() && change == Change::Replace && !by_uid {
            let told = |number: &u32| heard.fetched.iter().any(|(other, _, _)| *other == *number as usize);
            if let Some(number) = named.iter().find(|number| !told(number)) {
                return self.was_gone(&format!("the FETCH after STORE of message {number}"));
            }
        }
        Ok(())
    }

    /// The messages that STORE left alone.
    fn modified(&self, heard: &Heard, by_uid: bool) -> Checked<BTreeSet<u32>> {
        let code = heard.code.as_ref().filter(|code| code.name == "MODIFIED");
        let modified: BTreeSet<u32> = code.map(|code| members(&code.rest)).transpose()?.into_iter().flatten().collect();
        if !by_uid && modified.iter().any(|number| *number as usize > self.count()) {
            return Err("MODIFIED names a message that is not counted".into());
        }
        Ok(modified)
    }

    /// The client knows what it did: nobody tells it, unless there is something else to be told.
    fn assume(
        &mut self,
        named: &[u32],
        by_uid: bool,
        kept: &BTreeSet<u32>,
        change: Change,
        given: &Flags,
        heard: &Heard,
    ) {
        let Some(mirror) = &mut self.mirror else { return };
        for name in named.iter().filter(|name| !kept.contains(name)) {
            let place = if by_uid { mirror.find(*name) } else { (*name as usize).checked_sub(1) };
            let Some(place) = place else { continue };
            let uid = mirror.rows.get(place).and_then(|row| row.uid);
            let is_it = |(number, other, _): &&Fetched| {
                if by_uid { *other == uid } else { *number == place + 1 }
            };
            // What was told while it ran is the truth.
            let told =
                heard.fetched.iter().filter(is_it).any(|(_, _, items)| items.iter().any(|(name, _)| name == "FLAGS"));
            if !told {
                mirror.expect(place, change, given);
            }
        }
    }

    /// Messages whose UIDs the client did not know may have been named too: it does not know their flags, unless they were told.
    fn doubt(&mut self, known: &BTreeSet<u32>, heard: &Heard) {
        let Some(mirror) = &mut self.mirror else { return };
        for row in mirror.rows.iter_mut().filter(|row| row.uid.is_none_or(|uid| !known.contains(&uid))) {
            let of = heard.fetched.iter().filter(|(_, uid, _)| uid.is_some() && *uid == row.uid);
            let told = of.flat_map(|(_, _, items)| items).any(|(name, _)| name == "FLAGS");
            if !told {
                row.flags = None;
            }
        }
    }

    pub(super) fn copy_or_move(&mut self) -> Checked<()> {
        let by_uid = self.by();
        let set = self.set(by_uid);
        let moves = self.can("MOVE") && self.below(2) == 0;
        let name = if moves { "MOVE" } else { "COPY" };
        let to = self.any_folder();
        let text = Self::named(by_uid, &format!("{name} {set} {to}"));
        let heard = self.order(Order::new(name, text).refusable())?;
        if !heard.ok {
            return self.was_gone(name);
        }
        let copied = self.copied(&heard, &to)?;
        let left = |uid: &u32| self.mirror.as_ref().is_some_and(|mirror| mirror.find(*uid).is_some());
        match copied.filter(|_| moves).and_then(|copied| copied.into_iter().find(left)) {
            // RFC 6851 §3.3: they are gone when it is done.
            Some(uid) => Err(format!("UID {uid} was moved, and is still there")),
            None => Ok(()),
        }
    }

    pub(super) fn expunge(&mut self) -> Checked<()> {
        if self.can("UIDPLUS") && self.below(2) == 0 {
            let set = self.set(true);
            return self.order(Order::new("EXPUNGE", format!("UID EXPUNGE {set}"))).map(drop);
        }
        self.order(Order::new("EXPUNGE", "EXPUNGE")).map(drop)
    }

    /// There are too many: half of them go.
    pub(super) fn clear(&mut self) -> Checked<()> {
        let half = self.count() / 2;
        if self.mode.is_notified() {
            return self.leave();
        }
        let order = Order::new("STORE", format!("STORE 1:{half} +FLAGS (\\Deleted)")).addressing(false);
        if !self.order(order.refusable())?.ok {
            return self.was_gone("STORE");
        }
        self.order(Order::new("EXPUNGE", "EXPUNGE")).map(drop)
    }

    fn new_letter(&mut self) -> Vec<u8> {
        self.letters += 1;
        let name = format!("{}.{}.{}", self.shared.target.seed, self.number, self.letters);
        letter(&mut self.random, &name)
    }

    fn filed_as(&mut self) -> String {
        let flags = if self.below(2) == 0 { format!(" ({})", self.some_flags().join(" ")) } else { String::new() };
        let day = 1 + self.below(28);
        let date = if self.below(2) == 0 { format!(" \"{day:2}-Nov-2026 12:34:56 +0900\"") } else { String::new() };
        format!("{flags}{date} ")
    }

    pub(super) fn append(&mut self) -> Checked<()> {
        let to = self.any_folder();
        let count = if self.can("MULTIAPPEND") && self.below(4) == 0 { 3 } else { 1 };
        let mut order = Order::new("APPEND", format!("APPEND {to}"));
        let mut letters = Vec::new();
        for _ in 0..count {
            let letter = self.new_letter();
            let how = self.filed_as();
            order.pieces.push(crate::stress::wire::Piece::Text(how));
            order = order.with(letter.clone(), "");
            letters.push(letter);
        }
        let heard = self.order(order)?;
        self.appended(&heard, &to, letters)
    }

    /// RFC 4315 §3: what a message is called is told, and is true.
    fn appended(&mut self, heard: &Heard, to: &str, letters: Vec<Vec<u8>>) -> Checked<()> {
        let Some(code) = heard.codes.iter().chain(&heard.code).find(|code| code.name == "APPENDUID") else {
            return if self.can("UIDPLUS") { Err("no APPENDUID".into()) } else { Ok(()) };
        };
        let (validity, uids) = code.rest.split_once(' ').ok_or("an APPENDUID of one word")?;
        let folder = (to.to_owned(), validity.parse().map_err(|_| "a UIDVALIDITY that is no number")?);
        let uids = members(uids)?;
        if uids.len() != letters.len() {
            return Err(format!("APPENDUID names {} of {} messages", uids.len(), letters.len()));
        }
        let mut facts = self.shared.facts()?;
        for (uid, letter) in uids.into_iter().zip(letters) {
            facts.learn(&folder, uid, &[("BODY[]".to_owned(), Node::Text(letter))])?;
        }
        Ok(())
    }

    /// RFC 8508.
    pub(super) fn replace(&mut self) -> Checked<()> {
        let known: Vec<u32> = self.known().into_iter().flatten().collect();
        if !self.can("REPLACE") || known.is_empty() {
            return self.append();
        }
        let uid = self.one(&known);
        let to = self.any_folder();
        let letter = self.new_letter();
        let how = self.filed_as();
        let order = Order::new("REPLACE", format!("UID REPLACE {uid} {to}{how}")).with(letter.clone(), "").refusable();
        let heard = self.order(order)?;
        if !heard.ok {
            return self.was_gone("REPLACE");
        }
        self.appended(&heard, &to, vec![letter])?;
        let left = self.mirror.as_ref().is_some_and(|mirror| mirror.find(uid).is_some());
        // RFC 8508 §3.3: it is gone when it is done.
        if left { Err(format!("UID {uid} was replaced, and is still there")) } else { Ok(()) }
    }
}
