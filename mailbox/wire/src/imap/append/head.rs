//! What stands before the literal of a message that comes in.

use fumibako_model::NamedFlags;
use jiff::Timestamp;

use crate::imap::command::{self, By};
use crate::imap::cursor::{Cursor, Mailbox, Parsed};
use crate::imap::date;
use crate::imap::set::Num;

/// A command that brings messages.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) mailbox: Mailbox,
    /// REPLACE: the message that goes (RFC 8508).
    pub(super) replaces: Option<(By, Num)>,
    pub(super) marks: Marks,
}

/// How a message is filed.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    pub(super) flags: NamedFlags,
    pub(super) date: Option<Timestamp>,
    /// The literal stands in `UTF8 (…)` (RFC 6855 §4).
    pub(super) in_utf8: bool,
    /// It is a literal8: NUL may stand in it (RFC 3516 §7).
    pub(super) binary: bool,
}

/// ```text
/// append      = "APPEND" SP mailbox 1*append-message                        ; RFC 3502
/// replace     = ["UID" SP] "REPLACE" SP seq-number SP mailbox append-message ; RFC 8508 §5
/// ```
///
/// Reads a command up to the literal it ends with. `None`: the literal is no message but an argument.
pub(super) fn head(command: &[u8], in_utf8: bool) -> Option<(&str, Parsed<Head>)> {
    let mut cursor = Cursor::new(command).spelt(in_utf8);
    let tag = cursor.tag().ok()?;
    let by = match () {
        () if cursor.take_word(" APPEND ") => None,
        () if cursor.take_word(" REPLACE ") => Some(By::Sequence),
        () if cursor.take_word(" UID REPLACE ") => Some(By::Uid),
        () => return None,
    };
    let replaces = match by.map(|by| number(&mut cursor).map(|number| (by, number))).transpose() {
        Ok(replaces) => replaces,
        Err(bad) => return Some((tag, Err(bad))),
    };
    if ends_with_this_literal(&cursor) {
        return None;
    }
    let read = |cursor: &mut Cursor<'_>| {
        let mailbox = cursor.mailbox()?;
        Ok(Head { mailbox, replaces, marks: marks(cursor)? })
    };
    Some((tag, read(&mut cursor)))
}

fn number(cursor: &mut Cursor<'_>) -> Parsed<Num> {
    let number = if cursor.take(b'*') { None } else { Some(cursor.nz_number()?) };
    cursor.space()?;
    Ok(number)
}

/// ```text
/// append-message = [SP flag-list] [SP date-time] SP (literal / literal8) ; RFC 3516 §7
///                  / … SP "UTF8" SP "(" literal8 ")"              ; RFC 6855 §4
/// ```
pub(super) fn marks(cursor: &mut Cursor<'_>) -> Parsed<Marks> {
    cursor.space()?;
    let mut marks = Marks::default();
    if cursor.peek() == Some(b'(') {
        marks.flags = command::flag_list(cursor)?;
        cursor.space()?;
    }
    if cursor.peek() == Some(b'"') {
        marks.date = Some(date::date_time(cursor)?);
        cursor.space()?;
    }
    marks.in_utf8 = cursor.take_word("UTF8 (");
    if marks.in_utf8 && cursor.peek() != Some(b'~') {
        return cursor.bad("a literal8");
    }
    // RFC 3516 §4.4: octets are kept as they come, NUL among them or not.
    marks.binary = cursor.take(b'~');
    if ends_with_this_literal(cursor) { Ok(marks) } else { cursor.bad("the message as a literal") }
}

/// The rest is one literal's announcement.
fn ends_with_this_literal(cursor: &Cursor<'_>) -> bool {
    cursor.peek() == Some(b'{') && memchr::memchr(b'\n', cursor.rest()) == Some(cursor.rest().len() - 1)
}
