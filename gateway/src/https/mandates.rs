//! Deeds about mandates over HTTPS (Profile §9.5): who signed it is who says it, so a deed needs no login; reading the list does.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    CertificateKey, DEED_MINUTES, Deed, Done, Door, Login, MandateId, MandateRow, Party, Private, Refusal, Refused,
    Registered, Said, What, not_signed, not_trusted, revoked,
};
use fumibako_signer::Signed;
use fumibako_store::{Amend, Amendment, MandateOrder, Store, StoreError, bind, key_of};
use fumibako_wire::Credentials;
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::json;

use crate::admin::sum_of;
use crate::house::House;

/// Octets of a signed deed: the deed itself, and a signature with its certificates.
pub(super) const SIGNED_BYTES: usize = 64 << 10;

/// What the handlers share.
pub(super) struct Office<S> {
    pub(super) house: Arc<House<S>>,
    pub(super) address: IpAddr,
}

impl<S> Clone for Office<S> {
    fn clone(&self) -> Self {
        Self { house: self.house.clone(), address: self.address }
    }
}

impl<S: Store> Office<S> {
    /// Who asks (RFC 7617).
    pub(super) async fn login(&self, header: &HeaderMap) -> Result<Login, Refused> {
        match credentials(header) {
            Some(given) => self.house.counts.login(self.house.login(given, (self.address, Door::Https)).await),
            None => Err(Refusal::LoginNeeded.into()),
        }
    }
}

/// `POST /v1/mandates` takes a signed deed, `GET` lists those of whoever logs in.
pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new()
        .route("/v1/mandates", post(take::<S>).get(list::<S>))
        .layer(DefaultBodyLimit::max(SIGNED_BYTES))
        .with_state(office)
}

async fn take<S: Store>(State(office): State<Office<S>>, octets: Bytes) -> Response {
    let house = &office.house;
    match deed(house, &octets).await {
        Ok(row) => answer(&row),
        Err(error) => problem(house, &house.refusal_of(error), None),
    }
}

async fn list<S: Store>(State(office): State<Office<S>>, header: HeaderMap) -> Response {
    let house = &office.house;
    match office.login(&header).await {
        Ok(login) => {
            let (roll, now) = (house.store.roll(), house.clock.now());
            let of = |one: &&Registered| match login.party() {
                Party::Office(number) => one.mandate.office == *number,
                Party::Agent(agent) => one.mandate.agent == *agent,
            };
            let row = |one: &Registered| MandateRow::of(one, now).named(&roll);
            answer(&roll.mandates().filter(of).map(row).collect::<Vec<_>>())
        }
        Err(refused) => problem(house, &refused, None),
    }
}

/// RFC 7617 §2.
pub(super) fn credentials(header: &HeaderMap) -> Option<Credentials> {
    let value = header.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (login, password) = text.split_once(':')?;
    let (login, password) = (login.to_owned(), Private(password.to_owned()));
    Some(Credentials { authorization: String::new(), login, password })
}

