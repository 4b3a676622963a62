//! Receipts that the gateway refused, of what lies in `INBOX` no more: they go out once they can, as `fumibako fetch` sends them
//! (Profile §8.11), soon after the start and then once a day. Of what lies there still the row says so, and somebody fetches it again.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::aside;
use super::look::settle_receipts;
use crate::fetch::Fetch;
use crate::outbox::{self, Fate};
use crate::ui::state::{App, held};
use crate::wait;

/// So often it is looked whether something may be sent by now.
const PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// Sends what may be taken by now. What stands in the way is tried again with the next look.
pub(super) async fn settle(app: &Arc<App>) {
    let now = (app.clock)();
    if held(&app.mail).settled.is_some_and(|at| at.duration_until(now).abs() < PAUSE) || !owes(app) {
        return;
    }
    let there = there(app);
    let turn = app.turn.lock().await;
    let (settings, clock) = (app.settings.clone(), app.clock);
    let sent = aside(move || wait(Fetch::new(&settings, clock)?.settle(&there))).await;
    drop(turn);
    match sent {
        Ok(_) => held(&app.mail).settled = Some(now),
        Err(why) => tracing::debug!(%why, "ui.unsettled"),
    }
    settle_receipts(app);
}

/// What lies in INBOX, by Message-ID.
fn there(app: &App) -> BTreeSet<String> {
    let mail = held(&app.mail);
    mail.inbox.values().filter(|one| !one.gone).map(|one| one.message_id.clone()).collect()
}

/// Was anything but a bundle refused? Without that no key is asked for.
fn owes(app: &App) -> bool {
    let entries = outbox::look(&app.settings.data_folder).unwrap_or_default();
    entries.iter().any(|entry| entry.bundle.is_none() && matches!(entry.fate, Fate::Refused { .. }))
}
