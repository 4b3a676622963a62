//! What a NOTIFY asks for (RFC 5465 §8).

use fumibako_model::{FolderName, Listing};

use crate::imap::command::By;
use crate::imap::cursor::{Cursor, Parsed};
use crate::imap::fetch::Items;

/// Most mailbox names of one NOTIFY. More are too many to watch (RFC 5465 §5.8).
pub(super) const NAMES: usize = 500;
/// Most groups of events.
const GROUPS: usize = 50;

/// A NOTIFY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::imap) enum Order {
    None,
    Set {
        rules: Rules,
        /// The counters of what is watched are to be told first.
        status: bool,
    },
    /// It names events that are not known here.
    BadEvent,
}

/// Which events a client wants to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::imap) struct Rules {
    pub(super) selected: Selected,
    others: Vec<(Filter, Events)>,
}

/// Of the open folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) events: Events,
    /// EXPUNGE waits for a command that allows it.
    pub(super) delayed: bool,
    /// What is told of each new message.
    pub(super) items: Option<Items>,
}

/// A set of them (RFC 5465 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Events(u8);

/// RFC 5465 §6.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Inboxes,
    Personal,
    Subscribed,
    Subtree(Vec<FolderName>),
    Mailboxes(Vec<FolderName>),
}

impl Events {
    /// `MessageNew` and `MessageExpunge`, which come together.
    pub(super) const MESSAGES: Self = Self(1);
    pub(super) const FLAGS: Self = Self(2);
    pub(super) const NAMES: Self = Self(4);
    pub(super) const SUBSCRIPTIONS: Self = Self(8);
    pub(super) const NOTES: Self = Self(16);
    pub(super) const SERVER_NOTES: Self = Self(32);

    /// Some of these?
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn of_messages(self) -> bool {
        self.has(Self::MESSAGES.and(Self::FLAGS))
    }

