//! How fast files are checked, with the ceiling beside it: cutting the same bytes into fields and nothing else.
//!
//! `cargo bench -p fumibako-careplan`

use divan::Bencher;
use divan::counter::BytesCount;
use fumibako_careplan::{Edition, Kind, Sheet, check_file, fields_in};

/// Large enough that neither caches nor the first rows decide.
const FILE_BYTES: usize = 16 << 20;

const USE_TABLE: &str = "UPPLAN_202510_9970000011_43_9970000029_11_20250925173000.CSV";
const ANNEX: &str = "UPSIKYU_202510_9970000011_43_9970000029_11_20250925173000.CSV";

fn main() {
    divan::main();
}

/// Rows for one person after the other until the file is large.
fn fill(kind: Kind, rows: impl Fn(&mut Sheet, &str)) -> Vec<u8> {
    let mut person = 0;
    let mut bytes = Vec::with_capacity(FILE_BYTES + 4096);
    while bytes.len() < FILE_BYTES {
        let Some(mut sheet) = Sheet::new(kind, Edition::FourthRevised) else { return bytes };
        rows(&mut sheet, &format!("{:010}", 9_900_000_000_u64 + person));
        bytes.extend(sheet.to_bytes());
        person += 1;
    }
    bytes
}

/// A month of home visits: 30 rows for each person.
fn use_table() -> Vec<u8> {
    fill(Kind::UseTable, |sheet, person| {
        for day in 1..=30 {
            let date = format!("202510{day:02}");
            let row = [
                ("insurer_no", "999903"),
                ("insured_no", person),
                ("created_on", "20250925"),
                ("target_month", "202510"),
                ("planner_office_no", "9970000011"),
                ("planner_name", "架空　花子"),
                ("units", "244"),
                ("service_date", &date),
                ("start_time", "1000"),
                ("end_time", "1030"),
                ("times", "1"),
                ("service_code", "111111"),
                ("provider_no", "9970000029"),
                ("provider_name", "ほしぞら訪問介護"),
                ("over_30_days", "0"),
                ("updated_by", "9970000011"),
            ];
            sheet.push(row).unwrap_or_else(|problem| unreachable!("{problem}"));
        }
    })
}

/// Units and costs: eight services and the grand total for each person.
fn annex() -> Vec<u8> {
    fill(Kind::UseTableAnnex, |sheet, person| {
        for row in 0..9 {
            let total = row == 8;
            let row = [
                ("insurer_no", "999903"),
                ("insured_no", person),
                ("created_on", "20250925"),
                ("target_month", "202510"),
                ("provider_name", if total { "" } else { "ほしぞら訪問介護" }),
                ("provider_no", if total { "9999999999" } else { "9970000029" }),
                ("service_code", if total { "999999" } else { "111111" }),
                ("units", "244"),
                ("times_or_days", "4"),
                ("service_units", "976"),
                ("managed_units", "976"),
                ("within_level_limit", "976"),
                ("unit_price", "10.00"),
                ("cost_total", "9760"),
                ("benefit_rate", "90"),
                ("insurer_pays", "8784"),
                ("user_pays", "976"),
                ("over_30_days", "0"),
                ("office_code", "9999999999"),
                ("updated_by", "9970000011"),
            ];
            sheet.push(row).unwrap_or_else(|problem| unreachable!("{problem}"));
        }
    })
}

#[divan::bench(args = [USE_TABLE, ANNEX])]
fn full_checks(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = if name == USE_TABLE { use_table() } else { annex() };
    assert!(check_file(name, &bytes).is_empty());
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| check_file(name, &bytes).len());
}

#[divan::bench(args = [USE_TABLE, ANNEX])]
fn ceiling_cutting_alone(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = if name == USE_TABLE { use_table() } else { annex() };
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| fields_in(&bytes));
}

/// The largest thing anyone may hand over.
const HOSTILE_BYTES: usize = 200_000_000;

/// Files made to hurt: nothing but one unclosed quote, commas, line breaks, broken characters, or broken rows.
#[divan::bench(args = ["unclosed quote", "commas", "quotes", "line breaks", "broken characters", "broken rows"], sample_count = 3)]
fn hostile(bencher: Bencher<'_, '_>, what: &str) {
    let piece: &[u8] = match what {
        "unclosed quote" => b"a",
        "commas" => b",",
        "quotes" => b"\"",
        "line breaks" => b"\n",
        "broken characters" => b"\xFF\x00",
        _ => b"202407,x,\xFF,,,\"\n\",,,,,,,,,,,,,,,,,,,\n",
    };
    let mut bytes = b"202407,\"".to_vec();
    bytes.extend(piece.iter().cycle().take(HOSTILE_BYTES));
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| check_file(USE_TABLE, &bytes).len());
}
