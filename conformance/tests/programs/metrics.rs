//! What the gateway tells a monitor, at its door and by `status`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use fumibako_conformance::{Deadline, Gateway, Letter, Mailbox, Receipt, Submission, now};
use fumibako_model::Refusal;
use jiff::SignedDuration;

use crate::world::World;

/// One request and its whole answer.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the door is open");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    answer
}

/// The samples of an OpenMetrics text, each under its name and labels; every line of the text is one or a comment.
fn samples(text: &str) -> BTreeMap<String, String> {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').expect("a name and its value");
        assert!(name.starts_with("fumibako_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        samples.insert(name.to_owned(), value.to_owned());
    }
    samples
}

/// The recipient's receipts: what is refused again is the same that changed nothing; what comes second is another. The connection stays
/// open.
fn acknowledges(world: &World, letter: &Letter) -> Submission {
    let (sender, recipient) = (&world.sender, &world.recipient);
    let mut session = Submission::of(&world.gateway.submission(), recipient).expect("it opens");
    let good = Receipt::of(letter, recipient, sender);
    let of = |digest: &str| Receipt { digest: digest.into(), ..good.clone() }.signed(&recipient.identity);
    let wrong = of("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    let second = good.clone().dated(now() - SignedDuration::from_mins(1)).signed(&recipient.identity);
    for (octets, code) in
        [(of("AAAA"), 550), (wrong.clone(), 550), (wrong, 550), (of(&good.digest), 250), (second, 250)]
    {
        let reply = session.send(&recipient.address(), &[&sender.address()], &octets).expect("it is answered");
        assert_eq!(reply.code, code, "{reply}");
    }
    session
}

// Profile §8.27
#[test]
fn a_monitor_of_this_machine_reads_what_happened_and_of_nobody() {
    let world = World::with(Gateway::start_under(None, |settings| {
        settings.replace("# metrics = \"127.0.0.1:10909\"", "metrics = \"127.0.0.1:0\"")
    }));
    let log = world.gateway.log();
    let address = log.split("metrics ").nth(1).and_then(|rest| rest.split(')').next()).expect("the door is named");
    let (sender, recipient) = (&world.sender, &world.recipient);

    let letter = Letter::plan(sender, recipient);
    let octets = letter.signed(&sender.identity);
    world.deliver(&octets);
    world.deliver(&octets);
    world.deliver(&world.plan());
    let mut session = Submission::open(&world.gateway.submission()).expect("it opens");
    assert_eq!(session.login(&sender.login, "a guess").expect("it is answered").code, 535);
    let _open = acknowledges(&world, &letter);
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), recipient).expect("it opens");
    for command in ["SELECT INBOX", "FETCH 2 BODY[]", "NOOP"] {
        mailbox.command(command).expect("it is answered");
    }

    let filed = || {
        let answer = get(address, "/metrics");
        let (head, text) = answer.split_once("\r\n\r\n").expect("it has a head");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("application/openmetrics-text; version=1.0.0"));
        let samples = samples(text);
        let settled = samples["fumibako_evidence_unsigned"] == "0" && samples["fumibako_reports_due"] == "0";
        // The report of the handover is written behind the evidence.
        let told = samples.contains_key("fumibako_reports_filed_total{report=\"handed-over\"}");
        (settled && told).then(|| (text.to_owned(), samples))
    };
    let (text, found) = Deadline::after(Duration::from_secs(20)).until(filed).expect("the log is signed");
    let refused = format!("fumibako_refusals_total{{code=\"{}\"}}", Refusal::ReceiptDigestDiffers.row().code);
    for (name, value) in [
        ("fumibako_messages_accepted_total{kind=\"bundle\"}", "3"),
        ("fumibako_messages_accepted_total{kind=\"receipt\"}", "2"),
        ("fumibako_messages_repeated_total", "2"),
        ("fumibako_bundles_delivered_total", "2"),
        ("fumibako_receipts_taken_total", "1"),
        ("fumibako_receipts_refused_total", "2"),
        ("fumibako_receipts_repeated_total", "1"),
        ("fumibako_bundles_handed_over_total", "1"),
        ("fumibako_reports_filed_total{report=\"handed-over\"}", "1"),
        ("fumibako_logins_total{outcome=\"refused\"}", "1"),
        ("fumibako_evidence_rows", "6"),
        ("fumibako_answer_seconds_count", "5"),
        ("fumibako_answer_seconds_bucket{le=\"+Inf\"}", "5"),
        ("fumibako_connections_total{door=\"imap\"}", "1"),
        ("fumibako_connections_open", "3"),
        ("fumibako_expiry_doubted", "0"),
        ("fumibako_days_stuck", "0"),
        (&refused, "2"),
    ] {
        assert_eq!(found.get(name).map(String::as_str), Some(value), "{name} in\n{text}");
    }
    let status = world.gateway.status();
    let counted = (&status["receipts_refused"], &status["receipts_repeated"]);
    assert_eq!(counted, (&2.into(), &1.into()), "as it is counted here");
    for secret in [&sender.number, &recipient.number, &sender.login, "plans.example", letter.message_id()] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    let again = samples(&world.gateway.admin(["status", "--metrics"]).output());
    assert!(again.keys().eq(found.keys()), "status has the same");
    assert_eq!((&status["accepted"], &status["handed_over"]), (&5.into(), &1.into()));
    assert_eq!(status["reported"], 1, "{status}");
    assert!(get(address, "/").starts_with("HTTP/1.1 404 "));
    assert!(!get(address, "/v1/evidence/EV512F0000000000").contains("200 OK"));
}
