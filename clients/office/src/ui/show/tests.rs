//! The screens' addresses, asked as a browser asks, without a browser and without a gateway.

mod letters;

use axum::body::Body;
use axum::http::{HeaderName, Method};
use fumibako_model::Private;
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::*;
use crate::settings::Settings;
use crate::testing::{A, Ca, now};
use crate::ui::Options;
use crate::ui::form::Upload;
use crate::ui::letters::{Fate, Letter};
use crate::ui::state::held;

mod expired;
mod standing;

const CSV: &str = "UPJSK_202510_9970000011_43_9970000029_11_20250920101500.CSV";
const ID: &str = "0123456789abcdef0123456789abcdef";

/// Somebody before the screens, logged in.
struct Desk {
    folder: tempfile::TempDir,
    app: Arc<App>,
    id: String,
    csrf: String,
}

/// An answer: its status, where it leads, what it says.
struct Told {
    status: u16,
    to: String,
    text: String,
}

impl Desk {
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// With other settings.
    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity_file = folder.path().join("office.pem");
        std::fs::write(&identity_file, Ca::new().identity(A).to_pem().as_bytes()).unwrap();
        let (data_folder, office) = (folder.path().join("data"), "9970000011".parse().ok());
        let mut settings = Settings { office, identity_file, data_folder, ..Settings::default() };
        change(&mut settings);
        let app = Arc::new(App::new(settings, now, &Options::default(), 1).unwrap());
        app.open_kept().unwrap();
        let id = app.sessions.begin(&app.sessions.new_link(now()), now()).unwrap();
        app.sessions.with(&id, |session| session.open = true);
        let csrf = app.sessions.find(&id, now(), true).unwrap().csrf;
        Self { folder, app, id, csrf }
    }

    async fn ask(&self, method: Method, address: &str, body: String) -> Told {
        self.asked(method, address, body, "").await
    }

    /// As a page that refreshes itself asks.
    async fn refresh(&self, address: &str) -> Told {
        self.asked(Method::GET, address, String::new(), "live").await
    }

    async fn asked(&self, method: Method, address: &str, body: String, manner: &str) -> Told {
        let origin = format!("http://{}", self.app.host);
        let cookie = format!("{STRICT}={}", self.id);
        let request = Request::builder().method(method).uri(address).header("host", &self.app.host);
        let request = request.header("origin", origin).header(COOKIE, cookie).header("x-fumibako", manner);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(body)).unwrap();
        self.told(request).await
    }

    /// The form of a page with files, parted by `b`.
    async fn upload(&self, address: &str, body: String) -> Told {
        let request = Request::post(address).header("host", &self.app.host);
        let request = request.header("origin", format!("http://{}", self.app.host));
        let request = request.header(COOKIE, format!("{STRICT}={}", self.id));
        self.told(request.header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(Body::from(body)).unwrap()).await
    }

    /// Drops a file there, as the page of a letter does.
    async fn drop_file(&self, address: &str, name: &str) -> Told {
        let part = |head: &str, body: &str| format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
        let token = part("name=\"csrf\"", &self.csrf);
        let file = part(&format!("name=\"file\"; filename=\"{name}\""), "x");
        self.upload(address, format!("{token}{file}--b--\r\n")).await
    }

    async fn told(&self, request: Request<Body>) -> Told {
        let answer = TowerToHyperService::new(routes(self.app.clone())).call(request).await.unwrap();
        let field = |name: HeaderName| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, to) = (answer.status().as_u16(), field(axum::http::header::LOCATION).unwrap_or_default());
        let text = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Told { status, to, text }
    }

    async fn get(&self, address: &str) -> Told {
        self.ask(Method::GET, address, String::new()).await
    }

    /// A form of one of our pages, already encoded.
    async fn post(&self, address: &str, fields: &str) -> Told {
        self.ask(Method::POST, address, format!("csrf={}&{fields}", self.csrf)).await
    }
}

fn letter(id: &str, name: &str) -> Letter {
    let mut letter = Letter::new(id, now());
    letter.add(
        vec![Upload { name: name.into(), bytes: Private(b"%PDF-1.7".to_vec()) }],
        &|_| true,
        crate::bundle::MESSAGE_BYTES,
    );
    letter
}

