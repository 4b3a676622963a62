//! An agent at the door: it sends for offices under their mandates, and no longer than those are in force.

mod deeds;
mod limits;
mod mailboxes;
mod receipts;
mod rights;
mod watching;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{AccountRequest, Clock, Reply, Request, Secret, development_authority, issue_to};
use fumibako_model::{AgentId, Mandate, MandateId, MandateState, Scope};
use fumibako_signer::authority::KeyKind;
use fumibako_signer::{Identity, sign};

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

const AGENT: &str = "kawara";

fn agent() -> AgentId {
    AGENT.parse().unwrap()
}

/// What an office lets the agent do, from today on for ever.
fn words(office: &str, scopes: &[Scope]) -> Box<Mandate> {
    Box::new(Mandate {
        v: 1,
        office: office.parse().unwrap(),
        agent: agent(),
        scopes: scopes.iter().copied().collect(),
        kinds: None,
        counterparties: None,
        months: None,
        from: "2020-04-01".parse().unwrap(),
        until: "9000-03-31".parse().unwrap(),
        granted: Clock.now(),
    })
}

impl Fixture {
    /// The agent, with a login and a key.
    pub(crate) async fn with_agent(&self) -> Identity {
        self.done(Request::AgentAdd { id: agent(), name: "かわら事務代行".into() }).await;
        let party = AGENT.parse().unwrap();
        self.done(Request::Account(AccountRequest::make(AGENT, party, Secret(PASSWORD.into())))).await;
        let authority = development_authority(self.folder.path()).unwrap();
        let domain = "plans.example".parse().unwrap();
        issue_to(&authority, &AGENT.parse().unwrap(), &domain, KeyKind::EcP256, Clock.now()).unwrap()
    }

    pub(crate) async fn mandated(&self, office: &str, scopes: &[Scope]) -> MandateId {
        let reply = self.ask(Request::MandateAdd { mandate: words(office, scopes) }).await;
        let Reply::Mandates { mandates } = reply else { panic!("{reply:?}") };
        assert_eq!((mandates[0].state, mandates[0].registered.paper), (MandateState::InForce, true));
        mandates[0].registered.id
    }

    pub(crate) async fn revoked(&self, id: MandateId) {
        let reply = self.ask(Request::MandateRevoke { id }).await;
        let Reply::Mandates { mandates } = reply else { panic!("{reply:?}") };
        assert_eq!(mandates[0].state, MandateState::Revoked);
    }

    /// Logged in to submission as the agent, perhaps acting as an office.
    async fn as_agent(&self, acting: &str) -> (Client, String) {
        let mut client = Client::tls(self.running.addresses().submission_tls, &self.authority()).await;
        client.reply().await;
        client.smtp("EHLO agent").await;
        let plain = STANDARD.encode(format!("{acting}\0{AGENT}\0{PASSWORD}"));
        let answer = client.smtp(&format!("AUTH PLAIN {plain}")).await;
        (client, answer)
    }
}

/// What is signed of a bundle of results.
fn entity(office: &str, number: usize) -> String {
    let file = format!("UPJSK_202510_{office}_43_{RECIPIENT}_11_20251101093000.CSV");
    format!("Content-Type: text/csv; name=\"{file}\"\r\nContent-Disposition: attachment\r\n\r\nplan {number}\r\n")
}

/// Results of an office for [`RECIPIENT`], signed by the agent.
fn letter(office: &str, number: usize, signer: &Identity) -> String {
    let part = entity(office, number);
    let head = format!(
        "From: {office}@plans.example\r\nSender: {AGENT}@plans.example\r\nTo: {RECIPIENT}@plans.example\r\n\
         Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <{office}-{number}@plans.example>\r\nMIME-Version: 1.0\r\n"
    );
    head + std::str::from_utf8(&sign(part.as_bytes(), signer, Clock.now()).unwrap()).unwrap()
}

/// Sends a message of an office; the answer of the command that was refused, or the last one.
async fn send(client: &mut Client, office: &str, message: &str) -> String {
    for command in
        [format!("MAIL FROM:<{office}@plans.example>"), format!("RCPT TO:<{RECIPIENT}@plans.example>"), "DATA".into()]
    {
        let answer = client.smtp(&command).await;
        if !answer.starts_with(['2', '3']) {
            client.smtp("RSET").await;
            return answer;
        }
    }
    client.say(message).await;
    client.smtp(".").await
}

