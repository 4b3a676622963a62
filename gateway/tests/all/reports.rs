//! What the gateway tells the sender by itself: by the clock, by what it was asked for, by what it saw.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Clock, Config, Gateway, Reply, Request, evidence_authority_file};
use fumibako_model::{
    Done, Event, Flags, OfficeNumber, Reason, RecipientWishes, Recorded, Report, Retention, Scope, What, Wishes,
    first_reminder,
};
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::Day;
use fumibako_store::suite::expire::send;
use fumibako_store::suite::{ALL, World, domain, himawari, keywords, sakura, view};
use fumibako_store::{Amend, HoldOrder, Store, Which};
use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use tempfile::TempDir;

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, ago, store_of};

/// A gateway whose store holds what `fill` delivers.
pub(crate) async fn with(fill: impl AsyncFnOnce(&SqliteStore, &World)) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    fill(&store, &world).await;
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    Fixture::with_config(|config| config.store_folder = from).await.keeping(folder)
}

/// The gateway stops, having said all it had to say.
async fn stopped(gateway: Fixture) -> (SqliteStore, Config, [Option<TempDir>; 2]) {
    let Fixture { folder, config, running, kept } = gateway;
    running.stop().await;
    let store = store_of(&config).await;
    (store, config, [Some(folder), kept])
}

/// The reports in himawari's `Receipts`, as they stand there.
pub(crate) async fn reports(store: &SqliteStore) -> Vec<String> {
    letters(store, himawari()).await
}

/// What stands in the `Receipts` of an office.
async fn letters(store: &SqliteStore, office: OfficeNumber) -> Vec<String> {
    let mut all = Vec::new();
    for entry in view(store, office, "Receipts").await.entries {
        let octets = store.read(office, entry.message, ALL).await.unwrap();
        all.push(String::from_utf8(octets.0.to_vec()).unwrap());
    }
    all
}

/// Does `openssl` believe this message?
fn holds(message: &str, authority: &Path) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.eml");
    std::fs::write(&file, message).unwrap();
    let command =
        Command::new("openssl").args(["cms", "-verify", "-in"]).arg(&file).arg("-CAfile").arg(authority).output();
    command.unwrap().status.success()
}

fn wishes(notify: &str) -> Wishes {
    let recipient = RecipientWishes {
        address: "9970000029@plans.example".into(),
        notify: Some(notify.into()),
        original: Some("rfc822;Sakura@plans.example".into()),
    };
    Wishes { envelope_id: Some("QQ314159".into()), recipients: vec![recipient], ..Wishes::default() }
}

// Profile §8.14, §8.17
#[tokio::test(flavor = "multi_thread")]
async fn that_nobody_came_is_told_once_whatever_restarts() {
    let gateway = with(async |store, world| {
        send(store, world, "waits", ago(2)).await;
    })
    .await;
    let authority = evidence_authority_file(gateway.folder.path());
    let (store, config, _kept) = stopped(gateway).await;
    let told = reports(&store).await;
    let [report] = &told[..] else { panic!("one report, not {}", told.len()) };
    assert!(holds(report, &authority), "openssl verifies it: {report}");
    assert!(!holds(&report.replace("Action: delayed", "Action: relayed"), &authority));
    for said in [
        // RFC 5322 §3.4, RFC 2047 §5: 文箱ゲートウェイ.
        "From: =?utf-8?B?5paH566x44Ky44O844OI44Km44Kn44Kk?=\r\n <gateway@plans.example>\r\nTo: ",
        "multipart/report; report-type=delivery-status",
        "Final-Recipient: rfc822; 9970000029@plans.example\r\nAction: delayed\r\nStatus: 4.4.7\r\n",
        "Will-Retry-Until: ",
        "Message-ID: <waits@x.example>\r\n",
        "Content-Type: application/json; name=\"EV",
        // RFC 3834 §3.1.5: it is shown with the bundle.
        "In-Reply-To: <waits@x.example>\r\nReferences: <waits@x.example>\r\n",
        // RFC 6522 §4: of which a mail program's subject is no part, whatever it says.
        "Content-Type: text/rfc822-headers\r\n\r\nFrom: 9970000011@plans.example\r\nTo: 9970000029@plans.example\r\n",
    ] {
        assert!(report.contains(said), "{said} in {report}");
    }
    // RFC 9788: its fields stand under the signature once more.
    let signed = report.split_once("hp=\"clear\"").expect("it protects them").0;
    for name in ["From", "To", "Cc", "Date", "Message-ID", "Subject", "In-Reply-To"] {
        let lines: Vec<_> = signed.lines().filter(|line| line.starts_with(&format!("{name}: "))).collect();
        assert!(lines.len() == 2 && lines[0] == lines[1], "{name}: {lines:?}");
    }
    store.close().await.unwrap();
    let running = Gateway::start(config.clone()).await.unwrap();
    let Reply::Audited(audited) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    assert_eq!(audited.faults, []);
    running.stop().await;
    let store = store_of(&config).await;
    assert_eq!(reports(&store).await.len(), 1, "the same is not told twice");
    // The recipient was told by the same letter.
    assert_eq!(view(&store, sakura(), "Receipts").await.entries.len(), 1);
}

