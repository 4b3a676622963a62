//! `check` and the files that `send` leaves out.

use std::path::{Path, PathBuf};

use crate::house::{A, House, type_in};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/samples").join(name)
}

fn check(name: &str, words: &[&str]) -> crate::house::Ran {
    let folder = sample(name);
    let all = ["check", folder.to_str().unwrap()].into_iter().chain(words.iter().copied());
    type_in(Path::new("/no/settings/needed"), all)
}

#[test]
fn good_files_are_good_in_every_format() {
    check("valid/v41-plan-two-persons", &[]).ended(0).says("エラー 0 件");
    assert_eq!(check("valid/v41-plan-two-persons", &["--format", "json"]).ended(0).out, "[]\n");
    check("valid/v41-plan-two-persons", &["--format", "text", "-q"]).ended(0);
}

#[test]
fn every_finding_is_told_with_its_place_and_what_to_do() {
    let ran = check("broken/unknown-code", &[]).ended(65);
    let finding = ran.only();
    assert_eq!((&finding["v"], &finding["code"], &finding["severity"]), (&1.into(), &"K001".into(), &"error".into()));
    check("broken/unknown-code", &["--format", "text"]).ended(65).says("エラー K001 ").says("行目");
    check("broken/unknown-code", &["--format", "text", "--lang", "en"]).ended(65).says("error K001 ");
    check("broken/table3-missing", &[]).ended(65).says("B001");
    check("nowhere", &[]).ended(66).says("読み取れません");
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
