//! Where findings are written down: bounded however broken the file is.

use std::collections::HashMap;

use crate::finding::{Fault, Finding, Place};
use crate::ms932::{self, Charset};
use crate::private::Private;
use crate::{Code, Layout};

/// Findings of one code in one column that are listed one by one; the first of them counts the rest in `more`.
pub(super) const MOST_ALIKE: u64 = 20;

/// Longest excerpt, in characters.
const EXCERPT: usize = 20;

pub(super) struct Book<'a> {
    file: &'a str,
    pub(super) charset: Charset,
    pub(super) layout: Option<&'static Layout>,
    findings: Vec<Finding>,
    /// How many there are of each code and column, and where the first of them stands.
    alike: HashMap<(Code, u16), (u64, usize)>,
}

impl<'a> Book<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        Self { file, charset: Charset::Ms932, layout: None, findings: Vec::new(), alike: HashMap::new() }
    }

    /// Notes something about the file as a whole.
    pub(super) fn whole(&mut self, fault: Fault) {
        self.note(fault, None, None, b"");
    }

    /// Notes something about a row as a whole.
    pub(super) fn row(&mut self, fault: Fault, row: u64) {
        self.note(fault, Some(row), None, b"");
    }

    /// Notes something about a value. Columns are counted from 0.
    pub(super) fn value(&mut self, fault: Fault, row: u64, column: usize, text: &[u8]) {
        self.note(fault, Some(row), Some(column), text);
    }

    fn note(&mut self, fault: Fault, row: Option<u64>, column: Option<usize>, text: &[u8]) {
        let place = column.map(|column| self.place(column));
        let code = fault.code();
        let (count, first) =
            self.alike.entry((code, place.map_or(0, |place| place.number))).or_insert((0, self.findings.len()));
        *count += 1;
        if *count > MOST_ALIKE {
            if let Some(first) = self.findings.get_mut(*first) {
                first.more += 1;
            }
            return;
        }
        let text = (!text.is_empty()).then(|| Private::new(excerpt(text, self.charset)));
        let (file, severity) = (Private::new(self.file), fault.severity());
        let folder = Private::default();
        self.findings.push(Finding { code, severity, folder, file, row, column: place, text, more: 0, fault });
    }

    fn place(&self, column: usize) -> Place {
        let known = self.layout.and_then(|layout| layout.columns.get(column)).map(Place::of);
        let number = u16::try_from(column + 1).unwrap_or(u16::MAX);
        // Column 1 is the version in every layout, known or not.
        let version = Place { number: 1, id: "csv_version", name: "CSVバージョン" };
        known.unwrap_or(if column == 0 { version } else { Place { number, id: "", name: "" } })
    }

    /// The findings, file first, then row by row.
    pub(super) fn close(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| (finding.row, finding.column.map(|place| place.number), finding.code));
        self.findings
    }
}

/// The beginning of a text on one line; controls become their pictures.
fn excerpt(text: &[u8], charset: Charset) -> String {
    // Four bytes hold any character, so the cut falls behind the last one shown.
    let head = text.get(..EXCERPT * 4 + 4).unwrap_or(text);
    let decoded = ms932::decode(head, charset);
    let mut shown: String = decoded.chars().take(EXCERPT).map(picture).collect();
    if head.len() < text.len() || decoded.chars().count() > EXCERPT {
        shown.push('…');
    }
    shown
}

fn picture(c: char) -> char {
    match u32::from(c) {
        control @ 0..0x20 => char::from_u32(0x2400 + control).unwrap_or('〓'),
        0x7F => '␡',
        0x80..0xA0 | 0xE000..0xF900 => '〓',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_stay_on_one_line() {
        let shown = |text: &str| excerpt(&ms932::encode(text).unwrap(), Charset::Ms932);
        assert_eq!(shown("一二三"), "一二三");
        assert_eq!(shown(&"あ".repeat(20)), "あ".repeat(20));
        assert_eq!(shown(&"あ".repeat(21)), format!("{}…", "あ".repeat(20)));
        assert_eq!(shown(&"あ".repeat(2000)), format!("{}…", "あ".repeat(20)));
        assert_eq!(excerpt(b"a\r\n\x0Bb", Charset::Ms932), "a␍␊␋b");
        assert_eq!(excerpt(b"\xF0\x40\xFF", Charset::Ms932), "〓〓");
    }

    #[test]
    fn the_twentieth_of_a_kind_is_listed_and_the_rest_are_counted() {
        let mut book = Book::new("x");
        (1..=25).for_each(|row| book.value(Fault::Date, row, 3, b"x"));
        let findings = book.close();
        assert_eq!((findings.len(), findings[0].more), (20, 5));
    }
}