// Profile §8.17; RFC 3461 §4
#[tokio::test(flavor = "multi_thread")]
async fn reports_come_as_they_were_asked_for() {
    let gateway = with(async |store, world| {
        for (id, notify) in [("a", "SUCCESS"), ("b", "NEVER"), ("c", "FAILURE")] {
            let bundle = world.bundle(store, (himawari(), sakura()), &format!("{id}@x.example"), id);
            store.deliver(bundle.with_wishes(wishes(notify)), ago(2)).await.unwrap();
        }
        let bundle = world.bundle(store, (himawari(), sakura()), "b@x.example", "b");
        let original = ("b@x.example", bundle.facts().content_digest());
        let receipt = world.receipt(store, (sakura(), himawari()), "r@x.example", original);
        store.deliver(receipt.with_wishes(wishes("SUCCESS,DELAY,FAILURE")), ago(0)).await.unwrap();
    })
    .await;
    let (store, _config, _kept) = stopped(gateway).await;
    let told = reports(&store).await;
    let [receipt, report] = &told[..] else { panic!("only what was asked for: {told:?}") };
    // RFC 8098 §3: no DSN answers an MDN, whatever was asked for it.
    assert!(receipt.contains("; processed\r\n"), "{receipt}");
    let theirs = letters(&store, sakura()).await;
    assert!(theirs.len() == 3 && !theirs.iter().any(|one| one.contains("Action: delivered")), "{theirs:?}");
    for said in [
        "Original-Envelope-Id: QQ314159\r\n",
        "Original-Recipient: rfc822;Sakura@plans.example\r\nFinal-Recipient: rfc822; 9970000029@plans.example\r\n",
        "Action: delivered\r\nStatus: 2.0.0\r\n",
        "<a@x.example>",
    ] {
        assert!(report.contains(said), "{said} in {report}");
    }
}

async fn imap(gateway: &Fixture) -> Client {
    let mut imap = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    imap.line().await;
    imap.imap("a", &format!("LOGIN {RECIPIENT} {PASSWORD}")).await;
    imap
}

