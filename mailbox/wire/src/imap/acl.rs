//! Rights on folders (RFC 4314, Profile §7.15). They follow from what a folder is, and from mandates; nobody sets them.

use fumibako_model::{FolderName, Listing, Refusal};

use super::cursor::{Cursor, Mailbox, Parsed};
use super::news::Done;
use super::session::{Session, Work};
use super::{Ask, reply};

/// A command about rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    My(Mailbox),
    Get(Mailbox),
    /// What this identifier can be granted.
    List(Mailbox, Vec<u8>),
    /// SETACL, DELETEACL.
    Change(Mailbox),
}

/// The folder is being looked up.
#[derive(Debug)]
pub(super) struct Acl {
    tag: String,
    name: FolderName,
    what: What,
}

#[derive(Debug)]
enum What {
    My,
    Get,
    List(Vec<u8>),
    Change,
}

impl Acl {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

/// What the office may do with one of its folders (RFC 4314 §2.1): of what only the gateway fills, no `i`; of what every
/// office has, no `x`; with the notices, nothing but read them. The last two are the old names of some of the others (§2.1.1).
pub(super) fn rights(folder: &FolderName) -> &'static str {
    if folder.is_notices() {
        return "lrs";
    }
    match (folder.is_incoming(), folder.is_standard()) {
        (true, _) => "lrswkteacd",
        (false, true) => "lrswikteacd",
        (false, false) => "lrswikxteacd",
    }
}

impl Order {
    /// ```text
    /// myrights = "MYRIGHTS" SP mailbox
    /// ```
    pub(super) fn my(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self::My(mailbox(cursor)?))
    }

    /// ```text
    /// getacl = "GETACL" SP mailbox
    /// ```
    pub(super) fn get(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self::Get(mailbox(cursor)?))
    }

    /// ```text
    /// listrights = "LISTRIGHTS" SP mailbox SP identifier
    /// ```
    pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self::List(mailbox(cursor)?, identifier(cursor)?))
    }

    /// ```text
    /// setacl = "SETACL" SP mailbox SP identifier SP mod-rights ; mod-rights = astring, ["+" / "-"] rights
    /// ```
    pub(super) fn set(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        identifier(cursor)?;
        cursor.space()?;
        let change = cursor.astring()?;
        let rights = change.strip_prefix(b"+").or(change.strip_prefix(b"-")).unwrap_or(&change);
        // RFC 4314 §3.1: a right that is not known is never passed over.
        let known = |right: &u8| b"lrswipkxteacd".contains(right) || right.is_ascii_digit();
        if rights.iter().all(known) { Ok(Self::Change(mailbox)) } else { cursor.bad("rights of RFC 4314 before") }
    }

    /// ```text
    /// deleteacl = "DELETEACL" SP mailbox SP identifier
    /// ```
    pub(super) fn delete(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        identifier(cursor)?;
        Ok(Self::Change(mailbox))
    }
}

fn mailbox(cursor: &mut Cursor<'_>) -> Parsed<Mailbox> {
    cursor.space()?;
    cursor.mailbox()
}

/// RFC 4314 §3: an identifier that comes to nothing is no identifier.
fn identifier(cursor: &mut Cursor<'_>) -> Parsed<Vec<u8>> {
    cursor.space()?;
    let identifier = cursor.astring()?;
    let plain = !identifier.is_empty() && !identifier.iter().any(u8::is_ascii_control);
    if plain && std::str::from_utf8(&identifier).is_ok() { Ok(identifier) } else { cursor.bad("an identifier before") }
}

impl Session {
    pub(super) fn acl(&mut self, tag: String, order: Order) {
        let (mailbox, what) = match order {
            Order::My(mailbox) => (mailbox, What::My),
            Order::Get(mailbox) => (mailbox, What::Get),
            Order::List(mailbox, identifier) => (mailbox, What::List(identifier)),
            Order::Change(mailbox) => (mailbox, What::Change),
        };
        match mailbox {
            Some(name) => self.ask(Ask::Folders { subscribed: false }, Work::Acl(Acl { tag, name, what })),
            None => self.refuse_here(&tag, Refusal::NoSuchFolder),
        }
    }

    /// The folders are known, and who may do what.
    pub(super) fn rights_told(&mut self, Acl { tag, name: folder, what }: Acl, listing: &Listing) {
        if listing.find(&folder).is_none() {
            return self.refuse_here(&tag, Refusal::NoSuchFolder);
        }
        let (name, own) = (self.spell(&folder), rights(&folder));
        // RFC 4314 §4: only who administers a folder is told of others' rights.
        let administers = listing.access.viewer.is_none() && !folder.is_notices();
        if !administers && !matches!(what, What::My) {
            return self.no(&tag, "[NOPERM] Only who administers a folder is told of the rights of others.");
        }
        let owner = self.party.clone().unwrap_or_default();
        let agents = listing.access.of(&folder);
        let done = match what {
            What::My => {
                self.untagged(&format!("MYRIGHTS {name} {}", listing.access.mine(&folder, own)));
                "MYRIGHTS done."
            }
            What::Get => {
                let agents: String = agents.iter().map(|(agent, rights)| [" ", agent, " ", rights].concat()).collect();
                self.untagged(&format!("ACL {name} {owner} {own}{agents}"));
                "GETACL done."
            }
            What::List(identifier) => {
                let mut line = format!("* LISTRIGHTS {name} ").into_bytes();
                reply::astring(&mut line, &identifier);
                // Who has rights has just these: mandates say which, and nobody can be granted any here.
                let agent = agents.iter().find(|(agent, _)| agent.as_bytes() == identifier);
                let always =
                    if identifier == owner.as_bytes() { own } else { agent.map_or("\"\"", |(_, rights)| rights) };
                line.extend_from_slice(format!(" {always}\r\n").as_bytes());
                self.say(&line);
                "LISTRIGHTS done."
            }
            What::Change => {
                return self.no(&tag, "[CANNOT] Rights follow from mandates (Profile 9) and cannot be set here.");
            }
        };
        self.finish(Done::ok(tag, done), false);
    }
}
