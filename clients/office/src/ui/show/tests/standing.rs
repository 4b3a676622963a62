//! How a page stands while nobody clicks: what refreshes itself, what is locked, what home says of the state.

use fumibako_web::text::{say, say_with};

use super::*;
use crate::licence::{At, advice};
use crate::register::Notice;

async fn status(desk: &Desk, address: &str, cookie: &str) -> u16 {
    let request = Request::get(address).header("host", &desk.app.host).header(COOKIE, format!("{STRICT}={cookie}"));
    let answer = TowerToHyperService::new(routes(desk.app.clone())).call(request.body(Body::empty()).unwrap()).await;
    answer.unwrap().status().as_u16()
}

/// LG-10: a page that is locked shows nothing and still hears that something happened; one that is logged out hears nothing.
#[tokio::test]
async fn a_locked_page_hears_news_and_shows_nothing() {
    let desk = Desk::new();
    let set =
        |open, locked| desk.app.sessions.with(&desk.id, |session| (session.open, session.locked) = (open, locked));
    for (open, locked, heard) in [(true, false, 200), (false, true, 200), (false, false, 401)] {
        set(open, locked);
        assert_eq!(status(&desk, "/events", &desk.id).await, heard, "{open} {locked}");
    }
    assert_eq!(status(&desk, "/events", "guessed").await, 401);
    set(false, true);
    assert!(desk.refresh("/inbox").await.to.starts_with("/login?back="));
    assert!(desk.get("/login").await.text.contains(&*say(Lang::Ja, "locked")));
}

/// LG-10: the page knows itself when it is to be covered, from the settings.
#[tokio::test]
async fn a_page_says_when_it_locks() {
    let desk = Desk::new();
    assert!(desk.get("/sent").await.text.contains("data-idle=\"900\""));
    assert!(!desk.get("/login?back=/").await.text.contains("data-idle"));
}

/// What is dear to look at is looked at once a visit, not whenever something happens elsewhere.
#[tokio::test]
async fn a_page_that_refreshes_itself_asks_nobody() {
    let desk = Desk::new();
    for (address, dear) in
        [("/doctor", "id=\"findings\""), ("/licence", "id=\"trouble\""), ("/directory?query=x", "id=\"trouble\"")]
    {
        let (visit, live) = (desk.get(address).await.text, desk.refresh(address).await.text);
        assert!(visit.contains(dear), "{address}: {visit}");
        assert!(!live.contains(dear) && live.contains("id=\"tabs\""), "{address}: {live}");
        let title =
            |text: &str| text.split("<title>").nth(1).and_then(|rest| rest.split('<').next()).map(str::to_owned);
        assert_eq!(title(&visit), title(&live), "{address}");
    }
}

/// NW-09: what the browser could not read is named, with what to do, and what it could read is added.
#[tokio::test]
async fn what_could_not_be_read_is_told_by_name() {
    let desk = Desk::new();
    let field =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let long = "x".repeat(300);
    let fields: String = [
        ("csrf", desk.csrf.as_str()),
        ("first", "yes"),
        ("unread", "使用中.pdf"),
        ("unread", &long),
        ("deep", "a/b/c"),
    ]
    .map(|(name, value)| field(name, value))
    .concat();
    let file =
        format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{CSV}\"\r\n\r\nx\r\n--b--\r\n");
    for (place, page) in
        [(format!("/compose/{ID}/files"), format!("/compose/{ID}")), ("/batch/files".into(), "/batch".into())]
    {
        desk.upload(&place, format!("{fields}{file}")).await;
        let text = desk.get(&page).await.text;
        assert!(text.contains("使用中.pdf") && text.contains(&*say(Lang::Ja, "left-unread")), "{text}");
        assert!(text.contains("a/b/c") && text.contains(&*say(Lang::Ja, "left-deep")), "{text}");
        assert!(text.contains(CSV) && !text.contains(&long), "{text}");
    }
}

/// HM-04: 利用可能です stands there only where something can be sent.
#[tokio::test]
async fn home_says_what_keeps_the_office_from_sending() {
    let desk = Desk::new();
    let says = |id: &str| say(Lang::Ja, id).into_owned();
    held(&desk.app.mail).link = Some(Ok(()));
    assert!(desk.get("/").await.text.contains(&says("available-now")));
    let over = serde_json::from_value(serde_json::json!({
        "office": "9970000011", "state": "ended", "from": "2025-04-01", "until": "2026-03-31", "days_left": -1, "warning": null,
        "payment": "paid", "pay_by": null, "automatic": false, "fee_yen": 21_000, "renewable": true, "suspended": null,
        "terms": null, "consent": null, "periods": []
    }));
    held(&desk.app.mail).licence = Some(over.unwrap());
    let why = held(&desk.app.mail).licence.as_ref().map(advice).unwrap().remove(0);
    let text = desk.get("/").await.text;
    assert!(text.contains(&says("unavailable")) && !text.contains(&says("available-now")), "{text}");
    assert_eq!(text.matches(&why.what(Lang::Ja)).count(), 1, "it is said once: {text}");
    assert!(text.contains(&why.next(At::Screen, Lang::Ja)), "{text}");
    held(&desk.app.mail).licence = None;
    std::fs::remove_file(&desk.app.settings.identity_file).unwrap();
    let text = desk.get("/").await.text;
    assert!(text.contains(&says("unavailable")) && !text.contains(&says("available-now")), "{text}");
}

/// HM-04: 停止中, with its end, from its first minute to its last.
#[tokio::test]
async fn home_says_that_the_system_is_stopped() {
    let desk = Desk::new();
    held(&desk.app.mail).link = Some(Ok(()));
    let hour = jiff::SignedDuration::from_hours(1);
    let stop = |from: Timestamp, until: Timestamp| Notice {
        id: 1,
        kind: "maintenance".into(),
        title: "定期保守".into(),
        body: String::new(),
        from: now() - hour,
        until: None,
        stop_from: Some(from),
        stop_until: Some(until),
        seen: true,
    };
    let title = say(Lang::Ja, "stop-now-title");
    for (from, until, stopped) in [
        (now() - hour, now() + hour, true),
        (now(), now() + hour, true),
        (now() + hour, now() + hour * 2, false),
        (now() - hour, now(), false),
    ] {
        held(&desk.app.mail).notices = vec![stop(from, until)];
        let text = desk.get("/").await.text;
        assert_eq!(text.contains(&*title), stopped, "{text}");
        let line = say_with(Lang::Ja, "stop-now", &[("until", crate::ui::paint::moment(until).into())]);
        assert_eq!(text.contains(&*line), stopped, "{text}");
        assert_eq!(text.contains(&*say(Lang::Ja, "available-now")), !stopped);
    }
}
