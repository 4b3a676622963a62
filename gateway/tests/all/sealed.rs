//! Sealed bundles at the door: the gateway reads nothing inside, and still says no where it must.

use fumibako_gateway::{Clock, Form, Request, development_authority, issue_office};
use fumibako_signer::authority::KeyKind;
use fumibako_signer::{Certificate, Cipher, Identity, Sealing, open, seal, sign};
use jiff::{SignedDuration, Timestamp};

use crate::lines::Client;
use crate::support::{Fixture, RECIPIENT, SENDER};

const ROUTING: &str = "From: 9970000011@plans.example\r\nTo: 9970000029@plans.example\r\n\
    Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <sealed@plans.example>\r\n";
const FACTS: &str = "Fumibako-Bundle: v=1; units=results; month=202510; serial=20251101093000; files=1; size=5\r\n";
const ENTITY: &str = "Content-Type: text/csv; name=\"UPJSK_202510_9970000011_43_9970000029_11_20251101093000.CSV\"\r\n\
    Content-Disposition: attachment\r\n\r\nplan\r\n";

/// Two offices with keys, the recipient's certificate on the roll.
struct Offices {
    gateway: Fixture,
    sender: Identity,
    recipient: Identity,
}

impl Offices {
    async fn start() -> Self {
        let gateway = Fixture::start().await;
        let (sender, recipient) = (gateway.identity(SENDER), gateway.identity(RECIPIENT));
        gateway.enrol(RECIPIENT, recipient.certificate()).await;
        Self { gateway, sender, recipient }
    }

    fn sealed(&self, routing: &str, readers: &[&Identity]) -> Vec<u8> {
        let recipients: Vec<Certificate> = readers.iter().map(|reader| reader.certificate().clone()).collect();
        let cipher = Cipher::Aes256Gcm;
        let sealing = Sealing { routing: routing.as_bytes(), signer: &self.sender, recipients: &recipients, cipher };
        let entity = seal(ENTITY.as_bytes(), &sealing, Clock.now()).unwrap();
        [ROUTING.as_bytes(), FACTS.as_bytes(), b"MIME-Version: 1.0\r\n", &entity].concat()
    }

    async fn send(&self, message: &[u8]) -> String {
        let mut client = self.gateway.submission(SENDER).await;
        client.smtp(&format!("MAIL FROM:<{SENDER}@plans.example>")).await;
        client.smtp(&format!("RCPT TO:<{RECIPIENT}@plans.example>")).await;
        assert!(client.smtp("DATA").await.starts_with("354 "));
        client.say(std::str::from_utf8(message).unwrap()).await;
        client.smtp(".").await
    }
}

impl Fixture {
    pub(crate) fn identity(&self, office: &str) -> Identity {
        let authority = development_authority(self.folder.path()).unwrap();
        let domain = "plans.example".parse().unwrap();
        issue_office(&authority, office.parse().unwrap(), &domain, KeyKind::EcP256, Clock.now()).unwrap()
    }

    async fn enrol(&self, office: &str, certificate: &Certificate) {
        self.done(Request::CertAdd { party: office.parse().unwrap(), pem: certificate.to_pem() }).await;
    }

    pub(crate) async fn submission(&self, login: &str) -> Client {
        let mut client = Client::tls(self.running.addresses().submission_tls, &self.authority()).await;
        client.reply().await;
        client.smtp("EHLO office").await;
        let plain = crate::support::plain(login, crate::support::PASSWORD);
        assert!(client.smtp(&format!("AUTH PLAIN {plain}")).await.starts_with("235 "));
        client
    }

    pub(crate) async fn revoke(&self, certificates: &[&Certificate], until: Timestamp) {
        use base64::Engine as _;
        let authority = development_authority(self.folder.path()).unwrap();
        let since = Clock.now() - SignedDuration::from_hours(1);
        let revoked: Vec<_> = certificates.iter().map(|certificate| (*certificate, since)).collect();
        let der = authority.revoke(&revoked, since, until).unwrap();
        self.done(Request::TrustAddCrl { der: base64::engine::general_purpose::STANDARD.encode(der) }).await;
    }
}

