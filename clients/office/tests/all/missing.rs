//! What the gateway answered for and has no record of any more, as after it was put back from a backup: its sender is told so.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako_signer::authority::Authority;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::agent::mandated;
use crate::house::{A, B, House, empty, now, set, type_in, type_in_at};
use crate::mandates::AGENT;
use crate::ui::{end, start, until};

const NOTHING: [Value; 0] = [];

fn outbox(settings: &Path) -> PathBuf {
    settings.with_file_name("data").join("outbox")
}

/// The record of the only bundle that was posted from here.
fn record(settings: &Path) -> PathBuf {
    let mut files = fs::read_dir(outbox(settings)).unwrap().map(|file| file.unwrap().path());
    files.find(|file| file.to_str().unwrap().ends_with(".posted.json")).unwrap()
}

/// A gateway that stands where a bundle was accepted, and came from a copy of before: an office with the record of it, changed like this.
fn restored(accepted: &House, change: impl FnOnce(&mut Value)) -> House {
    let house = House::new();
    let record = record(&accepted.a);
    let mut posted: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    change(&mut posted);
    fs::create_dir_all(outbox(&house.a)).unwrap();
    fs::write(outbox(&house.a).join(record.file_name().unwrap()), posted.to_string()).unwrap();
    house
}

fn accepted() -> (House, Value) {
    let house = House::new();
    let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0).only();
    (house, sent)
}

fn after_three_months() -> Timestamp {
    now() + SignedDuration::from_hours(24 * 91)
}

/// Profile §15.9, §11.9.
#[test]
fn what_the_gateway_lost_is_told_until_the_same_was_sent_again() {
    let (before, sent) = accepted();
    let house = restored(&before, |_| ());
    let told = type_in(&house.a, ["list", "sent"]).ended(0).only();
    assert_eq!((&told["progress"], &told["state"]), (&"missing".into(), &"記録なし".into()));
    assert_eq!((&told["message_id"], &told["to"]), (&sent["message_id"], &"9970000029".into()));
    let note = told["note"].as_str().unwrap();
    assert!(note.contains("もう一度送ってください") && note.contains("（証跡 EV"), "{note}");
    assert!(told["units"].is_array() && told["files"].is_u64(), "what it was: {told}");
    let (program, browser) = start(&house.a, None);
    until("the screens tell it, too", || browser.get("/sent").contains("記録なし"));
    assert!(browser.get("/").contains("記録が、ゲートウェイにありません"));
    end(program);
    // Had it not been lost, it would be erased by then.
    assert_eq!(type_in_at(after_three_months, &house.a, ["list", "sent"]).ended(0).objects(), NOTHING);
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).only()["state"], "未");
}

/// What the gateway knows is not lost, whatever became of the copy in `Sent`.
#[test]
fn what_somebody_removed_from_the_folder_is_not_told_as_lost() {
    let (house, _) = accepted();
    empty(&house.a, "Sent");
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).objects(), NOTHING);
}

/// Of what went elsewhere, this gateway knows nothing either.
#[test]
fn what_another_gateway_took_in_is_not_told_as_lost() {
    let (before, _) = accepted();
    let changes: [fn(&mut Value); 4] = [
        |posted| posted["gateway"] = "other.example".into(),
        |posted| drop(posted.as_object_mut().unwrap().remove("gateway")),
        |posted| posted["from"] = "9970000011@other.example".into(),
        |posted| posted["from"] = "9970000037@plans.example".into(),
    ];
    for change in changes {
        assert_eq!(type_in(&restored(&before, change).a, ["list", "sent"]).ended(0).objects(), NOTHING);
    }
}

/// A store that was put back by hand gave its number to another bundle since: that is no record of this one.
#[test]
fn a_number_that_was_given_once_more_hides_nothing() {
    let (before, sent) = accepted();
    let (other, _) = accepted();
    let posted = |house: &House| serde_json::from_slice::<Value>(&fs::read(record(&house.a)).unwrap()).unwrap();
    let mut lost = posted(&before);
    lost["evidence"] = posted(&other)["evidence"].clone();
    lost["bundle"] = "v=1; units=plan; serial=20261105101010; files=1; size=9".into();
    fs::write(outbox(&other.a).join(record(&before.a).file_name().unwrap()), lost.to_string()).unwrap();
    let told = type_in(&other.a, ["list", "sent"]).ended(0).objects();
    let missing: Vec<_> =
        told.iter().filter(|one| one["progress"] == "missing").map(|one| &one["message_id"]).collect();
    assert_eq!((told.len(), missing), (2, vec![&sent["message_id"]]), "{told:#?}");
}

