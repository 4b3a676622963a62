//! Opening and leaving a folder, waiting, and coming again after the connection broke.

use crate::stress::answer::Answer;
use crate::stress::client::{Checked, Client, Heard, Mode, Order, Told};
use crate::stress::mirror::Mirror;

/// How a client is told of its open folder at any time (RFC 5465); of removals too, or of them only where numbers may change.
const AT_ONCE: &str = "NOTIFY SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange))";
const DELAYED: &str = "NOTIFY SET (SELECTED-DELAYED (MessageNew (UID FLAGS) MessageExpunge FlagChange))";

impl Client {
    pub(super) fn select_any(&mut self) -> Checked<()> {
        let folder = self.any_folder();
        let read_only = self.below(6) == 0;
        self.select(&folder, read_only)?;
        // Who wants to come again later has to know what is there.
        if self.below(2) == 0 { self.learn_all() } else { Ok(()) }
    }

    /// Opens a folder.
    pub(in crate::stress) fn select(&mut self, folder: &str, read_only: bool) -> Checked<()> {
        // Between two folders nobody could tell of which of them news are that come at any time.
        if self.mode.is_pushed() && self.mirror.is_some() {
            self.leave()?;
        }
        self.select_saying(folder, read_only, "").map(drop)
    }

    fn select_saying(&mut self, folder: &str, read_only: bool, parameters: &str) -> Checked<Heard> {
        let name = if read_only { "EXAMINE" } else { "SELECT" };
        let opening = Mirror::new(folder, read_only);
        // RFC 7162 §3.2.11: what comes before CLOSED is still of the old one.
        if self.mode.qresync && self.mirror.is_some() {
            self.opening = Some(opening);
        } else {
            self.mirror = Some(opening);
        }
        let heard = self.order(Order::new(name, format!("{name} {folder}{parameters}")))?;
        if self.opening.take().is_some() {
            return Err("no CLOSED between two folders (RFC 7162 §3.2.11)".into());
        }
        let mirror = self.mirror.as_ref().ok_or("no folder is open")?;
        let said = |name: &str| heard.codes.iter().any(|code| code.name == name);
        // RFC 3501 §6.3.1
        for (what, is_there) in [
            ("EXISTS", mirror.is_counted()),
            ("FLAGS", heard.data.iter().any(|(name, _)| name == "FLAGS")),
            ("UIDVALIDITY", mirror.validity > 0),
            ("UIDNEXT", mirror.uid_next > 0),
            ("HIGHESTMODSEQ", !self.mode.condstore || said("HIGHESTMODSEQ") || said("NOMODSEQ")),
        ] {
            if !is_there {
                return Err(format!("{name} without {what}"));
            }
        }
        let mark = if read_only { "READ-ONLY" } else { "READ-WRITE" };
        match &heard.code {
            Some(code) if code.name == mark => Ok(heard),
            _ => Err(format!("{name} without {mark}")),
        }
    }

    /// The UIDs and flags of all messages.
    pub(in crate::stress) fn learn_all(&mut self) -> Checked<()> {
        if self.count() == 0 {
            return Ok(());
        }
        let more = if self.mode.condstore { " MODSEQ" } else { "" };
        // Where numbers change at any time there may be no message 1 when it is said.
        let by_uid = self.mode.is_notified();
        let text = Self::named(by_uid, &format!("FETCH 1:* (UID FLAGS{more})"));
        self.order(Order::new("FETCH", text).addressing(by_uid).refusable()).map(drop)
    }

    pub(super) fn leave(&mut self) -> Checked<()> {
        let name = if self.can("UNSELECT") { self.one(&["CLOSE", "UNSELECT"]) } else { "CLOSE" };
        self.order(Order::new(name, name))?;
        self.mirror = None;
        Ok(())
    }

    /// A short wait (RFC 2177): whatever there is to tell is told, and after it everything is known.
    pub(super) fn idle(&mut self) -> Checked<()> {
        if !self.can("IDLE") {
            return self.noop();
        }
        self.idle_until(|_| true)
    }

    /// Waits until what is told makes this so.
    pub(in crate::stress) fn idle_until(&mut self, is_so: impl Fn(&Self) -> bool) -> Checked<()> {
        let order = Order::new("IDLE", "IDLE");
        self.shared.counts.lock().map_err(|_| "a client panicked")?.entry("IDLE").or_default().asked += 1;
        let tag = self.wire.command("IDLE")?;
        let mut heard = Heard::default();
        loop {
            match self.step(&order, &mut heard)? {
                Some(Answer::More) => break,
                Some(end) => return Err(format!("IDLE is answered {end:?}")),
                None => {}
            }
        }
        while !is_so(self) {
            if let Some(end) = self.step(&order, &mut heard)? {
                return Err(format!("IDLE ends by itself: {end:?}"));
            }
        }
        self.wire.say("DONE\r\n")?;
        loop {
            match self.step(&order, &mut heard)? {
                None => {}
                Some(Answer::Tagged { tag: told, word, .. }) if told == tag && word == "OK" => return Ok(()),
                Some(end) => return Err(format!("IDLE ends with {end:?}")),
            }
        }
    }

