use fumibako_careplan::Lang;
use fumibako_model::EvidenceId;
use fumibako_model::log::{Growth, Nodes, SetBack};
use fumibako_signer::{Identity, Naming, Practice, Purposes, WithoutList, enclose};
use jiff::SignedDuration;

use super::*;
use crate::owner::{Listed, OrListed};
use crate::testing::{A, B, Ca, address, now};

/// A log of two pieces about one bundle, at these moments, under a head of the gateway's.
fn file(gateway: &Identity, moments: [Timestamp; 2], set_back: Option<SetBack>) -> ProofFile {
    let events = [Event::SubmissionAcceptance, Event::ContentConsignment];
    let entry = |(n, (event, at)): (u64, (Event, Timestamp))| {
        let evidence = serde_json::json!({
            "v": 1, "id": EvidenceId(7 + n.cast_signed()), "n": n, "previous": (n > 0).then_some(EvidenceId(7)),
            "event": event.as_str(), "at": at, "message_id": "a@plans.example", "sha256": "00".repeat(32), "size": 100,
            "from": "9970000011", "to": "9970000029",
        });
        serde_json::to_string(&serde_json::from_value::<Recorded>(evidence).unwrap()).unwrap()
    };
    of_entries(gateway, (0..).zip(events.into_iter().zip(moments)).map(entry).collect(), set_back)
}

/// A log of these two entries.
fn of_entries(gateway: &Identity, entries: Vec<String>, set_back: Option<SetBack>) -> ProofFile {
    let mut growth = Growth::default();
    for entry in &entries {
        growth.push(leaf(entry.as_bytes()));
    }
    let root = fumibako_signer::hex(&growth.root());
    let head = Head { set_back, ..Head::over("plans.example", (growth.size(), root), now()) };
    let head = enclose(&serde_json::to_vec(&head).unwrap(), gateway, now()).unwrap();
    let mut nodes = Nodes::new(growth.tiles());
    let size = growth.size();
    let mut path = |n| nodes.inclusion(n, size).unwrap().iter().map(|hash| fumibako_signer::hex(hash)).collect();
    ProofFile {
        v: fumibako_model::PROOF_FORM,
        entries: (0..).zip(entries).map(|(n, entry)| Proven { entry, path: path(n) }).collect(),
        head: STANDARD.encode(head),
        ..ProofFile::default()
    }
}

/// These vouch for the gateway and for offices, and nobody for time.
fn vouch<'v>(gateway: &'v Witnesses, offices: Option<&'v Trust>) -> Vouchers<'v> {
    Vouchers { gateway, offices, stampers: None }
}

/// The layer, and whether all holds.
fn judged(moments: [Timestamp; 2], set_back: Option<SetBack>, what: What) -> (layer::Layer, bool) {
    let ca = Ca::new();
    let file = file(&ca.identity("gateway@plans.example"), moments, set_back);
    let (report, _) = verify_proof(&file, vouch(&ca.trust().into(), None), (None, &[]), now());
    let holds = report.holds();
    (report.layers.into_iter().find(|layer| layer.what == what).unwrap(), holds)
}

fn told<'l>(layer: &'l layer::Layer, key: &str) -> Option<&'l Fact> {
    layer.facts.iter().find(|fact| fact.key == key)
}

// Profile §8.28
#[test]
fn a_clock_that_was_set_back_is_told_and_is_no_fault() {
    let earlier = now() - SignedDuration::from_hours(25);
    let (sequence, holds) = judged([earlier, now()], None, What::Sequence);
    assert!(holds && sequence.state == State::Holds && told(&sequence, "clock_back").is_none());
    let (sequence, holds) = judged([now(), earlier], None, What::Sequence);
    assert!(holds && sequence.state == State::Holds, "{sequence:?}");
    assert_eq!(told(&sequence, "clock_back").map(|fact| &fact.value), Some(&serde_json::json!(earlier)));
}

