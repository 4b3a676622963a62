//! Asking the gateway's register: names of offices that stand in a list, our licence, the operator's notices.

use std::collections::BTreeSet;
use std::sync::Arc;

use fumibako_model::OfficeNumber;
use jiff::SignedDuration;

use super::aside;
use crate::register::{self, Licence, Notice, Office};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::state::{App, held};
use crate::wait;

/// How long an answer about licence and notices is good.
const GOOD: SignedDuration = SignedDuration::from_mins(5);
/// Most offices asked for at once; the others come with the next look.
const AT_ONCE: usize = 50;

/// What one round of questions was answered.
struct Answers {
    offices: Vec<Office>,
    rest: Option<(Option<Licence>, Vec<Notice>)>,
}

/// Asks for what is not known yet. Without an answer the screens show numbers, as before.
pub(in crate::ui) async fn register(app: &Arc<App>) {
    let (settings, missing, due) = (app.settings.clone(), missing(app), is_due(app));
    if missing.is_empty() && !due || held(&app.mail).link.as_ref().is_none_or(Result::is_err) {
        return;
    }
    let answered = aside(move || wait(asked(&settings, missing, due))).await;
    let Ok(answers) = answered else { return };
    let mut mail = held(&app.mail);
    let before = (mail.licence.clone(), mail.notices.clone());
    let named = !answers.offices.is_empty();
    mail.offices.extend(answers.offices.into_iter().map(|office| (office.number, office)));
    if let Some((licence, notices)) = answers.rest {
        (mail.licence, mail.notices, mail.asked) = (licence, notices, Some((app.clock)()));
    }
    let changed = before != (mail.licence.clone(), mail.notices.clone());
    drop(mail);
    if named || changed {
        app.tell("all");
    }
}

/// Offices that stand somewhere without their name.
fn missing(app: &App) -> BTreeSet<OfficeNumber> {
    let letters = held(&app.letters);
    let routes = letters.drafts.values().chain(letters.rows.values()).filter_map(super::super::letters::Letter::route);
    let mut all: BTreeSet<OfficeNumber> = routes.flat_map(|(from, to)| [from, to]).collect();
    drop(letters);
    let mail = held(&app.mail);
    all.extend(mail.inbox.values().filter_map(|one| one.from));
    all.extend(mail.sent.values().filter_map(|one| one.to));
    all.extend(app.settings.office);
    all.retain(|office| !mail.offices.contains_key(office));
    all.into_iter().take(AT_ONCE).collect()
}

fn is_due(app: &App) -> bool {
    let now = (app.clock)();
    held(&app.mail).asked.is_none_or(|asked| now.duration_since(asked) >= GOOD)
}

/// One that is not answered hinders no other.
async fn asked(settings: &Settings, missing: BTreeSet<OfficeNumber>, due: bool) -> Result<Answers, Trouble> {
    let mut answers = Answers { offices: Vec::new(), rest: None };
    for office in missing {
        match register::office(settings, office).await {
            Ok(office) => answers.offices.push(office),
            // Not on the roll; another may be.
            Err(Trouble::Refused { .. }) => {}
            Err(_) => break,
        }
    }
    if due {
        let notices = register::notices(settings).await.unwrap_or_default();
        answers.rest = Some((register::licence(settings).await.ok(), notices));
    }
    Ok(answers)
}
