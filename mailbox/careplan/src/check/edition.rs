//! Which edition a file is of: column 1 says it, the file name and the service month must agree.

use super::book::Book;
use crate::edition::Read;
use crate::finding::Fault;
use crate::name::{NamedMonth, Parts};
use crate::{Edition, Layout};

/// Judges the version of the first row and leaves the layout to check by in the book.
pub(super) fn judge(parts: &Parts, version: &[u8], row: u64, book: &mut Book<'_>) -> Option<Edition> {
    let named = Edition::of_form(parts.sender.form());
    let mut note = |fault| book.value(fault, row, 0, version);
    let edition = match Edition::read(version) {
        // An empty value is reported as missing; the name says what was meant.
        Read::Unknown if version.is_empty() => named,
        Read::Unknown => {
            note(Fault::UnknownVersion);
            return None;
        }
        Read::MeantFor41 => {
            note(Fault::WrongVersion);
            Edition::FourthRevised
        }
        Read::Known(edition) => edition,
    };
    if parts.kind.since_edition_4() && edition < Edition::Fourth {
        note(Fault::NotInEdition { kind: parts.kind, edition });
        return Some(edition);
    }
    if edition.name_form() != parts.sender.form() {
        note(Fault::VersionForm { edition, form: parts.sender.form() });
    }
    // Plans have no service month, and the standard does not say which month would choose their edition.
    if let NamedMonth::Service(month) = parts.month
        && !edition.covers(month)
    {
        note(Fault::VersionMonth { edition, month });
    }
    book.layout = Layout::of(parts.kind, edition);
    if book.layout.is_none() {
        book.value(Fault::LayoutUnknown(edition), row, 0, version);
    }
    Some(edition)
}
