//! What the gateway tells by itself, as our program judges it offline: reports of every kind.

use std::fs;

use fumibako_conformance::{Letter, MovedClock, Submission};
use fumibako_model::Refusal;
use fumibako_signer::{Signed, sign};
use serde_json::Value;

use super::Life;

/// What `verify` found, and how it ended.
pub(super) struct Judged {
    pub(super) exit: Option<i32>,
    pub(super) whole: Value,
}

impl Judged {
    pub(super) fn layer(&self, name: &str) -> &Value {
        let layers = self.whole["layers"].as_array().expect("there are layers");
        layers.iter().find(|row| row["layer"] == name).unwrap_or_else(|| panic!("no {name} in {}", self.whole))
    }
}

impl Life {
    pub(super) fn judged(&self, letter: &str, more: &[&str]) -> Judged {
        let path = self.sender.folder.join("told.eml");
        fs::write(&path, letter).expect("the folder is writable");
        let ran = self.sender.run(&[&["verify", &path.to_string_lossy(), "--format", "json"], more].concat());
        let whole = serde_json::from_str(&ran.output()).unwrap_or_default();
        Judged { exit: ran.exit(), whole }
    }

    /// Profile §4.9: our program believes this report about this bundle, and shows what it says.
    pub(super) fn our_program_believes(&self, report: &str, (kind, message_id): (&str, &str)) {
        let found = self.judged(report, &[]);
        assert_eq!((found.exit, &found.whole["form"]), (Some(0), &"report".into()), "{}", found.whole);
        for layer in
            ["outer-signature", "gateway-certificate", "report", "log-head", "evidence", "sequence", "report-evidence"]
        {
            assert_eq!(found.layer(layer)["state"], "holds", "{layer} in {}", found.whole);
        }
        let facts = &found.layer("report")["facts"];
        let (from, to) = (&self.world.sender.number, &self.world.recipient.number);
        for (fact, told) in [("report", kind), ("message_id", message_id), ("from", from), ("to", to)] {
            assert_eq!(facts[fact], told, "{fact} in {facts}");
        }
        assert!(facts["at"].is_string() && facts["evidence"].is_string(), "{facts}");
    }
}

// Profile §4.9, §8.17
#[test]
fn what_the_gateway_tells_is_believed_and_what_others_tell_in_its_name_is_not() {
    let life = Life::under(std::sync::Arc::new(MovedClock::new()), |settings| settings);
    let (sender, recipient) = (life.world.sender.clone(), life.world.recipient.clone());
    let letter = Letter::plan(&sender, &recipient);
    let id = letter.message_id().trim_matches(['<', '>']).to_owned();
    let mut session = Submission::of(&life.world.gateway.submission(), &sender).expect("the sender logs in");
    let asking = (&*recipient.address(), "NOTIFY=SUCCESS");
    let reply = session.send_asking(&sender.address(), asking, &letter.signed(&sender.identity));
    assert_eq!(reply.expect("the gateway answers").code, 250);
    let [report] = &life.has_told(&sender, &id, 1)[..] else { panic!("one report") };
    life.our_program_believes(report, ("delivered", &id));
    let text = life.sender.run(&["verify", &life.sender.folder.join("told.eml").to_string_lossy(), "--format", "text"]);
    let text = text.well().output();
    for said in [
        "形: ゲートウェイの報告",
        "それぞれの出来事の日時",
        "お届け（受け取る事業所のメールボックスに届きました）",
        &id,
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }

    // One sentence is another.
    let words = report.split("Content-Transfer-Encoding: base64\r\n\r\n").nth(1).expect("it has words");
    let changed = report.replacen(words, &words.replacen("44", "45", 1), 1);
    assert_ne!(&changed, report);
    let found = life.judged(&changed, &[]);
    let code = |found: &Judged, layer: &str| found.layer(layer)["code"].as_str().map(str::to_owned);
    assert_eq!(found.exit, Some(76));
    assert_eq!(code(&found, "outer-signature").as_deref(), Some(Refusal::SignatureBroken.row().code));

    // An office, whose own authority is believed for everything it signs, writes the same.
    let (head, _) = report.split_once("Content-Type: multipart/signed").expect("it is signed");
    let part = Signed::read(report.as_bytes()).expect("it is signed").part();
    let signed = sign(part, &recipient.identity, life.clock.now()).expect("it can be signed");
    let forged =
        head.replace("MIME-Version: 1.0\r\n", "") + "MIME-Version: 1.0\r\n" + &String::from_utf8(signed).expect("text");
    let ours = life.sender.folder.join("office-ca.pem");
    let also = ["--evidence-authority", &*ours.to_string_lossy()];
    for (more, why) in [(&[][..], Refusal::UnknownAuthority), (&also, Refusal::NotItsCertificate)] {
        let found = life.judged(&forged, more);
        assert_eq!(found.exit, Some(76), "{}", found.whole);
        assert_eq!(code(&found, "gateway-certificate").as_deref(), Some(why.row().code));
        assert_eq!(
            (&found.layer("report")["state"], &found.layer("report")["facts"]),
            (&"unseen".into(), &serde_json::json!({}))
        );
    }
    nobody_to_believe(&life, report);
}

/// Who names no authority of the gateway's is told to; whoever is named for everything will do.
fn nobody_to_believe(life: &Life, report: &str) {
    let settings = life.sender.folder.join("fumibako.toml");
    let before = fs::read_to_string(&settings).expect("the settings are there");
    let without: Vec<_> = before.lines().filter(|line| !line.starts_with("evidence_authority")).collect();
    fs::write(&settings, without.join("\n") + "\n").expect("the folder is writable");
    assert_eq!(life.judged(report, &[]).exit, Some(78));
    let authority = life.gateway_authority();
    assert_eq!(life.judged(report, &["--trust", &authority.to_string_lossy()]).exit, Some(0));
    let others = life.sender.folder.join("office-ca.pem");
    let ran = life.sender.run(&[
        "verify",
        &life.sender.folder.join("told.eml").to_string_lossy(),
        "--trust",
        &others.to_string_lossy(),
    ]);
    assert_eq!(ran.exit(), Some(78), "the authority of offices says nothing about the gateway: {}", ran.output());
    assert!(ran.messages().contains("--evidence-authority"), "{}", ran.messages());
    fs::write(&settings, before).expect("the folder is writable");
}
