use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::log::{Growth, Head, Nodes, leaf};
use fumibako_model::{EvidenceId, Proven};
use fumibako_signer::{Identity, enclose, sign};
use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::testing::{A, B, Ca, now};

const GATEWAY: &str = "gateway@plans.example";
const DIGEST: &str = "0a0b0c0d0e0f00010203040506070809000102030405060708090a0b0c0d0e0f";

/// A gateway, and a report that it has not signed yet.
struct Given {
    ca: Ca,
    gateway: Identity,
    /// What is attached is about this bundle.
    message_id: &'static str,
    digest: String,
}

impl Given {
    fn new() -> Self {
        let ca = Ca::new();
        Self { gateway: ca.identity(GATEWAY), ca, message_id: "a@x.example", digest: DIGEST.into() }
    }

    /// What happened to the bundle: its acceptance, delivery, and this.
    fn proof(&self, last: (&str, Option<&str>)) -> ProofFile {
        let events = [("SubmissionAcceptance", None), ("ContentConsignment", None), last];
        let entry = |(n, (event, reason)): (i64, (&str, Option<&str>))| {
            let entry = json!({
                "v": 1, "id": EvidenceId(7 + n), "n": n, "previous": (n > 0).then(|| EvidenceId(6 + n)), "event": event,
                "at": now(), "message_id": self.message_id, "sha256": (n == 0).then_some(&self.digest),
                "from": "9970000011", "to": "9970000029", "reason": reason,
            });
            serde_json::to_string(&serde_json::from_value::<Recorded>(entry).unwrap()).unwrap()
        };
        let entries: Vec<String> = (0..).zip(events).map(entry).collect();
        let mut growth = Growth::default();
        for entry in &entries {
            growth.push(leaf(entry.as_bytes()));
        }
        let hex = |hash: &[u8; 32]| fumibako_signer::hex(hash);
        let (size, root) = (growth.size(), hex(&growth.root()));
        let head = Head::over("plans.example", (size, root), now());
        let head = enclose(&serde_json::to_vec(&head).unwrap(), &self.gateway, now()).unwrap();
        let mut nodes = Nodes::new(growth.tiles());
        let mut path = |n| nodes.inclusion(n, size).unwrap().iter().map(hex).collect();
        ProofFile {
            v: PROOF_FORM,
            entries: (0..).zip(entries).map(|(n, entry)| Proven { entry, path: path(n) }).collect(),
            head: STANDARD.encode(head),
            ..ProofFile::default()
        }
    }

    /// Profile §8.17: the entity of a report about `a@x.example` on the piece with this number.
    fn entity(&self, (kind, fields): (&str, &str), piece: i64, last: (&str, Option<&str>)) -> String {
        let (id, proof) = (EvidenceId(7 + piece), serde_json::to_string(&self.proof(last)).unwrap());
        format!(
            "Content-Type: multipart/mixed; boundary=\"all\"\r\n\r\n--all\r\n\
             Content-Type: multipart/report; report-type={kind}; boundary=\"report\"\r\n\r\n--report\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--report\r\n\
             Content-Type: message/{kind}\r\n\r\n{fields}\r\n--report\r\n\
             Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <a@x.example>\r\n\r\n--report--\r\n--all\r\n\
             Content-Type: application/json; name=\"{id}.json\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{id}.json\"\r\n\r\n{}\r\n--all--\r\n",
            STANDARD.encode(format!("期限が切れました。\r\nMessage-ID: <a@x.example>\r\nSHA-256: {DIGEST}\r\n")),
            STANDARD.encode(proof)
        )
    }

    fn expired(&self) -> String {
        self.entity(("delivery-status", &status("failed", "5.4.7")), 2, ("ContentHandoverFailure", Some("expired")))
    }

    fn judged(&self, message: &[u8]) -> Report {
        let (gateway, domain) = (self.ca.trust().into(), "plans.example".parse().unwrap());
        let judge = LetterJudge {
            by: Vouchers { gateway: &gateway, offices: None, stampers: None },
            domain: Some(&domain),
            original: (None, &[]),
            at: None,
            now: now() + SignedDuration::from_hours(1),
        };
        verify_letter(message, &judge)
    }

