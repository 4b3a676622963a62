//! `GET /v1/acts?before=N`: an office reads what agents did for it, and every change of its mandates (Profile §16.4). An agent is told
//! nothing here, and no office of another.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use fumibako_model::{ACTS_TOLD, AuditRow, Login, Refusal, ToldAct, ToldActs};
use fumibako_store::{Store, StoreError, ToldTo};
use serde::Deserialize;

use super::mandates::{Office, answer};
use super::questions::{counted, no};
use crate::house::House;

/// Which page of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Rows before this one.
    before: Option<u64>,
}

pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new().route("/v1/acts", get(list::<S>)).with_state(office)
}

async fn list<S: Store>(
    State(office): State<Office<S>>,
    page: Result<Query<Page>, QueryRejection>,
    header: HeaderMap,
) -> Response {
    let login = match counted(&office, &header, |house| &house.looks).await {
        Ok(login) => login,
        Err((refused, who)) => return no(&office.house, "acts", (&refused, who.as_ref())),
    };
    match told(&office.house, &login, page).await {
        Ok(told) => answer(&told),
        Err(error) => no(&office.house, "acts", (&office.house.refusal_of(error), Some(login.party()))),
    }
}

async fn told<S: Store>(
    house: &House<S>,
    login: &Login,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<ToldActs, StoreError> {
    let office = login.office().filter(|_| login.agent().is_none()).ok_or(Refusal::RoleForbids.about(login.party()))?;
    let Query(Page { before }) = page.map_err(|why| Refusal::ValueUnfit.about(why.body_text()))?;
    // One more than is told: are there older ones?
    let mut docs = house.store.told_acts(ToldTo { office, before, most: ACTS_TOLD + 1 }).await?;
    let more = docs.len() > ACTS_TOLD;
    docs.truncate(ACTS_TOLD);
    let roll = house.store.roll();
    let read = |doc: &String| serde_json::from_str::<AuditRow>(doc).map(|row| ToldAct::of(row, &roll));
    // A row that was changed in the database, so that it cannot be read, is for `audit verify` to name.
    let acts = docs.iter().filter_map(|doc| read(doc).ok()).collect();
    Ok(ToldActs { acts, more })
}
