//! `check` and the files that `send` leaves out.

use std::path::{Path, PathBuf};

use crate::house::{A, B, House, type_in};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/samples").join(name)
}

fn check(name: &str, words: &[&str]) -> crate::house::Ran {
    let folder = sample(name);
    let all = ["check", folder.to_str().unwrap()].into_iter().chain(words.iter().copied());
    type_in(Path::new("/no/settings/needed"), all)
}

/// Profile §2.8: what was checked is said, also when nothing is wrong.
#[test]
fn good_files_are_good_in_every_format() {
    let ran = check("valid/v41-plan-two-persons", &[]).ended(0).says("4件を確認しました。問題はありません。");
    let kinds: Vec<_> = ran.objects().iter().map(|object| object["record"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["file", "file", "file", "file", "summary"]);
    let ran = check("valid/v41-plan-two-persons", &["--format", "json"]).ended(0);
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&object["v"], &object["errors"], &object["warnings"]), (&1.into(), &0.into(), &0.into()));
    assert_eq!((object["files"].as_array().unwrap().len(), &object["findings"]), (4, &serde_json::json!([])));
    let ran = check("valid/v41-plan-two-persons", &["--format", "text", "-q"]).ended(0);
    assert!(
        ran.out.ends_with("標準仕様のファイル4件を確認しました。問題はありません。\n") && ran.err.is_empty(),
        "{ran:#?}"
    );
}

#[test]
fn every_finding_is_told_with_its_place_and_what_to_do() {
    let ran = check("broken/unknown-code", &[]).ended(65);
    let finding = ran.objects().into_iter().find(|object| object["record"] == "finding").unwrap();
    assert_eq!((&finding["v"], &finding["code"], &finding["severity"]), (&1.into(), &"K001".into(), &"error".into()));
    assert_eq!((&finding["row"], &finding["column"]["number"]), (&4.into(), &23.into()));
    check("broken/unknown-code", &["--format", "text"])
        .ended(65)
        .says("エラー K001 ")
        .says("行目")
        .says("→ 介護ソフトで");
    check("broken/unknown-code", &["--format", "text", "--lang", "en"]).ended(65).says("error K001 ");
    check("broken/table3-missing", &[]).ended(65).says("B001");
}

/// Profile §2.5: a warning is no error, unless the user says so.
#[test]
fn strict_counts_warnings() {
    check("wild/line-feed-only", &[]).ended(0).says("警告 1件");
    check("wild/line-feed-only", &["--strict"]).ended(65).says("--strict");
    check("valid/v41-plan-two-persons", &["--strict"]).ended(0);
}

#[test]
fn what_is_not_there_is_told_apart_from_what_is_wrong() {
    check("nowhere", &[]).ended(66).says("見つかりません");
    let ran = check("nowhere", &["--format", "json"]).ended(66);
    assert_eq!(ran.out, "", "no object, rather than one that says all is well");
    check("valid/*.txt", &[]).ended(66).says("*.txt が見つかりません");
    let empty = tempfile::tempdir().unwrap();
    type_in(Path::new("/no"), ["check", empty.path().to_str().unwrap()]).ended(66).says("確認するファイルがありません");
    std::fs::write(empty.path().join("memo.pdf"), "x").unwrap();
    let ran = type_in(Path::new("/no"), ["check", empty.path().to_str().unwrap()]);
    ran.ended(0).says("標準仕様のファイルは見つかりませんでした");
}

#[test]
fn what_could_not_be_checked_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.zip"), "no ZIP").unwrap();
    let words = ["check", folder.path().to_str().unwrap()];
    let ran = type_in(Path::new("/no"), words).ended(65).says("確認できなかったファイルが 1件あります");
    let told = &ran.objects()[0];
    assert_eq!((&told["record"], &told["reason"]), (&"unchecked".into(), &"not-a-zip".into()));
    type_in(Path::new("/no"), words.into_iter().chain(["--format", "text"])).ended(65).says("ZIP を作り直すか");
}

