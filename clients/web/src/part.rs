//! Pieces that several screens share.

mod drop;
mod file;
mod principal;

use fumibako_careplan::Lang;
use maud::{Markup, html};

use crate::frame::Frame;
use crate::icon::Icon;
use crate::text::{count, say};

pub use drop::{Drop, drop_zone};
pub use file::{FileKind, FileLine, files, title_of};
pub(crate) use principal::column;
pub use principal::{Principal, Principals, Standing, by_agent, on_behalf, standing};

/// An office as people know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// 事業所番号.
    pub number: String,
    /// 事業所名, if it is known.
    pub name: Option<String>,
    /// Is it the door of a regional service (RG-02)?
    pub regional: bool,
}

/// What went wrong, and what to do next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// One sentence.
    pub what: String,
    /// What to do.
    pub next: String,
    /// The code of the catalogue, if it has one.
    pub code: Option<String>,
}

/// A file that was not added, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Why, and what to do.
    pub words: Words,
    /// May it go to 一括送信 instead (NW-07)?
    pub to_batch: Option<String>,
}

/// Can this office receive (NW-18)?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nobody could be asked.
    #[default]
    Unknown,
    /// 送信できます.
    Yes,
    /// 利用登録がありません, or whatever else stands in the way.
    No(String),
}

/// How a panel looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// All is well.
    Good,
    /// Something to see to.
    Warn,
    /// Something went wrong.
    Bad,
    /// Something to know.
    News,
}

impl Mood {
    fn look(self) -> (&'static str, Icon) {
        match self {
            Self::Good => ("good", Icon::Check),
            Self::Warn => ("warn", Icon::Warning),
            Self::Bad => ("bad", Icon::Cross),
            Self::News => ("news", Icon::Info),
        }
    }
}

impl Words {
    /// On one line, with its code.
    pub fn line(&self, lang: Lang) -> String {
        let gap = lang.pick("", " ");
        let code =
            self.code.as_ref().map_or_else(String::new, |code| lang.pick(format!("（{code}）"), format!(" ({code})")));
        format!("{}{gap}{}{code}", self.what, self.next)
    }
}

/// A box across the page: heading and what belongs to it.
pub fn panel(mood: Mood, id: &str, heading: &str, body: &Markup) -> Markup {
    let (class, icon) = mood.look();
    html! {
        section id=(id) class={ "panel " (class) } role=[(mood == Mood::Bad).then_some("alert")] {
            (icon.draw())
            div { h2 { (heading) } (body) }
        }
    }
}

/// A refusal in its place.
pub fn trouble(id: &str, words: &Words) -> Markup {
    let code = html! { @if let Some(code) = &words.code { span.second { " （" (code) "）" } } };
    panel(Mood::Bad, id, &words.what, &html! { p { (words.next) (code) } })
}

/// What the checker found (NW-17), as its text has it: a file begins at the margin, what is the matter with it two blanks further in,
/// what to do about that below it.
pub(crate) fn found(lines: &[String]) -> Markup {
    let kind = |line: &str| match line.len() - line.trim_start().len() {
        0 => Some("file"),
        1..=2 => None,
        _ => Some("more"),
    };
    html! { ul.found { @for line in lines { li class=[kind(line)] { (line.trim_start()) } } } }
}

/// The heads of a list: how much room each column takes where there is little, and what it is called.
pub(crate) fn heads(frame: &Frame, all: &[(&str, &str)]) -> Markup {
    html! { @for (room, id) in all { th scope="col" class=[(!room.is_empty()).then_some(room)] { (frame.say(id)) } } }
}

/// Why a row is as it is, across the list: in one column two sentences would be a tower of words, below the row they are two lines.
pub(crate) fn reason_row(id: &str, columns: u8, why: &Markup) -> Markup {
    html! { tr.reason id=(id) { td colspan=(columns) { (why) } } }
}

/// A state in colour, picture and word.
pub fn chip(class: &str, icon: Option<Icon>, word: &str) -> Markup {
    html! { span class={ "chip " (class) } { @if let Some(icon) = icon { (icon.draw()) } (word) } }
}

/// Name and number of an office; the door of a regional service is marked.
pub fn party(frame: &Frame, party: &Party) -> Markup {
    html! {
        @if let Some(name) = &party.name { b lang=[japanese(frame)] { (wrapping(name)) } }
        span class={ "number" @if party.name.is_some() { " second" } } { (party.number) }
        (regional(frame, party))
    }
}

/// Words that names of offices are made of. A browser takes such a name for one word and breaks it wherever the line ends.
const PARTS: [&str; 6] = ["介護", "支援", "事業所", "センター", "ステーション", "サービス"];

/// A name, which a narrow column breaks between its words.
fn wrapping(name: &str) -> Markup {
    let begins = |at: usize| at > 0 && PARTS.iter().any(|part| name[at..].starts_with(part));
    html! { @for (at, letter) in name.char_indices() { @if begins(at) { wbr; } (letter) } }
}

/// Names are Japanese in either language: a voice that reads English cannot read them.
pub(crate) fn japanese(frame: &Frame) -> Option<&'static str> {
    frame.lang.pick(None, Some("ja"))
}

/// RG-02: 地域連携.
pub fn regional(frame: &Frame, party: &Party) -> Markup {
    html! { @if party.regional { " " (chip("other", None, &frame.say("regional"))) } }
}

/// The title of a screen and one line about it.
pub fn title(text: &str, hint: &Markup) -> Markup {
    html! { div.title { h1 { (text) } p.hint.small { (hint) } } }
}

/// 送信できます or not.
pub fn reach(reach: &Reach, lang: Lang) -> Markup {
    match reach {
        Reach::Unknown => chip("", Some(Icon::Clock), &say(lang, "reach-unknown")),
        Reach::Yes => chip("good", Some(Icon::Check), &say(lang, "reach-yes")),
        Reach::No(why) => chip("bad", Some(Icon::Cross), why),
    }
}

/// Files that were not added, each with its sentence.
pub fn left_out(frame: &Frame, left: &[Left]) -> Markup {
    if left.is_empty() {
        return html! {};
    }
    let body = html! {
        ul {
            @for file in left {
                li {
                    b { (file.name) } ": " (file.words.line(frame.lang))
                    @if let Some(key) = &file.to_batch {
                        " " button.small name="move" value=(key) formaction="/batch/move" { (frame.say("move-to-batch")) }
                    }
                }
            }
        }
    };
    panel(Mood::Bad, "left", &count(frame.lang, "left-out", left.len()), &body)
}

/// `あと n 日`, red when five or fewer are left.
pub fn days_left(days: i64, lang: Lang) -> Markup {
    let words = crate::text::days(lang, days);
    if (0..=5).contains(&days) {
        chip("bad", Some(Icon::Warning), &words)
    } else {
        html! { (words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_breaks_between_its_words_and_is_markup_nowhere() {
        let broken = |name| wrapping(name).into_string();
        assert_eq!(broken("見本居宅介護支援事業所"), "見本居宅<wbr>介護<wbr>支援<wbr>事業所");
        assert_eq!(broken("介護の<b>"), "介護の&lt;b&gt;");
    }
}
