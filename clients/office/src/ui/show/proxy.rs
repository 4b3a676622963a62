//! 委任 (PX-07, PX-08): the mandates of an office or an agent. What is signed here, `fumibako mandate` signs in the same way.

mod acts;
mod terms;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use fumibako_careplan::Lang;
use fumibako_model::{Deed, Mandate, MandateId, MandateRow, MandateState, Party as Who, Said};
use fumibako_web::page::{self, AskMandate, Asked, Grant, MandateLine, Proxy};
use fumibako_web::part::{Party, Words};
use jiff::Timestamp;

use super::{Answer, Here, Shared, html};
use crate::mandates::{hand_in, words};
use crate::trouble::{Trouble, Usage};
use crate::ui::form::Sent;
use crate::ui::offices::{day, standing};
use crate::ui::paint::pick;
use crate::ui::state::{App, both, held};
use crate::ui::work::aside;
use crate::ui::work::rights::ask_now;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/proxy", get(list))
        .route("/proxy/grant", post(grant))
        .route("/proxy/{id}/confirm", post(confirm))
        .route("/proxy/{id}/revoke", post(revoke))
}

type Fields = Vec<(String, String)>;

async fn list(State(app): Shared, here: Here, Query(fields): Query<Fields>) -> Result<Response, Answer> {
    let lang = here.lang();
    // A page that refreshes itself is content with what was told last.
    let told = if here.live { Ok(()) } else { ask_now(&app).await };
    let (now, party) = ((app.clock)(), app.settings.party()?);
    let agent = matches!(party, Who::Agent(_));
    let known = held(&app.mail).mandates.all.clone().unwrap_or_default();
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut trouble = here.trouble(&app).or_else(|| told.err().map(|why| pick(&both(&why), lang)));
    let mut ask = None;
    for (name, asked) in [("confirm", Asked::Confirm as fn(String) -> Asked), ("revoke", Asked::Revoke)] {
        let id = field(name).and_then(|text| text.parse::<MandateId>().ok());
        if let Some(row) = id.and_then(|id| known.find(id)).filter(|_| trouble.is_none()) {
            ask = Some(AskMandate {
                what: asked(row.registered.id.to_string()),
                facts: facts(&row.registered.mandate, lang),
            });
        }
    }
    let mut grant = (!agent).then(|| typed(&fields, now, lang));
    if field("ask") == Some("grant") && trouble.is_none() {
        match (terms::mandate(&fields, &party, now), &mut grant) {
            (Ok(mandate), _) => {
                ask = Some(AskMandate { what: Asked::Grant(terms::again(&fields)), facts: facts(&mandate, lang) });
            }
            (Err(Unsound::Fields(wrong)), Some(grant)) => {
                grant.wrong = wrong.iter().map(|one| (one.field, here.say(one.text))).collect();
            }
            (Err(why), _) => trouble = Some(why.words(&here)),
        }
    }
    let mut rows: Vec<_> = known.rows().iter().rev().map(|row| line(row, agent, now, lang)).collect();
    // What waits for whoever looks must be seen without scrolling.
    rows.sort_by_key(|row| !row.may_confirm);
    let before = field("before").and_then(|text| text.parse().ok());
    let acts = if agent { None } else { Some(acts::shown(&app, before, lang).await) };
    let view = Proxy { rows, trouble, grant, acts, ask };
    Ok(html(page::proxy(&here.frame(&app), &view)))
}

fn typed(fields: &Fields, now: Timestamp, lang: Lang) -> Grant {
    let typed = fields.iter().any(|(name, _)| name == "agent");
    Grant { open: typed, ..terms::typed(fields, typed, now, lang) }
}

fn facts(mandate: &Mandate, lang: Lang) -> Vec<(String, String)> {
    // Days as the rest of the screens writes them.
    let days = |value: String| {
        [mandate.from, mandate.until].iter().fold(value, |text, date| text.replace(&date.to_string(), &day(*date)))
    };
    words::pairs(mandate, mandate.agent.to_string(), lang)
        .into_iter()
        .map(|(term, value)| (term.to_owned(), days(value)))
        .collect()
}

