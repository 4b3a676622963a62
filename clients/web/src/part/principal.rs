//! 代行 (PX): for whom a row is, who acted, and the left column with the offices that an agent acts for.

use maud::{Markup, html};

use super::{Party, chip, party};
use crate::frame::Frame;
use crate::icon::Icon;
use crate::text::{count, say_with};

/// How the mandate of an office stands, as the left column tells it (PX-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It lets the agent act.
    Good,
    /// It ends soon, or waits for something.
    Soon,
    /// It lets nobody act.
    Shut,
}

/// An office that an agent acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub office: Party,
    /// How the mandate stands.
    pub standing: Standing,
    /// The same in words, with its end.
    pub word: String,
    /// 未取得
    pub unread: usize,
}

/// The left column of an agent's lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principals {
    /// The offices, by number.
    pub rows: Vec<Principal>,
    /// The office that is looked at; none: all of them.
    pub chosen: Option<String>,
}

/// PX-04: 代行 and the office, where an agent works.
pub fn on_behalf(frame: &Frame, office: &Party) -> Markup {
    html! { (chip("register", None, &frame.say("proxy-chip"))) " " (party(frame, office)) }
}

/// PX-06: 「（代行: B社）」 after the office it acted for.
pub fn by_agent(frame: &Frame, agent: &str) -> Markup {
    html! { span.by { (say_with(frame.lang, "by-agent", &[("agent", agent.to_owned().into())])) } }
}

/// PX-03: every office with its mandate's end and what is unread; すべて first. `path` is the list that stays the same.
pub(crate) fn column(frame: &Frame, all: &Principals, path: &str) -> Markup {
    let total: usize = all.rows.iter().map(|row| row.unread).sum();
    html! {
        nav #principals.principals-nav aria-label=(frame.say("principals")) data-live="counts inbox sent rights all" {
            h2 { (frame.say("principals")) }
            div.principals {
                a href={ (path) "?of=all" } aria-current=[all.chosen.is_none().then_some("true")] {
                    span {
                        b { (frame.say("all-principals")) }
                        (chip("good", Some(Icon::Check), &count(frame.lang, "offices", all.rows.iter().filter(|row| row.standing != Standing::Shut).count())))
                    }
                    (unread(frame, total))
                }
                @for row in &all.rows {
                    @let here = all.chosen.as_ref() == Some(&row.office.number);
                    a href={ (path) "?of=" (row.office.number) } aria-current=[here.then_some("true")] {
                        span { (party(frame, &row.office)) (standing(row.standing, &row.word)) }
                        (unread(frame, row.unread))
                    }
                }
            }
            p.small { a href="/proxy" { (frame.say("mandates-all")) } }
        }
    }
}

/// How a mandate stands: colour, picture and word.
pub fn standing(standing: Standing, word: &str) -> Markup {
    let (class, icon) = match standing {
        Standing::Good => ("good", Icon::Check),
        Standing::Soon => ("warn", Icon::Warning),
        Standing::Shut => ("bad", Icon::Cross),
    };
    chip(class, Some(icon), word)
}

fn unread(frame: &Frame, many: usize) -> Markup {
    html! { @if many > 0 { span.count { (many) span.vh { (frame.say("count-inbox")) } } } }
}
