//! A page for what cannot be shown: one sentence, and what to do.

use fumibako_careplan::Lang;
use maud::{Markup, html};

use crate::frame::{TextSize, bare};
use crate::part::Words;
use crate::text::say;

/// The page.
pub fn refused(lang: Lang, words: &Words) -> Markup {
    let main = html! {
        div.card {
            h1 { (words.what) }
            p { (words.next) }
            @if let Some(code) = &words.code { p.hint.small { (code) } }
            p { a href="/" { (say(lang, "to-home")) } }
        }
    };
    bare(lang, TextSize::Standard, &words.what, main)
}