fn line(row: &MandateRow, agent: bool, now: Timestamp, lang: Lang) -> MandateLine {
    let (one, mandate) = (&row.registered, &row.registered.mandate);
    let (state, (standing, word)) = (one.state(now), standing(row, now, lang));
    let named = |name: &String, number: String| Party {
        number,
        name: Some(name.clone()).filter(|name| !name.is_empty()),
        regional: false,
    };
    MandateLine {
        id: one.id.to_string(),
        other: if agent {
            named(&row.office_name, mandate.office.to_string())
        } else {
            named(&row.agent_name, mandate.agent.to_string())
        },
        scopes: words::scopes(mandate, lang),
        limits: words::limits(mandate, lang),
        from: day(mandate.from),
        until: day(mandate.until),
        standing,
        word,
        paper: one.paper,
        may_confirm: agent && state == MandateState::Unconfirmed,
        may_revoke: !matches!(state, MandateState::Revoked | MandateState::Expired),
    }
}

async fn grant(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let fields: Fields = sent.fields();
    let mandate = match terms::mandate(&fields, &app.settings.party()?, (app.clock)()) {
        Ok(mandate) => mandate,
        Err(why) => return Ok(here.failed(&app, "/proxy", why.words(&here))),
    };
    Ok(signed(&app, &here, Deed::Grant(Box::new(mandate)), "granted-toast").await)
}

/// Profile §9.12: what is confirmed is what was shown: its id is made of its words.
async fn confirm(State(app): Shared, here: Here, Path(id): Path<MandateId>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let deed = Deed::Confirm(Said { mandate: id, at: (app.clock)() });
    Ok(signed(&app, &here, deed, "confirmed-toast").await)
}

/// PX-07: counts from the next command on, whoever is connected.
async fn revoke(State(app): Shared, here: Here, Path(id): Path<MandateId>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let deed = Deed::Revoke(Said { mandate: id, at: (app.clock)() });
    Ok(signed(&app, &here, deed, "revoked-toast").await)
}

/// Signs a deed with our own key and hands it in.
async fn signed(app: &Arc<App>, here: &Here, deed: Deed, toast: &str) -> Response {
    let (settings, clock, turn) = (app.settings.clone(), app.clock, app.turn.lock().await);
    let done = aside(move || hand_in(&deed, &settings.signer(clock())?, &settings, clock())).await;
    drop(turn);
    match done {
        Ok(row) => {
            tracing::info!(mandate = %row.registered.id, state = ?row.state, "mandate.signed");
            app.look.notify_one();
            app.tell("rights");
            here.done(app, "/proxy", here.say(toast))
        }
        Err(why) => here.failed(app, "/proxy", pick(&both(&why), here.lang())),
    }
}

/// A field that is not as it must be, and the text that says why.
#[derive(Debug)]
struct Wrong {
    field: &'static str,
    text: &'static str,
}

/// Why the fields make no mandate.
#[derive(Debug)]
enum Unsound {
    /// These fields are not as they must be.
    Fields(Vec<Wrong>),
    /// It would allow nothing.
    Deed(fumibako_model::NotADeed),
    /// It is not ours to grant.
    Alone,
}

impl Unsound {
    fn words(&self, here: &Here) -> Words {
        match self {
            Self::Fields(wrong) => {
                let what = wrong.first().map_or_else(String::new, |one| here.say(one.text));
                Words { what, next: here.say("grant-mend"), code: None }
            }
            Self::Deed(why) => pick(&both(&Trouble::Usage(Usage::Mandate(*why))), here.lang()),
            Self::Alone => pick(&both(&Trouble::Alone(crate::trouble::Alone::OfficesGrant)), here.lang()),
        }
    }
}
