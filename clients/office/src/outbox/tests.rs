use expect_test::expect;

use super::*;
use crate::bundle::{Form, compose};
use crate::exit::Exit;
use crate::post::Post;
use crate::settings::Settings;
use crate::testing::{A, B, Ca, address, draft, now};

fn put(outbox: &Outbox) -> String {
    let composed = compose(&draft(), (address(A), address(B)), &Form::Signed, &Ca::new().identity(A), now()).unwrap();
    outbox.put(&composed.fields.message_id, composed.fields.at, &composed.octets).unwrap();
    composed.fields.message_id
}

/// Settings that lead nowhere: the port is bound and then closed again.
fn nowhere(folder: &Path) -> Settings {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fs::write(folder.join("password"), "secret").unwrap();
    Settings {
        gateway: "localhost".into(),
        submission_port: port,
        login: "9970000011".into(),
        password_file: folder.join("password"),
        ..Settings::default()
    }
}

#[test]
fn a_message_waits_until_the_gateway_answers() {
    let folder = tempfile::tempdir().unwrap();
    let ids = {
        let outbox = Outbox::open(folder.path()).unwrap();
        [put(&outbox), put(&outbox)]
    };
    let outbox = Outbox::open(folder.path()).unwrap();
    let mut post = Post::new(&nowhere(folder.path())).unwrap();
    let mut told = 0;
    let outcomes = outbox.post_all(&mut post, now, &mut |_| told += 1).unwrap();
    assert_eq!(told, 2);
    assert!(outcomes.iter().all(|outcome| outcome.trouble.as_ref().unwrap().exit() == Exit::UNAVAILABLE));
    let entries = outbox.entries().unwrap();
    assert!(entries.iter().all(|entry| entry.fate == Fate::Waiting && entry.to == B && entry.from == A));
    assert!(ids.iter().all(|id| outbox.knows(id).unwrap()));
    assert!(entries[0].facts().is_some(), "the message itself says what it carries");
}

#[test]
fn a_crash_while_writing_leaves_nothing_that_would_be_posted() {
    let folder = tempfile::tempdir().unwrap();
    let id = put(&Outbox::open(folder.path()).unwrap());
    let half = folder.path().join("outbox/.fumibako-half");
    fs::write(&half, "From: <9970000011@plans.example>\r\nTo: <99").unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    assert!(!half.exists());
    let waiting: Vec<String> = outbox.entries().unwrap().into_iter().map(|entry| entry.message_id).collect();
    assert_eq!(waiting, [id]);
}

#[test]
fn a_crash_between_record_and_removal_does_not_post_again() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    put(&outbox);
    let (key, mut entry) = outbox.waiting().unwrap().pop().unwrap();
    entry.fate = Fate::Posted { evidence: "EV512E000000001A".into(), at: now(), gateway: None };
    outbox.record(&key, "posted", &entry).unwrap();
    assert!(outbox.waiting().unwrap().is_empty());
    assert_eq!(outbox.entries().unwrap(), [entry.clone()]);
    assert_eq!(entry.evidence().unwrap().to_string(), "EV512E000000001A");
}

#[test]
fn a_refused_message_keeps_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    put(&outbox);
    let (key, mut entry) = outbox.waiting().unwrap().pop().unwrap();
    let refused = fumibako_model::Refusal::RecipientUnknown.about("9970000029");
    (entry.message_id, entry.fate) = ("m@plans.example".into(), Fate::refused(&refused, Some("3FA2B1".into()), now()));
    entry.bundle = None;
    outbox.record(&key, "refused", &entry).unwrap();
    assert!(outbox.waiting().unwrap().is_empty());
    assert_eq!(look(folder.path()).unwrap()[0].refusal(), Some((refused, Some("3FA2B1".into()))));
    expect![[r#"
        {
          "message_id": "m@plans.example",
          "from": "9970000011@plans.example",
          "to": "9970000029@plans.example",
          "composed": "2026-11-20T00:15:00Z",
          "fate": "refused",
          "code": "E-DIR-001",
          "about": "9970000029",
          "reference": "3FA2B1",
          "at": "2026-11-20T00:15:00Z"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&entry).unwrap());
}

#[test]
fn two_runs_do_not_share_an_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let first = Outbox::open(folder.path()).unwrap();
    assert!(matches!(Outbox::open(folder.path()), Err(Trouble::Busy(_))));
    drop(first);
    assert!(Outbox::open(folder.path()).is_ok());
}

#[test]
fn looking_before_anything_was_sent_finds_nothing() {
    assert_eq!(look(tempfile::tempdir().unwrap().path()).unwrap(), []);
}

