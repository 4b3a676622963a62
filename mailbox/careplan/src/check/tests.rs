mod one_defect;

use expect_test::{Expect, expect};

use super::*;

fn codes(findings: &[Finding]) -> String {
    let said = findings.iter().map(|one| match (one.row, one.column) {
        (Some(row), Some(place)) => format!("{}@{row}:{}", one.code, place.number),
        (Some(row), None) => format!("{}@{row}", one.code),
        _ => one.code.to_string(),
    });
    said.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_one(name: &str, content: &str, expected: Expect) {
    let bytes = crate::ms932::encode(content).unwrap();
    expected.assert_eq(&codes(&check_file(name, &bytes)));
}

const DELETE: &str = "DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV";
const DELETE_V3: &str = "DLTPLAN_202412_9970000011_9970000029_20241202120100.CSV";

#[test]
fn the_version_must_agree_with_name_and_month() {
    check_one(DELETE, "202407,999903,9900000011,202510\r\n", expect![[""]]);
    check_one(DELETE, "202410,999903,9900000011,202510\r\n", expect!["V005@1:1"]);
    check_one(DELETE, "202208,999903,9900000011,202510\r\n", expect!["V003@1:1 V004@1:1"]);
    check_one(DELETE, "209901,999903,9900000011,202510\r\n", expect!["V002@1:1"]);
    check_one(DELETE, ",999903,9900000011,202510\r\n", expect!["R001@1:1"]);
    check_one(DELETE_V3, "202208,999903,9900000011,202412\r\n", expect![[""]]);
    check_one(DELETE_V3, "202003,999903,9900000011,202412\r\n", expect!["V003@1:1 V007@1:1"]);
    let mixed = "202407,999903,9900000011,202510\r\n202208,999903,9900000029,202510\r\n";
    check_one(DELETE, mixed, expect!["V001@2:1"]);
    let late = ",999903,9900000011,202510\r\n202407,999903,9900000029,202510\r\n";
    check_one(DELETE, late, expect!["R001@1:1"]);
}

#[test]
fn headings_blank_lines_and_line_ends_are_noticed() {
    let row = "202407,999903,9900000011,202510";
    check_one(DELETE, &format!("CSVバージョン,保険者番号,被保険者番号,削除対象年月\r\n{row}\r\n"), expect!["N002@1"]);
    check_one(DELETE, &format!("{row}\r\n\r\n"), expect!["C002@2"]);
    check_one(DELETE, "\r\n", expect!["C003"]);
    check_one(DELETE, &format!("{row}\r"), expect!["N001@1"]);
    check_one(DELETE, row, expect![[""]]);
    check_one(DELETE, &format!("{row},\r\n"), expect!["C002@1"]);
}

#[test]
fn quotes_around_plain_columns_are_nobodys_business() {
    check_one(DELETE, "\"202407\",\"999903\",\"9900000011\",\"202510\"\r\n", expect![[""]]);
    check_one(DELETE, "202407,999903,\"9900000011\"x,202510\r\n", expect!["C001@1:3"]);
    check_one(DELETE, "202407,999903,99\"00000011,202510\r\n", expect!["C001@1:3"]);
}

#[test]
fn other_encodings_are_named_once() {
    let name = "UPYOBO_9900000059_46_9970000067_63_20250916100000.CSV";
    let row = "202407,999903,9900000045,20250915,1,,,\"予防　一郎\",";
    let row = format!("{row}{}\r\n", ",".repeat(48));
    assert_eq!(codes(&check_file(name, row.as_bytes())), "E003");
    assert_eq!(codes(&check_file(name, format!("\u{FEFF}{row}").as_bytes())), "E003");
    let wide: Vec<u8> = row.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(codes(&check_file(name, &[&[0xFF, 0xFE], &wide[..]].concat())), "E001");
    assert_eq!(codes(&check_file(name, &crate::ms932::encode(&row).unwrap())), "");
}

#[test]
fn a_serial_that_is_no_date_does_not_hide_what_is_inside() {
    let name = "DLTPLAN_202510_9970000011_43_9970000029_11_20251302120100.CSV";
    check_one(name, "202407,999903,9900000011,202511\r\n", expect!["F004 X001@1:4"]);
}

#[test]
fn an_attachment_has_no_findings() {
    check_one("UPPLAN202510.pdf", "anything", expect![[""]]);
    check_one("利用者一覧.csv", "anything", expect![[""]]);
}

#[test]
fn equipment_needs_one_of_its_two_codes() {
    let name = "UPJSK_202510_9970000045_17_9970000011_43_20251101100000.CSV";
    let row = |code: &str, tais: &str, notice: &str| {
        format!(
            "202407,999903,9900000011,20251101,202510,9970000011,\"\",300,,20251001,,9999,9999,1,{code},{tais},{notice},\"\",,9970000045,\"\",,0,,\r\n"
        )
    };
    check_one(name, &row("171007", "", ""), expect!["X006@1:16"]);
    check_one(name, &row("671007", "", ""), expect!["X006@1:16"]);
    check_one(name, &row("171007", "00001-000010", ""), expect![[""]]);
    check_one(name, &row("171007", "", "00001-000010"), expect![[""]]);
    check_one(name, &row("178000", "", ""), expect![[""]]);
    check_one(name, &row("111111", "", ""), expect![[""]]);
}

#[test]
fn every_person_of_table_7_has_a_grand_total() {
    let name = "UPSIKYU_202510_9970000011_43_9970000029_11_20250920101500.CSV";
    let row = |person: &str, office: &str, code: &str| {
        format!("202407,999903,{person},20251001,202510,\"\",{office},,{code},,,\"\",0,,,0,,,,,,,,,,,,,,,,,0,,,,\r\n")
    };
    let both = row("9900000011", "9970000029", "111111") + &row("9900000011", "9999999999", "999999");
    check_one(name, &both, expect![[""]]);
    let second = both.clone() + &row("9900000029", "9970000029", "111111");
    check_one(name, &second, expect!["X007@3:9"]);
    let elsewhere = row("9900000011", "9970000029", "999999");
    check_one(name, &elsewhere, expect!["X007@1:9"]);
}

#[test]
fn results_go_to_the_planner() {
    let name = "UPJSK_202510_9970000029_11_9970000037_43_20251101093000.CSV";
    let row = "202407,999903,9900000011,20251101,202510,9970000011,\"\",244,,20251006,,1005,1035,1,111111,,,\"\",,9970000029,\"\",,0,,\r\n";
    check_one(name, row, expect!["X010@1:6"]);
    let without = row.replace("202510,9970000011,", "202510,,");
    check_one(name, &without, expect!["R002@1:6"]);
}

fn unit(files: &[(&str, &str)]) -> String {
    let files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, content)| (*name, crate::ms932::encode(content).unwrap())).collect();
    codes(&check_unit(&files))
}

