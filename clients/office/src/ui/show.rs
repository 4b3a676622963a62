//! The screens' addresses. Each module below answers for one screen or a few that belong together.

mod batch;
pub(super) mod compose;
pub(super) mod door;
mod drafts;
mod events;
mod home;
mod inbox;
mod licence;
mod others;
mod password;
mod proxy;
mod record;
mod sent;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use fumibako_careplan::Lang;
use fumibako_model::OfficeNumber;
use fumibako_web::part::Words;
use fumibako_web::text::say;
use fumibako_web::{Frame, Markup, asset};
use jiff::Timestamp;

use super::form::{BODY_BYTES, Sent};
use super::guard::{Gate, guard, told};
use super::paint;
use super::session::{Session, Sessions};
use super::state::{App, both};
use crate::cli::screen::harmless;

/// Every address there is.
pub(super) fn routes(app: Arc<App>) -> Router {
    let gate = Gate { host: app.host.as_str().into(), sessions: app.sessions.clone(), clock: app.clock };
    with_assets(Router::new())
        .merge(door::routes())
        .merge(home::routes())
        .merge(inbox::routes())
        .merge(sent::routes())
        .merge(compose::routes())
        .merge(drafts::routes())
        .merge(batch::routes())
        .merge(licence::routes())
        .merge(others::routes())
        .merge(password::routes())
        .merge(proxy::routes())
        .merge(events::routes())
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(gate, guard))
        .with_state(app)
}

/// And what pages fetch beside themselves.
pub(super) fn with_assets<S: Clone + Send + Sync + 'static>(mut routes: Router<S>) -> Router<S> {
    for asset in asset::all() {
        let answer = move || async move { ([(CONTENT_TYPE, asset.media), (CACHE_CONTROL, KEEP)], asset.bytes) };
        routes = routes.route(&asset.path, get(answer));
    }
    routes
}

/// An asset's address changes with its content.
const KEEP: &str = "public, max-age=31536000, immutable";
/// The cookie of a browser that keeps `__Host-` names on plain HTTP of this computer.
const STRICT: &str = "__Host-fumibako";
/// And of one that does not.
const PLAIN: &str = "fumibako";

async fn nothing(request: Request) -> Response {
    let words =
        |lang| Words { what: say(lang, "no-page").into_owned(), next: decoded(request.uri().path()), code: None };
    told(StatusCode::NOT_FOUND, (words(Lang::Ja), words(Lang::En)))
}

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub(super) struct Here {
    id: String,
    session: Session,
    path: String,
    live: bool,
}

/// The session of a request, logged in or not.
fn session_of(app: &App, headers: &HeaderMap, click: bool) -> Option<(String, Session)> {
    session_in(&app.sessions, headers, (app.clock)(), click)
}

/// The same among all sessions.
pub(super) fn session_in(
    sessions: &Sessions,
    headers: &HeaderMap,
    now: Timestamp,
    click: bool,
) -> Option<(String, Session)> {
    let cookies =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split("; "));
    let id = cookies.filter_map(|cookie| cookie.split_once('=')).find(|(name, _)| *name == STRICT || *name == PLAIN)?.1;
    sessions.find(id, now, click).map(|session| (id.to_owned(), session))
}

impl FromRequestParts<Arc<App>> for Here {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let live = parts.headers.get("x-fumibako").is_some_and(|value| value == "live");
        let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        match session_of(app, &parts.headers, !live) {
            Some((id, mut session)) if session.open => {
                super::offices::before_a_page(app, parts, (&id, &mut session), live).await;
                if let Some(answer) = password::instead(app, &session, parts.uri.path()) {
                    return Err(answer);
                }
                Ok(Self { id, session, path, live })
            }
            _ if parts.method == axum::http::Method::GET => {
                Err(Redirect::to(&format!("/login?back={}", encoded(&path))).into_response())
            }
            _ => Err(Redirect::to("/login").into_response()),
        }
    }
}

impl Here {
    /// PX-03: is this office, or every office, looked at?
    fn shows(&self, office: Option<OfficeNumber>) -> bool {
        self.session.of.is_none_or(|of| office == Some(of))
    }

    fn lang(&self) -> Lang {
        self.session.lang
    }

    /// The frame of a page. A word about what was just done is told once, and not to a page that refreshes itself.
    fn frame(&self, app: &App) -> Frame {
        if !self.live {
            app.sessions.with(&self.id, |session| session.toast = None);
        }
        let mut frame = paint::frame(app, &self.session, &self.path);
        if self.live {
            frame.toast = None;
        }
        frame
    }

