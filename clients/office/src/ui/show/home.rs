//! ホーム (HM).

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use fumibako_careplan::Lang;
use fumibako_model::{BundleFacts, State as How};
use fumibako_web::page::{self, Available, Home, Lost, Notice, Soon, State as Line};
use fumibako_web::part::{Party, Words};
use fumibako_web::text::{count, say, say_with};
use jiff::Timestamp;

use super::licence::lines as licence_lines;
use super::{Here, Shared, html};
use crate::licence::{Advice, At, advice};
use crate::lost::is_told;
use crate::ui::account::{stops, warnings};
use crate::ui::paint::{day, days, moment, party, pick};
use crate::ui::state::{App, held};
use crate::ui::work::ask::see_notices;
use crate::ui::work::look::{Content, Gone};

/// The certificate's end is told from so many days before (HM-09).
const WARN_DAYS: i64 = 60;
/// Data is said to go soon when so many days are left (HM-08).
const SOON_DAYS: i64 = 5;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/", get(home))
}

async fn home(State(app): Shared, here: Here) -> Response {
    // Here the notices are read: none of them is older than an answer is good.
    app.ask.notify_one();
    let lang = here.lang();
    let (line, lost, soon_lost) = certificate(&app, lang);
    let (stopping, due) = licence_words(&app, lang);
    let stopping: Vec<Words> = stops(&app, lang).into_iter().chain(stopping).chain(lost).collect();
    let available = available(&app, lang, &stopping);
    // The line above says the first of them already.
    let told = |words: &Words| matches!(&available, Available::No(first) if first == words);
    let rest = stopping.into_iter().filter(|words| !told(words));
    let view = Home {
        warnings: rest.chain(warnings(&app, lang)).chain(due).chain(soon_lost).collect(),
        available,
        soon: soon(&app),
        lost: expired(&app, lang),
        missing: missing(&app, lang),
        notices: notices(&app, &here),
        states: states(&app, lang, line),
    };
    html(page::home(&here.frame(&app), &view))
}

/// Why nothing can be sent, and what else is to be done about the licence.
fn licence_words(app: &App, lang: Lang) -> (Vec<Words>, Vec<Words>) {
    let mail = held(&app.mail);
    // Whose office is stopped is told so already.
    let told = mail.ours.view.as_ref().is_some_and(|view| view.office.suspended.is_some());
    let all = mail.licence.as_ref().map(advice).unwrap_or_default();
    let words = |one: &Advice| Words { what: one.what(lang), next: one.next(At::Screen, lang), code: None };
    let stops = all.iter().filter(|one| one.stops() && !(told && matches!(one, Advice::Stopped(_))));
    let due = all.iter().filter(|one| !one.stops() && one.is_to_do());
    (stops.map(words).collect(), due.map(words).collect())
}

/// HM-05, HM-06: newest first.
fn notices(app: &Arc<App>, here: &Here) -> Vec<Notice> {
    let mut known = held(&app.mail).notices.clone();
    known.sort_by_key(|notice| std::cmp::Reverse(notice.from));
    let session = &here.session;
    let unread = |id, seen: bool| (here.live && session.fresh.contains(&id)) || (!seen && !session.read.contains(&id));
    let told = known.iter().map(|notice| Notice {
        day: day(notice.from),
        stop: notice.kind == "maintenance",
        kind: here.say(match notice.kind.as_str() {
            "maintenance" => "notice-stop",
            "important" => "notice-important",
            "licence" => "state-licence",
            _ => "notice-other",
        }),
        title: notice.title.clone(),
        body: notice.body.clone(),
        unread: unread(notice.id, notice.seen),
    });
    let told: Vec<Notice> = told.collect();
    if !here.live {
        let fresh = known.iter().filter(|notice| unread(notice.id, notice.seen)).map(|notice| notice.id);
        let fresh: HashSet<u64> = fresh.collect();
        if !fresh.is_empty() {
            tokio::spawn(see_notices(app.clone(), fresh.clone()));
        }
        app.sessions.with(&here.id, |session| {
            session.read.extend(known.iter().map(|notice| notice.id));
            session.fresh = fresh;
        });
    }
    told
}

/// HM-06, Profile §18.7: a stop that is near, for the screens that send.
pub(super) fn stop(app: &App, lang: Lang) -> Option<String> {
    let now = (app.clock)();
    let mail = held(&app.mail);
    let near = mail.notices.iter().filter(|notice| notice.is_near(now));
    let first = near.min_by_key(|notice| notice.stop_from.unwrap_or(notice.from))?;
    Some(match first.stop_from.zip(first.stop_until) {
        Some((from, until)) => {
            say_with(lang, "stop-near", &[("from", moment(from).into()), ("until", moment(until).into())]).into_owned()
        }
        None => first.title.clone(),
    })
}

/// HM-03, HM-04: a stop that is under way, what the last look at the gateway found, and what else keeps this office from sending.
fn available(app: &App, lang: Lang, stopping: &[Words]) -> Available {
    let now = (app.clock)();
    let mail = held(&app.mail);
    if let Some(stop) = mail.notices.iter().find(|notice| notice.is_running(now)) {
        let until = stop.stop_until.map(|until| moment(until).into());
        let what = match until {
            Some(until) => say_with(lang, "stop-now", &[("until", until)]).into_owned(),
            None => stop.title.clone(),
        };
        return Available::Stopped(Words { what, next: say(lang, "stop-now-next").into_owned(), code: None });
    }
    match (&mail.link, stopping.first()) {
        (Some(Err(why)), _) => Available::No(pick(&why.words, lang)),
        (_, Some(words)) => Available::No(words.clone()),
        (None, None) => Available::Asking,
        (Some(Ok(())), None) => Available::Yes,
    }
}