// Profile §9.2, §9.8
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sends_under_a_mandate_until_that_is_revoked() {
    let gateway = Fixture::start().await;
    let key = gateway.with_agent().await;
    let (mut client, answer) = gateway.as_agent("").await;
    assert!(answer.starts_with("235 "), "{answer}");
    let answer = send(&mut client, SENDER, &letter(SENDER, 0, &key)).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-001 "), "{answer}");
    let id = gateway.mandated(SENDER, &[Scope::Send]).await;
    let answer = send(&mut client, SENDER, &letter(SENDER, 1, &key)).await;
    assert!(answer.starts_with("250 2.0.0 EV"), "{answer}");
    let unnamed = letter(SENDER, 2, &key).replace(&format!("Sender: {AGENT}@plans.example\r\n"), "");
    let answer = send(&mut client, SENDER, &unnamed).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-013 "), "{answer}");

    // Between two commands of one transaction, too.
    client.smtp(&format!("MAIL FROM:<{SENDER}@plans.example>")).await;
    assert!(client.smtp(&format!("RCPT TO:<{RECIPIENT}@plans.example>")).await.starts_with("250 "));
    assert!(client.smtp("DATA").await.starts_with("354 "));
    gateway.done(Request::AgentSuspend { id: agent(), reason: Some("調査中".into()) }).await;
    client.say(&letter(SENDER, 3, &key)).await;
    let answer = client.smtp(".").await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-015 "), "{answer}");
    assert!(gateway.as_agent("").await.1.contains("E-DLG-015"), "who is suspended does not log in");
    gateway.done(Request::AgentSuspend { id: agent(), reason: None }).await;
    assert!(send(&mut client, SENDER, &letter(SENDER, 4, &key)).await.starts_with("250 "));
    gateway.revoked(id).await;
    let answer = send(&mut client, SENDER, &letter(SENDER, 5, &key)).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-002 "), "{answer}");
}

// Profile §9.7
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_logged_in_as_an_office_acts_for_that_one_alone() {
    let gateway = Fixture::start().await;
    let key = gateway.with_agent().await;
    let (_, answer) = gateway.as_agent(SENDER).await;
    assert!(answer.contains("E-DLG-001"), "{answer}");
    gateway.mandated(SENDER, &[Scope::Send]).await;
    gateway.mandated(RECIPIENT, &[Scope::Send]).await;
    let (mut client, answer) = gateway.as_agent(SENDER).await;
    assert!(answer.starts_with("235 "), "{answer}");
    let answer = send(&mut client, SENDER, &letter(SENDER, 1, &key)).await;
    assert!(answer.starts_with("250 2.0.0 EV"), "{answer}");
    let answer = send(&mut client, RECIPIENT, &letter(RECIPIENT, 1, &key)).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-001 "), "{answer}");
    // By certificate as well; nobody acts as somebody who is no office.
    let doors = gateway.running.addresses();
    for (acting, expected) in
        [(SENDER, "235 "), ("", "235 "), (AGENT, "235 "), ("9970000037", "550 5.7.1 E-DLG-001 "), ("tsuta", "550 ")]
    {
        let mut client = Client::showing(doors.submission_tls, &gateway.authority(), &key).await;
        client.reply().await;
        client.smtp("EHLO agent").await;
        let response = if acting.is_empty() { "=".into() } else { STANDARD.encode(acting) };
        let answer = client.smtp(&format!("AUTH EXTERNAL {response}")).await;
        assert!(answer.starts_with(expected), "{acting}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_mandate_is_not_registered() {
    let gateway = Fixture::start().await;
    let ask = |mandate: Box<Mandate>| gateway.ask(Request::MandateAdd { mandate });
    let code = |reply: Reply| if let Reply::No { code, .. } = reply { code.row().code } else { "" };
    assert_eq!(code(ask(words(SENDER, &[Scope::Send])).await), "E-DLG-014", "the agent is not on the roll");
    gateway.with_agent().await;
    assert_eq!(code(ask(words("9970000099", &[Scope::Send])).await), "E-DIR-011");
    assert_eq!(code(ask(words(SENDER, &[])).await), "E-DLG-010");
    let id = gateway.mandated(SENDER, &[Scope::Send]).await;
    let list = |office: Option<&str>| Request::MandateList { office: office.map(|o| o.parse().unwrap()), agent: None };
    for (office, found) in [(None, 1), (Some(SENDER), 1), (Some(RECIPIENT), 0)] {
        let Reply::Mandates { mandates } = gateway.ask(list(office)).await else { panic!("mandates") };
        assert_eq!(mandates.iter().filter(|row| row.registered.id == id).count(), found);
    }
    let unknown = "MD00000000000000000000000000000000".parse().unwrap();
    assert_eq!(code(gateway.ask(Request::MandateShow { id: unknown }).await), "E-DLG-012");
    assert_eq!(code(gateway.ask(Request::MandateRevoke { id: unknown }).await), "E-DLG-012");
}
