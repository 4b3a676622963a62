//! はじめの設定 (EN-02; Profile §15.11): what `fumibako ui` shows where there are no settings. It writes them as `fumibako setup` does, and looks
//! whether they work as `fumibako doctor` does; then the screens themselves take its place, at the same address.
//!
//! Never here: a request that has not passed the guard, a page for whoever did not come by the link.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::HeaderMap;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use fumibako_careplan::Lang;
use fumibako_model::Private;
use fumibako_signer::IdentityError;
use fumibako_web::page::{self, Finding, Setup, SetupField, SetupFile};
use fumibako_web::part::Words;
use fumibako_web::text::{say, say_with};
use jiff::Timestamp;

use super::form::{Sent, Upload};
use super::guard::{Gate, guard};
use super::paint::{pick, words};
use super::session::{Session, Sessions};
use super::show::{door, html, see, session_in, with_assets};
use super::state::{both, held};
use super::work::aside;
use crate::doctor::examine;
use crate::licence::At;
use crate::settings::Settings;
use crate::setup::{Answers, Given};
use crate::tls::server_name;
use crate::trouble::Trouble;

/// Most octets of the form: three small files.
const FORM_BYTES: usize = 4 << 20;
/// Fields that have no usual value.
const FIELDS: [&str; 6] = ["setup-gateway", "setup-domain", "setup-party", "setup-login", "setup-password", PIN];
/// The password of the certificate, which is asked for behind the certificate.
const PIN: &str = "setup-pin";
/// Those that show nothing.
const SECRETS: [&str; 2] = ["setup-password", PIN];
/// Fields that have one.
const USUAL: [(&str, &str); 3] =
    [("setup-submission-port", "465"), ("setup-imap-port", "993"), ("setup-https-port", "443")];
/// Files; only the first is always needed.
const FILES: [&str; 3] = ["setup-identity", "setup-trust", "setup-tls-ca"];
/// What may be missing.
const OPTIONAL: [&str; 3] = [PIN, "setup-trust", "setup-tls-ca"];

/// What requests share.
pub(super) struct First {
    place: PathBuf,
    clock: fn() -> Timestamp,
    sessions: Arc<Sessions>,
    /// What was given so far, so that nothing has to be given twice.
    given: Mutex<Typed>,
    /// Puts the screens in the place of this page.
    begin: Begin,
}

/// What puts the screens in the place of the first page.
pub(super) type Begin = Box<dyn Fn(Settings) -> Result<(), Trouble> + Send + Sync>;

