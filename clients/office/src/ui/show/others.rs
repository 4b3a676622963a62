//! 事業所検索 (DI), ライセンス (LC), このパソコンの点検.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use fumibako_careplan::Lang;
use fumibako_web::page::{self, Directory, Doctor, Entry, Finding, Licence};
use fumibako_web::part::Words;
use fumibako_web::text::say_with;

use super::compose::reached;
use super::{Here, Shared, html};
use crate::trouble::Trouble;
use crate::ui::paint::{day, party, pick, words};
use crate::ui::state::{App, held};
use crate::ui::work::post::Reaches;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/directory", get(directory)).route("/licence", get(licence)).route("/doctor", get(doctor))
}

/// Most offices told at once.
const FOUND: usize = 50;

async fn directory(State(app): Shared, here: Here, Query(fields): Query<Vec<(String, String)>>) -> Response {
    let query = fields.iter().find(|(name, _)| name == "query").map(|(_, value)| value.trim().to_owned());
    let lang = here.lang();
    let found = query.as_deref().filter(|query| !query.is_empty()).map(|query| search(&app, query, lang));
    let view = Directory { query: query.unwrap_or_default(), found, trouble: None };
    html(page::directory(&here.frame(&app), &view))
}

/// Among the offices known here, by name or part of the number; a whole number is looked up whatever is known.
fn search(app: &App, query: &str, lang: Lang) -> Vec<Entry> {
    let mut offices: Vec<_> = held(&app.mail)
        .names
        .iter()
        .filter(|(office, name)| office.as_str().contains(query) || name.contains(query))
        .map(|(office, _)| *office)
        .collect();
    if let Ok(office) = query.parse() {
        offices.push(office);
    }
    offices.sort_unstable();
    offices.dedup();
    let reaches = Reaches::of(&app.settings, (app.clock)());
    let entry = |office| Entry {
        office: party(app, office),
        kinds: String::new(),
        place: String::new(),
        reach: reached(&reaches, office, lang),
        regional: false,
    };
    offices.into_iter().take(FOUND).map(entry).collect()
}

async fn licence(State(app): Shared, here: Here) -> Response {
    let trouble =
        held(&app.mail).link.as_ref().and_then(|link| link.as_ref().err()).map(|why| pick(&why.words, here.lang()));
    html(page::licence(&here.frame(&app), &Licence { rows: Vec::new(), trouble }))
}

async fn doctor(State(app): Shared, here: Here) -> Response {
    crate::ui::work::look::look(&app).await;
    let lang = here.lang();
    let findings = vec![
        finding(
            &here,
            "check-settings",
            app.settings.office().and(app.settings.domain().map(|_| ())),
            here.say("seen-settings"),
        ),
        certificate(&app, &here),
        folder(&app, &here),
        gateway(&app, &here, lang),
        finding(
            &here,
            "check-login",
            app.settings.login().and(app.settings.password().map(|_| ())),
            here.say("seen-login"),
        ),
    ];
    html(page::doctor(&here.frame(&app), &Doctor { findings }))
}

fn finding(here: &Here, id: &str, seen: Result<(), Trouble>, good: String) -> Finding {
    let wrong: Option<Words> = seen.err().map(|trouble| words(&trouble.words(here.lang())));
    Finding { what: here.say(id), seen: good, wrong }
}

fn certificate(app: &App, here: &Here) -> Finding {
    let signer = app.settings.signer((app.clock)());
    let end = signer.as_ref().map(|signer| day(signer.certificate().not_after())).unwrap_or_default();
    let good = say_with(here.lang(), "seen-certificate", &[("day", end.into())]).into_owned();
    finding(here, "check-certificate", signer.map(|_| ()), good)
}

/// A folder can be written if a file can be made there.
fn folder(app: &App, here: &Here) -> Finding {
    let folder = app.save_folder();
    let tried = std::fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder)).map(|_| ());
    finding(here, "check-folder", tried.map_err(Trouble::writing(&folder)), here.say("seen-folder"))
}

fn gateway(app: &App, here: &Here, lang: Lang) -> Finding {
    let mail = held(&app.mail);
    let wrong = mail.link.as_ref().and_then(|link| link.as_ref().err()).map(|why| pick(&why.words, lang));
    drop(mail);
    let host = app.settings.gateway().unwrap_or_default().to_owned();
    let seen = say_with(lang, "seen-gateway", &[("host", host.into())]).into_owned();
    Finding { what: here.say("check-gateway"), seen, wrong }
}
