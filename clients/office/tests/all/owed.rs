//! Receipts that the gateway refused: what they are for is on the disk and counts as handed over, and they are sent once they can be.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako::Settings;
use fumibako_gateway::{Reply, Request, development_authority, issue_office};
use fumibako_model::{Event, Recorded};
use fumibako_signer::Identity;
use fumibako_signer::authority::{Authority, KeyKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::house::{B, House, empty, now, set, type_in, type_in_at};
use crate::ui::{end, start, until};

/// An hour past the pause between two tries, and just before its end.
fn a_day_later() -> Timestamp {
    now() + SignedDuration::from_hours(25)
}

fn identity(house: &House) -> Identity {
    let authority = development_authority(&house.stage.gateway_folder()).unwrap();
    issue_office(&authority, B.parse().unwrap(), &"plans.example".parse().unwrap(), KeyKind::EcP256, now()).unwrap()
}

/// B has another certificate, and its program uses it.
fn renew(house: &House) {
    let next = identity(house);
    house.stage.enrol(B.parse().unwrap(), next.certificate()).unwrap();
    fs::write(house.b.with_file_name("next.pem"), next.to_pem().as_bytes()).unwrap();
    set(&house.b, "identity_file", "\"next.pem\"");
}

/// B's certificate is revoked, as the gateway knows.
fn revoke(house: &House) {
    use base64::Engine as _;
    let authority = development_authority(&house.stage.gateway_folder()).unwrap();
    let (hour, revoked) = (SignedDuration::from_hours(1), Settings::load(&house.b).unwrap().identity().unwrap());
    let der = authority.revoke(&[(revoked.certificate(), now() - hour)], now(), now() + hour).unwrap();
    let der = base64::engine::general_purpose::STANDARD.encode(der);
    assert_eq!(house.stage.ask(Request::TrustAddCrl { der }).unwrap(), Reply::Done);
}

fn events(house: &House) -> Vec<(Event, bool)> {
    let request = Request::EvidenceList { office: None, message_id: None, after: None };
    let Reply::Evidence { entries } = house.stage.ask(request).unwrap() else { panic!("evidence") };
    let all = entries.iter().map(|entry| serde_json::from_str::<Recorded>(entry).unwrap());
    all.map(|one| (one.evidence.event, one.evidence.receipt.is_some())).collect()
}

fn state(house: &House) -> Value {
    type_in(&house.a, ["list", "sent"]).ended(0).only()["state"].clone()
}

fn outbox(settings: &Path) -> PathBuf {
    settings.with_file_name("data").join("outbox")
}

/// Profile §8.10, §8.11: saved by an office whose certificate is revoked, a bundle is handed over; the receipt comes once there is another
/// certificate, also when the bundle lies in INBOX no more. It is tried no oftener than once a day with the same one.
#[test]
fn a_receipt_that_was_refused_is_sent_with_the_next_certificate_even_when_the_bundle_is_gone() {
    let house = House::new();
    let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0).only();
    revoke(&house);
    let saved = type_in(&house.b, ["fetch"]).ended(3).only();
    assert_eq!(
        (&saved["state"], &saved["receipt_state"], &saved["code"]),
        (&"saved".into(), &"refused".into(), &"E-REV-001".into())
    );
    assert_eq!(state(&house), "済（受け渡し）");
    empty(&house.b, "INBOX");
    let kept = fs::read_dir(outbox(&house.b)).unwrap().count();
    type_in(&house.b, ["fetch"]).ended(0).says("新しく届いたデータはありません");
    let tried = type_in_at(a_day_later, &house.b, ["fetch"]).ended(3).only();
    assert_eq!(
        (&tried["kind"], &tried["message_id"], &tried["receipt_state"]),
        (&"receipt".into(), &sent["message_id"], &"refused".into())
    );
    assert_eq!(fs::read_dir(outbox(&house.b)).unwrap().count(), kept, "it is kept, once");

    renew(&house);
    let settled = type_in(&house.b, ["fetch"]).ended(0).only();
    assert_eq!((&settled["receipt_state"], &settled["receipt"]), (&"accepted".into(), &saved["receipt"]), "{settled}");
    assert_eq!(state(&house), "済");
    let handovers: Vec<_> = events(&house).into_iter().filter(|(event, _)| *event == Event::ContentHandover).collect();
    assert_eq!(handovers, [(Event::ContentHandover, false), (Event::ContentHandover, true)]);
    type_in(&house.b, ["fetch"]).ended(0).says("新しく届いたデータはありません");
}

/// Profile §8.11: the screens send it by themselves.
#[test]
fn the_screens_send_a_receipt_that_is_owed_once_there_is_another_certificate() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    revoke(&house);
    type_in(&house.b, ["fetch"]).ended(3);
    empty(&house.b, "INBOX");
    renew(&house);
    let (program, _browser) = start(&house.b, None);
    until("the receipt is there", || state(&house) == "済");
    end(program);
}

/// What the gateway does not know so is not sent for ever: its user is told once that it is over.
#[test]
fn a_receipt_that_nothing_can_mend_is_given_up_with_a_word() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    revoke(&house);
    type_in(&house.b, ["fetch"]).ended(3);
    empty(&house.b, "INBOX");
    // Another gateway may be there by now, or an older copy of this one: it knows no such bundle.
    let other = House::new();
    let data = other.b.with_file_name("data");
    fs::create_dir_all(data.join("outbox")).unwrap();
    for entry in fs::read_dir(outbox(&house.b)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), data.join("outbox").join(entry.file_name())).unwrap();
    }
    let told = type_in(&other.b, ["fetch"]).ended(3).only();
    assert_eq!(
        (&told["receipt_state"], &told["code"], &told["last"]),
        (&"refused".into(), &"E-STD-106".into(), &true.into())
    );
    for clock in [now, a_day_later] {
        type_in_at(clock, &other.b, ["fetch"]).ended(0).says("新しく届いたデータはありません");
    }
    let text = outbox(&other.b);
    assert_eq!(fs::read_dir(text).unwrap().count(), 2, "the message and why it was refused stay to be looked at");
}

/// Profile §8.22: what was saved here once does open, whatever list this computer has by now.
#[test]
fn of_what_is_on_the_disk_no_sender_is_told_that_it_does_not_open() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let number = B.parse().unwrap();
    house.stage.ask(Request::OfficeSuspend { number, reason: "test".into() }).unwrap();
    type_in(&house.b, ["fetch"]).ended(3);
    house.stage.ask(Request::OfficeResume { number }).unwrap();
    let trust = house.b.with_file_name("office-ca.pem");
    fs::write(&trust, Authority::create("Other", now()).unwrap().certificate().to_pem()).unwrap();
    let looked = type_in(&house.b, ["fetch"]).ended(76).only();
    assert_eq!((&looked["code"], &looked["told"]), (&"E-CRT-001".into(), &Value::Null));
    assert_eq!(state(&house), "済（受け渡し）");
    // The receipt is another matter: it was refused for a reason that is gone.
    let looked = type_in_at(a_day_later, &house.b, ["fetch"]).ended(76).objects();
    assert_eq!(looked[1]["receipt_state"], "accepted", "{looked:#?}");
    assert_eq!(state(&house), "済");
}
