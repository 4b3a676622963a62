//! Certificates over HTTPS (Profile §19.10 to §19.13): a challenge to whoever logs in, and a word about a certificate signed with the key that it is
//! about, or with another key of the same office.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use fumibako_model::{
    CertificateWord, Challenge, Login, OwnCertificate, Party, Refusal, Refused, Remove, What, not_signed, not_trusted,
    revoked,
};
use fumibako_signer::{Signature, Signed};
use fumibako_store::{Store, StoreError, bind, key_of};

use super::mandates::{Office, SIGNED_BYTES, answer, problem};
use crate::house::{House, Vouches, done_by, told};

/// The routes.
pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new()
        .route("/v1/certificates", get(list::<S>).post(take::<S>))
        .route("/v1/certificates/challenge", get(challenge::<S>))
        .layer(DefaultBodyLimit::max(SIGNED_BYTES))
        .with_state(office)
}

async fn list<S: Store>(State(office): State<Office<S>>, header: HeaderMap) -> Response {
    match office.login(&header).await {
        Ok(login) => answer(&office.house.certificates_of(login.party())),
        Err(refused) => problem(&office.house, &refused, None),
    }
}

async fn challenge<S: Store>(State(office): State<Office<S>>, header: HeaderMap) -> Response {
    let given = office.login(&header).await.and_then(|login| give(&office.house, &login));
    given.map_or_else(|refused| problem(&office.house, &refused, None), |one| answer(&one))
}

/// Profile §19.1: certificates are the manager's.
fn give<S: Store>(house: &House<S>, login: &Login) -> Result<Challenge, Refused> {
    if !login.role().manages() {
        return Err(Refusal::RoleForbids.about(login.role()));
    }
    house.challenges.give(login.party(), house.clock.now())
}

async fn take<S: Store>(State(office): State<Office<S>>, octets: Bytes) -> Response {
    let house = &office.house;
    match taken(house, &octets).await {
        Ok(rows) => answer(&rows),
        Err(error) => problem(house, &house.refusal_of(error), None),
    }
}

/// Reads the word, judges who signed it, and does it. What comes back are the party's certificates as they then stand.
async fn taken<S: Store>(house: &House<S>, octets: &[u8]) -> Result<Vec<OwnCertificate>, StoreError> {
    let (word, signature) = {
        let signed = Signed::read(octets).map_err(|why| not_signed(&why))?;
        let signature = signed.verify().map_err(|why| not_signed(&why))?;
        let word = CertificateWord::in_entity(signed.part());
        (word.ok_or_else(|| Refused::from(Refusal::CertificateWordUnfit))?, signature)
    };
    let (_, party, challenge) = word.says();
    match &word {
        CertificateWord::Enrol(_) => enrol(house, party, challenge, &signature).await?,
        CertificateWord::Remove(remove) => self::remove(house, remove, &signature).await?,
    }
    Ok(house.certificates_of(party))
}

/// Profile §19.11: the signature shows that whoever got the challenge has the key.
async fn enrol<S: Store>(
    house: &House<S>,
    party: &Party,
    challenge: &str,
    signature: &Signature,
) -> Result<(), StoreError> {
    let certificate = signature.signer();
    let one = house.enrollable(party, (certificate, signature.chain()), Vouches::Holder)?;
    let now = house.clock.now();
    house.challenges.take(challenge, party, now)?;
    let done = told(done_by(party, What::CertificateEnrolled, now), party, &certificate.fingerprint_hex());
    house.enrol(one, Vouches::Holder, done).await?;
    tracing::info!(%party, fingerprint = certificate.fingerprint_hex(), "certificate.enrolled");
    Ok(())
}

/// Profile §19.12: signed by another certificate of the same party, which is on the roll and counts.
async fn remove<S: Store>(house: &House<S>, remove: &Remove, signature: &Signature) -> Result<(), StoreError> {
    let Remove { party, fingerprint, challenge, .. } = remove;
    let (roll, trust, now) = (house.store.roll(), house.trust(), house.clock.now());
    let named = trust.holder(signature, now).map_err(not_trusted)?;
    trust.check_revocation(signature, now).map_err(revoked)?;
    let (holder, key) = (bind(named, signature.signer(), &roll)?, key_of(signature.signer()));
    if holder != *party {
        return Err(Refusal::NotItsCertificate.about(holder).into());
    }
    let one = house.enrolled(party, fingerprint)?;
    if one.key == key || !roll.current(party, now).any(|known| known.key == key) {
        return Err(Refusal::CertificateWordUnfit.about("sign with another certificate that is on the roll").into());
    }
    house.challenges.take(challenge, party, now)?;
    let done = done_by(party, What::CertificateRemoved, now).about(fingerprint);
    house.remove_certificate(&one, Some(key), false, done).await?;
    tracing::info!(%party, fingerprint, "certificate.removed");
    Ok(())
}