/// What was given so far.
#[derive(Default)]
struct Typed {
    fields: Vec<(&'static str, Private<String>)>,
    files: Vec<(&'static str, Upload)>,
    trouble: Option<(Words, Words)>,
    /// What was written, with what was found in both languages.
    written: Option<(Settings, [Vec<Finding>; 2])>,
    /// These settings are ours to replace.
    ours: bool,
}

type Shared = State<Arc<First>>;

impl First {
    pub(super) fn new(place: PathBuf, clock: fn() -> Timestamp, sessions: Arc<Sessions>, begin: Begin) -> Self {
        Self { place, clock, sessions, given: Mutex::default(), begin }
    }
}

/// Every address there is, until there are settings.
pub(super) fn routes(first: Arc<First>, host: &str) -> Router {
    let gate = Gate { host: host.into(), sessions: first.sessions.clone(), clock: first.clock };
    with_assets(Router::new())
        .route("/open", get(open))
        .route("/setup", get(show).post(settle))
        .route("/setup/mend", post(mend))
        .route("/setup/start", post(start))
        .fallback(|| async { see("/setup") })
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn_with_state(gate, guard))
        .with_state(first)
}

async fn open(State(first): Shared, headers: HeaderMap, Query(fields): Query<Vec<(String, String)>>) -> Response {
    door::opened(&first.sessions, &headers, &fields, (first.clock)(), "/setup")
}

/// Who came by the link; `sent`: and sent a form of our own page.
fn session(first: &First, headers: &HeaderMap, sent: Option<&Sent>) -> Option<Session> {
    let (_, session) = session_in(&first.sessions, headers, (first.clock)(), true)?;
    let token = Some(session.csrf.as_str());
    sent.is_none_or(|sent| sent.get("csrf") == token).then_some(session)
}

async fn show(State(first): Shared, headers: HeaderMap) -> Response {
    match session(&first, &headers, None) {
        Some(session) => html(page::setup(&view(&first, &session))),
        None => door::stranger(),
    }
}

fn view(first: &First, session: &Session) -> Setup {
    let (given, lang) = (held(&first.given), session.lang);
    let known =
        |name: &str| given.fields.iter().find(|(known, _)| *known == name).map(|(_, Private(value))| value.clone());
    let field = |name: &'static str, usual: &str| {
        let (value, secret) = (known(name), SECRETS.contains(&name));
        SetupField {
            name,
            hint: (name == "setup-gateway").then_some("setup-gateway-hint"),
            given: value.as_ref().is_some_and(|value| !value.is_empty()),
            value: if secret { String::new() } else { value.unwrap_or_else(|| usual.to_owned()) },
            secret,
            optional: OPTIONAL.contains(&name),
        }
    };
    let file = |name: &'static str| SetupFile {
        name,
        chosen: given.files.iter().find(|(known, _)| *known == name).map(|(_, file)| file.name.clone()),
        optional: OPTIONAL.contains(&name),
    };
    Setup {
        lang,
        csrf: session.csrf.clone(),
        fields: FIELDS.into_iter().filter(|name| *name != PIN).map(|name| field(name, "")).collect(),
        pin: field(PIN, ""),
        usual: USUAL.into_iter().map(|(name, usual)| field(name, usual)).collect(),
        files: FILES.into_iter().map(file).collect(),
        trouble: given.trouble.as_ref().map(|words| pick(words, lang)),
        found: given.written.as_ref().map(|(_, found)| lang.pick(&found[0], &found[1]).clone()),
    }
}

/// Writes the settings and looks whether they work. What is wrong is said above the fields, which keep what was given.
async fn settle(State(first): Shared, headers: HeaderMap, sent: Sent) -> Response {
    if session(&first, &headers, Some(&sent)).is_none() {
        return door::stranger();
    }
    let answers = {
        let mut given = held(&first.given);
        given.take(sent);
        given.trouble = None;
        given.answers()
    };
    let done = match answers {
        Err(field) => Err((wrong(field, Lang::Ja), wrong(field, Lang::En))),
        Ok(answers) => written(&first, answers).await.map_err(|why| not_written(&why)),
    };
    let mut given = held(&first.given);
    match done {
        Ok(written) => (given.written, given.ours) = (Some(written), true),
        Err(words) => given.trouble = Some(words),
    }
    drop(given);
    see("/setup")
}

async fn written(first: &Arc<First>, answers: Answers) -> Result<(Settings, [Vec<Finding>; 2]), Trouble> {
    let (place, ours, clock) = (first.place.clone(), held(&first.given).ours, first.clock);
    aside(move || {
        let settings = answers.settle(&place, ours)?;
        let found = examine(&settings, clock());
        let told = [Lang::Ja, Lang::En].map(|lang| {
            let finding = |one: &crate::doctor::Finding| Finding {
                id: one.id(),
                what: one.what(lang),
                seen: one.seen(lang),
                wrong: one.words(At::Screen, lang).map(|wrong| words(&wrong)),
            };
            found.iter().map(finding).collect()
        });
        Ok((settings, told))
    })
    .await
}

