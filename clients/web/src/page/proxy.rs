//! 委任 (PX-07, PX-08): who acts for whom, for what and until when. An office grants and revokes, an agent confirms.

mod grant;

use maud::{Markup, html};

use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{Mood, Party, Standing, Words, panel, party, standing, title, trouble};
use crate::text::say_with;

pub use grant::{Choice, Grant};

/// A mandate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MandateLine {
    /// 委任番号.
    pub id: String,
    /// The other party: the office, where an agent looks, else the agent.
    pub other: Party,
    /// What it allows.
    pub scopes: String,
    /// What it is limited to; empty: to nothing.
    pub limits: String,
    /// Its first and last day.
    pub from: String,
    /// Its last day; it still counts.
    pub until: String,
    /// How it stands.
    pub standing: Standing,
    /// The same in a word.
    pub word: String,
    /// Is it from paper?
    pub paper: bool,
    /// Does it wait for whoever looks?
    pub may_confirm: bool,
    /// Can it be revoked?
    pub may_revoke: bool,
}

/// What is asked before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To grant it: these fields say the same once more.
    Grant(Vec<(String, String)>),
    /// To confirm this mandate.
    Confirm(String),
    /// To revoke this mandate.
    Revoke(String),
}

/// The dialog: what it says, and what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskMandate {
    /// What.
    pub what: Asked,
    /// The words of the mandate.
    pub facts: Vec<(String, String)>,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Proxy {
    /// The mandates, by the other party.
    pub rows: Vec<MandateLine>,
    /// Why the last step was not done, or the list is not here.
    pub trouble: Option<Words>,
    /// The fields of a new one; none, where an agent looks.
    pub grant: Option<Grant>,
    /// What agents did; none, where an agent looks.
    pub acts: Option<Acts>,
    /// The dialog, if it is open.
    pub ask: Option<AskMandate>,
}

/// 代行の記録.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    /// When, who, what; newest first.
    pub rows: Vec<[String; 3]>,
    /// Where older ones are.
    pub older: Option<String>,
    /// What of it could not be asked for now.
    pub known: Known,
}

/// How far the gateway told what is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Just now.
    #[default]
    Now,
    /// At this moment, and it does not answer now.
    Since(String),
    /// Never yet: what is shown is what stands in the list of what was sent.
    SentAlone,
    /// Older ones were asked for, and it does not answer.
    NotThese,
}

/// The page.
pub fn proxy(frame: &Frame, view: &Proxy) -> Markup {
    let hint = frame.say(if frame.agent { "mandates-hint-agent" } else { "mandates-hint" });
    let waits = view.rows.iter().filter(|row| row.may_confirm).count();
    let main = html! {
        (title(&frame.say("mandates"), &html! { (hint) }))
        @if let Some(words) = &view.trouble { (trouble("trouble", words)) }
        @else if let Some(grant) = &view.grant { (mend(frame, grant)) }
        @if waits > 0 {
            (panel(Mood::Warn, "mandates-wait", &crate::text::count(frame.lang, "mandates-wait", waits), &html! { p { (frame.say("mandates-wait-next")) } }))
        }
        (table(frame, &view.rows))
        @if let Some(grant) = &view.grant { (grant::form(frame, grant)) }
        @if let Some(acts) = &view.acts { (done(frame, acts)) }
        @if let Some(ask) = &view.ask { (dialog(frame, ask)) }
    };
    page(frame, Tab::Elsewhere, &frame.say("mandates"), main)
}

/// What is to be put right in a new mandate; each sentence stands at its field as well.
fn mend(frame: &Frame, grant: &Grant) -> Markup {
    let [first, more @ ..] = grant.wrong.as_slice() else { return html! {} };
    let next = html! { p { (frame.say("grant-mend")) } };
    if more.is_empty() {
        return panel(Mood::Bad, "trouble", &first.1, &next);
    }
    let all = html! { ul { @for (_, why) in &grant.wrong { li { (why) } } } (next) };
    panel(Mood::Bad, "trouble", &crate::text::count(frame.lang, "grant-wrong", grant.wrong.len()), &all)
}

fn table(frame: &Frame, rows: &[MandateLine]) -> Markup {
    let other = if frame.agent { "principal-short" } else { "agent" };
    html! {
        div #rows data-live="rights all" {
            @if rows.is_empty() { p.empty { (frame.say(if frame.agent { "mandates-none-agent" } else { "mandates-none" })) } } @else {
                div.scroll tabindex="0" role="group" aria-label=(frame.say("mandates")) {
                    table.cards.mandates {
                        thead { tr {
                            @for id in [other, "mandate-scopes", "mandate-limits", "mandate-period", "mandate-state", "mandate-do"] { th scope="col" { (frame.say(id)) } }
                        } }
                        tbody { @for row in rows { (one(frame, row, other)) } }
                    }
                }
            }
        }
    }
}

