//! The proof of what became of a message, as the file that `fumibako receipt` writes.

use std::sync::Arc;

use super::aside;
use super::look::Gone;
use crate::proof::{self, About, Proof};
use crate::trouble::Trouble;
use crate::ui::spot::Spot;
use crate::ui::state::App;
use crate::verify::State;
use crate::wait;

/// What to ask about something that was sent: of what bears one Message-ID, that which came when the list says. None: nobody knows from
/// which office it is.
pub(in crate::ui) fn about(app: &App, spot: Spot, one: &Gone) -> Option<About> {
    let from = spot.of.or(app.settings.office)?;
    Some(About::Message { id: one.message_id.clone(), from, at: Some(one.at) })
}

/// Asks the gateway for it. What does not hold is given to nobody (Profile §8.19).
pub(in crate::ui) async fn proof(app: &Arc<App>, about: About) -> Result<Proof, Trouble> {
    let (settings, clock) = (app.settings.clone(), app.clock);
    let given = aside(move || wait(proof::ask(&settings, &about, clock()))).await?;
    let failed = given.report.layers.iter().find_map(|layer| match &layer.state {
        State::Fails(refused) => Some(refused.clone()),
        State::Holds | State::Unseen(_) => None,
    });
    failed.map_or(Ok(given), |refused| Err(Trouble::Distrust(refused)))
}
