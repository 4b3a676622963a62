//! The fields of a new mandate. They are asked with GET, so that what was typed stands in the dialog and behind it.

use maud::{Markup, html};

use crate::frame::Frame;
use crate::icon::Icon;

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
    /// Fields that are not as they must be, by their names, and why.
    pub wrong: Vec<(&'static str, String)>,
}

/// The fields that are folded away as long as nothing is the matter with them.
const LIMITS: [&str; 4] = ["kind", "with", "first-month", "last-month"];

impl Grant {
    /// Why this field is not as it must be.
    fn why(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }

    /// The id of that sentence, which the field names.
    fn described(&self, field: &str) -> Option<String> {
        self.why(field).map(|_| format!("wrong-{field}"))
    }

    /// The sentence in its place, before the field.
    fn said(&self, field: &str) -> Markup {
        html! { @if let Some(why) = self.why(field) { p.wrong id={ "wrong-" (field) } { (Icon::Warning.draw()) (why) } } }
    }

    fn invalid(&self, field: &str) -> Option<&'static str> {
        self.why(field).map(|_| "true")
    }
}

pub(super) fn form(frame: &Frame, grant: &Grant) -> Markup {
    html! {
        details #grant open[grant.open] {
            summary { h2 { (frame.say("grant")) } }
            form.stack method="get" action="/proxy" data-swap {
                p.hint { (frame.say("grant-hint")) }
                div.field {
                    label for="agent" { (frame.say("agent-id")) }
                    (grant.said("agent"))
                    input #agent type="text" name="agent" value=(grant.agent) maxlength="64" spellcheck="false" autocapitalize="none" required
                        aria-invalid=[grant.invalid("agent")] aria-describedby=[grant.described("agent")];
                }
                (choices(frame, grant, ("scope", "mandate-scopes"), &grant.scopes))
                div.halves {
                    (day(frame, grant, ("from", "mandate-from"), &grant.days[0]))
                    (day(frame, grant, ("until", "mandate-until"), &grant.days[1]))
                }
                details open[grant.wrong.iter().any(|(field, _)| LIMITS.contains(field))] {
                    summary { (frame.say("mandate-limits")) }
                    p.hint.small { (frame.say("grant-limits-hint")) }
                    (choices(frame, grant, ("kind", "mandate-kinds"), &grant.kinds))
                    div.field {
                        label for="with" { (frame.say("mandate-with")) }
                        (grant.said("with"))
                        textarea #with name="with" maxlength="6000" aria-invalid=[grant.invalid("with")] aria-describedby=[grant.described("with")] { (grant.with) }
                    }
                    div.halves {
                        (month(frame, grant, ("first-month", "mandate-first-month"), &grant.months[0]))
                        (month(frame, grant, ("last-month", "mandate-last-month"), &grant.months[1]))
                    }
                }
                div.row.end { button.primary name="ask" value="grant" { (frame.say("grant-look")) } }
            }
        }
    }
}

/// The name of a field and its text.
type Field = (&'static str, &'static str);

fn choices(frame: &Frame, grant: &Grant, (name, legend): Field, all: &[Choice]) -> Markup {
    html! {
        fieldset aria-describedby=[grant.described(name)] {
            legend.label { (frame.say(legend)) }
            (grant.said(name))
            @for one in all {
                label.choice {
                    input type="checkbox" name=(name) value=(one.value) checked[one.ticked] aria-invalid=[grant.invalid(name)];
                    span { (one.label) @if !one.more.is_empty() { span.second.small { (one.more) } } }
                }
            }
        }
    }
}

fn day(frame: &Frame, grant: &Grant, field: Field, value: &str) -> Markup {
    dated(frame, grant, field, ("date", value))
}

fn month(frame: &Frame, grant: &Grant, field: Field, value: &str) -> Markup {
    dated(frame, grant, field, ("month", value))
}

fn dated(frame: &Frame, grant: &Grant, (name, text): Field, (kind, value): (&str, &str)) -> Markup {
    html! {
        div.field {
            label for=(name) { (frame.say(text)) }
            (grant.said(name))
            input id=(name) type=(kind) name=(name) value=(value) required[kind == "date"]
                aria-invalid=[grant.invalid(name)] aria-describedby=[grant.described(name)];
        }
    }
}
