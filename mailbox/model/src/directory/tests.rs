use super::*;

const OFFICES: [Indexed<'_>; 4] = [
    Indexed {
        number: "9970000011",
        name: "ひまわり訪問介護 ABC",
        kana: "ﾋﾏﾜﾘﾎｳﾓﾝｶｲｺﾞ",
        municipality: "見本市",
        kinds: r#"["11","43"]"#,
    },
    Indexed {
        number: "9970000029", name: "さくらデイ・サービス", kana: "", municipality: "見本市", kinds: "[]"
    },
    Indexed {
        number: "99700000A7", name: "100%_かえで", kana: "カエデ", municipality: "架空町", kinds: r#"["15"]"#
    },
    Indexed {
        number: "9970000045", name: "見本の里", kana: "ミホンノサト", municipality: "", kinds: r#"["43"]"#
    },
];

#[track_caller]
fn found(q: &str, municipality: &str, kind: &str) -> Vec<&'static str> {
    let search = Search { q: q.into(), municipality: municipality.into(), kind: kind.into(), ..Search::default() };
    let (found, more) = Directory::of(OFFICES).find(&search.sought().unwrap());
    assert!(!more);
    let ends = |number: OfficeNumber| OFFICES.into_iter().find(|one| one.number == number.as_str()).unwrap().number;
    found.into_iter().map(|number| &ends(number)[8..]).collect()
}

// Profile §17.4
#[test]
fn an_office_is_found_however_it_is_written() {
    for q in [
        "ひまわり",
        "ヒマワリ",
        "ﾋﾏﾜﾘ",
        "ほうもん",
        "ﾎｳﾓﾝｶｲｺﾞ",
        "ホウモン　かいご",
        "abc 訪問",
        "ＡＢＣ",
        "9970000011",
        "９９７００００01",
        "訪問 見本",
    ] {
        assert!(found(q, "", "").contains(&"11"), "{q}");
    }
    assert_eq!(found("ﾃﾞｲｻ-ﾋﾞｽ", "", ""), ["29"]);
    assert_eq!(found("99700000a", "", ""), ["A7"]);
    assert_eq!(found("かえで 架空", "", ""), ["A7"]);
    // Another word than those of the office, or the middle of a number, finds nothing.
    for q in ["楓", "70000011", "ひまわり さくら", "99700000111"] {
        assert_eq!(found(q, "", ""), [""; 0], "{q}");
    }
}

// Profile §17.4
#[test]
fn what_is_asked_for_besides_must_match_too() {
    assert_eq!(found("", "見本", ""), ["11", "29"]);
    assert_eq!(found("", "", "43"), ["11", "45"]);
    assert_eq!(found("見本", "", "43"), ["11", "45"]);
    assert_eq!(found("見本", "見本市", "43"), ["11"]);
    assert_eq!(found("見本", "", "14"), [""; 0]);
}

// Profile §17.4
#[test]
fn no_letter_means_anything_but_itself() {
    assert_eq!(found("100%_", "", ""), ["A7"]);
    for q in ["%", "_"] {
        assert_eq!(found(q, "", ""), ["A7"], "{q}");
    }
    for q in ["*", "'", "\"", "\\", "[", ".", "^", "43"] {
        assert_eq!(found(q, "", ""), [""; 0], "{q}");
    }
    // What cannot be seen is no letter, nor does it reach from one office into the next.
    for q in ["\0見\u{1e}本\u{1f}の里", "見\u{200B}本の里"] {
        assert_eq!(found(q, "", ""), ["45"], "{q:?}");
    }
}

// Profile §17.5
#[test]
fn a_search_asks_for_something_and_not_for_too_much() {
    let asks =
        |q: &str, kind: &str| Search { q: q.into(), kind: kind.into(), ..Search::default() }.sought().map(|_| ());
    let unfit = Err(Refusal::ValueUnfit);
    let why = |asked: Result<(), Refused>| asked.map_err(|refused| refused.why);
    assert_eq!(why(asks(&"あ".repeat(SEARCHED_CHARACTERS), "")), Ok(()));
    assert_eq!(why(asks(&"あ".repeat(SEARCHED_CHARACTERS + 1), "")), unfit);
    for nothing in ["", "　 ", "\0", "・", "\u{200B}"] {
        assert_eq!(why(asks(nothing, "")), unfit, "{nothing:?}");
    }
    assert_eq!((why(asks("", "4a")), why(asks("", "432")), why(asks("", "訪問"))), (Ok(()), unfit, unfit));
}