#[test]
fn a_spoilt_file_is_set_aside_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    let id = put(&outbox);
    let spoilt = folder.path().join("outbox/20261125-000000.000000-spoilt.eml");
    fs::write(&spoilt, "no mail at all").unwrap();
    fs::write(folder.path().join("outbox/20261125-000000.000001-spoilt.posted.json"), "{").unwrap();
    let entries = outbox.entries().unwrap();
    assert_eq!(entries.iter().map(|entry| entry.message_id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    assert!(!spoilt.exists() && spoilt.with_extension("eml.unreadable").exists());
    // What never went is composed anew; what went is not.
    let file = |id: &str| {
        let names = outbox.names().unwrap();
        let name = names.into_iter().find(|name| name.contains(id.split('@').next().unwrap())).unwrap();
        folder.path().join("outbox").join(name)
    };
    fs::write(file(&id), "spoilt").unwrap();
    assert!(outbox.entries().unwrap().is_empty() && !outbox.knows(&id).unwrap());
    let posted = put(&outbox);
    fs::rename(file(&posted), file(&posted).with_extension("posted.json")).unwrap();
    assert!(outbox.entries().unwrap().is_empty() && outbox.knows(&posted).unwrap(), "its record is spoilt");
}

// Profile §11.2
#[test]
fn what_was_spoilt_before_it_went_is_told_until_it_is_composed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let told = || spoilt(folder.path()).unwrap();
    assert!(told().is_empty(), "nothing was ever sent");
    let outbox = Outbox::open(folder.path()).unwrap();
    let ids = [put(&outbox), put(&outbox), put(&outbox)];
    assert!(told().is_empty());
    let files: Vec<PathBuf> = outbox.names().unwrap().iter().map(|name| outbox.folder.join(name)).collect();
    for file in &files {
        fs::write(file, "spoilt").unwrap();
    }
    for aside in [false, true] {
        let all = told();
        assert_eq!(all.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [now(); 3], "set aside: {aside}");
        assert!(all.iter().all(|(_, why)| why.exit() == Exit::BAD_FILE));
        assert_eq!(files[0].exists(), !aside, "whoever looks changes nothing");
        assert!(look(folder.path()).unwrap().is_empty() && aside != files[0].exists());
        assert!(outbox.entries().unwrap().is_empty());
    }
    outbox.put(&ids[0], now() + jiff::SignedDuration::from_secs(1), &Private(b"anew".to_vec())).unwrap();
    let received = folder.path().join("received");
    fs::create_dir(&received).unwrap();
    fs::write(received.join("a.json"), format!("{{\"receipt\":\"{}\"}}", ids[1])).unwrap();
    let left: Vec<String> = told().iter().map(|(_, why)| why.to_string()).collect();
    assert!(matches!(&left[..], [one] if one.contains(ids[2].split('@').next().unwrap())), "{left:?}");
}

// Profile §11.2
#[test]
fn what_is_posted_while_somebody_looks_is_known_and_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    put(&outbox);
    let (key, waits) = outbox.waiting().unwrap().pop().unwrap();
    let posted =
        Entry { fate: Fate::Posted { evidence: "EV512E000000001A".into(), at: now(), gateway: None }, ..waits };
    // The record was looked for already when the message goes.
    let mut look = |path: &Path| {
        if path.extension().is_some_and(|end| end == "eml") {
            outbox.record(&key, "posted", &posted).unwrap();
            fs::remove_file(path).unwrap();
        }
        fs::read(path)
    };
    assert_eq!(under(&outbox.folder, &key, &mut look).unwrap(), Some(Ok(posted.clone())));
    fs::remove_file(outbox.folder.join(format!("{key}.posted.json"))).unwrap();
    assert_eq!(under(&outbox.folder, &key, &mut |path| fs::read(path)).unwrap(), None);
}

/// Refuses for now the bundles that one office sends, and takes note of the rest.
struct Choosy {
    not_yet: &'static str,
    taken: Vec<String>,
    why: fumibako_model::Refusal,
}

impl Carry for Choosy {
    fn gateway(&self) -> &'static str {
        "gateway.example"
    }

    fn post(&mut self, from: Option<&Address>, _: &Address, message: &[u8]) -> Result<EvidenceId, Trouble> {
        if from.is_some_and(|from| from.to_string() == self.not_yet) {
            return Err(Trouble::Refused { refused: self.why.into(), reference: None });
        }
        self.taken.push(entry_of(message).unwrap().message_id);
        Ok("EV512F0000000000".parse().unwrap())
    }
}