    /// From now on removals are told at any time, or no longer.
    pub(super) fn notify(&mut self) -> Checked<()> {
        if !self.can("NOTIFY") {
            return self.noop();
        }
        self.mode.told = if self.mode.is_notified() { Told::AtAnyTime } else { Told::RemovalsToo };
        self.order(Order::new("NOTIFY", if self.mode.is_notified() { AT_ONCE } else { DELAYED })).map(drop)
    }

    /// Several commands at once; they name messages by UID, but for the first.
    pub(super) fn pipeline(&mut self) -> Checked<()> {
        let mut orders = Vec::new();
        let first = self.by();
        orders.push(self.fetching(first).0);
        for _ in 0..=self.below(3) {
            let next = match self.below(5) {
                0 => Order::new("NOOP", "NOOP"),
                1 => self.searching(true),
                2 if self.mirror.as_ref().is_some_and(|mirror| !mirror.read_only) => {
                    let set = self.set(true);
                    Order::new("STORE", format!("UID STORE {set} +FLAGS (\\Answered)")).refusable()
                }
                _ => self.fetching(true).0,
            };
            orders.push(next);
        }
        self.orders(orders).map(drop)
    }

    /// What a server says of itself and of a folder.
    pub(super) fn ask_about(&mut self) -> Checked<()> {
        let folder = self.any_folder();
        let ways: [(&str, &'static str, &'static [&'static str], String); 5] = [
            ("", "CAPABILITY", &["CAPABILITY"], String::new()),
            ("ID", "ID", &["ID"], " NIL".into()),
            ("NAMESPACE", "NAMESPACE", &["NAMESPACE"], String::new()),
            ("ACL", "MYRIGHTS", &["MYRIGHTS"], format!(" {folder}")),
            ("QUOTA", "GETQUOTAROOT", &["QUOTA", "QUOTAROOT"], format!(" {folder}")),
        ];
        let can: Vec<_> = ways.into_iter().filter(|(needs, ..)| needs.is_empty() || self.can(needs)).collect();
        let (_, name, data, rest) = can[self.below(can.len())].clone();
        let heard = self.order(Order::new(name, format!("{name}{rest}")).answered(data))?;
        if heard.data.iter().any(|(told, _)| told == data[0]) {
            Ok(())
        } else {
            Err(format!("{name} without {}", data[0]))
        }
    }

    /// The connection ends, in order or not, and the client comes again; with QRESYNC it is told what it missed.
    pub(in crate::stress) fn come_again(&mut self) -> Checked<()> {
        if self.below(2) == 0 {
            self.order(Order::new("LOGOUT", "LOGOUT"))?;
        }
        let before = self.mirror.take();
        self.opening = None;
        let target = self.shared.target.clone();
        self.wire.again(&target)?;
        let knew_removals = self.mode.qresync;
        self.enable()?;
        let Some(before) = before else { return Ok(()) };
        // RFC 7162 §3.2: only who has QRESYNC is told how far it knows of removals.
        if !(knew_removals && self.mode.qresync) || before.known == 0 {
            return self.select(&before.name, before.read_only);
        }
        let uids: Vec<String> = before.rows.iter().filter_map(|row| row.uid).map(|uid| uid.to_string()).collect();
        let known = if uids.is_empty() || self.below(2) == 0 { String::new() } else { format!(" {}", uids.join(",")) };
        let parameters = format!(" (QRESYNC ({} {}{known}))", before.validity, before.known);
        let heard = self.select_saying(&before.name, before.read_only, &parameters)?;
        let mirror = self.mirror.as_mut().ok_or("no folder is open")?;
        if mirror.validity != before.validity {
            return Ok(());
        }
        mirror.resync(&before, &heard.earlier, known.is_empty())?;
        self.learn_all()
    }

    /// What the server can be asked to be, by lot.
    pub(in crate::stress) fn enable(&mut self) -> Checked<()> {
        self.mode = Mode::default();
        if !self.can("ENABLE") {
            return Ok(());
        }
        // Half of them are to be told what they missed.
        let name = self.one(&["", "CONDSTORE", "QRESYNC", "QRESYNC"]);
        if name.is_empty() || !self.can(name) {
            return Ok(());
        }
        self.order(Order::new("ENABLE", format!("ENABLE {name}")).answered(&["ENABLED"]))?;
        self.mode = Mode { condstore: true, qresync: name == "QRESYNC", ..Mode::default() };
        Ok(())
    }
}
