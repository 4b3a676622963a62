use proptest::prelude::*;

use super::*;
use crate::{NamedMonth, Party, check_file};

/// Characters that make trouble: quotes, commas, line breaks, half-width kana, the extended sets.
const TEXT: &str = "[a-zA-Z0-9,\"\r\n \\\\~ｱ-ﾝぁ-んァ-ヶ一-三、。①-⑳Ⅰ-Ⅹ㈱髙﨑～∥－]{0,12}";

fn value(column: &Column) -> BoxedStrategy<String> {
    let longest = column.longest.unwrap_or(12);
    let plain = match column.form {
        Form::Version => return Just(String::new()).boxed(),
        Form::Text => TEXT.boxed(),
        Form::Digits => format!("[0-9]{{{longest}}}").boxed_regex(),
        Form::Insured => "(H|[0-9])[0-9]{9}".boxed_regex(),
        Form::Office => "[0-9A-Z]{10}".boxed_regex(),
        Form::Date => "20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])".boxed_regex(),
        Form::Month => "20[0-9]{2}(0[1-9]|1[0-2])".boxed_regex(),
        Form::Time => "([01][0-9]|2[0-3])[0-5][0-9]".boxed_regex(),
        Form::Int { .. } => format!("[1-9][0-9]{{0,{}}}", longest - 1).boxed_regex(),
        Form::Decimal => "[0-9]{1,3}(\\.[0-9]{1,2})?".boxed_regex(),
        Form::Code(codes) => proptest::sample::select(codes.values()).prop_map(str::to_owned).boxed(),
        Form::ServiceKind => "[0-9A-Z]{2}".boxed_regex(),
        Form::ServiceCode => "[0-9A-Z]{6}".boxed_regex(),
        Form::Ascii | Form::Unused => format!("[ -!#-+.-~]{{1,{longest}}}").boxed_regex(),
        Form::Postal => "[0-9]{3}-[0-9]{4}".boxed_regex(),
        Form::Phone => "[0-9-]{1,15}".boxed_regex(),
        Form::Days => "[01]{31}".boxed_regex(),
        Form::Image => "UPKIHON_IMAGE_[0-9]{10}_46_[0-9]{10}_63_20250912100000_000[1-9]\\.jpg".boxed_regex(),
    };
    if column.needed == Needed::No { prop_oneof![plain, Just(String::new())].boxed() } else { plain }
}

trait Regex {
    fn boxed_regex(self) -> BoxedStrategy<String>;
}

impl<T: AsRef<str>> Regex for T {
    fn boxed_regex(self) -> BoxedStrategy<String> {
        proptest::string::string_regex(self.as_ref()).unwrap().boxed()
    }
}

fn sheets() -> impl Strategy<Value = Sheet> {
    let editions = [Edition::Third, Edition::Fourth, Edition::FourthRevised];
    let kinds = Kind::ALL.into_iter().flat_map(move |kind| editions.map(|edition| (kind, edition)));
    let layouts: Vec<_> = kinds.filter(|(kind, edition)| Layout::of(*kind, *edition).is_some()).collect();
    proptest::sample::select(layouts).prop_flat_map(|(kind, edition)| {
        let columns = &Layout::of(kind, edition).unwrap().columns;
        let row = columns.iter().map(value).collect::<Vec<_>>();
        proptest::collection::vec(row, 1..5).prop_filter_map("a required text is empty", move |rows| {
            let mut sheet = Sheet::new(kind, edition).unwrap();
            for row in &rows {
                let values = columns.iter().map(|column| column.id).zip(row.iter().map(String::as_str));
                sheet.push(values.skip(1)).ok()?;
            }
            Some(sheet)
        })
    })
}

fn name(sheet: &Sheet) -> FileName {
    let service = |text: &str| match sheet.edition() {
        Edition::Fourth => Some(crate::Service::Code(format!("{text}0").parse().unwrap())),
        Edition::FourthRevised => Some(crate::Service::Kind(text.parse().unwrap())),
        _ => None,
    };
    let sender = Party { office: "9970000011".parse().unwrap(), service: service("43") };
    let recipient = Party { office: "9970000029".parse().unwrap(), service: service("11") };
    let october = NamedMonth::Service("202510".parse().unwrap());
    let month = if sheet.kind().has_month() { october } else { NamedMonth::Absent };
    FileName::new(sheet.kind(), month, sender, recipient, "20250925173000".parse().unwrap()).unwrap()
}

/// Codes about single values and rows, which a written file can never have.
fn is_about_values(code: Code) -> bool {
    matches!(code.as_str().as_bytes()[0], b'E' | b'C' | b'N' | b'Q' | b'L' | b'D' | b'M' | b'T' | b'K')
}

