//! Receipts that an agent returns: only under a mandate to acknowledge.

use fumibako_gateway::{Reply, Request};
use fumibako_model::Scope;

use super::mailboxes::receipt;
use super::{AGENT, letter, send};
use crate::lines::Client;
use crate::support::{Fixture, RECIPIENT, SENDER};

async fn acknowledge(client: &mut Client, message: &str) -> String {
    for command in
        [&format!("MAIL FROM:<{RECIPIENT}@plans.example>"), &format!("RCPT TO:<{SENDER}@plans.example>"), "DATA"]
    {
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
    gateway.mandated(RECIPIENT, &[Scope::Acknowledge]).await;
    let first = acknowledge(&mut client, &named).await;
    assert!(first.starts_with("250 2.0.0 EV"), "{first}");
    assert_eq!(acknowledge(&mut client, &named).await, first);
    assert_eq!(evidence(&gateway).await, 3);
}
