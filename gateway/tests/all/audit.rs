//! The audit of a running gateway: every change of rights and every act of an agent, and who meddles is found out.

use fumibako_gateway::{Clock, Gateway, Reply, Request};
use fumibako_model::{AuditHead, AuditRow, Refusal, Scope, What};
use fumibako_signer::{Identity, enclose};
use fumibako_store::bodies::Day;
use fumibako_store::{ActsHead, Store, hex};

use crate::evidence::edit;
use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, SENDER, plain, store_of};

impl Fixture {
    /// What the audit tells after a row.
    pub(crate) async fn told(&self, after: Option<u64>) -> Vec<AuditRow> {
        let Reply::Acts { rows } = self.ask(Request::AuditList { office: None, after }).await else { panic!("rows") };
        rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    /// What, and about what, since a row.
    pub(crate) async fn told_since(&self, after: u64) -> Vec<(What, String)> {
        self.told(Some(after)).await.into_iter().map(|row| (row.done.what, row.done.about)).collect()
    }
}

/// Somebody writes the whole audit anew, with another doer, each row after the one before, and takes the heads away.
pub(crate) fn anew(rows: Vec<AuditRow>) -> String {
    let mut previous = "0".repeat(64);
    let anew = rows.into_iter().map(|mut row| {
        row.previous.clone_from(&previous);
        row.done.by = String::from("nobody");
        let doc = serde_json::to_string(&row).unwrap();
        previous = fumibako_model::hash(doc.as_bytes());
        format!("UPDATE act SET doc = '{doc}', hash = '{previous}' WHERE n = {};", row.n)
    });
    let anew: String = anew.collect();
    format!("BEGIN; {anew} DELETE FROM act_head; COMMIT;")
}

pub(crate) async fn verified(gateway: &fumibako_gateway::Running) -> Option<(u64, String)> {
    let Reply::ActsAudited(report) = gateway.admin().answer(Request::AuditVerify).await else { panic!("a report") };
    report.broken.map(|n| (n, report.what))
}

// Profile §16.1
#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_rights_is_told_with_who_and_why() {
    let gateway = Fixture::start().await;
    let number = SENDER.parse().unwrap();
    let before = gateway.told(None).await;
    let made: Vec<_> = before.iter().map(|row| row.done.what).collect();
    assert_eq!(made[..3], [What::OfficePut, What::LicenceGranted, What::AccountMade]);
    let last = before.last().unwrap().n;
    gateway.done(Request::OfficeSuspend { number, reason: "届出の確認".into() }).await;
    gateway.done(Request::OfficeResume { number }).await;
    let refused = gateway.ask(Request::OfficeSuspend { number, reason: " ".into() }).await;
    assert!(matches!(refused, Reply::No { code: Refusal::ValueUnfit, .. }), "{refused:?}");
    gateway.with_agent().await;
    let id = gateway.mandated(SENDER, &[Scope::Receive]).await;
    gateway.revoked(id).await;
    gateway.revoked(id).await;
    let told = gateway.told(Some(last)).await;
    assert_eq!((told[0].done.by.as_str(), told[0].done.note.as_str()), ("operator", "届出の確認"));
    assert_eq!((told[0].done.office, told[0].n), (Some(number), last + 1));
    let whats: Vec<_> = told.iter().map(|row| row.done.what).collect();
    assert_eq!(
        whats,
        [
            What::OfficeSuspended,
            What::OfficeResumed,
            What::AgentPut,
            What::AccountMade,
            What::MandateRegistered,
            What::MandateRevoked,
        ]
    );
    // What the operator did to a mandate is told with the agent whose it is.
    let whose: Vec<_> = told[4..].iter().map(|row| (row.done.note.as_str(), row.done.about.clone())).collect();
    assert_eq!(whose, [("kawara", format!("{id} paper")), ("kawara", id.to_string())]);
    let text = serde_json::to_string(&told).unwrap();
    assert!(!text.contains(PASSWORD) && !text.contains("argon2"), "{text}");
    // Over the socket the user of the machine is told, too.
    let socket = &gateway.config.admin_socket;
    fumibako_gateway::call(socket, &Request::OfficeSuspend { number, reason: "再確認".into() }).await.unwrap();
    let told = gateway.told(Some(told.last().unwrap().n)).await;
    assert!(told[0].done.by.starts_with("operator uid "), "{told:?}");
}

