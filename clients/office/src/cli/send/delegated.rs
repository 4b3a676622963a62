//! Before anything is sent for an office, its mandate is looked at: what the gateway would refuse is not composed at all.

use fumibako_model::Party;
use jiff::Timestamp;

use super::tell_not_sent;
use crate::bundle::Draft;
use crate::cli::screen::Screen;
use crate::exit::Exit;
use crate::mandates::Mandates;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// Keeps the bundles that we may send, and tells of the others why not. Profile §9.12: an office sends what is its own; an agent
/// needs a mandate in force, for just this. The gateway asks again at the moment of acceptance.
pub(super) fn allowed(
    drafts: Vec<Draft>,
    party: &Party,
    settings: &Settings,
    screen: &mut Screen<'_>,
    now: Timestamp,
) -> Result<(Vec<Draft>, Vec<Exit>), Trouble> {
    let (mut going, mut ends) = (Vec::new(), Vec::new());
    if matches!(party, Party::Office(_)) || drafts.is_empty() {
        return Ok((drafts, ends));
    }
    let mandates = Mandates::ours(settings)?;
    for draft in drafts {
        match mandates.cover(&draft, now) {
            Ok(()) => going.push(draft),
            Err(refused) => {
                let trouble = Trouble::Refused { refused, reference: None };
                tell_not_sent(&draft, &trouble, screen)?;
                ends.push(trouble.exit());
            }
        }
    }
    Ok((going, ends))
}
