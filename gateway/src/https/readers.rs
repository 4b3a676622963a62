//! `GET /v1/readers/<office>[,<office>…]`: whom to encrypt to (Profile §9.11): the certificates of offices, and of the agents that
//! receive for them, each with the deed by which its office said so. Whoever logs in may ask, so often in
//! a minute (Profile §17.6); nobody's name stands in it.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    AgentId, AgentReader, Enrolled, Granted, MandateRow, MandateState, OfficeNumber, Party, READERS_AT_ONCE, Readers,
    Refusal, Registered, Roll, Scope,
};
use fumibako_signer::Certificate;
use fumibako_store::{Store, StoreError};
use jiff::Timestamp;

use super::mandates::{Office, answer};
use super::questions::{counted, no};
use crate::house::{House, revoked_since};

/// The route.
pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new().route("/v1/readers/{offices}", get(tell::<S>)).with_state(office)
}

async fn tell<S: Store>(State(office): State<Office<S>>, Path(offices): Path<String>, header: HeaderMap) -> Response {
    let house = &office.house;
    let login = match counted(&office, &header, |house| &house.readings).await {
        Ok(login) => login,
        Err((refused, who)) => return no(house, "readers", (&refused, who.as_ref())),
    };
    match readers(house, &offices).await {
        Ok(readers) => answer(&readers),
        Err(error) => no(house, "readers", (&house.refusal_of(error), Some(login.party()))),
    }
}

async fn readers<S: Store>(house: &House<S>, offices: &str) -> Result<Vec<Readers>, StoreError> {
    let unfit = || Refusal::ValueUnfit.about(format_args!("1 to {READERS_AT_ONCE} office numbers"));
    let numbers = offices.split(',').map(|text| text.parse().map_err(|_| unfit()));
    let numbers = numbers.collect::<Result<Vec<OfficeNumber>, _>>()?;
    if numbers.len() > READERS_AT_ONCE {
        return Err(unfit().into());
    }
    let (roll, now) = (house.store.roll(), house.clock.now());
    let mut found = Vec::new();
    for office in numbers.into_iter().filter(|number| roll.office(*number).is_some()) {
        let mut agents = Vec::new();
        for agent in receiving(&roll, office, now) {
            let mut mandates = Vec::new();
            for one in roll.between(office, &agent).filter(|one| receives(one, now)) {
                mandates.push(Granted { grant: grant(house, one).await?, row: MandateRow::of(one, now) });
            }
            let certificates = certificates(house, &roll, &Party::Agent(agent.clone()), now);
            agents.push(AgentReader { agent, certificates, mandates });
        }
        let certificates = certificates(house, &roll, &Party::Office(office), now);
        found.push(Readers { office, certificates, agents });
    }
    Ok(found)
}

/// The agents that may receive for an office.
pub(super) fn receiving(roll: &Roll, office: OfficeNumber, now: Timestamp) -> impl Iterator<Item = AgentId> {
    let agents = roll.agents_of(office, now).into_iter();
    agents.filter(|(.., scopes)| scopes.contains(&Scope::Receive)).map(|(_, agent, _)| agent)
}

fn receives(one: &Registered, now: Timestamp) -> bool {
    one.state(now) == MandateState::InForce && one.mandate.scopes.contains(&Scope::Receive)
}

/// As its office signed it.
async fn grant<S: Store>(house: &House<S>, one: &Registered) -> Result<Option<String>, StoreError> {
    let deeds = house.store.deeds(one.id).await?;
    Ok(deeds.into_iter().find(|deed| deed.kind == "grant").map(|deed| STANDARD.encode(deed.octets)))
}

/// Those that nobody revoked, as far as is known here, the newest first; whom to believe is decided by who asks.
pub(super) fn standing<'r, S: Store>(
    house: &House<S>,
    roll: &'r Roll,
    party: &Party,
    now: Timestamp,
) -> Vec<(&'r Enrolled, Certificate)> {
    let trust = house.trust();
    let stands = |enrolled: &'r Enrolled| {
        let certificate = Certificate::from_der(&enrolled.der).ok()?;
        revoked_since(&certificate, &trust, now).is_none().then_some((enrolled, certificate))
    };
    let mut current: Vec<_> = roll.current(party, now).filter_map(stands).collect();
    current.sort_by(|(a, _), (b, _)| b.from.cmp(&a.from).then_with(|| a.key.cmp(&b.key)));
    current
}

fn certificates<S: Store>(house: &House<S>, roll: &Roll, party: &Party, now: Timestamp) -> Vec<String> {
    standing(house, roll, party, now).into_iter().map(|(enrolled, _)| STANDARD.encode(&enrolled.der)).collect()
}
