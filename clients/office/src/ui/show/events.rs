//! News for pages that are open: which lists changed, and nothing of what is in them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::routing::get;
use futures_util::stream::{Stream, unfold};
use tokio::sync::broadcast::error::RecvError;

use super::{Shared, session_of};
use crate::ui::state::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/events", get(events))
}

/// A page that is locked goes on listening, so that it goes on where it was: what is told here says nothing of what is in the lists.
async fn events(
    State(app): Shared,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, StatusCode> {
    let session = session_of(&app, &headers, false).map(|(_, session)| session);
    session.filter(|session| session.open || session.locked).ok_or(StatusCode::UNAUTHORIZED)?;
    let news = unfold(app.news.subscribe(), |mut news| async move {
        let area = match news.recv().await {
            Ok(area) => area,
            // So much happened that some was missed: look at everything.
            Err(RecvError::Lagged(_)) => "all",
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(Event::default().data(area)), news))
    });
    Ok(Sse::new(news).keep_alive(KeepAlive::default()))
}