/// NW-13, CF-02: what goes nowhere stays a draft, whatever was confirmed before.
#[tokio::test]
async fn a_letter_without_a_csv_is_not_sent_and_stays() {
    let desk = Desk::new();
    held(&desk.app.letters).drafts.insert(ID.into(), letter(ID, "note.pdf"));
    let told = desk.post(&format!("/compose/{ID}/send"), "").await;
    assert_eq!((told.status, told.to), (303, format!("/compose/{ID}")));
    assert!(held(&desk.app.letters).drafts.contains_key(ID));
    let why = fumibako_web::text::say(Lang::Ja, "need-csv");
    assert!(desk.get(&format!("/compose/{ID}")).await.text.contains(&*why));
    let sent = crate::ui::work::post::send(&desk.app, Letter { anyway: true, ..letter(ID, "note.pdf") }).await;
    let nothing = crate::trouble::Trouble::Usage(crate::trouble::Usage::NothingToSend);
    assert_eq!(sent.1, Fate::Failed(Box::new(crate::ui::state::both(&nothing))));
}

/// CF-01, CF-02: OK sends what was shown, to whom it was shown, or nothing.
#[tokio::test]
async fn what_is_sent_is_what_was_confirmed() {
    let desk = Desk::new();
    let place = format!("/compose/{ID}");
    let seen = |page: &str| page.split("name=\"seen\" value=\"").nth(1).map(|rest| rest[..64].to_owned());
    let other = CSV.replace("9970000029", "9970000037");
    let with = |name: &str, message: &str| Letter { message: message.into(), ..letter(ID, name) };
    held(&desk.app.letters).drafts.insert(ID.into(), with(CSV, "a"));
    let confirmed = seen(&desk.get(&format!("{place}?confirm=yes")).await.text).unwrap();
    for changed in [with(CSV, "b"), with(&other, "a"), with(&CSV.replace("101500", "101501"), "a")] {
        held(&desk.app.letters).drafts.insert(ID.into(), changed);
        for fields in [format!("seen={confirmed}&anyway=yes"), "anyway=yes".into()] {
            let told = desk.post(&format!("{place}/send"), &fields).await;
            assert_eq!(told.to, format!("{place}?confirm=changed"));
            assert!(held(&desk.app.letters).drafts.contains_key(ID), "nothing was sent");
        }
        let page = desk.get(&format!("{place}?confirm=changed")).await.text;
        assert!(page.contains(&*fumibako_web::text::say(Lang::Ja, "confirm-changed")), "{page}");
        assert_ne!(seen(&page), Some(confirmed.clone()));
    }
    held(&desk.app.letters).drafts.insert(ID.into(), with(CSV, "a"));
    let told = desk.post(&format!("{place}/send"), &format!("seen={confirmed}&anyway=yes")).await;
    assert!(!told.to.contains("confirm"), "it was tried: {}", told.to);
}

/// NW-11, NW-12: what is on no disk is not said to be, on any page; why is said, and it is kept once it can be.
#[tokio::test]
async fn what_cannot_be_kept_is_not_said_to_be_saved() {
    let mut key = std::path::PathBuf::new();
    let desk = Desk::with(|settings| {
        key.clone_from(&settings.identity_file);
        std::fs::rename(&key, key.with_extension("away")).unwrap();
    });
    let say = |id: &str| fumibako_web::text::say(Lang::Ja, id).into_owned();
    held(&desk.app.letters).drafts.insert(ID.into(), letter(ID, CSV));
    held(&desk.app.letters).rows.insert("r".into(), letter("r", CSV));
    let place = format!("/compose/{ID}");
    for address in [format!("{place}/save"), "/batch/r/save".into()] {
        assert_eq!(desk.post(&address, "message=x").await.status, 507, "{address}");
    }
    assert_eq!(desk.post(&format!("{place}/keep"), "message=x").await.to, place);
    for page in [place.as_str(), "/batch/r"] {
        let text = desk.get(page).await.text;
        // On the page the words stand for what a script says; beside a time they would be said.
        assert!(!text.contains(&format!("{} 2026", say("saved-draft"))), "{text}");
        assert!(text.contains("office.pem"), "it says why: {text}");
    }
    std::fs::rename(key.with_extension("away"), &key).unwrap();
    desk.app.open_kept().unwrap();
    for address in [format!("{place}/save"), "/batch/r/save".into()] {
        assert_eq!(desk.post(&address, "message=y").await.status, 204, "{address}");
    }
    assert!(desk.get(&place).await.text.contains(&format!("{} 2026", say("saved-draft"))));
}

