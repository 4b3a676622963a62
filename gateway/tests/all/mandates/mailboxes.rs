//! An agent's view of its offices' folders, and its day with a hundred of them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Clock, Reply, Request};
use fumibako_model::{Event, Recorded, Scope};
use fumibako_signer::{Identity, sign};

use super::{AGENT, entity, letter, send};
use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

pub(super) async fn reader(gateway: &Fixture, acting: &str) -> Client {
    let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    client.line().await;
    let plain = STANDARD.encode(format!("{acting}\0{AGENT}\0{PASSWORD}"));
    let answer = client.imap("a0", &format!("AUTHENTICATE PLAIN {plain}")).await;
    assert!(answer.last().unwrap().starts_with("a0 OK "), "{answer:?}");
    client
}

/// The tagged answer, and what stands before it.
pub(super) async fn ask(client: &mut Client, command: &str) -> (String, Vec<String>) {
    let mut lines = client.imap("a1", command).await;
    let last = lines.pop().unwrap();
    (last.strip_prefix("a1 ").unwrap().to_owned(), lines)
}

pub(super) async fn check(client: &mut Client, command: &str, untagged: &[&str], tagged: &str) {
    let (last, lines) = ask(client, command).await;
    assert_eq!(lines, untagged, "{command}");
    assert!(last.starts_with(tagged), "{command}: {last}");
}

// Profile §9.9
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_its_offices_below_offices_with_the_rights_of_its_mandates() {
    let gateway = Fixture::start().await;
    let key = gateway.with_agent().await;
    let reading = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    gateway.mandated(SENDER, &[Scope::Send]).await;
    let (mut post, _) = gateway.as_agent("").await;
    assert!(send(&mut post, SENDER, &letter(SENDER, 1, &key)).await.starts_with("250 "));

    let mut client = reader(&gateway, "").await;
    check(&mut client, "NAMESPACE", &["* NAMESPACE NIL ((\"Offices/\" \"/\")) NIL"], "OK").await;
    check(&mut client, "SELECT INBOX", &[], "NO [NONEXISTENT] ").await;
    let (_, names) = ask(&mut client, "LIST \"\" \"*\" RETURN (MYRIGHTS)").await;
    let inbox = format!("* MYRIGHTS Offices/{RECIPIENT}/INBOX lrswte");
    let sent = format!("* MYRIGHTS Offices/{SENDER}/Sent lrswi");
    for expected in [&inbox, &sent, &format!("* MYRIGHTS Offices/{SENDER}/Drafts lrswite")] {
        assert!(names.contains(expected), "{expected} in {names:#?}");
    }
    assert!(!names.iter().any(|line| line.contains(&format!("{SENDER}/INBOX"))), "{names:#?}");
    check(&mut client, &format!("MYRIGHTS Offices/{RECIPIENT}/INBOX"), &[&inbox], "OK").await;
    check(&mut client, &format!("MYRIGHTS Offices/{SENDER}/INBOX"), &[], "NO [NONEXISTENT] ").await;
    check(&mut client, &format!("GETACL Offices/{RECIPIENT}/INBOX"), &[], "NO [NOPERM] ").await;
    check(&mut client, &format!("STATUS Offices/{SENDER}/INBOX (MESSAGES)"), &[], "NO [NONEXISTENT] ").await;
    let (last, lines) = ask(&mut client, &format!("SELECT Offices/{RECIPIENT}/INBOX")).await;
    assert!(last.starts_with("OK ") && lines.contains(&"* 1 EXISTS".to_owned()), "{lines:?}");
    let (last, lines) = ask(&mut client, "FETCH 1 (BODY[HEADER.FIELDS (SENDER)])").await;
    assert!(last.starts_with("OK ") && lines.iter().any(|line| line.contains("Sender: kawara@")), "{lines:?}");
    check(&mut client, &format!("COPY 1 Offices/{SENDER}/Drafts"), &[], "NO [NOPERM] ").await;
    check(&mut client, &format!("CREATE Offices/{RECIPIENT}/Own"), &[], "NO [NOPERM] ").await;
    let (last, _) = ask(&mut client, "STORE 1 +FLAGS (\\Seen \\Flagged)").await;
    assert!(last.starts_with("OK "), "{last}");
    // Profile §9.6: that the agent collected it, under which mandate.
    ask(&mut client, "FETCH 1 BODY[]").await;
    ask(&mut client, "NOOP").await;
    let all = Request::EvidenceList { office: None, message_id: None, after: None };
    let Reply::Evidence { entries } = gateway.ask(all).await else { panic!("evidence") };
    let recorded: Recorded = serde_json::from_str(entries.last().unwrap()).unwrap();
    let by = recorded.evidence.by.map(|by| (by.agent.to_string(), by.mandate));
    assert_eq!((recorded.evidence.event, by), (Event::ContentHandover, Some((AGENT.to_owned(), reading))));

    // The office sees who may do what; nobody sets it.
    let mut office = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    office.line().await;
    office.imap("a0", &format!("LOGIN {RECIPIENT} {PASSWORD}")).await;
    check(&mut office, "GETACL INBOX", &[&format!("* ACL INBOX {RECIPIENT} lrswkteacd {AGENT} lrswte")], "OK").await;
    check(&mut office, &format!("LISTRIGHTS INBOX {AGENT}"), &[&format!("* LISTRIGHTS INBOX {AGENT} lrswte")], "OK")
        .await;
    check(&mut office, "GETACL Drafts", &[&format!("* ACL Drafts {RECIPIENT} lrswikteacd")], "OK").await;

    // Profile §9.19: the flags it may change, which are fewer in `Sent`.
    for (folder, flags) in [
        (format!("{SENDER}/Sent"), "\\Answered \\Flagged \\Seen \\Draft"),
        (format!("{RECIPIENT}/INBOX"), "\\Answered \\Flagged \\Deleted \\Seen \\Draft"),
    ] {
        let (_, lines) = ask(&mut client, &format!("SELECT Offices/{folder}")).await;
        let told = format!("* OK [PERMANENTFLAGS ({flags} ");
        assert!(lines.iter().any(|line| line.starts_with(&told)), "{folder}: {lines:?}");
    }
    check(&mut client, "SEARCH SEEN", &["* SEARCH 1"], "OK").await;

    // Revoked: the open session is refused at its next command, whatever it knows.
    gateway.revoked(reading).await;
    for command in ["SEARCH SEEN", "UID SEARCH ALL", "FETCH 1 FLAGS", "UID FETCH 1:* (UID)", "SORT (DATE) UTF-8 ALL"] {
        check(&mut client, command, &[], "NO [NOPERM] E-DLG-002 ").await;
    }
    check(&mut client, "FETCH 1 (BODY.PEEK[])", &[], "NO [NOPERM] ").await;
    check(&mut client, &format!("MYRIGHTS Offices/{RECIPIENT}/INBOX"), &[], "NO [NONEXISTENT] ").await;
    let mut acting = reader(&gateway, SENDER).await;
    check(&mut acting, "MYRIGHTS Drafts", &["* MYRIGHTS Drafts lrswite"], "OK").await;
    check(&mut acting, "SELECT INBOX", &[], "NO [NONEXISTENT] ").await;
}

