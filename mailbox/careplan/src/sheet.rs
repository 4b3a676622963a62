//! Files of the standard written from typed rows, and read back.

use crate::check::content_of;
use crate::finding::Finding;
use crate::layout::{Column, Form, Layout, Needed};
use crate::table::{Field, Rows};
use crate::{Code, Edition, FileName, Kind, Severity, ms932};

/// The rows of one file. A row is in only if every value fits its column, so what is written is read everywhere.
///
/// ```
/// use fumibako_careplan::{Edition, Kind, Sheet};
///
/// let mut sheet = Sheet::new(Kind::DeletePlan, Edition::FourthRevised).expect("edition 4.1 has this kind");
/// sheet.push([("insurer_no", "999903"), ("insured_no", "9900000011"), ("plan_date", "20250920")])?;
/// assert_eq!(sheet.to_bytes(), b"202407,999903,9900000011,20250920\r\n");
/// # Ok::<(), fumibako_careplan::CannotWrite>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Sheet {
    kind: Kind,
    edition: Edition,
    /// Every column of every row, the version included; empty where nothing stands.
    rows: Vec<Vec<String>>,
}

/// Why a row cannot be written. It names the column, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotWrite {
    /// The layout has no such column.
    #[error("there is no column {0}")]
    NoSuchColumn(String),
    /// A required value is missing.
    #[error("column {0} is required")]
    Missing(&'static str),
    /// The value does not fit the column; the code says how.
    #[error("the value of column {0} does not fit ({1})")]
    Unfit(&'static str, Code),
    /// MS932 has no such character.
    #[error("column {0} holds a character that Shift_JIS (MS932) lacks")]
    Character(&'static str),
}

impl Sheet {
    /// An empty sheet; none if the edition lacks the kind, or its layout is not known.
    pub fn new(kind: Kind, edition: Edition) -> Option<Self> {
        Layout::of(kind, edition).map(|_| Self { kind, edition, rows: Vec::new() })
    }

    /// Adds a row of values by column id; the version is filled in. Columns that are not given stay empty.
    pub fn push<'v>(&mut self, values: impl IntoIterator<Item = (&'v str, &'v str)>) -> Result<(), CannotWrite> {
        let columns = self.columns();
        let mut row = vec![String::new(); columns.len()];
        for (id, value) in values {
            let at = columns.iter().position(|column| column.id == id);
            let at = at.ok_or_else(|| CannotWrite::NoSuchColumn(id.to_owned()))?;
            value.clone_into(&mut row[at]);
        }
        for (column, value) in columns.iter().zip(&mut row) {
            if column.form == Form::Version {
                self.edition.value().clone_into(value);
            }
            fits(column, value)?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// The rows as a file: CRLF, text in quotes, everything else bare, no heading.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in &self.rows {
            for (at, (column, value)) in self.columns().iter().zip(row).enumerate() {
                if at > 0 {
                    bytes.push(b',');
                }
                // `push` and `read` let in only what can be encoded.
                let encoded = ms932::encode(value).unwrap_or_default();
                if column.form == Form::Text { quote(&encoded, &mut bytes) } else { bytes.extend(encoded) }
            }
            bytes.extend(b"\r\n");
        }
        bytes
    }

    /// Reads a file in which no error is found; otherwise its findings.
    pub fn read(name: &FileName, bytes: &[u8]) -> Result<Self, Vec<Finding>> {
        let (findings, edition) = content_of(name, bytes);
        let sheet = edition.and_then(|edition| Self::new(name.kind(), edition));
        let broken = findings.iter().any(|finding| finding.severity == Severity::Error);
        let Some(mut sheet) = sheet.filter(|_| !broken) else { return Err(findings) };
        // A heading is read past, as the checks do.
        let heading = findings.iter().any(|finding| finding.code == Code::N002);
        let mut rows = Rows::new(bytes);
        if heading {
            rows.next_row();
        }
        while let Some(row) = rows.next_row() {
            sheet.rows.push(row.fields.iter().map(|field| text(bytes, *field)).collect());
        }
        Ok(sheet)
    }

    /// What kind of file it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its edition.
    pub fn edition(&self) -> Edition {
        self.edition
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows; the standard has no file without any.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A value, by row (from 0) and column id; empty where nothing stands.
    pub fn value(&self, row: usize, column: &str) -> Option<&str> {
        let at = self.columns().iter().position(|known| known.id == column)?;
        self.rows.get(row)?.get(at).map(String::as_str)
    }

    fn columns(&self) -> &'static [Column] {
        Layout::of(self.kind, self.edition).map_or(&[], |layout| &layout.columns)
    }
}

fn fits(column: &'static Column, value: &str) -> Result<(), CannotWrite> {
    if value.is_empty() {
        let missing = column.needed != Needed::No;
        return if missing { Err(CannotWrite::Missing(column.id)) } else { Ok(()) };
    }
    let encoded = ms932::encode(value).map_err(|_| CannotWrite::Character(column.id))?;
    match crate::check::value_fault(column, &encoded) {
        Some(fault) => Err(CannotWrite::Unfit(column.id, fault.code())),
        None => Ok(()),
    }
}

/// Encloses text in quotes. No byte of a character can be taken for a quote.
fn quote(text: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(b'"');
    for byte in text {
        if *byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(*byte);
    }
    bytes.push(b'"');
}

fn text(bytes: &[u8], field: Field) -> String {
    let raw = bytes.get(field.start..field.end).unwrap_or_default();
    let text = ms932::decode(raw, ms932::Charset::Ms932);
    if field.doubled { text.replace("\"\"", "\"") } else { text }
}

/// Rows are care data, so only their number prints.
impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sheet({} {}, ‹{} private rows›)", self.kind, self.edition.value(), self.rows.len())
    }
}

#[cfg(test)]
mod tests;
