use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(name: &str, expected: Expect) {
    expected.assert_eq(&match recognise(name) {
        Recognised::Standard { name, slips } => {
            let month = name.month().map_or(String::new(), |month| format!(" {month}"));
            let branch = name.branch().map_or(String::new(), |branch| format!(" branch {branch}"));
            let (from, to, serial) = (name.sender(), name.recipient(), name.serial());
            let slips: Vec<&str> = slips.iter().map(|slip| slip.code().as_str()).collect();
            format!("{}{month} {from}→{to} {serial}{branch} form {} {}", name.kind(), name.form(), slips.join(" "))
                .trim_end()
                .to_owned()
        }
        Recognised::Attachment => "attachment".into(),
        Recognised::NearMiss(problem) => format!("{} {:?}", problem.code(), problem.fault),
    });
}

// Profile §2.1
#[test]
fn names_of_edition_4_1_say_kind_month_parties_and_serial() {
    check(
        "UPPLAN_202510_9970000011_43_9970000029_11_20250925173000.CSV",
        expect!["UPPLAN 202510 9970000011-43→9970000029-11 20250925173000 form 4.1"],
    );
    check(
        "UPKIHON_SUB1_9900000059_46_9970000067_63_20250912100000.CSV",
        expect!["UPKIHON_SUB1 9900000059-46→9970000067-63 20250912100000 form 4.1"],
    );
}

#[test]
fn names_of_edition_3_have_no_service_kinds_and_those_of_4_0_have_three_characters() {
    check(
        "UP1KYO_9970000011_9970000029_20230420090000.CSV",
        expect!["UP1KYO 9970000011→9970000029 20230420090000 form 3"],
    );
    check(
        "UPJSK_202504_9970000029_110_9970000011_430_20250501090000.CSV",
        expect!["UPJSK 202504 9970000029-110→9970000011-430 20250501090000 form 4.0"],
    );
}

#[test]
fn a_supplement_to_tables_1_to_3_is_named_with_six_zeros() {
    let name: FileName = "UPHOSOKU_000000_9970000011_43_9970000029_11_20250920101500.CSV".parse().unwrap();
    assert_eq!((name.named_month(), name.month()), (NamedMonth::Zero, None));
    check("UPPLAN_000000_9970000011_43_9970000029_11_20250920101500.CSV", expect!["F001 MonthUnknown"]);
}

#[test]
fn an_image_has_a_branch_number() {
    check(
        "UPKIHON_IMAGE_9900000059_46_9970000067_63_20250912100000_0001.JPG",
        expect!["UPKIHON_IMAGE 9900000059-46→9970000067-63 20250912100000 branch 1 form 4.1"],
    );
    check("UPKIHON_IMAGE_9900000059_46_9970000067_63_20250912100000.jpg", expect!["F001 Branch"]);
}

#[test]
fn slips_of_the_official_texts_are_read() {
    check(
        "UPKIHON_000000_9900000059_46_9970000067_63_20250912100000.CSV",
        expect!["UPKIHON 9900000059-46→9970000067-63 20250912100000 form 4.1 F003"],
    );
    check(
        "UPJSK_202510_9970000029_11_9970000011_43_20251101093000.csv",
        expect!["UPJSK 202510 9970000029-11→9970000011-43 20251101093000 form 4.1 F005"],
    );
}

#[test]
fn what_merely_begins_like_a_kind_is_an_attachment() {
    for name in [
        "UPPLAN201912_0300.PDF",
        "UPPLAN_202510_9970000011_43_9970000029_11_20250925173000.PDF",
        "利用者一覧.csv",
        "UPPLAN",
        "",
        ".CSV",
        "写真.jpg",
    ] {
        check(name, expect!["attachment"]);
    }
    // Names up to 1,024 bytes are looked at.
    check(&format!("UPPLAN_{}.CSV", "9".repeat(1013)), expect!["F001 MonthMissing"]);
    check(&format!("UPPLAN_{}.CSV", "9".repeat(1014)), expect!["attachment"]);
}

