//! The link that opens once, ログイン and ログアウト (LG), and the settings of a page: language and size of letters.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::header::{REFRESH, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use axum::routing::{get, post};
use fumibako_careplan::Lang;
use fumibako_web::TextSize;
use fumibako_web::page::{self, Login};
use fumibako_web::part::Words;
use fumibako_web::text::{say, say_with};
use jiff::Timestamp;

use super::{Answer, Here, PLAIN, STRICT, Shared, html, own_address, see, session_of};
use crate::ui::form::Sent;
use crate::ui::guard::told;
use crate::ui::session::{Closed, Session, Sessions};
use crate::ui::state::App;

/// Most octets of a login: nobody has logged in yet.
const LOGIN_BYTES: usize = 16 << 10;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        // Whoever only looks whether the link is there has not opened it.
        .route("/open", get(open).head(|| async { StatusCode::METHOD_NOT_ALLOWED }))
        .route("/login", get(login).post(enter).layer(DefaultBodyLimit::max(LOGIN_BYTES)))
        .route("/logout", post(leave))
        .route("/settings", post(settings))
}

type Fields = Query<Vec<(String, String)>>;

fn field<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

async fn open(State(app): Shared, headers: HeaderMap, Query(fields): Fields) -> Response {
    opened(&app.sessions, &headers, &fields, (app.clock)(), "/login")
}

/// Begins the session of a link that nobody opened before, and goes on.
pub(in crate::ui) fn opened(
    sessions: &Sessions,
    headers: &HeaderMap,
    fields: &[(String, String)],
    now: Timestamp,
    to: &str,
) -> Response {
    let Some(id) = sessions.begin(field(fields, "t"), now) else { return stranger() };
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Safari keeps no `Secure` cookie on plain HTTP, not even of this computer.
    let safari = agent.contains("Safari/") && !agent.contains("Chrome/");
    let cookie = if safari {
        format!("{PLAIN}={id}; Path=/; HttpOnly; SameSite=Strict")
    } else {
        format!("{STRICT}={id}; Path=/; Secure; HttpOnly; SameSite=Strict")
    };
    let fetched = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let answer = if matches!(fetched, "cross-site" | "same-site") { onward(to) } else { see(to) };
    (AppendHeaders([(SET_COOKIE, cookie)]), answer).into_response()
}

/// To the next page by way of this one: what a page of somebody else's led to, such as the file that opens the browser, is on its whole
/// way from elsewhere, and a `SameSite=Strict` cookie does not go along there.
fn onward(to: &str) -> Response {
    let words = |lang| Words { what: say(lang, "opening").into(), next: say(lang, "opening-next").into(), code: None };
    let page = told(StatusCode::OK, (words(Lang::Ja), words(Lang::En)));
    (AppendHeaders([(REFRESH, format!("0;url={to}"))]), page).into_response()
}

/// Nobody without a session sees even the login page: it came by no link of ours.
pub(in crate::ui) fn stranger() -> Response {
    let words =
        |lang| Words { what: say(lang, "link-used").into(), next: say(lang, "link-used-next").into(), code: None };
    told(StatusCode::FORBIDDEN, (words(Lang::Ja), words(Lang::En)))
}

async fn login(State(app): Shared, headers: HeaderMap, Query(fields): Fields) -> Response {
    let Some((_, session)) = session_of(&app, &headers, false) else { return stranger() };
    let back = own_address(field(&fields, "back"));
    if session.open {
        // LG-03: who is logged in is not asked again.
        return see(back);
    }
    html(page::login(&view(&app, &session, back)))
}

fn view(app: &App, session: &Session, back: &str) -> Login {
    Login {
        lang: session.lang,
        size: session.size,
        user: if session.locked { app.settings.login.clone() } else { String::new() },
        trouble: None,
        locked: session.locked,
        back: back.to_owned(),
        csrf: session.csrf.clone(),
    }
}

async fn enter(State(app): Shared, headers: HeaderMap, sent: Sent) -> Result<Response, Answer> {
    let Some((id, session)) = session_of(&app, &headers, false) else { return Ok(stranger()) };
    if sent.get("csrf") != Some(session.csrf.as_str()) {
        return Err(Answer::Forbidden);
    }
    let (user, back) = (sent.get("user").unwrap_or_default().trim(), own_address(sent.get("back").unwrap_or("/")));
    let given = (user, sent.get("password").unwrap_or_default());
    let trouble = match app.sessions.login(&id, given, &app.settings, (app.clock)())? {
        Ok(()) => {
            app.look.notify_one();
            return Ok(see(back));
        }
        Err(Closed::Wrong) => say(session.lang, "login-wrong"),
        Err(Closed::Wait(minutes)) => say_with(session.lang, "login-wait", &[("count", minutes.into())]),
    };
    let view = Login { user: user.to_owned(), trouble: Some(trouble.into_owned()), ..view(&app, &session, back) };
    Ok((StatusCode::FORBIDDEN, html(page::login(&view))).into_response())
}

async fn leave(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    app.sessions.logout(&here.id);
    Ok(see("/login"))
}

async fn settings(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    app.sessions.with(&here.id, |session| {
        if let Some(size) = sent.get("size").and_then(TextSize::of) {
            session.size = size;
        }
        match sent.get("lang") {
            Some("ja") => session.lang = Lang::Ja,
            Some("en") => session.lang = Lang::En,
            _ => {}
        }
    });
    Ok(see(own_address(sent.get("back").unwrap_or("/"))))
}
