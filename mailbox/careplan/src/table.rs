//! Bytes cut into rows and fields, strictly: nothing is decoded, nothing is repaired, nothing is skipped.
//!
//! No trail byte of MS932 is a comma, a quote or a line break, so the raw bytes may be cut (標準仕様 4.3).

/// Most fields kept of one row; the widest layout has 71. More are counted, so a row of a million commas costs nothing.
pub(crate) const MOST_FIELDS: usize = 128;

/// Where a field lies, and what was seen while cutting it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) quoted: bool,
    /// A doubled quote stands inside.
    pub(crate) doubled: bool,
    /// A byte outside printable ASCII was seen: the characters need a look.
    pub(crate) special: bool,
}

/// What is wrong with the quotes of a row (layout annex: text in quotes, an inner quote doubled).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum QuoteFault {
    /// The file ends inside quotes.
    Unclosed,
    /// Something other than a comma or line break follows a closing quote.
    AfterClosing,
    /// A quote inside a field that does not begin with one.
    Inside,
}

/// How a row ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    CrLf,
    /// LF or CR alone.
    Bare,
    File,
}

/// Cuts rows one after the other; reuses its room.
pub(crate) struct Rows<'a> {
    bytes: &'a [u8],
    at: usize,
    fields: Vec<Field>,
}

/// One row.
pub(crate) struct Row<'r> {
    /// The first [`MOST_FIELDS`] fields.
    pub(crate) fields: &'r [Field],
    /// How many fields there are.
    pub(crate) count: usize,
    pub(crate) fault: Option<(QuoteFault, usize)>,
    pub(crate) ended: Ended,
    /// Nothing at all stands on the line.
    pub(crate) blank: bool,
}

/// How many fields the bytes are cut into: the ceiling that the speed of the checks is measured against.
#[doc(hidden)]
pub fn fields_in(bytes: &[u8]) -> usize {
    let (mut rows, mut fields) = (Rows::new(bytes), 0);
    while let Some(row) = rows.next_row() {
        fields += row.count;
    }
    fields
}

const COMMA: u8 = 1;
const QUOTE: u8 = 2;
const BREAK: u8 = 4;
const SPECIAL: u8 = 8;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte {
            0x2C => COMMA,
            0x22 => QUOTE,
            0x0D | 0x0A => BREAK | SPECIAL,
            0x20..=0x7E => 0,
            _ => SPECIAL,
        };
        byte += 1;
    }
    class
};

impl<'a> Rows<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, fields: Vec::with_capacity(MOST_FIELDS) }
    }

    /// How far the bytes are cut.
    #[cfg(test)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next row; none at the end of the file. A line break at the very end opens no further row.
    pub(crate) fn next_row(&mut self) -> Option<Row<'_>> {
        let begin = self.at;
        if begin >= self.bytes.len() {
            return None;
        }
        self.fields.clear();
        let (mut count, mut fault) = (0, None);
        let ended = loop {
            let (field, wrong) = self.field();
            if fault.is_none() {
                fault = wrong.map(|wrong| (wrong, count));
            }
            count += 1;
            if self.fields.len() < MOST_FIELDS {
                self.fields.push(field);
            }
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'\r') if self.bytes.get(self.at + 1) == Some(&b'\n') => {
                    self.at += 2;
                    break Ended::CrLf;
                }
                Some(_) => {
                    self.at += 1;
                    break Ended::Bare;
                }
                None => break Ended::File,
            }
        };
        let blank = count == 1 && self.fields.first().is_some_and(|field| field.start == field.end && !field.quoted);
        Some(Row { fields: &self.fields, count, fault, ended, blank })
    }

    /// Cuts one field and leaves `at` on the comma or line break behind it.
    fn field(&mut self) -> (Field, Option<QuoteFault>) {
        if self.bytes.get(self.at) == Some(&b'"') { self.quoted() } else { self.plain() }
    }

    fn plain(&mut self) -> (Field, Option<QuoteFault>) {
        let start = self.at;
        let (end, seen) = self.run(start, COMMA | BREAK);
        self.at = end;
        let field = Field { start, end, special: seen & SPECIAL != 0, ..Field::default() };
        (field, (seen & QUOTE != 0).then_some(QuoteFault::Inside))
    }

    fn quoted(&mut self) -> (Field, Option<QuoteFault>) {
        let start = self.at + 1;
        let mut field = Field { start, end: start, quoted: true, ..Field::default() };
        let mut at = start;
        loop {
            let (end, seen) = self.run(at, QUOTE);
            field.special |= seen & SPECIAL != 0;
            field.end = end;
            match (self.bytes.get(end), self.bytes.get(end + 1)) {
                (None, _) => {
                    self.at = end;
                    return (field, Some(QuoteFault::Unclosed));
                }
                (Some(_), Some(b'"')) => {
                    field.doubled = true;
                    at = end + 2;
                }
                (Some(_), None | Some(b',' | b'\r' | b'\n')) => {
                    self.at = end + 1;
                    return (field, None);
                }
                // What follows belongs to the field, so that the columns behind it keep their places.
                (Some(_), Some(_)) => {
                    let (end, seen) = self.run(end + 1, COMMA | BREAK);
                    self.at = end;
                    (field.end, field.special) = (end, field.special || seen & SPECIAL != 0);
                    return (field, Some(QuoteFault::AfterClosing));
                }
            }
        }
    }

    /// Runs to the first byte of a class in `stop`, and says which classes were seen before it.
    #[inline]
    fn run(&self, from: usize, stop: u8) -> (usize, u8) {
        let mut seen = 0;
        for (offset, byte) in self.bytes.get(from..).unwrap_or_default().iter().enumerate() {
            let class = CLASS[usize::from(*byte)];
            if class & stop != 0 {
                return (from + offset, seen);
            }
            seen |= class;
        }
        (self.bytes.len(), seen)
    }
}

#[cfg(test)]
mod tests;
