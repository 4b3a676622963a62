//! What a SEARCH looks for (RFC 3501 §9 search-key).

use encoding_rs::{Encoding, UTF_8};
use fumibako_model::Flags;
use jiff::civil::Date;

use super::charset;
use crate::imap::casemap::{fold, one_space};
use crate::imap::cursor::{Cursor, Parsed};
use crate::imap::date::date;
use crate::imap::set::{Set, set_or_saved};
use crate::imap::settings::{BODY_KEYS, SEARCH_DEPTH, TEXT_KEYS};

/// The keys, all of which must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::imap) struct Program(pub(super) Key);

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    All,
    And(Vec<Key>),
    Or(Vec<Key>),
    Not(Box<Key>),
    Numbers(Set),
    Uids(Set),
    Has(Flags),
    /// It is `\Recent` in this session.
    Recent,
    Keyword(String),
    Larger(u64),
    Smaller(u64),
    /// INTERNALDATE.
    Came(When, Date),
    /// INTERNALDATE, so many seconds ago or longer (RFC 5032 §3).
    Older(u32),
    /// So many seconds ago, or less.
    Younger(u32),
    /// The day it came into this folder (RFC 8514 §4.3).
    Saved(When, Date),
    /// Changed at this MODSEQ or later (RFC 7162 §3.1.5).
    ModSeq(u64),
    /// RFC 8474 §6
    EmailId(String),
    /// `Date:`.
    Sent(When, Date),
    /// The addresses in this field, as ENVELOPE shows them, hold this text.
    Addresses(&'static str, Needle),
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

/// Text looked for, folded: case and width do not matter (Profile §7.41).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle(pub(super) String);

/// How the keys are read.
struct Reader<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    /// `None`: the texts cannot be read; nothing is looked for.
    charset: Option<&'static Encoding>,
}

impl Program {
    /// ```text
    /// search-program = search-key *(SP search-key)
    /// ```
    ///
    /// `None` if the charset is none that is known.
    pub(super) fn read(cursor: &mut Cursor<'_>, charset: Option<&'static Encoding>) -> Parsed<Option<Self>> {
        let mut reader = Reader { cursor, charset };
        let mut keys = vec![reader.key(0)?];
        while reader.cursor.take(b' ') {
            keys.push(reader.key(0)?);
        }
        let program = Key::And(keys);
        if program.count(&Self::looks_inside) > TEXT_KEYS {
            return cursor.bad("fewer keys that look into messages before");
        }
        if program.count(&Self::looks_through) > BODY_KEYS {
            return cursor.bad("at most 10 keys BODY and TEXT before");
        }
        Ok(charset.map(|_| Self(program)))
    }

    /// Is there a key that the header alone decides?
    pub(super) fn looks_at_headers(&self) -> bool {
        self.0.count(&Self::looks_at_header) > 0
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.0.count(&|_| true)
    }

    /// Is there a MODSEQ among the keys? Then the answer tells one.
    pub(super) fn names_modseq(&self) -> bool {
        self.0.count(&|key| matches!(key, Key::ModSeq(_))) > 0
    }

    fn looks_at_header(key: &Key) -> bool {
        matches!(key, Key::Sent(..) | Key::Addresses(..) | Key::Field(..))
    }

    /// Does it need the message's octets?
    fn looks_inside(key: &Key) -> bool {
        Self::looks_at_header(key) || Self::looks_through(key)
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
            Self::And(keys) | Self::Or(keys) => keys.iter().map(|key| key.count(such)).sum(),
            Self::Not(key) => key.count(such),
            key => usize::from(such(key)),
        }
    }
}

impl Reader<'_, '_> {
    fn key(&mut self, depth: usize) -> Parsed<Key> {
        if depth == SEARCH_DEPTH {
            return self.cursor.bad("fewer levels");
        }
        match self.cursor.peek() {
            Some(b'(') => self.row(depth),
            Some(b'0'..=b'9' | b'*' | b'$') => set_or_saved(self.cursor).map(Key::Numbers),
            _ => self.named(depth),
        }
    }

    /// `(` search-key *(SP search-key) `)`
    fn row(&mut self, depth: usize) -> Parsed<Key> {
        self.cursor.need(b'(', "(")?;
        if self.cursor.take(b')') {
            return self.cursor.bad("a key before");
        }
        let mut keys = vec![self.key(depth + 1)?];
        while self.cursor.take(b' ') {
            keys.push(self.key(depth + 1)?);
        }
        self.cursor.need(b')', ") or a space")?;
        Ok(Key::And(keys))
    }