/// DR-01, HM-07: the menu counts what the list lists, and of a letter that took nothing nothing stays.
#[tokio::test]
async fn a_letter_in_which_nothing_is_is_no_draft() {
    let desk = Desk::new();
    let place = format!("/compose/{ID}");
    desk.drop_file(&format!("{place}/files"), "memo.csv").await;
    let drafts = || {
        crate::ui::paint::frame(&desk.app, &desk.app.sessions.find(&desk.id, now(), true).unwrap(), "/").counts.drafts
    };
    let kept = held(&desk.app.letters).drafts.len();
    assert_eq!((kept, drafts()), (1, 0), "why it was not added is still to be told");
    assert!(desk.get(&place).await.text.contains(&*fumibako_web::text::say(Lang::Ja, "left-unknown")));
    assert!(held(&desk.app.letters).drafts.is_empty());
    held(&desk.app.letters).drafts.insert(ID.into(), letter(ID, CSV));
    desk.get(&place).await;
    assert_eq!(drafts(), 1);
}

/// BT-07, BE-04, BP-11: what is on its way is neither removed nor changed, and says so; it would go out all the same, or twice.
#[tokio::test]
async fn a_row_on_its_way_is_neither_removed_nor_changed() {
    let desk = Desk::new();
    for fate in [Fate::Waiting, Fate::Sending, Fate::Offline(vec!["a@x".into()])] {
        held(&desk.app.letters).rows.insert("r".into(), Letter { fate: fate.clone(), ..letter("r", CSV) });
        for (address, fields, word) in [
            ("/batch/remove", "row=r", "bound-remove"),
            ("/batch/message", "row=r&message=x", "bound-edit"),
            ("/batch/r/save", "message=x", "bound-edit"),
            ("/batch/r/remove", "remove=0", "bound-edit"),
            ("/batch/r/update", "message=x", "bound-edit"),
        ] {
            assert_eq!(desk.post(address, fields).await.to, "/batch", "{address}");
            let page = desk.get("/batch").await.text;
            assert!(page.contains(&*fumibako_web::text::say(Lang::Ja, word)), "{address} {fate:?}");
            let letters = held(&desk.app.letters);
            assert_eq!((&letters.rows["r"].fate, letters.rows["r"].message.as_str()), (&fate, ""), "{address}");
            assert!(letters.edits.is_empty());
        }
        assert_eq!(desk.get("/batch/r").await.to, "/batch");
    }
    held(&desk.app.letters).rows.insert("r".into(), Letter { fate: Fate::Stopped, ..letter("r", CSV) });
    desk.post("/batch/r/update", "message=x").await;
    assert_eq!(held(&desk.app.letters).rows["r"].message, "x");
    desk.post("/batch/remove", "row=r").await;
    assert!(held(&desk.app.letters).rows.is_empty());
}

