//! News for pages that are open: which lists changed, and nothing of what is in them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::routing::get;
use futures_util::stream::{Stream, unfold};
use tokio::sync::broadcast::error::RecvError;

use super::{Here, Shared};
use crate::ui::state::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/events", get(events))
}

async fn events(State(app): Shared, _here: Here) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = unfold(app.news.subscribe(), |mut news| async move {
        let area = match news.recv().await {
            Ok(area) => area,
            // So much happened that some was missed: look at everything.
            Err(RecvError::Lagged(_)) => "all",
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(Event::default().data(area)), news))
    });
    Sse::new(news).keep_alive(KeepAlive::default())
}
