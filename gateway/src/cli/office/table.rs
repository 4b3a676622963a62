//! A list of offices as a spreadsheet writes it (Profile §17.3): read whole, or every line that is wrong told with the reason.

use std::collections::{BTreeSet, HashMap};

use csv::StringRecord;
use fumibako_careplan::{Edition, Lang, spreadsheet_text};
use fumibako_model::{Description, ServiceKind};

use crate::admin::OFFICES_AT_ONCE;

/// Largest file, in bytes.
pub(super) const FILE_BYTES: u64 = 8 << 20;
/// Most faults told; whoever mended these runs it again.
const FAULTS: usize = 1_000;
/// Most characters of a cell that are shown.
const SHOWN: usize = 40;

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    Name,
    Kana,
    Municipality,
    Kinds,
    Editions,
    Regional,
}

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// From 1; an office's row may have several lines, of which this is the first.
    pub(super) line: u64,
    pub(super) column: Option<Column>,
    pub(super) why: Why,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    TooLarge,
    NotText,
    Empty,
    Heading(String),
    HeadingTwice,
    NoNumbers,
    Cells(usize, usize),
    NoNumber(String),
    NoKind(String),
    NoEdition(String),
    NoYes(String),
    Unfit,
    Twice(u64),
    TooMany,
    More,
}

