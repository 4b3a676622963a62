//! Questions about others: who asks, how often it may, and what is written down of a refusal (Profile §17.6).

use axum::http::HeaderMap;
use axum::response::Response;
use fumibako_model::{Login, Party, Refused};
use fumibako_store::Store;

use super::mandates::{Office, spoken};
use crate::house::{House, Searches};

/// Who asks, and one question more of it.
pub(super) async fn counted<S: Store>(
    office: &Office<S>,
    header: &HeaderMap,
    which: impl Fn(&House<S>) -> &Searches,
) -> Result<Login, (Refused, Option<Party>)> {
    let login = office.login(header).await.map_err(|refused| (refused, None))?;
    let counted = which(&office.house).count(login.party(), office.house.clock.now());
    counted.map(|()| login.clone()).map_err(|refused| (refused, Some(login.party().clone())))
}

/// The answer to a question that is refused.
pub(super) fn no<S: Store>(
    house: &House<S>,
    question: &'static str,
    (refused, who): (&Refused, Option<&Party>),
) -> Response {
    house.counts.questions_refused.one("question", question);
    // Profile §17.6: what it is about, which is what was asked for once somebody has logged in, stands in the answer alone.
    let logged = if who.is_some() { refused.why.into() } else { refused.clone() };
    spoken(refused, &house.refuse("https", who, &logged))
}
