//! What a check found: where, what, and what to do about it, in Japanese and English.

mod advice;
mod fault;
mod sentence;

use serde::{Serialize, Serializer};

pub(crate) use fault::Fault;

use crate::lang::Both;
use crate::layout::Column;
use crate::private::Private;
use crate::{Code, Lang, Severity};

/// One thing that is wrong, or not as the standard writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stable code.
    pub code: Code,
    /// Whether the other side's software can be expected to import the file all the same.
    pub severity: Severity,
    /// Where the file lies, as [`Report::within`](crate::Report::within) was told; empty if it was not.
    pub folder: Private,
    /// The file's name. Names outside the standard may hold anything.
    pub file: Private,
    /// The row, counted from 1; a row may span lines, since text in quotes keeps its line breaks.
    pub row: Option<u64>,
    /// The column.
    pub column: Option<Place>,
    /// The text found there, shortened. It is care data: `Debug` does not print it.
    pub text: Option<Private>,
    /// How many further places of the file have the same finding in the same column and are not listed.
    pub more: u64,
    pub(crate) fault: Fault,
}

/// A column of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// Counted from 1.
    pub number: u16,
    /// Our word for it; empty where the layout is not known.
    pub id: &'static str,
    /// 項目名; empty where the layout is not known.
    pub name: &'static str,
}

impl Place {
    pub(crate) fn of(column: &Column) -> Self {
        Self { number: column.number, id: column.id, name: column.name }
    }
}

impl Finding {
    /// Where it is: `3行目 15列目「サービスコード」`, or nothing for the file as a whole.
    pub fn place(&self, lang: Lang) -> String {
        let row = self.row.map(|row| match lang {
            Lang::Ja => format!("{row}行目"),
            Lang::En => format!("row {row}"),
        });
        let column = self.column.map(|place| match (lang, place.name) {
            (Lang::Ja, "") => format!("{}列目", place.number),
            (Lang::Ja, name) => format!("{}列目「{name}」", place.number),
            (Lang::En, "") => format!("column {}", place.number),
            (Lang::En, name) => format!("column {} ({name}, {})", place.number, place.id),
        });
        row.into_iter().chain(column).collect::<Vec<_>>().join(lang.pick(" ", ", "))
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        self.fault.sentence(lang)
    }

    /// What to do next.
    pub fn what_to_do(&self, lang: Lang) -> &'static str {
        self.fault.what_to_do(lang)
    }

    /// The same finding without the text, the folder and, unless it is the standard's, the file name: fit for a log.
    #[must_use]
    pub fn without_care_data(mut self) -> Self {
        self.text = None;
        self.folder = Private::default();
        if !matches!(crate::recognise(self.file.show()), crate::Recognised::Standard { .. }) {
            self.file = Private::default();
        }
        self
    }
}

/// How a finding looks in JSON.
#[derive(Serialize)]
struct View<'a> {
    code: Code,
    severity: Severity,
    #[serde(skip_serializing_if = "Private::is_empty")]
    folder: &'a Private,
    file: &'a Private,
    row: Option<u64>,
    column: Option<Place>,
    text: Option<&'a Private>,
    more: u64,
    sentence: Both<String>,
    what_to_do: Both<&'static str>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = View {
            code: self.code,
            severity: self.severity,
            folder: &self.folder,
            file: &self.file,
            row: self.row,
            column: self.column,
            text: self.text.as_ref(),
            more: self.more,
            sentence: Both::of(|lang| self.sentence(lang)),
            what_to_do: Both::of(|lang| self.what_to_do(lang)),
        };
        view.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