    /// The states of the layers of our own, once this is signed.
    fn states(&self, entity: &str, by: &Identity, from: &str) -> String {
        let report = self.judged(&letter(entity, by, from));
        let own = [What::OuterSignature, What::Gateway, What::Reported, What::Evidence, What::ReportEvidence];
        let state = |layer: &layer::Layer| match &layer.state {
            State::Fails(why) => why.why.row().code,
            State::Unseen(why) => why.id(),
            State::Holds => "holds",
        };
        let line = |layer: &layer::Layer| format!("{}: {}\n", layer.what.id(), state(layer));
        let mut lines: Vec<_> = report.layers.iter().filter(|one| own.contains(&one.what)).map(line).collect();
        lines.dedup();
        lines.concat()
    }
}

fn status(action: &str, status: &str) -> String {
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_string(&now()).unwrap();
    format!(
        "Reporting-MTA: dns; plans.example\r\n\r\nFinal-Recipient: rfc822; 9970000029@plans.example\r\n\
         Action: {action}\r\nStatus: {status}\r\nLast-Attempt-Date: {date}\r\n"
    )
}

fn disposition() -> String {
    "Reporting-UA: plans.example; Fumibako\r\nFinal-Recipient: rfc822; 9970000029@plans.example\r\n\
     Original-Message-ID: <a@x.example>\r\nDisposition: automatic-action/MDN-sent-automatically; dispatched\r\n"
        .into()
}

fn letter(entity: &str, by: &Identity, from: &str) -> Vec<u8> {
    let head = format!("From: {from}\r\nTo: {A}\r\nMessage-ID: <r@plans.example>\r\nMIME-Version: 1.0\r\n");
    [head.as_bytes(), &sign(entity.as_bytes(), by, now()).unwrap()].concat()
}

const GOOD: &str = "outer-signature: holds\ngateway-certificate: holds\nreport: holds\ngateway-certificate: holds\n\
                    evidence: holds\nreport-evidence: holds\n";

// Profile §8.17
#[test]
fn each_kind_of_report_is_judged_as_what_it_is() {
    let given = Given::new();
    let (seen, expired) = (Some("seen-by-the-gateway"), Some("expired"));
    let kinds = [
        ("delivered", ("delivery-status", status("delivered", "2.0.0")), 1, ("ContentHandover", seen)),
        ("handed-over", ("disposition-notification", disposition()), 2, ("ContentHandover", seen)),
        ("uncollected", ("delivery-status", status("delayed", "4.4.7")), 0, ("ContentHandoverFailure", expired)),
        ("expired", ("delivery-status", status("failed", "5.4.7")), 2, ("ContentHandoverFailure", expired)),
    ];
    for (told, (kind, fields), piece, last) in kinds {
        let entity = given.entity((kind, &fields), piece, last);
        assert_eq!(given.states(&entity, &given.gateway, GATEWAY), GOOD, "{told}");
        let message = letter(&entity, &given.gateway, GATEWAY);
        assert!(is_the_gateways_letter(&message));
        let report = given.judged(&message);
        assert_eq!((report.form, report.holds()), (Form::Report, true));
        let said = report.layers.iter().find(|layer| layer.what == What::Reported).unwrap();
        let fact = |key: &str| said.facts.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
        let evidence = EvidenceId(7 + piece).to_string();
        let expected = [
            ("report", told),
            ("from", "9970000011"),
            ("to", "9970000029"),
            ("message_id", "a@x.example"),
            ("evidence", &*evidence),
        ];
        for (key, value) in expected {
            assert_eq!(fact(key), Some(value.into()), "{told}: {key}");
        }
        assert_eq!(fact("at"), Some(json!(now())), "{told}");
        // Another event than the one that is told.
        let other = given.entity((kind, &fields), (piece + 1) % 3, last);
        assert!(given.states(&other, &given.gateway, GATEWAY).ends_with("report-evidence: E-SIG-011\n"), "{told}");
    }
}

