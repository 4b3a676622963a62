//! 事業所検索 (DI), このパソコンの点検.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use fumibako_careplan::Lang;
use fumibako_model::{Search, ServiceKind};
use fumibako_web::frame;
use fumibako_web::page::{self, Directory, Doctor, Entry, Finding};
use fumibako_web::part::{Party, Reach};
use fumibako_web::text::say;

use super::{Answer, Here, Shared, html};
use crate::doctor::examine;
use crate::licence::At;
use crate::register::{self, Office};
use crate::ui::paint::words;
use crate::ui::state::App;
use crate::ui::work::aside;
use crate::wait;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/directory", get(directory)).route("/doctor", get(doctor))
}

async fn directory(State(app): Shared, here: Here, Query(fields): Query<Vec<(String, String)>>) -> Response {
    // What was found is not searched for again, only because something happened elsewhere.
    if here.live {
        return html(frame::around(&here.frame(&app), "directory"));
    }
    let query = fields.iter().find(|(name, _)| name == "query").map(|(_, value)| value.trim().to_owned());
    let mut view = Directory { query: query.unwrap_or_default(), ..Directory::default() };
    if !view.query.is_empty() {
        let (settings, query) = (app.settings.clone(), view.query.clone());
        match aside(move || wait(register::search(&settings, &Search { q: query, ..Search::default() }))).await {
            Ok(found) => {
                view.found = Some(found.offices.iter().map(|office| entry(office, here.lang())).collect());
                view.more = found.more;
            }
            Err(trouble) => view.trouble = Some(words(&trouble.on_screen(here.lang()))),
        }
    }
    html(page::directory(&here.frame(&app), &view))
}

fn entry(office: &Office, lang: Lang) -> Entry {
    let id = match office.reason.as_deref() {
        Some("suspended") => "reach-suspended",
        _ => "reach-no",
    };
    let reach = if office.can_receive { Reach::Yes } else { Reach::No(say(lang, id).into_owned()) };
    Entry {
        office: Party {
            number: office.number.to_string(),
            name: Some(office.name.clone()),
            regional: office.details.regional,
        },
        kinds: office.details.kinds.iter().map(ServiceKind::as_str).collect::<Vec<_>>().join(lang.pick("、", ", ")),
        place: office.details.municipality.clone(),
        reach,
    }
}

/// What `fumibako doctor` finds, of the folder where files are saved now.
async fn doctor(State(app): Shared, here: Here) -> Result<Response, Answer> {
    // Looking writes, logs in and asks: once a visit, not whenever something happens elsewhere.
    if here.live {
        return Ok(html(frame::around(&here.frame(&app), "doctor")));
    }
    let (mut settings, now, lang) = (app.settings.clone(), (app.clock)(), here.lang());
    settings.save_folder = app.save_folder();
    let found = aside(move || Ok(examine(&settings, now))).await?;
    let finding = |found: &crate::doctor::Finding| Finding {
        id: found.id(),
        what: found.what(lang),
        seen: found.seen(lang),
        wrong: found.words(At::Screen, lang).map(|wrong| words(&wrong)),
    };
    let findings = found.iter().map(finding).collect();
    Ok(html(page::doctor(&here.frame(&app), &Doctor { findings })))
}
