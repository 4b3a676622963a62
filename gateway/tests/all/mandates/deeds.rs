//! Mandates are granted, confirmed and revoked by who may, over HTTPS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Clock, Request};
use fumibako_model::{
    DEED_MINUTES, DEED_TYPE, Deed, JAPAN, MANDATES_A_DAY, Mandate, MandateId, Said, Scope, japanese_day,
};
use fumibako_signer::{Identity, sign};
use jiff::SignedDuration;

use super::{letter, send, words};
use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

/// Header and body of the answer.
async fn exchange(gateway: &Fixture, request: &str) -> (String, String) {
    let mut client = Client::tls(gateway.running.addresses().https, &gateway.authority()).await;
    client.say(request).await;
    let text = client.rest().await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

async fn http(gateway: &Fixture, request: &str) -> (u16, serde_json::Value) {
    let (head, body) = exchange(gateway, request).await;
    (head[9..12].parse().unwrap(), serde_json::from_str(&body).unwrap_or_default())
}

async fn post(gateway: &Fixture, entity: &[u8]) -> (u16, serde_json::Value) {
    http(gateway, &posted(entity)).await
}

fn posted(entity: &[u8]) -> String {
    let body = std::str::from_utf8(entity).unwrap();
    let length = body.len();
    let head = format!(
        "POST /v1/mandates HTTP/1.1\r\nHost: plans.example\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    head + body
}

fn signed(deed: &Deed, signer: &Identity) -> Vec<u8> {
    sign(deed.entity().as_bytes(), signer, Clock.now()).unwrap()
}

async fn get(gateway: &Fixture, login: &str, path: &str) -> (u16, serde_json::Value) {
    let basic = STANDARD.encode(format!("{login}:{PASSWORD}"));
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n");
    http(gateway, &head).await
}

async fn listed(gateway: &Fixture, login: &str) -> usize {
    get(gateway, login, "/v1/mandates").await.1.as_array().unwrap().len()
}

// Profile §9.5
#[tokio::test(flavor = "multi_thread")]
async fn an_office_grants_its_agent_confirms_and_either_revokes() {
    let gateway = Fixture::start().await;
    let (agent, office, other) = (gateway.with_agent().await, gateway.identity(SENDER), gateway.identity(RECIPIENT));
    let grant = Deed::Grant(words(SENDER, &[Scope::Send]));
    for forged in [&agent, &other] {
        let (status, problem) = post(&gateway, &signed(&grant, forged)).await;
        assert_eq!((status, problem["code"].as_str()), (403, Some("E-DLG-011")), "{problem}");
    }
    let (status, row) = post(&gateway, &signed(&grant, &office)).await;
    assert_eq!(
        (status, row["state"].as_str(), row["paper"].as_bool()),
        (200, Some("unconfirmed"), Some(false)),
        "{row}"
    );
    let id: MandateId = row["id"].as_str().unwrap().parse().unwrap();
    let (mut mail, _) = gateway.as_agent("").await;
    let answer = send(&mut mail, SENDER, &letter(SENDER, 1, &agent)).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-004 "), "{answer}");

    let said = || Said { mandate: id, at: Clock.now() };
    let (status, problem) = post(&gateway, &signed(&Deed::Confirm(said()), &office)).await;
    assert_eq!((status, problem["code"].as_str()), (403, Some("E-DLG-011")), "an office confirms nothing");
    let (status, row) = post(&gateway, &signed(&Deed::Confirm(said()), &agent)).await;
    assert_eq!((status, row["state"].as_str()), (200, Some("in-force")), "{row}");
    assert!(send(&mut mail, SENDER, &letter(SENDER, 1, &agent)).await.starts_with("250 "));
    assert_eq!((listed(&gateway, SENDER).await, listed(&gateway, "kawara").await), (1, 1));
    assert_eq!(listed(&gateway, RECIPIENT).await, 0);

    let (status, problem) = post(&gateway, &signed(&Deed::Revoke(said()), &other)).await;
    assert_eq!((status, problem["code"].as_str()), (403, Some("E-DLG-011")));
    let (status, row) = post(&gateway, &signed(&Deed::Revoke(said()), &office)).await;
    assert_eq!((status, row["state"].as_str()), (200, Some("revoked")));
    let answer = send(&mut mail, SENDER, &letter(SENDER, 2, &agent)).await;
    assert!(answer.starts_with("550 5.7.1 E-DLG-002 "), "{answer}");
    // The same deeds again bring nothing back.
    assert_eq!(post(&gateway, &signed(&grant, &office)).await.1["state"].as_str(), Some("revoked"));
    assert_eq!(post(&gateway, &signed(&Deed::Confirm(said()), &agent)).await.1["code"].as_str(), Some("E-DLG-002"));
}

// Profile §9.5
#[tokio::test(flavor = "multi_thread")]
async fn a_deed_is_dated_within_an_hour_of_the_gateways_clock() {
    let gateway = Fixture::start().await;
    let (agent, office) = (gateway.with_agent().await, gateway.identity(SENDER));
    let dated = |minutes: i64| Clock.now() + SignedDuration::from_mins(minutes);
    // A slow machine takes a while between our clock and the gateway's.
    let (wrong, right) = ([-DEED_MINUTES - 1, DEED_MINUTES + 10], [-DEED_MINUTES + 10, DEED_MINUTES - 1]);
    let grant = |granted| Deed::Grant(Box::new(Mandate { granted, ..*words(SENDER, &[Scope::Send]) }));
    let is_misdated = async |deed: Deed, by: &Identity| {
        let (status, problem) = post(&gateway, &signed(&deed, by)).await;
        let named = problem["about"] == deed.said().to_string();
        (status, problem["code"].as_str()) == (422, Some("E-DLG-018")) && named
    };
    for minutes in wrong {
        assert!(is_misdated(grant(dated(minutes)), &office).await, "{minutes}");
    }
    assert_eq!(listed(&gateway, SENDER).await, 0, "nothing of it is registered");
    let (status, row) = post(&gateway, &signed(&grant(dated(right[0])), &office)).await;
    assert_eq!((status, row["state"].as_str()), (200, Some("unconfirmed")), "{row}");
    let id: MandateId = row["id"].as_str().unwrap().parse().unwrap();
    let said = |minutes| Said { mandate: id, at: dated(minutes) };
    for minutes in wrong {
        assert!(is_misdated(Deed::Confirm(said(minutes)), &agent).await, "{minutes}");
        assert!(is_misdated(Deed::Revoke(said(minutes)), &office).await, "{minutes}");
    }
    let (status, row) = post(&gateway, &signed(&Deed::Confirm(said(right[1])), &agent)).await;
    assert_eq!((status, row["state"].as_str()), (200, Some("in-force")), "it was neither confirmed nor revoked: {row}");
}

// Profile §9.15, RFC 9110 §10.2.3
#[tokio::test(flavor = "multi_thread")]
async fn who_grants_too_much_in_a_day_is_told_when_to_go_on() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    let office = gateway.identity(SENDER);
    let grant = |n: i64| {
        let from = jiff::civil::date(2020, 4, 1) + jiff::Span::new().days(n);
        signed(&Deed::Grant(Box::new(Mandate { from, ..*words(SENDER, &[Scope::Send]) })), &office)
    };
    let begun = Clock.now();
    let most = i64::try_from(MANDATES_A_DAY).unwrap();
    for n in 0..most {
        assert_eq!(post(&gateway, &grant(n)).await.0, 200, "{n}");
    }
    let (head, body) = exchange(&gateway, &posted(&grant(most))).await;
    // Over midnight in Japan another day begins.
    if japanese_day(begun) == japanese_day(Clock.now()) {
        assert!(head.starts_with("HTTP/1.1 429 ") && body.contains("\"code\":\"E-TMP-005\""), "{head} {body}");
        let seconds = head.split("\r\nretry-after: ").nth(1).unwrap().lines().next().unwrap();
        let again = Clock.now() + SignedDuration::from_secs(seconds.parse().unwrap());
        let midnight = JAPAN.to_timestamp(japanese_day(begun).tomorrow().unwrap().at(0, 0, 0, 0)).unwrap();
        let off = again.duration_since(midnight);
        assert!(!off.is_negative() && off < SignedDuration::from_mins(10), "{again} and not {midnight}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_deed_is_refused_in_words() {
    let gateway = Fixture::start().await;
    let office = gateway.identity(SENDER);
    let grant = Deed::Grant(words(SENDER, &[Scope::Send]));
    let entity =
        |head: &str, body: &str| sign(format!("{head}\r\n\r\n{body}\r\n").as_bytes(), &office, Clock.now()).unwrap();
    let kind = format!("Content-Type: {DEED_TYPE}");
    let unknown = Said { mandate: "MD00000000000000000000000000000000".parse().unwrap(), at: Clock.now() };
    let changed = String::from_utf8(signed(&grant, &office)).unwrap().replace("\"send\"", "\"receive\"");
    for (octets, status, code) in [
        (b"Content-Type: text/plain\r\n\r\nhello\r\n".to_vec(), 403, "E-SIG-001"),
        (changed.into_bytes(), 403, "E-SIG-002"),
        (entity("Content-Type: text/plain", &grant.canonical()), 422, "E-DLG-010"),
        (entity(&kind, &grant.canonical().replace("\"v\":1", "\"v\": 1")), 422, "E-DLG-010"),
        (signed(&grant, &office), 404, "E-DLG-014"),
        (signed(&Deed::Revoke(unknown), &office), 404, "E-DLG-012"),
    ] {
        let (found, problem) = post(&gateway, &octets).await;
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert!(problem["reference"].as_str().is_some_and(|reference| reference.len() == 6));
    }
    let (status, problem) = http(&gateway, "GET /v1/mandates HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!((400..404).contains(&status) && problem["code"].as_str().is_some(), "{status} {problem}");
    assert_eq!(post(&gateway, &vec![b'x'; (64 << 10) + 1]).await.0, 413);
}

// Profile §9.11
#[tokio::test(flavor = "multi_thread")]
async fn whom_to_encrypt_to_is_told_with_the_proof_that_an_agent_receives() {
    let gateway = Fixture::start().await;
    let (agent, office) = (gateway.with_agent().await, gateway.identity(RECIPIENT));
    for (party, identity) in [("kawara", &agent), (RECIPIENT, &office)] {
        let (party, pem) = (party.parse().unwrap(), identity.certificate().to_pem());
        gateway.done(Request::CertAdd { party, pem }).await;
    }
    let readers = async || get(&gateway, SENDER, &format!("/v1/readers/{RECIPIENT},9970000099")).await;
    let der = |identity: &Identity| STANDARD.encode(identity.certificate().der());
    let (status, alone) = readers().await;
    assert_eq!((status, alone.as_array().unwrap().len()), (200, 1), "one is not on the roll: {alone}");
    assert_eq!(alone[0]["certificates"], serde_json::json!([der(&office)]));
    assert_eq!(alone[0]["agents"], serde_json::json!([]));

    let grant = signed(&Deed::Grant(words(RECIPIENT, &[Scope::Receive])), &office);
    let id: MandateId = post(&gateway, &grant).await.1["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(readers().await.1[0]["agents"], serde_json::json!([]), "it is not confirmed");
    post(&gateway, &signed(&Deed::Confirm(Said { mandate: id, at: Clock.now() }), &agent)).await;
    let found = readers().await.1[0]["agents"].clone();
    let expected = (&der(&agent).into(), &STANDARD.encode(&grant).into());
    assert_eq!((&found[0]["certificates"][0], &found[0]["mandates"][0]["grant"]), expected, "{found}");
    gateway.revoked(id).await;
    assert_eq!(readers().await.1[0]["agents"], serde_json::json!([]));
    let paper = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let found = readers().await.1[0]["agents"][0]["mandates"].clone();
    assert_eq!((&found[0]["id"], &found[0]["grant"]), (&paper.to_string().into(), &serde_json::Value::Null));
    gateway.revoked(paper).await;
    gateway.mandated(RECIPIENT, &[Scope::Send, Scope::Acknowledge]).await;
    assert_eq!(readers().await.1[0]["agents"], serde_json::json!([]), "it may not receive");

    assert_eq!(get(&gateway, "nobody", &format!("/v1/readers/{RECIPIENT}")).await.1["code"], "E-AUT-001");
    for wrong in ["x".to_owned(), vec![RECIPIENT; 101].join(",")] {
        assert_eq!(get(&gateway, SENDER, &format!("/v1/readers/{wrong}")).await.1["code"], "E-DIR-014", "{wrong}");
    }
}