// Profile §8.10
#[tokio::test(flavor = "multi_thread")]
async fn who_collects_by_imap_in_pieces_has_it_handed_over() {
    let gateway = with(async |store, world| {
        for id in ["taken", "looked-at", "headers", "with-others", "in-two", "two-commands", "some-parts"] {
            send(store, world, id, ago(0)).await;
        }
    })
    .await;
    let (mut one, mut other) = (imap(&gateway).await, imap(&gateway).await);
    for client in [&mut one, &mut other] {
        client.imap("b", "SELECT INBOX").await;
    }
    // Two terminals at once, in pieces, backwards and forwards; the mark comes later.
    one.imap("c", "FETCH 1 BODY.PEEK[]<700.100000>").await;
    other.imap("c", "FETCH 1 BODY[]").await;
    one.imap("d", "FETCH 1 BODY.PEEK[]<0.700>").await;
    one.imap("e", "STORE 1 +FLAGS (\\Seen)").await;
    // A look without a mark, and a mark without the content, are nothing.
    one.imap("f", "FETCH 2 BODY.PEEK[]").await;
    one.imap("g", "FETCH 3 (BODY[HEADER] BODYSTRUCTURE BODY[]<0.100>)").await;
    // All of it, beside other items.
    one.imap("g", "FETCH 4 (BODYSTRUCTURE BODY[])").await;
    one.imap("g", "FETCH 5 (BODY[HEADER] ENVELOPE BODY[TEXT])").await;
    // Its header and its text, each by itself; and its text but for some octets.
    one.imap("g", "FETCH 6 (RFC822.HEADER)").await;
    one.imap("g", "FETCH 6 (BODY.PEEK[TEXT]<0.9>)").await;
    one.imap("g", "FETCH 6 (BODY.PEEK[TEXT]<9.100000>)").await;
    one.imap("g", "FETCH 7 (RFC822.HEADER BODY.PEEK[TEXT]<9.100000>)").await;
    one.imap("g", "STORE 6:7 +FLAGS (\\Seen)").await;
    for client in [&mut one, &mut other] {
        client.imap("h", "NOOP").await;
        client.imap("i", "LOGOUT").await;
    }
    let (store, _config, _kept) = stopped(gateway).await;
    let ids = handed_over(&store).await;
    assert_eq!(ids, ["taken@x.example", "with-others@x.example", "in-two@x.example", "two-commands@x.example"]);
    let sent = view(&store, himawari(), "Sent").await;
    assert_eq!(keywords(&sent, &sent.entries[0]).last().map(String::as_str), Some("$HandedOver"));
    let told = reports(&store).await;
    assert_eq!(told.len(), 4, "{told:?}");
}

// Profile §8.17; RFC 8098 §2.1
#[tokio::test(flavor = "multi_thread")]
async fn who_did_not_ask_for_a_notification_is_told_of_the_handover_without_one() {
    let gateway = with(async |store, world| {
        store.deliver(world.asking(store, (himawari(), sakura()), "asked@x.example"), ago(0)).await.unwrap();
        send(store, world, "unasked", ago(0)).await;
    })
    .await;
    let mut client = imap(&gateway).await;
    for command in ["SELECT INBOX", "FETCH 1:2 BODY[]", "NOOP", "LOGOUT"] {
        client.imap("b", command).await;
    }
    let authority = evidence_authority_file(gateway.folder.path());
    let (store, _config, _kept) = stopped(gateway).await;
    let told = reports(&store).await;
    let of = |id: &str| told.iter().find(|report| report.contains(&format!("Message-ID: <{id}@x.example>"))).unwrap();
    assert!(of("asked").contains(
        "Original-Message-ID: <asked@x.example>\r\nDisposition: automatic-action/MDN-sent-automatically; dispatched"
    ));
    assert!(of("asked").contains("report-type=disposition-notification"));
    for none in ["\r\nDisposition: ", "disposition-notification", "multipart/report"] {
        assert!(!of("unasked").contains(none), "{none} in {}", of("unasked"));
    }
    for report in &told {
        assert!(holds(report, &authority) && words(report).contains("の端末に渡しました。"), "{report}");
        assert!(report.contains("Content-Type: text/rfc822-headers\r\n\r\nFrom: 9970000011@plans.example\r\n"));
        assert!(report.contains("Content-Type: application/json; name=\"EV"));
    }
    assert_eq!(told.len(), 2);
}

