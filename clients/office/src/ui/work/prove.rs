//! The proof of what became of a message, as the file that `fumibako receipt` writes.

use std::sync::Arc;

use super::aside;
use crate::proof::{self, About};
use crate::trouble::Trouble;
use crate::ui::state::App;
use crate::verify::State;
use crate::wait;

/// Asks the gateway for it. What does not hold is given to nobody (Profile §8.19).
pub(in crate::ui) async fn proof(app: &Arc<App>, about: About) -> Result<Vec<u8>, Trouble> {
    let (settings, clock) = (app.settings.clone(), app.clock);
    let given = aside(move || wait(proof::ask(&settings, &about, clock()))).await?;
    let failed = given.report.layers.into_iter().find_map(|layer| match layer.state {
        State::Fails(refused) => Some(refused),
        State::Holds | State::Unseen(_) => None,
    });
    failed.map_or(Ok(given.octets), |refused| Err(Trouble::Distrust(refused)))
}
