//! `GET /v1/notices`: what the operator tells everybody, as it stands now (Profile §18.6).

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use fumibako_model::{Login, Notice, Uid};
use fumibako_store::{Store, StoreError, WhichNotices};
use serde::Serialize;

use super::mandates::{Office, answer, problem};
use crate::house::House;

pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new().route("/v1/notices", get(give::<S>)).with_state(office)
}

#[derive(Serialize)]
struct Given {
    notices: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: u32,
    #[serde(flatten)]
    notice: Notice,
    /// `\Seen` of whoever asks.
    seen: bool,
}

async fn give<S: Store>(State(office): State<Office<S>>, header: HeaderMap) -> Response {
    let house = &office.house;
    let login = match office.login(&header).await {
        Ok(login) => login,
        Err(refused) => return problem(house, &refused, None),
    };
    match read(house, &login).await {
        Ok(notices) => answer(&Given { notices }),
        Err(error) => problem(house, &house.refusal_of(error), Some(login.party())),
    }
}

async fn read<S: Store>(house: &House<S>, login: &Login) -> Result<Vec<Row>, StoreError> {
    let standing = house.store.notices(WhichNotices::Standing).await?;
    if standing.is_empty() {
        return Ok(Vec::new());
    }
    let board = house.store.notice_board(login.party()).await?;
    let seen = |uid: Option<Uid>| {
        let entry = board.entries.iter().find(|entry| Some(entry.uid) == uid);
        entry.is_some_and(|entry| entry.flags.has(fumibako_model::Flags::SEEN))
    };
    let row = |kept: fumibako_store::KeptNotice| Row { id: kept.id, seen: seen(kept.uid), notice: kept.notice };
    Ok(standing.into_iter().map(row).collect())
}