/// The signed receipt of [`RECIPIENT`] for the bundle `number` of an office.
pub(super) fn receipt(office: &str, number: usize, signer: &Identity) -> String {
    let sum = STANDARD.encode(digest(&SHA256, entity(office, number).as_bytes()));
    let part = format!(
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=report\r\n\r\n\
         --report\r\nContent-Type: text/plain\r\n\r\nReceived.\r\n\
         --report\r\nContent-Type: message/disposition-notification\r\n\r\n\
         Final-Recipient: rfc822; {RECIPIENT}@plans.example\r\nOriginal-Message-ID: <{office}-{number}@plans.example>\r\n\
         Disposition: manual-action/MDN-sent-manually; processed\r\n\
         Received-content-MIC: {sum}, sha-256\r\n\r\n--report--\r\n"
    );
    let head = format!(
        "From: {RECIPIENT}@plans.example\r\nTo: {office}@plans.example\r\nDate: Wed, 25 Nov 2026 12:00:00 +0900\r\n\
         Message-ID: <receipt-{office}-{number}@plans.example>\r\nMIME-Version: 1.0\r\n"
    );
    head + std::str::from_utf8(&sign(part.as_bytes(), signer, Clock.now()).unwrap()).unwrap()
}

/// Each receipt for one of three bundles of an office, whole and signed.
fn receipts_of(office: &str, text: &str) -> usize {
    let marks = |round: usize| {
        [
            format!("Message-ID: <receipt-{office}-{round}@plans.example>"),
            format!("Original-Message-ID: <{office}-{round}@plans.example>"),
        ]
    };
    let whole = |round: &usize| marks(*round).iter().all(|mark| text.matches(mark.as_str()).count() == 1);
    assert_eq!(text.matches("Content-Type: application/pkcs7-signature").count(), 3, "{text}");
    (0..3).filter(whole).count()
}

