//! Does a message match? Yes, no, or not to be said before it is read.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use fumibako_model::{Entry, Flags, japanese_day};
use jiff::Timestamp;
use jiff::civil::Date;
use memchr::memmem;

use super::program::{Key, Needle, Program, When};
use crate::imap::casemap::{fold, one_space};
use crate::imap::date::sent_on;
use crate::imap::settings::{ADDRESSES, SEARCHED_BYTES};
use crate::imap::view::View;
use crate::mime::{Entity, Field, Header, Tree, addresses, written};

/// A program whose sets and keywords are those of one view.
#[derive(Debug)]
pub(super) struct Bound {
    test: Test,
    looks_at_headers: bool,
}

#[derive(Debug)]
enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    /// Places of messages, ascending.
    Among(Vec<Range<usize>>),
    Has(Flags),
    Never,
    /// Came at this second, or before.
    CameBy(i64),
    /// Came at this second, or after.
    CameFrom(i64),
    Key(Key),
}

impl Bound {
    /// `None` if the program names a message number that is none.
    pub(super) fn new(program: Program, view: &View, now: Timestamp) -> Option<Self> {
        let looks_at_headers = program.looks_at_headers();
        bind(program.0, view, now).map(|test| Self { test, looks_at_headers })
    }

    /// May a header decide what the entry leaves open?
    pub(super) fn looks_at_headers(&self) -> bool {
        self.looks_at_headers
    }

    /// `None`: the content must be known.
    pub(super) fn judge(&self, place: usize, entry: &Entry, content: Option<&Content<'_>>) -> Option<bool> {
        self.test.judge(place, entry, content)
    }
}

fn bind(key: Key, view: &View, now: Timestamp) -> Option<Test> {
    // RFC 5032 §3: from the time now, to the second.
    let ago = |seconds: u32| now.as_second() - i64::from(seconds);
    Some(match key {
        Key::And(keys) => Test::And(keys.into_iter().map(|key| bind(key, view, now)).collect::<Option<_>>()?),
        Key::Or(keys) => Test::Or(keys.into_iter().map(|key| bind(key, view, now)).collect::<Option<_>>()?),
        Key::Not(key) => Test::Not(Box::new(bind(*key, view, now)?)),
        Key::Numbers(set) => Test::Among(view.by_number(&set)?),
        Key::Uids(set) => Test::Among(view.by_uid(&set)),
        Key::Has(flags) => Test::Has(flags),
        Key::Recent => Test::Among(view.recent()),
        Key::Keyword(name) => view.keywords.flag(&name).map_or(Test::Never, Test::Has),
        Key::Older(seconds) => Test::CameBy(ago(seconds)),
        Key::Younger(seconds) => Test::CameFrom(ago(seconds)),
        key => Test::Key(key),
    })
}