// Profile §8.10
#[tokio::test(flavor = "multi_thread")]
async fn what_went_out_whole_is_handed_over_when_it_is_seen_or_removed_whenever_that_is() {
    let gateway = with(async |store, world| {
        for id in ["seen", "removed", "moved", "by-pop3", "copied", "half", "looked-at"] {
            send(store, world, id, ago(0)).await;
        }
    })
    .await;
    let mut first = imap(&gateway).await;
    first.imap("b", "SELECT INBOX").await;
    first.imap("c", "FETCH 1:5,7 BODY.PEEK[]").await;
    first.imap("d", "FETCH 6 BODY.PEEK[]<0.100>").await;
    first.imap("e", "LOGOUT").await;
    // The gateway was stopped meanwhile.
    let Fixture { folder, config, running, kept } = gateway;
    running.stop().await;
    let running = Gateway::start(config.clone()).await.unwrap();
    let gateway = Fixture { folder, config, running, kept };
    let mut second = imap(&gateway).await;
    second.imap("b", "SELECT INBOX").await;
    second.imap("c", "STORE 1,6 +FLAGS.SILENT (\\Seen)").await;
    second.imap("d", "STORE 2 +FLAGS (\\Deleted)").await;
    second.imap("e", "COPY 5 Archive").await;
    second.imap("f", "MOVE 3 Archive").await;
    second.imap("g", "EXPUNGE").await;
    let mut pop = Client::tls(gateway.running.addresses().pop3_tls, &gateway.authority()).await;
    pop.line().await;
    for command in [&format!("USER {RECIPIENT}"), &format!("PASS {PASSWORD}"), "DELE 2", "QUIT"] {
        pop.say(&format!("{command}\r\n")).await;
        assert!(pop.line().await.unwrap().starts_with("+OK"), "{command}");
    }
    let (store, _config, _kept) = stopped(gateway).await;
    assert_eq!(handed_over(&store).await, ["seen", "moved", "removed", "by-pop3"].map(|id| format!("{id}@x.example")));
}

// Profile §8.10, §13.8
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_in_one_breath_with_the_question_says_nothing_of_the_answer() {
    let gateway = with(async |store, world| {
        for id in ["imap", "compressed", "pop3"] {
            send(store, world, id, ago(0)).await;
        }
    })
    .await;
    let mut plain = imap(&gateway).await;
    plain.imap("b", "SELECT INBOX").await;
    plain.say("c FETCH 1 BODY[]\r\nd NOOP\r\ne LOGOUT\r\n").await;
    plain.rest().await;
    // More than is expanded at a time.
    let mut compressed = imap(&gateway).await;
    compressed.imap("b", "COMPRESS DEFLATE").await;
    compressed.compress(true);
    compressed.imap("c", "SELECT INBOX").await;
    compressed.say(&format!("d FETCH 2 BODY[]\r\n{}f LOGOUT\r\n", "e NOOP\r\n".repeat(10_000))).await;
    while compressed.line().await.is_some() {}
    let mut pop = Client::tls(gateway.running.addresses().pop3_tls, &gateway.authority()).await;
    pop.line().await;
    for command in [format!("USER {RECIPIENT}\r\n"), format!("PASS {PASSWORD}\r\n")] {
        pop.say(&command).await;
        pop.line().await;
    }
    pop.say("RETR 3\r\nDELE 3\r\nQUIT\r\n").await;
    let said = pop.rest().await;
    assert!(said.lines().last().unwrap().starts_with("-ERR "), "{said}");
    let (store, _config, _kept) = stopped(gateway).await;
    assert_eq!(handed_over(&store).await, [""; 0]);
    assert_eq!(view(&store, sakura(), "INBOX").await.entries.len(), 3, "none is lost");
}

