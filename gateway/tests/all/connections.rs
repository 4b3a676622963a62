//! How many may come, how they begin and how they end.

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, SENDER};

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_told_so() {
    let gateway = Fixture::with(|limits| limits.connections_per_address = 2).await;
    let addresses = gateway.running.addresses();
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = Client::clear(addresses.submission_starttls).await;
        assert!(client.reply().await.starts_with("220 "));
        held.push(client);
    }
    assert!(Client::clear(addresses.submission_starttls).await.reply().await.starts_with("421 4.7.0 E-TMP-001 "));
    assert!(Client::clear(addresses.imap_starttls).await.line().await.unwrap().starts_with("* BYE [LIMIT] E-TMP-001 "));
    let mut one = held.pop().unwrap();
    assert!(one.smtp("QUIT").await.starts_with("221 "));
    assert_eq!(one.line().await, None);
    drop(one);
    // The place is free as soon as the gateway has seen the end.
    for _ in 0..100 {
        if Client::clear(addresses.submission_starttls).await.reply().await.starts_with("220 ") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place was never given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_login_holds_only_so_many_connections() {
    let gateway = Fixture::with(|limits| limits.connections_per_account = 1).await;
    let mut clients = Vec::new();
    for expected in ["a OK", "a NO [LIMIT] E-TMP-001"] {
        let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
        client.line().await;
        let answer = client.imap("a", &format!("LOGIN {SENDER} {PASSWORD}")).await.pop().unwrap();
        assert!(answer.starts_with(expected), "{answer}");
        clients.push(client);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_in_clear_is_refused_and_starttls_forgets_what_came_in_clear() {
    let gateway = Fixture::start().await;
    let mut client = Client::clear(gateway.running.addresses().submission_starttls).await;
    client.reply().await;
    client.smtp("EHLO office").await;
    // Profile §12.2
    assert!(client.smtp("AUTH PLAIN AGEAYg==").await.contains("E-AUT-003"));
    // A command pushed in behind STARTTLS must not be carried out under TLS (RFC 3207 §4.2).
    client.say("STARTTLS\r\nNOOP\r\n").await;
    assert!(client.reply().await.starts_with("220 "));
    let mut client = client.secure(&gateway.authority()).await;
    assert!(client.smtp("EHLO office").await.starts_with("250 "));
    assert!(client.smtp("QUIT").await.starts_with("221 "), "nothing was answered in between");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_says_goodbye_to_those_who_wait() {
    let gateway = Fixture::start().await;
    let addresses = gateway.running.addresses();
    let mut smtp = Client::tls(addresses.submission_tls, &gateway.authority()).await;
    smtp.reply().await;
    let mut imap = Client::tls(addresses.imap_tls, &gateway.authority()).await;
    imap.line().await;
    imap.imap("a", &format!("LOGIN {SENDER} {PASSWORD}")).await;
    imap.imap("b", "SELECT INBOX").await;
    imap.say("c IDLE\r\n").await;
    assert!(imap.line().await.unwrap().starts_with('+'));
    gateway.running.stop().await;
    assert!(smtp.line().await.unwrap().starts_with("421 4.3.2 E-TMP-004 "));
    assert!(imap.line().await.unwrap().starts_with("* BYE "));
    assert!(!gateway.config.admin_socket.exists());
}
