//! The fields of a new mandate. They are asked with GET, so that what was typed stands in the dialog and behind it.

use maud::{Markup, html};

use crate::frame::Frame;

/// One of several that may be ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What names it.
    pub value: String,
    /// What people read.
    pub label: String,
    /// A line below it; may be empty.
    pub more: String,
    /// Is it ticked?
    pub ticked: bool,
}

/// What was typed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Is it looked at, or folded away?
    pub open: bool,
    /// 代行業者ID.
    pub agent: String,
    /// 範囲.
    pub scopes: Vec<Choice>,
    /// 種類.
    pub kinds: Vec<Choice>,
    /// 相手の事業所, numbers with blanks between them.
    pub with: String,
    /// 対象年月, `YYYY-MM`.
    pub months: [String; 2],
    /// First and last day, `YYYY-MM-DD`.
    pub days: [String; 2],
}

pub(super) fn form(frame: &Frame, grant: &Grant, wrong: bool) -> Markup {
    html! {
        details #grant open[grant.open] {
            summary { h2 { (frame.say("grant")) } }
            form.stack method="get" action="/proxy" data-swap {
                p.hint { (frame.say("grant-hint")) }
                div.field {
                    label for="agent" { (frame.say("agent-id")) }
                    input #agent type="text" name="agent" value=(grant.agent) maxlength="64" spellcheck="false" autocapitalize="none" required
                        aria-describedby=[(wrong && grant.open).then_some("trouble")];
                }
                (choices(frame, "mandate-scopes", "scope", &grant.scopes))
                div.halves {
                    (day(frame, ("from", "mandate-from"), &grant.days[0]))
                    (day(frame, ("until", "mandate-until"), &grant.days[1]))
                }
                details {
                    summary { (frame.say("mandate-limits")) }
                    p.hint.small { (frame.say("grant-limits-hint")) }
                    (choices(frame, "mandate-kinds", "kind", &grant.kinds))
                    div.field {
                        label for="with" { (frame.say("mandate-with")) }
                        textarea #with name="with" maxlength="6000" { (grant.with) }
                    }
                    div.halves {
                        (month(frame, ("first-month", "mandate-first-month"), &grant.months[0]))
                        (month(frame, ("last-month", "mandate-last-month"), &grant.months[1]))
                    }
                }
                div.row.end { button.primary name="ask" value="grant" { (frame.say("grant-look")) } }
            }
        }
    }
}

fn choices(frame: &Frame, legend: &str, name: &str, all: &[Choice]) -> Markup {
    html! {
        fieldset {
            legend.label { (frame.say(legend)) }
            @for one in all {
                label.choice {
                    input type="checkbox" name=(name) value=(one.value) checked[one.ticked];
                    span { (one.label) @if !one.more.is_empty() { span.second.small { (one.more) } } }
                }
            }
        }
    }
}

fn day(frame: &Frame, (name, text): (&str, &str), value: &str) -> Markup {
    html! { div.field { label for=(name) { (frame.say(text)) } input id=(name) type="date" name=(name) value=(value) required; } }
}

fn month(frame: &Frame, (name, text): (&str, &str), value: &str) -> Markup {
    html! { div.field { label for=(name) { (frame.say(text)) } input id=(name) type="month" name=(name) value=(value); } }
}
