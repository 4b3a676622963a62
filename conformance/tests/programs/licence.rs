//! Licences through both programs: terms are shown and agreed to, a year is asked for, and mail stops and goes on with it.

use std::fs;

use fumibako_conformance::Ran;
use serde_json::Value;

use crate::office::{Desk, enrol, sample};
use crate::world::World;

const TERMS: &str = "利用規約 見本\n第1条 利用料は1年21,000円（税込）です。\n";

/// Two offices that can send, and the desk of the first.
struct Stage {
    world: World,
    desk: Desk,
}

impl Stage {
    fn set() -> Self {
        let world = World::new();
        for office in [&world.sender, &world.recipient] {
            enrol(&world, office);
        }
        let desk = Desk::new(&world, &world.sender, &world.sender.password);
        Self { world, desk }
    }

    /// One whose licence has been over since the last day of 2025.
    fn over() -> Self {
        let stage = Self::set();
        stage.operator(&["grant", stage.number(), "--from", "2025-01-01", "--until", "2025-12-31"]);
        stage
    }

    fn number(&self) -> &str {
        &self.world.sender.number
    }

    /// What the operator does about licences, and what it is told.
    fn operator(&self, arguments: &[&str]) -> String {
        self.world.gateway.admin([&["licence"], arguments].concat()).output()
    }

    fn publish(&self, version: &str) {
        let file = self.world.gateway.folder().join("terms.txt");
        fs::write(&file, TERMS).expect("the folder is writable");
        self.world.gateway.admin(["terms", "publish", version, &file.to_string_lossy()]);
    }

    /// What the office does about its own.
    fn office(&self, arguments: &[&str]) -> Ran {
        self.desk.run(&[&["licence"], arguments, &["--format", "ndjson"]].concat())
    }

    fn send(&self) -> Ran {
        self.desk.run(&["send", &sample().to_string_lossy()])
    }
}

fn object(ran: &Ran) -> Value {
    serde_json::from_str(ran.output().lines().last().expect("it says something")).expect("a row is JSON")
}

/// It ended with this code, and said this.
#[track_caller]
fn ended<'r>(ran: &'r Ran, code: i32, words: &str) -> &'r Ran {
    let said = ran.output() + &ran.messages();
    assert!(ran.exit() == Some(code) && said.contains(words), "{:?} {said}", ran.exit());
    ran
}

// Profile §10.4, §10.5
#[test]
fn an_office_agrees_to_the_terms_it_was_shown_and_sends_again() {
    let stage = Stage::over();
    ended(&stage.send(), 3, "E-LIC-001");
    ended(&stage.office(&["renew", "--pay-by", "deduction", "--consent", "2026-04"]), 3, "E-LIC-007");
    stage.publish("2026-04");
    ended(&stage.office(&["renew"]), 2, "--pay-by");
    let shown = stage.office(&["renew", "--pay-by", "deduction"]);
    let terms = object(ended(&shown, 3, "--consent"));
    assert_eq!([&terms["kind"], &terms["version"], &terms["text"]], ["terms", "2026-04", TERMS]);
    // They change before the office agrees.
    stage.publish("2026-10");
    ended(&stage.office(&["renew", "--pay-by", "deduction", "--consent", "2026-04"]), 3, "E-LIC-007");
    let renew = ["renew", "--pay-by", "deduction", "--automatic", "on", "--consent", "2026-10"];
    let renewed = object(stage.office(&renew).well());
    assert_eq!((&renewed["state"], &renewed["automatic"]), (&"in-force".into(), &true.into()));
    assert_eq!(renewed["consent"]["by"], stage.world.sender.login.as_str());
    stage.send().well();
    ended(&stage.office(&["apply", "--pay-by", "invoice", "--consent", "2026-10"]), 3, "E-LIC-009");
    assert_eq!(object(stage.office(&["automatic", "off"]).well())["automatic"], false);
}

// Profile §10.10
#[test]
fn a_licence_that_the_operator_stopped_says_why_and_goes_on() {
    let stage = Stage::set();
    let shown = object(stage.office(&["show"]).well());
    let facts = [&shown["kind"], &shown["state"], &shown["fee_yen"]];
    assert_eq!(facts, [&Value::from("licence"), &"in-force".into(), &21_000.into()]);
    stage.operator(&["payment", stage.number(), "paid", "--pay-by", "deduction"]);
    stage.operator(&["suspend", stage.number(), "--reason", "届出の確認中"]);
    let text = stage.desk.run(&["licence", "show", "--format", "text"]).well().output();
    for words in ["停止", "届出の確認中", "支払済（介護給付費からの差引）"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    ended(&stage.office(&["automatic", "on"]), 3, "E-LIC-003");
    ended(&stage.send(), 3, "届出の確認中");
    stage.operator(&["resume", stage.number()]);
    stage.send().well();
    let all = stage.operator(&["list"]);
    assert!(all.contains(&format!("{}\t", stage.number())) && all.contains("\tin force\tpaid\tby hand"), "{all}");
}

// Profile §10.3, §10.4
#[test]
fn the_operator_reads_what_was_published_and_what_an_office_signed() {
    let stage = Stage::over();
    stage.publish("2026-04");
    stage.publish("2026-10");
    stage.office(&["renew", "--pay-by", "invoice", "--automatic", "on", "--consent", "2026-10"]).well();
    stage.office(&["automatic", "off"]).well();
    let text = stage.desk.run(&["licence", "show", "--format", "text"]).well().output();
    assert!(text.contains("規約 2026-10 に"), "{text}");
    let whole = stage.operator(&["show", stage.number(), "--format", "ndjson"]);
    let whole: Value = serde_json::from_str(&whole).expect("it is JSON");
    let kinds: Vec<_> = whole["deeds"].as_array().expect("deeds").iter().map(|deed| &deed["kind"]).collect();
    assert_eq!(kinds, ["renew", "automatic"]);
    let listed = stage.world.gateway.admin(["terms", "list"]).output();
    let last = listed.lines().last().expect("two are listed");
    assert!(last.starts_with("2026-10\t") && last.ends_with("\tcurrent"), "{listed}");
    assert_eq!(stage.world.gateway.admin(["terms", "show", "2026-04"]).output().trim_end(), TERMS.trim_end());
}
