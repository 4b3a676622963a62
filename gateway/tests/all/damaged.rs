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
