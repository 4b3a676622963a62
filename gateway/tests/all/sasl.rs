//! Logins without a password on the wire: proofs of it, and the office's own certificate.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::Clock;
use jiff::SignedDuration;

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

fn mac(key: &[u8], octets: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), octets).as_ref().to_vec()
}

fn text(base64: &str) -> String {
    String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
}

/// SCRAM by the book (RFC 5802 §3), as a client; ends with the server's last reply.
pub(crate) async fn scram(client: &mut Client, login: &str, password: &str, binding: Option<&[u8]>) -> String {
    let header = if binding.is_some() { "p=tls-exporter,," } else { "n,," };
    let mechanism = if binding.is_some() { "SCRAM-SHA-256-PLUS" } else { "SCRAM-SHA-256" };
    let bare = format!("n={login},r=clientnonce");
    let first = client.smtp(&format!("AUTH {mechanism} {}", STANDARD.encode(format!("{header}{bare}")))).await;
    let Some(first) = first.strip_prefix("334 ").map(text) else { return first };
    let field = |name: &str| first.split(',').find_map(|field| field.strip_prefix(name)).unwrap().to_owned();
    let (nonce, salt) = (field("r="), STANDARD.decode(field("s=")).unwrap());
    assert!(nonce.len() > "clientnonce".len() + 20);
    let rounds: NonZeroU32 = field("i=").parse().unwrap();
    assert!(rounds.get() >= 4096, "RFC 7677 §4");
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
    let bound = STANDARD.encode([header.as_bytes(), binding.unwrap_or_default()].concat());
    let unproved = format!("c={bound},r={nonce}");
    let both = format!("{bare},{first},{unproved}");
    let key = mac(&salted, b"Client Key");
    let signature = mac(digest::digest(&digest::SHA256, &key).as_ref(), both.as_bytes());
    let proof: Vec<u8> = key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    let last = format!("{unproved},p={}", STANDARD.encode(proof));
    let answer = client.smtp(&STANDARD.encode(last)).await;
    let Some(own) = answer.strip_prefix("334 ").map(text) else { return answer };
    assert_eq!(own, format!("v={}", STANDARD.encode(mac(&mac(&salted, b"Server Key"), both.as_bytes()))));
    client.smtp("").await
}

async fn greeted(gateway: &Fixture) -> Client {
    let mut client = Client::tls(gateway.running.addresses().submission_tls, &gateway.authority()).await;
    client.reply().await;
    client.smtp("EHLO office").await;
    client
}

// Profile §13.1
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_the_password_logs_in_bound_to_its_connection_or_not() {
    let gateway = Fixture::start().await;
    let mut client = greeted(&gateway).await;
    assert!(scram(&mut client, SENDER, PASSWORD, None).await.starts_with("235 "));
    let mut client = greeted(&gateway).await;
    let binding = client.exported.clone().expect("TLS 1.3");
    let mut other = greeted(&gateway).await;
    let answer = scram(&mut other, SENDER, PASSWORD, Some(&binding)).await;
    assert!(answer.starts_with("501 5.5.2 "), "bound to another connection: {answer}");
    assert!(scram(&mut client, SENDER, PASSWORD, Some(&binding)).await.starts_with("235 "));
}

// Profile §13.3
#[tokio::test(flavor = "multi_thread")]
async fn wrong_proofs_are_guesses_and_a_login_nobody_has_looks_like_one() {
    let gateway = Fixture::with(|limits| limits.login_failures = 2).await;
    let mut client = greeted(&gateway).await;
    let unknown = scram(&mut client, "nobody", PASSWORD, None).await;
    let wrong = scram(&mut client, SENDER, "no", None).await;
    let bare = |answer: &str| answer.split("(ref").next().unwrap().to_owned();
    assert!(wrong.starts_with("535 5.7.8 E-AUT-001 "), "{wrong}");
    assert_eq!(bare(&unknown), bare(&wrong));
    let salt = async |login: &str| {
        let mut client = greeted(&gateway).await;
        let first = STANDARD.encode(format!("n,,n={login},r=x"));
        let first = text(&client.smtp(&format!("AUTH SCRAM-SHA-256 {first}")).await[4..]);
        first.split_once(",s=").unwrap().1.to_owned()
    };
    assert_eq!(salt("nobody").await, salt("nobody").await, "who asks twice sees the same salt");
    assert_ne!(salt("nobody").await, salt("nobody2").await);
    let mut client = greeted(&gateway).await;
    assert!(scram(&mut client, SENDER, "no", None).await.starts_with("535 "));
    // Two wrong proofs: now even the right one waits, and the right password, too.
    assert!(scram(&mut client, SENDER, PASSWORD, None).await.starts_with("454 4.7.0 E-AUT-004 "));
    let plain = crate::support::plain(SENDER, PASSWORD);
    assert!(client.smtp(&format!("AUTH PLAIN {plain}")).await.starts_with("454 4.7.0 E-AUT-004 "));
}

// Profile §13.2
#[tokio::test(flavor = "multi_thread")]
async fn an_office_logs_in_with_its_own_certificate_until_it_is_revoked() {
    let gateway = Fixture::start().await;
    let identity = gateway.identity(SENDER);
    let address = gateway.running.addresses().submission_tls;
    let showing = async || {
        let mut client = Client::showing(address, &gateway.authority(), &identity).await;
        client.reply().await;
        client.say("EHLO office\r\n").await;
        let mut offered = false;
        for _ in 0..20 {
            let line = client.line().await.unwrap();
            offered |= line.contains("AUTH ") && line.contains(" EXTERNAL");
            if line.starts_with("250 ") {
                break;
            }
        }
        assert!(offered, "EXTERNAL is offered to who shows a certificate");
        client
    };
    let mut client = showing().await;
    let other = client.smtp(&format!("AUTH EXTERNAL {}", STANDARD.encode(RECIPIENT))).await;
    assert!(other.contains("E-DLG-001"), "{other}");
    assert_eq!(client.smtp("AUTH EXTERNAL =").await, format!("235 2.7.0 Welcome, {SENDER}"));
    let from = client.smtp(&format!("MAIL FROM:<{SENDER}@plans.example>")).await;
    assert!(from.starts_with("250 "), "{from}");
    assert!(client.smtp(&format!("RCPT TO:<{RECIPIENT}@plans.example>")).await.starts_with("250 "));
    gateway.revoke(&[identity.certificate()], Clock.now() + SignedDuration::from_hours(24)).await;
    let mut client = showing().await;
    let revoked = client.smtp("AUTH EXTERNAL =").await;
    assert!(revoked.contains("E-REV-001"), "{revoked}");
    // An office that is not registered has no login, whoever certified it.
    let stranger = gateway.identity("9970000037");
    let mut client = Client::showing(address, &gateway.authority(), &stranger).await;
    client.reply().await;
    client.smtp("EHLO office").await;
    let unknown = client.smtp("AUTH EXTERNAL =").await;
    assert!(unknown.contains("E-DIR-002"), "{unknown}");
    let mut none = greeted(&gateway).await;
    assert!(none.smtp("AUTH EXTERNAL =").await.starts_with("504 "));
}
