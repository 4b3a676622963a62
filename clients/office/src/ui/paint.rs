//! From values to what screens are drawn from: frames, times, words.

use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, OfficeNumber, Scope};
use fumibako_web::part::{Party, Words};
use fumibako_web::{Counts, Frame};
use jiff::Timestamp;

pub(super) use crate::nights::days;

use super::letters::Fate;
use super::session::Session;
use super::state::{App, held};
use crate::licence::{Advice, At, advice, is_about_ours};

/// What stands around a page.
pub(super) fn frame(app: &App, session: &Session, here: &str) -> Frame {
    let office = app.settings.office;
    Frame {
        lang: session.lang,
        size: session.size,
        number: app.settings.party().map(|party| party.to_string()).unwrap_or_default(),
        name: match &app.settings.agent {
            Some(agent) => held(&app.mail).agent_name(agent.as_str()),
            None => office.and_then(|office| app.name_of(office)),
        },
        link: app.link(session.lang),
        counts: counts(app),
        csrf: session.csrf.clone(),
        toast: session.toast.clone(),
        may_send: super::account::may(app, Scope::Send),
        may_receive: super::account::may(app, Scope::Receive),
        agent: app.settings.agent.is_some(),
        principals: super::offices::principals(app, session),
        here: here.to_owned(),
        idle_seconds: app.settings.idle_seconds,
    }
}

fn counts(app: &App) -> Counts {
    let (inbox, sent) = held(&app.mail).counts();
    let letters = held(&app.letters);
    let failed = letters.rows.values().filter(|row| matches!(row.fate, Fate::Failed(_))).count();
    Counts {
        inbox,
        sent,
        drafts: super::show::compose::newest(&letters.drafts).len(),
        batch: letters.rows.len(),
        failed,
    }
}

/// Name and number of an office.
pub(super) fn party(app: &App, office: OfficeNumber) -> Party {
    let regional = held(&app.mail).offices.get(&office).is_some_and(|known| known.details.regional);
    Party { number: office.to_string(), name: app.name_of(office), regional }
}

/// The agent that acted, by its name if it is known.
pub(super) fn by_name(app: &App, agent: Option<&String>) -> Option<String> {
    agent.map(|agent| held(&app.mail).agent_name(agent).unwrap_or_else(|| agent.clone()))
}

/// The same with its id behind: 「かわら事務代行（kawara）」
pub(super) fn by_name_and_id(app: &App, agent: Option<&String>, lang: Lang) -> Option<String> {
    let agent = agent?;
    let named = |name: String| lang.pick(format!("{name}（{agent}）"), format!("{name} ({agent})"));
    Some(held(&app.mail).agent_name(agent).map_or_else(|| agent.clone(), named))
}

/// 「1311111111 ひまわり訪問介護ステーション」
pub(super) fn party_line(app: &App, office: OfficeNumber) -> String {
    app.name_of(office).map_or_else(|| office.to_string(), |name| format!("{office} {name}"))
}

/// `2026/11/23 09:15`, in Japan.
pub(super) fn moment(at: Timestamp) -> String {
    JAPAN.to_datetime(at).strftime("%Y/%m/%d %H:%M").to_string()
}

/// `2026/11/23`, in Japan.
pub(super) fn day(at: Timestamp) -> String {
    JAPAN.to_datetime(at).strftime("%Y/%m/%d").to_string()
}

/// Words of the office's program as screens show them.
pub(super) fn words(words: &crate::trouble::Words) -> Words {
    let marks: Vec<String> = words.code.map(str::to_owned).into_iter().chain(words.reference.clone()).collect();
    Words { what: words.what.clone(), next: words.next.clone(), code: (!marks.is_empty()).then(|| marks.join(" ")) }
}

/// Why something was not sent. Where our own licence is the reason, what stands behind it and what to do about it is told, as far as
/// that is known now.
pub(super) fn refusal(app: &App, both: &(Words, Words), lang: Lang) -> Words {
    let words = pick(both, lang);
    let code = words.code.as_deref().and_then(|code| code.split(' ').next()).unwrap_or_default();
    if !is_about_ours(code) {
        return words;
    }
    let known = held(&app.mail).licence.as_ref().map(advice).unwrap_or_default();
    match known.into_iter().find(Advice::stops) {
        Some(advice) => Words { next: advice.line(At::Screen, lang), ..words },
        None => words,
    }
}

/// Those in the language of a page.
pub(super) fn pick(both: &(Words, Words), lang: Lang) -> Words {
    lang.pick(&both.0, &both.1).clone()
}
