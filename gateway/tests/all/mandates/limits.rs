//! An agent that tries: whatever command it uses, it comes no further than its mandates.

use fumibako_gateway::{Clock, RefusedRow, Reply, Request};
use fumibako_model::{MandateId, Scope};
use fumibako_signer::{Identity, sign};

use super::mailboxes::{ask, check, reader};
use super::{AGENT, letter, send};
use crate::forged::operator;
use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

/// What the agent calls the office it reads for, and the one it sends for.
const THEIRS: &str = "Offices/9970000029";
const OURS: &str = "Offices/9970000011";
const NO: &str = "NO [NOPERM] ";
const NONE: &str = "NO [NONEXISTENT] ";

/// The agent receives for one office and sends for the other; a bundle has gone from this to that.
async fn begun(gateway: &Fixture) -> (Identity, Client, MandateId) {
    let key = gateway.with_agent().await;
    let reading = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    gateway.mandated(SENDER, &[Scope::Send]).await;
    let (mut post, _) = gateway.as_agent("").await;
    assert!(send(&mut post, SENDER, &letter(SENDER, 1, &key)).await.starts_with("250 "));
    (key, post, reading)
}

/// The agent's receipt for an office, signed.
fn receipt(key: &Identity) -> String {
    let part = format!(
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nReceived.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n\
         Final-Recipient: rfc822; {RECIPIENT}@plans.example\r\nOriginal-Message-ID: <{SENDER}-1@plans.example>\r\n\
         Disposition: manual-action/MDN-sent-manually; processed\r\n\
         Received-content-MIC: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=, sha-256\r\n\r\n--b--\r\n"
    );
    let head = format!(
        "From: {RECIPIENT}@plans.example\r\nSender: {AGENT}@plans.example\r\nTo: {SENDER}@plans.example\r\n\
         Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <receipt@plans.example>\r\nMIME-Version: 1.0\r\n"
    );
    head + std::str::from_utf8(&sign(part.as_bytes(), key, Clock.now()).unwrap()).unwrap()
}

// Profile §8.24
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_beyond_the_mandate_leaves_a_row_that_names_the_agent() {
    let gateway = Fixture::start().await;
    let (key, mut post, _) = begun(&gateway).await;
    let (office, words) = (format!("{RECIPIENT}@plans.example"), receipt(&key));
    for (from, code) in [(office.as_str(), "E-DLG-006"), ("", "E-DLG-006"), (&office, "E-DLG-006")] {
        assert!(post.smtp(&format!("MAIL FROM:<{from}>")).await.starts_with("250 "));
        assert!(post.smtp(&format!("RCPT TO:<{SENDER}@plans.example>")).await.starts_with("250 "));
        assert!(post.smtp("DATA").await.starts_with("354 "));
        post.say(&words).await;
        let answer = post.smtp(".").await;
        assert!(answer.starts_with(&format!("550 5.7.1 {code} ")), "{answer}");
    }
    let Reply::RefusedReceipts { receipts, more, .. } =
        gateway.ask(Request::EvidenceRefused { repeated: false, office: None, before: None }).await
    else {
        panic!("rows")
    };
    let row = |row: &RefusedRow| (row.code.clone(), row.login.to_string(), row.from.map(|from| from.to_string()));
    let (login, original) = (AGENT.to_owned(), format!("{SENDER}-1@plans.example"));
    assert!(receipts.iter().all(|row| row.original == original && row.to.as_str() == SENDER), "{receipts:?}");
    let office = Some(RECIPIENT.to_owned());
    let expected = [("E-DLG-006".to_owned(), login, office)];
    assert_eq!((receipts.iter().map(row).collect::<Vec<_>>(), more), (expected.to_vec(), vec![]), "once");
    // Whoever reads it is told what stands where.
    let (code, said) = operator(gateway.folder.path(), &["evidence", "refused"]).await;
    let (heading, row) = said.split_once('\n').unwrap();
    let column = |name: &str| heading.split('\t').position(|one| one == name).and_then(|at| row.split('\t').nth(at));
    let read = ["番号", "コード", "ログイン", "受領証の事業所", "送付した事業所"].map(column);
    assert_eq!((code, read), (0, [Some("1"), Some("E-DLG-006"), Some(AGENT), Some(RECIPIENT), Some(SENDER)]), "{said}");
    let (_, said) = operator(gateway.folder.path(), &["evidence", "refused", "--format", "ndjson"]).await;
    assert_eq!(said.lines().count(), 1, "programs have names: {said}");
}