// Profile §8.17: who asked for no disposition notification is told all the same, and what is told is held against the evidence.
#[test]
fn a_handover_is_judged_by_its_evidence_where_no_notification_was_asked_for() {
    let given = Given::new();
    let told = |piece, last| {
        let entity = given.entity(("disposition-notification", &disposition()), piece, last);
        let (head, rest) = entity.split_once("Content-Type: multipart/report").unwrap();
        let (_, text) = rest.split_once("--report\r\n").unwrap();
        let (text, rest) = text.split_once("--report\r\n").unwrap();
        let (_, header) = rest.split_once("--report\r\n").unwrap();
        let (header, rest) = header.split_once("\r\n--report--\r\n").unwrap();
        format!("{head}{text}--all\r\n{header}To: 9970000029@plans.example\r\n\r\n{rest}")
    };
    let seen = ("ContentHandover", Some("seen-by-the-gateway"));
    let states = |entity: &str| given.states(entity, &given.gateway, GATEWAY);
    assert_eq!(states(&told(2, seen)), GOOD);
    let report = given.judged(&letter(&told(2, seen), &given.gateway, GATEWAY));
    let said = report.layers.iter().find(|layer| layer.what == What::Reported).unwrap();
    assert_eq!((report.form, said.facts[0].value.clone()), (Form::Report, "handed-over".into()));
    for other in [told(1, seen), told(2, ("ContentHandoverFailure", Some("expired")))] {
        assert!(states(&other).ends_with("report-evidence: E-SIG-011\n"));
    }
    let elsewhere = told(2, seen).replace("To: 9970000029", "To: 9970000037");
    assert!(states(&elsewhere).ends_with("report-evidence: E-SIG-011\n"));
    let nowhere = told(2, seen).replace("To: 9970000029@plans.example\r\n", "");
    assert!(states(&nowhere).ends_with("report: E-STD-101\nreport-evidence: rests-on-another\n"));
}

// Profile §8.16, §8.17
#[test]
fn nobody_else_writes_reports_in_the_name_of_the_gateway() {
    let given = Given::new();
    let entity = given.expired();
    let unseen =
        "report: rests-on-another\ngateway-certificate: holds\nevidence: holds\nreport-evidence: rests-on-another\n";
    let not_its = format!("outer-signature: holds\ngateway-certificate: E-CRT-005\n{unseen}");
    // Under an authority that is believed, as under one that is not.
    assert_eq!(given.states(&entity, &given.ca.identity(B), GATEWAY), not_its);
    assert_eq!(given.states(&entity, &given.ca.identity("gateway@other.example"), GATEWAY), not_its);
    let stranger = Ca::new().identity(GATEWAY);
    assert_eq!(given.states(&entity, &stranger, GATEWAY), not_its.replace("E-CRT-005", "E-CRT-001"));
    for from in [A, "gateway@other.example", "gateway@plans.example, 9970000011@plans.example"] {
        assert_eq!(given.states(&entity, &given.gateway, from), not_its, "{from}");
    }
    let message = String::from_utf8(letter(&entity, &given.gateway, GATEWAY)).unwrap();
    // The words for people, the fields for machines, and what is attached stand under one signature.
    for (from, to) in [("5pyf6ZmQ", "5pyq5Y+W"), ("Action: failed", "Action: delayed"), ("eyJ2Ijox", "eyJ2Ijoy")] {
        assert!(message.contains(from), "{from}");
        let report = given.judged(message.replace(from, to).as_bytes());
        assert_eq!((report.form, report.holds(), report.unseen()), (Form::Report, false, 4), "{from}");
        let failed = report.layers.iter().find(|layer| layer.state_id() == "fails").unwrap();
        assert_eq!(
            (failed.what, failed.words(fumibako_careplan::Lang::En).code),
            (What::OuterSignature, Some(Refusal::SignatureBroken.row().code))
        );
    }
}

