//! ホーム (HM): is it working, what needs doing, what is new, how the office stands.

use maud::{Markup, html};

use crate::frame::{Frame, Tab, page};
use crate::part::{Mood, Party, Words, chip, panel};
use crate::text::{count, say_with};

/// Can the system be used (HM-03, HM-04)?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Available {
    /// 利用可能です。
    Yes,
    /// Not known yet.
    Asking,
    /// 利用できません, with the reason.
    No(Words),
    /// 停止中, until when, and what to do.
    Stopped(Words),
}

/// Data that will go soon (HM-08).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Soon {
    /// From whom.
    pub from: Party,
    /// When it arrived, as people write it.
    pub arrived: String,
    /// Days left.
    pub days: i64,
}

/// Data that nobody fetched in time, and that is deleted (HM-08).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Was it sent from here?
    pub sent: bool,
    /// Had the other side fetched it, and could not open it?
    pub unopened: bool,
    /// The other side.
    pub party: Party,
    /// When it was sent or arrived, as people write it.
    pub at: String,
    /// Kinds and month, as far as they are known here.
    pub what: String,
}

/// A notice of the operator (HM-05, HM-06).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its day.
    pub day: String,
    /// Is it about a stop?
    pub stop: bool,
    /// The word for its kind.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its body.
    pub body: String,
    /// Not read yet?
    pub unread: bool,
}

/// One line about the office (HM-09).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What.
    pub term: String,
    /// How it stands.
    pub value: String,
    /// A chip: its class and word.
    pub mark: Option<(&'static str, String)>,
}

/// What the home page shows.
#[derive(Clone, Debug)]
pub struct Home {
    /// Can the system be used?
    pub available: Available,
    /// What goes soon.
    pub soon: Vec<Soon>,
    /// What went lately before anybody fetched it, the latest first.
    pub lost: Vec<Lost>,
    /// What was sent and of which the gateway has no record any more, the latest first.
    pub missing: Vec<Lost>,
    /// Notices.
    pub notices: Vec<Notice>,
    /// How the office stands.
    pub states: Vec<State>,
    /// What to look at before anything else, such as a certificate that ends soon.
    pub warnings: Vec<Words>,
}

/// The page.
pub fn home(frame: &Frame, home: &Home) -> Markup {
    let main = html! {
        h1.vh { (frame.say("home")) }
        div #state data-live="link notices all" { (available(frame, &home.available)) }
        div #soon data-live="inbox all" { (soon(frame, &home.soon)) }
        div #lost data-live="inbox sent all" { (missing(frame, &home.missing)) (lost(frame, &home.lost)) }
        @for (at, words) in home.warnings.iter().enumerate() {
            (panel(Mood::Warn, &format!("warning-{at}"), &words.what, &html! { p { (words.next) } }))
        }
        (doors(frame))
        div.halves {
            section { h2 { (frame.say("notices")) } (notices(frame, &home.notices)) }
            section {
                h2 { (frame.say("office-state")) }
                dl #office.facts data-live="link all" {
                    @for state in &home.states {
                        div {
                            dt { (state.term) }
                            dd { (state.value) " " @if let Some((class, word)) = &state.mark { (chip(class, None, word)) } }
                        }
                    }
                }
                p.small { button.small type="button" data-notify=(frame.say("notify-me")) data-quiet=(frame.say("notify-no")) data-scripted hidden { (frame.say("notify-me")) } }
            }
        }
    };
    page(frame, Tab::Home, &frame.say("home"), main)
}

fn available(frame: &Frame, available: &Available) -> Markup {
    match available {
        Available::Yes => {
            panel(Mood::Good, "available", &frame.say("available"), &html! { p { (frame.say("available-now")) } })
        }
        Available::Asking => {
            panel(Mood::News, "available", &frame.say("asking"), &html! { p { (frame.say("asking-more")) } })
        }
        Available::No(words) => unavailable(frame, "unavailable", words),
        Available::Stopped(words) => unavailable(frame, "stop-now-title", words),
    }
}

fn unavailable(frame: &Frame, title: &str, words: &Words) -> Markup {
    let code = html! { @if let Some(code) = &words.code { " （" (code) "）" } };
    let body = html! { p { (words.what) } p { (words.next) (code) } };
    panel(Mood::Bad, "available", &frame.say(title), &body)
}

fn soon(frame: &Frame, soon: &[Soon]) -> Markup {
    if soon.is_empty() {
        return html! {};
    }
    let line = |one: &Soon| {
        let name = one.from.name.as_ref().unwrap_or(&one.from.number).clone();
        let values = [("name", name.into()), ("day", one.arrived.clone().into()), ("count", one.days.into())];
        say_with(frame.lang, if one.days > 0 { "soon-line" } else { "soon-line-now" }, &values)
    };
    let body = html! {
        @for one in soon { p { (line(one)) } }
        a.button.small href="/inbox?show=new" { (frame.say("soon-go")) }
    };
    panel(Mood::Warn, "soon-gone", &frame.say("soon-title"), &body)
}

