//! Licences at the door: what an office signs and nobody else can, what it is told, and what happens by itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{AccountRequest, Clock, LicenceAsk, Reply, Request, development_authority, issue_to};
use fumibako_model::{
    Account, Asked, AuditRow, Licence, LicenceDeed, LicenceOrder, LicenceState, LicenceTerms, LicenceView, Office,
    OfficeNumber, Party, PayBy, Payment, Role, Switch, What, japanese_day,
};
use fumibako_signer::authority::KeyKind;
use fumibako_signer::{Identity, Signed, sign};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{ALL, Fill as _, domain, view};
use fumibako_store::{AccountOrder, Amendment, LicenceChange, Store as _, WhichActs};
use jiff::{SignedDuration, Span, Timestamp};

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER, ago, store_of};

const TEXT: &str = "利用規約 見本\n第1条 利用料は1年21,000円（税込）です。\n";

fn key(gateway: &Fixture, name: &str) -> Identity {
    let authority = development_authority(gateway.folder.path()).unwrap();
    issue_to(&authority, &name.parse().unwrap(), &domain(), KeyKind::EcP256, Clock.now()).unwrap()
}

fn asked(office: &str, version: &str, at: Timestamp) -> Asked {
    let LicenceTerms { version, digest, .. } = LicenceTerms::new(version, TEXT).unwrap();
    let (office, user) = (office.parse().unwrap(), office.to_owned());
    Asked { v: 1, office, terms: version, digest, pay_by: PayBy::Deduction, automatic: true, user, at }
}

