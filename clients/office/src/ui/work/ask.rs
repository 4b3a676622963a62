//! Asking the gateway's register: names of offices that stand in a list, our licence, the operator's notices.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use fumibako_model::{AgentId, FOUND, LicenceView, ListedAgent, OfficeNumber};
use jiff::SignedDuration;

use super::aside;
use crate::mailbox::Mailbox;
use crate::register::{self, Notice, Office};
use crate::settings::Settings;
use crate::ui::state::{App, held};
use crate::wait;

/// How long an answer is good.
const GOOD: SignedDuration = SignedDuration::from_mins(5);

/// What one round of questions was answered.
struct Answers {
    /// None: nobody answered.
    offices: Option<Vec<Office>>,
    /// The same.
    agents: Option<Vec<ListedAgent>>,
    rest: Option<(Option<LicenceView>, Vec<Notice>)>,
}

/// Asks for what is not known yet. Without an answer the screens show numbers, as before.
pub(in crate::ui) async fn register(app: &Arc<App>) {
    let (settings, missing, nameless, due) = (app.settings.clone(), missing(app), nameless(app), is_due(app));
    if missing.is_empty() && nameless.is_empty() && !due || held(&app.mail).link.as_ref().is_none_or(Result::is_err) {
        return;
    }
    let wanted = (missing.clone(), nameless.clone());
    let answered = aside(move || wait(async { Ok(asked(&settings, (&missing, &nameless), due).await) })).await;
    let Ok(answers) = answered else { return };
    let (now, mut mail) = ((app.clock)(), held(&app.mail));
    let before = (mail.licence.clone(), mail.notices.clone());
    let mut named = false;
    if let Some(offices) = answers.offices {
        // Whom the gateway does not know it is not asked about again and again.
        mail.asked_about.extend(wanted.0.into_iter().map(|office| (office, now)));
        named = offices.iter().any(|office| mail.offices.get(&office.number) != Some(office));
        mail.offices.extend(offices.into_iter().map(|office| (office.number, office)));
    }
    if let Some(agents) = answers.agents {
        mail.asked_agents.extend(wanted.1.into_iter().map(|agent| (agent.to_string(), now)));
        named |= agents.iter().any(|agent| mail.agents.get(agent.id.as_str()) != Some(&agent.name));
        mail.agents.extend(agents.into_iter().map(|agent| (agent.id.to_string(), agent.name)));
    }
    if let Some((licence, notices)) = answers.rest {
        (mail.licence, mail.notices, mail.asked) = (licence, notices, Some((app.clock)()));
    }
    let changed = before != (mail.licence.clone(), mail.notices.clone());
    drop(mail);
    if named || changed {
        app.tell("all");
    }
}

/// Offices that stand somewhere without their name, or with one that was told long ago; the others come with the next look.
fn missing(app: &App) -> BTreeSet<OfficeNumber> {
    let letters = held(&app.letters);
    let routes = letters.drafts.values().chain(letters.rows.values()).filter_map(super::super::letters::Letter::route);
    let mut all: BTreeSet<OfficeNumber> = routes.flat_map(|(from, to)| [from, to]).collect();
    drop(letters);
    let mail = held(&app.mail);
    all.extend(mail.inbox.values().filter_map(|one| one.from));
    all.extend(mail.sent.values().filter_map(|one| one.to));
    all.extend(app.settings.office);
    let now = (app.clock)();
    let is_good = |at: &jiff::Timestamp| now.duration_since(*at).abs() < GOOD;
    all.retain(|office| !mail.asked_about.get(office).is_some_and(is_good));
    all.into_iter().take(FOUND).collect()
}

/// Agents that acted for others, by the same rule.
fn nameless(app: &App) -> BTreeSet<AgentId> {
    let (mail, now) = (held(&app.mail), (app.clock)());
    let acted = mail.inbox.values().filter_map(|one| one.by.as_ref());
    let acted = acted.chain(mail.sent.values().filter_map(|one| one.by.as_ref()));
    let is_good = |at: &jiff::Timestamp| now.duration_since(*at).abs() < GOOD;
    let ours = |agent: &str| mail.mandates.all.as_ref().is_some_and(|all| all.agent_name(agent).is_some());
    let open = acted.filter(|agent| !ours(agent) && !mail.asked_agents.get(*agent).is_some_and(is_good));
    open.filter_map(|agent| agent.parse().ok()).take(FOUND).collect()
}

/// Tells the gateway that these notices were shown, so that they are new to nobody here after the next login.
pub(in crate::ui) async fn see_notices(app: Arc<App>, shown: HashSet<u64>) {
    let settings = app.settings.clone();
    let told = aside(move || {
        wait(async {
            let mut mailbox = Mailbox::open(&settings).await?;
            mailbox.see_notices(&shown).await?;
            mailbox.close().await;
            Ok(())
        })
    });
    if let Err(why) = told.await {
        tracing::debug!(%why, "ui.notices");
    }
}

/// A clock that was set back makes an answer old, too.
fn is_due(app: &App) -> bool {
    let now = (app.clock)();
    held(&app.mail).asked.is_none_or(|asked| now.duration_since(asked).abs() >= GOOD)
}

/// One that is not answered hinders no other.
async fn asked(
    settings: &Settings,
    (missing, nameless): (&BTreeSet<OfficeNumber>, &BTreeSet<AgentId>),
    due: bool,
) -> Answers {
    let mut answers = Answers { offices: None, agents: None, rest: None };
    if !missing.is_empty() {
        answers.offices = register::offices(settings, missing).await.ok();
    }
    if !nameless.is_empty() {
        answers.agents = register::agents(settings, nameless).await.ok();
    }
    if due {
        let notices = register::notices(settings).await.unwrap_or_default();
        answers.rest = Some((register::licence(settings).await.ok(), notices));
    }
    answers
}