const BASIC: &str = "UPKIHON_SUB1_9900000059_46_9970000067_63_20250912100000.CSV";

#[test]
fn a_complete_unit_is_asked_for_once_the_files_hold() {
    let row = "202407,999903,9900000045,20250910,\"\",\"\",\"\"\r\n";
    assert_eq!(unit(&[(BASIC, row)]), "B001");
    assert_eq!(unit(&[(BASIC, "")]), "C003");
    let misnamed = "UPKIHON_9900000059_46_9970000067_63_2025091210000.CSV";
    assert_eq!(unit(&[(BASIC, row), (misnamed, "")]), "F001");
}

#[test]
fn annexes_belong_to_a_plan() {
    let plan = "UPYOBO_9900000059_46_9970000067_63_20250916100000.CSV";
    let annex = "UPYOBO_SUB_9900000059_46_9970000067_63_20250916100000.CSV";
    let plan_row = format!("202407,999903,9900000045,20250915,1,,,\"予防\",{}\r\n", ",".repeat(48));
    let annex_row = |date: &str| format!("202407,999903,9900000045,{date},1,,,,,1,,,,1,,,\r\n");
    assert_eq!(unit(&[(plan, &plan_row), (annex, &annex_row("20250915"))]), "");
    assert_eq!(unit(&[(plan, &plan_row), (annex, &annex_row("20250914"))]), "B003@1:4");
}

#[test]
fn numbers_collide_even_when_written_with_zeros() {
    let annex = "UPYOBO_SUB_9900000059_46_9970000067_63_20250916100000.CSV";
    let row = |number: &str| format!("202407,999903,9900000045,20250915,{number},,,,,,,,,,,,\r\n");
    check_one(annex, &(row("1") + &row("01")), expect!["X004@2"]);
    check_one(annex, &(row("1") + &row("2")), expect![[""]]);
    check_one(annex, &(row("") + &row("")), expect![[""]]);
}
