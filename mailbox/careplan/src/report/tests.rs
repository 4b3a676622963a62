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
          エラー M001 1行目 4列目「削除対象年月」: 実在する年月（YYYYMM）ではありません。 [202513]
              → 介護ソフトで該当の項目を直し、もう一度出力してください。
        標準仕様のファイル1件を確認しました。エラー 1件、警告 0件です。"]]
    .assert_eq(&report.lines(Lang::Ja).join("\n"));
    expect![[r"
        DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV  withdrawal of a use table  edition 4.1
          error M001 row 1, column 4 (削除対象年月, delete_month): It is not a month (YYYYMM). [202513]
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
          エラー M001 1行目 4列目「削除対象年月」: 実在する年月（YYYYMM）ではありません。 [202513]
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
fn a_page_escapes_what_comes_from_files() {
    let evil = "UPPLAN_<script>alert(1)</script>.CSV";
    let page = check(&[(evil, b"x".as_slice()), (NAME, b"202407,999903,<b>&\"'</b>,202510\r\n")]).page(Lang::Ja);
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
