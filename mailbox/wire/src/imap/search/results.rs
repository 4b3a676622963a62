//! How a SEARCH, SORT or THREAD is answered (RFC 3501 §7.2.5, RFC 4731 §3.1, RFC 5256 §4).

use fumibako_model::{Entry, ModSeq};

use super::Search;
use super::request::{Order, Returns};
use crate::imap::command::By;
use crate::imap::news::Done;
use crate::imap::session::Session;
use crate::imap::sort::Sorting;
use crate::imap::thread::Threading;
use crate::imap::view::View;
use crate::imap::{reply, set};
use crate::mime::Header;

/// What an order needs of each message found, in the order they were found.
#[derive(Debug)]
pub(super) enum Gathered {
    Nothing,
    Sort(Sorting),
    Thread(Box<Threading>),
}

impl Gathered {
    pub(super) fn new(order: Order) -> Self {
        match order {
            Order::Folder => Self::Nothing,
            Order::Sort(criteria) => Self::Sort(Sorting::new(criteria)),
            Order::Thread(algorithm) => Self::Thread(Box::new(Threading::new(algorithm))),
        }
    }

    /// Of how many messages it is known.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Sort(sorting) => sorting.len(),
            Self::Thread(threading) => threading.len(),
        }
    }

    pub(super) fn orders(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Does a header lead to others?
    pub(super) fn links(&self) -> bool {
        matches!(self, Self::Thread(_))
    }

    pub(super) fn needs_heads(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Sort(sorting) => sorting.needs_heads(),
            Self::Thread(_) => true,
        }
    }

    pub(super) fn add(&mut self, place: usize, entry: &Entry, header: Header<'_>) {
        match self {
            Self::Nothing => {}
            Self::Sort(sorting) => sorting.add(place, entry, header),
            Self::Thread(threading) => threading.add(place, entry, header),
        }
    }
}

impl Session {
    /// Says what was found.
    pub(super) fn search_end(&mut self, mut search: Search) {
        let Some(view) = self.view() else { return };
        let number = |view: &View, place: usize| match search.by {
            By::Sequence => u32::try_from(place + 1).unwrap_or(u32::MAX),
            By::Uid => view.entry(place).map_or(0, |entry| entry.uid.get()),
        };
        let (name, line) = match std::mem::replace(&mut search.gathered, Gathered::Nothing) {
            Gathered::Nothing => ("SEARCH", None),
            Gathered::Sort(mut sorting) => {
                if !sorting.needs_heads() {
                    let entries = search.found.iter().filter_map(|place| Some((*place, view.entry(*place)?)));
                    entries.for_each(|(place, entry)| sorting.add(place, entry, Header::of(b"")));
                }
                search.found = sorting.sorted();
                ("SORT", None)
            }
            Gathered::Thread(threading) => ("THREAD", Some(threading.written(|place| number(view, place)))),
        };
        let numbers: Vec<u32> = search.found.iter().map(|place| number(view, *place)).collect();
        let modseq = search.modseq(view);
        if let Some(returns) = search.returns.as_ref().filter(|returns| returns.save) {
            // RFC 5182 §2.1: a SEARCH that is answered NO saves nothing.
            let saved = if search.failed.is_some() { Vec::new() } else { returns.saved(&search.found) };
            view.save(saved.into_iter());
        }
        match (&search.returns, line) {
            (Some(returns), _) if returns.says_something() => {
                let uid = if search.by == By::Uid { " UID" } else { "" };
                let data = returns.written(&numbers);
                let modseq = modseq.map(|ModSeq(modseq)| format!(" MODSEQ {modseq}")).unwrap_or_default();
                self.untagged(&format!("ESEARCH (TAG \"{}\"){uid}{data}{modseq}", search.tag));
            }
            (Some(_), _) => {}
            (None, Some(threads)) => self.untagged(&format!("THREAD{threads}")),
            (None, None) => {
                let words = numbers.iter().map(|number| format!(" {number}")).collect::<Vec<_>>().concat();
                let modseq = modseq.map(|ModSeq(modseq)| format!(" (MODSEQ {modseq})")).unwrap_or_default();
                self.untagged(&format!("{name}{words}{modseq}"));
            }
        }
        let done = match &search.failed {
            None if search.cut => {
                let text = format!("{name} done, but not past the first 4 MiB of a message's text.");
                Done::ok(search.tag, &text)
            }
            None => Done::ok(search.tag, &format!("{name} done.")),
            Some((refused, reference)) => {
                Done::no(search.tag, &reply::refusal(refused, refused.why.row().imap, reference))
            }
        };
        self.finish(done.addressing(search.by), false);
    }
}

impl Search {
    /// RFC 7162 §3.1.6, RFC 4731 §3.2: the highest MODSEQ of the messages told, where one was looked for.
    fn modseq(&self, view: &View) -> Option<ModSeq> {
        let told = match &self.returns {
            Some(returns) => &returns.saved(&self.found),
            None => &self.found,
        };
        let highest = told.iter().filter_map(|place| view.entry(*place)).map(|entry| entry.modseq).max();
        highest.filter(|_| self.tells_modseq)
    }
}

impl Returns {
    /// The places that `$` means from now on, ascending (RFC 5182 §2.4, RFC 9394 §3.2).
    fn saved(&self, found: &[usize]) -> Vec<usize> {
        let some = self.min || self.max || self.partial.is_some();
        let mut saved = Vec::new();
        if self.all || self.count || !some {
            saved.extend_from_slice(found);
        } else {
            saved.extend(found.first().filter(|_| self.min));
            saved.extend(found.last().filter(|_| self.max));
            saved.extend(self.partial.iter().flat_map(|window| &found[window.of(found.len())]));
        }
        saved.sort_unstable();
        saved.dedup();
        saved
    }

    /// ```text
    /// search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number /
    ///                      "PARTIAL" SP "(" partial-range SP (sequence-set / "NIL") ")"
    /// ```
    fn written(&self, numbers: &[u32]) -> String {
        let mut data = String::new();
        let mut say = |words: String| {
            data.push(' ');
            data.push_str(&words);
        };
        // RFC 4731 §3.1: of no messages there is neither a first nor a last, nor a set.
        if let Some((first, last)) = numbers.first().zip(numbers.last()) {
            if self.min {
                say(format!("MIN {first}"));
            }
            if self.max {
                say(format!("MAX {last}"));
            }
            if self.all {
                say(format!("ALL {}", set::write(numbers.iter().copied())));
            }
        }
        if self.count {
            say(format!("COUNT {}", numbers.len()));
        }
        if let Some(window) = self.partial {
            let some = &numbers[window.of(numbers.len())];
            let some = if some.is_empty() { "NIL".into() } else { set::write(some.iter().copied()) };
            say(format!("PARTIAL ({} {some})", window.written()));
        }
        data
    }
}
