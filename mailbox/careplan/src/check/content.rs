//! The rows of a CSV file, one after the other.

use super::book::Book;
use super::rules::{People, Rules};
use super::{edition, value};
use crate::finding::Fault;
use crate::layout::{Column, Form, Needed};
use crate::ms932::{self, Charset, Foreign};
use crate::name::Parts;
use crate::table::{Ended, Field, Row, Rows};
use crate::{Edition, Layout};

/// What a file leaves behind for the checks between files.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) edition: Option<Edition>,
    pub(super) rows: u64,
    /// Whether every row could be read, so that what is absent is truly absent.
    pub(super) complete: bool,
    pub(super) people: People,
}

/// The byte order marks of UTF-16, little and big end first.
const UTF_16: [[u8; 2]; 2] = [[0xFF, 0xFE], [0xFE, 0xFF]];
const UTF_8: [u8; 3] = [0xEF, 0xBB, 0xBF];

pub(super) fn read(parts: &Parts, bytes: &[u8], book: &mut Book<'_>) -> Facts {
    if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
        book.whole(Fault::Utf16);
        return Facts::default();
    }
    let body = bytes.strip_prefix(&UTF_8);
    // The whole file first: single fields of UTF-8 often happen to be MS932 as well.
    if body.is_some() || ms932::is_utf8(bytes) {
        book.charset = Charset::Utf8;
        book.whole(Fault::Utf8 { mark: body.is_some() });
    }
    Reader::new(parts, body.unwrap_or(bytes), book).read()
}

struct Reader<'a, 'b, 'f> {
    parts: &'a Parts,
    bytes: &'a [u8],
    book: &'b mut Book<'f>,
    facts: Facts,
    rules: Rules,
    /// The version of the first row; none before it.
    version: Option<&'a [u8]>,
    /// The row, counted from 1.
    number: u64,
}

impl<'a, 'b, 'f> Reader<'a, 'b, 'f> {
    fn new(parts: &'a Parts, bytes: &'a [u8], book: &'b mut Book<'f>) -> Self {
        let facts = Facts { complete: true, ..Facts::default() };
        Self { parts, bytes, book, facts, rules: Rules::default(), version: None, number: 0 }
    }

    fn read(mut self) -> Facts {
        let mut rows = Rows::new(self.bytes);
        let (mut blank, mut bare) = (None, None);
        while let Some(row) = rows.next_row() {
            self.number += 1;
            if row.ended == Ended::Bare && bare.is_none() {
                bare = Some(self.number);
            }
            if row.blank {
                blank = blank.or(Some(self.number));
            } else {
                self.row(&row);
            }
        }
        if let Some(row) = bare {
            self.book.row(Fault::LineEnds, row);
        }
        match blank {
            _ if self.facts.rows == 0 => self.book.whole(Fault::NoRecord),
            Some(row) => self.book.row(Fault::BlankLine, row),
            None => {}
        }
        if self.facts.complete {
            self.rules.close(self.parts, &self.facts.people, self.book);
        }
        self.facts
    }

    fn row(&mut self, row: &Row<'_>) {
        if self.version.is_none() && self.is_header(row) {
            self.book.row(Fault::Header, self.number);
            return;
        }
        self.facts.rows += 1;
        let version = row.fields.first().map_or(&b""[..], |field| self.text(*field));
        // A version that is missing in the first row is reported there; the next one that is given counts.
        if self.version.is_none_or(|first| first.is_empty() && !version.is_empty()) {
            self.open(version);
        }
        if let Some((fault, column)) = row.fault {
            let text = row.fields.get(column).map_or(&b""[..], |field| self.text(*field));
            self.book.value(Fault::Quotes(fault), self.number, column, text);
        }
        if self.version.is_some_and(|first| first != version && !version.is_empty()) {
            self.book.value(Fault::MixedVersions, self.number, 0, version);
            return self.characters_only(row);
        }
        match self.book.layout {
            // A stray quote moves everything behind it: what follows would be noise.
            Some(_) if row.fault.is_some() => self.characters_only(row),
            Some(layout) if row.count != layout.columns.len() => {
                let expected = layout.columns.len();
                self.book.row(Fault::Columns { found: row.count, expected }, self.number);
                self.characters_only(row);
            }
            Some(layout) => self.values(layout, row),
            None => self.characters_only(row),
        }
    }