// Profile §8.20
#[test]
fn every_time_that_the_log_was_set_back_is_named() {
    let once = |size, days: i64, lost| {
        let at = now() - SignedDuration::from_hours(24 * days);
        SetBack { size, root: String::new(), at, lost, earlier: Vec::new() }
    };
    let last = once(40, 1, Some(44)).after([once(8, 30, None), once(20, 3, Some(21))].iter());
    let (head, holds) = judged([now(), now()], Some(last), What::LogHead);
    assert!(holds, "{head:?}");
    let fact = told(&head, "set_back").unwrap();
    let sizes: Vec<_> = fact.value.as_array().unwrap().iter().map(|one| (&one["size"], &one["lost"])).collect();
    let expected = serde_json::json!([40, 44, 20, 21, 8, null]);
    let expected: Vec<_> = expected.as_array().unwrap().chunks(2).map(|pair| (&pair[0], &pair[1])).collect();
    assert_eq!(sizes, expected);
    let shown = fact.shown(Lang::Ja);
    let places: Vec<_> = ["44 → 40", "21 → 20", "8（"].iter().map(|one| shown.find(one)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{shown}");
    assert!(told(&judged([now(), now()], None, What::LogHead).0, "set_back").is_none());
}

// Profile §8.18: what the gateway exports of its own keeping is as good as any other piece.
#[test]
fn pieces_about_no_bundle_are_verified_as_what_they_are() {
    let erased = r#"{"v":1,"id":"EV512E000000001A","n":0,"event":"ContentErasure","at":"2026-11-25T12:00:00Z","day":"2026-08-25","count":2,"root":"0a"}"#;
    let pruned = r#"{"v":1,"id":"EV512E000000001B","n":1,"event":"EvidencePruning","at":"2034-12-02T00:01:00Z","from":0,"until":1,"root":"0a","signed":"2026-11-25T12:00:00Z","years":7}"#;
    let ca = Ca::new();
    let file = of_entries(&ca.identity("gateway@plans.example"), vec![erased.into(), pruned.into()], None);
    let pieces = |file: &ProofFile| {
        let (report, _) = verify_proof(file, vouch(&ca.trust().into(), None), (None, &[]), now());
        let holds = report.holds();
        (report.layers.into_iter().filter(|layer| layer.what == What::Evidence).collect::<Vec<_>>(), holds)
    };
    let (found, holds) = pieces(&file);
    assert!(holds && found.iter().all(|layer| layer.state == State::Holds), "{found:?}");
    assert_eq!(told(&found[0], "day").map(|fact| &fact.value), Some(&serde_json::json!("2026-08-25")));
    assert_eq!(told(&found[1], "years").map(|fact| &fact.value), Some(&serde_json::json!("7")));
    let mut other = file;
    other.entries[0].entry = erased.replace("2026-08-25", "2026-08-26");
    assert!(!pieces(&other).1);
}

/// A bundle that its sender signed, judged at that moment, with these lists as those of then.
fn signed_at(ca: &Ca, sender: &Identity, at: Timestamp, lists: &[Vec<u8>]) -> ProofFile {
    let trust = TrustState::new(lists.iter().map(|list| hash(list)).collect());
    let evidence = serde_json::json!({
        "v": 1, "id": EvidenceId(7), "n": 0, "event": "SubmissionAcceptance", "at": at, "message_id": "a@plans.example",
        "sha256": "00".repeat(32), "size": 100, "from": "9970000011", "to": "9970000029",
        "signer": sender.certificate().fingerprint_hex(), "trust": trust.name(),
    });
    let entry = serde_json::to_string(&serde_json::from_value::<Recorded>(evidence).unwrap()).unwrap();
    ProofFile {
        certificates: vec![STANDARD.encode(sender.certificate().der())],
        trust: vec![trust],
        revocation: lists.iter().map(|list| STANDARD.encode(list)).collect(),
        ..of_entries(&ca.identity("gateway@plans.example"), vec![entry], None)
    }
}

// Profile §8.19
#[test]
fn what_the_lists_of_then_say_counts_and_what_those_of_today_say_does_not() {
    let ca = Ca::new();
    let sender = ca.identity(A);
    let next = now() + SignedDuration::from_hours(1);
    // The second revokes the sender from this moment on.
    let (nobody, revoked) = (ca.list(&[], next), ca.list(&[&sender], next));
    let today = |list: &[u8]| {
        let trust = ca.trust();
        let news = trust.read_news(list).unwrap();
        trust.with_news([news], WithoutList::Accept)
    };
    let minutes = |count| now() + SignedDuration::from_mins(count);
    let years = now() + SignedDuration::from_hours(24 * 365 * 10);
    let judged = |at: Timestamp, then: &[Vec<u8>], offices: &Trust, clock: Timestamp| {
        let file = signed_at(&ca, &sender, at, then);
        let (report, _) = verify_proof(&file, vouch(&ca.trust().into(), Some(offices)), (None, &[]), clock);
        assert_eq!(report.state(What::SenderCertificate), Some(&State::Holds));
        assert_eq!(report.state(What::TrustState), Some(&State::Holds));
        report.state(What::Revocation).unwrap().clone()
    };
    let why = |state: State| if let State::Fails(refused) = state { refused.why } else { panic!("{state:?}") };
    for clock in [now(), years] {
        for offices in [&ca.trust(), &today(&nobody), &today(&revoked)] {
            let by = |at, then: &[Vec<u8>]| judged(at, then, offices, clock);
            assert_eq!(by(minutes(-1), std::slice::from_ref(&nobody)), State::Holds);
            assert_eq!(by(minutes(1), std::slice::from_ref(&nobody)), State::Holds, "that came later");
            assert_eq!(by(minutes(-1), std::slice::from_ref(&revoked)), State::Holds, "it had signed before");
            assert_eq!(why(by(minutes(1), std::slice::from_ref(&revoked))), Refusal::CertificateRevoked);
            assert_eq!(why(by(minutes(61), std::slice::from_ref(&nobody))), Refusal::RevocationUnknown, "over by then");
        }
        // Where the file has none, those of whoever asks are all there is.
        let by = |offices: &Trust| judged(minutes(1), &[], offices, clock);
        assert_eq!(by(&ca.trust()), State::Unseen(Unseen::NoList));
        assert_eq!(by(&today(&nobody)), State::Holds);
        assert_eq!(why(by(&today(&revoked))), Refusal::CertificateRevoked);
    }
}

// Profile §5.4, §8.19
#[test]
fn whose_word_it_is_whose_a_certificate_is_is_said() {
    let ca = Ca::new();
    let sender = ca.identity(A);
    let file = signed_at(&ca, &sender, now(), &[]);
    let anchor = Certificate::many_from_pem(ca.pem().as_bytes()).unwrap().remove(0);
    let by = |naming, listed: Listed| {
        let names = OrListed { naming, listed: listed.into(), domain: "plans.example".parse().ok() };
        let trust = Trust::with_practices([(anchor.clone(), Practice::new(Purposes::Mail, names))]).unwrap();
        let (report, _) = verify_proof(&file, vouch(&ca.trust().into(), Some(&trust)), (None, &[]), now());
        let layer = report.layers.into_iter().find(|layer| layer.what == What::SenderCertificate).unwrap();
        assert_eq!(layer.state, State::Holds);
        (told(&layer, NAMED_BY).unwrap().value.clone(), layer.words(Lang::Ja).what)
    };
    let listed = Listed::from([(sender.certificate().fingerprint(), "9970000011".parse().unwrap())]);
    for (named, words) in [by(Naming::MailAddress, Listed::new()), by(Naming::Roll, listed)] {
        assert_eq!(named, "certificate");
        assert!(words.contains("その事業所"), "{words}");
    }
    let (named, words) = by(Naming::Roll, Listed::new());
    assert_eq!(named, ON_THE_ROLL);
    assert!(words.contains("登録簿") && !words.contains("その事業所"), "{words}");

    // Nobody is an office of a gateway that is none.
    let (report, _) = verify_proof(&file, vouch(&Ca::new().trust().into(), Some(&ca.trust())), (None, &[]), now());
    assert_eq!(report.state(What::SenderCertificate), Some(&State::Unseen(Unseen::Earlier)));
}

#[test]
fn what_happened_is_told_in_words_and_to_programs_by_its_name() {
    let ca = Ca::new();
    let entry = serde_json::json!({
        "v": 1, "id": EvidenceId(7), "n": 0, "event": "ContentHandover", "at": now(), "message_id": "a@plans.example",
        "from": "9970000011", "to": "9970000029", "reason": "seen-by-the-gateway",
    });
    let file = of_entries(&ca.identity("gateway@plans.example"), vec![entry.to_string()], None);
    let (report, _) = verify_proof(&file, vouch(&ca.trust().into(), None), (None, &[]), now());
    let layer = report.layers.iter().find(|layer| layer.what == What::Evidence).unwrap();
    let (event, reason) = (told(layer, "event").unwrap(), told(layer, "reason").unwrap());
    assert_eq!((&event.value, &reason.value), (&"ContentHandover".into(), &"seen-by-the-gateway".into()));
    assert_eq!((&*event.shown(Lang::Ja), &*event.shown(Lang::En)), ("受け渡し", "handed over"));
    assert!(reason.shown(Lang::Ja).contains("ゲートウェイの記録") && reason.shown(Lang::En).contains("gateway's word"));
}

// Profile §8.16
#[test]
fn what_a_key_signed_that_was_replaced_is_told_and_nothing_after_its_end_is_believed() {
    let ca = Ca::of_evidence();
    let key = ca.identity("gateway@plans.example");
    let file = file(&key, [now(), now()], None);
    let judged = |text: String| {
        let (report, _) =
            verify_proof(&file, vouch(&Witnesses::read(text.as_bytes()).unwrap(), None), (None, &[]), now());
        let state = |what| report.layers.iter().find(|layer| layer.what == what).map(|layer| layer.state.clone());
        (report.holds(), state(What::Gateway), state(What::FormerKey))
    };
    let own: String = ca.trust().anchors().iter().map(fumibako_signer::Certificate::to_pem).collect();
    let line = |until: Timestamp| {
        format!("Fumibako-Key-Replaced: {} {until}\n{own}", key.certificate().fingerprint_hex().to_uppercase())
    };
    assert_eq!(judged(own.clone()), (true, Some(State::Holds), None), "it signs today");
    let unseen = Some(State::Unseen(Unseen::KeyReplaced));
    assert_eq!(judged(line(now())), (true, Some(State::Holds), unseen));
    let (holds, gateway, told) = judged(line(now() - SignedDuration::from_secs(1)));
    let Some(State::Fails(why)) = gateway else { panic!("{gateway:?}") };
    assert_eq!((holds, why.why, told), (false, Refusal::EvidenceKeyReplaced, None));
    // Another's line is another's.
    let others = line(now() - SignedDuration::from_secs(1)).replacen(|c: char| c.is_ascii_digit(), "x", 1);
    assert_eq!(judged(others), (true, Some(State::Holds), None));
    // Two authorities, and nothing that says when: as files were handed out once.
    let newer = fumibako_signer::authority::Authority::create_for_domain("Newer CA", "plans.example", now()).unwrap();
    let both = own + &newer.certificate().to_pem();
    let (holds, gateway, told) = judged(both);
    assert_eq!((holds, gateway), (true, Some(State::Holds)));
    assert_eq!(told, Some(State::Unseen(Unseen::KeyReplacedSometime)));
}

/// A bundle accepted now, and its recipient's receipt.
fn acknowledged(ca: &Ca, recipient: &Identity, receipt: &[u8]) -> ProofFile {
    let piece = |n: u64, event: Event, more: serde_json::Value| {
        let mut piece = serde_json::json!({
            "v": 1, "id": EvidenceId(7 + n.cast_signed()), "n": n, "previous": (n > 0).then_some(EvidenceId(7)),
            "event": event.as_str(), "at": now(), "message_id": "a@plans.example", "sha256": "00".repeat(32),
            "size": 100, "from": "9970000011", "to": "9970000029",
        });
        piece.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::to_string(&serde_json::from_value::<Recorded>(piece).unwrap()).unwrap()
    };
    let signer = recipient.certificate().fingerprint_hex();
    let entries = vec![
        piece(0, Event::SubmissionAcceptance, serde_json::json!({})),
        piece(
            1,
            Event::ContentHandover,
            serde_json::json!({
                "receipt": "r@plans.example", "receipt_sha256": hash(receipt), "signer": signer,
            }),
        ),
    ];
    let file = of_entries(&ca.identity("gateway@plans.example"), entries, None);
    ProofFile { receipt: Some(STANDARD.encode(receipt)), ..file }
}

// Profile §8.2: what was admitted before a disposition had to have its modes.
#[test]
fn a_receipt_that_counted_when_it_came_counts_for_good() {
    let (ca, modes) = (Ca::new(), "manual-action/MDN-sent-manually; processed");
    let recipient = ca.identity(B);
    let receipt = crate::receipt::Receipt {
        message_id: "r@plans.example".into(),
        original: "a@plans.example".into(),
        digest: [7; 32],
        saved_at: now(),
    };
    let receipt = receipt.compose(&address(B), &address(A), &recipient, None).unwrap().0;
    let part = String::from_utf8(Signed::read(&receipt).unwrap().part().to_vec()).unwrap();
    for (disposition, holds) in
        [(modes, true), ("processed", true), ("manual-action; processed", true), ("deleted", false)]
    {
        let part = part.replace(modes, disposition);
        let receipt = fumibako_signer::sign(part.as_bytes(), &recipient, now()).unwrap();
        let file = acknowledged(&ca, &recipient, &receipt);
        let (report, witnessed) = verify_proof(&file, vouch(&ca.trust().into(), None), (None, &[]), now());
        let state = report.state(What::Receipt).unwrap();
        assert_eq!((*state == State::Holds, report.holds()), (holds, holds), "{disposition}: {state:?}");
        assert_eq!(witnessed.receipt.is_some(), holds, "{disposition}");
    }
}

// Profile §8.23
#[test]
fn a_receipt_signed_before_the_bundle_came_counts_and_whoever_reads_it_is_told() {
    let ca = Ca::new();
    let recipient = ca.identity(B);
    // Accepted now, and acknowledged by a computer whose clock says this.
    let judged = |clock: Timestamp| {
        let receipt = crate::receipt::Receipt {
            message_id: "r@plans.example".into(),
            original: "a@plans.example".into(),
            digest: [7; 32],
            saved_at: clock,
        };
        let receipt = receipt.compose(&address(B), &address(A), &recipient, None).unwrap().0;
        let file = acknowledged(&ca, &recipient, &receipt);
        let (report, witnessed) = verify_proof(&file, vouch(&ca.trust().into(), None), (None, &[]), now());
        let layer = report.layers.iter().find(|layer| layer.what == What::Receipt).unwrap();
        assert_eq!(layer.state, State::Holds);
        let told = told(layer, "clock").map(|fact| (fact.value.clone(), fact.shown(Lang::Ja)));
        (told, crate::page::of(&witnessed, &report, "a.json", &crate::page::Beside::default()))
    };
    let words = "署名の日時が受付より前です（相手先の時計）";
    for (minutes, is_told) in [(-16, true), (-15, false), (5, false)] {
        let clock = now() + SignedDuration::from_mins(minutes);
        let (told, page) = judged(clock);
        assert_eq!(told, is_told.then(|| (serde_json::json!(clock), words.to_owned())), "{minutes}");
        assert_eq!(page.contains(words), is_told, "{minutes}: {page}");
    }
}
mod stamps;
