//! Receipts that an agent returns: only under a mandate to acknowledge.

use fumibako_gateway::{Reply, Request};
use fumibako_model::Scope;

use super::mailboxes::receipt;
use super::{AGENT, letter, send};
use crate::lines::Client;
use crate::support::{Fixture, RECIPIENT, SENDER};

async fn acknowledge(client: &mut Client, message: &str) -> String {
    hand_in(client, &format!("{RECIPIENT}@plans.example"), message).await
}

/// Under an envelope from this address.
async fn hand_in(client: &mut Client, from: &str, message: &str) -> String {
    for command in [&format!("MAIL FROM:<{from}>"), &format!("RCPT TO:<{SENDER}@plans.example>"), "DATA"] {
        let answer = client.smtp(command).await;
        assert!(answer.starts_with(['2', '3']), "{answer}");
    }
    client.say(message).await;
    client.smtp(".").await
}

async fn evidence(gateway: &Fixture) -> u64 {
    let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("a status") };
    status.evidence
}

// Profile §8.4, §9.2
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_may_do_all_but_acknowledge_changes_no_state() {
    let gateway = Fixture::start().await;
    let key = gateway.with_agent().await;
    gateway.mandated(SENDER, &Scope::ALL).await;
    let mandate = gateway.mandated(RECIPIENT, &[Scope::Send, Scope::Receive, Scope::Status]).await;
    let (mut client, _) = gateway.as_agent("").await;
    assert!(send(&mut client, SENDER, &letter(SENDER, 0, &key)).await.starts_with("250 "));
    let bare = receipt(SENDER, 0, &key);
    let named = format!("Sender: {AGENT}@plans.example\r\n{bare}");
    // Under its own name, where it logged in as the office, and without its name.
    let (mut acting, _) = gateway.as_agent(RECIPIENT).await;
    // And where the office itself brings what its agent signed.
    let mut office = gateway.submission(RECIPIENT).await;
    let answers = [
        acknowledge(&mut client, &named).await,
        acknowledge(&mut acting, &named).await,
        acknowledge(&mut client, &bare).await,
        acknowledge(&mut office, &bare).await,
        acknowledge(&mut office, &named).await,
    ];
    let answers = answers.map(|answer| answer.split(' ').take(3).collect::<Vec<_>>().join(" "));
    let (scope, unnamed) = ("550 5.7.1 E-DLG-006", "550 5.7.1 E-DLG-013");
    assert_eq!(answers, [scope, scope, unnamed, unnamed, scope]);
    assert_eq!(evidence(&gateway).await, 2, "accepted and delivered");

    gateway.revoked(mandate).await;
    // RFC 8098 §3, Profile §13.12: an envelope from nobody lets nobody speak for an office that he may not speak for.
    let answer = hand_in(&mut client, "", &named).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-002 "), "{answer}");
    let mut sender = gateway.submission(SENDER).await;
    let answer = hand_in(&mut sender, "", &named).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-"), "{answer}");
    gateway.mandated(RECIPIENT, &[Scope::Acknowledge]).await;
    let first = hand_in(&mut client, "", &named).await;
    assert!(first.starts_with("250 2.0.0 EV"), "{first}");
    assert_eq!(acknowledge(&mut client, &named).await, first);
    assert_eq!(evidence(&gateway).await, 3);
}

// Profile §5.6, §10
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_comes_back_when_both_licences_are_over_and_no_bundle_goes() {
    let gateway = Fixture::start().await;
    let (key, recipient) = (gateway.with_agent().await, gateway.identity(RECIPIENT));
    gateway.mandated(SENDER, &[Scope::Send]).await;
    let (mut client, _) = gateway.as_agent("").await;
    for number in [1, 2] {
        assert!(send(&mut client, SENDER, &letter(SENDER, number, &key)).await.starts_with("250 "));
    }
    let mut office = gateway.submission(RECIPIENT).await;
    gateway.ending(RECIPIENT, -1).await;
    let answer = send(&mut client, SENDER, &letter(SENDER, 3, &key)).await;
    assert!(answer.starts_with("550 5.7.1 E-LIC-002 "), "{answer}");
    gateway.ending(SENDER, -1).await;
    let answer = send(&mut client, SENDER, &letter(SENDER, 3, &key)).await;
    assert!(answer.starts_with("550 5.7.1 E-LIC-001 "), "{answer}");
    for (number, from) in [(1, format!("{RECIPIENT}@plans.example")), (2, String::new())] {
        let answer = hand_in(&mut office, &from, &receipt(SENDER, number, &recipient)).await;
        assert!(answer.starts_with("250 2.0.0 EV"), "{answer}");
    }
    // Whom the operator suspended gives no word that counts, until it goes on.
    let number = RECIPIENT.parse().unwrap();
    gateway.done(Request::OfficeSuspend { number, reason: "届出の確認中".into() }).await;
    let answer = acknowledge(&mut office, &receipt(SENDER, 3, &recipient)).await;
    assert!(answer.starts_with("550 5.7.1 E-LIC-003 "), "{answer}");
}