/// BP-11, BT-07, BE-04: of what waits for the network and is in no outbox everything may be taken back; what somebody changes does not go
/// by itself as it was.
#[tokio::test]
async fn a_row_that_was_not_composed_yet_is_removed_and_changed() {
    let desk = Desk::new();
    let fate = |id: &str| held(&desk.app.letters).rows.get(id).map(|row| row.fate.clone());
    let waits = || held(&desk.app.letters).rows.insert("r".into(), Letter { fate: Fate::Unasked, ..letter("r", CSV) });
    waits();
    assert!(desk.get("/batch").await.text.contains(&*fumibako_web::text::say(Lang::Ja, "sends-later")));
    desk.post("/batch/message", "row=r&message=x").await;
    assert_eq!((fate("r"), held(&desk.app.letters).rows["r"].message.as_str()), (Some(Fate::Unasked), "x"));
    desk.get("/batch/r").await;
    assert_eq!(fate("r"), Some(Fate::Unasked), "to look at it changes nothing");
    desk.post("/batch/r/save", "message=y").await;
    assert_eq!((fate("r"), held(&desk.app.letters).rows["r"].message.as_str()), (Some(Fate::Unsent), "x"));
    desk.post("/batch/r/update", "message=z").await;
    assert_eq!((fate("r"), held(&desk.app.letters).rows["r"].message.as_str()), (Some(Fate::Unsent), "z"));
    waits();
    desk.drop_file("/batch/files", &CSV.replace("101500", "101501")).await;
    let letters = held(&desk.app.letters).rows.values().map(|row| row.files.len()).collect::<Vec<_>>();
    assert_eq!(letters, [1, 1], "nobody ordered the new file to be sent");
    desk.post("/batch/remove", "row=r").await;
    assert_eq!(fate("r"), None);
}

/// BE-01, NW-07: what was written for one office goes to no other, and a row without its last CSV is not thrown away.
#[tokio::test]
async fn an_edited_row_keeps_its_destination() {
    let desk = Desk::new();
    let mut row = letter(ID, CSV);
    row.add(vec![Upload { name: "note.pdf".into(), bytes: Private(b"%PDF-1.7".to_vec()) }], &|_| true, 1 << 20);
    held(&desk.app.letters).rows.insert(ID.into(), row);
    let place = format!("/batch/{ID}");
    desk.post(&format!("{place}/remove"), "remove=0&message=for+this+office").await;
    let other = CSV.replace("9970000029", "9970000037");
    desk.drop_file(&format!("{place}/files"), &other).await;
    let page = desk.get(&place).await.text;
    assert!(page.contains("9970000029") && page.contains("/batch/move"), "the office stands there: {page}");
    let files = |row: &Letter| row.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    assert_eq!(files(&held(&desk.app.letters).edits[ID]), ["note.pdf"]);
    let told = desk.post(&format!("{place}/update"), "message=for+this+office").await;
    assert_eq!(told.to, place);
    assert!(desk.get(&place).await.text.contains(&*fumibako_web::text::say(Lang::Ja, "need-csv")));
    assert_eq!(files(&held(&desk.app.letters).rows[ID]), [CSV, "note.pdf"]);
    assert_eq!(held(&desk.app.letters).edits[ID].message, "for this office");
    desk.drop_file(&format!("{place}/files"), &other).await;
    assert_eq!(desk.post("/batch/move", &format!("move={ID}/0")).await.to, place);
    assert_eq!(held(&desk.app.letters).rows.len(), 2, "the other office has a row of its own");
    let again = CSV.replace("101500", "101501");
    desk.drop_file(&format!("{place}/files"), &again).await;
    assert_eq!(desk.post(&format!("{place}/update"), "message=new").await.to, "/batch");
    assert_eq!(files(&held(&desk.app.letters).rows[ID]), ["note.pdf", again.as_str()]);
}

/// BE-05: what was written for a row is not wiped by a field that nobody filled in.
#[tokio::test]
async fn an_empty_message_for_all_changes_nothing_and_says_so() {
    let desk = Desk::new();
    let row = Letter { message: "ご確認ください".into(), ..letter("r", CSV) };
    held(&desk.app.letters).rows.insert("r".into(), row);
    for empty in ["", "+%0D%0A"] {
        desk.post("/batch/message", &format!("row=r&message={empty}")).await;
        assert_eq!(held(&desk.app.letters).rows["r"].message, "ご確認ください");
        assert!(desk.get("/batch").await.text.contains(&*fumibako_web::text::say(Lang::Ja, "message-empty")));
    }
}

