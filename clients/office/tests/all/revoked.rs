//! Evidence is judged by what was known of revoked certificates when it came, and not by what is known today (Profile §8.18, §8.19); who is
//! revoked acknowledges nothing more (Profile §5.3, §8.4).

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako::Settings;
use fumibako_gateway::{RefusedRow, Reply, Request, development_authority};
use fumibako_model::{Event, Recorded};
use fumibako_signer::Certificate;
use jiff::{SignedDuration, Timestamp};

use crate::house::{House, now, set, type_in, type_in_at};

/// When the certificates of the offices and all lists of today are over.
fn years_later() -> Timestamp {
    now() + SignedDuration::from_hours(24 * 365 * 6)
}

/// A list of those who are revoked, and were for an hour already, in the gateway's folder of trust; and as a file.
fn listed(house: &House, name: &str, revoked: &[&Certificate]) -> PathBuf {
    let authority = development_authority(&house.stage.gateway_folder()).unwrap();
    let hour = SignedDuration::from_hours(1);
    let since: Vec<_> = revoked.iter().map(|one| (*one, now() - hour)).collect();
    let der = authority.revoke(&since, now(), now() + hour).unwrap();
    let file = house.folder.path().join(name);
    fs::write(&file, &der).unwrap();
    assert_eq!(house.stage.ask(Request::TrustAddCrl { der: STANDARD.encode(der) }).unwrap(), Reply::Done);
    file
}

fn send(house: &House) -> String {
    let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0).only();
    sent["message_id"].as_str().unwrap().to_owned()
}

/// The file of evidence about a bundle of A's.
fn proved(house: &House, (message_id, name): (&str, &str)) -> PathBuf {
    let file = house.folder.path().join(name);
    type_in(&house.a, ["receipt", message_id, "-o", file.to_str().unwrap()]).ended(0);
    file
}

/// What `verify` finds about both certificates, what revoked them, and the receipt, by a clock.
fn states(clock: fn() -> Timestamp, settings: &Path, file: &Path) -> Vec<(String, String)> {
    let rows = type_in_at(clock, settings, ["verify", file.to_str().unwrap()]).ended(0).objects();
    let asked = ["trust-state", "sender-certificate", "recipient-certificate", "revocation", "receipt"];
    let found = rows.iter().map(|row| [&row["layer"], &row["state"]].map(|word| word.as_str().unwrap_or_default()));
    found
        .filter(|[layer, _]| asked.contains(layer))
        .map(|[layer, state]| (layer.to_owned(), state.to_owned()))
        .collect()
}

/// The lists that a file of evidence has.
fn lists(file: &Path) -> Vec<Vec<u8>> {
    let proof: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let lists = proof["revocation"].as_array().unwrap();
    lists.iter().map(|one| STANDARD.decode(one.as_str().unwrap()).unwrap()).collect()
}

fn evidence(house: &House) -> Vec<Recorded> {
    let request = Request::EvidenceList { office: None, message_id: None, after: None };
    let Reply::Evidence { entries } = house.stage.ask(request).unwrap() else { panic!("evidence") };
    entries.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect()
}

/// The bundles that a receipt acknowledged, by the evidence.
fn acknowledged(house: &House) -> Vec<String> {
    let received = |one: &Recorded| one.evidence.event == Event::ContentHandover && one.evidence.receipt.is_some();
    evidence(house).into_iter().filter(received).map(|one| one.evidence.message_id).collect()
}

/// The receipts that the gateway refused: of which bundle, and why.
fn refused(house: &House) -> Vec<(String, String)> {
    let Reply::RefusedReceipts { receipts, .. } =
        house.stage.ask(Request::EvidenceRefused { repeated: false, office: None, before: None }).unwrap()
    else {
        panic!("receipts")
    };
    receipts.into_iter().map(|RefusedRow { original, code, .. }| (original, code)).collect()
}

/// The bundles of A's list that are 済.
fn done(house: &House) -> Vec<String> {
    let rows = type_in(&house.a, ["list", "sent"]).ended(0).objects();
    let done = rows.iter().filter(|row| row["state"] == "済");
    done.map(|row| row["message_id"].as_str().unwrap().to_owned()).collect()
}

// Profile §8.18, §8.19
#[test]
fn who_is_revoked_later_had_signed_by_the_list_of_then_and_signs_for_nothing_more() {
    let mut house = House::new();
    listed(&house, "then.crl", &[]);
    let first = send(&house);
    type_in(&house.b, ["fetch"]).ended(0);
    let before = proved(&house, (&first, "before.json"));
    // Of two more the one is received and acknowledged before the revocation, but by a line that is down.
    let second = send(&house);
    let port = house.stage.addresses().submission_tls.port();
    set(&house.b, "submission_port", "1");
    type_in(&house.b, ["fetch"]).ended(69);
    set(&house.b, "submission_port", &port.to_string());
    let third = send(&house);

    let recipient = Settings::load(&house.b).unwrap().identity().unwrap();
    let today = listed(&house, "today.crl", &[recipient.certificate()]);
    for _ in 0..2 {
        // What changes is that both went out whole (Profile §8.10); no receipt of either counts.
        let fetched = type_in(&house.b, ["fetch"]).ended(3).objects();
        let found: Vec<_> = fetched.iter().map(|row| [&row["state"], &row["receipt_state"], &row["code"]]).collect();
        assert_eq!(found, [["saved", "refused", "E-REV-001"]; 2], "{fetched:#?}");
        assert_eq!((acknowledged(&house), done(&house)), (vec![first.clone()], vec![first.clone()]));
    }
    let counted = |id: &str| refused(&house).iter().filter(|(of, why)| of == id && why == "E-REV-001").count();
    assert!(counted(&second) > 0 && counted(&third) > 0 && counted(&first) == 0, "{:?}", refused(&house));
    let now_all = evidence(&house);
    type_in(&house.b, ["fetch"]).ended(3);
    assert_eq!(evidence(&house), now_all, "refused once more, it leaves no evidence at all");

    // By the list of today the recipient had been revoked when it signed: nobody knew, and the list of then counts.
    let after = proved(&house, (&first, "after.json"));
    set(&house.a, "revocation_files", &format!("[\"{}\"]", today.display()));
    let holds = ["trust-state", "sender-certificate", "revocation", "recipient-certificate", "revocation", "receipt"];
    let holds = holds.map(|layer| (layer.to_owned(), "holds".to_owned()));
    let then = fs::read(house.folder.path().join("then.crl")).unwrap();
    house.stage.stop();
    for file in [&before, &after] {
        for clock in [now, years_later] {
            assert_eq!(states(clock, &house.a, file), holds, "{} at {}", file.display(), clock());
        }
        // Each has the list that counted, and no other.
        assert_eq!(lists(file), [&*then]);
    }
}
