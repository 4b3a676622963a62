//! The directory: offices described by the operator, found by others (Profile §17).

use fumibako_gateway::{Clock, OFFICES_AT_ONCE, PutReport, Reply, Request, development_authority, issue_office};
use fumibako_model::{AgentId, Description, FOUND, Found, OfficeNumber, Party, Refusal, Search, Shown};
use fumibako_signer::authority::KeyKind;
use serde_json::Value;

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

/// Header and body of an answer to who logs in as this.
async fn asked(gateway: &Fixture, path: &str, login: &str) -> (String, String) {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{login}:{PASSWORD}"));
    let mut client = Client::tls(gateway.running.addresses().https, &gateway.authority()).await;
    client
        .say(&format!(
            "GET {path} HTTP/1.1\r\nHost: plans.example\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n"
        ))
        .await;
    let text = client.rest().await;
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a header");
    (head.to_owned(), body.to_owned())
}

async fn found(gateway: &Fixture, query: &str) -> Found {
    let (head, body) = asked(gateway, &format!("/v1/directory?{query}"), SENDER).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{query}: {head}\n{body}");
    serde_json::from_str(&body).unwrap()
}

/// The code and what it is about.
async fn refused(gateway: &Fixture, path: &str) -> (u64, String, String) {
    let (_, body) = asked(gateway, path, SENDER).await;
    let problem: Value = serde_json::from_str(&body).unwrap_or_else(|why| panic!("{path}: {why}: {body}"));
    let text = |name: &str| problem[name].as_str().unwrap().to_owned();
    (problem["status"].as_u64().unwrap(), text("code"), text("about"))
}

fn number(text: &str) -> OfficeNumber {
    text.parse().unwrap()
}

fn described(office: &str, kana: &str) -> Description {
    Description {
        kana: Some(kana.into()),
        municipality: Some("見本市".into()),
        kinds: Some([if office == SENDER { "43" } else { "11" }.parse().unwrap()].into()),
        editions: Some([fumibako_model::Edition::FourthRevised].into()),
        ..Description::of(number(office))
    }
}

async fn put(gateway: &Fixture, offices: Vec<Description>, dry_run: bool) -> PutReport {
    match gateway.ask(Request::OfficePut { offices, dry_run }).await {
        Reply::OfficesPut(report) => report,
        other => panic!("{other:?}"),
    }
}

