//! `GET /v1/directory?q=…`, `GET /v1/directory/NUMBER` and `GET /v1/agents/ID,…`: which offices there are, whether they receive, and whom to seal to
//! (Profile §17). Whoever logs in may ask, so often in a minute. What was asked is not logged.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use fumibako_model::{
    AgentId, Details, End, FOUND, Found, Listed, ListedAgent, ListedCertificate, Office as Row, OfficeNumber, Party,
    Refusal, Refused, Roll, Search, Shown,
};
use fumibako_store::{Store, StoreError};
use jiff::Timestamp;

use super::mandates::{Office, answer};
use super::questions::{counted, no};
use super::readers::{receiving, standing};
use crate::house::House;

/// The routes.
pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new()
        .route("/v1/directory", get(find::<S>))
        .route("/v1/directory/{number}", get(show::<S>))
        .route("/v1/agents/{ids}", get(agents::<S>))
        .with_state(office)
}

async fn find<S: Store>(
    State(office): State<Office<S>>,
    search: Result<Query<Search>, QueryRejection>,
    header: HeaderMap,
) -> Response {
    let login = match counted(&office, &header, |house| &house.searches).await {
        Ok(login) => login,
        Err((refused, who)) => return no(&office.house, "directory", (&refused, who.as_ref())),
    };
    match found(&office.house, search).await {
        Ok(found) => {
            tracing::info!(by = %login.party(), found = found.offices.len(), more = found.more, "directory.searched");
            answer(&found)
        }
        Err(error) => no(&office.house, "directory", (&office.house.refusal_of(error), Some(login.party()))),
    }
}

async fn show<S: Store>(State(office): State<Office<S>>, Path(number): Path<String>, header: HeaderMap) -> Response {
    let login = match counted(&office, &header, |house| &house.searches).await {
        Ok(login) => login,
        Err((refused, who)) => return no(&office.house, "directory", (&refused, who.as_ref())),
    };
    match shown(&office.house, &number).await {
        Ok(shown) => answer(&shown),
        Err(error) => no(&office.house, "directory", (&office.house.refusal_of(error), Some(login.party()))),
    }
}

async fn agents<S: Store>(State(office): State<Office<S>>, Path(ids): Path<String>, header: HeaderMap) -> Response {
    let login = match counted(&office, &header, |house| &house.searches).await {
        Ok(login) => login,
        Err((refused, who)) => return no(&office.house, "agents", (&refused, who.as_ref())),
    };
    match named(&office.house, &ids) {
        Ok(agents) => answer(&agents),
        Err(refused) => no(&office.house, "agents", (&refused, Some(login.party()))),
    }
}

/// Profile §17.11: what the roll calls these agents; those that are not on it are left out.
fn named<S: Store>(house: &House<S>, ids: &str) -> Result<Vec<ListedAgent>, Refused> {
    let unfit = || Refusal::ValueUnfit.about(format_args!("1 to {FOUND} agent ids"));
    let ids = ids.split(',').map(|text| text.parse().map_err(|_| unfit())).collect::<Result<Vec<AgentId>, _>>()?;
    if ids.len() > FOUND {
        return Err(unfit());
    }
    let roll = house.store.roll();
    let known = ids.into_iter().filter_map(|id| roll.agent(&id).map(|one| ListedAgent { name: one.name.clone(), id }));
    Ok(known.collect())
}

async fn found<S: Store>(house: &House<S>, search: Result<Query<Search>, QueryRejection>) -> Result<Found, StoreError> {
    let Query(search) = search.map_err(|why| Refusal::ValueUnfit.about(why.body_text()))?;
    let sought = search.sought()?;
    let (numbers, more) = house.store.directory().await?.find(&sought);
    let mut details = house.store.details(Some(numbers.clone())).await?;
    let (roll, now) = (house.store.roll(), house.clock.now());
    // Who was named need not be there.
    let offices = numbers.into_iter().filter_map(|number| roll.office(number)).map(|office| {
        let certificates = certificates(house, &roll, office.number, now).len();
        listed(office, details.remove(&office.number).unwrap_or_default(), (&roll, now), certificates)
    });
    Ok(Found { offices: offices.collect(), more })
}

/// Profile §17.7: one office, and whom to seal to.
async fn shown<S: Store>(house: &House<S>, number: &str) -> Result<Shown, StoreError> {
    let number: OfficeNumber = number.parse().map_err(|why| Refusal::ValueUnfit.about(why))?;
    let mut details = house.store.details(Some(vec![number])).await?;
    let (roll, now) = (house.store.roll(), house.clock.now());
    let office = roll.office(number).ok_or_else(|| Refusal::OfficeUnknown.about(number))?;
    let certificates = certificates(house, &roll, number, now);
    let named = |id: AgentId| ListedAgent { name: roll.agent(&id).map(|one| one.name.clone()).unwrap_or_default(), id };
    let agents = receiving(&roll, number, now).map(named).collect();
    let details = details.remove(&number).unwrap_or_default();
    Ok(Shown { office: listed(office, details, (&roll, now), certificates), agents })
}

/// Can it be sent to, as admission would say (Profile §5.6)? Why it is suspended is nobody else's business.
fn listed<C>(office: &Row, details: Details, (roll, now): (&Roll, Timestamp), certificates: C) -> Listed<C> {
    let refused = roll.licensed(office.number, End::Recipient, now).err();
    let reason = |refused: &Refused| match refused.why {
        Refusal::RecipientSuspended => "suspended".to_owned(),
        _ => "not-licensed".to_owned(),
    };
    Listed {
        number: office.number,
        name: office.name.clone(),
        details,
        can_receive: refused.is_none(),
        reason: refused.as_ref().map(reason),
        certificates,
    }
}

/// All that a sender seals to, the office's own first.
fn certificates<S: Store>(
    house: &House<S>,
    roll: &Roll,
    office: OfficeNumber,
    now: Timestamp,
) -> Vec<ListedCertificate> {
    let own = std::iter::once((Party::Office(office), None));
    let agents = receiving(roll, office, now).map(|agent| (Party::Agent(agent.clone()), Some(agent)));
    let of = |(party, agent): (Party, Option<AgentId>)| {
        standing(house, roll, &party, now).into_iter().map(move |(enrolled, certificate)| ListedCertificate {
            pem: certificate.to_pem(),
            fingerprint: certificate.fingerprint_hex(),
            from: enrolled.from,
            until: enrolled.until,
            agent: agent.clone(),
        })
    };
    own.chain(agents).flat_map(of).collect()
}