fn soon(app: &App) -> Vec<Soon> {
    let now = (app.clock)();
    let mail = held(&app.mail);
    let new = mail.inbox.values().filter(|one| one.is_new());
    let near = new.filter_map(|one| {
        let days = one.days_left(now).filter(|days| (0..=SOON_DAYS).contains(days))?;
        let number = one.from.map_or_else(|| "?".into(), |office| office.to_string());
        let known = one.from.and_then(|office| mail.offices.get(&office));
        let (name, regional) =
            (known.map(|known| known.name.clone()), known.is_some_and(|known| known.details.regional));
        Some(Soon { from: Party { number, name, regional }, arrived: day(one.at), days })
    });
    near.collect()
}

/// HM-08: what expired before the other side, or this one, fetched it. What was sent is told until the same was sent once more.
fn expired(app: &App, lang: Lang) -> Vec<Lost> {
    let now = (app.clock)();
    let (sent, inbox) = {
        let mail = held(&app.mail);
        (mail.sent.clone(), mail.inbox.clone())
    };
    let lately = |until: Option<Timestamp>| until.is_some_and(|until| is_told(until, now));
    let again = |one: &Gone| sent.values().any(|other| other.went().repeats(&one.went()));
    let sent_lost = sent.values().filter(|one| one.state == Some(How::Expired) && lately(one.until) && !again(one));
    let to = sent_lost.map(|one| (one.at, line_of(app, one, lang)));
    let came = inbox.values().filter(|one| one.is_lost() && lately(one.until));
    let from = came.map(|one| {
        let (party, at) = (party_or(app, one.from), day(one.at));
        (one.at, Lost { sent: false, unopened: false, party, at, what: String::new() })
    });
    let mut all: Vec<_> = to.chain(from).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    all.into_iter().map(|(_, one)| one).collect()
}

/// What the gateway answered for, and has no record of any more (Profile §15.9), the latest first. A row of the last look is told no longer
/// once the same went again.
fn missing(app: &App, lang: Lang) -> Vec<Lost> {
    let sent = held(&app.mail).sent.clone();
    let again = |one: &Gone| sent.values().any(|other| other.went().repeats(&one.went()));
    let mut all: Vec<&Gone> = sent.values().filter(|one| one.content == Content::Missing && !again(one)).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    all.into_iter().map(|one| line_of(app, one, lang)).collect()
}

/// What was sent, with its kinds and month.
fn line_of(app: &App, one: &Gone, lang: Lang) -> Lost {
    let facts = one.facts.as_ref();
    let what = [facts.map(|facts| facts.kinds(lang)), facts.and_then(BundleFacts::year_month)];
    let what = what.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    Lost { sent: true, unopened: one.fault.is_some(), party: party_or(app, one.to), at: day(one.at), what }
}

fn states(app: &App, lang: Lang, certificate: Line) -> Vec<Line> {
    let mail = held(&app.mail);
    let term = |id: &str| say(lang, id).into_owned();
    let checked = mail.checked.map_or_else(|| term("not-yet"), moment);
    let licence = mail.licence.clone();
    drop(mail);
    let licence = licence.map(|licence| licence_lines(&licence, lang)).unwrap_or_default();
    let mut lines: Vec<Line> = licence.into_iter().take(3).collect();
    lines.extend([
        certificate,
        Line { term: term("state-checked"), value: checked, mark: None },
        Line { term: term("state-folder"), value: app.save_folder().display().to_string(), mark: None },
    ]);
    lines
}

/// The certificate's line; why nothing can be signed; that it ends soon.
fn certificate(app: &App, lang: Lang) -> (Line, Option<Words>, Option<Words>) {
    let (now, term) = ((app.clock)(), say(lang, "state-certificate").into_owned());
    let identity = match app.settings.signer(now) {
        Ok(identity) => identity,
        Err(trouble) => {
            let words = pick(&crate::ui::state::both(&trouble), lang);
            let line = Line { term, value: String::new(), mark: Some(("bad", say(lang, "doctor-bad").into_owned())) };
            return (line, Some(words), None);
        }
    };
    let end: Timestamp = identity.certificate().not_after();
    let left = days(now, end);
    let value = say_with(lang, "until-day", &[("day", day(end).into())]).into_owned();
    let near = left <= WARN_DAYS;
    let class = if left <= 7 { "bad" } else { "warn" };
    let mark = near.then(|| (class, fumibako_web::text::days(lang, left.max(0)).into_owned()));
    let words = near.then(|| Words {
        what: count(lang, "certificate-soon", usize::try_from(left).unwrap_or_default()).into_owned(),
        next: say(lang, "certificate-soon-next").into_owned(),
        code: None,
    });
    (Line { term, value, mark }, None, words)
}

/// For other screens: an office that may be unknown.
pub(super) fn party_or(app: &App, office: Option<fumibako_model::OfficeNumber>) -> Party {
    office.map_or_else(|| Party { number: "?".into(), ..Party::default() }, |office| party(app, office))
}
