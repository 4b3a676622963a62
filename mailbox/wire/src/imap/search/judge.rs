//! Does a message match? Yes, no, or not to be said before it is read.

use std::cell::OnceCell;
use std::ops::Range;

use fumibako_model::{Entry, Flags, japanese_day};
use jiff::civil::Date;

use super::program::{Key, Needle, Program, When};
use crate::imap::date::sent_on;
use crate::imap::view::View;
use crate::mime::{Entity, Field, Tree};

/// A program whose sets and keywords are those of one view.
#[derive(Debug)]
pub(super) struct Bound(Test);

#[derive(Debug)]
enum Test {
    And(Vec<Test>),
    Or(Box<(Test, Test)>),
    Not(Box<Test>),
    /// Places of messages, ascending.
    Among(Vec<Range<usize>>),
    Has(Flags),
    Never,
    Key(Key),
}

impl Bound {
    /// `None` if the program names a message number that is none.
    pub(super) fn new(program: Program, view: &View) -> Option<Self> {
        bind(program.0, view).map(Self)
    }

    /// `None`: the content must be known.
    pub(super) fn judge(&self, place: usize, entry: &Entry, content: Option<&Content<'_>>) -> Option<bool> {
        self.0.judge(place, entry, content)
    }
}

fn bind(key: Key, view: &View) -> Option<Test> {
    Some(match key {
        Key::And(keys) => Test::And(keys.into_iter().map(|key| bind(key, view)).collect::<Option<_>>()?),
        Key::Or(keys) => Test::Or(Box::new((bind(keys.0, view)?, bind(keys.1, view)?))),
        Key::Not(key) => Test::Not(Box::new(bind(*key, view)?)),
        Key::Numbers(set) => Test::Among(view.by_number(&set)?),
        Key::Uids(set) => Test::Among(view.by_uid(&set)),
        Key::Has(flags) => Test::Has(flags),
        Key::Keyword(name) => view.keywords.flag(&name).map_or(Test::Never, Test::Has),
        key => Test::Key(key),
    })
}

impl Test {
    fn judge(&self, place: usize, entry: &Entry, content: Option<&Content<'_>>) -> Option<bool> {
        match self {
            Self::And(tests) => all(tests.iter().map(|test| test.judge(place, entry, content))),
            // A or B is: not (not A and not B).
            Self::Or(tests) => {
                let either = [&tests.0, &tests.1].into_iter().map(|test| test.judge(place, entry, content));
                all(either.map(|judged| judged.map(|holds| !holds))).map(|neither| !neither)
            }
            Self::Not(test) => test.judge(place, entry, content).map(|holds| !holds),
            Self::Among(ranges) => {
                let after = ranges.partition_point(|range| range.end <= place);
                Some(ranges.get(after).is_some_and(|range| range.contains(&place)))
            }
            Self::Has(flags) => Some(entry.flags.has(*flags)),
            Self::Never => Some(false),
            Self::Key(key) => known(key, entry).or_else(|| content.map(|content| content.holds(key))),
        }
    }
}

/// One no decides; else one unknown leaves it open. What is known is looked at before what must be read.
fn all(judged: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut open = false;
    for one in judged {
        match one {
            Some(false) => return Some(false),
            Some(true) => {}
            None => open = true,
        }
    }
    (!open).then_some(true)
}

/// What the entry alone decides.
fn known(key: &Key, entry: &Entry) -> Option<bool> {
    match key {
        Key::All => Some(true),
        Key::Larger(size) => Some(entry.size > *size),
        Key::Smaller(size) => Some(entry.size < *size),
        // The day is that of the INTERNALDATE shown, in Japan's time.
        Key::Came(when, day) => Some(when.holds(japanese_day(entry.received_at), *day)),
        _ => None,
    }
}

impl When {
    fn holds(self, day: Date, than: Date) -> bool {
        match self {
            Self::Before => day < than,
            Self::On => day == than,
            Self::Since => day >= than,
        }
    }
}

/// A message that was read. Its texts are decoded once, and only if a key looks into them.
pub(super) struct Content<'t> {
    tree: &'t Tree<'t>,
    header: OnceCell<String>,
    body: OnceCell<Vec<String>>,
}

impl<'t> Content<'t> {
    pub(super) fn new(tree: &'t Tree<'t>) -> Self {
        Self { tree, header: OnceCell::new(), body: OnceCell::new() }
    }

    fn holds(&self, key: &Key) -> bool {
        let header = self.tree.root().header();
        match key {
            Key::Sent(when, day) => {
                let sent = header.get("Date").and_then(|field| sent_on(&field.unfolded()));
                sent.is_some_and(|sent| when.holds(sent, *day))
            }
            Key::Field(name, needle) => header.all(name).any(|field| needle.is_in(&field.text())),
            Key::Body(needle) => self.body_holds(needle),
            Key::Text(needle) => {
                let header = self.header.get_or_init(|| header_text(self.tree.root()));
                header.contains(&needle.0) || self.body_holds(needle)
            }
            _ => false,
        }
    }

    fn body_holds(&self, needle: &Needle) -> bool {
        self.body.get_or_init(|| body_texts(self.tree)).iter().any(|text| text.contains(&needle.0))
    }
}

/// The texts of all parts, and the headers of the parts and messages inside; in lower case.
fn body_texts(tree: &Tree<'_>) -> Vec<String> {
    let headers = tree.entities().skip(1).map(header_text);
    let is_text = |entity: &Entity<'_>| entity.content_type().kind().eq_ignore_ascii_case(b"text");
    headers.chain(tree.entities().filter(is_text).map(text_of)).collect()
}

fn header_text(entity: Entity<'_>) -> String {
    let line = |field: Field<'_>| format!("{}: {}\n", String::from_utf8_lossy(field.name()), field.text());
    entity.header().fields().map(line).collect::<String>().to_lowercase()
}

/// A text that cannot be decoded is searched as it stands.
fn text_of(entity: Entity<'_>) -> String {
    entity.text().unwrap_or_else(|_| String::from_utf8_lossy(entity.body()).into_owned()).to_lowercase()
}

impl Needle {
    fn is_in(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.0)
    }
}