impl Column {
    /// Each with the word it has in JSON, and the headings it is known by.
    const ALL: [(Self, &'static str, &'static [&'static str]); 7] = [
        (Self::Number, "number", &["事業所番号", "番号", "officenumber", "office"]),
        (Self::Name, "name", &["事業所名", "事業所名称", "名称", "officename"]),
        (
            Self::Kana,
            "kana",
            &["フリガナ", "ふりがな", "カナ", "かな", "ﾌﾘｶﾞﾅ", "ｶﾅ", "事業所名カナ", "事業所名フリガナ"],
        ),
        (Self::Municipality, "municipality", &["市区町村", "市区町村名", "市町村", "市町村名"]),
        (Self::Kinds, "kinds", &["サービス種類", "サービス種類コード", "ｻｰﾋﾞｽ種類", "kind", "servicekinds"]),
        (Self::Editions, "editions", &["対応版", "標準仕様の版", "版", "edition"]),
        (Self::Regional, "regional", &["地域連携", "地域連携サービス", "地域連携の窓口", "regionalservice"]),
    ];

    fn of(heading: &str) -> Option<Self> {
        let heading: String =
            narrow(heading).to_lowercase().chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
        let known =
            Self::ALL.into_iter().find(|(_, word, others)| *word == heading || others.contains(&heading.as_str()));
        known.map(|(column, ..)| column)
    }

    /// The word for programs.
    pub(super) fn word(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The heading for people.
    pub(super) fn heading(self, lang: Lang) -> &'static str {
        let (_, word, headings) = Self::ALL[self as usize];
        lang.pick(headings.first().copied().unwrap_or(word), word)
    }
}

/// The offices of a file, or all that is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Description>, Vec<Fault>> {
    let alone = |line: u64, why| vec![Fault { line, column: None, why }];
    if bytes.len() as u64 > FILE_BYTES {
        return Err(alone(1, Why::TooLarge));
    }
    let text = spreadsheet_text(bytes).map_err(|line| alone(line as u64, Why::NotText))?;
    let rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = rows.into_records();
    let mut next = || loop {
        match rows.next().transpose().map_err(|_| alone(1, Why::NotText))? {
            Some(row) if row.iter().all(|cell| cell.trim().is_empty()) => {}
            row => return Ok::<_, Vec<Fault>>(row),
        }
    };
    let first = next()?.ok_or_else(|| alone(1, Why::Empty))?;
    let columns = columns(&first)?;
    let (mut offices, mut faults, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    while let Some(row) = next()? {
        let line = line(&row);
        if offices.len() == OFFICES_AT_ONCE {
            faults.push(Fault { line, column: None, why: Why::TooMany });
            break;
        }
        if faults.len() >= FAULTS {
            faults.push(Fault { line, column: None, why: Why::More });
            break;
        }
        match office(&row, &columns) {
            Ok(office) => match seen.insert(office.number, line) {
                Some(before) => faults.push(Fault { line, column: Some(Column::Number), why: Why::Twice(before) }),
                None => offices.push(office),
            },
            Err(wrong) => faults.extend(wrong.into_iter().map(|(column, why)| Fault { line, column, why })),
        }
    }
    match (faults.is_empty(), offices.is_empty()) {
        (false, _) => Err(faults),
        (true, true) => Err(alone(line(&first) + 1, Why::Empty)),
        (true, false) => Ok(offices),
    }
}

fn line(row: &StringRecord) -> u64 {
    row.position().map_or(1, csv::Position::line)
}

fn columns(headings: &StringRecord) -> Result<Vec<Column>, Vec<Fault>> {
    let line = line(headings);
    let (mut columns, mut faults) = (Vec::new(), Vec::new());
    for heading in headings {
        match Column::of(heading) {
            Some(column) if columns.contains(&column) => {
                faults.push(Fault { line, column: Some(column), why: Why::HeadingTwice });
            }
            Some(column) => columns.push(column),
            None => faults.push(Fault { line, column: None, why: Why::Heading(shown(heading)) }),
        }
    }
    if faults.is_empty() && !columns.contains(&Column::Number) {
        faults.push(Fault { line, column: None, why: Why::NoNumbers });
    }
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

/// One office, or what is wrong in its row, cell by cell.
fn office(row: &StringRecord, columns: &[Column]) -> Result<Description, Vec<(Option<Column>, Why)>> {
    // Spreadsheets fill rows up with empty cells.
    let more = row.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty());
    if row.len() < columns.len() || more {
        return Err(vec![(None, Why::Cells(row.len(), columns.len()))]);
    }
    let cells = || columns.iter().copied().zip(row.iter().map(str::trim));
    let number = cells().find(|(column, _)| *column == Column::Number).map_or("", |(_, cell)| cell);
    let number = narrow(number).parse().map_err(|_| vec![(Some(Column::Number), Why::NoNumber(shown(number)))])?;
    let mut office = Description::of(number);
    let mut faults = Vec::new();
    for (column, cell) in cells() {
        if let Err(why) = say(&mut office, column, cell) {
            faults.push((Some(column), why));
        }
    }
    if faults.is_empty() { Ok(office) } else { Err(faults) }
}

fn say(office: &mut Description, column: Column, cell: &str) -> Result<(), Why> {
    let text = Some(cell.to_owned());
    let mut alone = Description::of(office.number);
    match column {
        Column::Number => {}
        Column::Name => alone.name = text,
        Column::Kana => alone.kana = text,
        Column::Municipality => alone.municipality = text,
        Column::Kinds => alone.kinds = Some(kinds(cell)?),
        Column::Editions => alone.editions = Some(editions(cell)?),
        Column::Regional => alone.regional = Some(yes(cell)?),
    }
    alone.sound().map_err(|_| Why::Unfit)?;
    match column {
        Column::Number => {}
        Column::Name => office.name = alone.name,
        Column::Kana => office.kana = alone.kana,
        Column::Municipality => office.municipality = alone.municipality,
        Column::Kinds => office.kinds = alone.kinds,
        Column::Editions => office.editions = alone.editions,
        Column::Regional => office.regional = alone.regional,
    }
    Ok(())
}

/// Several, with anything between them that people write there.
pub(super) fn kinds(cell: &str) -> Result<BTreeSet<ServiceKind>, Why> {
    several(cell, |word| word.parse().map_err(|_| Why::NoKind(shown(word))))
}

pub(super) fn editions(cell: &str) -> Result<BTreeSet<Edition>, Why> {
    several(cell, |word| Edition::of_label(word).ok_or_else(|| Why::NoEdition(shown(word))))
}

/// Profile §17.10: is it the door of a regional service? As people tick a list, and as `office describe` is told.
fn yes(cell: &str) -> Result<bool, Why> {
    match narrow(cell).to_lowercase().as_str() {
        "true" | "yes" | "1" | "○" | "〇" | "◯" | "●" | "はい" | "窓口" => Ok(true),
        "" | "false" | "no" | "0" | "×" | "-" | "いいえ" => Ok(false),
        other => Err(Why::NoYes(shown(other))),
    }
}

fn several<T: Ord>(cell: &str, one: impl Fn(&str) -> Result<T, Why>) -> Result<BTreeSet<T>, Why> {
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '、' | '・' | '･');
    narrow(cell).split(between).filter(|word| !word.is_empty()).map(one).collect()
}

/// Full-width digits, letters and marks as typed by whoever writes Japanese.
fn narrow(text: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    };
    text.trim().chars().map(narrow).collect()
}

