//! Files against the standard.
//!
//! The way of a file: its name ([`recognise`](crate::recognise)), its bytes (`ms932`), its rows (`table`), its edition
//! (`edition`), each value (`value`), what holds between values (`rules`), and then the files of a unit (`unit`).
//! Later stages keep silent where an earlier one already explains what they would see.

mod book;
mod content;
mod edition;
mod rules;
mod unit;
mod value;

pub(crate) use value::fault as value_fault;

use book::Book;
use content::Facts;

use crate::finding::{Fault, Finding};
use crate::name::Parts;
use crate::report::{Checked, Report, What};
use crate::{Edition, FileName, Kind, Recognised, recognise};

/// Checks one file by itself: its name and its content, not what must travel with it.
pub fn check_file(name: &str, bytes: &[u8]) -> Vec<Finding> {
    one(name, bytes).findings
}

/// Checks files that lie together, and what must hold between those of one send unit.
pub fn check_unit<N: AsRef<str>, B: AsRef<[u8]>>(files: &[(N, B)]) -> Vec<Finding> {
    check(files).findings
}

/// Checks files that lie together, and reports on each. Any number of send units may be among them.
pub fn check<N: AsRef<str>, B: AsRef<[u8]>>(files: &[(N, B)]) -> Report {
    let read: Vec<One> = files.iter().map(|(name, bytes)| one(name.as_ref(), bytes.as_ref())).collect();
    let between = unit::findings(&read);
    let mut report = Report::default();
    for file in read {
        report.files.push(file.checked);
        report.findings.extend(file.findings);
    }
    report.findings.extend(between);
    report
}

/// One file, checked by itself, with what its unit needs to know of it.
struct One {
    written: String,
    name: Option<FileName>,
    /// The kind that a name which cannot be read was probably meant to be.
    meant: Option<Kind>,
    findings: Vec<Finding>,
    facts: Facts,
    checked: Checked,
}

fn one(written: &str, bytes: &[u8]) -> One {
    let mut book = Book::new(written);
    let (mut name, mut meant, mut facts) = (None, None, Facts::default());
    let what = match recognise(written) {
        Recognised::Attachment => What::Attachment,
        Recognised::NearMiss(problem) => {
            meant = Some(problem.kind);
            let parts = problem.parts;
            book.whole(Fault::Name(problem));
            if let Some(parts) = parts {
                facts = inside(&parts, bytes, &mut book);
            }
            What::NearMiss
        }
        Recognised::Standard { name: read, slips } => {
            for slip in slips {
                book.whole(Fault::Slip(slip));
            }
            facts = inside(read.parts(), bytes, &mut book);
            name = Some(read);
            What::Standard
        }
    };
    let kind = name.as_ref().map(FileName::kind).or(meant);
    let checked = Checked {
        folder: crate::Private::default(),
        file: crate::Private::new(written),
        what,
        kind,
        edition: facts.edition,
        rows: facts.rows,
        bytes: bytes.len() as u64,
    };
    One { written: written.to_owned(), name, meant, findings: book.close(), facts, checked }
}

/// The findings and the edition of a file whose name is known.
pub(crate) fn content_of(name: &FileName, bytes: &[u8]) -> (Vec<Finding>, Option<Edition>) {
    let written = name.to_string();
    let mut book = Book::new(&written);
    let facts = inside(name.parts(), bytes, &mut book);
    (book.close(), facts.edition)
}

fn inside(parts: &Parts, bytes: &[u8], book: &mut Book<'_>) -> Facts {
    if parts.kind == Kind::PreventionBasicImage {
        // JPEG begins with the marker SOI and the first byte of the next marker.
        if !bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            book.whole(Fault::NotJpeg);
        }
        return Facts::default();
    }
    content::read(parts, bytes, book)
}

#[cfg(test)]
mod tests;
