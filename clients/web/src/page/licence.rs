//! ライセンス (LC): the client's side. Nothing is applied for here; that is the portal's.

use maud::{Markup, html};

use super::home::State;
use crate::frame::{Frame, Tab, page};
use crate::part::{Words, chip, title, trouble};

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Licence {
    /// How it stands.
    pub rows: Vec<State>,
    /// Why the gateway could not be asked.
    pub trouble: Option<Words>,
}

/// The page.
pub fn licence(frame: &Frame, licence: &Licence) -> Markup {
    let main = html! {
        (title(&frame.say("licence"), &html! { (frame.say("licence-hint")) }))
        @if let Some(words) = &licence.trouble { (trouble("trouble", words)) }
        dl.facts {
            @for State { term, value, mark } in &licence.rows {
                div { dt { (term) } dd { (value) " " @if let Some((class, word)) = mark { (chip(class, None, word)) } } }
            }
        }
        ul.small {
            @for id in ["licence-price", "licence-each", "licence-pay", "licence-both", "licence-certificate"] { li { (frame.say(id)) } }
        }
    };
    page(frame, Tab::Elsewhere, &frame.say("licence"), main)
}
