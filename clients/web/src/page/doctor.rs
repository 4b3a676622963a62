//! このパソコンの点検: one page that says what is wrong.

use fumibako_careplan::Lang;
use maud::{Markup, html};

use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{Words, chip, title};
use crate::text::say;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name that programs know it by.
    pub id: &'static str,
    /// What.
    pub what: String,
    /// What was seen, when all is well.
    pub seen: String,
    /// What is wrong, if anything is.
    pub wrong: Option<Words>,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Doctor {
    /// In the order in which one needs the other.
    pub findings: Vec<Finding>,
}

/// The page.
pub fn doctor(frame: &Frame, doctor: &Doctor) -> Markup {
    let main = html! {
        (title(&frame.say("doctor"), &html! { (frame.say("doctor-hint")) }))
        (findings(frame.lang, &doctor.findings))
        div.row.end { a.button.primary href="/doctor" { (Icon::Refresh.draw()) (frame.say("doctor-again")) } }
    };
    page(frame, Tab::Elsewhere, &frame.say("doctor"), main)
}

/// Each with its standing.
pub(super) fn findings(lang: Lang, all: &[Finding]) -> Markup {
    html! {
        div #findings.facts role="list" {
            @for finding in all {
                div role="listitem" {
                    b { (finding.what) }
                    span {
                        @if let Some(words) = &finding.wrong {
                            (chip("bad", Some(Icon::Cross), &say(lang, "doctor-bad"))) " " (words.line(lang))
                        } @else { (chip("good", Some(Icon::Check), &say(lang, "doctor-good"))) " " (finding.seen) }
                    }
                }
            }
        }
    }
}
