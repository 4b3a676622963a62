//! Who gets in.

use fumibako_gateway::{AccountRequest, Request};

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER, plain};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_login_get_the_same_answer() {
    let gateway = Fixture::start().await;
    let mut answers = Vec::new();
    for (login, password) in [(SENDER, "no"), ("nobody", PASSWORD)] {
        let mut client = Client::tls(gateway.running.addresses().submission_tls, &gateway.authority()).await;
        client.reply().await;
        client.smtp("EHLO office").await;
        let answer = client.smtp(&format!("AUTH PLAIN {}", plain(login, password))).await;
        answers.push(answer.split("(ref").next().unwrap().to_owned());
    }
    assert!(answers[0].starts_with("535 5.7.8 E-AUT-001 "), "{}", answers[0]);
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_locks_the_login_at_that_address_and_no_other() {
    let gateway = Fixture::with(|limits| limits.login_failures = 2).await;
    let attempt = async |login: &str, password: &str| {
        let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
        client.line().await;
        client.imap("a", &format!("LOGIN {login} {password}")).await.pop().unwrap()
    };
    assert!(attempt(SENDER, "no").await.contains("E-AUT-001"));
    assert!(attempt(SENDER, "no").await.contains("E-AUT-001"));
    // Profile §12.1: even the right password waits now.
    assert!(attempt(SENDER, PASSWORD).await.contains("E-AUT-004"));
    assert!(attempt(RECIPIENT, PASSWORD).await.starts_with("a OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_acts_as_another_office() {
    use base64::Engine as _;
    let gateway = Fixture::start().await;
    let mut client = Client::tls(gateway.running.addresses().submission_tls, &gateway.authority()).await;
    client.reply().await;
    client.smtp("EHLO office").await;
    let as_other = format!("{RECIPIENT}\0{SENDER}\0{PASSWORD}");
    let response = base64::engine::general_purpose::STANDARD.encode(as_other);
    assert!(client.smtp(&format!("AUTH PLAIN {response}")).await.contains("E-DLG-001"));
    assert!(client.smtp(&format!("AUTH PLAIN {}", plain(SENDER, PASSWORD))).await.starts_with("235 2.7.0"));
    // Profile §5.5: the login is the office's own, so it cannot send for another.
    client.smtp(&format!("MAIL FROM:<{RECIPIENT}@plans.example>")).await;
    let answer = client.smtp(&format!("RCPT TO:<{SENDER}@plans.example>")).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-001 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_replaces_the_old_at_once() {
    let gateway = Fixture::start().await;
    let login = SENDER.to_owned();
    let password = fumibako_gateway::Secret("new-one".into());
    gateway.done(Request::Account(AccountRequest::Password { login, password, temporary: false })).await;
    let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    client.line().await;
    assert!(client.imap("a", &format!("LOGIN {SENDER} {PASSWORD}")).await.pop().unwrap().starts_with("a NO"));
    assert!(client.imap("b", &format!("LOGIN {SENDER} new-one")).await.pop().unwrap().starts_with("b OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn recipients_are_judged_before_the_message_travels() {
    let gateway = Fixture::start().await;
    let mut client = Client::tls(gateway.running.addresses().submission_tls, &gateway.authority()).await;
    client.reply().await;
    client.smtp("EHLO office").await;
    client.smtp(&format!("AUTH PLAIN {}", plain(SENDER, PASSWORD))).await;
    client.smtp(&format!("MAIL FROM:<{SENDER}@plans.example>")).await;
    for (to, answer) in [
        ("9970000099@plans.example", "550 5.1.1 E-DIR-001 "),
        ("9970000029@elsewhere.example", "550 5.1.2 E-DIR-003 "),
        ("9970000029@plans.example", "250 2.1.5 "),
    ] {
        let said = client.smtp(&format!("RCPT TO:<{to}>")).await;
        assert!(said.starts_with(answer), "{to}: {said}");
    }
}

/// What many connections are answered that log in at the same time.
async fn at_once(gateway: &Fixture, connections: usize, password: &'static str) -> Vec<String> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
        client.line().await;
        clients.push(client);
    }
    let log_in = |mut client: Client| {
        tokio::spawn(async move {
            let answer = client.imap("a", &format!("LOGIN {SENDER} {password}")).await.pop().unwrap();
            (client, answer)
        })
    };
    let mut answers = Vec::new();
    for task in clients.into_iter().map(log_in).collect::<Vec<_>>() {
        answers.push(task.await.unwrap().1);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_side_by_side_are_locked_out_like_others() {
    let gateway = Fixture::with(|limits| limits.login_failures = 2).await;
    let answers = at_once(&gateway, 20, "no").await;
    let judged = answers.iter().filter(|answer| answer.contains("E-AUT-001")).count();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert!((2..=2 + cores).contains(&judged), "{judged} of 20 guesses were judged");
    assert!(answers.iter().any(|answer| answer.contains("E-AUT-004")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_opens_many_connections_at_once_is_no_guesser() {
    let gateway = Fixture::with(|limits| limits.login_failures = 2).await;
    let answers = at_once(&gateway, 12, PASSWORD).await;
    assert!(answers.iter().all(|answer| answer.starts_with("a OK")), "{answers:?}");
}
