//! A damaged cell of evidence is that of its bundle: the gateway goes on, and tells which one it is (Profile §8.15).

use fumibako_gateway::{Gateway, Reply, Request};
use fumibako_store::suite::himawari;

use crate::evidence::{edit, with_mail};
use crate::forged::operator;
use crate::support::{Fixture, SENDER};

/// Whoever sends or reads is served, and the operator is told what is damaged.
async fn goes_on(gateway: &Fixture, mark: &str) {
    let mut imap = gateway.imap(SENDER).await;
    let text = format!("Subject: {mark}\r\n\r\n");
    let filed = imap.imap("a", &format!("APPEND Drafts {{{}+}}\r\n{text}", text.len())).await;
    assert!(filed.last().unwrap().starts_with("a OK "), "{mark}: {filed:?}");
    let asked = Request::EvidenceList { office: Some(himawari()), message_id: None, after: None };
    assert!(matches!(gateway.ask(asked).await, Reply::Evidence { .. }), "{mark}");
    let (code, said) = operator(gateway.folder.path(), &["evidence", "verify"]).await;
    assert!(code == 76 && said.contains("内容が署名のときと違います"), "{mark}: {said}");
    // No word of the operator mends it.
    assert!(said.contains("evidence accept では直りません") && !said.contains("承認してください"), "{mark}: {said}");
    assert!(tokio::time::timeout(std::time::Duration::ZERO, gateway.running.broken()).await.is_err(), "{mark}");
}

// Profile §8.15, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_piece_of_evidence_ends_no_gateway_and_no_start() {
    for damage in [
        "UPDATE evidence SET doc = doc || 'x' WHERE id IN ((SELECT min(id) FROM evidence), (SELECT max(id) - 1 FROM evidence))",
        "UPDATE evidence SET doc = CAST(x'ff' AS TEXT) WHERE id IN ((SELECT min(id) FROM evidence), (SELECT max(id) - 1 FROM evidence))",
        "UPDATE evidence SET doc = doc || 'x' WHERE kind = 'SubmissionAcceptance'; UPDATE message SET received_size = -1",
    ] {
        let (mut gateway, first) = with_mail().await;
        let (code, said) = operator(gateway.folder.path(), &["evidence", "verify"]).await;
        assert_eq!(code, 0, "{said}");
        // As if it had come since papers were looked after.
        let unread = "UPDATE counter SET value = 0 WHERE name = 'papers_read'";
        edit(&gateway.config.store_folder, &format!("{damage}; {unread}"));
        assert!(!matches!(gateway.ask(Request::EvidenceExport { id: first }).await, Reply::Proof(_)), "{damage}");
        goes_on(&gateway, "running").await;
        gateway.running.stop().await;
        gateway.running = Gateway::start(gateway.config.clone()).await.unwrap();
        goes_on(&gateway, "started again").await;
        gateway.running.stop().await;
    }
}

/// Three receipts that were refused, the second of which does not read any more, and two of an agent's that were only counted.
const REFUSED: &str = "
    INSERT INTO refused_receipt (at, login, from_office, to_office, original, sha256, code, repeated, n)
    VALUES (1795575600000, '9970000029', '9970000029', '9970000011', 'first@plans.example', 'a', 'E-STD-106', 0, 1),
           (1795575600000, '9970000029', '9970000029', '99', 'second@plans.example', 'b', 'E-STD-106', 0, 2),
           (1795575600000, '9970000029', '9970000029', '9970000011', 'third@plans.example', 'c', 'E-STD-106', 0, 3);
    INSERT INTO refused_daily (day, login, repeated, rows, more) VALUES (20782, 'machida-care', 0, 100, 2)";

// Profile §8.4, §8.24
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_of_what_was_refused_is_named_and_the_others_are_listed() {
    let gateway = Fixture::start().await;
    edit(&gateway.config.store_folder, REFUSED);
    let (code, said) = operator(gateway.folder.path(), &["evidence", "refused"]).await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!((code, lines.len()), (0, 6), "{said}");
    assert!(lines[1].starts_with("3\t") && lines[1].contains("<third@plans.example>"), "{said}");
    assert_eq!(lines[2], "2\tこの行は読めません");
    assert!(lines[3].starts_with("1\t") && lines[3].contains("<first@plans.example>"), "{said}");
    assert_eq!(lines[4], "2026-11-25（UTC）\tmachida-care\t拒否したもの、ほか 2 件");
    assert!(lines[5].starts_with("1 件はデータベースの行が壊れているか書き換えられていて読めません"), "{said}");
    // What was only counted is of no office that anybody knows.
    let (_, said) = operator(gateway.folder.path(), &["evidence", "refused", "--office", SENDER]).await;
    let counted = said.lines().find(|line| line.contains("ほか 2 件")).unwrap_or_default();
    assert!(said.lines().count() == 4 && counted.contains("この事業所の分が含まれるかは記録していません"), "{said}");
    let (_, said) = operator(gateway.folder.path(), &["evidence", "refused", "--format", "ndjson"]).await;
    assert!(said.lines().any(|line| line == r#"{"number":2,"damaged":true}"#), "{said}");
}