/// Profile §2.6, NW-17: with errors nothing goes unasked, of a list of many neither; asked once, it goes. Other files are asked about anew.
#[tokio::test]
async fn a_row_with_errors_waits_for_a_word() {
    let desk = Desk::new();
    let fate = || held(&desk.app.letters).rows["r"].fate.clone();
    held(&desk.app.letters).rows.insert("r".into(), letter("r", CSV));
    desk.post("/batch/send", "row=r").await;
    assert!(fate() == Fate::Doubted && held(&desk.app.run).is_none());
    let page = desk.get("/batch").await.text;
    for words in ["doubted", "doubted-rows", "send-anyway"] {
        assert!(page.contains(&*fumibako_web::text::say(Lang::Ja, words)), "{words}: {page}");
    }
    assert!(page.contains("value=\"r\"") && page.contains("/batch/anyway") && page.contains("標準仕様と違うところが"));
    desk.post("/batch/anyway", "anyway=r").await;
    assert_eq!(held(&desk.app.run).clone().map(|run| run.rows), Some(vec!["r".to_owned()]));
    while held(&desk.app.run).as_ref().is_some_and(|run| run.running) {
        tokio::task::yield_now().await;
    }
    assert!(!matches!(fate(), Fate::Doubted | Fate::Waiting), "it had its turn");
    *held(&desk.app.run) = None;
    held(&desk.app.letters).rows.get_mut("r").unwrap().fate = Fate::Unsent;
    desk.post("/batch/send", "row=r").await;
    assert!(held(&desk.app.run).is_some(), "it is not asked twice");
    while held(&desk.app.run).as_ref().is_some_and(|run| run.running) {
        tokio::task::yield_now().await;
    }
    held(&desk.app.letters).rows.get_mut("r").unwrap().fate = Fate::Unsent;
    desk.drop_file("/batch/files", &CSV.replace("101500", "101501")).await;
    desk.post("/batch/send", "row=r").await;
    assert_eq!(fate(), Fate::Doubted, "of another file nobody said so");
    // Nor does a single letter go past its 送信確認.
    let (_, fate) = crate::ui::work::post::send(&desk.app, letter(ID, CSV)).await;
    assert_eq!(fate, Fate::Doubted);
}

/// BT-08: what went does not go once more.
#[tokio::test]
async fn a_row_that_went_is_not_sent_again() {
    let desk = Desk::new();
    held(&desk.app.letters).rows.insert("r".into(), Letter { fate: Fate::Done, ..letter("r", CSV) });
    desk.post("/batch/send", "row=r").await;
    assert_eq!(held(&desk.app.run).clone().map(|run| run.rows), Some(Vec::new()));
    assert_eq!(held(&desk.app.letters).rows["r"].fate, Fate::Done);
}

/// BT-09: why a step was not done is read in peace, though the list below refreshes itself; the next visit has forgotten it.
#[tokio::test]
async fn why_it_was_not_done_stays_while_the_page_refreshes_itself() {
    let desk = Desk::new();
    desk.post("/inbox/save", "").await;
    let why = fumibako_web::text::say(Lang::Ja, "choose-first");
    assert!(desk.get("/inbox").await.text.contains(&*why));
    assert!(desk.refresh("/inbox").await.text.contains(&*why));
    assert!(!desk.refresh("/sent").await.text.contains(&*why), "another page did not ask");
    assert!(!desk.get("/inbox").await.text.contains(&*why));
    assert!(!desk.refresh("/inbox").await.text.contains(&*why));
}

/// LG-03: whatever a link says, it leads to a page of ours.
#[tokio::test]
async fn a_link_leads_nowhere_else() {
    let mut away =
        vec!["//evil.example".to_owned(), "/\\evil.example".into(), "https://evil.example".into(), String::new()];
    away.extend(('\0'..' ').chain(['\x7f', '\u{85}']).map(|c| format!("/{c}/evil.example")));
    for to in away {
        assert_eq!(own_address(&to), "/", "{to:?}");
    }
    assert_eq!(own_address("/inbox?month=2026-11#//evil.example"), "/inbox?month=2026-11");
    let desk = Desk::new();
    assert_eq!(desk.get("/login?back=/%09/evil.example").await.to, "/");
    assert_eq!(desk.get("/login?back=/sent").await.to, "/sent");
}

