//! What LIST and LSUB ask for (RFC 5258 §6, RFC 5819 §2, RFC 6154 §6, RFC 8440 §3).

use super::pattern::Patterns;
use crate::imap::cursor::{Cursor, Parsed};
use crate::imap::status::Counter;

/// A LIST or LSUB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::imap) struct Request {
    pub(super) lsub: bool,
    /// LIST with selection options, several patterns or return options.
    pub(super) extended: bool,
    pub(super) select: Select,
    pub(super) give: Give,
    pub(super) patterns: Patterns,
    /// The pattern of a plain LIST is empty: only the delimiter is asked for.
    pub(super) root: bool,
}

/// Selection options. REMOTE adds nothing: there is no other server (RFC 5258 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Select {
    pub(super) subscribed: bool,
    pub(super) special_use: bool,
    pub(super) recursive: bool,
}

impl Select {
    /// Does it leave names out?
    pub(super) fn is_some(self) -> bool {
        self.subscribed || self.special_use
    }

    /// As CHILDINFO names them.
    pub(super) fn names(self) -> String {
        let named = [(self.subscribed, "\"SUBSCRIBED\""), (self.special_use, "\"SPECIAL-USE\"")];
        named.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    }
}

/// Return options. CHILDREN and SPECIAL-USE are returned in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Give {
    pub(super) subscribed: bool,
    pub(super) my_rights: bool,
    /// The items of STATUS; empty: none.
    pub(super) status: Vec<Counter>,
}

impl Request {
    /// Asks for whatever can be told of a name.
    pub(super) fn of_everything() -> Self {
        Self { extended: true, give: Give { subscribed: true, ..Give::default() }, ..Self::default() }
    }

    /// Does the answer depend on what is subscribed?
    pub(super) fn asks_for_subscriptions(&self) -> bool {
        self.lsub || self.select.subscribed || self.give.subscribed
    }

    /// ```text
    /// lsub = "LSUB" SP mailbox SP list-mailbox
    /// ```
    pub(in crate::imap) fn lsub(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let reference = cursor.astring()?;
        cursor.space()?;
        let pattern = cursor.list_mailbox()?;
        Ok(Self { lsub: true, patterns: Patterns::new(cursor.decode(), &reference, [pattern]), ..Self::default() })
    }

    /// ```text
    /// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
    /// ```
    pub(in crate::imap) fn list(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let mut request = Self::default();
        if cursor.peek() == Some(b'(') {
            request.extended = true;
            request.select = select(cursor)?;
            cursor.space()?;
        }
        let reference = cursor.astring()?;
        cursor.space()?;
        let patterns = if cursor.peek() == Some(b'(') {
            request.extended = true;
            cursor.list(Cursor::list_mailbox)?
        } else {
            vec![cursor.list_mailbox()?]
        };
        if cursor.take(b' ') {
            if !cursor.take_word("RETURN ") {
                return cursor.bad("RETURN");
            }
            request.extended = true;
            request.give = give(cursor)?;
        }
        // RFC 5258 §3.1: the selection option brings its return option along.
        request.give.subscribed |= request.select.subscribed;
        request.root = !request.extended && patterns.iter().all(Vec::is_empty);
        request.patterns =
            Patterns::new(cursor.decode(), &reference, patterns.into_iter().filter(|pattern| !pattern.is_empty()));
        Ok(request)
    }
}

fn select(cursor: &mut Cursor<'_>) -> Parsed<Select> {
    let mut select = Select::default();
    cursor.list(|cursor| {
        match &*cursor.word()? {
            "SUBSCRIBED" => select.subscribed = true,
            "SPECIAL-USE" => select.special_use = true,
            "RECURSIVEMATCH" => select.recursive = true,
            "REMOTE" => {}
            _ => return cursor.bad("a selection option of LIST before"),
        }
        Ok(())
    })?;
    // RFC 5258 §3.1: RECURSIVEMATCH says nothing by itself.
    if select.recursive && !select.is_some() {
        cursor.bad("SUBSCRIBED or SPECIAL-USE beside RECURSIVEMATCH")
    } else {
        Ok(select)
    }
}

fn give(cursor: &mut Cursor<'_>) -> Parsed<Give> {
    let mut give = Give::default();
    cursor.list(|cursor| {
        match &*cursor.word()? {
            "SUBSCRIBED" => give.subscribed = true,
            "CHILDREN" | "SPECIAL-USE" => {}
            "MYRIGHTS" => give.my_rights = true,
            "STATUS" => {
                cursor.space()?;
                give.status = Counter::list(cursor)?;
            }
            _ => return cursor.bad("a return option of LIST before"),
        }
        Ok(())
    })?;
    Ok(give)
}