async fn rows_of_the_audit(gateway: &Fixture, office: &str) -> Vec<Value> {
    let asked = Request::AuditList { office: Some(number(office)), after: None };
    let Reply::Acts { rows } = gateway.ask(asked).await else { panic!("rows") };
    rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

// Profile §17.1, §17.2, §16.1
#[tokio::test(flavor = "multi_thread")]
async fn offices_are_described_all_or_none_and_the_audit_tells_it() {
    let gateway = Fixture::start().await;
    gateway.done(Request::OfficeSuspend { number: number(RECIPIENT), reason: "届出の確認".into() }).await;
    let new = Description { name: Some("見本の里".into()), ..described("9970000045", "ミホンノサト") };
    let all = || vec![described(SENDER, "アオゾラ"), described(RECIPIENT, "ヒマワリ"), new.clone()];
    let report = |added, changed, unchanged, dry_run| PutReport { added, changed, unchanged, dry_run };
    let told = rows_of_the_audit(&gateway, SENDER).await.len();
    assert_eq!(put(&gateway, all(), true).await, report(1, 2, 0, true));
    assert_eq!(rows_of_the_audit(&gateway, SENDER).await.len(), told);
    assert_eq!(put(&gateway, all(), false).await, report(1, 2, 0, false));
    assert_eq!(put(&gateway, all(), false).await, report(0, 0, 3, false));
    let rows = rows_of_the_audit(&gateway, SENDER).await;
    assert_eq!(rows.len(), told + 1);
    let last = rows.last().unwrap();
    assert_eq!(
        (last["what"].as_str(), last["note"].as_str()),
        (Some("office-put"), Some("kana municipality kinds editions"))
    );
    // What one says of it leaves the rest, the licence and the suspension.
    let kana = Description { kana: Some(String::new()), ..Description::of(number(RECIPIENT)) };
    let changed = gateway.ask(Request::OfficeDescribe(Box::new(kana))).await;
    assert_eq!(changed, Reply::OfficesPut(report(0, 1, 0, false)));
    let Reply::Office(row) = gateway.ask(Request::OfficeShow { number: number(RECIPIENT) }).await else { panic!() };
    assert_eq!((row.details.kana.as_str(), row.details.municipality.as_str()), ("", "見本市"));
    assert!(row.office.licence.is_some() && row.office.suspended.is_some());
    let Reply::Offices { offices } = gateway.ask(Request::OfficeList).await else { panic!("offices") };
    assert_eq!((offices.len(), offices[2].details.kana.as_str()), (3, "ミホンノサト"));
    // One that is wrong, and nothing is done.
    let before = gateway.ask(Request::OfficeList).await;
    let ever =
        |wrong: Description| vec![Description { name: Some("他".into()), ..Description::of(number(SENDER)) }, wrong];
    let unknown = Description::of(number("9970000053"));
    let long = Description { kana: Some("ア".repeat(101)), ..Description::of(number(RECIPIENT)) };
    let many = (0..=OFFICES_AT_ONCE).map(|n| Description::of(number(&format!("99{n:08}")))).collect();
    for (offices, why) in [
        (ever(unknown), Refusal::OfficeUnknown),
        (ever(long), Refusal::ValueUnfit),
        (ever(described(SENDER, "ア")), Refusal::ValueUnfit),
        (many, Refusal::ValueUnfit),
    ] {
        let Reply::No { code, .. } = gateway.ask(Request::OfficePut { offices, dry_run: false }).await else {
            panic!()
        };
        assert_eq!(code, why);
    }
    assert_eq!(gateway.ask(Request::OfficeList).await, before);
    let unknown = Description { name: Some("他".into()), ..Description::of(number("9970000053")) };
    let Reply::No { code, .. } = gateway.ask(Request::OfficeDescribe(Box::new(unknown))).await else { panic!() };
    assert_eq!(code, Refusal::OfficeUnknown);
}

// Profile §17.2
#[tokio::test(flavor = "multi_thread")]
async fn two_lists_at_once_both_count() {
    let gateway = Fixture::start().await;
    let described = |name: &'static str, kana: Option<&str>| {
        let one = |n: usize| Description {
            name: Some(name.into()),
            kana: kana.map(Into::into),
            ..Description::of(number(&format!("99{n:08}")))
        };
        (0..200).map(one).collect::<Vec<_>>()
    };
    let (one, other) =
        tokio::join!(put(&gateway, described("あ", Some("ア")), false), put(&gateway, described("い", None), false));
    assert_eq!((one.added + one.changed, other.added + other.changed), (200, 200));
    let Reply::Offices { offices } = gateway.ask(Request::OfficeList).await else { panic!("offices") };
    let last = offices[0].office.name.clone();
    let of_lists = offices.iter().filter(|row| row.office.number.as_str() < SENDER);
    // Whichever came last, all of it is there, and what it did not say was left.
    assert!(of_lists.clone().all(|row| row.office.name == last && row.details.kana == "ア"));
    assert_eq!(of_lists.count(), 200);
    // One that says what stands already, while another changes it, is judged in its turn: all of it counts, or none had to.
    let again = if last == "あ" { "あ" } else { "い" };
    let (one, other) =
        tokio::join!(put(&gateway, described("う", None), false), put(&gateway, described(again, None), false));
    let Reply::Offices { offices } = gateway.ask(Request::OfficeList).await else { panic!("offices") };
    assert_eq!((one.changed, other.changed + other.unchanged), (200, 200));
    let stands = if other.changed == 200 { again } else { "う" };
    let of_lists = offices.iter().filter(|row| row.office.number.as_str() < SENDER);
    assert!(of_lists.map(|row| &row.office.name).all(|name| name == stands));
}

// Profile §17.4, §17.5, §17.7
#[tokio::test(flavor = "multi_thread")]
async fn who_logs_in_finds_offices_and_whom_to_seal_to() {
    let gateway = Fixture::start().await;
    put(&gateway, vec![described(SENDER, "アオゾラ"), described(RECIPIENT, "ヒマワリ")], false).await;
    let domain = "plans.example".parse().unwrap();
    let authority = development_authority(gateway.folder.path()).unwrap();
    let identity = issue_office(&authority, number(RECIPIENT), &domain, KeyKind::EcP256, Clock.now()).unwrap();
    let pem = identity.certificate().to_pem();
    gateway.done(Request::CertAdd { party: Party::Office(number(RECIPIENT)), pem: pem.clone() }).await;
    let all = found(&gateway, "q=%E3%81%B2%E3%81%BE%E3%82%8F%E3%82%8A&municipality=%E8%A6%8B%E6%9C%AC&kind=11").await;
    assert_eq!((all.offices.len(), all.more), (1, false));
    let one = &all.offices[0];
    assert_eq!((one.number.as_str(), one.can_receive, &one.reason, one.certificates), (RECIPIENT, true, &None, 1));
    assert_eq!(found(&gateway, "q=99&kind=43").await.offices[0].number.as_str(), SENDER);
    assert_eq!(found(&gateway, &format!("numbers={RECIPIENT},9970000099")).await.offices.len(), 1);
    let (head, body) = asked(&gateway, &format!("/v1/directory/{RECIPIENT}"), SENDER).await;
    assert!(head.contains("\r\ncontent-type: application/json"), "{head}");
    let shown: Shown = serde_json::from_str(&body).unwrap();
    assert_eq!((shown.office.details.kana.as_str(), shown.agents.len()), ("ヒマワリ", 0));
    let certificate = &shown.office.certificates[0];
    assert_eq!((&certificate.pem, &certificate.agent), (&pem, &None));
    assert_eq!(certificate.fingerprint, identity.certificate().fingerprint_hex());
    // Neither an address nor a reason that is the operator's.
    gateway.done(Request::OfficeSuspend { number: number(RECIPIENT), reason: "himitsu".into() }).await;
    let (_, body) = asked(&gateway, &format!("/v1/directory/{RECIPIENT}"), SENDER).await;
    assert!(body.contains("\"can_receive\":false,\"reason\":\"suspended\"") && !body.contains("himitsu"), "{body}");
    gateway.done(Request::OfficeAdd { number: number("9970000045"), name: "見本の里".into() }).await;
    assert_eq!(found(&gateway, "q=9970000045").await.offices[0].reason.as_deref(), Some("not-licensed"));
    let nobody = asked(&gateway, "/v1/directory?q=99", "nobody").await.0;
    assert!(nobody.starts_with("HTTP/1.1 401 "), "{nobody}");
}

