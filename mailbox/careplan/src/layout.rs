//! Layouts as data: which columns a kind has in which edition, and the rules that join them.
//!
//! The files under `layouts/` are the facts; nothing here knows a column. A line of a layout is a rule or a column:
//!
//! ```text
//! layout  = *( "#" comment / "columns" 1*(generation "=" count) / rule / "like" kind / column )
//! rule    = word *column-id                               ; see `Rule`
//! column  = id form longest needed options name
//! form    = see `Form`                longest = number of characters / "-"
//! needed  = "yes" / "unsure" / "depends" / "advised" / "no"
//! options = "-" / option *("," option)
//! option  = "exact" / "signed" / "from=" number / "code=" table / "or=" value / "since=4" / "longest3=" number
//! ```

mod codes;
mod read;

use std::sync::OnceLock;

pub(crate) use codes::Codes;

use crate::Kind;
use crate::edition::{Edition, Generation};

/// The columns and rules of one kind in one edition.
#[derive(Debug)]
pub struct Layout {
    pub(crate) kind: Kind,
    pub(crate) generation: Generation,
    pub(crate) columns: Vec<Column>,
    pub(crate) rules: Vec<Rule>,
}

/// 項目: one column.
#[derive(Debug)]
pub(crate) struct Column {
    /// Position in the row, counted from 1, in this edition.
    pub(crate) number: u16,
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// Longest value in characters. Bounded columns hold only half-width characters, so bytes count the same.
    pub(crate) longest: Option<usize>,
    pub(crate) exact: bool,
    pub(crate) needed: Needed,
    /// A value that stands outside the form, such as `9999` for a service without a displayed time.
    pub(crate) or: Option<&'static [u8]>,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The edition's value in column 1.
    Version,
    /// Digits, leading zeros kept.
    Digits,
    /// 被保険者番号: digits, or `H` and nine digits for a person on public assistance only.
    Insured,
    /// 事業所番号
    Office,
    /// `YYYYMMDD`
    Date,
    /// `YYYYMM`
    Month,
    /// `HHMM`
    Time,
    /// A whole number, at least `from`.
    Int {
        /// Whether a minus may stand before it: reductions exist, and the standard is silent.
        signed: bool,
        /// The least value.
        from: u32,
    },
    /// Digits with up to two decimals.
    Decimal,
    /// One of the values of a table.
    Code(Codes),
    /// サービス種類コード
    ServiceKind,
    /// サービスコード: kind and item, six characters.
    ServiceCode,
    /// Half-width characters without further rule.
    Ascii,
    /// `NNN-NNNN`
    Postal,
    /// A telephone number.
    Phone,
    /// 31 characters `0` or `1`, one per day.
    Days,
    /// The name of a picture that travels along.
    Image,
    /// Free text in quotes.
    Text,
    /// Not used.
    Unused,
}

/// Whether a value must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needed {
    Yes,
    /// The circle in the printed layout is displaced: probably required.
    Unsure,
    /// A rule decides, or nothing does.
    No,
}

/// What holds between columns. Numbers are positions in the row, counted from 0.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// `month M`: equals the month of the file name.
    Month(usize),
    /// `sender O`: equals the sender of the file name; `sender?` where that is our reading.
    Sender { office: usize, stated: bool },
    /// `planner O`: equals the recipient of the file name.
    Planner(usize),
    /// `within D M`: the date lies in the month.
    Within { date: usize, month: usize },
    /// `equipment S T N`: a service of rented equipment has one of the two codes.
    Equipment { service: usize, tais: usize, notice: usize },
    /// `total S CODE O OFFICE`: every person has a row with these two values.
    Total { service: usize, code: &'static [u8], office: usize, total: &'static [u8] },
    /// `served O`: every person has a row of the recipient.
    Served(usize),
    /// `link D M`: exactly one of plan date and month is live.
    Link { date: usize, month: usize },
    /// `when C VALUE T`: with this value the other column must be filled.
    When { column: usize, value: &'static [u8], then: usize },
    /// `unique C…`: no two rows agree in all of these.
    Unique(Vec<usize>),
    /// `parent D`: other files of the unit join person and date here.
    Parent(usize),
    /// `child KIND D`: person and date stand in that file of the unit.
    Child { parent: Kind, date: usize },
    /// `image N`: the picture is in the unit.
    Image(usize),
}

impl Layout {
    /// The layout of a kind in an edition; none if the kind is not in it, or its layout is not known.
    pub fn of(kind: Kind, edition: Edition) -> Option<&'static Self> {
        static LAYOUTS: OnceLock<Vec<Layout>> = OnceLock::new();
        let generation = edition.generation()?;
        let layouts = LAYOUTS.get_or_init(read::all);
        layouts.iter().find(|layout| layout.kind == kind && layout.generation == generation)
    }

    /// The ids of the columns, in order.
    pub fn column_ids(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|column| column.id)
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }
}

#[cfg(test)]
mod tests;
