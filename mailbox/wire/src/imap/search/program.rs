//! What a SEARCH looks for (RFC 3501 §9 search-key).

use fumibako_model::Flags;
use jiff::civil::Date;

use crate::imap::command::Why;
use crate::imap::cursor::{Cursor, Parsed};
use crate::imap::date::date;
use crate::imap::set::{Set, set};
use crate::imap::settings::{BODY_KEYS, SEARCH_DEPTH, TEXT_KEYS};

/// The keys, all of which must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::imap) struct Program(pub(super) Key);

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    All,
    And(Vec<Key>),
    Or(Box<(Key, Key)>),
    Not(Box<Key>),
    Numbers(Set),
    Uids(Set),
    Has(Flags),
    Keyword(String),
    Larger(u64),
    Smaller(u64),
    /// INTERNALDATE.
    Came(When, Date),
    /// The day it came into this folder (RFC 8514 §4.3).
    Saved(When, Date),
    /// RFC 8474 §6
    EmailId(String),
    /// `Date:`.
    Sent(When, Date),
    /// A field holds this text; with empty text, there is such a field.
    Field(String, Needle),
    Body(Needle),
    Text(Needle),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Before,
    On,
    Since,
}

/// Text looked for, in lower case: case does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle(pub(super) String);

impl Program {
    /// ```text
    /// search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)
    /// ```
    pub(in crate::imap) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Why> {
        if cursor.take_word("CHARSET ") {
            let charset = cursor.astring()?;
            // US-ASCII is part of UTF-8.
            if !charset.eq_ignore_ascii_case(b"utf-8") && !charset.eq_ignore_ascii_case(b"us-ascii") {
                return Err(Why::Charset);
            }
            cursor.space()?;
        }
        let mut keys = vec![key(cursor, 0)?];
        while cursor.take(b' ') {
            keys.push(key(cursor, 0)?);
        }
        let program = Key::And(keys);
        if program.count(&Self::looks_inside) > TEXT_KEYS {
            cursor.bad::<()>("fewer keys that look into messages before")?;
        }
        if program.count(&Self::looks_through) > BODY_KEYS {
            cursor.bad::<()>("at most 10 keys BODY and TEXT before")?;
        }
        Ok(Self(program))
    }

    /// Does it need the message's octets?
    fn looks_inside(key: &Key) -> bool {
        matches!(key, Key::Sent(..) | Key::Field(..)) || Self::looks_through(key)
    }

    /// Does it need the texts of all parts?
    fn looks_through(key: &Key) -> bool {
        matches!(key, Key::Body(_) | Key::Text(_))
    }
}

impl Key {
    /// How many keys are such.
    fn count(&self, such: &impl Fn(&Self) -> bool) -> usize {
        match self {
            Self::And(keys) => keys.iter().map(|key| key.count(such)).sum(),
            Self::Or(keys) => keys.0.count(such) + keys.1.count(such),
            Self::Not(key) => key.count(such),
            key => usize::from(such(key)),
        }
    }
}

fn key(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Key> {
    if depth == SEARCH_DEPTH {
        return cursor.bad("fewer levels");
    }
    match cursor.peek() {
        Some(b'(') => {
            let keys = cursor.list(|cursor| key(cursor, depth + 1))?;
            if keys.is_empty() { cursor.bad("a key before") } else { Ok(Key::And(keys)) }
        }
        Some(b'0'..=b'9' | b'*') => set(cursor).map(Key::Numbers),
        _ => named(cursor, depth),
    }
}

#[rustfmt::skip]
fn named(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Key> {
    let not = |key| Ok(Key::Not(Box::new(key)));
    match &*cursor.word()? {
        // `\Recent` is not kept: nothing is recent, everything is old. Of all messages the save date is known.
        "ALL" | "OLD" | "SAVEDATESUPPORTED" => Ok(Key::All),
        "NEW" | "RECENT" => not(Key::All),
        "ANSWERED"   => Ok(Key::Has(Flags::ANSWERED)),
        "DELETED"    => Ok(Key::Has(Flags::DELETED)),
        "DRAFT"      => Ok(Key::Has(Flags::DRAFT)),
        "FLAGGED"    => Ok(Key::Has(Flags::FLAGGED)),
        "SEEN"       => Ok(Key::Has(Flags::SEEN)),
        "UNANSWERED" => not(Key::Has(Flags::ANSWERED)),
        "UNDELETED"  => not(Key::Has(Flags::DELETED)),
        "UNDRAFT"    => not(Key::Has(Flags::DRAFT)),
        "UNFLAGGED"  => not(Key::Has(Flags::FLAGGED)),
        "UNSEEN"     => not(Key::Has(Flags::SEEN)),
        "KEYWORD"    => Ok(Key::Keyword(keyword(cursor)?)),
        "UNKEYWORD"  => not(Key::Keyword(keyword(cursor)?)),
        "BEFORE"     => Ok(Key::Came(When::Before, day(cursor)?)),
        "ON"         => Ok(Key::Came(When::On, day(cursor)?)),
        "SINCE"      => Ok(Key::Came(When::Since, day(cursor)?)),
        "SAVEDBEFORE" => Ok(Key::Saved(When::Before, day(cursor)?)),
        "SAVEDON"    => Ok(Key::Saved(When::On, day(cursor)?)),
        "SAVEDSINCE" => Ok(Key::Saved(When::Since, day(cursor)?)),
        "EMAILID"    => Ok(Key::EmailId(keyword(cursor)?)),
        // RFC 8474 §5.2: there are no threads.
        "THREADID"   => { keyword(cursor)?; not(Key::All) }
        "SENTBEFORE" => Ok(Key::Sent(When::Before, day(cursor)?)),
        "SENTON"     => Ok(Key::Sent(When::On, day(cursor)?)),
        "SENTSINCE"  => Ok(Key::Sent(When::Since, day(cursor)?)),
        field @ ("BCC" | "CC" | "FROM" | "SUBJECT" | "TO") => Ok(Key::Field(field.into(), needle(cursor)?)),
        "HEADER"     => { let field = needle(cursor)?.0; Ok(Key::Field(field, needle(cursor)?)) }
        "BODY"       => Ok(Key::Body(needle(cursor)?)),
        "TEXT"       => Ok(Key::Text(needle(cursor)?)),
        "LARGER"     => { cursor.space()?; cursor.number().map(Key::Larger) }
        "SMALLER"    => { cursor.space()?; cursor.number().map(Key::Smaller) }
        "UID"        => { cursor.space()?; set(cursor).map(Key::Uids) }
        "NOT"        => { cursor.space()?; not(key(cursor, depth + 1)?) }
        "OR"         => {
            cursor.space()?;
            let first = key(cursor, depth + 1)?;
            cursor.space()?;
            Ok(Key::Or(Box::new((first, key(cursor, depth + 1)?))))
        }
        _ => cursor.bad("a key of SEARCH before"),
    }
}

fn keyword(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.space()?;
    cursor.atom().map(str::to_owned)
}

fn day(cursor: &mut Cursor<'_>) -> Parsed<Date> {
    cursor.space()?;
    date(cursor)
}

fn needle(cursor: &mut Cursor<'_>) -> Parsed<Needle> {
    cursor.space()?;
    match String::from_utf8(cursor.astring()?) {
        Ok(text) => Ok(Needle(text.to_lowercase())),
        Err(_) => cursor.bad("UTF-8 before"),
    }
}