/// The Message-IDs of what was handed over.
async fn handed_over(store: &SqliteStore) -> Vec<String> {
    let all = store.list_evidence(Which::default()).await.unwrap();
    let all = all.iter().map(|entry| serde_json::from_str::<Recorded>(entry).unwrap().evidence);
    let handed: Vec<_> = all.filter(|one| one.event == Event::ContentHandover).collect();
    assert!(handed.iter().all(|one| one.reason == Some(Reason::SeenByTheGateway)), "{handed:?}");
    handed.into_iter().map(|one| one.message_id).collect()
}

// Profile §8.10, §13.8
#[tokio::test(flavor = "multi_thread")]
async fn who_collects_by_pop3_has_it_handed_over_at_quit() {
    let gateway = with(async |store, world| {
        for id in ["quit", "broken-off"] {
            send(store, world, id, ago(0)).await;
        }
    })
    .await;
    for (number, last) in [(1, "QUIT\r\n"), (1, "NOOP\r\n")] {
        let mut pop = Client::tls(gateway.running.addresses().pop3_tls, &gateway.authority()).await;
        pop.line().await;
        for command in
            [&format!("USER {RECIPIENT}\r\n"), &format!("PASS {PASSWORD}\r\n"), &format!("RETR {number}\r\n")]
        {
            pop.say(command).await;
            pop.line().await;
        }
        while pop.line().await.is_some_and(|line| line.trim_end() != ".") {}
        pop.say(&format!("DELE {number}\r\n")).await;
        pop.line().await;
        pop.say(last).await;
        pop.line().await;
    }
    let (store, _config, _kept) = stopped(gateway).await;
    assert_eq!(handed_over(&store).await, ["quit@x.example"]);
}

// Profile §13.8, §16.3
#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_took_by_pop3_was_handed_over_though_it_may_remove_no_more() {
    let gateway = with(async |store, world| {
        send(store, world, "taken", ago(0)).await;
        // This hour's changes, and those of the next, which may begin meanwhile.
        for hours in [0, 1] {
            let at = Clock.now() + SignedDuration::from_hours(hours);
            let one = Done::by_agent(at, &"kawara".parse().unwrap(), What::AgentChanged, sakura());
            store.amend(Amend { changes: Vec::new(), done: vec![one; 1_000] }).await.unwrap();
        }
    })
    .await;
    gateway.with_agent().await;
    gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let mut pop = Client::tls(gateway.running.addresses().pop3_tls, &gateway.authority()).await;
    pop.line().await;
    let acting = STANDARD.encode(format!("{RECIPIENT}\0kawara\0{PASSWORD}"));
    for command in [&format!("AUTH PLAIN {acting}\r\n"), "RETR 1\r\n"] {
        pop.say(command).await;
        assert!(pop.line().await.unwrap().starts_with("+OK"), "{command}");
    }
    while pop.line().await.is_some_and(|line| line.trim_end() != ".") {}
    pop.say("DELE 1\r\n").await;
    pop.line().await;
    pop.say("QUIT\r\n").await;
    let last = pop.line().await.unwrap();
    assert!(last.starts_with("-ERR") && last.contains("E-TMP-005"), "{last}");
    let (store, _config, _kept) = stopped(gateway).await;
    let all = store.list_evidence(Which::default()).await.unwrap();
    let last: Recorded = serde_json::from_str(all.last().unwrap()).unwrap();
    assert_eq!((last.evidence.event, last.evidence.message_id.as_str()), (Event::ContentHandover, "taken@x.example"));
    let left = view(&store, sakura(), "INBOX").await.entries;
    assert_eq!(left.iter().map(|entry| entry.flags.has(Flags::DELETED)).collect::<Vec<_>>(), [false]);
}