    #[rustfmt::skip]
    fn named(&mut self, depth: usize) -> Parsed<Key> {
        let not = |key| Ok(Key::Not(Box::new(key)));
        match &*self.cursor.word()? {
            // Of all messages the save date is known.
            "ALL" | "SAVEDATESUPPORTED" => Ok(Key::All),
            "RECENT"     => Ok(Key::Recent),
            "OLD"        => not(Key::Recent),
            "NEW"        => Ok(Key::And(vec![Key::Recent, Key::Not(Box::new(Key::Has(Flags::SEEN)))])),
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
            "KEYWORD"    => Ok(Key::Keyword(self.keyword()?)),
            "UNKEYWORD"  => not(Key::Keyword(self.keyword()?)),
            "BEFORE"     => Ok(Key::Came(When::Before, self.day()?)),
            "ON"         => Ok(Key::Came(When::On, self.day()?)),
            "SINCE"      => Ok(Key::Came(When::Since, self.day()?)),
            "OLDER"      => { self.cursor.space()?; self.cursor.nz_number().map(Key::Older) }
            "YOUNGER"    => { self.cursor.space()?; self.cursor.nz_number().map(Key::Younger) }
            "SAVEDBEFORE" => Ok(Key::Saved(When::Before, self.day()?)),
            "SAVEDON"    => Ok(Key::Saved(When::On, self.day()?)),
            "SAVEDSINCE" => Ok(Key::Saved(When::Since, self.day()?)),
            "EMAILID"    => Ok(Key::EmailId(self.keyword()?)),
            // RFC 8474 §5.2: there are no threads.
            "THREADID"   => { self.keyword()?; not(Key::All) }
            "SENTBEFORE" => Ok(Key::Sent(When::Before, self.day()?)),
            "SENTON"     => Ok(Key::Sent(When::On, self.day()?)),
            "SENTSINCE"  => Ok(Key::Sent(When::Since, self.day()?)),
            "BCC"        => Ok(Key::Addresses("Bcc", self.line()?)),
            "CC"         => Ok(Key::Addresses("Cc", self.line()?)),
            "FROM"       => Ok(Key::Addresses("From", self.line()?)),
            "TO"         => Ok(Key::Addresses("To", self.line()?)),
            "SUBJECT"    => Ok(Key::Field("Subject".into(), self.line()?)),
            "HEADER"     => { let field = self.field_name()?; Ok(Key::Field(field, self.line()?)) }
            "BODY"       => Ok(Key::Body(self.needle()?)),
            "TEXT"       => Ok(Key::Text(self.needle()?)),
            "MODSEQ"     => self.modseq().map(Key::ModSeq),
            "LARGER"     => { self.cursor.space()?; self.cursor.number().map(Key::Larger) }
            "SMALLER"    => { self.cursor.space()?; self.cursor.number().map(Key::Smaller) }
            "UID"        => { self.cursor.space()?; set_or_saved(self.cursor).map(Key::Uids) }
            "NOT"        => { self.cursor.space()?; not(self.key(depth + 1)?) }
            "OR"         => self.either(depth),
            _ => self.cursor.bad("a key of SEARCH before"),
        }
    }

    /// `OR` search-key search-key. However such stand in one another, they are one level: one of all their keys holds.
    fn either(&mut self, depth: usize) -> Parsed<Key> {
        let (mut keys, mut awaited) = (Vec::new(), 2);
        self.cursor.space()?;
        loop {
            if self.cursor.take_word("OR ") {
                awaited += 1;
                continue;
            }
            keys.push(self.key(depth + 1)?);
            if keys.len() == awaited {
                return Ok(Key::Or(keys));
            }
            self.cursor.space()?;
        }
    }

    /// ```text
    /// search-modsequence = "MODSEQ" [SP entry-name SP ("priv" / "shared" / "all")] SP mod-sequence-valzer
    /// ```
    ///
    /// RFC 7162 §3.1.5: a message has one MODSEQ for all its flags, so which one is named does not matter.
    fn modseq(&mut self) -> Parsed<u64> {
        self.cursor.space()?;
        if self.cursor.peek() == Some(b'"') {
            self.cursor.string()?;
            self.cursor.space()?;
            if !matches!(&*self.cursor.word()?, "PRIV" | "SHARED" | "ALL") {
                return self.cursor.bad("priv, shared or all before");
            }
            self.cursor.space()?;
        }
        self.cursor.number()
    }

    fn keyword(&mut self) -> Parsed<String> {
        self.cursor.space()?;
        self.cursor.atom().map(str::to_owned)
    }

    fn day(&mut self) -> Parsed<Date> {
        self.cursor.space()?;
        date(self.cursor)
    }

    fn field_name(&mut self) -> Parsed<String> {
        self.text(UTF_8)
    }

    /// Of a field; how it was folded does not matter.
    fn line(&mut self) -> Parsed<Needle> {
        self.needle().map(|Needle(text)| Needle(one_space(&text)))
    }

    fn needle(&mut self) -> Parsed<Needle> {
        if let Some(charset) = self.charset {
            return self.text(charset).map(|text| Needle(fold(&text)));
        }
        self.cursor.space()?;
        self.cursor.astring().map(|_| Needle(String::new()))
    }

    fn text(&mut self, charset: &'static Encoding) -> Parsed<String> {
        self.cursor.space()?;
        let octets = self.cursor.astring()?;
        charset::text(charset, &octets).map_or_else(|| self.cursor.bad("text of the charset before"), Ok)
    }
}
