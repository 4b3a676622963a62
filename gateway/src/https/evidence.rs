//! `GET /v1/evidence/ID`: an office's own evidence with all that proves it (Profile §8.18). ID is that of any piece about the
//! bundle, or the Message-ID under which an office sent it (`?from=` says which, if another than who asks).

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use fumibako_model::{Act, EvidenceId, Login, OfficeNumber, ProofFile, Refusal, Scope};
use fumibako_store::{Store, StoreError};

use super::mandates::{Office, answer};
use super::questions::{counted, no};
use crate::house::House;
use crate::proof;

pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new().route("/v1/evidence/{id}", get(give::<S>)).with_state(office)
}

async fn give<S: Store>(
    State(office): State<Office<S>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    header: HeaderMap,
) -> Response {
    let house = &office.house;
    let from = query.as_deref().and_then(|query| query.strip_prefix("from=")).and_then(|from| from.parse().ok());
    let login = match counted(&office, &header, |house| &house.proofs).await {
        Ok(login) => login,
        Err((refused, who)) => return no(house, "evidence", (&refused, who.as_ref())),
    };
    let _turn = house.proving.acquire().await;
    match find(house, &login, (&id, from)).await {
        Ok(file) => {
            tracing::info!(evidence = id, to = %login.party(), "evidence.given");
            answer(&file)
        }
        Err(error) => no(house, "evidence", (&house.refusal_of(error), Some(login.party()))),
    }
}

/// What is another's is answered as what is nowhere.
async fn find<S: Store>(
    house: &House<S>,
    login: &Login,
    (id, from): (&str, Option<OfficeNumber>),
) -> Result<ProofFile, StoreError> {
    let unknown = || StoreError::from(fumibako_model::Refused::from(Refusal::EvidenceUnknown));
    for piece in pieces(house, id, from.or(login.office())).await? {
        let Some(about) = house.store.evidence(piece).await? else {
            proof::not_pruned(house, piece).await?;
            continue;
        };
        let reader = [about.from, about.to].into_iter().find(|office| may_read(house, login, *office));
        if let Some(reader) = reader {
            return proof::whole(house, piece, Some(reader)).await?.ok_or_else(unknown);
        }
    }
    Err(unknown())
}

/// What it may name. A Message-ID whose bundle ended, and is gone, may be another's by now.
async fn pieces<S: Store>(
    house: &House<S>,
    id: &str,
    from: Option<OfficeNumber>,
) -> Result<Vec<EvidenceId>, StoreError> {
    let Some(from) = from.filter(|_| id.parse::<EvidenceId>().is_err()) else {
        return Ok(id.parse().into_iter().collect());
    };
    let kept = house.store.find_sent(from, id).await?.map(|(_, piece)| piece);
    Ok(kept.into_iter().chain(house.store.find_ended(from, id).await?).collect())
}

/// Profile §9.9: what was sent and what became of it is for the office, and for agents of the scope `status`.
fn may_read<S: Store>(house: &House<S>, login: &Login, office: OfficeNumber) -> bool {
    let act = Act::Any(Scope::Status);
    let mandated = |agent| house.store.roll().mandate(office, agent, act, house.clock.now()).is_ok();
    match login.agent() {
        Some(agent) => login.office().is_none_or(|own| own == office) && mandated(agent),
        None => login.office() == Some(office),
    }
}
