//! Does a mandate cover what an agent would send (PX-05)? Said on the row before, and asked once more when it goes.

use std::sync::Arc;

use fumibako_model::Private;
use fumibako_web::part::Words;
use jiff::Timestamp;

use super::post::drafts;
use crate::bundle::Draft;
use crate::mandates::Mandates;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::letters::{Kept, Letter};
use crate::ui::state::{App, both, held};

/// Why no mandate of ours covers a letter; nothing, for an office's own, and where nobody was told of any mandates yet.
pub(in crate::ui) fn barred(app: &App, letter: &Letter) -> Option<Box<(Words, Words)>> {
    app.settings.agent.as_ref()?;
    let known = held(&app.mail).mandates.all.clone()?;
    let refused = drafts(&outline(letter)).ok()?.iter().find_map(|draft| known.cover(draft, (app.clock)()).err())?;
    Some(Box::new(both(&Trouble::Refused { refused, reference: None })))
}

/// The letter without what is in its files: names decide, and a page has many rows.
fn outline(letter: &Letter) -> Letter {
    let name = |file: &Kept| Kept { name: file.name.clone(), bytes: Private(Vec::new()), place: None };
    Letter { files: letter.files.iter().map(name).collect(), ..Letter::new(&letter.id, letter.saved) }
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