#[test]
fn near_misses_say_what_is_wrong() {
    check("UPIKYO_9970000011_9970000029_20191110102233.CSV", expect!["F001 KindSpelling"]);
    check("upplan_202510_9970000011_9970000029_20251110102233.csv", expect!["F001 KindSpelling"]);
    check("ＵＰＰＬＡＮ_202510_9970000011_9970000029_20251110102233.csv", expect!["F001 KindSpelling"]);
    check("UPJSK_202510_9970000029_11_9970000011_43_20251101093000 (1).CSV", expect!["F001 CopyMark"]);
    check("UPJSK_202510_9970000029_11_9970000011_43_20251101093000 - コピー.CSV", expect!["F001 CopyMark"]);
    check("UPJSK_9970000029_11_9970000011_43_20251101093000.CSV", expect!["F001 MonthMissing"]);
    check("UPJSK_202513_9970000029_11_9970000011_43_20251101093000.CSV", expect!["F001 MonthUnknown"]);
    check("UPJSK_202510_997000002_11_9970000011_43_20251101093000.CSV", expect!["F001 SenderOffice(9)"]);
    check("UPJSK_202510_9970000029_11_99700000110_43_20251101093000.CSV", expect!["F001 RecipientOffice(11)"]);
    check("UPJSK_202510_9970000029_11_9970000011_4_20251101093000.CSV", expect!["F001 Service"]);
    check("UPJSK_202510_9970000029_11_9970000011_430_20251101093000.CSV", expect!["F001 Forms"]);
    check("UPJSK_202510_9970000029_11_9970000011_20251101093000.CSV", expect!["F001 Shape"]);
    check("UPJSK_202510_9970000029_11_9970000011_43_2025110109300.CSV", expect!["F001 SerialShape(13)"]);
    check("UPJSK_202510_9970000029_11_9970000011_43_20251301093000.CSV", expect!["F004 SerialIsNoDate"]);
    check("UPJSK202510.CSV", expect!["F001 Shape"]);
    check("UPJSK_202510_9970000029_11_9970000011_43_20251101093000 - コヒ\u{309A}ー.CSV", expect!["F001 CopyMark"]);
    check("UPKIHON_IMAGE_9900000059_46_9970000067_63_20250912100000_0001.CSV", expect!["F001 PictureExtension"]);
}

#[test]
fn only_names_of_the_standard_are_made() {
    let care = Party::new("9970000011".parse().unwrap(), "43".parse().unwrap());
    let home = Party::edition3("9970000029".parse().unwrap());
    let serial: Serial = "20250925173000".parse().unwrap();
    let month = NamedMonth::Service("202510".parse().unwrap());
    let make = |kind, month, from, to| FileName::new(kind, month, from, to, serial).map(|name| name.to_string());
    assert_eq!(make(Kind::Table1, month, care, care), Err(CannotName::Month));
    assert_eq!(make(Kind::Results, NamedMonth::Zero, care, care), Err(CannotName::Month));
    assert_eq!(make(Kind::Results, month, care, home), Err(CannotName::Form));
    assert_eq!(make(Kind::Table3, NamedMonth::Absent, home, home), Err(CannotName::Kind));
    assert_eq!(make(Kind::PreventionBasicImage, NamedMonth::Absent, care, care), Err(CannotName::Branch));
    assert_eq!(FileName::image(care, care, serial, 0), Err(CannotName::Branch));
    assert_eq!(FileName::image(care, care, serial, 10_000), Err(CannotName::Branch));
    assert!(FileName::image(care, care, serial, 9_999).is_ok());
}

fn names() -> impl Strategy<Value = FileName> {
    let party = ("[0-9A-Z]{10}", proptest::option::of("[0-9A-Z]{2}"));
    (0..Kind::ALL.len(), party, "[0-9A-Z]{10}", 1u8..=12, 2000i16..2100, 1u16..10_000).prop_filter_map(
        "the kind needs edition 4",
        |(kind, (from, service), to, month, year, branch)| {
            let service = service.map(|kind| Service::Kind(kind.parse().unwrap()));
            let sender = Party { office: from.parse().unwrap(), service };
            let recipient = Party { office: to.parse().unwrap(), service };
            let serial = Serial::at(jiff::civil::date(year, 2, 3).at(4, 5, 6, 0));
            let named = NamedMonth::Service(ServiceMonth::new(year.unsigned_abs(), month).unwrap());
            match Kind::ALL[kind] {
                Kind::PreventionBasicImage => FileName::image(sender, recipient, serial, branch).ok(),
                kind if kind.has_month() => FileName::new(kind, named, sender, recipient, serial).ok(),
                kind => FileName::new(kind, NamedMonth::Absent, sender, recipient, serial).ok(),
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_can_be_read(name in names()) {
        let read = recognise(&name.to_string());
        prop_assert_eq!(read, Recognised::Standard { name, slips: vec![] });
    }

    #[test]
    fn any_text_is_something(name in "\\PC*") {
        let _ = recognise(&name);
    }

    #[test]
    fn a_spoilt_name_never_becomes_another_kind(name in names(), at in 0usize..90, with in "\\PC") {
        let mut text = name.to_string();
        let at = at.min(text.len());
        text.insert_str(at, &with);
        if let Some(read) = recognise(&text).standard() {
            prop_assert_eq!(read.kind(), name.kind());
        }
    }
}