/// Profile §15.3: on the way from a page of somebody else's no cookie of ours goes along; from a page of ours it does.
#[tokio::test]
async fn a_link_that_a_file_led_to_goes_on_by_a_page_of_ours() {
    let desk = Desk::new();
    let link = format!("/open?t={}", desk.app.sessions.new_link(now()));
    let request = Request::get(&link).header("host", &desk.app.host).header("sec-fetch-site", "cross-site");
    let request = request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
    let request = request.body(Body::empty()).unwrap();
    let answer = TowerToHyperService::new(routes(desk.app.clone())).call(request).await.unwrap();
    let field = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
    assert_eq!((answer.status().as_u16(), field("refresh")), (200, "0;url=/login"));
    assert!(field("set-cookie").contains("SameSite=Strict") && field("content-type").starts_with("text/html"));
}

/// Profile §15.3: a look at the link is no use of it.
#[tokio::test]
async fn head_does_not_use_the_link_up() {
    let desk = Desk::new();
    let link = format!("/open?t={}", desk.app.sessions.new_link(now()));
    assert_eq!(desk.ask(Method::HEAD, &link, String::new()).await.status, 405);
    assert_eq!(desk.get(&link).await.to, "/login");
    assert_eq!(desk.get(&link).await.status, 403);
}

/// Before the login nobody makes this computer hold much.
#[tokio::test]
async fn a_login_is_small() {
    let desk = Desk::new();
    let told = desk.post("/login", &format!("user={}", "x".repeat(20_000))).await;
    assert_eq!(told.status, 413);
    assert_eq!(desk.post("/batch/message", &format!("row=x&message={}", "x".repeat(20_000))).await.status, 303);
}

/// Low and plain: no bare number, no English of a library, no letters in percent.
#[tokio::test]
async fn what_is_refused_is_said_in_words() {
    let desk = Desk::new();
    let told = desk.get("/inbox/nonsense").await;
    let title = fumibako_web::text::say(Lang::Ja, "answer-title");
    assert!(told.status == 400 && told.text.contains(&*title), "{}", told.text);
    let told = desk.get("/%E5%8F%97%E4%BF%A1%00%E2%80%AE%zz").await;
    assert!(told.status == 404 && told.text.contains("/受信\u{FFFD}\u{FFFD}%zz"), "{}", told.text);
    assert_eq!(encoded("/inbox?show=new&month=2026-11"), "/inbox%3Fshow%3Dnew%26month%3D2026-11");
}

/// BP-04, Profile §15.7: after 中断 no start anew sends what was stopped; the row in flight has its turn (BP-07).
#[tokio::test]
async fn what_was_stopped_is_stopped_after_a_kill() {
    let desk = Desk::new();
    let fates =
        [Fate::Sending, Fate::Waiting, Fate::Unasked, Fate::Offline(vec!["a@x".into()]), Fate::Unsent, Fate::Waiting];
    for (at, fate) in fates.into_iter().enumerate() {
        held(&desk.app.letters).rows.insert(at.to_string(), Letter { fate, ..letter(&at.to_string(), CSV) });
    }
    let rows = (0..5).map(|at| at.to_string()).collect();
    *held(&desk.app.run) = Some(crate::ui::state::Run { rows, running: true, stopping: false });
    desk.app.tell("progress");
    desk.post("/batch/stop", "").await;
    let fate = |id: &str| held(&desk.app.letters).rows[id].fate.clone();
    assert_eq!(["1", "2", "4", "5"].map(fate), [Fate::Stopped, Fate::Stopped, Fate::Unsent, Fate::Waiting]);
    let settings = desk.app.settings.clone();
    let Desk { folder: _folder, app, .. } = desk;
    drop(app);
    let app = crate::ui::kept::tests::run(&settings);
    assert_eq!(held(&app.run).clone().map(|run| run.rows), Some(vec!["0".to_owned(), "5".into()]));
    assert_eq!(held(&app.letters).rows["1"].fate, Fate::Stopped);
}