fn routing() -> String {
    format!("{ROUTING}{FACTS}")
}

// Profile §5.10
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_bundle_is_accepted_unread_and_opens_for_its_recipient_alone() {
    let offices = Offices::start().await;
    let message = offices.sealed(&routing(), &[&offices.recipient, &offices.sender]);
    assert!(offices.send(&message).await.starts_with("250 2.0.0 EV"));
    let (trust, now) = (offices.gateway.trust(), Clock.now());
    let opened = open(&message, &trust, std::slice::from_ref(&offices.recipient), now).unwrap();
    assert_eq!(opened.entity(), ENTITY.as_bytes());
    assert!(open(&message, &trust, &[offices.gateway.identity("9970000037")], now).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_the_recipient_could_not_open_is_refused() {
    let offices = Offices::start().await;
    let to_the_sender_alone = offices.sealed(&routing(), &[&offices.sender]);
    let answer = offices.send(&to_the_sender_alone).await;
    assert!(answer.starts_with("550 5.7.5 E-CRT-007 "), "{answer}");
    // A newer key on the roll does not end the older one, as long as that is valid.
    let newer = offices.gateway.identity(RECIPIENT);
    offices.gateway.enrol(RECIPIENT, newer.certificate()).await;
    for key in [&newer, &offices.recipient] {
        let message = String::from_utf8(offices.sealed(&routing(), &[key])).unwrap();
        let fresh = format!("<{}@plans.example>", key.certificate().serial_hex());
        // The signed fields still say the old Message-ID.
        let answer = offices.send(message.replacen("<sealed@plans.example>", &fresh, 1).as_bytes()).await;
        assert!(answer.starts_with("550 5.7.7 E-SIG-005 "), "{answer}");
    }
    assert!(offices.send(&offices.sealed(&routing(), &[&newer])).await.starts_with("250 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_without_signed_routing_or_facts_is_refused() {
    let offices = Offices::start().await;
    let answer = offices.send(&offices.sealed("", &[&offices.recipient])).await;
    assert!(answer.starts_with("550 5.7.7 E-SIG-005 "), "{answer}");
    let message = String::from_utf8(offices.sealed(ROUTING, &[&offices.recipient])).unwrap();
    let answer = offices.send(message.replacen(FACTS, "", 1).as_bytes()).await;
    assert!(answer.starts_with("550 5.6.0 E-STD-101 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_sealed_bundles_are_accepted_a_readable_one_is_refused() {
    let gateway = Fixture::with_config(|config| config.submission.accept = vec![Form::Sealed]).await;
    let (sender, recipient) = (gateway.identity(SENDER), gateway.identity(RECIPIENT));
    gateway.enrol(RECIPIENT, recipient.certificate()).await;
    let offices = Offices { gateway, sender, recipient };
    let signed = sign(ENTITY.as_bytes(), &offices.sender, Clock.now()).unwrap();
    let message = [ROUTING.as_bytes(), b"MIME-Version: 1.0\r\n", &signed].concat();
    let answer = offices.send(&message).await;
    assert!(answer.starts_with("550 5.7.1 E-SIG-006 "), "{answer}");
    assert!(offices.send(&offices.sealed(&routing(), &[&offices.recipient])).await.starts_with("250 "));
}

// Profile §5.3
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_refused_and_an_old_list_asks_for_patience() {
    let offices = Offices::start().await;
    let message = offices.sealed(&routing(), &[&offices.recipient]);
    let (past, future) = (Clock.now() - SignedDuration::from_mins(1), Clock.now() + SignedDuration::from_hours(24));
    offices.gateway.revoke(&[], past).await;
    let answer = offices.send(&message).await;
    assert!(answer.starts_with("451 4.7.5 E-REV-002 "), "{answer}");
    offices.gateway.revoke(&[offices.sender.certificate()], future).await;
    let answer = offices.send(&message).await;
    assert!(answer.starts_with("550 5.7.5 E-REV-001 "), "{answer}");
    offices.gateway.revoke(&[], future).await;
    assert!(offices.send(&message).await.starts_with("250 "));
}

// Profile §5.10, §5.4
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_receives_nothing_more() {
    let offices = Offices::start().await;
    let (revoked, future) = (offices.recipient.certificate(), Clock.now() + SignedDuration::from_hours(24));
    offices.gateway.revoke(&[revoked], future).await;
    let answer = offices.send(&offices.sealed(&routing(), &[&offices.recipient])).await;
    assert!(answer.starts_with("550 5.7.5 E-CRT-007 "), "{answer}");
    // It is marked, and does not come onto the roll again.
    let party: fumibako_model::Party = RECIPIENT.parse().unwrap();
    let listed = offices.gateway.ask(Request::CertList { party: Some(party.clone()) }).await;
    let fumibako_gateway::Reply::Certificates { certificates } = listed else { panic!("a list") };
    assert!(certificates.len() == 1 && certificates[0].revoked.is_some_and(|since| since < Clock.now()));
    let again = offices.gateway.ask(Request::CertAdd { party, pem: revoked.to_pem() }).await;
    let fumibako_gateway::Reply::No { code, .. } = again else { panic!("it was put on the roll") };
    assert_eq!(code, fumibako_model::Refusal::CertificateRevoked);
    // Sealed to another one beside it, the bundle is delivered.
    let newer = offices.gateway.identity(RECIPIENT);
    offices.gateway.enrol(RECIPIENT, newer.certificate()).await;
    assert!(offices.send(&offices.sealed(&routing(), &[&offices.recipient, &newer])).await.starts_with("250 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_office_does_not_go_on_the_roll() {
    let gateway = Fixture::start().await;
    let stranger = gateway.identity(RECIPIENT);
    let request = Request::CertAdd { party: SENDER.parse().unwrap(), pem: stranger.certificate().to_pem() };
    let fumibako_gateway::Reply::No { code, .. } = gateway.ask(request).await else { panic!("it was put on the roll") };
    assert_eq!(code, fumibako_model::Refusal::NotItsCertificate);
}

// Profile §5.4
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_names_nobody_is_known_by_the_roll() {
    use fumibako_signer::authority::{Authority, Flaw, KeyKind, Purpose, Request as Asked};
    let gateway = Fixture::with_folder(|folder| {
        let authority =
            Authority::create("Offices without addresses", Clock.now() - SignedDuration::from_hours(1)).unwrap();
        std::fs::write(folder.join("trust/old.pem"), authority.certificate().to_pem()).unwrap();
        std::fs::write(folder.join("trust/old.toml"), "names = \"roll\"\n").unwrap();
        std::fs::write(folder.join("old.key"), &*authority.to_pem()).unwrap();
    })
    .await;
    let authority = Authority::from_pem(&std::fs::read(gateway.folder.path().join("old.key")).unwrap()).unwrap();
    let now = Clock.now();
    let asked = Asked {
        common_name: "Aozora",
        rfc822_name: "unused@plans.example",
        key: KeyKind::EcP256,
        purpose: Purpose::Flawed(Flaw::NoMailAddress),
        not_before: now - SignedDuration::from_mins(1),
        not_after: now + SignedDuration::from_hours(24),
    };
    let sender = authority.issue(&asked).unwrap();
    let recipient = gateway.identity(RECIPIENT);
    gateway.enrol(RECIPIENT, recipient.certificate()).await;
    let offices = Offices { gateway, sender, recipient };
    let message = offices.sealed(&routing(), &[&offices.recipient]);
    let answer = offices.send(&message).await;
    assert!(answer.starts_with("550 5.7.1 E-CRT-006 "), "{answer}");
    offices.gateway.enrol(SENDER, offices.sender.certificate()).await;
    assert!(offices.send(&message).await.starts_with("250 "));
}