/// Whoever sits at the screens has no command line on which to say that a file is to be replaced.
fn not_written(why: &Trouble) -> (Words, Words) {
    let next = match why {
        Trouble::Exists(_) => "setup-exists-next",
        Trouble::Identity(_, IdentityError::PasswordNeeded) => "setup-pin-needed",
        Trouble::Identity(_, IdentityError::WrongPassword) => "setup-pin-wrong",
        Trouble::Identity(..) => "setup-identity-wrong",
        _ => return both(why),
    };
    let of = |words: Words, lang| Words { next: say(lang, next).into_owned(), ..words };
    let (ja, en) = both(why);
    (of(ja, Lang::Ja), of(en, Lang::En))
}

fn wrong(field: &str, lang: Lang) -> Words {
    let what = say_with(lang, "setup-wrong", &[("field", say(lang, field).into_owned().into())]).into_owned();
    Words { what, next: say(lang, "setup-wrong-next").into_owned(), code: None }
}

/// Back to the fields.
async fn mend(State(first): Shared, headers: HeaderMap, sent: Sent) -> Response {
    if session(&first, &headers, Some(&sent)).is_none() {
        return door::stranger();
    }
    held(&first.given).written = None;
    see("/setup")
}

/// The screens take over; whoever set them up logs in as everybody does (LG-02).
async fn start(State(first): Shared, headers: HeaderMap, sent: Sent) -> Response {
    if session(&first, &headers, Some(&sent)).is_none() {
        return door::stranger();
    }
    let written = held(&first.given).written.take();
    let Some((settings, found)) = written else { return see("/setup") };
    let (beginning, again) = (first.clone(), settings.clone());
    match aside(move || (beginning.begin)(settings)).await {
        Ok(()) => see("/login"),
        Err(why) => {
            let mut given = held(&first.given);
            (given.written, given.trouble) = (Some((again, found)), Some(both(&why)));
            see("/setup")
        }
    }
}

impl Typed {
    /// An empty secret, and a file that was not chosen again, stay what they were.
    fn take(&mut self, sent: Sent) {
        for name in FIELDS.into_iter().chain(USUAL.map(|(name, _)| name)) {
            let Some(value) = sent.get(name).filter(|value| !(value.is_empty() && SECRETS.contains(&name))) else {
                continue;
            };
            let value = if SECRETS.contains(&name) { value.to_owned() } else { value.trim().to_owned() };
            self.fields.retain(|(known, _)| *known != name);
            self.fields.push((name, Private(value)));
        }
        for (field, file) in sent.named_files() {
            if let Some(name) = FILES.into_iter().find(|name| *name == field) {
                self.files.retain(|(known, _)| *known != name);
                self.files.push((name, file));
            }
        }
    }

