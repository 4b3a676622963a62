//! ライセンス (LC): how it stands, and the forms by which the office applies, renews and has it renewed by itself.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use fumibako_careplan::Lang;
use fumibako_model::{LicenceState, LicenceView, PayBy, Payment, Period};
use fumibako_web::frame;
use fumibako_web::page::{self, Ask, Licence, State as Line, Year as YearLine};
use fumibako_web::part::Mood;
use fumibako_web::text::{count, say, say_with};

use super::{Answer, Here, Shared, html};
use crate::cli::screen::bytes;
use crate::licence::{Advice, At, Manner, Year, advice, agreed, ask_for, ours, renews_itself};
use crate::trouble::Trouble;
use crate::ui::form::Sent;
use crate::ui::paint::words;
use crate::ui::state::{App, held};
use crate::ui::work::aside;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/licence", get(licence))
        .route("/licence/ask", post(asked))
        .route("/licence/automatic", post(automatic))
}

async fn licence(State(app): Shared, here: Here) -> Response {
    // The gateway is asked once a visit, not whenever something happens elsewhere.
    if here.live {
        return html(frame::around(&here.frame(&app), "licence"));
    }
    let settings = app.settings.clone();
    let lang = here.lang();
    let mut view = match aside(move || ours(&settings)).await {
        Ok(licence) => {
            let view = view(&licence, lang);
            held(&app.mail).licence = Some(licence);
            view
        }
        Err(trouble) => Licence { trouble: Some(words(&trouble.on_screen(lang))), ..Licence::default() },
    };
    if let Some(trouble) = here.trouble(&app) {
        view.trouble = Some(trouble);
    }
    html(page::licence(&here.frame(&app), &view))
}

fn view(licence: &LicenceView, lang: Lang) -> Licence {
    let renew = licence.renewable;
    let first = licence.state == LicenceState::None && licence.until.is_none();
    let terms = licence.terms.clone().map(|terms| [terms.version, terms.digest, terms.text]);
    let ask = (renew || first).then(|| Ask {
        renew,
        terms,
        invoice: licence.pay_by == Some(PayBy::Invoice),
        automatic: licence.automatic,
    });
    let held = matches!(licence.state, LicenceState::InForce | LicenceState::Ending);
    Licence {
        rows: lines(licence, lang),
        years: licence.periods.iter().rev().map(|period| year(period, lang)).collect(),
        advice: panels(licence, lang),
        ask,
        // Where nobody agreed to the terms in force, it cannot be turned on.
        automatic: (held && (licence.automatic || licence.agrees())).then_some(licence.automatic),
        trouble: None,
    }
}

/// LC-10: what the office has to know, and what to do next.
fn panels(licence: &LicenceView, lang: Lang) -> Vec<(Mood, String, String)> {
    let mood = |one: &Advice| match (one.stops(), one.is_to_do()) {
        (true, true) => Mood::Bad,
        (_, true) => Mood::Warn,
        (_, false) => Mood::News,
    };
    let panel = |one: Advice| (mood(&one), one.what(lang), one.next(At::Screen, lang));
    advice(licence).into_iter().map(panel).collect()
}

/// LC-01, LC-10: each state in colour and word.
pub(super) fn lines(licence: &LicenceView, lang: Lang) -> Vec<Line> {
    let text = |id: &str| say(lang, id).into_owned();
    let (class, id) = match licence.state {
        LicenceState::None => ("", "licence-none"),
        LicenceState::InForce => ("good", "licence-in-force"),
        LicenceState::Ending => ("warn", "licence-ending"),
        LicenceState::Ended => ("bad", "licence-ended"),
        LicenceState::Suspended => ("bad", "licence-suspended"),
    };
    let until = licence.until.map_or_else(String::new, |until| until.strftime("%Y/%m/%d").to_string());
    let left = licence.days_left.and_then(|days| usize::try_from(days).ok());
    let until = left.map_or(until.clone(), |days| format!("{until} ({})", count(lang, "days-left", days)));
    let automatic = text(if licence.automatic { "licence-automatic" } else { "licence-by-hand" });
    let fee = say_with(lang, "licence-fee-year", &[("yen", bytes(licence.fee_yen.into()).into())]).into_owned();
    vec![
        Line { term: text("state-licence"), value: String::new(), mark: Some((class, text(id))) },
        Line { term: text("licence-end"), value: until, mark: None },
        Line {
            term: text("licence-payment"),
            value: way(licence.pay_by, lang),
            mark: licence.payment.map(|payment| paid(payment, lang)),
        },
        Line { term: text("licence-renewal"), value: automatic, mark: None },
        Line { term: text("licence-fee"), value: fee, mark: None },
    ]
}

fn paid(payment: Payment, lang: Lang) -> (&'static str, String) {
    let (class, id) = match payment {
        Payment::Paid => ("good", "licence-paid"),
        Payment::Billed => ("warn", "licence-billed"),
        Payment::Unpaid => ("bad", "licence-unpaid"),
    };
    (class, say(lang, id).into_owned())
}

fn way(pay_by: Option<PayBy>, lang: Lang) -> String {
    let id = pay_by.map(|by| if by == PayBy::Deduction { "licence-by-deduction" } else { "licence-by-invoice" });
    id.map_or_else(String::new, |id| say(lang, id).into_owned())
}

fn year(period: &Period, lang: Lang) -> YearLine {
    let consent = period.consent.as_ref().map_or_else(String::new, |consent| {
        let values = [("version", consent.version.as_str().into()), ("user", consent.by.as_str().into())];
        say_with(lang, "licence-consent", &values).into_owned()
    });
    YearLine {
        days: format!("{} – {}", period.from.strftime("%Y/%m/%d"), period.until.strftime("%Y/%m/%d")),
        paid: paid(period.payment, lang),
        way: way(period.pay_by, lang),
        consent,
    }
}

/// The consent counts for the words that stood on the page: the gateway is asked again, and signed is their digest.
async fn asked(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let pay_by = sent.get("pay_by").and_then(|way| way.parse().ok());
    let (Some("yes"), Some(pay_by)) = (sent.get("agree"), pay_by) else {
        return Ok(here.failed(&app, "/licence", here.words("licence-not-agreed", "licence-not-agreed-next")));
    };
    let (year, toast) = match sent.get("what") {
        Some("renew") => (Year::Next, "licence-renewed-toast"),
        _ => (Year::First, "licence-applied-toast"),
    };
    let manner = Manner { pay_by, automatic: sent.get("automatic") == Some("yes") };
    let (settings, clock) = (app.settings.clone(), app.clock);
    let [version, digest] = ["version", "digest"].map(|name| sent.get(name).unwrap_or_default().to_owned());
    let done = aside(move || {
        let terms = agreed(&ours(&settings)?, &[&version, &digest])?;
        ask_for(&settings, year, (&terms, manner), clock())
    });
    Ok(told(&app, &here, done.await, toast))
}

async fn automatic(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let on = sent.get("on") == Some("yes");
    let (settings, clock) = (app.settings.clone(), app.clock);
    let done = aside(move || renews_itself(&settings, on, clock())).await;
    Ok(told(&app, &here, done, if on { "licence-on-toast" } else { "licence-off-toast" }))
}

fn told(app: &App, here: &Here, done: Result<LicenceView, Trouble>, toast: &str) -> Response {
    match done {
        Ok(view) => {
            held(&app.mail).licence = Some(view);
            app.tell("all");
            here.done(app, "/licence", here.say(toast))
        }
        Err(trouble) => here.failed(app, "/licence", words(&trouble.on_screen(here.lang()))),
    }
}