    fn of_the_tree(self) -> bool {
        !Self::MESSAGES.and(Self::FLAGS).0 & self.0 != 0
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Rules {
    /// Is anything to be watched but the open folder?
    pub(super) fn watch_others(&self) -> bool {
        self.others.iter().any(|(_, events)| events.of_messages() || events.of_the_tree())
    }

    /// The events of a folder that is not open. Several groups may name it (RFC 5465 §6).
    pub(super) fn events(&self, name: &FolderName, listing: &Listing) -> Events {
        let meant = self.others.iter().filter(|(filter, _)| filter.names(name, listing));
        meant.fold(Events::default(), |all, (_, events)| all.and(*events))
    }

    /// Is any folder listened to for one of these?
    pub(super) fn listen_for(&self, events: Events) -> bool {
        self.others.iter().any(|(_, wanted)| wanted.has(events))
    }

    fn names(&self) -> usize {
        let count = |filter: &Filter| match filter {
            Filter::Subtree(names) | Filter::Mailboxes(names) => names.len(),
            _ => 0,
        };
        self.others.iter().map(|(filter, _)| count(filter)).sum()
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.names() > NAMES || self.others.len() > GROUPS
    }
}

impl Filter {
    fn names(&self, name: &FolderName, listing: &Listing) -> bool {
        match self {
            // RFC 5465 §6.2: what an agent sees of its offices is theirs.
            Self::Personal => !listing.access.is_anothers(name),
            // RFC 5465 §6.3: those that the gateway fills.
            Self::Inboxes => name.is_incoming() && !listing.access.is_anothers(name),
            Self::Subscribed => listing.subscribed.contains(name),
            Self::Subtree(roots) => roots.iter().any(|root| name == root || name.is_below(root)),
            Self::Mailboxes(names) => names.contains(name),
        }
    }
}

impl Order {
    /// ```text
    /// notify = "NOTIFY" SP ("SET" [SP "STATUS"] SP event-group *(SP event-group) / "NONE")
    /// ```
    pub(in crate::imap) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        match &*cursor.word()? {
            "NONE" => return Ok(Self::None),
            "SET" => {}
            _ => return cursor.bad("SET or NONE before"),
        }
        let status = cursor.take_word(" STATUS");
        let (mut rules, mut known, mut selected) = (Rules::default(), true, false);
        while cursor.take(b' ') {
            let group = group(cursor)?;
            known &= group.known;
            match group.filter {
                Some(filter) => rules.others.push((filter, group.events)),
                // RFC 5465 §6.1: one of the two, once.
                None if selected => return cursor.bad("SELECTED or SELECTED-DELAYED once before"),
                None => {
                    selected = true;
                    rules.selected = Selected { events: group.events, delayed: group.delayed, items: group.items };
                }
            }
        }
        if !selected && rules.others.is_empty() {
            return cursor.bad("a group of events");
        }
        Ok(if known { Self::Set { rules, status } } else { Self::BadEvent })
    }
}

/// A group of events, as it is read.
#[derive(Default)]
struct Group {
    /// `None`: the open folder.
    filter: Option<Filter>,
    delayed: bool,
    events: Events,
    items: Option<Items>,
    /// Are all its events known?
    known: bool,
}

/// ```text
/// event-group = "(" filter-mailboxes SP events ")"
/// events      = "(" event *(SP event) ")" / "NONE"
/// ```
fn group(cursor: &mut Cursor<'_>) -> Parsed<Group> {
    cursor.need(b'(', "(")?;
    let mut group = Group { known: true, ..Group::default() };
    match &*cursor.word()? {
        "SELECTED" => {}
        "SELECTED-DELAYED" => group.delayed = true,
        "INBOXES" => group.filter = Some(Filter::Inboxes),
        "PERSONAL" => group.filter = Some(Filter::Personal),
        "SUBSCRIBED" => group.filter = Some(Filter::Subscribed),
        "SUBTREE" => group.filter = Some(Filter::Subtree(mailboxes(cursor)?)),
        "MAILBOXES" => group.filter = Some(Filter::Mailboxes(mailboxes(cursor)?)),
        _ => return cursor.bad("a filter of NOTIFY before"),
    }
    cursor.space()?;
    if !cursor.take_word("NONE") {
        events(cursor, &mut group)?;
    }
    cursor.need(b')', ")")?;
    Ok(group)
}

/// RFC 5465 §3.1: a name that is no folder's is passed over.
fn mailboxes(cursor: &mut Cursor<'_>) -> Parsed<Vec<FolderName>> {
    cursor.space()?;
    let names = if cursor.peek() == Some(b'(') { cursor.list(Cursor::mailbox)? } else { vec![cursor.mailbox()?] };
    Ok(names.into_iter().flatten().collect())
}

fn events(cursor: &mut Cursor<'_>, group: &mut Group) -> Parsed<()> {
    let (mut new, mut expunge) = (false, false);
    cursor.need(b'(', "( or NONE")?;
    loop {
        match &*cursor.word()? {
            "MESSAGENEW" => {
                new = true;
                if cursor.rest().starts_with(b" (") {
                    cursor.space()?;
                    group.items = Some(Items::read(cursor, By::Sequence)?);
                }
            }
            "MESSAGEEXPUNGE" => expunge = true,
            "FLAGCHANGE" => group.events = group.events.and(Events::FLAGS),
            "MAILBOXNAME" => group.events = group.events.and(Events::NAMES),
            "SUBSCRIPTIONCHANGE" => group.events = group.events.and(Events::SUBSCRIPTIONS),
            "MAILBOXMETADATACHANGE" => group.events = group.events.and(Events::NOTES),
            "SERVERMETADATACHANGE" => group.events = group.events.and(Events::SERVER_NOTES),
            _ => group.known = false,
        }
        if cursor.take(b')') {
            break;
        }
        cursor.space()?;
    }
    // RFC 5465 §5: messages come and go together, and nobody hears of flags alone.
    if new != expunge || (group.events.has(Events::FLAGS) && !new) {
        return cursor.bad("MessageNew and MessageExpunge together before");
    }
    if new {
        group.events = group.events.and(Events::MESSAGES);
    }
    match group.filter {
        None if group.events.of_the_tree() => cursor.bad("events of messages alone before"),
        Some(_) if group.items.is_some() => cursor.bad("no items of FETCH but for SELECTED before"),
        _ => Ok(()),
    }
}