/// RX-05, Profile §15.5: 済 is what the gateway has the receipt of. One that was refused says so and has no page to print; settled, it is 済.
#[tokio::test]
async fn a_refused_receipt_is_not_done() {
    use crate::outbox::{Entry, Fate as Posted};
    use crate::ui::work::look::tests::{arrived, spot};
    use crate::ui::work::look::{Arrived, Owed, settle_receipts};
    let desk = Desk::new();
    let say = |id: &str| fumibako_web::text::say(Lang::Ja, id).into_owned();
    let owed = || Some(Owed { receipt: "r@x".into(), refused: None });
    held(&desk.app.mail).inbox.insert(spot(1), Arrived { owed: owed(), ..arrived("a@x") });
    let page = desk.get("/inbox").await.text;
    assert!(page.contains(&say("owed-waits")) && !page.contains(&say("fresh")), "{page}");
    let record = |fate| {
        let name = if matches!(fate, Posted::Posted { .. }) { "posted" } else { "refused" };
        let (from, to) = ("9970000011@x".into(), "9970000029@x".into());
        let entry = Entry { message_id: "r@x".into(), from, agent: None, to, composed: now(), bundle: None, fate };
        let folder = desk.app.settings.data_folder.join("outbox");
        std::fs::create_dir_all(&folder).unwrap();
        let place = |name: &str| folder.join(format!("20261120-091500.000000-r.{name}.json"));
        let _ = std::fs::remove_file(place("refused"));
        std::fs::write(place(name), serde_json::to_vec(&entry).unwrap()).unwrap();
    };
    let (code, about) = (fumibako_model::Refusal::CertificateRevoked, String::new());
    record(Posted::Refused { code, about, reference: None, at: now() });
    settle_receipts(&desk.app);
    for page in ["/inbox", "/inbox/1"] {
        let page = desk.get(page).await.text;
        assert!(page.contains(&say("owed")) && page.contains(code.row().code), "{page}");
        assert!(!page.contains("/inbox/1/receipt"), "nothing to print: {page}");
    }
    assert_eq!(desk.get("/inbox/1/receipt").await.to, "/");
    // It is known after the end of the program, too.
    let kept = format!("{:?}", held(&desk.app.mail).inbox);
    desk.app.keep_mail();
    let settings = desk.app.settings.clone();
    let Desk { folder: _folder, app, .. } = desk;
    drop(app);
    let app = crate::ui::kept::tests::run(&settings);
    assert_eq!(format!("{:?}", held(&app.mail).inbox), kept);
    let posted = |at| Posted::Posted { evidence: "e".into(), at, gateway: None };
    let place = settings.data_folder.join("outbox");
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::create_dir_all(&place).unwrap();
    let (from, to) = ("9970000011@x".into(), "9970000029@x".into());
    let entry =
        Entry { message_id: "r@x".into(), from, agent: None, to, composed: now(), bundle: None, fate: posted(now()) };
    std::fs::write(place.join("k-r.posted.json"), serde_json::to_vec(&entry).unwrap()).unwrap();
    settle_receipts(&app);
    let one = held(&app.mail).inbox[&spot(1)].clone();
    assert!(one.done && one.owed.is_none());
}

/// RD-02: a folder is a whole path, and one that is not there is made only by who says so.
#[tokio::test]
async fn no_folder_is_made_unasked() {
    use crate::ui::work::look::tests::{arrived, spot};
    let desk = Desk::new();
    let say = |id: &str| fumibako_web::text::say(Lang::Ja, id).into_owned();
    held(&desk.app.mail).inbox.insert(spot(1), arrived("a@x"));
    let missing = desk.folder.path().join("mistyped/below");
    let encoded = missing.to_str().unwrap().replace('/', "%2F");
    for (folder, why) in
        [("received", "folder-relative"), ("..%2Freceived", "folder-relative"), (&encoded, "folder-missing")]
    {
        let told = desk.post("/inbox/fetch", &format!("row=1&back=/inbox&folder={folder}&create=%2Felsewhere")).await;
        assert_eq!(told.to, "/inbox?save=1");
        let page = desk.get("/inbox?save=1").await.text;
        assert!(page.contains(&say(why)) && page.contains(&folder.replace("%2F", "/")), "what was typed stays: {page}");
        assert_eq!(page.contains(&say("folder-make")), why == "folder-missing", "{page}");
    }
    assert!(!missing.parent().unwrap().exists());
    assert!(desk.app.save_folder().is_absolute(), "what is shown is the whole path");
    let page = desk.get("/inbox?save=1").await.text;
    assert!(page.contains(&format!("name=\"create\" value=\"{}\"", missing.display())));
    // Said so, it goes on; what is missing then is a gateway.
    desk.post("/inbox/fetch", &format!("row=1&back=/inbox&folder={encoded}&create={encoded}")).await;
    assert!(!desk.get("/inbox?save=1").await.text.contains(&say("folder-missing")));
}