/// Profile §9.13
#[test]
fn what_an_office_sends_never_overtakes_itself_and_others_go_on() {
    use fumibako_model::Refusal;
    let ca = Ca::new();
    let third = "9970000037@plans.example";
    for (why, posted) in [(Refusal::RevocationUnknown, 2), (Refusal::StoreBusy, 0), (Refusal::MandateRevoked, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        let mut ids = Vec::new();
        for (second, from) in [A, third, A, third].into_iter().enumerate() {
            let at = now() + jiff::SignedDuration::from_secs(i64::try_from(second).unwrap());
            let key = ca.identity(from);
            let composed = compose(&draft(), (address(from), address(B)), &Form::Signed, &key, at).unwrap();
            outbox.put(&composed.fields.message_id, at, &composed.octets).unwrap();
            ids.push(composed.fields.message_id);
        }
        let mut choosy = Choosy { not_yet: A, taken: Vec::new(), why };
        let outcomes = outbox.post_all(&mut choosy, now, &mut |_| ()).unwrap();
        assert_eq!(outcomes.len(), 4);
        assert_eq!(choosy.taken, [ids[1].clone(), ids[3].clone()][..posted], "{why:?}");
        let waits = outbox.entries().unwrap().iter().filter(|entry| entry.fate == Fate::Waiting).count();
        assert_eq!(waits, if why == Refusal::MandateRevoked { 0 } else { 4 - posted }, "{why:?}");
    }
}

/// A receipt and the word that a bundle does not open, from A to B, kept at this second.
fn put_words(outbox: &Outbox, ca: &Ca, second: i64) -> [String; 2] {
    let (at, key) = (now() + jiff::SignedDuration::from_secs(second), ca.identity(A));
    let [receipt, word] = ["first", "then"].map(|which| format!("{which}{second}@plans.example"));
    let asks = crate::receipt::Receipt {
        message_id: receipt.clone(),
        original: "b@plans.example".into(),
        digest: [7; 32],
        saved_at: at,
    };
    let signed = fumibako_signer::sign_with(
        b"Content-Type: text/plain\r\n\r\nplan\r\n",
        &ca.identity(B),
        &fumibako_signer::Signing::default(),
        at,
    );
    let signature = fumibako_signer::Signed::read(&signed.unwrap()).unwrap().verify().unwrap();
    outbox.put(&receipt, at, &asks.compose(&address(A), &address(B), &key, &signature).unwrap()).unwrap();
    let failure = crate::receipt::Failure {
        message_id: word.clone(),
        original: "c@plans.example".into(),
        fault: fumibako_model::Fault::DecryptionFailed,
        digest: None,
        at,
    };
    outbox.put(&word, at, &failure.compose(&address(A), &address(B), (&key).into()).unwrap()).unwrap();
    [receipt, word]
}

/// Profile §9.13
#[test]
fn receipts_pass_bundles_that_have_to_wait() {
    use fumibako_model::Refusal;
    let ca = Ca::new();
    // One is about what the office sends, the other about the gateway: whatever comes behind it waits, too.
    for why in [Refusal::RevocationUnknown, Refusal::StoreBusy] {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        put(&outbox);
        let words = put_words(&outbox, &ca, 1);
        let mut choosy = Choosy { not_yet: A, taken: Vec::new(), why };
        let outcomes = outbox.post_all(&mut choosy, now, &mut |_| ()).unwrap();
        assert_eq!(choosy.taken, words, "{why:?}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.trouble.is_some()).count(), 1, "{why:?}");
    }
}

/// Refuses every notification for now, and takes every bundle.
struct Stubborn(usize);

impl Carry for Stubborn {
    fn gateway(&self) -> &'static str {
        "gateway.example"
    }

    fn post(&mut self, from: Option<&Address>, _: &Address, _: &[u8]) -> Result<EvidenceId, Trouble> {
        if from.is_none() {
            let refused = fumibako_model::Refusal::RevocationUnknown.into();
            return Err(Trouble::Refused { refused, reference: None });
        }
        self.0 += 1;
        Ok("EV512F0000000000".parse().unwrap())
    }
}

/// Profile §9.13
#[test]
fn a_receipt_that_has_to_wait_holds_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    put_words(&outbox, &Ca::new(), 0);
    put(&outbox);
    let mut stubborn = Stubborn(0);
    let outcomes = outbox.post_all(&mut stubborn, now, &mut |_| ()).unwrap();
    assert_eq!((outcomes.len(), stubborn.0), (3, 1));
}

/// Profile §8.11: who was refused under the certificate of before is refused so once more, and does not wait for a day as if under this one.
#[test]
fn a_message_that_was_refused_waits_as_it_was_while_it_is_made_anew() {
    use crate::disk::tests::SPOILT;
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    let id = put(&outbox);
    let (key, mut entry) = outbox.waiting().unwrap().swap_remove(0);
    let refused = fumibako_model::Refusal::CertificateRevoked.into();
    entry.fate = Fate::refused(&refused, None, now());
    outbox.record(&key, "refused", &entry).unwrap();
    let before = outbox.octets(&key).unwrap();
    SPOILT.set(true);
    let broken = outbox.renew(&key, &Private(b"another".to_vec()));
    SPOILT.set(false);
    assert!(broken.is_err() && outbox.octets(&key).unwrap() == before);
    assert_eq!(outbox.waiting().unwrap().len(), 1);
    assert_eq!(outbox.key_of(&id, REFUSED).unwrap(), None);
}
