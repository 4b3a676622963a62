//! FETCH in all its forms, and whether what was asked for came.

use crate::stress::client::{Checked, Client, Heard, Order};

/// What FETCH may ask for, and what the server must offer for it.
const ITEMS: [(&str, &str); 33] = [
    ("UID", ""),
    ("FLAGS", ""),
    ("FLAGS", ""),
    ("INTERNALDATE", ""),
    ("RFC822.SIZE", ""),
    ("ENVELOPE", ""),
    ("BODY", ""),
    ("BODYSTRUCTURE", ""),
    ("BODY.PEEK[]", ""),
    ("BODY[]", ""),
    ("BODY.PEEK[HEADER]", ""),
    ("BODY.PEEK[TEXT]", ""),
    ("BODY[TEXT]", ""),
    ("BODY.PEEK[1]", ""),
    ("BODY.PEEK[1.MIME]", ""),
    ("BODY.PEEK[2]", ""),
    ("BODY.PEEK[1.HEADER]", ""),
    ("BODY.PEEK[1.TEXT]", ""),
    ("BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]", ""),
    ("BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]", ""),
    ("BODY.PEEK[]<3.40>", ""),
    ("BODY.PEEK[TEXT]<0.7>", ""),
    ("BODY.PEEK[]<100000.5>", ""),
    ("RFC822", "IMAP4REV1"),
    ("RFC822.HEADER", "IMAP4REV1"),
    ("RFC822.TEXT", "IMAP4REV1"),
    ("BINARY.PEEK[1]", "BINARY"),
    ("BINARY.SIZE[1]", "BINARY"),
    ("EMAILID", "OBJECTID"),
    ("THREADID", "OBJECTID"),
    ("SAVEDATE", "SAVEDATE"),
    ("PREVIEW", "PREVIEW"),
    ("MODSEQ", "CONDSTORE"),
];

impl Client {
    pub(super) fn items(&mut self) -> Vec<&'static str> {
        let mut items: Vec<&str> = Vec::new();
        for _ in 0..=self.below(4) {
            let (item, needs) = self.one(&ITEMS);
            let is_new = !items.iter().any(|other| response_name(other) == response_name(item));
            if (needs.is_empty() || self.can(needs)) && is_new {
                items.push(item);
            }
        }
        if items.is_empty() { vec!["FLAGS"] } else { items }
    }

    /// The command, the set it names, and the items that are to come.
    pub(super) fn fetching(&mut self, by_uid: bool) -> (Order, String, Vec<&'static str>) {
        let set = self.set(by_uid);
        let (text, items) = match self.below(12) {
            0 => ("FAST".to_owned(), vec!["FLAGS", "INTERNALDATE", "RFC822.SIZE"]),
            1 => ("ALL".to_owned(), vec!["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"]),
            2 => ("FULL".to_owned(), vec!["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"]),
            _ => {
                let items = self.items();
                (format!("({})", items.join(" ")), items)
            }
        };
        let order = Order::new("FETCH", Self::named(by_uid, &format!("FETCH {set} {text}")));
        (order.addressing(by_uid).refusable().condstore(items.contains(&"MODSEQ")), set, items)
    }

    pub(super) fn fetch(&mut self) -> Checked<()> {
        let by_uid = self.by();
        let (order, set, items) = self.fetching(by_uid);
        let named = self.members(&set, by_uid);
        let heard = self.order(order)?;
        if !heard.ok {
            return self.was_gone("FETCH");
        }
        // Of a message of which not all is told the removal is to be told next.
        match named.into_iter().find(|name| !came(&heard, *name, by_uid, &items)) {
            Some(name) => self.was_gone(&format!("some of {items:?} of message {name} (by UID: {by_uid})")),
            None => Ok(()),
        }
    }

    /// What changed since, and with QRESYNC what vanished (RFC 7162 §3.1.4, §3.2.6).
    pub(super) fn fetch_changes(&mut self) -> Checked<()> {
        if !self.can("CONDSTORE") || self.mirror.as_ref().is_none_or(|mirror| mirror.highest == 0) {
            return self.fetch();
        }
        let highest = self.mirror.as_ref().map_or(1, |mirror| mirror.highest);
        let since = highest.saturating_sub(self.random.below(20)).max(1);
        let vanished = if self.mode.qresync && self.below(2) == 0 { " VANISHED" } else { "" };
        let text = format!("UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE {since}{vanished})");
        self.order(Order::new("FETCH", text).refusable().condstore(true)).map(drop)
    }

    /// Some of the messages (RFC 9394 §3.3).
    pub(super) fn fetch_part(&mut self) -> Checked<()> {
        if !self.can("PARTIAL") {
            return self.fetch();
        }
        let part = self.one(&["1:3", "-1:-3", "2:2", "1000:1003"]);
        self.order(Order::new("FETCH", format!("UID FETCH 1:* (UID FLAGS) (PARTIAL {part})")).refusable()).map(drop)
    }
}

/// Did every item of this message come?
fn came(heard: &Heard, name: u32, by_uid: bool, items: &[&str]) -> bool {
    let is_it = |number: usize, uid: Option<u32>| if by_uid { uid == Some(name) } else { number == name as usize };
    let of = heard.fetched.iter().filter(|(number, uid, _)| is_it(*number, *uid));
    let told: Vec<&String> = of.flat_map(|(_, _, items)| items).map(|(name, _)| name).collect();
    items.iter().all(|item| told.contains(&&response_name(item)))
}

/// `BODY.PEEK[]<3.40>` is told as `BODY[]<3>`.
fn response_name(item: &str) -> String {
    let name = item.replace(".PEEK", "");
    match name.rsplit_once('<') {
        Some((section, part)) => format!("{section}<{}>", part.split('.').next().unwrap_or_default()),
        None => name,
    }
}