/// Profile §9.5: reads a deed, judges who signed it as a message's signer is judged, and does it.
async fn deed<S: Store>(house: &House<S>, octets: &[u8]) -> Result<MandateRow, StoreError> {
    let (roll, now) = (house.store.roll(), house.clock.now());
    let (holder, by_this, part) = signed_by(house, octets)?;
    let deed = Deed::in_entity(part).map_err(|why| Refusal::MandateUnread.about(why))?;
    let known = |id: MandateId| roll.mandate_by_id(id).ok_or_else(|| Refusal::MandateUnknown.about(id));
    let sum = sum_of(&deed);
    let told = |what, one: &Registered| {
        Done::new(now, &holder, what).of(one.mandate.office).about(one.id).noting(&one.mandate.agent)
    };
    let signed = octets.to_vec();
    // Profile §9.5: who judges it years later has no other word of when it was signed.
    let (said, again) = (
        deed.said(),
        matches!(&deed, Deed::Grant(mandate) if roll.mandate_by_id(mandate.clone().registered(sum).id).is_some()),
    );
    if !again && now.duration_since(said).abs() > SignedDuration::from_mins(DEED_MINUTES) {
        return Err(Refusal::MandateMisdated.about(said).into());
    }
    let (id, told, order) = match deed {
        Deed::Grant(mandate) => {
            by(&holder, &[Party::Office(mandate.office)])?;
            roll.office(mandate.office).ok_or_else(|| Refusal::SenderUnknown.about(mandate.office))?;
            let one = mandate.registered(sum);
            let told = told(What::MandateRegistered, &one);
            (one.id, told, MandateOrder::Register(Box::new(one), Some(signed)))
        }
        Deed::Confirm(Said { mandate: id, .. }) => {
            let one = known(id)?;
            by(&holder, &[Party::Agent(one.mandate.agent.clone())])?;
            (id, told(What::MandateConfirmed, one), MandateOrder::Confirm { id, signed, at: now })
        }
        Deed::Revoke(Said { mandate: id, .. }) => {
            let one = known(id)?;
            let words = &one.mandate;
            by(&holder, &[Party::Office(words.office), Party::Agent(words.agent.clone())])?;
            let told = told(What::MandateRevoked, one);
            (id, told, MandateOrder::Revoke { id, signed: Some(signed), by: holder.to_string(), at: now })
        }
    };
    house
        .store
        .amend(Amend { changes: vec![Amendment::SignedBy(by_this), Amendment::Mandate(order)], done: vec![told] })
        .await?;
    let roll = house.store.roll();
    let one = roll.mandate_by_id(id).ok_or_else(|| Refusal::MandateUnknown.about(id))?;
    tracing::info!(mandate = %id, state = ?one.state(now), by = %holder, "mandate.changed");
    Ok(MandateRow::of(one, now).named(&roll))
}

/// Profile §9.5: who signed this, judged as a message's signer is, by which certificate, and what was signed.
pub(super) fn signed_by<'o, S: Store>(
    house: &House<S>,
    octets: &'o [u8],
) -> Result<(Party, CertificateKey, &'o [u8]), StoreError> {
    let (roll, trust, now) = (house.store.roll(), house.trust(), house.clock.now());
    let signed = Signed::read(octets).map_err(|why| not_signed(&why))?;
    let signature = signed.verify().map_err(|why| not_signed(&why))?;
    let named = trust.holder(&signature, now).map_err(not_trusted)?;
    trust.check_revocation(&signature, now).map_err(revoked)?;
    Ok((bind(named, signature.signer(), &roll)?, key_of(signature.signer()), signed.part()))
}

fn by(signer: &Party, allowed: &[Party]) -> Result<(), Refused> {
    if allowed.contains(signer) { Ok(()) } else { Err(Refusal::MandateNotSignedByIt.about(signer)) }
}

pub(super) fn answer(body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// RFC 9457 §3: why not, and what to do, with the reference that stands in the log.
pub(super) fn problem<S: Store>(house: &House<S>, refused: &Refused, who: Option<&Party>) -> Response {
    spoken(refused, &house.refuse("https", who, refused))
}

/// The answer to what was written down under this reference.
pub(super) fn spoken(refused: &Refused, reference: &str) -> Response {
    let row = refused.why.row();
    let body = json!({
        "type": row.problem_type(), "title": row.ja, "detail": row.next_ja, "status": row.http, "code": row.code,
        "title_en": row.en, "detail_en": row.next_en, "about": refused.about, "reference": reference,
    });
    let status = StatusCode::from_u16(row.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response();
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110 §15.5.2
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Fumibako\""));
    }
    // RFC 6585 §4, RFC 9110 §10.2.3: who does something too often in a minute, an hour or a day is told when to go on.
    if refused.why == Refusal::TooManyQuestions
        && let Ok(seconds) = refused.about.parse::<u32>()
    {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9110 §10.2.3
    #[test]
    fn what_was_done_too_often_says_when_to_go_on_and_nothing_else_does() {
        let said = |refused: Refused| spoken(&refused, "ABC123").headers().get(RETRY_AFTER).cloned();
        assert_eq!(said(Refusal::TooManyQuestions.about(86_400)), Some(HeaderValue::from_static("86400")));
        for refused in
            [Refusal::TooManyQuestions.into(), Refusal::TooManyQuestions.about("soon"), Refusal::LicenceStale.about(5)]
        {
            assert_eq!(said(refused), None);
        }
    }
}
