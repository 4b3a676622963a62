use expect_test::expect;

use super::*;
use crate::check;

const NAME: &str = "DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV";

fn report(name: &str, content: &str) -> Report {
    check(&[(name, crate::ms932::encode(content).unwrap())])
}

#[test]
fn lines_say_where_what_and_what_to_do() {
    let report = report(NAME, "202407,999903,9900000011,202513\r\n");
    expect![[r"
        DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV  第6表 予定の削除  第4.1版
          エラー M001 1行目 4列目「削除対象年月」: 実在する年月（YYYYMM）ではありません。（ファイルの値: 202513）
              → 介護ソフトで該当の項目を直し、もう一度出力してください。
        標準仕様のファイル1件を確認しました。エラー 1件、警告 0件です。"]]
    .assert_eq(&report.lines(Lang::Ja).join("\n"));
    expect![[r"
        DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV  withdrawal of a use table  edition 4.1
          error M001 row 1, column 4 (削除対象年月, delete_month): It is not a month (YYYYMM). (in the file: 202513)
              → Correct the value in the care software and export again.
        1 files of the standard checked: 1 errors, 0 warnings."]]
    .assert_eq(&report.lines(Lang::En).join("\n"));
}

#[test]
fn the_same_in_many_rows_is_told_once() {
    let rows = (0..40).map(|n| format!("202407,999903,{:010},202513\r\n", 9_900_000_000_u64 + n));
    let report = report(NAME, &rows.collect::<Vec<_>>().concat());
    assert_eq!(report.errors(), 40);
    expect![[r"
        DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV  第6表 予定の削除  第4.1版
          エラー M001 1行目 4列目「削除対象年月」: 実在する年月（YYYYMM）ではありません。（ファイルの値: 202513）
              → 介護ソフトで該当の項目を直し、もう一度出力してください。
              同じことが、ほかに39か所あります（2, 3, 4, 5, 6, 7, 8, 9, 10, 11…行目）。
        標準仕様のファイル1件を確認しました。エラー 40件、警告 0件です。"]]
    .assert_eq(&report.lines(Lang::Ja).join("\n"));
}

#[test]
fn warnings_count_only_when_asked() {
    let report = report(NAME, "202407,999903,9900000011,202510\n");
    assert_eq!((report.errors(), report.warnings()), (0, 1));
    assert!(report.holds(false) && !report.holds(true));
}

#[test]
fn folders_are_told_one_by_one_and_what_was_not_read_is_told_too() {
    let mut both = self::report(NAME, "202407,999903,9900000011,202513\r\n").within("10月");
    both.add(self::report(NAME, "202407,999903,9900000011,202510\r\n").within("11月"));
    assert!(!both.holds(false));
    let mut report = self::report(NAME, "202407,999903,9900000011,202510\r\n");
    assert!(report.holds(true));
    report.unchecked.push(Unchecked {
        folder: Private::default(),
        file: Private::new("old.zip"),
        reason: "nested",
        sentence: Both { ja: "ZIP の中の ZIP です。".into(), en: "It is a ZIP in a ZIP.".into() },
        what_to_do: Both { ja: "取り出してください。", en: "Take it out." },
    });
    assert!(!report.holds(false));
    both.add(report.within("12月"));
    expect![[r"
        ■ 10月
        DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV  第6表 予定の削除  第4.1版
          エラー M001 1行目 4列目「削除対象年月」: 実在する年月（YYYYMM）ではありません。（ファイルの値: 202513）
              → 介護ソフトで該当の項目を直し、もう一度出力してください。
        ■ 11月
        DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV  第6表 予定の削除  第4.1版
          問題はありません
        ■ 12月
        DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV  第6表 予定の削除  第4.1版
          問題はありません
        old.zip
          確認できません: ZIP の中の ZIP です。
              → 取り出してください。
        標準仕様のファイル3件を確認しました。エラー 1件、警告 0件です。確認できなかったファイルが 1件あります。"]]
    .assert_eq(&both.lines(Lang::Ja).join("\n"));
    let page = both.page(Lang::En, "2026-11-20 <b>");
    assert!(page.contains("2026-11-20 &lt;b&gt;") && page.contains("<h2>11月</h2>") && page.contains("Take it out."));
}

#[test]
fn json_names_every_member_that_is_promised() {
    let mut report = report(NAME, "202407,999903,9900000011,202513\r\n");
    let json = serde_json::to_value(&report).unwrap();
    let members = |value: &serde_json::Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    expect!["errors files findings unchecked v warnings"].assert_eq(&members(&json));
    expect!["bytes edition file kind rows what"].assert_eq(&members(&json["files"][0]));
    expect!["code column file more row sentence severity text what_to_do"].assert_eq(&members(&json["findings"][0]));
    report = report.within("10月");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["files"][0]["folder"], &json["findings"][0]["folder"]), (&"10月".into(), &"10月".into()));
}

#[test]
fn nothing_of_the_standard_is_not_called_good() {
    let none = check(&[("memo.pdf", b"x".as_slice())]);
    assert_eq!(none.summary(Lang::Ja), "標準仕様のファイルは見つかりませんでした。");
    assert_eq!(Report::default().summary(Lang::En), "No file of the standard was found.");
}

#[test]
fn a_page_escapes_what_comes_from_files() {
    let evil = "UPPLAN_<script>alert(1)</script>.CSV";
    let page =
        check(&[(evil, b"x".as_slice()), (NAME, b"202407,999903,<b>&\"'</b>,202510\r\n")]).page(Lang::Ja, "2026-11-20");
    assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn findings_do_not_print_care_data() {
    let report = report("UPPLAN 春野さくら.CSV", "春野");
    let printed = format!("{report:?}");
    assert!(!printed.contains("春野"), "{printed}");
    let report = self::report(NAME, "202407,999903,春野さくら,202510\r\n");
    assert_eq!(report.findings[0].text.as_ref().map(Private::show), Some("春野さくら"));
    let printed = format!("{report:?}");
    assert!(!printed.contains("春野"), "{printed}");
    assert_eq!(report.findings[0].clone().without_care_data().text, None);
}