#[test]
fn the_page_is_written_once_and_says_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("結果.html");
    let words = ["--report", page.to_str().unwrap()];
    check("broken/unknown-code", &words).ended(65).says("結果.html に書き出しました");
    let first = std::fs::read_to_string(&page).unwrap();
    assert!(first.contains("<html lang=\"ja\">") && first.contains("K001") && first.contains("Fumibako"));
    check("valid/v41-plan-two-persons", &words).ended(73).says("上書きしていません");
    assert_eq!(std::fs::read_to_string(&page).unwrap(), first);
    check("valid/v41-plan-two-persons", &[&words[..], &["--overwrite", "--lang", "en"]].concat()).ended(0);
    assert!(std::fs::read_to_string(&page).unwrap().contains("<html lang=\"en\">"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half-written is left");
    check("valid/v41-plan-two-persons", &["--report", "/nowhere/at/all.html"]).ended(73).says("書き込めません");
    check("valid/v41-plan-two-persons", &["--overwrite"]).ended(2);
}

/// The sample bundle with one code that no table has.
fn faulty(house: &House) -> PathBuf {
    let folder = house.sample();
    let table = folder.join("UP1KYO_9970000011_43_9970000029_11_20250920101600.CSV");
    let text = std::fs::read(&table).unwrap();
    let version = b"202407".as_slice();
    assert!(text.starts_with(version));
    std::fs::write(&table, [b"999999", &text[version.len()..]].concat()).unwrap();
    folder
}

/// Profile §2.6: 「このまま送る」
#[test]
fn what_has_errors_is_not_sent_unless_the_user_says_so() {
    let house = House::new();
    let folder = faulty(&house);
    let folder = folder.to_str().unwrap();
    let told = type_in(&house.a, ["send", folder]).ended(65).only();
    assert_eq!((&told["kind"], &told["state"], &told["errors"]), (&"bundle".into(), &"not-sent".into(), &2.into()));
    assert_eq!(told["findings"][0]["code"], "V002");
    assert!(told["next"].as_str().unwrap().contains("--send-anyway"));
    type_in(&house.a, ["send", folder, "--dry-run"]).ended(65);
    let text = type_in(&house.a, ["send", folder, "--format", "text"]).ended(65);
    assert!(text.out.starts_with(&format!("送っていません: {B}-11 へ")), "{text:#?}");
    text.says("エラー V002 1行目").says("エラーが 2 件あるので、送っていません。");
    type_in(&house.a, ["send", folder, "--format", "text", "--lang", "en"]).ended(65).says("so it was not sent");
    assert_eq!(house.messages_at_the_gateway(), 0);
    type_in(&house.a, ["send", "--resume"]).ended(0).says("送るデータはありません");

    let sent = type_in(&house.a, ["send", folder, "--send-anyway"]).ended(0);
    let states: Vec<_> = sent.objects().iter().map(|object| object["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["checked", "accepted"]);
    sent.says("このまま送ります");
    assert_eq!(house.messages_at_the_gateway(), 1);
}

/// Profile §2.6: one bundle with errors does not hold up another, and a warning hinders nothing.
#[test]
fn the_bundles_without_errors_go() {
    let house = House::new();
    let bad = faulty(&house);
    let good = house.folder.path().join("warned");
    std::fs::create_dir(&good).unwrap();
    let delete = format!("DLTPLAN_202510_{A}_43_{B}_15_20251002120100.CSV");
    std::fs::write(good.join(delete), "202407,999903,9900000011,202510\n").unwrap();
    let ran = type_in(&house.a, ["send", bad.to_str().unwrap(), good.to_str().unwrap()]).ended(3);
    let states: Vec<_> = ran.objects().iter().map(|object| object["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["not-sent", "checked", "accepted"]);
    ran.says("N001").says("送信の妨げにはなりません");
    assert_eq!(house.messages_at_the_gateway(), 1);
}

#[test]
fn files_that_fit_nowhere_are_named_and_the_rest_is_sent() {
    let house = House::new();
    let folder = house.sample();
    let lone = folder.join("UP1KYO_9970000011_43_9970000037_11_20250920101600.CSV");
    std::fs::write(&lone, "x").unwrap();
    std::fs::write(folder.join("memo.pdf"), "x").unwrap();
    std::fs::write(folder.join(format!("DLTPLAN_202510_9970000045_43_{A}_11_20250920101500.CSV")), "x").unwrap();
    let ran = type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(3);
    let kinds: Vec<String> = ran.objects().iter().map(|o| o["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["left", "left", "left", "bundle"]);
    ran.says("B001").says("--attach").says("別の事業所（9970000045）");
    std::fs::create_dir(house.folder.path().join("alone")).unwrap();
    let alone = house.folder.path().join("alone").join(lone.file_name().unwrap());
    std::fs::copy(&lone, &alone).unwrap();
    type_in(&house.a, ["send", alone.to_str().unwrap()]).ended(65);
    std::fs::create_dir(house.folder.path().join("empty")).unwrap();
    let empty = house.folder.path().join("empty");
    type_in(&house.a, ["send", empty.to_str().unwrap()]).ended(66).says("送るデータはありません");
}

#[test]
fn config_prints_the_place_and_the_sample() {
    let ran = type_in(Path::new("/nowhere/fumibako.toml"), ["config"]).ended(0);
    assert_eq!(ran.out.trim_end(), fumibako::settings::SAMPLE.trim_end());
    ran.says("/nowhere/fumibako.toml（まだありません");
}
