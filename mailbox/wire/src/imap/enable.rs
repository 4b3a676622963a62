//! ENABLE (RFC 5161, Profile §7.20): what the client understands beyond IMAP4rev1.

use super::cursor::{Cursor, Parsed};
use super::news::Done;
use super::session::Session;

/// Extensions that change what an IMAP4rev1 client is told, once it said that it knows them. One that is on stays on until
/// UNAUTHENTICATE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Enabled(u8);

impl Enabled {
    /// RFC 7162 §3.1: the client hears of MODSEQ.
    pub(super) const CONDSTORE: Self = Self(1);
    /// RFC 7162 §3.2: VANISHED in place of EXPUNGE. It brings CONDSTORE with it.
    pub(super) const QRESYNC: Self = Self(2 | Self::CONDSTORE.0);
    /// RFC 6855 §3: names, and headers of messages, in UTF-8.
    pub(super) const UTF8: Self = Self(4);
    /// RFC 9051 App. E: the conversation is one of `IMAP4rev2`.
    pub(super) const REV2: Self = Self(8);

    /// RFC 4978: what is said and heard is compressed. COMPRESS begins it, not ENABLE.
    pub(super) const DEFLATE: Self = Self(16);

    /// In the order they are told.
    const NAMED: [(&str, Self); 4] = [
        ("CONDSTORE", Self::CONDSTORE),
        ("QRESYNC", Self::QRESYNC),
        ("UTF8=ACCEPT", Self::UTF8),
        ("IMAP4rev2", Self::REV2),
    ];

    /// Is all of this on?
    pub(super) fn has(self, what: Self) -> bool {
        self.0 & what.0 == what.0
    }

    pub(super) fn add(&mut self, what: Self) {
        self.0 |= what.0;
    }

    /// ```text
    /// enable = "ENABLE" 1*(SP capability) ; what is not known is passed over (RFC 5161 §3.1)
    /// ```
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Vec<&'static str>> {
        let mut asked = Vec::new();
        loop {
            cursor.space()?;
            let name = cursor.atom()?;
            let known = Self::NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            asked.extend(known.map(|(known, _)| *known).filter(|known| !asked.contains(known)));
            if cursor.peek() != Some(b' ') {
                return Ok(asked);
            }
        }
    }
}

impl Session {
    /// RFC 5161 §3.2: ENABLED names what this command asked for and is on.
    pub(super) fn enable(&mut self, tag: String, asked: &[&str]) {
        if asked.contains(&"CONDSTORE") || asked.contains(&"QRESYNC") {
            self.condstore();
        }
        for (name, what) in Enabled::NAMED {
            if asked.contains(&name) {
                self.enabled.add(what);
            }
        }
        if self.enabled.has(Enabled::REV2)
            && let Some(view) = self.view()
        {
            view.forget_recent();
        }
        self.untagged(format!("ENABLED {}", asked.join(" ")).trim_end());
        self.finish(Done::ok(tag, "ENABLE done."), false);
    }
}
