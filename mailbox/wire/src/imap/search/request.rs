//! SEARCH, SORT and THREAD as a client asks for them (RFC 4466 §2.6, RFC 5256 §5, RFC 9051 §6.4.4).

use encoding_rs::UTF_8;

use super::charset::charset;
use super::program::Program;
use crate::imap::cursor::{Cursor, Parsed};
use crate::imap::sort::Criterion;
use crate::imap::thread::Algorithm;
use crate::imap::window::Window;

/// What is looked for, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::imap) struct Request {
    pub(super) order: Order,
    /// What RETURN asks for, if it stands there.
    pub(super) returns: Option<Returns>,
    /// CHARSET stands there.
    pub(super) charset_named: bool,
    /// `None`: its texts are of a charset that is not known here.
    pub(super) program: Option<Program>,
}

/// How the messages are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// In the order of the folder.
    Folder,
    Sort(Vec<Criterion>),
    Thread(Algorithm),
}

/// ```text
/// search-return-opt = "MIN" / "MAX" / "ALL" / "COUNT" / "SAVE" / "PARTIAL" SP partial-range
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the grammar")]
pub(super) struct Returns {
    pub(super) min: bool,
    pub(super) max: bool,
    pub(super) all: bool,
    pub(super) count: bool,
    /// RFC 5182: the messages are kept as `$`.
    pub(super) save: bool,
    pub(super) partial: Option<Window>,
}

impl Request {
    /// ```text
    /// search = "SEARCH" [SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"] SP
    ///          ["CHARSET" SP charset SP] search-key *(SP search-key)
    /// ```
    pub(in crate::imap) fn search(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let returns = Returns::read(cursor)?;
        let mut known = Some(UTF_8);
        let charset_named = cursor.take_word("CHARSET ");
        if charset_named {
            known = charset(&cursor.astring()?);
            cursor.space()?;
        }
        Ok(Self { order: Order::Folder, returns, charset_named, program: Program::read(cursor, known)? })
    }

    /// ```text
    /// sort = "SORT" SP [search-return-opts SP] "(" sort-criterion *(SP sort-criterion) ")" SP charset 1*(SP search-key)
    /// ```
    pub(in crate::imap) fn sort(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let returns = Returns::read(cursor)?;
        let criteria = Criterion::list(cursor)?;
        cursor.space()?;
        Ok(Self { order: Order::Sort(criteria), returns, charset_named: true, program: program(cursor)? })
    }

    /// ```text
    /// thread = "THREAD" SP thread-alg SP charset 1*(SP search-key)
    /// ```
    pub(in crate::imap) fn thread(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let algorithm = Algorithm::read(cursor)?;
        cursor.space()?;
        Ok(Self { order: Order::Thread(algorithm), returns: None, charset_named: true, program: program(cursor)? })
    }
}

fn program(cursor: &mut Cursor<'_>) -> Parsed<Option<Program>> {
    let known = charset(&cursor.astring()?);
    cursor.space()?;
    Program::read(cursor, known)
}

impl Returns {
    pub(super) const ALL: Self = Self { min: false, max: false, all: true, count: false, save: false, partial: None };

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Option<Self>> {
        if !cursor.take_word("RETURN ") {
            return Ok(None);
        }
        let mut returns = Self::default();
        let options = cursor.list(|cursor| returns.option(cursor))?;
        // RFC 4731 §3.1: an empty list is (ALL).
        returns.all |= options.is_empty();
        if returns.all && returns.partial.is_some() {
            // RFC 9394 §3.1
            return cursor.bad("ALL or PARTIAL, not both, before");
        }
        cursor.space()?;
        Ok(Some(returns))
    }

    fn option(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        match &*cursor.word()? {
            "MIN" => self.min = true,
            "MAX" => self.max = true,
            "ALL" => self.all = true,
            "COUNT" => self.count = true,
            "SAVE" => self.save = true,
            "PARTIAL" if self.partial.is_none() => {
                cursor.space()?;
                self.partial = Some(Window::read(cursor)?);
            }
            _ => return cursor.bad("MIN, MAX, ALL, COUNT, SAVE or one PARTIAL before"),
        }
        Ok(())
    }

    /// RFC 5182 §2.1: SAVE alone says nothing.
    pub(super) fn says_something(&self) -> bool {
        self.min || self.max || self.all || self.count || self.partial.is_some()
    }
}
