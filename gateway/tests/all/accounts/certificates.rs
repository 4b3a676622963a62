//! Certificates over HTTPS (Profile §19.10 to §19.13): enrolled by their own key, taken off by another of the same office.

use fumibako_gateway::{Clock, Reply, Request};
use fumibako_model::{CertificateWord, Enrol, Refusal, Remove, What};
use fumibako_signer::{Identity, sign};
use serde_json::Value;

use super::letter_by;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

impl Fixture {
    async fn challenge(&self, login: &str) -> String {
        let (status, given) = self.https("GET /v1/certificates/challenge", Some((login, PASSWORD)), "").await;
        assert_eq!((status, given["party"].as_str()), (200, Some(login)));
        given["challenge"].as_str().unwrap().to_owned()
    }

    /// What a signed word is answered: the status and the code, or how many certificates count.
    async fn say(&self, word: &CertificateWord, key: &Identity) -> (u16, Value) {
        let entity = String::from_utf8(sign(word.entity().as_bytes(), key, Clock.now()).unwrap()).unwrap();
        self.https("POST /v1/certificates", None, &entity).await
    }

    async fn enrols(&self, party: &str, challenge: &str, key: &Identity) -> String {
        outcome(&self.say(&enrol(party, challenge), key).await)
    }

    async fn removes(&self, party: &str, (gone, by): (&Identity, &Identity)) -> String {
        let challenge = self.challenge(party).await;
        outcome(&self.say(&remove(party, &challenge, gone), by).await)
    }
}

fn outcome((status, answer): &(u16, Value)) -> String {
    match answer.as_array() {
        Some(rows) => rows.iter().filter(|row| row["removed"].is_null()).count().to_string(),
        None => answer["code"].as_str().map_or_else(|| status.to_string(), str::to_owned),
    }
}

fn enrol(party: &str, challenge: &str) -> CertificateWord {
    CertificateWord::Enrol(Enrol { v: 1, party: party.parse().unwrap(), challenge: challenge.into() })
}

fn remove(party: &str, challenge: &str, gone: &Identity) -> CertificateWord {
    let (party, fingerprint) = (party.parse().unwrap(), gone.certificate().fingerprint_hex());
    CertificateWord::Remove(Remove { v: 1, party, fingerprint, challenge: challenge.into() })
}

// Profile §19.10, §19.11
#[tokio::test(flavor = "multi_thread")]
async fn an_office_enrols_its_own_keys_and_nobody_else_s() {
    let gateway = Fixture::start().await;
    let agent = gateway.with_agent().await;
    let [first, second, other] = [SENDER, SENDER, RECIPIENT].map(|office| gateway.identity(office));
    let last = gateway.told(None).await.last().unwrap().n;
    let challenge = gateway.challenge(SENDER).await;
    assert_eq!(gateway.enrols(SENDER, &challenge, &first).await, "1");
    assert_eq!(gateway.enrols(SENDER, &challenge, &second).await, "E-CRT-012", "a challenge is used once");
    assert_eq!(gateway.enrols(SENDER, &"0".repeat(64), &second).await, "E-CRT-012");
    // Two PCs at once, each with its own key and challenge; the same key again changes nothing.
    let (a, b) = (gateway.challenge(SENDER).await, gateway.challenge(SENDER).await);
    let (one, two) = tokio::join!(gateway.enrols(SENDER, &a, &first), gateway.enrols(SENDER, &b, &second));
    assert!(one == "1" || one == "2", "{one}");
    assert_eq!(two, "2");
    let told = gateway.told_since(last).await;
    assert_eq!(told.len(), 2, "what stands already is not told: {told:?}");
    assert!(told.iter().all(|(what, _)| *what == What::CertificateEnrolled));
    // Another office's key, an agent for its office, another office's challenge.
    let challenge = gateway.challenge(SENDER).await;
    assert_eq!(gateway.enrols(SENDER, &challenge, &other).await, "E-CRT-005");
    assert_eq!(gateway.enrols(SENDER, &challenge, &agent).await, "E-CRT-005");
    assert_eq!(gateway.enrols(RECIPIENT, &challenge, &other).await, "E-CRT-012");
    let agents = gateway.challenge("kawara").await;
    assert_eq!(gateway.enrols(SENDER, &agents, &gateway.identity(SENDER)).await, "E-CRT-012", "nobody delegates this");
    assert_eq!(gateway.enrols("kawara", &agents, &agent).await, "1", "its own it may");
    // A certificate of an authority nobody trusts; one that was revoked; a word in another form.
    let stranger = fumibako_signer::authority::Authority::create("Nobody CA", Clock.now()).unwrap();
    let domain = "plans.example".parse().unwrap();
    let kind = fumibako_signer::authority::KeyKind::EcP256;
    let foreign =
        fumibako_gateway::issue_office(&stranger, SENDER.parse().unwrap(), &domain, kind, Clock.now()).unwrap();
    assert_eq!(gateway.enrols(SENDER, &challenge, &foreign).await, "E-CRT-001");
    let third = gateway.identity(SENDER);
    gateway.revoke(&[third.certificate()], Clock.now() + jiff::SignedDuration::from_hours(24)).await;
    assert_eq!(gateway.enrols(SENDER, &challenge, &third).await, "E-REV-001");
    let deed = sign(b"Content-Type: text/plain\r\n\r\nenrol\r\n", &first, Clock.now()).unwrap();
    let (_, answer) = gateway.https("POST /v1/certificates", None, std::str::from_utf8(&deed).unwrap()).await;
    assert_eq!(answer["code"], "E-CRT-013");
    assert_eq!(gateway.https("GET /v1/certificates/challenge", None, "").await.0, 401);
}