/// Each of these is refused so.
async fn refused(client: &mut Client, commands: &[(String, &str)]) {
    let mut otherwise = Vec::new();
    for (command, expected) in commands {
        let (last, lines) = ask(client, command).await;
        if !last.starts_with(expected) || lines.iter().any(|line| line.contains("secret")) {
            otherwise.push((command, last, lines));
        }
    }
    assert!(otherwise.is_empty(), "{otherwise:#?}");
}

// Profile §9.9
#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_name_opens_a_folder_without_a_right_to_it() {
    let gateway = Fixture::start().await;
    begun(&gateway).await;
    let mut client = reader(&gateway, "").await;
    let names = [
        format!("{THEIRS}/Sent"),
        format!("{THEIRS}/Drafts"),
        format!("{OURS}/INBOX"),
        format!("{OURS}/Receipts"),
        format!("{OURS}/Archive"),
        format!("offices/{RECIPIENT}/INBOX"),
        format!("{THEIRS}/Own/../Sent"),
        format!("{OURS}/../{RECIPIENT}/INBOX"),
        "Offices/&,xn,Ff,ZLw-/INBOX".into(),
        RECIPIENT.into(),
        "Sent".into(),
    ];
    refused(&mut client, &names.map(|name| (format!("SELECT {name}"), NONE))).await;
    let (last, _) = ask(&mut client, &format!("SELECT {THEIRS}/inbox")).await;
    assert!(last.starts_with("OK "), "INBOX is one name in any case: {last}");
}

// Profile §9.9
#[tokio::test(flavor = "multi_thread")]
async fn no_command_takes_an_agent_from_office_to_office_or_gives_it_rights() {
    let gateway = Fixture::start().await;
    begun(&gateway).await;
    let mut client = reader(&gateway, "").await;
    ask(&mut client, &format!("SELECT {THEIRS}/INBOX")).await;
    refused(
        &mut client,
        &[
            ("STATUS Offices/9970000037/INBOX (MESSAGES)".into(), NO),
            (format!("COPY 1 {OURS}/Drafts"), NO),
            (format!("MOVE 1 {OURS}/Drafts"), NO),
            (format!("COPY 1 {THEIRS}/INBOX"), NO),
            (format!("COPY 1 {THEIRS}/Receipts"), NO),
            (format!("COPY 1 {THEIRS}/Sent"), "NO [TRYCREATE] "),
            (format!("CREATE {THEIRS}/Other"), NO),
            (format!("DELETE {THEIRS}/Own"), NO),
            (format!("RENAME {THEIRS}/Own {THEIRS}/Other"), NO),
            (format!("RENAME {THEIRS}/Own {OURS}/Own"), NO),
            (format!("SETACL {THEIRS}/INBOX {AGENT} lrswite"), "NO "),
            (format!("DELETEACL {THEIRS}/INBOX {RECIPIENT}"), "NO "),
            (format!("GETACL {THEIRS}/INBOX"), NO),
            (format!("LISTRIGHTS {THEIRS}/INBOX {AGENT}"), NO),
            (format!("SETMETADATA {THEIRS}/INBOX (/shared/comment NIL)"), NO),
            (format!("GETMETADATA {THEIRS}/Sent (/shared/comment)"), NONE),
            ("SETMETADATA \"\" (/shared/comment NIL)".into(), NO),
            ("GETQUOTA \"\"".into(), NONE),
            (format!("GETQUOTAROOT {THEIRS}/Sent"), NONE),
            ("GETQUOTA Offices/9970000037".into(), NO),
            (format!("SETQUOTA {THEIRS} (STORAGE 1)"), NO),
            (format!("STATUS {THEIRS}/Sent (MESSAGES)"), NONE),
            (format!("ESEARCH IN (mailboxes \"{OURS}/INBOX\") ALL"), "BAD "),
        ],
    )
    .await;
    // In a folder that may only be read, little is changed.
    ask(&mut client, &format!("SELECT {OURS}/Sent")).await;
    refused(
        &mut client,
        &[
            ("STORE 1 +FLAGS (\\Deleted)".into(), NO),
            ("STORE 1 FLAGS ()".into(), NO),
            ("EXPUNGE".into(), NO),
            (format!("MOVE 1 {OURS}/Drafts"), NO),
            // RFC 4314 §4: without the right to remove, CLOSE only leaves the folder.
            ("CLOSE".into(), "OK "),
            ("EXPUNGE".into(), "BAD "),
            (format!("SELECT {OURS}/Sent"), "OK "),
        ],
    )
    .await;
    let (last, _) = ask(&mut client, "STORE 1 +FLAGS ($Retrieved)").await;
    assert!(last.starts_with("OK "), "{last}");
    let (_, lines) = ask(&mut client, "FETCH 1 (FLAGS)").await;
    assert!(!lines.iter().any(|line| line.contains("$Retrieved")), "a mark is nobody's to set: {lines:?}");
}

