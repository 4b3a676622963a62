use super::*;

#[track_caller]
fn good(text: &[u8]) -> Vec<Description> {
    read(text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[track_caller]
fn wrong(text: &[u8]) -> Vec<(u64, Why)> {
    let faults = read(text).expect_err("it is wrong");
    assert!(faults.iter().all(|fault| [Lang::Ja, Lang::En].iter().all(|lang| !fault.why.words(*lang).is_empty())));
    faults.into_iter().map(|fault| (fault.line, fault.why)).collect()
}

const JAPANESE: &str = "事業所番号,事業所名,ﾌﾘｶﾞﾅ,市区町村,サービス種類,対応版\r\n\
    9970000011,\"見本, 居宅\",ｷｮﾀｸ,見本市,43・46,4.1\r\n\
    ９９７００００029,さくら,,,,\r\n,,,,,\r\n";

// Profile §17.3
#[test]
fn a_list_is_read_as_spreadsheets_write_it() {
    let offices = good(JAPANESE.as_bytes());
    assert_eq!(good(format!("\u{FEFF}{JAPANESE}").as_bytes()), offices);
    let ms932 = include_bytes!("offices-ms932.csv");
    assert_eq!(good(ms932), offices);
    assert_eq!(offices.len(), 2);
    let first = &offices[0];
    assert_eq!((first.number.as_str(), first.name.as_deref()), ("9970000011", Some("見本, 居宅")));
    assert_eq!(first.kinds, Some(["43".parse().unwrap(), "46".parse().unwrap()].into()));
    assert_eq!(first.editions, Some([Edition::FourthRevised].into()));
    // An empty cell empties what was said.
    assert_eq!((offices[1].kana.as_deref(), offices[1].kinds.clone()), (Some(""), Some(BTreeSet::new())));
}

// Profile §17.3, §17.10
#[test]
fn the_door_of_a_regional_service_is_ticked() {
    let list = |cell: &str| format!("事業所番号,地域連携\n9970000011,{cell}\n");
    for (cells, yes) in [
        (["true", "TRUE", "１", "○", "〇", " はい "].as_slice(), true),
        (["", "false", "０", "×", "いいえ"].as_slice(), false),
    ] {
        for cell in cells {
            assert_eq!(good(list(cell).as_bytes())[0].regional, Some(yes), "{cell}");
        }
    }
    assert_eq!(wrong(list("たぶん").as_bytes()), [(2, Why::NoYes("たぶん".into()))]);
    assert_eq!(good(b"number,regional\n9970000011,yes\n")[0].regional, Some(true));
    assert_eq!(good(JAPANESE.as_bytes())[0].regional, None, "without the column it stays as it is");
}

// Profile §17.3
#[test]
fn a_column_that_is_not_there_says_nothing() {
    let offices = good("Municipality,Office Number\n見,9970000011,,\n".as_bytes());
    assert_eq!(
        offices,
        [Description { municipality: Some("見".into()), ..Description::of("9970000011".parse().unwrap()) }]
    );
}

// Profile §17.3
#[test]
fn every_line_that_is_wrong_is_named_with_the_reason() {
    let text = "number,name,kinds,editions\n\
                170000011,a,,\n\
                9970000011,  ,4,5\n\
                9970000029,\"b\nc\",,\n\
                9970000037,d\n\
                9970000045,e,,,x\n\
                9970000053,f,,\n\
                9970000053,g,,\n";
    assert_eq!(
        wrong(text.as_bytes()),
        [
            (2, Why::NoNumber("170000011".into())),
            (3, Why::Unfit),
            (3, Why::NoKind("4".into())),
            (3, Why::NoEdition("5".into())),
            (4, Why::Unfit),
            (6, Why::Cells(2, 4)),
            (7, Why::Cells(5, 4)),
            (9, Why::Twice(8)),
        ]
    );
}

// Profile §17.3
#[test]
fn headings_are_known_and_stand_once() {
    assert_eq!(wrong(b"number,phone\n9970000011,1\n"), [(1, Why::Heading("phone".into()))]);
    assert_eq!(wrong(b"name\na\n"), [(1, Why::NoNumbers)]);
    assert_eq!(wrong("番号,number\n".as_bytes()), [(1, Why::HeadingTwice)]);
    assert_eq!(wrong(b"9970000011,a\n").len(), 2);
    assert_eq!((wrong(b""), wrong(b"\n,,\n")), (vec![(1, Why::Empty)], vec![(1, Why::Empty)]));
    assert_eq!(wrong(b"number,name\n"), [(2, Why::Empty)]);
}

// Profile §17.3
#[test]
fn what_no_spreadsheet_wrote_is_refused_and_steers_no_terminal() {
    for text in [&b"\xFF\xFEn\0u\0"[..], b"number\n9970000011\xFF", b"PK\x03\x04\xFF"] {
        assert_eq!(wrong(text).last().map(|(_, why)| why.clone()), Some(Why::NotText), "{text:?}");
    }
    assert_eq!(wrong(b"number\n\x1b[2J\0\n"), [(2, Why::NoNumber("\u{FFFD}[2J\u{FFFD}".into()))]);
    // Quotes that never end swallow the rest, and that is no name.
    let open = format!("number,name\n9970000011,\"{}", "x\n".repeat(1_000_000));
    assert_eq!(wrong(open.as_bytes()), [(2, Why::Unfit)]);
    let large = usize::try_from(FILE_BYTES).unwrap() + 1;
    assert_eq!(wrong(&vec![b','; large]), [(1, Why::TooLarge)]);
    assert_eq!(wrong(&vec![b','; large - 1]), [(1, Why::Empty)]);
    assert_eq!(wrong(&vec![b'\"'; large - 1]).len(), 1);
}

// Profile §17.3
#[test]
fn a_list_is_not_longer_than_the_roll_takes_at_once() {
    let list = |count: usize| (0..count).fold("number\n".to_owned(), |list, n| format!("{list}99{n:08}\n"));
    let most = list(OFFICES_AT_ONCE);
    assert_eq!(good(most.as_bytes()).len(), OFFICES_AT_ONCE);
    let over = format!("{most}9999999999\n");
    assert_eq!(wrong(over.as_bytes()), [(OFFICES_AT_ONCE as u64 + 2, Why::TooMany)]);
    let bad = "number\n".to_owned() + &"x\n".repeat(FAULTS + 5);
    let faults = wrong(bad.as_bytes());
    assert_eq!((faults.len(), faults.last().unwrap()), (FAULTS + 1, &(FAULTS as u64 + 2, Why::More)));
}