/// Profile §8.18: what became of what an office sent is not told to an agent that may send only, and is no loss to it.
#[test]
fn an_agent_is_told_of_the_offices_that_let_it_look() {
    let before = House::new();
    let agent = before.agent();
    mandated(&before.a, &agent, "send,status");
    type_in(&agent, ["send", "--send-anyway", before.sample().to_str().unwrap()]).ended(0);
    let record = record(&agent);
    for (scopes, told) in [("send", 0), ("send,status", 1)] {
        let house = House::new();
        let agent = house.agent();
        mandated(&house.a, &agent, scopes);
        fs::create_dir_all(outbox(&agent)).unwrap();
        fs::copy(&record, outbox(&agent).join(record.file_name().unwrap())).unwrap();
        let listed = type_in(&agent, ["list", "sent"]).ended(0).objects();
        let missing = |one: &&Value| one["progress"] == "missing" && one["office"] == A && one["by"] == AGENT;
        assert_eq!((listed.len(), listed.iter().filter(missing).count()), (told, told), "{scopes}: {listed:#?}");
    }
}

/// Where evidence cannot be asked, nobody knows.
#[test]
fn nothing_is_told_as_lost_where_evidence_cannot_be_asked() {
    let (before, _) = accepted();
    let house = restored(&before, |_| ());
    set(&house.a, "https_port", "1");
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).objects(), NOTHING);
}

/// What the gateway has lost of an office's words, too: that a bundle does not open is said once more, and once for each evidence.
#[test]
fn a_word_that_the_gateway_lost_is_sent_again_if_it_still_does_not_open() {
    let (house, sent) = accepted();
    let trust = house.b.with_file_name("office-ca.pem");
    fs::write(&trust, Authority::create("Other", now()).unwrap().certificate().to_pem()).unwrap();
    let port = house.stage.addresses().submission_tls.port().to_string();
    set(&house.b, "submission_port", "1");
    type_in(&house.b, ["fetch"]).ended(76);
    set(&house.b, "submission_port", &port);
    // What waits went, says the outbox; the gateway has nothing of it.
    let waits = fs::read_dir(outbox(&house.b)).unwrap().next().unwrap().unwrap().path();
    let given = serde_json::from_slice::<Value>(&fs::read(record(&house.a)).unwrap()).unwrap()["evidence"].clone();
    let evidence = format!("{}FF00", &given.as_str().unwrap()[..12]);
    let received = house.b.with_file_name("data").join("received");
    let told = fs::read_dir(received).unwrap().next().unwrap().unwrap().path();
    let word = fs::read_to_string(&told).unwrap();
    let posted = json!({
        "message_id": word, "from": format!("{B}@plans.example"), "to": format!("{A}@plans.example"), "composed": now(),
        "fate": "posted", "evidence": evidence, "at": now(), "gateway": "localhost",
    });
    let posted_file = waits.with_extension("posted.json");
    fs::write(&posted_file, posted.to_string()).unwrap();
    fs::remove_file(waits).unwrap();
    let fetch = || type_in(&house.b, ["fetch"]).ended(76).only();
    let state = || type_in(&house.a, ["list", "sent"]).ended(0).only()["state"].clone();

    fs::write(&told, format!("{word}\n{evidence}")).unwrap();
    assert_eq!(
        (&fetch()["told"], state()),
        (&"authentication-failed".into(), "未".into()),
        "asked about that evidence before"
    );
    fs::write(&told, &word).unwrap();
    assert_eq!((&fetch()["told"], state()), (&"authentication-failed".into(), "開封できず".into()));
    let entry = || serde_json::from_slice::<Value>(&fs::read(&posted_file).unwrap()).unwrap();
    let answered = entry();
    assert_eq!(answered["message_id"], word.as_str(), "under its own Message-ID");
    assert!(answered["evidence"] != evidence.as_str() && fs::read_to_string(&told).unwrap().contains(&evidence));
    fetch();
    assert_eq!(entry(), answered, "and once");
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).only()["message_id"], sent["message_id"]);
}
