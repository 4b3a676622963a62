//! SEARCH (RFC 3501 §6.4.4).
//!
//! A message is read only if what is known of it does not decide; one at a time, and its octets are let go at once.
//! Judging one is one step, which [`SEARCHED_BYTES`](super::settings::SEARCHED_BYTES) and
//! [`BODY_KEYS`](super::settings::BODY_KEYS) keep short; between two the driver serves others, as it reads the next.

use fumibako_model::{Private, Refused};

use super::command::By;
use super::news::Done;
use super::session::{Session, Work};
use super::{Answer, Ask, reply};
use crate::mime::Tree;

mod judge;
mod program;
use judge::{Bound, Content};
pub(super) use program::Program;

/// A SEARCH under way.
#[derive(Debug)]
pub(super) struct Search {
    tag: String,
    by: By,
    bound: Bound,
    /// The next message to look at.
    place: usize,
    found: String,
    /// Of some message only the beginning was looked through.
    cut: bool,
    /// A message could not be read.
    failed: Option<(Refused, String)>,
}

impl Search {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    fn find(&mut self, number: &dyn std::fmt::Display) {
        self.found.push(' ');
        self.found.push_str(&number.to_string());
    }
}

impl Session {
    pub(super) fn search(&mut self, tag: String, by: By, program: Program) {
        let Some(view) = self.view() else { return };
        match Bound::new(program, view) {
            Some(bound) => {
                let search = Search { tag, by, bound, place: 0, found: String::new(), cut: false, failed: None };
                self.go_on(Work::Search(Box::new(search)));
            }
            None => self.bad(&tag, "There is no message of that number."),
        }
    }

    /// Looks at messages until one must be read.
    pub(super) fn search_more(&mut self, mut search: Box<Search>) -> bool {
        let Some(view) = self.view() else { return false };
        while let Some(entry) = view.entry(search.place) {
            match search.bound.judge(search.place, entry, None) {
                Some(true) if search.by == By::Uid => search.find(&entry.uid),
                Some(true) => search.find(&(search.place + 1)),
                Some(false) => {}
                None => {
                    let read = Ask::Read(entry.message, 0..entry.size);
                    self.ask(read, Work::Search(search));
                    return true;
                }
            }
            search.place += 1;
        }
        self.untagged(&format!("SEARCH{}", search.found));
        let done = match &search.failed {
            None if search.cut => {
                Done::ok(search.tag, "SEARCH done, but not past the first 4 MiB of a message's text.")
            }
            None => Done::ok(search.tag, "SEARCH done."),
            Some((refused, reference)) => {
                Done::no(search.tag, &reply::refusal(refused, refused.why.row().imap, reference))
            }
        };
        self.finish(done.addressing(search.by), false);
        true
    }

    pub(super) fn searched(&mut self, mut search: Box<Search>, answer: Answer) {
        let Some(view) = self.view() else { return };
        match (answer, view.entry(search.place)) {
            (Answer::Message(Private(message)), Some(entry)) => {
                let tree = Tree::view(&message);
                let content = Content::new(&tree);
                match search.bound.judge(search.place, entry, Some(&content)) {
                    Some(true) if search.by == By::Uid => search.find(&entry.uid),
                    Some(true) => search.find(&(search.place + 1)),
                    _ => {}
                }
                search.cut |= content.missed();
            }
            // A message removed meanwhile does not match; one that cannot be read now makes the answer incomplete.
            (Answer::No { refused, .. }, _) if refused.why == fumibako_model::Refusal::NoSuchMessage => {}
            (Answer::No { refused, reference }, _) => search.failed = search.failed.or(Some((refused, reference))),
            (_, _) => search.failed = Some((fumibako_model::Refusal::Internal.into(), String::new())),
        }
        search.place += 1;
        self.go_on(Work::Search(search));
    }
}