// Profile §17.5
#[test]
fn offices_are_asked_about_by_number_and_nothing_else_with_it() {
    let asks = |numbers: &str, q: &str| {
        let sought = Search { numbers: numbers.into(), q: q.into(), ..Search::default() }.sought();
        sought.map(|sought| Directory::of(OFFICES).find(&sought).0.len()).map_err(|refused| refused.why)
    };
    assert_eq!(asks("9970000029,9970000011,9970000029", ""), Ok(2));
    let many = |count: usize| (0..count).map(|n| format!("99{n:08}")).collect::<Vec<_>>().join(",");
    assert_eq!(asks(&many(FOUND), ""), Ok(FOUND));
    for (numbers, q) in [(many(FOUND + 1).as_str(), ""), ("997000001", ""), ("9970000011,", ""), ("9970000011", "見本")]
    {
        assert_eq!(asks(numbers, q), Err(Refusal::ValueUnfit), "{numbers}");
    }
}

// Profile §17.5
#[test]
fn of_many_offices_the_first_are_told_and_that_there_are_more() {
    let numbers: Vec<String> = (0..=FOUND).map(|n| format!("99{n:08}")).collect();
    let many = |count: usize| {
        let office = |number: &'static str| Indexed { number, name: "見本", kana: "", municipality: "", kinds: "[]" };
        let numbers = numbers.iter().take(count).map(|number| &*number.clone().leak());
        let sought = Search { q: "見本".into(), ..Search::default() }.sought().unwrap();
        let (found, more) = Directory::of(numbers.map(office)).find(&sought);
        (found.len(), more)
    };
    assert_eq!(many(FOUND), (FOUND, false));
    assert_eq!(many(FOUND + 1), (FOUND, true));
}

// Profile §17.1
#[test]
fn a_description_is_short_and_hides_nothing() {
    let number = "9970000011".parse().unwrap();
    let sound = |change: &dyn Fn(&mut Description)| {
        let mut description = Description::of(number);
        change(&mut description);
        description.sound().is_ok()
    };
    let name = |text: String| sound(&|one| one.name = Some(text.clone()));
    let kana = |text: String| sound(&|one| one.kana = Some(text.clone()));
    assert!(name("あ".repeat(OFFICE_NAME_CHARACTERS)) && !name("あ".repeat(OFFICE_NAME_CHARACTERS + 1)));
    assert!(kana("ア".repeat(DETAIL_CHARACTERS)) && !kana("ア".repeat(DETAIL_CHARACTERS + 1)));
    assert!(!name("　".into()) && kana(String::new()));
    for bad in ["a\nb", "a\0b", "a\u{1e}b", "a\u{202E}b", "a\u{200B}b", "a\u{E000}b"] {
        assert!(!name(bad.into()) && !kana(bad.into()), "{bad:?}");
    }
    let kinds =
        |count: usize| (0..count).map(|n| format!("{n:02}").parse().unwrap()).collect::<BTreeSet<ServiceKind>>();
    assert!(sound(&|one| one.kinds = Some(kinds(KINDS))) && !sound(&|one| one.kinds = Some(kinds(KINDS + 1))));
}

// Profile §17.1, §17.10
#[test]
fn what_is_not_given_stays_as_it_is() {
    let details = Details { kana: "ヒマワリ".into(), ..Details::default() };
    let mut description = Description::of("9970000011".parse().unwrap());
    assert_eq!(description.changes("ひまわり", &details), [""; 0]);
    description.kana = Some(String::new());
    description.name = Some("ひまわり".into());
    description.editions = Some([Edition::FourthRevised].into());
    assert_eq!(description.changes("ひまわり", &details), ["kana", "editions"]);
    description.regional = Some(false);
    assert_eq!(description.changes("ひまわり", &details), ["kana", "editions"]);
    description.regional = None;
    let text = serde_json::to_string(&description).unwrap();
    assert_eq!(text, r#"{"number":"9970000011","name":"ひまわり","kana":"","editions":["4.1"]}"#);
    assert_eq!(serde_json::from_str::<Description>(&text).unwrap(), description);
}
