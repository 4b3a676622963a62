//! 事業所検索 (DI): can data be exchanged with an office? No mail address, nothing about persons.

use maud::{Markup, html};

use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{Party, Reach, Words, japanese, party, reach, title, trouble};

/// An office that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name and number.
    pub office: Party,
    /// サービス種類, in words.
    pub kinds: String,
    /// Where it is.
    pub place: String,
    /// Can it receive?
    pub reach: Reach,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// What was asked.
    pub query: String,
    /// What was found; none before the first search.
    pub found: Option<Vec<Entry>>,
    /// Were others left out?
    pub more: bool,
    /// Why it could not be asked.
    pub trouble: Option<Words>,
}

/// The page.
pub fn directory(frame: &Frame, directory: &Directory) -> Markup {
    let main = html! {
        (title(&frame.say("directory"), &html! { (frame.say("directory-hint")) }))
        form.row method="get" action="/directory" role="search" data-swap {
            label for="query" { (frame.say("directory-query")) }
            span { input #query type="search" name="query" value=(directory.query) maxlength="100"; }
            button.primary { (Icon::Search.draw()) (frame.say("search")) }
        }
        @if let Some(words) = &directory.trouble { (trouble("trouble", words)) }
        div #found role="status" {
            @if let Some(found) = &directory.found { (list(frame, found)) }
            @if directory.more { p.small { (frame.say("directory-more")) } }
        }
    };
    page(frame, Tab::Elsewhere, &frame.say("directory"), main)
}

fn list(frame: &Frame, found: &[Entry]) -> Markup {
    html! {
        @if found.is_empty() { p.empty { (frame.say("directory-none")) } } @else {
            div.scroll tabindex="0" role="group" aria-label=(frame.say("directory")) { table.cards {
                thead { tr { @for id in ["office", "service-kinds", "can-receive"] { th scope="col" { (frame.say(id)) } } } }
                tbody {
                    @for entry in found {
                        tr {
                            td data-label=(frame.say("office")) {
                                (party(frame, &entry.office)) span.second.small lang=[japanese(frame)] { (entry.place) }
                            }
                            td data-label=(frame.say("service-kinds")) { (entry.kinds) }
                            td data-label=(frame.say("can-receive")) { (reach(&entry.reach, frame.lang)) }
                        }
                    }
                }
            } }
        }
    }
}