/// The rows as cut, without the checks that random values cannot pass.
fn cut(sheet: &Sheet, bytes: &[u8]) -> Vec<Vec<String>> {
    let mut rows = Rows::new(bytes);
    let mut read = Vec::new();
    while let Some(row) = rows.next_row() {
        assert_eq!(row.count, sheet.columns().len());
        read.push(row.fields.iter().map(|field| text(bytes, *field)).collect());
    }
    read
}

/// Where rows end, for cutting a file between two of them.
fn row_ends(bytes: &[u8]) -> Vec<usize> {
    let mut rows = Rows::new(bytes);
    let mut ends = vec![0];
    while rows.next_row().is_some() {
        ends.push(rows.at());
    }
    ends
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read_the_same(sheet in sheets()) {
        let bytes = sheet.to_bytes();
        prop_assert_eq!(&cut(&sheet, &bytes), &sheet.rows);
        let findings = check_file(&name(&sheet).to_string(), &bytes);
        let about_values: Vec<_> = findings.iter().filter(|finding| is_about_values(finding.code)).collect();
        prop_assert!(about_values.is_empty(), "{about_values:?}");
        if let Ok(read) = Sheet::read(&name(&sheet), &bytes) {
            prop_assert_eq!(&read, &sheet);
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn cutting_between_rows_changes_nothing_before_the_cut(sheet in sheets(), broken in any::<(usize, u8)>(), at in any::<usize>()) {
        let mut bytes = sheet.to_bytes();
        let end = bytes.len() - 2;
        bytes[broken.0 % end] = broken.1;
        let ends = row_ends(&bytes);
        let cut = ends[at % ends.len()];
        let rows = ends.iter().filter(|end| **end <= cut).count() as u64 - 1;
        let name = name(&sheet).to_string();
        // What is said of a row by itself; joins over the whole file may need the rest of it.
        let local = |bytes: &[u8]| {
            let findings = check_file(&name, bytes).into_iter();
            let local = findings.filter(|f| f.row.is_some_and(|row| row <= rows) && is_about_values(f.code));
            local.map(|f| (f.code, f.row, f.column)).collect::<Vec<_>>()
        };
        let utf8 = |bytes: &[u8]| check_file(&name, bytes).iter().any(|f| f.code == Code::E003);
        prop_assume!(!utf8(&bytes) && !utf8(&bytes[..cut]));
        prop_assert_eq!(local(&bytes), local(&bytes[..cut]));
    }

    #[test]
    fn any_bytes_give_findings_and_no_panic(
        kind in 0..Kind::ALL.len(),
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(&b"\",\r\n0129"[..])], 0..300),
    ) {
        let sheet = Sheet { kind: Kind::ALL[kind], edition: Edition::FourthRevised, rows: vec![] };
        if sheet.kind != Kind::PreventionBasicImage {
            let name = name(&sheet).to_string();
            let findings = check_file(&name, &bytes);
            prop_assert_eq!(findings, check_file(&name, &bytes));
        }
    }
}

#[test]
fn rows_that_no_one_could_read_are_not_written() {
    let mut sheet = Sheet::new(Kind::DeletePlan, Edition::FourthRevised).unwrap();
    let row = |date| [("insurer_no", "999903"), ("insured_no", "9900000011"), ("plan_date", date)];
    assert_eq!(sheet.push(row("")), Err(CannotWrite::Missing("plan_date")));
    assert_eq!(sheet.push(row("20250931")), Err(CannotWrite::Unfit("plan_date", Code::D001)));
    assert_eq!(sheet.push([("name", "x")]), Err(CannotWrite::NoSuchColumn("name".into())));
    let mut sheet = Sheet::new(Kind::PreventionBasicAnnex1, Edition::FourthRevised).unwrap();
    let key = [("insurer_no", "999903"), ("insured_no", "9900000011"), ("consulted_on", "20250910")];
    assert_eq!(sheet.push(key.into_iter().chain([("person", "𠮷野")])), Err(CannotWrite::Character("person")));
    assert!(Sheet::new(Kind::Table3, Edition::Third).is_none());
}

#[test]
fn a_file_with_an_error_is_not_read() {
    let name: FileName = "DLT1KYO_9970000011_43_9970000029_11_20251002120000.CSV".parse().unwrap();
    let sheet = Sheet::read(&name, b"202407,999903,9900000011,20250920\r\n").unwrap();
    assert_eq!((sheet.len(), sheet.value(0, "plan_date")), (1, Some("20250920")));
    assert_eq!(Sheet::read(&name, b"202407,999903,9900000011,20250931\r\n").unwrap_err().len(), 1);
    let headed = Sheet::read(&name, b"version,insurer,insured,date\r\n202407,999903,9900000011,20250920\r\n").unwrap();
    assert_eq!(headed, sheet);
}
