//! このパソコンの点検: one page that says what is wrong.

use maud::{Markup, html};

use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{Words, chip, title};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
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
        div #findings.facts role="list" {
            @for finding in &doctor.findings {
                div role="listitem" {
                    b { (finding.what) }
                    span {
                        @if let Some(words) = &finding.wrong {
                            (chip("bad", Some(Icon::Cross), &frame.say("doctor-bad"))) " " (words.line(frame.lang))
                        } @else { (chip("good", Some(Icon::Check), &frame.say("doctor-good"))) " " (finding.seen) }
                    }
                }
            }
        }
        div.row.end { a.button.primary href="/doctor" { (Icon::Refresh.draw()) (frame.say("doctor-again")) } }
    };
    page(frame, Tab::Elsewhere, &frame.say("doctor"), main)
}