/// The status and the body of an answer.
async fn exchange(gateway: &Fixture, request: &str) -> (String, String) {
    let mut client = Client::tls(gateway.running.addresses().https, &gateway.authority()).await;
    client.say(request).await;
    let text = client.rest().await;
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a header");
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

async fn get(gateway: &Fixture, login: &str) -> (String, String) {
    let basic = STANDARD.encode(format!("{login}:{PASSWORD}"));
    let head = "GET /v1/licence HTTP/1.1\r\nHost: plans.example\r\nConnection: close\r\n";
    exchange(gateway, &format!("{head}Authorization: Basic {basic}\r\n\r\n")).await
}

fn signed(deed: &LicenceDeed, signer: &Identity) -> String {
    String::from_utf8(sign(deed.entity().as_bytes(), signer, Clock.now()).unwrap()).unwrap()
}

async fn post(gateway: &Fixture, body: &str) -> (String, String) {
    let head = "POST /v1/licence HTTP/1.1\r\nHost: plans.example\r\nConnection: close\r\nContent-Length:";
    exchange(gateway, &format!("{head} {}\r\n\r\n{body}", body.len())).await
}

#[track_caller]
fn taken((status, body): (String, String)) -> LicenceView {
    assert_eq!(status, "200", "{body}");
    serde_json::from_str(&body).unwrap()
}

#[track_caller]
fn refused((status, body): &(String, String), code: &str, expected: &str) {
    assert!(status == expected && body.contains(&format!("\"code\":\"{code}\"")), "{status} {body}");
}

impl Fixture {
    async fn publish(&self, version: &str) {
        let (version, text) = (version.to_owned(), TEXT.to_owned());
        self.done(Request::Licence(LicenceAsk::TermsPublish { version, text })).await;
    }

    /// A licence whose last day is so many days away.
    pub(crate) async fn ending(&self, office: &str, days: i64) {
        let today = japanese_day(Clock.now());
        let until = today.checked_add(Span::new().days(days)).unwrap();
        let from = Some(until.checked_sub(Span::new().years(1)).unwrap());
        self.done(Request::LicenceGrant { number: office.parse().unwrap(), from, until: Some(until) }).await;
    }

    async fn acts(&self, office: &str) -> Vec<AuditRow> {
        let office = Some(office.parse().unwrap());
        let Reply::Acts { rows } = self.ask(Request::AuditList { office, after: None }).await else { panic!() };
        rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }
}

// Profile §10.4, §10.5, §10.8
#[tokio::test(flavor = "multi_thread")]
async fn an_office_applies_renews_and_is_told_how_its_licence_stands() {
    let gateway = Fixture::start().await;
    let number = "9970000037".parse().unwrap();
    gateway.done(Request::OfficeAdd { number, name: "かえで訪問看護".into() }).await;
    let login = number.to_string();
    let (party, password) = (fumibako_model::Party::Office(number), fumibako_gateway::Secret(PASSWORD.into()));
    gateway.done(Request::Account(AccountRequest::make(login.clone(), party, password))).await;
    let view = taken(get(&gateway, &login).await);
    assert_eq!((view.state, view.terms, view.periods.len()), (LicenceState::None, None, 0));
    let key = key(&gateway, &login);
    let apply = |version: &str| LicenceDeed::Apply(asked(&login, version, Clock.now()));
    refused(&post(&gateway, &signed(&apply("2026-04"), &key)).await, "E-LIC-007", "409");
    gateway.publish("2026-04").await;
    let deed = signed(&apply("2026-04"), &key);
    let view = taken(post(&gateway, &deed).await);
    assert_eq!((view.state, view.payment, view.automatic), (LicenceState::InForce, Some(Payment::Unpaid), true));
    assert_eq!(view.consent.as_ref().map(|consent| consent.by.as_str()), Some(&*login));
    assert_eq!(taken(post(&gateway, &deed).await), view, "the same deed again changes nothing");
    refused(&post(&gateway, &signed(&apply("2026-04"), &key)).await, "E-LIC-009", "409");
    let renew = LicenceDeed::Renew(asked(&login, "2026-04", Clock.now()));
    refused(&post(&gateway, &signed(&renew, &key)).await, "E-LIC-008", "409");
    let off = LicenceDeed::Automatic(Switch { v: 1, office: number, on: false, at: Clock.now() });
    assert!(!taken(post(&gateway, &signed(&off, &key)).await).automatic);
    gateway.publish("2026-10").await;
    gateway.ending(&login, 59).await;
    let old = LicenceDeed::Renew(asked(&login, "2026-04", Clock.now()));
    refused(&post(&gateway, &signed(&old, &key)).await, "E-LIC-007", "409");
    let new = LicenceDeed::Renew(asked(&login, "2026-10", Clock.now()));
    assert_eq!(taken(post(&gateway, &signed(&new, &key)).await).periods.len(), 2);
    let (payment, pay_by) = (Payment::Paid, Some(PayBy::Invoice));
    gateway.done(Request::Licence(LicenceAsk::Payment { number, from: None, payment, pay_by })).await;
    let view = taken(get(&gateway, &login).await);
    assert_eq!((view.payment, view.pay_by, view.state), (Some(payment), pay_by, LicenceState::InForce));
    let told: Vec<_> = gateway.acts(&login).await.into_iter().map(|row| row.done.what).collect();
    let expected = [
        What::OfficePut,
        What::AccountMade,
        What::LicenceApplied,
        What::LicenceRenewal,
        What::LicenceGranted,
        What::LicenceRenewed,
        What::LicencePayment,
    ];
    assert_eq!(told, expected);
    let Reply::Licence { deeds, .. } = gateway.ask(Request::Licence(LicenceAsk::Show { number })).await else {
        panic!()
    };
    let kinds: Vec<_> = deeds.iter().map(|deed| deed.kind.as_str()).collect();
    assert_eq!(kinds, ["apply", "automatic", "renew"]);
    let kept = STANDARD.decode(&deeds[0].signed).unwrap();
    let words = LicenceDeed::in_entity(Signed::read(&kept).unwrap().part()).unwrap();
    assert!(
        matches!(words, LicenceDeed::Apply(asked) if asked.terms == "2026-04"),
        "the consent is kept as it was signed"
    );
}

// Profile §10.4
#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_office_itself_deals_with_its_licence() {
    let gateway = Fixture::start().await;
    gateway.publish("1").await;
    gateway.ending(SENDER, 10).await;
    let agent = gateway.with_agent().await;
    gateway.mandated(SENDER, &fumibako_model::Scope::ALL).await;
    let renew = || LicenceDeed::Renew(asked(SENDER, "1", Clock.now()));
    for signer in [&agent, &key(&gateway, RECIPIENT)] {
        refused(&post(&gateway, &signed(&renew(), signer)).await, "E-LIC-006", "403");
    }
    refused(&get(&gateway, "kawara").await, "E-LIC-006", "403");
    refused(&get(&gateway, "nobody").await, "E-AUT-001", "401");
    let own = key(&gateway, SENDER);
    let whole = signed(&renew(), &own);
    for (octets, code) in [
        (renew().entity(), "E-SIG-001"),
        (whole.replace("\"v\":1", "\"v\":2"), "E-SIG-002"),
        (signed(&renew(), &own).replace("deduction", "invoice!!"), "E-SIG-002"),
    ] {
        let answer = post(&gateway, &octets).await;
        assert!(answer.1.contains(code), "{answer:?}");
    }
    let mandate =
        sign(b"Content-Type: application/vnd.fumibako.mandate+json\r\n\r\n{}\r\n", &own, Clock.now()).unwrap();
    refused(&post(&gateway, std::str::from_utf8(&mandate).unwrap()).await, "E-LIC-005", "422");
    let kept_back = LicenceDeed::Renew(asked(SENDER, "1", Clock.now() - SignedDuration::from_mins(61)));
    refused(&post(&gateway, &signed(&kept_back, &own)).await, "E-LIC-011", "409");
    // Stopped, with the reason that the office is shown; and let go on.
    let number = SENDER.parse().unwrap();
    let reason = Some("届出の確認中".to_owned());
    gateway.done(Request::Licence(LicenceAsk::Suspend { number, reason: reason.clone() })).await;
    refused(&post(&gateway, &signed(&renew(), &own)).await, "E-LIC-003", "403");
    let view = taken(get(&gateway, SENDER).await);
    assert_eq!((view.state, view.suspended, view.renewable), (LicenceState::Suspended, reason, false));
    gateway.done(Request::Licence(LicenceAsk::Suspend { number, reason: None })).await;
    assert_eq!(taken(post(&gateway, &whole).await).state, LicenceState::InForce);
}