// Profile §8.17: even by its own key.
#[test]
fn evidence_about_another_bundle_proves_no_report() {
    let good = Given::new();
    let check = |given: &Given, entity: &str| {
        let found = given.states(entity, &given.gateway, GATEWAY);
        assert_eq!(found, GOOD.replace("report-evidence: holds", "report-evidence: E-SIG-011"), "{entity}");
    };
    let other = Given { message_id: "b@x.example", ..Given::new() };
    check(&other, &other.expired());
    let other = Given { digest: DIGEST.replace("0a", "0b"), ..Given::new() };
    check(&other, &other.expired());
    check(&good, &good.expired().replace("rfc822; 9970000029", "rfc822; 9970000037"));
    let seen = ("ContentHandover", Some("seen-by-the-gateway"));
    check(&good, &good.entity(("delivery-status", &status("failed", "5.4.7")), 2, seen));
    let date = status("failed", "5.4.7").replace("00:15:00", "00:15:01");
    check(&good, &good.entity(("delivery-status", &date), 2, ("ContentHandoverFailure", Some("expired"))));

    // What nobody can read is told apart from what is wrong.
    let ends = |entity: &str, end: &str| {
        let found = good.states(entity, &good.gateway, GATEWAY);
        assert!(found.ends_with(end), "{found}");
    };
    let twice = status("failed", "5.4.7") + "Action: delayed\r\n";
    let entity = good.entity(("delivery-status", &twice), 2, ("ContentHandoverFailure", Some("expired")));
    ends(&entity, "report: E-STD-101\nreport-evidence: rests-on-another\n");
    ends(
        &good.expired().replace("5.4.7", "5.4.7\r\n\r\nFinal-Recipient: rfc822; b@x.example"),
        "report: E-STD-101\nreport-evidence: rests-on-another\n",
    );
    ends(
        &good.expired().replace("application/json", "application/pdf"),
        "report: holds\nreport-evidence: not-in-file\n",
    );
    ends(&good.expired().replace("eyJ2Ijox", "eyJ2Ijoy"), "report: holds\nreport-evidence: later-form\n");
    ends(&good.expired().replace("eyJ2Ijox", "eyJ2Ijpb"), "report: holds\nreport-evidence: E-SIG-011\n");
}

// Profile §8.16: what it signed while its certificate was in force is believed when that is over.
#[test]
fn the_signer_is_judged_as_of_when_it_signed_unless_another_moment_is_asked_for() {
    let given = Given::new();
    let message = letter(&given.expired(), &given.gateway, GATEWAY);
    let (gateway, years) = (given.ca.trust().into(), SignedDuration::from_hours(24 * 365));
    let judge = LetterJudge {
        by: Vouchers { gateway: &gateway, offices: None, stampers: None },
        domain: None,
        original: (None, &[]),
        at: None,
        now: now() + years,
    };
    assert!(verify_letter(&message, &judge).holds());
    for at in [now() + years, now() - years] {
        assert!(!verify_letter(&message, &LetterJudge { at: Some(at), ..judge }).holds());
    }
    // Nothing is signed by a clock that is still to come.
    assert!(!verify_letter(&message, &LetterJudge { now: now() - years, ..judge }).holds());
}

// Profile §10.7
#[test]
fn a_letter_about_something_else_is_shown_where_the_gateway_signed_it() {
    let given = Given::new();
    let text = STANDARD.encode("まもなく終了します。\r\n\r\nIt ends soon.\r\n");
    let entity =
        format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\r\n");
    let report = given.judged(&letter(&entity, &given.gateway, GATEWAY));
    let last = report.layers.last().unwrap();
    assert_eq!((report.form, report.holds(), last.what), (Form::Letter, true, What::Letter));
    assert_eq!(last.facts[0].value, "まもなく終了します。\nIt ends soon.");
    let report = given.judged(&letter(&entity, &given.ca.identity(B), GATEWAY));
    let last = report.layers.last().unwrap();
    assert!(!report.holds() && last.facts.is_empty() && last.state == State::Unseen(Unseen::Earlier));
    assert!(!is_the_gateways_letter(&letter(&entity, &given.gateway, A)), "it does not say so");
}