// Profile §9.14
#[tokio::test(flavor = "multi_thread")]
async fn an_office_s_private_annotations_are_its_own() {
    let gateway = Fixture::start().await;
    begun(&gateway).await;
    let mut office = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    office.line().await;
    office.imap("a0", &format!("LOGIN {RECIPIENT} {PASSWORD}")).await;
    for command in [
        "SETMETADATA INBOX (/private/comment \"secret of the office\")",
        "SETMETADATA INBOX (/shared/comment \"for its agents\")",
        "SETMETADATA Sent (/shared/comment \"secret of another folder\")",
        "SETMETADATA \"\" (/private/comment \"secret of all\")",
        "CREATE Own",
    ] {
        check(&mut office, command, &[], "OK").await;
    }

    let mut client = reader(&gateway, "").await;
    // What is private is the office's alone; what is shared, its readers'.
    let (last, lines) =
        ask(&mut client, &format!("GETMETADATA (DEPTH infinity) {THEIRS}/INBOX (/private /shared)")).await;
    assert!(last.starts_with("OK ") && lines.iter().any(|line| line.contains("for its agents")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("secret")), "{lines:?}");

    // As the office it is no more than itself, and what a folder's neighbours hold is not told.
    let mut acting = reader(&gateway, RECIPIENT).await;
    refused(
        &mut acting,
        &[
            ("SELECT Sent".into(), NONE),
            ("CREATE Other".into(), NO),
            ("SETMETADATA INBOX (/private/comment NIL)".into(), NO),
            ("GETMETADATA (DEPTH infinity) \"\" (/private /shared)".into(), "OK "),
            ("GETMETADATA Sent (/shared/comment)".into(), NONE),
            (format!("SELECT {THEIRS}/INBOX"), NONE),
        ],
    )
    .await;
}

// Profile §9.8
#[tokio::test(flavor = "multi_thread")]
async fn one_that_idles_when_its_mandate_ends_hears_no_more() {
    let gateway = Fixture::start().await;
    let (key, mut post, reading) = begun(&gateway).await;
    let mut client = reader(&gateway, "").await;
    ask(&mut client, &format!("SELECT {THEIRS}/INBOX")).await;
    client.say("a9 IDLE\r\n").await;
    assert!(client.line().await.unwrap().starts_with("+ "));
    gateway.revoked(reading).await;
    assert!(send(&mut post, SENDER, &letter(SENDER, 2, &key)).await.starts_with("250 "));
    client.say("DONE\r\n").await;
    let mut told = Vec::new();
    while !told.last().is_some_and(|line: &String| line.starts_with("a9 ") || line.starts_with("* BYE")) {
        told.push(client.line().await.unwrap());
    }
    assert!(!told.iter().any(|line| line.contains("EXISTS")), "{told:?}");
}