impl Test {
    fn judge(&self, place: usize, entry: &Entry, content: Option<&Content<'_>>) -> Option<bool> {
        match self {
            Self::And(tests) => all(tests.iter().map(|test| test.judge(place, entry, content))),
            // A or B is: not (not A and not B).
            Self::Or(tests) => {
                let either = tests.iter().map(|test| test.judge(place, entry, content));
                all(either.map(|judged| judged.map(|holds| !holds))).map(|neither| !neither)
            }
            Self::Not(test) => test.judge(place, entry, content).map(|holds| !holds),
            Self::Among(ranges) => {
                let after = ranges.partition_point(|range| range.end <= place);
                Some(ranges.get(after).is_some_and(|range| range.contains(&place)))
            }
            Self::Has(flags) => Some(entry.flags.has(*flags)),
            Self::Never => Some(false),
            Self::CameBy(second) => Some(entry.received_at.as_second() <= *second),
            Self::CameFrom(second) => Some(entry.received_at.as_second() >= *second),
            Self::Key(key) => known(key, entry).or_else(|| content.and_then(|content| content.holds(key))),
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
        Key::ModSeq(modseq) => Some(entry.modseq.0 >= *modseq),
        Key::Smaller(size) => Some(entry.size < *size),
        // The day is that of the INTERNALDATE shown, in Japan's time.
        Key::Came(when, day) => Some(when.holds(japanese_day(entry.received_at), *day)),
        Key::Saved(when, day) => Some(when.holds(japanese_day(entry.saved_at), *day)),
        Key::EmailId(id) => Some(*id == format!("M{}", entry.message.0)),
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
    fields: Header<'t>,
    /// `None`: only the header was read.
    tree: Option<&'t Tree<'t>>,
    header: OnceCell<String>,
    body: OnceCell<Texts>,
    missed: Cell<bool>,
}

/// What TEXT looks through, and BODY but for the headers.
#[derive(Default)]
struct Texts {
    texts: Vec<Text>,
    /// There is more than [`SEARCHED_BYTES`].
    cut: bool,
}

struct Text {
    folded: String,
    is_header: bool,
}

impl<'t> Content<'t> {
    pub(super) fn new(tree: &'t Tree<'t>) -> Self {
        Self { tree: Some(tree), ..Self::of_header(tree.root().header()) }
    }

    pub(super) fn of_header(fields: Header<'t>) -> Self {
        Self { fields, tree: None, header: OnceCell::new(), body: OnceCell::new(), missed: Cell::new(false) }
    }

    /// Was something not found that may stand in what was passed over?
    pub(super) fn missed(&self) -> bool {
        self.missed.get()
    }

    /// `None`: the header does not say.
    fn holds(&self, key: &Key) -> Option<bool> {
        match key {
            Key::Sent(when, day) => {
                let sent = self.fields.get("Date").and_then(|field| sent_on(&field.unfolded()));
                Some(sent.is_some_and(|sent| when.holds(sent, *day)))
            }
            // RFC 3501 §6.4.4: FROM and the like look into the addresses that ENVELOPE shows.
            Key::Addresses(name, needle) => {
                let mut fields = self.fields.all(name);
                Some(fields.any(|field| needle.is_in(&written(&addresses(&field.unfolded(), ADDRESSES)))))
            }
            Key::Field(name, needle) => Some(self.fields.all(name).any(|field| needle.is_in(&field.text()))),
            Key::Body(needle) => self.texts_hold(needle, |text| !text.is_header),
            Key::Text(needle) => {
                let header = self.header.get_or_init(|| header_text(self.fields));
                if needle.is_within(header) { Some(true) } else { self.texts_hold(needle, |_| true) }
            }
            _ => Some(false),
        }
    }

    fn texts_hold(&self, needle: &Needle, of: impl Fn(&Text) -> bool) -> Option<bool> {
        let tree = self.tree?;
        let body = self.body.get_or_init(|| Texts::of(tree));
        let found = body.texts.iter().filter(|text| of(text)).any(|text| needle.is_within(&text.folded));
        self.missed.set(self.missed() || (body.cut && !found));
        Some(found)
    }
}

impl Texts {
    /// The texts of all parts, and the headers of the parts and messages inside.
    fn of(tree: &Tree<'_>) -> Self {
        let (mut found, mut left) = (Self::default(), SEARCHED_BYTES);
        for (at, entity) in tree.entities().enumerate() {
            let header = entity.header().octets().len();
            if at > 0 && header <= left {
                found.texts.push(Text { folded: header_text(entity.header()), is_header: true });
                left -= header;
            } else if at > 0 {
                found.cut = true;
                break;
            }
            if is_text(entity) {
                let body = entity.body_start(left);
                found.texts.push(Text { folded: text_of(entity, body), is_header: false });
                found.cut |= body.len() < entity.body().len();
                left -= body.len();
            }
        }
        found
    }
}

/// Reports are texts too (RFC 6522).
fn is_text(entity: Entity<'_>) -> bool {
    let kind = entity.content_type();
    kind.kind().eq_ignore_ascii_case(b"text") || (kind.kind().eq_ignore_ascii_case(b"message") && !entity.is_message())
}

fn header_text(header: Header<'_>) -> String {
    let line = |field: Field<'_>| format!("{}: {}\n", String::from_utf8_lossy(field.name()), one_space(&field.text()));
    fold(&header.fields().map(line).collect::<String>())
}

/// A text that cannot be decoded is searched as it stands.
fn text_of(entity: Entity<'_>, body: &[u8]) -> String {
    fold(&entity.text_in(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned()))
}

impl Needle {
    fn is_in(&self, text: &str) -> bool {
        self.is_within(&fold(&one_space(text)))
    }

    /// Of a folded text.
    fn is_within(&self, text: &str) -> bool {
        memmem::find(text.as_bytes(), self.0.as_bytes()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Is `Q` found at the end of a message whose parts are these? Else, may it have been missed?
    fn found(parts: &[(&str, Vec<u8>)]) -> (bool, bool) {
        let mut message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
        for (kind, body) in parts {
            message.extend(format!("--b\r\nContent-Type: {kind}\r\n\r\n").into_bytes());
            message.extend(body);
            message.extend(b"\r\n");
        }
        message.extend(b"--b--\r\n");
        let tree = Tree::view(&message);
        let content = Content::new(&tree);
        (content.holds(&Key::Body(Needle("Q".into()))).unwrap(), content.missed())
    }

    fn text(bytes: usize) -> Vec<u8> {
        let lines = b"a\n".iter().copied().cycle().take(bytes - 1);
        lines.chain(*b"Q").collect()
    }

    #[test]
    fn four_mib_are_looked_through_and_what_is_more_is_passed_over() {
        let header = b"Content-Type: text/plain\r\n\r\n".len();
        let other = b"Content-Type: image/png\r\n\r\n".len();
        let room = SEARCHED_BYTES - header;
        assert_eq!(found(&[("text/plain", text(room))]), (true, false));
        assert_eq!(found(&[("text/plain", text(room + 1))]), (false, true));
        // What is no text is not counted; headers are.
        let image = || ("image/png", text(room));
        assert_eq!(found(&[image(), ("text/plain", text(room - other))]), (true, false));
        assert_eq!(found(&[image(), ("text/plain", text(room - other + 1))]), (false, true));
        assert_eq!(
            found(&[("text/plain", b"Q".to_vec()), image(), image(), ("text/plain", text(room))]),
            (true, false)
        );
    }
}