/// RX-14: what went before anybody fetched it stays as 期限切れ, with a page to print, and is not to be chosen.
#[tokio::test]
async fn what_expired_is_shown_with_its_record() {
    use crate::ui::work::look::Arrived;
    use crate::ui::work::look::tests::{arrived, spot};
    let desk = Desk::new();
    held(&desk.app.mail).inbox.insert(spot(1), Arrived { gone: true, ..arrived("a@x") });
    let list = desk.get("/inbox").await.text;
    assert!(list.contains(&*fumibako_web::text::say(Lang::Ja, "gone")) && list.contains("10月分です"), "{list}");
    assert!(!list.contains("name=\"row\""), "there is nothing to fetch");
    let detail = desk.get("/inbox/1").await.text;
    assert!(detail.contains("/inbox/1/receipt") && !detail.contains("button class=\"primary\""), "{detail}");
    let record = desk.get("/inbox/1/receipt").await.text;
    let say = |id: &str| fumibako_web::text::say(Lang::Ja, id).into_owned();
    for words in
        ["a@x", "data-print", "/inbox/1/proof", &say("gone-unfetched"), &say("proof-doubted"), &say("proof-record")]
    {
        assert!(record.contains(words), "{words}: {record}");
    }
    assert!(
        !record.contains(&say("proof-expired")),
        "nobody answers here, and without evidence nothing is proven: {record}"
    );
    assert!(!desk.get("/inbox?save=1").await.text.contains("id=\"folder\""));
}

/// PX-06, Profile §15.9: of what cannot be asked for now the page says as of when it is, and what is not here is not replaced by what is.
#[tokio::test]
async fn older_acts_are_not_the_newest_once_more() {
    let desk = Desk::new();
    let away = crate::trouble::Trouble::Usage(crate::trouble::Usage::NothingToSend);
    let link = crate::ui::work::look::NoLink { words: crate::ui::state::both(&away), network: true };
    held(&desk.app.mail).link = Some(Err(Box::new(link)));
    let says = |id: &str| fumibako_web::text::say(Lang::Ja, id).into_owned();
    let text = desk.refresh("/proxy").await.text;
    assert!(text.contains(&says("acts-sent-alone")), "{text}");
    let act = serde_json::json!({
        "n": 7, "at": "2026-11-20T00:15:00Z", "by": "kawara", "what": "agent-opened", "about": "INBOX", "note": "MD1"
    });
    let told = serde_json::from_value(serde_json::json!({ "acts": [act], "more": true })).unwrap();
    held(&desk.app.mail).acts = Some(("2026-11-21T01:02:00Z".parse().unwrap(), Arc::new(told)));
    let text = desk.refresh("/proxy").await.text;
    assert!(text.contains("2026/11/21 10:02 に確かめた") && text.contains("kawara"), "{text}");
    assert!(text.contains("/proxy?before=7#acts"), "{text}");
    let text = desk.refresh("/proxy?before=7").await.text;
    assert!(text.contains(&says("acts-not-these")) && text.contains(&says("acts-newest")), "{text}");
    assert!(!text.contains("kawara") && !text.contains("/proxy?before=7#acts"), "{text}");
    assert!(!text.contains(&says("acts-none")), "{text}");
}
