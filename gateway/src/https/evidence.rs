//! `GET /v1/evidence/ID`: an office's own evidence with all that proves it (Profile §8.18). ID is that of any piece about the
//! bundle, or the Message-ID under which an office sent it (`?from=` says which, if another than who asks; `?at=` when it came, to
//! the second).

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use fumibako_model::{Event, Evidence, EvidenceId, JAPAN, Login, OfficeNumber, ProofFile, Refusal, Refused, Scope};
use fumibako_store::{Named, Store, StoreError};
use jiff::Timestamp;
use serde::Deserialize;

use super::mandates::{Office, answer};
use super::questions::{counted, no};
use crate::house::House;
use crate::proof;

/// Of several bundles, so many are told.
const TOLD: usize = 3;

/// A piece, and the office as which the asker reads it.
type Found = Option<(EvidenceId, OfficeNumber)>;

/// What tells bundles of one Message-ID apart.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Who sent it.
    from: Option<OfficeNumber>,
    /// When it came, as lists tell it: to the second.
    at: Option<Timestamp>,
}

pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new().route("/v1/evidence/{id}", get(give::<S>)).with_state(office)
}

async fn give<S: Store>(
    State(office): State<Office<S>>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    header: HeaderMap,
) -> Response {
    let house = &office.house;
    let login = match counted(&office, &header, |house| &house.proofs).await {
        Ok(login) => login,
        Err((refused, who)) => return no(house, "evidence", (&refused, who.as_ref())),
    };
    let _turn = house.proving.acquire().await;
    match find(house, &login, &id, asked).await {
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
    id: &str,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<ProofFile, StoreError> {
    let Query(asked) = asked.map_err(|why| Refusal::ValueUnfit.about(why.body_text()))?;
    let unknown = || StoreError::from(Refused::from(Refusal::EvidenceUnknown));
    let (piece, reader) = match id.parse() {
        Ok(piece) => by_number(house, login, piece).await?,
        Err(_) => by_message_id(house, login, id, &asked).await?,
    }
    .ok_or_else(unknown)?;
    proof::whole(house, piece, Some(reader)).await?.ok_or_else(unknown)
}

/// The piece, and the office as which the asker reads it.
async fn by_number<S: Store>(house: &House<S>, login: &Login, piece: EvidenceId) -> Result<Found, StoreError> {
    let Some(about) = house.store.evidence(piece).await? else {
        proof::not_pruned(house, piece).await?;
        return Ok(None);
    };
    Ok(reader(house, login, &about).map(|reader| (piece, reader)))
}

/// Of several the asker is told the numbers, and given none: who has another's evidence in his hand might not notice. What is not
/// his to read is not counted; nor is what a pruning began to take (Profile §8.29), if there is another.
async fn by_message_id<S: Store>(
    house: &House<S>,
    login: &Login,
    id: &str,
    asked: &Asked,
) -> Result<Found, StoreError> {
    let Some(from) = asked.from.or(login.office()) else { return Ok(None) };
    let named = house.store.find_named(from, id).await?;
    let meant = named.into_iter().filter(|one| asked.at.is_none_or(|at| one.came.as_second() == at.as_second()));
    let mut mine: Vec<(Named, OfficeNumber)> =
        meant.filter_map(|one| reader(house, login, &one.first.evidence).map(|reader| (one, reader))).collect();
    if mine.iter().any(|(one, _)| is_whole(one)) {
        mine.retain(|(one, _)| is_whole(one));
    }
    match &mine[..] {
        [] => Ok(None),
        [(one, reader)] => Ok(Some((one.first.id, *reader))),
        several => Err(Refusal::EvidenceSeveral.about(listed(several)).into()),
    }
}

fn is_whole(one: &Named) -> bool {
    one.first.evidence.event == Event::SubmissionAcceptance
}

/// The latest of them, as they can be told apart.
fn listed(several: &[(Named, OfficeNumber)]) -> String {
    let one = |(Named { came, first }, _): &(Named, OfficeNumber)| {
        format!("{} {} to {}", first.id, JAPAN.to_datetime(*came).date(), first.evidence.to)
    };
    let told: Vec<String> = several.iter().take(TOLD).map(one).collect();
    let more = several.len() - told.len();
    let more = if more == 0 { String::new() } else { format!(", {more} more") };
    told.join(", ") + &more
}

/// For which of both offices this login may read it (Profile §8.18): what an office sent and what became of it is of the scope
/// `status`, what came to it of the scope `receive`, for an agent by its mandate and for a person by the role (Profile §19.1).
fn reader<S: Store>(house: &House<S>, login: &Login, about: &Evidence) -> Option<OfficeNumber> {
    let (roll, now) = (house.store.roll(), house.clock.now());
    let may = |(office, scope): &(OfficeNumber, Scope)| login.may(*office, *scope, &roll, now).is_ok();
    [(about.from, Scope::Status), (about.to, Scope::Receive)].into_iter().find(may).map(|(office, _)| office)
}