    /// Why the last step was not done: told on the page that is shown next.
    fn trouble(&self, app: &App) -> Option<Words> {
        if self.live {
            return self.session.told.clone().filter(|(page, _)| *page == self.path).map(|(_, words)| words);
        }
        app.sessions.with(&self.id, |session| {
            session.told = session.trouble.take().map(|words| (self.path.clone(), words));
        });
        self.session.trouble.clone()
    }

    /// A form counts only with the token of its session.
    fn checked(&self, sent: &Sent) -> Result<(), Answer> {
        if sent.get("csrf") == Some(self.session.csrf.as_str()) { Ok(()) } else { Err(Answer::Forbidden) }
    }

    /// Goes to a page, with a word about what was done.
    fn done(&self, app: &App, to: &str, word: impl Into<String>) -> Response {
        let word = word.into();
        app.sessions.with(&self.id, |session| session.toast = Some(word).filter(|word| !word.is_empty()));
        see(to)
    }

    /// Goes back to a page, with why it was not done.
    fn failed(&self, app: &App, to: &str, words: Words) -> Response {
        app.sessions.with(&self.id, |session| session.trouble = Some(words));
        see(to)
    }

    fn say(&self, id: &str) -> String {
        say(self.lang(), id).into_owned()
    }

    fn words(&self, what: &str, next: &str) -> Words {
        Words { what: self.say(what), next: self.say(next), code: None }
    }
}

/// What is answered instead of a page.
#[derive(Debug)]
pub(super) enum Answer {
    /// No token, or another session's.
    Forbidden,
    /// There is no such thing.
    Missing,
    /// Something went wrong that the page has no place for.
    Trouble(Box<crate::trouble::Trouble>),
}

impl From<crate::trouble::Trouble> for Answer {
    fn from(trouble: crate::trouble::Trouble) -> Self {
        Self::Trouble(Box::new(trouble))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Forbidden => StatusCode::FORBIDDEN.into_response(),
            Self::Missing => see("/"),
            Self::Trouble(why) => {
                tracing::warn!(%why, "ui.trouble");
                told(StatusCode::OK, both(&why))
            }
        }
    }
}

pub(super) fn html(markup: Markup) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], markup.into_string()).into_response()
}

/// A file to be saved under this name, of letters and digits alone.
pub(super) fn download(name: &str, octets: Vec<u8>) -> Response {
    let saved = format!("attachment; filename=\"{name}\"");
    ([(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_DISPOSITION, saved)], octets).into_response()
}

/// Answers a form: the next page is asked for with GET, so that going back sends nothing twice.
pub(super) fn see(to: &str) -> Response {
    Redirect::to(to).into_response()
}

/// A value of a query (RFC 3986 §2.1, §3.4): an address in it keeps its own `&`.
fn encoded(value: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'/');
    let letters =
        value.bytes().map(|octet| if plain(octet) { char::from(octet).into() } else { format!("%{octet:02X}") });
    letters.collect()
}

/// A path as people write it; what is no text, or would turn text around, is shown as such.
fn decoded(path: &str) -> String {
    let (mut octets, mut rest) = (Vec::new(), path.bytes());
    while let Some(octet) = rest.next() {
        let mut ahead = rest.clone();
        let half = |octet: Option<u8>| char::from(octet?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (octet, half(ahead.next()), half(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                octets.push(high << 4 | low);
                rest = ahead;
            }
            _ => octets.push(octet),
        }
    }
    harmless(&String::from_utf8_lossy(&octets)).chars().take(200).collect()
}

/// An address on our own pages, its path and query; anything else leads home. Browsers drop tabs and line ends out of an address
/// before they read it, and take `\` for `/`: `/<TAB>/evil.example` would lead away.
fn own_address(to: &str) -> &str {
    let to = to.split('#').next().unwrap_or_default();
    let ours = to.starts_with('/') && !to.starts_with("//") && !to.contains(|c: char| c.is_control() || c == '\\');
    if ours { to } else { "/" }
}

/// What is being written and could not be kept, such as on a full disk: said on its page for as long as it is so.
fn unkept(app: &App, lang: Lang) -> Option<Words> {
    app.keep_letters().err().map(|why| paint::words(&why.on_screen(lang)))
}

/// What every answer begins with.
type Shared = State<Arc<App>>;

#[cfg(test)]
mod tests;