// Profile §17.5
#[tokio::test(flavor = "multi_thread")]
async fn no_search_is_more_than_it_says() {
    let gateway = Fixture::start().await;
    for nothing in ["q=%25", "q=_", "q=%00%27+OR+1%3D1+--", "q=%FF%FE", "q=*"] {
        assert_eq!(found(&gateway, nothing).await.offices.len(), 0, "{nothing}");
    }
    let unfit = |about: &str| (422, "E-DIR-014".to_owned(), about.to_owned());
    let long = format!("/v1/directory?q={}", "%E3%81%82".repeat(101));
    assert_eq!(refused(&gateway, &long).await, unfit("a search of at most 100 characters"));
    for path in ["/v1/directory", "/v1/directory?q=", "/v1/directory?q=%00", "/v1/directory?municipality=+"] {
        assert_eq!(refused(&gateway, path).await, unfit("something to search for"), "{path}");
    }
    for path in ["?q=a&q=b", "?q=99&x=1", "?q=99&kind=999", "?numbers=1", "/997000001", "/%00", "/9970000011%20"] {
        let (status, code, about) = refused(&gateway, &format!("/v1/directory{path}")).await;
        assert_eq!((status, code.as_str()), (422, "E-DIR-014"), "{path}: {about}");
    }
    let unknown = refused(&gateway, "/v1/directory/9970000099").await;
    assert_eq!(unknown, (404, "E-DIR-011".into(), "9970000099".into()));
    let huge = format!("/v1/directory?q={}", "a".repeat(20 << 10));
    assert!(asked(&gateway, &huge, SENDER).await.0.starts_with("HTTP/1.1 4"));
    assert!(Search { q: "a".repeat(100), ..Search::default() }.sought().is_ok());
}

// Profile §17.6
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_when_to_ask_again() {
    let most =
        |limits: &mut fumibako_gateway::Limits| (limits.searches_per_minute, limits.readings_per_minute) = (2, 3);
    let mut usual = fumibako_gateway::Limits::default();
    assert_eq!((usual.searches_per_minute, usual.readings_per_minute), (60, 1_200));
    most(&mut usual);
    let gateway = Fixture::with(most).await;
    let readers = format!("/v1/readers/{RECIPIENT}");
    for (path, most) in [("/v1/directory?q=99", usual.searches_per_minute), (&readers, usual.readings_per_minute)] {
        for _ in 0..most {
            // Who sends many bundles asks before each whom to encrypt to, and is not kept from it by searches.
            assert!(asked(&gateway, path, SENDER).await.0.starts_with("HTTP/1.1 200 "), "{path}");
        }
        let (head, body) = asked(&gateway, path, SENDER).await;
        assert!(head.starts_with("HTTP/1.1 429 ") && body.contains("\"code\":\"E-TMP-005\""), "{path}: {head} {body}");
        let seconds = head.split("\r\nretry-after: ").nth(1).unwrap().lines().next().unwrap().parse::<u8>().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert!(asked(&gateway, path, RECIPIENT).await.0.starts_with("HTTP/1.1 200 "), "another is not kept from it");
    }
}

// Profile §17.11
#[tokio::test(flavor = "multi_thread")]
async fn whoever_logs_in_is_told_what_agents_are_called() {
    let gateway = Fixture::start().await;
    let id: AgentId = "kawara".parse().unwrap();
    gateway.done(Request::AgentAdd { id, name: "かわら事務代行".into() }).await;
    let (head, body) = asked(&gateway, "/v1/agents/kawara,nobody", RECIPIENT).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, r#"[{"id":"kawara","name":"かわら事務代行"}]"#);
    let many = vec!["kawara"; FOUND + 1].join(",");
    for unfit in ["Not%20One", "9970000011", &many] {
        assert_eq!(refused(&gateway, &format!("/v1/agents/{unfit}")).await.0, 422, "{unfit}");
    }
    let (head, _) = asked(&gateway, &format!("/v1/agents/{}", vec!["kawara"; FOUND].join(",")), SENDER).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (head, _) = asked(&gateway, "/v1/agents/kawara", "9970000053").await;
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
}