// Profile §16.3
#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_does_for_an_office_is_told() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    gateway.mandated(SENDER, &[Scope::Receive]).await;
    let last = gateway.told(None).await.last().unwrap().n;
    let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    client.reply().await;
    let answer = client.imap("a", &format!("AUTHENTICATE PLAIN {}", plain("kawara", PASSWORD))).await;
    assert!(answer.last().unwrap().starts_with("a OK"), "{answer:?}");
    client.imap("b", &format!("SELECT Offices/{SENDER}/INBOX")).await;
    // Profile §16.1: this changes nothing, and there is no such folder.
    for command in ["EXPUNGE", "CLOSE"] {
        assert!(client.imap("c", command).await.last().unwrap().starts_with("c OK"));
    }
    for command in ["SELECT Offices/9970000011/nothing", "APPEND Offices/9970000011/nothing {1+}\r\nx"] {
        assert!(client.imap("c", command).await.last().unwrap().starts_with("c NO"));
    }
    let filed = client.imap("c", &format!("APPEND Offices/{SENDER}/Archive {{1+}}\r\nx")).await;
    assert!(filed.last().unwrap().starts_with("c OK"), "{filed:?}");
    client.imap("d", "UNAUTHENTICATE").await;
    // Logged in as the office itself nothing is delegated.
    client.imap("e", &format!("AUTHENTICATE PLAIN {}", plain(SENDER, PASSWORD))).await;
    client.imap("f", "SELECT INBOX").await;
    assert_eq!(
        gateway.told_since(last).await,
        [(What::AgentOpened, "INBOX".to_owned()), (What::AgentChanged, "append Archive".to_owned())]
    );
}

// Profile §16.2
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_not_over_these_rows_is_named() {
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    gateway.running.stop().await;
    // Yesterday's head, by whoever has the database and not the key.
    let store = store_of(&gateway.config).await;
    let (head, _) = store.audit_acts().await.unwrap().heads.pop().unwrap();
    store.keep_acts_head(ActsHead { day: Day(head.day.0 - 1), rows: head.rows - 1, ..head }).await.unwrap();
    store.close().await.unwrap();
    let again = Gateway::start(gateway.config.clone()).await.unwrap();
    let (n, what) = verified(&again).await.expect("the head is no head of these rows");
    assert!(n == 0 && what.contains("another's"), "{n} {what}");
    again.stop().await;
}

// Profile §16.2
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_audit_that_is_written_anew_under_a_running_gateway_is_not_signed() {
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    edit(&gateway.config.store_folder, &anew(gateway.told(None).await));
    for _ in 0..2 {
        let (_, what) = verified(&gateway.running).await.expect("it is named");
        assert!(what.contains("what this gateway signed"), "{what}");
    }
    gateway.running.stop().await;
}

// Profile §16.2
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_over_a_head_of_the_audit_that_somebody_else_signed() {
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    let last = gateway.told(None).await.pop().unwrap();
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    // Another gateway's key, over just these rows.
    let other = Fixture::start().await;
    let key = Identity::from_pem(&std::fs::read(&other.config.evidence.identity_file).unwrap(), None).unwrap();
    other.running.stop().await;
    let hash = fumibako_model::hash(serde_json::to_string(&last).unwrap().as_bytes());
    let head =
        AuditHead { v: 1, audit: "plans.example".into(), rows: last.n + 1, hash, at: Clock.now(), sealed_from: None };
    let forged = hex(&enclose(&serde_json::to_vec(&head).unwrap(), &key, head.at).unwrap());
    edit(&config.store_folder, &format!("UPDATE act_head SET signed = x'{forged}'"));
    let running = Gateway::start(config).await.unwrap();
    let number = SENDER.parse().unwrap();
    let suspend = Request::OfficeSuspend { number, reason: "届出の確認".into() };
    assert_eq!(running.admin().answer(suspend).await, Reply::Done);
    let Reply::ActsAudited(report) = running.admin().answer(Request::AuditVerify).await else { panic!("a report") };
    assert_eq!((report.broken.is_some(), report.heads), (true, 1), "and no other head takes its place: {report:?}");
    assert!(report.rows > last.n + 1);
    running.stop().await;
}
