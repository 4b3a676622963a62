//! The directory as the user types it: found, shown, and its certificates taken over (Profile §17).

use std::fs;
use std::path::PathBuf;

use fumibako_gateway::{Reply, Request, development_authority, issue_office};
use fumibako_model::Description;
use fumibako_signer::Identity;
use fumibako_signer::authority::{Authority, KeyKind};

use crate::house::{A, B, House, now, set, type_in};

/// An office that is on the roll and in no file.
const C: &str = "9970000037";

/// The operator says what the directory tells.
fn described(house: &House) {
    let one = |number: &str, name: &str, kana: &str| Description {
        name: Some(name.into()),
        kana: Some(kana.into()),
        municipality: Some("見本市".into()),
        kinds: Some(["11".parse().unwrap()].into()),
        editions: Some([fumibako_model::Edition::FourthRevised].into()),
        ..Description::of(number.parse().unwrap())
    };
    let offices = vec![one(B, "ひまわり訪問介護", "ヒマワリ"), one(C, "かえでの家", "カエデノイエ")];
    let put = house.stage.ask(Request::OfficePut { offices, dry_run: false }).unwrap();
    assert!(matches!(put, Reply::OfficesPut(_)));
}

fn certified(house: &House, office: &str) -> Identity {
    let authority = development_authority(&house.stage.gateway_folder()).unwrap();
    let domain = "plans.example".parse().unwrap();
    let identity = issue_office(&authority, office.parse().unwrap(), &domain, KeyKind::EcP256, now()).unwrap();
    house.stage.enrol(office.parse().unwrap(), identity.certificate()).unwrap();
    identity
}

fn partners(house: &House) -> PathBuf {
    house.folder.path().join("partners.pem")
}

// Profile §17.9, §3
#[test]
fn offices_are_searched_and_shown() {
    let house = House::new();
    described(&house);
    let found = type_in(&house.a, ["office", "search", "ひまわり", "見本", "--kind", "11"]).ended(0).objects();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["number"], &found[0]["can_receive"], &found[0]["certificates"]),
        (&B.into(), &true.into(), &1.into())
    );
    assert_eq!(
        (&found[1]["kind"], &found[1]["offices"], &found[1]["more"]),
        (&"summary".into(), &1.into(), &false.into())
    );
    let text = type_in(&house.a, ["office", "search", "ｶｴﾃﾞ", "--format", "text"]).ended(0).out.clone();
    assert!(
        text.contains("事業所番号") && text.contains("かえでの家") && text.contains("利用登録がありません"),
        "{text}"
    );
    assert_eq!(type_in(&house.a, ["office", "search", "楓"]).ended(67).objects().len(), 1);
    type_in(&house.a, ["office", "search", "楓", "--format", "text", "--lang", "en"]).ended(67).says("Nothing found");
    let shown = type_in(&house.a, ["office", "show", B, "--format", "json"]).ended(0).out.clone();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert!(shown[0]["certificates"][0]["pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!((&shown[0]["kana"], &shown[0]["editions"]), (&"ヒマワリ".into(), &serde_json::json!(["4.1"])));
    let text = type_in(&house.a, ["office", "show", C, "--format", "text"]).ended(0).out.clone();
    assert!(text.contains("対応版: 4.1") && text.contains("証明書: なし"), "{text}");
    type_in(&house.a, ["office", "show", "9970000099"]).ended(67).says("E-DIR-011");
    for words in [&["office", "search"][..], &["office", "search", "・"], &["office", "search", &"あ".repeat(101)]] {
        type_in(&house.a, words.iter().copied()).ended(2);
    }
    type_in(&house.a, ["office", "show", "997000001"]).ended(2);
}

// Profile §17.8
#[test]
fn what_the_file_lacks_is_taken_over_once_and_judged_before() {
    let house = House::new();
    described(&house);
    let before = fs::read_to_string(partners(&house)).unwrap();
    let states = |words: &[&str], exit: u8| {
        let ran = type_in(&house.a, ["office", "refresh"].into_iter().chain(words.iter().copied()));
        let rows = ran.ended(exit).objects();
        let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
        let mut all: Vec<_> = rows.iter().map(|row| (text(row, "office"), text(row, "state"))).collect();
        all.sort();
        all
    };
    let are = |all: &[(&str, &str)]| {
        all.iter().map(|(office, state)| ((*office).into(), (*state).into())).collect::<Vec<(String, String)>>()
    };
    assert_eq!(states(&[], 0), are(&[(A, "known"), (B, "known")]));
    assert_eq!(states(&[C, "9970000099"], 3), are(&[(C, "none"), ("9970000099", "no-such-office")]));
    assert_eq!(states(&["9970000099"], 67).len(), 1);
    let renewed = certified(&house, B);
    assert_eq!(states(&["--dry-run"], 0), are(&[(A, "known"), (B, "known"), (B, "new")]));
    assert_eq!(fs::read_to_string(partners(&house)).unwrap(), before, "nothing was written");
    // B reads with a plain mail tool, and goes on to.
    let (a, b) = before.split_at(before.rfind("-----BEGIN").unwrap());
    fs::write(partners(&house), format!("{a}# {B} reads=cbc\n{}", b.trim_end())).unwrap();
    certified(&house, C);
    assert_eq!(states(&[B, C], 0), are(&[(B, "known"), (B, "new"), (C, "new")]));
    let after = fs::read_to_string(partners(&house)).unwrap();
    assert!(after.contains(&format!("# {C}\n-----BEGIN")), "{after}");
    assert_eq!(after.matches(&format!("\n# {B} reads=cbc\n-----BEGIN")).count(), 2, "{after}");
    assert!(after.contains(renewed.certificate().to_pem().trim_end()), "{after}");
    assert_eq!(states(&[], 0).iter().filter(|(_, state)| state == "known").count(), 4);
    assert_eq!(fs::read_to_string(partners(&house)).unwrap(), after, "nothing is written twice");
}

// Profile §17.8, §9.11: whom the gateway names is nobody's reader for that.
#[test]
fn a_certificate_that_is_not_believed_does_not_come_into_the_file() {
    let house = House::new();
    let before = fs::read_to_string(partners(&house)).unwrap();
    let other = Authority::create("Another CA", now()).unwrap();
    fs::write(house.a.with_file_name("other-ca.pem"), other.certificate().to_pem()).unwrap();
    certified(&house, B);
    // A believes another authority than the gateway.
    set(&house.a, "trust_file", "\"other-ca.pem\"");
    let ran = type_in(&house.a, ["office", "refresh", B]);
    let states: Vec<_> = ran.ended(3).objects().iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect();
    assert!(states.contains(&"unfit".to_owned()) && !states.contains(&"new".to_owned()), "{states:?}");
    assert_eq!(fs::read_to_string(partners(&house)).unwrap(), before);
    set(&house.a, "partners_file", "\"\"");
    type_in(&house.a, ["office", "refresh", B]).ended(78).says("partners_file");
}