/// A stranger's text on one line, and not much of it.
fn shown(text: &str) -> String {
    let plain = |c: char| {
        if c.is_control() || matches!(c, '\u{200E}'..='\u{202E}' | '\u{2066}'..='\u{2069}') { '\u{FFFD}' } else { c }
    };
    text.chars().take(SHOWN).map(plain).collect()
}

impl Why {
    /// The sentence, with what to do.
    pub(super) fn words(&self, lang: Lang) -> String {
        match lang {
            Lang::Ja => self.japanese(),
            Lang::En => self.english(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::TooLarge => "ファイルが 8 MiB を超えています。分けてください。".into(),
            Self::NotText => "文字として読めません。CSV（UTF-8 または Shift_JIS）で保存し直してください。".into(),
            Self::Empty => "見出しの下に事業所がありません。".into(),
            Self::Heading(text) => format!("見出し「{text}」は分かりません。事業所番号、事業所名、フリガナ、市区町村、サービス種類、対応版、地域連携のどれかにするか、列を削除してください。"),
            Self::HeadingTwice => "この見出しが二つあります。一つにしてください。".into(),
            Self::NoNumbers => "見出し「事業所番号」がありません。1 行目に見出しを書いてください。".into(),
            Self::Cells(found, expected) => format!("項目が {found} 個あります。見出しの数 {expected} に合わせてください。"),
            Self::NoNumber(text) => format!("「{text}」は事業所番号ではありません。10 桁の数字と英大文字です。表計算ソフトが先頭の 0 を落としていないか確かめてください。"),
            Self::NoKind(text) => format!("「{text}」はサービス種類ではありません。43 のような 2 桁で書いてください。"),
            Self::NoEdition(text) => format!("「{text}」という版はありません。1、2、3、4.0、4.1 のどれかです。"),
            Self::NoYes(text) => format!("「{text}」は分かりません。地域連携サービスの窓口なら ○（true）、そうでなければ空（false）にしてください。"),
            Self::Unfit => "空か、長すぎるか、改行・制御文字・外字が入っています（事業所名 200 文字、フリガナと市区町村 100 文字、サービス種類 40 個まで）。".into(),
            Self::Twice(line) => format!("同じ事業所番号が {line} 行目にもあります。"),
            Self::TooMany => format!("一度に登録できるのは {OFFICES_AT_ONCE} 事業所までです。ファイルを分けてください。"),
            Self::More => "ほかにも誤りがあります。ここまでを直してから、もう一度実行してください。".into(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::TooLarge => "The file has more than 8 MiB; split it.".into(),
            Self::NotText => "This is no text; save it as CSV in UTF-8 or Shift_JIS.".into(),
            Self::Empty => "No office stands below the headings.".into(),
            Self::Heading(text) => format!("The heading {text:?} is not known; use number, name, kana, municipality, kinds, editions or regional, or remove the column."),
            Self::HeadingTwice => "This heading stands twice; keep one.".into(),
            Self::NoNumbers => "There is no heading `number`; the first line must have the headings.".into(),
            Self::Cells(found, expected) => format!("There are {found} cells under {expected} headings; make them as many."),
            Self::NoNumber(text) => format!("{text:?} is no office number: ten digits or capitals. See whether the spreadsheet dropped zeros at the beginning."),
            Self::NoKind(text) => format!("{text:?} is no service kind; write two characters such as 43."),
            Self::NoEdition(text) => format!("There is no edition {text:?}; it is one of 1, 2, 3, 4.0, 4.1."),
            Self::NoYes(text) => format!("{text:?} says neither yes nor no; write true for the door of a regional service, else false or nothing."),
            Self::Unfit => "It is empty, too long, or has line breaks, control or private-use characters (name 200 characters, kana and municipality 100, 40 kinds at most).".into(),
            Self::Twice(line) => format!("The same office number stands in line {line}."),
            Self::TooMany => format!("At most {OFFICES_AT_ONCE} offices are put on the roll at once; split the file."),
            Self::More => "There is more that is wrong; mend these and run it again.".into(),
        }
    }
}

#[cfg(test)]
mod tests;
