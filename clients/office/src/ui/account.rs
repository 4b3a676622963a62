//! The user ID behind the screens: what it may do (LG-06), whether its password opens anything (LG-08), why it is stopped.

use std::sync::Arc;

use fumibako_careplan::Lang;
use fumibako_model::{AccountView, Refusal, Role, Scope};
use fumibako_web::part::Words;
use fumibako_web::text::{count, say, say_with};
use jiff::{SignedDuration, Timestamp};

use super::paint::day;
use super::state::{App, held};
use super::work::aside;
use crate::account;
use crate::wait;

/// How long an answer is good while nothing is refused.
const GOOD: SignedDuration = SignedDuration::from_mins(5);

/// What the gateway said of it last.
#[derive(Clone, Debug, Default)]
pub(super) struct Ours {
    /// How it stands.
    pub(super) view: Option<AccountView>,
    /// The password of the settings is not its password any more.
    pub(super) elsewhere: bool,
    asked: Option<Timestamp>,
}

impl Ours {
    /// LG-08: what has to be done before anything else.
    fn first(&self) -> Option<Why> {
        if self.elsewhere {
            return Some(Why::Elsewhere);
        }
        match self.view.as_ref()?.password.state.as_str() {
            "temporary" => Some(Why::Temporary),
            "expired" => Some(Why::Expired),
            "lapsed" => Some(Why::Lapsed),
            _ => None,
        }
    }
}

/// Why no other page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Temporary,
    Expired,
    Lapsed,
    Elsewhere,
}

/// Asks how it stands, where that is not known or something is refused.
pub(super) async fn ask(app: &Arc<App>) {
    let now = (app.clock)();
    let due = {
        let mail = held(&app.mail);
        let refused = mail.link.as_ref().is_some_and(Result::is_err);
        // A look that is let in again does not say that the way is free: only the next answer does.
        refused
            || mail.ours.first().is_some()
            || mail.ours.asked.is_none_or(|asked| now.duration_since(asked).abs() >= GOOD)
    };
    if !due {
        return;
    }
    let settings = app.settings.clone();
    let answered = aside(move || wait(account::view(&settings))).await;
    let mut mail = held(&app.mail);
    let before = (mail.ours.view.clone(), mail.ours.elsewhere);
    match answered {
        Ok(view) => mail.ours = Ours { view: Some(view), elsewhere: false, asked: Some(now) },
        Err(why) if why.refusal() == Some(Refusal::WrongPassword) => mail.ours.elsewhere = true,
        // What was known stays.
        Err(_) => {}
    }
    let changed = before != (mail.ours.view.clone(), mail.ours.elsewhere);
    drop(mail);
    if changed {
        app.tell("all");
    }
}

/// The role; whoever was not asked about yet may try everything, and the gateway decides.
pub(super) fn may(app: &App, scope: Scope) -> bool {
    held(&app.mail).ours.view.as_ref().map_or(Role::default(), |view| view.role).allows(scope)
}

/// LG-08: what has to be done before anything else.
pub(super) fn first(app: &App) -> Option<Why> {
    held(&app.mail).ours.first()
}

impl Why {
    /// In plain words.
    pub(super) fn say(self, lang: Lang) -> String {
        let words = match self {
            Self::Temporary => say(lang, "password-temporary"),
            Self::Expired => say(lang, "password-expired"),
            Self::Lapsed => say(lang, "password-lapsed"),
            Self::Elsewhere => say(lang, "password-elsewhere"),
        };
        words.into_owned()
    }
}

/// Who is stopped and why: nothing can be sent or fetched.
pub(super) fn stops(app: &App, lang: Lang) -> Vec<Words> {
    let view = held(&app.mail).ours.view.clone();
    let Some(view) = view else { return Vec::new() };
    let stopped = |id: &str, why: &Option<String>| {
        why.as_ref().map(|why| Words {
            what: say_with(lang, id, &[("why", why.as_str().into())]).into_owned(),
            next: say(lang, "stopped-next").into_owned(),
            code: None,
        })
    };
    let all = [stopped("account-stopped", &view.suspended), stopped("office-stopped", &view.office.suspended)];
    all.into_iter().flatten().collect()
}

/// What home says before it is too late: a password that ends soon, passwords for other programs that are gone.
pub(super) fn warnings(app: &App, lang: Lang) -> Vec<Words> {
    let view = held(&app.mail).ours.view.clone();
    let Some(view) = view else { return Vec::new() };
    let ends = view.password.until.filter(|_| view.password.state == "soon").map(|until| Words {
        what: say_with(lang, "password-soon", &[("day", day(until).into())]).into_owned(),
        next: say(lang, "password-soon-next").into_owned(),
        code: None,
    });
    let gone = usize::try_from(view.password.withdrawn).ok().filter(|gone| *gone > 0).map(|gone| Words {
        what: count(lang, "apps-withdrawn", gone).into_owned(),
        next: say(lang, "apps-withdrawn-next").into_owned(),
        code: None,
    });
    [ends, gone].into_iter().flatten().collect()
}

/// The password was changed here: what was known of it is not so any more.
pub(super) fn forget(app: &App) {
    held(&app.mail).ours = Ours::default();
    app.look.notify_one();
}
