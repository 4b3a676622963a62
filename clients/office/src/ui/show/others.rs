//! 事業所検索 (DI), ライセンス (LC), このパソコンの点検.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use fumibako_careplan::Lang;
use fumibako_model::{Search, ServiceKind};
use fumibako_web::page::{self, Directory, Doctor, Entry, Finding, Licence, State as Line};
use fumibako_web::part::{Party, Reach};
use fumibako_web::text::{count, say};

use super::{Answer, Here, Shared, html};
use crate::doctor::examine;
use crate::register::{self, Office};
use crate::ui::paint::words;
use crate::ui::state::{App, held};
use crate::ui::work::aside;
use crate::wait;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/directory", get(directory)).route("/licence", get(licence)).route("/doctor", get(doctor))
}

async fn directory(State(app): Shared, here: Here, Query(fields): Query<Vec<(String, String)>>) -> Response {
    let query = fields.iter().find(|(name, _)| name == "query").map(|(_, value)| value.trim().to_owned());
    let mut view = Directory { query: query.unwrap_or_default(), ..Directory::default() };
    if !view.query.is_empty() {
        let (settings, query) = (app.settings.clone(), view.query.clone());
        match aside(move || wait(register::search(&settings, &Search { q: query, ..Search::default() }))).await {
            Ok(found) => {
                view.found = Some(found.offices.iter().map(|office| entry(office, here.lang())).collect());
                view.more = found.more;
            }
            Err(trouble) => view.trouble = Some(words(&trouble.words(here.lang()))),
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
        office: Party { number: office.number.to_string(), name: Some(office.name.clone()) },
        kinds: office.details.kinds.iter().map(ServiceKind::as_str).collect::<Vec<_>>().join(lang.pick("、", ", ")),
        place: office.details.municipality.clone(),
        reach,
        regional: false,
    }
}

async fn licence(State(app): Shared, here: Here) -> Response {
    let settings = app.settings.clone();
    let asked = aside(move || wait(register::licence(&settings))).await;
    let view = match asked {
        Ok(licence) => {
            let lines = licence_lines(&licence, here.lang());
            held(&app.mail).licence = Some(licence);
            Licence { rows: lines, trouble: None }
        }
        Err(trouble) => Licence { rows: Vec::new(), trouble: Some(words(&trouble.words(here.lang()))) },
    };
    html(page::licence(&here.frame(&app), &view))
}

/// LC-01, LC-10: each state in colour and word.
pub(super) fn licence_lines(licence: &register::Licence, lang: Lang) -> Vec<Line> {
    let text = |id: &str| say(lang, id).into_owned();
    let (class, id) = match licence.state.as_str() {
        "in-force" => ("good", "licence-in-force"),
        "ending" => ("warn", "licence-ending"),
        "ended" => ("bad", "licence-ended"),
        "suspended" => ("bad", "licence-suspended"),
        _ => ("", "licence-none"),
    };
    let paid = licence.payment.as_deref().map(|payment| match payment {
        "paid" => ("good", text("licence-paid")),
        "billed" => ("warn", text("licence-billed")),
        _ => ("bad", text("licence-unpaid")),
    });
    let until = licence.until.map_or_else(String::new, |until| until.strftime("%Y/%m/%d").to_string());
    let left = licence.days_left.and_then(|days| usize::try_from(days).ok());
    let until = left.map_or(until.clone(), |days| format!("{until} ({})", count(lang, "days-left", days)));
    let way = match licence.pay_by.as_deref() {
        Some("deduction") => text("licence-by-deduction"),
        Some("invoice") => text("licence-by-invoice"),
        _ => String::new(),
    };
    let automatic = text(if licence.automatic { "licence-automatic" } else { "licence-by-hand" });
    vec![
        Line { term: text("state-licence"), value: String::new(), mark: Some((class, text(id))) },
        Line { term: text("licence-end"), value: until, mark: None },
        Line { term: text("licence-payment"), value: way, mark: paid },
        Line { term: text("licence-renewal"), value: automatic, mark: None },
    ]
}

/// What `fumibako doctor` finds, of the folder where files are saved now.
async fn doctor(State(app): Shared, here: Here) -> Result<Response, Answer> {
    let (mut settings, now, lang) = (app.settings.clone(), (app.clock)(), here.lang());
    settings.save_folder = app.save_folder();
    let found = aside(move || Ok(examine(&settings, now))).await?;
    let finding = |found: &crate::doctor::Finding| Finding {
        what: found.what(lang),
        seen: found.seen(lang),
        wrong: found.words(lang).map(|wrong| words(&wrong)),
    };
    let findings = found.iter().map(finding).collect();
    Ok(html(page::doctor(&here.frame(&app), &Doctor { findings })))
}
