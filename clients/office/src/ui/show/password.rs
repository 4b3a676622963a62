//! パスワードの変更 (LG-08), and what is not shown to everybody (LG-06).

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use fumibako_model::{PasswordRules, Private, Scope};
use fumibako_web::page::{self, Password};
use fumibako_web::part::Words;
use fumibako_web::text::say;

use super::{Answer, Here, Shared, html, see};
use crate::account;
use crate::ui::account::{Why, first, forget, may};
use crate::ui::form::Sent;
use crate::ui::paint;
use crate::ui::session::Session;
use crate::ui::state::{App, held};
use crate::ui::work::aside;

/// Most octets of the form.
const FORM_BYTES: usize = 16 << 10;
/// Pages that are for sending, and that for receiving.
const SENDING: [&str; 4] = ["/sent", "/compose", "/drafts", "/batch"];
const RECEIVING: [&str; 1] = ["/inbox"];
/// What is open whatever the password is.
const OPEN: [&str; 4] = ["/password", "/settings", "/events", "/logout"];

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/password", get(show).post(change).layer(DefaultBodyLimit::max(FORM_BYTES)))
}

/// What is shown instead of a page, if something is.
pub(super) fn instead(app: &App, session: &Session, path: &str) -> Option<Response> {
    let below = |page: &str| path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let one_of = |pages: &[&str]| pages.iter().any(|page| below(page));
    if one_of(&OPEN) {
        return None;
    }
    if first(app).is_some() {
        return Some(see("/password"));
    }
    let barred = |pages: &[&str], scope| one_of(pages) && !may(app, scope);
    if !barred(&SENDING, Scope::Send) && !barred(&RECEIVING, Scope::Receive) {
        return None;
    }
    let word = |id: &str| say(session.lang, id).into_owned();
    let words = Words { what: word("role-forbids"), next: word("role-forbids-next"), code: None };
    Some((StatusCode::FORBIDDEN, html(page::refused(session.lang, &words))).into_response())
}

fn view(app: &App, here: &Here, trouble: Option<String>) -> Password {
    let why = first(app);
    let known = held(&app.mail).ours.view.as_ref().map(|view| (view.password.shortest, view.password.withdrawn));
    let (shortest, withdrawn) = known.unwrap_or((PasswordRules::default().shortest, 0));
    Password {
        lang: here.lang(),
        size: here.session.size,
        why: why.map(|why| why.say(here.lang())),
        shortest,
        withdrawn: withdrawn.try_into().unwrap_or(usize::MAX),
        trouble,
        closed: why == Some(Why::Lapsed),
        csrf: here.session.csrf.clone(),
    }
}

async fn show(State(app): Shared, here: Here) -> Response {
    if first(&app).is_some() {
        // Whoever opens this page again hopes that the operator has put it in order.
        app.look.notify_one();
    }
    html(page::password(&view(&app, &here, None)))
}

async fn change(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let field = |name: &str| Private(sent.get(name).unwrap_or_default().to_owned());
    let (old, new) = (field("old"), field("new"));
    let no = |trouble: String| {
        let page = html(page::password(&view(&app, &here, Some(trouble))));
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    if new != field("again") {
        return no(here.say("password-differ"));
    }
    let (settings, withdraws) = (app.settings.clone(), sent.get("withdraw") == Some("yes"));
    match aside(move || account::change(&settings, Some(old), (&new, withdraws))).await {
        Ok(()) => {
            forget(&app);
            Ok(here.done(&app, "/", here.say(if withdraws { "password-changed-apps" } else { "password-changed" })))
        }
        Err(trouble) => {
            let words = paint::words(&trouble.on_screen(here.lang()));
            no(format!("{}{}", words.what, words.next))
        }
    }
}
