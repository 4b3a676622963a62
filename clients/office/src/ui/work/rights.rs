//! Mandates, as the gateway told last: what an agent may look at, and who acts for an office. What ended is forgotten at once,
//! though it was read while it lasted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fumibako_model::{Act, OfficeNumber, Party, Scope};
use jiff::{SignedDuration, Timestamp};

use super::aside;
use super::look::Mail;
use crate::mandates::Mandates;
use crate::trouble::Trouble;
use crate::ui::state::{App, held};

/// A page waits so long for the gateway's word; after it, what was known last counts.
const PAGE_WAITS: Duration = Duration::from_secs(3);
/// An office asks again after so long: its agents change seldom, and decide nothing here.
const GOOD: SignedDuration = SignedDuration::from_mins(5);

/// Questions in the order in which they were asked: an answer that was overtaken counts no more.
static QUESTIONS: AtomicU64 = AtomicU64::new(0);

/// What is known.
#[derive(Debug, Default)]
pub(in crate::ui) struct Held {
    /// None: nobody was told yet.
    pub(in crate::ui) all: Option<Arc<Mandates>>,
    asked: Option<Timestamp>,
    question: u64,
}

/// Asks as often as lists are looked at: an agent always, an office now and then.
pub(in crate::ui) async fn ask(app: &Arc<App>) {
    let now = (app.clock)();
    let due = held(&app.mail).mandates.asked.is_none_or(|asked| now.duration_since(asked) >= GOOD);
    if due || app.settings.agent.is_some() {
        // Why the gateway does not answer, the look at the mailbox says.
        let _ = ask_now(app).await;
    }
}

/// Before an agent is shown anything: revoked a second ago is revoked (Profile §15.10).
pub(in crate::ui) async fn ask_for_page(app: &Arc<App>) {
    let offline = matches!(&held(&app.mail).link, Some(Err(why)) if why.network);
    if !offline {
        let _ = tokio::time::timeout(PAGE_WAITS, ask_now(app)).await;
    }
    held(&app.mail).forget((app.clock)());
}

/// Asks the gateway. One that refuses to tell lets nobody act.
pub(in crate::ui) async fn ask_now(app: &Arc<App>) -> Result<(), Trouble> {
    let (settings, now) = (app.settings.clone(), (app.clock)());
    let question = QUESTIONS.fetch_add(1, Ordering::Relaxed) + 1;
    let told = aside(move || Mandates::ours(&settings)).await;
    let (all, told) = match told {
        Ok(all) => (Some(Arc::new(all)), Ok(())),
        Err(why @ Trouble::Refused { .. }) => (Some(Arc::default()), Err(why)),
        Err(why) => (None, Err(why)),
    };
    let mut mail = held(&app.mail);
    let Some(all) = all.filter(|_| question > mail.mandates.question) else { return told };
    let changed = mail.mandates.all.as_ref() != Some(&all);
    mail.mandates = Held { all: Some(all), asked: Some(now), question };
    mail.forget(now);
    drop(mail);
    if changed {
        // What was revoked is not taken up by the next run, either.
        app.keep_mail();
        app.tell("rights");
    }
    told
}

impl Mail {
    /// May an agent look into this office's folder of arrivals, or of what was sent?
    fn opens(&self, office: OfficeNumber, scopes: &[Scope], now: Timestamp) -> bool {
        let all = self.mandates.all.as_ref();
        all.is_some_and(|all| scopes.iter().any(|scope| all.allow(office, Act::Any(*scope), now).is_ok()))
    }

    /// Lets go of what no mandate opens any more (Profile §9.9).
    pub(in crate::ui) fn forget(&mut self, now: Timestamp) {
        let shut = |offices: BTreeSet<OfficeNumber>, scopes: &[Scope]| -> BTreeSet<OfficeNumber> {
            offices.into_iter().filter(|office| !self.opens(*office, scopes, now)).collect()
        };
        let inbox = shut(self.inbox.keys().filter_map(|spot| spot.of).collect(), &[Scope::Receive]);
        let sent = shut(self.sent.keys().filter_map(|spot| spot.of).collect(), &[Scope::Send, Scope::Status]);
        self.inbox.retain(|spot, _| spot.of.is_none_or(|office| !inbox.contains(&office)));
        self.sent.retain(|spot, _| spot.of.is_none_or(|office| !sent.contains(&office)));
    }

    /// 事業所名, from the directory or from the list of mandates.
    pub(in crate::ui) fn name_of(&self, office: OfficeNumber) -> Option<String> {
        let known = self.offices.get(&office).map(|known| known.name.clone());
        known.or_else(|| self.mandates.all.as_ref()?.office_name(office).map(str::to_owned))
    }

    /// 代行業者の名称, from the list of mandates or from the roll.
    pub(in crate::ui) fn agent_name(&self, agent: &str) -> Option<String> {
        let ours = self.mandates.all.as_ref().and_then(|all| all.agent_name(agent).map(str::to_owned));
        ours.or_else(|| self.agents.get(agent).cloned())
    }
}

/// Whom an agent may act for in any way, by number; an office acts for itself.
pub(in crate::ui) fn principals(app: &App) -> BTreeSet<OfficeNumber> {
    match app.settings.party() {
        Ok(Party::Agent(_)) => held(&app.mail).mandates.all.as_ref().map(|all| all.all_offices()).unwrap_or_default(),
        _ => BTreeSet::new(),
    }
}