fn one(frame: &Frame, row: &MandateLine, other: &str) -> Markup {
    let name = row.other.name.as_ref().unwrap_or(&row.other.number);
    html! {
        tr id={ "row-" (row.id) } class=[row.may_confirm.then_some("new")] {
            td data-label=(frame.say(other)) { (party(frame, &row.other)) }
            td data-label=(frame.say("mandate-scopes")) { (row.scopes) }
            td data-label=(frame.say("mandate-limits")) { @if row.limits.is_empty() { (frame.say("mandate-no-limits")) } @else { (row.limits) } }
            td data-label=(frame.say("mandate-period")) { time { (row.from) } "–" time { (row.until) } }
            td data-label=(frame.say("mandate-state")) {
                (standing(row.standing, &row.word))
                @if row.paper { span.second.small { (frame.say("mandate-paper")) } }
                span.second.small.number.id { (row.id) }
            }
            td data-label=(frame.say("mandate-do")) class=[(!row.may_confirm && !row.may_revoke).then_some("none")] {
                div.row {
                    @if row.may_confirm { a.button.small href={ "/proxy?confirm=" (row.id) } data-swap { (frame.say("mandate-confirm")) span.vh { " " (name) } } }
                    @if row.may_revoke { a.button.small href={ "/proxy?revoke=" (row.id) } data-swap { (frame.say("mandate-revoke")) span.vh { " " (name) } } }
                }
            }
        }
    }
}

/// PX-06: what was done in the office's name.
fn done(frame: &Frame, acts: &Acts) -> Markup {
    let old = match &acts.known {
        Known::Now => None,
        Known::Since(at) => Some(say_with(frame.lang, "acts-since", &[("at", at.clone().into())])),
        Known::SentAlone => Some(frame.say("acts-sent-alone").into()),
        Known::NotThese => Some(frame.say("acts-not-these").into()),
    };
    let none = acts.rows.is_empty() && matches!(acts.known, Known::Now | Known::Since(_));
    html! {
        section #acts data-live="sent all" {
            h2 { (frame.say("acts")) }
            p.hint { (frame.say("acts-hint")) }
            @if let Some(old) = &old { p #acts-old.hint { (old) } }
            @if acts.known == Known::NotThese { p { a href="/proxy#acts" { (frame.say("acts-newest")) } } }
            @if none { p.hint { (frame.say("acts-none")) } }
            @if !acts.rows.is_empty() {
                div.scroll tabindex="0" role="group" aria-label=(frame.say("acts")) {
                    table.cards {
                        thead { tr { @for id in ["act-at", "agent", "act-what"] { th scope="col" { (frame.say(id)) } } } }
                        tbody {
                            @for [at, who, what] in &acts.rows {
                                tr {
                                    td data-label=(frame.say("act-at")) { time { (at) } }
                                    td data-label=(frame.say("agent")) { (who) }
                                    td data-label=(frame.say("act-what")) { (what) }
                                }
                            }
                        }
                    }
                }
                @if let Some(older) = &acts.older { p { a href=(older) { (frame.say("acts-older")) } } }
            }
        }
    }
}

/// Nothing is signed unread.
fn dialog(frame: &Frame, ask: &AskMandate) -> Markup {
    let (heading, note, action) = match &ask.what {
        Asked::Grant(_) => ("grant-ask", "grant-ask-note", "/proxy/grant".to_owned()),
        Asked::Confirm(id) => ("confirm-ask", "confirm-ask-note", format!("/proxy/{id}/confirm")),
        Asked::Revoke(id) => {
            let note = if frame.agent { "revoke-ask-note-agent" } else { "revoke-ask-note" };
            ("revoke-ask", note, format!("/proxy/{id}/revoke"))
        }
    };
    html! {
        dialog open data-modal aria-labelledby="ask-title" {
            form method="post" action=(action) data-swap {
                (frame.token())
                @if let Asked::Grant(fields) = &ask.what {
                    @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                }
                h2 #ask-title { (frame.say(heading)) }
                dl.facts { @for (term, value) in &ask.facts { div { dt { (term) } dd { (value) } } } }
                p { (say_with(frame.lang, note, &[("name", frame.name.clone().unwrap_or_else(|| frame.number.clone()).into())])) }
                div.row.end {
                    a.button href="/proxy" data-cancel { (frame.say("cancel")) }
                    button.primary autofocus { (Icon::Check.draw()) (frame.say("mandate-sign")) }
                }
            }
        }
    }
}