/// The texts of the letters in an office's `Receipts`, each behind its header.
async fn letters(store: &SqliteStore, office: OfficeNumber) -> Vec<String> {
    let mut letters = Vec::new();
    for entry in view(store, office, "Receipts").await.entries {
        let octets = store.read(office, entry.message, ALL).await.unwrap();
        let message = String::from_utf8(octets.0.to_vec()).unwrap();
        let (head, rest) = message.split_once("Content-Transfer-Encoding: base64\r\n\r\n").unwrap();
        let rows: String = rest.lines().take_while(|line| !line.is_empty() && !line.starts_with("--")).collect();
        letters.push(head.to_owned() + &String::from_utf8(STANDARD.decode(rows).unwrap()).unwrap());
    }
    letters
}

/// An office that agreed to terms of the version "1" so long ago that its year is over, and wants it renewed by itself; and one
/// whose licence ends in 20 days.
async fn long_ago(store: &SqliteStore, offices: [OfficeNumber; 2]) {
    for number in offices {
        store.put_office(Office { number, name: "見本".into(), licence: None, suspended: None }).await.unwrap();
    }
    let account = Account {
        login: offices[0].to_string(),
        party: Party::Office(offices[0]),
        password_hash: "$argon2id$".into(),
        scram: "$scram$".into(),
        password_set: ago(366),
        temporary: false,
        role: Role::Manager,
        suspended: None,
        withdrawn: 0,
    };
    store.put(Amendment::Account(AccountOrder::Make(Box::new(account)))).await.unwrap();
    let (then, lately) = (ago(366), ago(30));
    store.put(Amendment::Terms(LicenceTerms::new("1", TEXT).unwrap(), then)).await.unwrap();
    let until = japanese_day(Clock.now()).checked_add(Span::new().days(20)).unwrap();
    let days = Licence { from: until.checked_sub(Span::new().years(1)).unwrap(), until };
    let apply = LicenceDeed::Apply(asked(offices[0].as_str(), "1", then));
    for (office, order, at) in
        [(offices[0], LicenceOrder::Signed(apply), then), (offices[1], LicenceOrder::Grant(days), lately)]
    {
        store.put(Amendment::Licence(Box::new(LicenceChange { office, order, at, signed: None }))).await.unwrap();
        // Meanwhile the clock was wrong by two years, and everything looked over.
        let change = LicenceChange { office, order: LicenceOrder::Look, at: ago(-730), signed: None };
        store.put(Amendment::Licence(Box::new(change))).await.unwrap();
    }
    assert_eq!(store.licences_due(ago(-730)).await.unwrap(), []);
}

// Profile §10.6, §10.7
#[tokio::test(flavor = "multi_thread")]
async fn offices_are_renewed_and_warned_once_whatever_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let offices = ["9970000037", "9970000045"].map(|number| number.parse().unwrap());
    long_ago(&store, offices).await;
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    let gateway = Fixture::with_config(|config| config.store_folder = from).await.keeping(folder);
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    fumibako_gateway::Gateway::start(config.clone()).await.unwrap().stop().await;
    let store = store_of(&config).await;
    let (renewed, warned) = (letters(&store, offices[0]).await, letters(&store, offices[1]).await);
    let ([renewed], [warned]) = (&renewed[..], &warned[..]) else { panic!("{renewed:?} {warned:?}") };
    assert!(renewed.contains("自動更新しました") && renewed.contains("21,000 円"), "{renewed}");
    assert!(warned.contains("あと 20 日") && warned.contains("fumibako licence renew"), "{warned}");
    assert!(
        warned.contains(".30@plans.example>\r\n") && warned.contains("?=\r\n <gateway@plans.example>\r\nTo: "),
        "{warned}"
    );
    let licensing = store.roll().licence(offices[0]).cloned().unwrap();
    let [first, second] = &licensing.periods[..] else { panic!("{licensing:?}") };
    assert!(second.automatic && second.consent == first.consent && second.from == first.until.tomorrow().unwrap());
    for (office, what) in offices.into_iter().zip([What::LicenceRenewed, What::LicenceWarned]) {
        let acts = store.acts(WhichActs { office: Some(office), after: None }).await.unwrap();
        let [act] = &acts[..] else { panic!("{acts:?}") };
        let done = serde_json::from_str::<AuditRow>(act).unwrap().done;
        assert_eq!((done.what, done.by.as_str()), (what, "gateway"));
    }
}