    fn open(&mut self, version: &'a [u8]) {
        self.version = Some(version);
        self.facts.edition = edition::judge(self.parts, version, self.number, self.book);
        self.rules = self.book.layout.map(Rules::of).unwrap_or_default();
    }

    /// Names of columns where numbers belong. The standard has no header row, but some software writes one.
    fn is_header(&self, row: &Row<'_>) -> bool {
        let is_word = |field: &Field| field.end > field.start && !self.text(*field).iter().any(u8::is_ascii_digit);
        row.count > 2 && row.fields.iter().take(3).all(is_word)
    }

    fn text(&self, field: Field) -> &'a [u8] {
        self.bytes.get(field.start..field.end).unwrap_or_default()
    }

    fn characters_only(&mut self, row: &Row<'_>) {
        self.facts.complete = false;
        for (at, field) in row.fields.iter().enumerate() {
            self.has_foreign(at, *field);
        }
    }

    fn values(&mut self, layout: &'static Layout, row: &Row<'_>) {
        // One bit per column whose value is there and sound; the widest layout has 71.
        let mut sound = 0_u128;
        for (at, (field, column)) in row.fields.iter().zip(&layout.columns).enumerate() {
            if self.is_sound(at, *field, column) {
                sound |= 1 << at;
            }
        }
        let cells = Cells { bytes: self.bytes, fields: row.fields, sound };
        let people = &mut self.facts.people;
        self.facts.complete &= self.rules.row(self.parts, &cells, self.number, people, self.book);
    }

    #[inline]
    fn is_sound(&mut self, at: usize, field: Field, column: &Column) -> bool {
        if field.start == field.end {
            match column.needed {
                Needed::No => {}
                Needed::Yes => self.book.value(Fault::Required, self.number, at, b""),
                Needed::Unsure => self.book.value(Fault::RequiredUnsure, self.number, at, b""),
            }
            return false;
        }
        if field.special && self.has_foreign(at, field) {
            return false;
        }
        if column.form == Form::Text {
            if !field.quoted {
                self.book.value(Fault::Unquoted, self.number, at, self.text(field));
            }
            return true;
        }
        let text = self.text(field);
        match value::fault(column, text) {
            None => true,
            Some(fault) => {
                self.book.value(fault, self.number, at, text);
                false
            }
        }
    }

    fn has_foreign(&mut self, at: usize, field: Field) -> bool {
        if !field.special {
            return false;
        }
        let text = self.text(field);
        let Some((offset, foreign)) = ms932::foreign(text, self.book.charset) else { return false };
        let fault = match foreign {
            Foreign::NotMs932 => Fault::NotMs932,
            Foreign::PrivateUse => Fault::PrivateUse,
            Foreign::Control => Fault::Control,
        };
        // A few characters before the first bad one help to find it; far inside a long text they are left out.
        let from = if offset <= 24 { 0 } else { offset };
        self.book.value(fault, self.number, at, text.get(from..).unwrap_or_default());
        true
    }
}

/// The sound values of one row.
pub(super) struct Cells<'a> {
    bytes: &'a [u8],
    fields: &'a [Field],
    sound: u128,
}

impl<'a> Cells<'a> {
    /// The value, if it is there and sound.
    #[inline]
    pub(super) fn sound(&self, at: usize) -> Option<&'a [u8]> {
        if self.sound >> at & 1 == 1 { Some(self.raw(at)) } else { None }
    }

    /// The bytes, whatever they are.
    #[inline]
    pub(super) fn raw(&self, at: usize) -> &'a [u8] {
        self.fields.get(at).and_then(|field| self.bytes.get(field.start..field.end)).unwrap_or_default()
    }
}