/// So many of them are told one by one.
const LOST: usize = 5;

/// HM-08: what went before anybody fetched it, who lost what, and how it comes all the same.
fn lost(frame: &Frame, lost: &[Lost]) -> Markup {
    let side = |sent: bool| {
        let of: Vec<&Lost> = lost.iter().filter(|one| one.sent == sent).collect();
        let (words, address) = if sent { (&EXPIRED_SENT, "/sent") } else { (&EXPIRED_HERE, "/inbox") };
        told(frame, &of, words, address)
    };
    html! {
        @if !lost.is_empty() {
            (panel(Mood::Bad, "lost-gone", &frame.say("lost-title"), &html! { (side(true)) (side(false)) }))
        }
    }
}

/// What the gateway has no record of, though it answered for it.
fn missing(frame: &Frame, missing: &[Lost]) -> Markup {
    let body = told(frame, &missing.iter().collect::<Vec<_>>(), &MISSING, "/sent");
    html! { @if !missing.is_empty() { (panel(Mood::Bad, "missing", &frame.say("missing-title"), &body)) } }
}

/// How it is told of data that is lost: of one, of those past [`LOST`], what to do, where to look.
struct Tells {
    line: &'static str,
    more: &'static str,
    next: &'static str,
    go: &'static str,
}

const EXPIRED_SENT: Tells = Tells { line: "lost-sent", more: "lost-more", next: "lost-sent-next", go: "lost-sent-go" };
const EXPIRED_HERE: Tells =
    Tells { line: "lost-inbox", more: "lost-more", next: "lost-inbox-next", go: "lost-inbox-go" };
const MISSING: Tells = Tells { line: "missing-sent", more: "missing-more", next: "missing-next", go: "lost-sent-go" };

fn told(frame: &Frame, lost: &[&Lost], words: &Tells, address: &str) -> Markup {
    let line = |one: &Lost| {
        let name = one.party.name.as_ref().unwrap_or(&one.party.number).clone();
        let line = if one.unopened { "lost-sent-unopened" } else { words.line };
        say_with(frame.lang, line, &[("name", name.into()), ("day", one.at.clone().into())]).into_owned()
    };
    html! {
        @if !lost.is_empty() {
            ul { @for one in lost.iter().take(LOST) {
                li { (line(one)) @if !one.what.is_empty() { " " span.small { "（" (one.what) "）" } } }
            } }
            @if lost.len() > LOST { p { (count(frame.lang, words.more, lost.len() - LOST)) } }
            p { (frame.say(words.next)) }
            p { a.button.small href=(address) { (frame.say(words.go)) } }
        }
    }
}

/// HM-02, HM-07: the six entries again, large, with what waits behind each.
fn doors(frame: &Frame) -> Markup {
    let tally = |tab: Tab| match tab {
        Tab::Inbox => Some(("door-inbox", frame.counts.inbox)),
        Tab::Sent => Some(("door-sent", frame.counts.sent)),
        Tab::Drafts => Some(("door-drafts", frame.counts.drafts)),
        Tab::Batch => Some(("door-batch", frame.counts.batch)),
        _ => None,
    };
    let why = |tab: Tab| if tab == Tab::New { frame.say("door-compose") } else { frame.say("door-home") };
    html! {
        nav #doors.doors aria-label=(frame.say("doors")) data-live="counts inbox sent drafts batch all" {
            @for (tab, address, id, icon, sends) in Tab::MENU {
                @if frame.offers(tab, sends) {
                    // This page once more: it is asked anew how everything stands.
                    a href=(address) aria-current=[(tab == Tab::Home).then_some("page")] {
                        (icon.draw())
                        @if let Some((what, many)) = tally(tab) {
                            span.tally { (frame.say(what)) " " span.many { b { (many) } (count(frame.lang, "items", many)) } }
                        } @else {
                            span { (why(tab)) }
                        }
                        span.name { (frame.say(id)) }
                    }
                }
            }
        }
        @if frame.counts.failed > 0 {
            p { a href="/batch" { (count(frame.lang, "failed-go", frame.counts.failed)) } }
        }
    }
}

fn notices(frame: &Frame, notices: &[Notice]) -> Markup {
    html! {
        @if notices.is_empty() { p.hint { (frame.say("no-notices")) } }
        ul #notices.news data-live="notices all" {
            @for notice in notices {
                li {
                    details {
                        summary {
                            time { (notice.day) }
                            (chip(if notice.stop { "warn" } else { "" }, Some(if notice.stop { crate::Icon::Warning } else { crate::Icon::Info }), &notice.kind))
                            @if notice.unread { b { (notice.title) } (chip("fresh", None, &frame.say("unread"))) } @else { span { (notice.title) } }
                        }
                        p { (notice.body) }
                    }
                }
            }
        }
    }
}
