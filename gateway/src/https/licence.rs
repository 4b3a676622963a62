//! An office's licence over HTTPS (Profile §10.4, §10.8): `GET` tells how it stands, `POST` takes what the office signed. Both are the
//! office's own affair: no agent reads or signs anything here.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use fumibako_model::{
    Done, LicenceDeed, LicenceOrder, LicenceView, Licensing, OfficeNumber, Party, Refusal, Refused, What,
};
use fumibako_store::{Amend, Amendment, LicenceChange, Store, StoreError};

use super::mandates::{Office, SIGNED_BYTES, answer, problem, signed_by};
use crate::house::House;

/// The route.
pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new()
        .route("/v1/licence", get(tell::<S>).post(take::<S>))
        .layer(DefaultBodyLimit::max(SIGNED_BYTES))
        .with_state(office)
}

async fn tell<S: Store>(State(office): State<Office<S>>, header: HeaderMap) -> Response {
    let house = &office.house;
    let login = match office.login(&header).await {
        Ok(login) => login,
        Err(refused) => return problem(house, &refused, None),
    };
    let own = match login.party() {
        Party::Office(number) => view(house, *number),
        Party::Agent(agent) => Err(Refusal::LicenceNotByIt.about(agent)),
    };
    match own {
        Ok(view) => answer(&view),
        Err(refused) => problem(house, &refused, Some(login.party())),
    }
}

async fn take<S: Store>(State(office): State<Office<S>>, octets: Bytes) -> Response {
    let house = &office.house;
    match deed(house, &octets).await {
        Ok(view) => answer(&view),
        Err(error) => problem(house, &house.refusal_of(error), None),
    }
}

fn view<S: Store>(house: &House<S>, number: OfficeNumber) -> Result<LicenceView, Refused> {
    let roll = house.store.roll();
    let office = roll.office(number).ok_or_else(|| Refusal::OfficeUnknown.about(number))?;
    let none = Licensing::default();
    let licensing = roll.licence(number).unwrap_or(&none);
    Ok(LicenceView::of(office, licensing, roll.terms(), house.clock.now()))
}

/// Profile §10.4: the office itself signed it, and nobody else can.
async fn deed<S: Store>(house: &House<S>, octets: &[u8]) -> Result<LicenceView, StoreError> {
    let (holder, by_this, part) = signed_by(house, octets)?;
    let deed = LicenceDeed::in_entity(part).map_err(|why| Refusal::LicenceUnread.about(why))?;
    let (number, now) = (deed.office(), house.clock.now());
    if holder != Party::Office(number) {
        return Err(Refusal::LicenceNotByIt.about(holder).into());
    }
    let roll = house.store.roll();
    roll.office(number).ok_or_else(|| Refusal::SenderUnknown.about(number))?;
    let told = Done::new(now, &holder, what(&deed)).of(number);
    let told = match &deed {
        LicenceDeed::Apply(asked) | LicenceDeed::Renew(asked) => told.about(&asked.user).noting(format_args!(
            "{} {}{}",
            asked.terms,
            asked.pay_by.word_en(),
            if asked.automatic { " automatic" } else { "" }
        )),
        LicenceDeed::Automatic(switch) => told.noting(if switch.on { "on" } else { "off" }),
    };
    let order = LicenceOrder::Signed(deed);
    let change = LicenceChange { office: number, order, at: now, signed: Some(octets.to_vec()) };
    let changes = vec![Amendment::SignedBy(by_this), Amendment::Licence(Box::new(change))];
    house.store.amend(Amend { changes, done: vec![told] }).await?;
    let view = view(house, number)?;
    tracing::info!(office = %number, state = ?view.state, "licence.changed");
    Ok(view)
}

fn what(deed: &LicenceDeed) -> What {
    match deed {
        LicenceDeed::Apply(_) => What::LicenceApplied,
        LicenceDeed::Renew(_) => What::LicenceRenewed,
        LicenceDeed::Automatic(_) => What::LicenceRenewal,
    }
}