// Profile §19.12
#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_the_roll_is_neither_sealed_to_nor_accepted_from_and_stays_in_the_history() {
    let gateway = Fixture::start().await;
    let [first, second, other] = [SENDER, SENDER, RECIPIENT].map(|office| gateway.identity(office));
    for (office, key) in [(SENDER, &first), (SENDER, &second), (RECIPIENT, &other)] {
        let challenge = gateway.challenge(office).await;
        gateway.enrols(office, &challenge, key).await;
    }
    let letter = letter_by(&first, 1);
    assert!(gateway.hand_in(&mut gateway.submission(SENDER).await, &letter).await.starts_with("250 "));
    assert_eq!(gateway.removes(SENDER, (&first, &first)).await, "E-CRT-013", "no key signs itself away");
    assert_eq!(gateway.removes(SENDER, (&first, &other)).await, "E-CRT-005");
    assert_eq!(gateway.removes(SENDER, (&other, &second)).await, "E-CRT-010", "another office's");
    let unlisted = gateway.identity(SENDER);
    assert_eq!(gateway.removes(SENDER, (&first, &unlisted)).await, "E-CRT-013", "not on the roll itself");
    assert_eq!(gateway.removes(SENDER, (&first, &second)).await, "1");
    assert_eq!(gateway.removes(SENDER, (&first, &second)).await, "1", "again: nothing more");
    let answer = gateway.hand_in(&mut gateway.submission(SENDER).await, &letter_by(&first, 2)).await;
    assert!(answer.starts_with("550 5.7.5 E-CRT-009 "), "{answer}");
    let challenge = gateway.challenge(SENDER).await;
    assert_eq!(gateway.enrols(SENDER, &challenge, &first).await, "E-CRT-009", "the operator alone puts it back");
    let (_, readers) = gateway.https(&format!("GET /v1/readers/{SENDER}"), Some((RECIPIENT, PASSWORD)), "").await;
    assert_eq!(readers[0]["certificates"].as_array().unwrap().len(), 1);
    let (_, own) = gateway.https("GET /v1/certificates", Some((SENDER, PASSWORD)), "").await;
    assert_eq!(own.as_array().unwrap().len(), 2, "it stays in the history: {own}");
    // What was signed before is still proved: the certificate is kept beside the evidence.
    let Reply::Evidence { entries } =
        gateway.ask(Request::EvidenceList { office: None, message_id: None, after: None }).await
    else {
        panic!("evidence")
    };
    let recorded: fumibako_model::Recorded = serde_json::from_str(&entries[0]).unwrap();
    let Reply::Proof(file) = gateway.ask(Request::EvidenceExport { id: recorded.id }).await else { panic!("a proof") };
    let pem = first.certificate().to_pem();
    assert!(serde_json::to_string(&file).unwrap().contains(&pem.lines().nth(1).unwrap()[..40]));
    gateway.done(Request::CertAdd { party: SENDER.parse().unwrap(), pem }).await;
    assert!(gateway.hand_in(&mut gateway.submission(SENDER).await, &letter_by(&first, 3)).await.starts_with("250 "));
}

// Profile §19.13
#[tokio::test(flavor = "multi_thread")]
async fn the_last_certificate_stays_whoever_asks() {
    let gateway = Fixture::start().await;
    let [first, second] = [SENDER, SENDER].map(|office| gateway.identity(office));
    for key in [&first, &second] {
        let challenge = gateway.challenge(SENDER).await;
        gateway.enrols(SENDER, &challenge, key).await;
    }
    // Two PCs that each take the other's away: one of them stays.
    let (a, b) = tokio::join!(gateway.removes(SENDER, (&first, &second)), gateway.removes(SENDER, (&second, &first)));
    let mut both = [a.as_str(), b.as_str()];
    both.sort_unstable();
    assert!(both[0] == "1" && ["E-CRT-009", "E-CRT-013"].contains(&both[1]), "{both:?}");
    let left = if a == "1" { &second } else { &first };
    let (party, fingerprint) = (SENDER.parse().unwrap(), left.certificate().fingerprint_hex());
    let ask = |last| Request::CertRemove {
        party: SENDER.parse().unwrap(),
        fingerprint: fingerprint.clone(),
        reason: "鍵の紛失".into(),
        last,
    };
    let reply = gateway.ask(ask(false)).await;
    assert!(matches!(reply, Reply::No { code: Refusal::LastCertificate, .. }), "{reply:?}");
    let before = gateway.told(None).await.last().unwrap().n;
    gateway.done(ask(true)).await;
    let told = gateway.told(Some(before)).await;
    assert_eq!((told[0].done.what, told[0].done.note.as_str()), (What::CertificateRemoved, "鍵の紛失"));
    assert_eq!(
        (told[0].done.office, told[0].done.about.as_str()),
        (Some(SENDER.parse().unwrap()), fingerprint.as_str())
    );
    let Reply::Certificates { certificates } = gateway.ask(Request::CertList { party: Some(party) }).await else {
        panic!("rows")
    };
    assert!(
        certificates.iter().all(|row| row.removed.is_some() && row.uses == ["sign", "encrypt"]),
        "{certificates:?}"
    );
}
