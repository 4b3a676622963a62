//! Does a mandate cover what an agent would send (PX-05)? Said on the row before, and asked once more when it goes.

use std::sync::Arc;

use fumibako_web::part::Words;
use jiff::Timestamp;

use super::post::drafts;
use crate::bundle::Draft;
use crate::mandates::Mandates;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::letters::Letter;
use crate::ui::state::{App, both, held};

/// Why no mandate of ours covers a letter; nothing, for an office's own, and where nobody was told of any mandates yet.
pub(in crate::ui) fn barred(app: &App, letter: &Letter) -> Option<Box<(Words, Words)>> {
    app.settings.agent.as_ref()?;
    let known = held(&app.mail).mandates.all.clone()?;
    let refused = drafts(&letter.outline()).ok()?.iter().find_map(|draft| known.cover(draft, (app.clock)()).err())?;
    Some(Box::new(both(&Trouble::Refused { refused, reference: None })))
}

/// Profile §9.12: an agent needs a mandate for each, as the gateway tells now, or told last where it does not answer; it asks again itself.
pub(super) fn covered(
    settings: &Settings,
    drafts: &[Draft],
    known: Option<Arc<Mandates>>,
    now: Timestamp,
) -> Result<(), Trouble> {
    if settings.agent.is_none() {
        return Ok(());
    }
    let mandates = match (Mandates::ours(settings), known) {
        (Err(Trouble::Unreachable { .. }), Some(known)) => known,
        (mandates, _) => Arc::new(mandates?),
    };
    let refused = drafts.iter().find_map(|draft| mandates.cover(draft, now).err());
    refused.map_or(Ok(()), |refused| Err(Trouble::Refused { refused, reference: None }))
}