// Profile §8.14
#[tokio::test(flavor = "multi_thread")]
async fn reminders_come_when_the_settings_say_and_to_the_recipient_whatever_the_sender_wants() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for (id, days, notify) in [("early", 2, "DELAY"), ("late", 5, "DELAY"), ("quiet", 5, "NEVER")] {
        let bundle = world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), id);
        store.deliver(bundle.with_wishes(wishes(notify)), ago(days)).await.unwrap();
    }
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    let gateway = Fixture::with_config(|config| {
        config.store_folder = from;
        config.reminders.after_hours = vec![96];
    });
    let (store, _config, _kept) = stopped(gateway.await.keeping(folder)).await;
    let told = reports(&store).await;
    let [report] = &told[..] else { panic!("{told:?}") };
    assert!(report.contains("Message-ID: <late@x.example>") && report.contains("Cc: 9970000029@plans.example"));
    assert_eq!(view(&store, sakura(), "Receipts").await.entries.len(), 2, "late and quiet");
}

/// What people read in a report.
fn words(report: &str) -> String {
    let text = report.split("Content-Transfer-Encoding: base64\r\n\r\n").nth(1).unwrap().split("--").next().unwrap();
    String::from_utf8(STANDARD.decode(text.replace("\r\n", "")).unwrap()).unwrap()
}

// Profile §8.14, §11.6
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_reckoned_from_the_day_it_came() {
    let accepted = ago(2);
    let gateway = with(async |store, world| {
        for (id, at) in [("over", ago(100)), ("waits", accepted)] {
            send(store, world, id, at).await;
            let (office, message_id, by) = (sakura(), format!("{id}@x.example"), "佐藤".to_owned());
            store.hold(HoldOrder { office, message_id, reason: "審査請求".into(), by }, ago(0)).await.unwrap();
        }
        let over = view(store, sakura(), "INBOX").await.entries[0].message;
        store.hand_over(sakura(), vec![over], None, ago(0)).await.unwrap();
    })
    .await;
    let (store, _config, _kept) = stopped(gateway).await;
    let told = reports(&store).await;
    let of = |id: &str| told.iter().find(|report| report.contains(&format!("Message-ID: <{id}@x.example>"))).unwrap();
    let ends = Retention::default().moment_of(Day::of(accepted).0).unwrap();
    let until = of("waits").lines().find_map(|line| line.strip_prefix("Will-Retry-Until: ")).unwrap();
    assert_eq!(rfc2822::parse(until).unwrap().timestamp(), ends);
    assert!(words(of("waits")).contains("消去の予定: "));
    assert!(!words(of("over")).contains("消去の予定: "), "it stays for as long as somebody holds it");
    // And the next reminder comes in its time. What was handed over waits beside it: its recipient may say yet that it does not open (§8.22).
    let due = store.due(ago(-3), None, 9).await.unwrap();
    let [_, next] = &due[..] else { panic!("{due:?}") };
    assert_eq!(due.iter().map(|one| one.waiting).collect::<Vec<_>>(), [false, true]);
    let third_day = first_reminder(accepted) + SignedDuration::from_hours(48);
    assert_eq!((next.key.report, next.key.at.as_second()), (Report::Uncollected, third_day.as_second()));
}

// Profile §8.14
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_goes_by_the_settings_of_the_last_start() {
    let accepted = ago(3) - SignedDuration::from_hours(1);
    let gateway = with(async |store, world| {
        send(store, world, "waits", accepted).await;
    })
    .await;
    let (store, mut config, _kept) = stopped(gateway).await;
    assert_eq!(reports(&store).await.len(), 1);
    store.close().await.unwrap();
    // It was to be told next in six weeks.
    config.reminders.after_hours.push(96);
    for _ in 0..2 {
        Gateway::start(config.clone()).await.unwrap().stop().await;
        let store = store_of(&config).await;
        assert_eq!(reports(&store).await.len(), 1, "nothing is told twice");
        let due = store.due(ago(-1), None, 9).await.unwrap();
        let fourth_day = first_reminder(accepted) + SignedDuration::from_hours(72);
        assert_eq!(due.iter().map(|due| due.key.at.as_second()).collect::<Vec<_>>(), [fourth_day.as_second()]);
        store.close().await.unwrap();
    }
}