    /// Or the field that is not as it must be.
    fn answers(&self) -> Result<Answers, &'static str> {
        let field = |name: &'static str| {
            let value = self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            value.filter(|Private(value)| !value.is_empty()).ok_or(name)
        };
        let file = |name: &'static str| {
            let file = self.files.iter().find(|(known, _)| *known == name).map(|(_, file)| file);
            file.map(|file| Given { name: file.name.clone().into(), octets: file.bytes.clone() }).ok_or(name)
        };
        let port = |name| field(name).and_then(|Private(text)| text.parse().map_err(|_| name));
        Ok(Answers {
            gateway: Some(field("setup-gateway")?.0)
                .filter(|name| server_name(name).is_some())
                .ok_or("setup-gateway")?,
            domain: field("setup-domain")?.0.parse().map_err(|_| "setup-domain")?,
            party: field("setup-party")?.0.parse().map_err(|_| "setup-party")?,
            login: field("setup-login")?.0,
            password: field("setup-password")?,
            identity: file("setup-identity")?,
            pin: field(PIN).ok(),
            trust: file("setup-trust").ok(),
            tls_ca: file("setup-tls-ca").ok(),
            ports: [port("setup-submission-port")?, port("setup-imap-port")?, port("setup-https-port")?],
            save_folder: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION};
    use axum::http::{Method, Request};
    use http_body_util::BodyExt as _;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::testing::now;

    const OURS: &str = "k3f9.localhost:4000";

    struct Told(u16, String, String);

    async fn ask(routes: &Router, method: Method, path: &str, (host, cookie): (&str, &str), body: String) -> Told {
        let request = Request::builder().method(method).uri(path).header(HOST, host).header(COOKIE, cookie);
        let request = request
            .header("origin", format!("http://{OURS}"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer =
            TowerToHyperService::new(routes.clone()).call(request.body(Body::from(body)).unwrap()).await.unwrap();
        let to = answer.headers().get(LOCATION).map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        let status = answer.status().as_u16();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        Told(status, to, String::from_utf8_lossy(&text).into_owned())
    }

    #[test]
    fn nobody_at_the_screens_is_told_of_a_command_line() {
        let key = |why| Trouble::Identity("fumibako.p12".into(), why);
        let (wrong, none) = (key(IdentityError::WrongPassword), key(IdentityError::NoKey));
        let mut told = std::collections::BTreeSet::new();
        for why in [Trouble::Exists("fumibako.toml".into()), key(IdentityError::PasswordNeeded), wrong, none] {
            let (ja, en) = not_written(&why);
            for words in [&ja, &en] {
                assert!(words.what.contains("fumibako."), "{words:?}");
                assert!(!words.next.contains("--") && !words.next.contains("_file"), "{words:?}");
                assert!(!words.next.contains("設定をした人"), "who sets it up is asked himself: {words:?}");
            }
            told.insert(ja.next);
        }
        assert_eq!(told.len(), 4, "{told:?}");
    }

    /// Profile §15.11: the defences hold before there are any settings, and what was given stays but is not shown.
    #[tokio::test]
    async fn nobody_but_who_came_by_the_link_sets_anything_up() {
        static BEGUN: AtomicUsize = AtomicUsize::new(0);
        let folder = tempfile::tempdir().unwrap();
        let (place, sessions) = (folder.path().join("fumibako.toml"), Arc::new(Sessions::new(900)));
        let begin = |_: Settings| {
            BEGUN.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let first = Arc::new(First::new(place.clone(), now, sessions.clone(), Box::new(begin)));
        let routes = routes(first, OURS);
        let get = |host, cookie| ask(&routes, Method::GET, "/setup", (host, cookie), String::new());
        assert_eq!(get("evil.example", "").await.0, 421);
        assert_eq!(get(OURS, "").await.0, 403);
        let id = sessions.begin(&sessions.new_link(now()), now()).unwrap();
        let (csrf, cookie) = (sessions.find(&id, now(), true).unwrap().csrf, format!("__Host-fumibako={id}"));
        let post = |path, fields: &str| ask(&routes, Method::POST, path, (OURS, cookie.as_str()), fields.to_owned());
        for path in ["/setup", "/setup/mend", "/setup/start"] {
            assert_eq!(post(path, "csrf=guessed&setup-gateway=x").await.0, 403, "{path}");
        }
        let typed = "setup-gateway=gateway.example&setup-domain=plans.example&setup-party=%3Cb%3E&setup-login=KJ01&setup-password=geheim";
        assert_eq!(post("/setup", &format!("csrf={csrf}&{typed}")).await.1, "/setup");
        let Told(status, _, page) = get(OURS, &cookie).await;
        assert!(
            status == 200 && page.contains("gateway.example") && page.contains("&lt;b&gt;") && !page.contains("geheim"),
            "{page}"
        );
        assert!(page.contains("事業所番号（代行業者は代行業者ID）が違います。") && page.contains("入力済み"));
        assert_eq!(post("/setup/start", &format!("csrf={csrf}")).await.1, "/setup");
        assert!(BEGUN.load(Ordering::Relaxed) == 0 && !place.exists(), "nothing begins before it was written");
    }
}
