use std::collections::BTreeSet;

use expect_test::expect;

use super::*;
use crate::layout::{Codes, Form};
use crate::table::QuoteFault;
use crate::{Edition, Kind, NameForm, Recognised, Slip, UnitFault, recognise};

/// One of each, in the order of the codes.
fn faults() -> Vec<Fault> {
    let near_miss = |name| match recognise(name) {
        Recognised::NearMiss(problem) => Fault::Name(problem),
        other => panic!("{other:?}"),
    };
    let office = "9970000011".parse().unwrap();
    let month = "202510".parse().unwrap();
    vec![
        near_miss("UPJSK_202510_997000002_11_9970000011_43_20251101093000.CSV"),
        Fault::Slip(Slip::Month),
        near_miss("UPJSK_202510_9970000029_11_9970000011_43_20251301093000.CSV"),
        Fault::Slip(Slip::Extension),
        Fault::NotMs932,
        Fault::Utf16,
        Fault::PrivateUse,
        Fault::Utf8 { mark: true },
        Fault::Utf8 { mark: false },
        Fault::Control,
        Fault::Quotes(QuoteFault::Unclosed),
        Fault::Quotes(QuoteFault::AfterClosing),
        Fault::Quotes(QuoteFault::Inside),
        Fault::Columns { found: 24, expected: 25 },
        Fault::BlankLine,
        Fault::NoRecord,
        Fault::LineEnds,
        Fault::Header,
        Fault::Form(Form::Office),
        Fault::Unquoted,
        Fault::TooLong { longest: 6, found: 7 },
        Fault::Fixed { length: 10, found: 9 },
        Fault::Required,
        Fault::RequiredWhen { other: "相談方法" },
        Fault::RequiredUnsure,
        Fault::Date,
        Fault::Month,
        Fault::Time,
        Fault::Value(Codes::named("yes_no_10").unwrap()),
        Fault::MixedVersions,
        Fault::UnknownVersion,
        Fault::VersionMonth { edition: Edition::Third, month },
        Fault::VersionForm { edition: Edition::Third, form: NameForm::Edition41 },
        Fault::WrongVersion,
        Fault::NotInEdition { kind: Kind::Table3, edition: Edition::Third },
        Fault::LayoutUnknown(Edition::Second),
        Fault::MonthDiffers(month),
        Fault::SenderDiffers { sender: office, stated: true },
        Fault::SenderDiffers { sender: office, stated: false },
        Fault::Link,
        Fault::Duplicate { first: 3 },
        Fault::Equipment,
        Fault::NoTotal,
        Fault::DateOutside,
        Fault::NotServed(office),
        Fault::PlannerDiffers(office),
        Fault::Unit(UnitFault::Twice(Kind::Results)),
        Fault::NoPicture,
        Fault::NoSupplement,
        Fault::SupplementAlone,
        Fault::NoParent(Kind::Table1),
        Fault::NoParent(Kind::PreventionPlan),
        Fault::NotJpeg,
    ]
}

#[test]
fn every_code_is_found_by_something() {
    let found: BTreeSet<Code> = faults().iter().map(Fault::code).collect();
    assert_eq!(found, Code::ALL.iter().copied().collect());
}

#[test]
fn every_fault_is_told_in_both_languages_with_what_to_do() {
    for fault in faults() {
        let code = fault.code();
        let (ja, en) = (fault.sentence(Lang::Ja), fault.sentence(Lang::En));
        assert!(ja.ends_with('。') || code == Code::K001, "{code} {ja}");
        assert!(en.ends_with('.') || code == Code::K001, "{code} {en}");
        // The bare title would mean that the sentence was forgotten.
        assert!(ja != code.title(Lang::Ja) && en != code.title(Lang::En), "{code}");
        let (ja, en) = (fault.what_to_do(Lang::Ja), fault.what_to_do(Lang::En));
        assert!(ja.ends_with('。') && en.ends_with('.') && en.is_ascii(), "{code} {ja} {en}");
    }
}

#[test]
fn these_are_only_warnings() {
    let warnings: Vec<String> = faults()
        .iter()
        .filter(|fault| fault.severity() == Severity::Warning)
        .map(|fault| fault.code().to_string())
        .collect();
    expect!["F003 F005 N001 N002 Q001 R002 V003 V005 V007 X002 X009 X010"].assert_eq(&warnings.join(" "));
}

#[test]
fn a_finding_is_one_line_of_json() {
    let name = "DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV";
    let findings = crate::check_file(name, b"202407,999903,9900000011,202513\r\n");
    expect![[r#"
        {
          "code": "M001",
          "severity": "error",
          "file": "DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV",
          "row": 1,
          "column": {
            "number": 4,
            "id": "delete_month",
            "name": "削除対象年月"
          },
          "text": "202513",
          "more": 0,
          "sentence": {
            "ja": "実在する年月（YYYYMM）ではありません。",
            "en": "It is not a month (YYYYMM)."
          },
          "what_to_do": {
            "ja": "介護ソフトで該当の項目を直し、もう一度出力してください。",
            "en": "Correct the value in the care software and export again."
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&findings[0]).unwrap());
}
