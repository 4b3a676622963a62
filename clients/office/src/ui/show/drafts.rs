//! 下書き一覧 (DR).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use fumibako_web::page::{self, DraftRow};

use super::compose::newest;
use super::{Answer, Here, Shared, html};
use crate::ui::form::Sent;
use crate::ui::paint::{moment, party};
use crate::ui::state::{App, held};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/drafts", get(list)).route("/drafts/remove", post(remove))
}

async fn list(State(app): Shared, here: Here) -> Response {
    let drafts: Vec<_> = newest(&held(&app.letters).drafts).into_iter().cloned().collect();
    let rows: Vec<DraftRow> = drafts
        .iter()
        .map(|letter| DraftRow {
            id: letter.id.clone(),
            saved: moment(letter.saved),
            to: letter.route().map(|(_, to)| party(&app, to)),
            message: letter.message.clone(),
            files: letter.files.len(),
        })
        .collect();
    html(page::drafts(&here.frame(&app), &rows))
}

async fn remove(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    for id in sent.all("row") {
        held(&app.letters).drafts.remove(&id);
    }
    app.tell("drafts");
    Ok(here.done(&app, "/drafts", here.say("removed-toast")))
}