/// The agent collects the receipts, from office to office over one connection, with its certificate; so many are whole. One office has
/// taken its mandate back.
async fn collects(gateway: &Fixture, key: &Identity, (offices, revoked): (&[String], usize)) -> usize {
    let mut client = Client::showing(gateway.running.addresses().imap_tls, &gateway.authority(), key).await;
    client.line().await;
    let mut found = 0;
    for office in offices {
        let (last, _) = ask(&mut client, &format!("AUTHENTICATE EXTERNAL {}", STANDARD.encode(office))).await;
        if *office == offices[revoked] {
            assert!(last.contains("E-DLG-002"), "{last}");
            continue;
        }
        assert!(last.starts_with("OK "), "{last}");
        let (last, lines) = ask(&mut client, "STATUS Receipts (MESSAGES)").await;
        assert!(last.starts_with("OK ") && lines == ["* STATUS Receipts (MESSAGES 3)"], "{lines:?}");
        ask(&mut client, "EXAMINE Receipts").await;
        let (last, lines) = ask(&mut client, "FETCH 1:* (BODY.PEEK[])").await;
        assert!(last.starts_with("OK "), "{last}");
        found += receipts_of(office, &lines.concat());
        let (last, _) = ask(&mut client, "UNAUTHENTICATE").await;
        assert!(last.starts_with("OK "), "{last}");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sends_for_a_hundred_offices_over_one_connection_and_one_revocation_stops_one_office() {
    let gateway = Fixture::start().await;
    let (key, recipient) = (gateway.with_agent().await, gateway.identity(RECIPIENT));
    let offices: Vec<String> = (0..100).map(|at| format!("99800{at:05}")).collect();
    let mut mandates = Vec::new();
    for office in &offices {
        let number = office.parse().unwrap();
        gateway.done(Request::OfficeAdd { number, name: "事業所".into() }).await;
        gateway.done(Request::LicenceGrant { number, from: None, until: None }).await;
        mandates.push(gateway.mandated(office, &Scope::ALL).await);
    }
    // Three bundles for each; after half of them the office in the middle takes its mandate back, while one of its folders is open.
    let (mut post, _) = gateway.as_agent("").await;
    let mut open = reader(&gateway, "").await;
    let folder = |at: usize| format!("Offices/{}/Sent", offices[at]);
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for round in 0..3 {
        for (at, office) in offices.iter().enumerate() {
            if (round, at) == (1, 50) {
                ask(&mut open, &format!("SELECT {}", folder(50))).await;
                assert!(ask(&mut open, "FETCH 1 BODY.PEEK[]").await.0.starts_with("OK "));
                assert!(post.smtp(&format!("MAIL FROM:<{office}@plans.example>")).await.starts_with("250 "));
                gateway.revoked(mandates[50]).await;
                // The next command of each connection is refused; what is another office's goes on.
                let answer = post.smtp(&format!("RCPT TO:<{RECIPIENT}@plans.example>")).await;
                assert!(answer.starts_with("550 5.7.1 E-DLG-002 "), "{answer}");
                post.smtp("RSET").await;
                assert!(ask(&mut open, "FETCH 1 BODY.PEEK[]").await.0.starts_with("NO [NOPERM] E-DLG-002 "));
                assert!(ask(&mut open, &format!("EXAMINE {}", folder(50))).await.0.starts_with("NO "));
                assert!(ask(&mut open, &format!("EXAMINE {}", folder(51))).await.0.starts_with("OK "));
            }
            let answer = send(&mut post, office, &letter(office, round, &key)).await;
            let took = answer.starts_with("250 2.0.0 EV");
            assert!(took || answer.starts_with("550 5.7.1 E-DLG-002 "), "{answer}");
            if took { &mut accepted } else { &mut refused }.push((office.clone(), round));
        }
    }
    assert_eq!(refused, [(offices[50].clone(), 1), (offices[50].clone(), 2)]);
    assert_eq!(accepted.len(), 298);

    // The recipient acknowledges all of them.
    let mut back = gateway.submission(RECIPIENT).await;
    for (office, round) in &accepted {
        back.smtp(&format!("MAIL FROM:<{RECIPIENT}@plans.example>")).await;
        back.smtp(&format!("RCPT TO:<{office}@plans.example>")).await;
        assert!(back.smtp("DATA").await.starts_with("354 "));
        back.say(&receipt(office, *round, &recipient)).await;
        let answer = back.smtp(".").await;
        assert!(answer.starts_with("250 2.0.0 EV"), "{answer}");
    }

    assert_eq!(collects(&gateway, &key, (&offices, 50)).await, 297);
    // Or below `Offices/`, all of them in one login.
    let mut client = reader(&gateway, "").await;
    let (_, lines) = ask(&mut client, "LIST \"\" \"Offices/*/Receipts\" RETURN (STATUS (MESSAGES))").await;
    let full = lines.iter().filter(|line| line.starts_with("* STATUS ") && line.ends_with("(MESSAGES 3)"));
    assert_eq!(full.count(), 99);
    assert!(!lines.iter().any(|line| line.contains(&offices[50])));
}
