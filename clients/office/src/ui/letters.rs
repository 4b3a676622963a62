//! Letters that are being written: drafts, and the rows of 一括送信. What a file's name says decides where it belongs.

use fumibako_careplan::{Lang, Recognised, WhyLeftOut, recognise};
use fumibako_model::{OfficeNumber, Private};
use fumibako_web::part::{Left, Words};
use fumibako_web::text::{count, say, say_with};
use jiff::Timestamp;

use super::form::{Sent, Upload};
use crate::bundle::attachment::fits as may_travel;
use crate::bundle::seal::at_most;
use crate::bundle::{FILES, NotAttached};
use crate::terms::files_mebibytes;

/// A file of a letter, copied when it was dropped (DR-03).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) bytes: Private<Vec<u8>>,
    /// Where it is kept, once it is.
    pub(super) place: Option<super::kept::Place>,
    /// Where it goes, if it is a file of the standard: its name is read once, and asked often.
    route: Option<Route>,
}

impl Kept {
    pub(super) fn new(name: String, bytes: Private<Vec<u8>>, place: Option<super::kept::Place>) -> Self {
        let route = route(&name).ok().flatten();
        Self { name, bytes, place, route }
    }

    /// Without what is in it.
    fn outline(&self) -> Self {
        Self { name: self.name.clone(), bytes: Private(Vec::new()), place: None, route: self.route }
    }
}

/// How a row of 一括送信 stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Fate {
    #[default]
    Unsent,
    /// Chosen, and its turn has not come.
    Waiting,
    /// In the outbox under these Message-IDs; the network is gone (BP-11).
    Offline(Vec<String>),
    /// Not composed yet, as the gateway could not be asked who reads it; its turn comes with the network (BP-11).
    Unasked,
    Sending,
    Done,
    /// Refused: in both languages, as the language may change.
    Failed(Box<(Words, Words)>),
    Stopped,
    /// The checker found errors in it, and nobody said yet that it goes all the same (NW-17).
    Doubted,
}

impl Fate {
    /// May the row still be changed or removed? Nothing of it is on its way.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Unsent | Self::Unasked | Self::Failed(_) | Self::Stopped | Self::Doubted)
    }

    /// BP-04: what is neither on its way nor at its end stops.
    pub(super) fn stop(&mut self) {
        if matches!(self, Self::Waiting | Self::Unasked) {
            *self = Self::Stopped;
        }
    }
}

/// A letter to one office.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) id: String,
    pub(super) files: Vec<Kept>,
    pub(super) message: String,
    pub(super) saved: Timestamp,
    pub(super) left: Vec<NotAdded>,
    pub(super) fate: Fate,
    pub(super) trouble: Option<Box<(Words, Words)>>,
    /// The Message-IDs it was given, before its messages went into the outbox.
    pub(super) ids: Vec<String>,
    /// BE-01: where it goes whatever files are taken off it, as the copy of a row does.
    pub(super) bound: Option<Route>,
    /// NW-17: somebody said このまま送る of just these files.
    pub(super) anyway: bool,
    /// The last words of the pages that its message was typed on.
    pub(super) typed: LastWords,
}

/// How far each page's words came, by the page's own count: of two requests that overtake each other the words typed last count
/// (NW-12). No clock is asked, as it may be set back; between two pages, the words count that come last.
#[derive(Clone, Debug, Default)]
pub(super) struct LastWords(Vec<(String, u64)>);

/// Pages that are remembered of a letter: those that typed longest ago are forgotten.
const PAGES: usize = 16;
/// Characters of a page's name.
const PAGE_NAME: usize = 32;

impl LastWords {
    /// Are these words newer than those that came from the same page before? `typed` is what the page says: its name, `-`, and its
    /// count. A page without a script says nothing, and its words are as new as they come.
    pub(super) fn take(&mut self, typed: &str) -> bool {
        let Some((page, count)) = typed.rsplit_once('-').filter(|(page, _)| page.len() <= PAGE_NAME) else {
            return true;
        };
        let Ok(count) = count.parse() else { return true };
        let before = self.0.iter().position(|(known, _)| known == page).map(|at| self.0.remove(at).1);
        self.0.push((page.to_owned(), before.map_or(count, |before| before.max(count))));
        self.0.drain(..self.0.len().saturating_sub(PAGES));
        before.is_none_or(|before| count >= before)
    }
}

/// A file that was not added. Its bytes stay for the way to 一括送信 (NW-07).
#[derive(Clone)]
pub(super) struct NotAdded {
    pub(super) name: String,
    pub(super) why: Why,
    pub(super) bytes: Option<Private<Vec<u8>>>,
}

/// Why a file was not added (NW-07 to NW-09, BT-02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    OtherOffice(OfficeNumber),
    OtherSender(OfficeNumber),
    Unknown,
    Empty,
    Twice,
    /// The browser could not read it.
    Unread,
    /// A folder that the browser did not look into.
    Deep,
    NotCsv,
    Many,
    /// More than so many mebibytes of files.
    Large(usize),
    Standard(WhyLeftOut),
    /// No paper and no picture.
    Attached(NotAttached),
}

/// Most names that one request may tell of files that stayed where they were, and characters of each that are shown.
const NAMES: usize = 200;
const NAME_CHARACTERS: usize = 255;

/// Sender and recipient, as a name of the standard says them.
pub(super) type Route = (OfficeNumber, OfficeNumber);

/// Where a file goes, by its name. `Ok(None)`: it is no file of the standard.
pub(super) fn route(name: &str) -> Result<Option<Route>, Why> {
    match recognise(name) {
        Recognised::Standard { name, .. } => {
            let (from, to) = (name.sender().office, name.recipient().office);
            if from == to { Err(Why::Standard(WhyLeftOut::ToItself)) } else { Ok(Some((from, to))) }
        }
        Recognised::NearMiss(problem) => Err(Why::Standard(WhyLeftOut::Name(problem))),
        Recognised::Attachment if is_csv(name) => Err(Why::Unknown),
        Recognised::Attachment => Ok(None),
    }
}

fn is_csv(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

impl Letter {
    pub(super) fn new(id: &str, now: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            files: Vec::new(),
            message: String::new(),
            saved: now,
            left: Vec::new(),
            fate: Fate::default(),
            trouble: None,
            ids: Vec::new(),
            bound: None,
            anyway: false,
            typed: LastWords::default(),
        }
    }

    /// Sender and recipient: what the first file of the standard says (NW-03, NW-06).
    pub(super) fn route(&self) -> Option<Route> {
        self.files.iter().find_map(|file| file.route)
    }

    /// The letter without what is in its files: names decide, and a page has many rows.
    pub(super) fn outline(&self) -> Self {
        let files = self.files.iter().map(Kept::outline).collect();
        let (message, fate, trouble) = (self.message.clone(), self.fate.clone(), self.trouble.clone());
        Self { files, message, fate, trouble, bound: self.bound, ..Self::new(&self.id, self.saved) }
    }

    /// As a list shows it: only where the checker's findings are told, its files are read.
    pub(super) fn listed(&self) -> Self {
        if self.fate == Fate::Doubted { self.clone() } else { self.outline() }
    }

    /// Is there nothing in it?
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.message.trim().is_empty()
    }

    /// Nor anything that could not be added and is still to be told or moved?
    pub(super) fn is_blank(&self) -> bool {
        self.is_empty() && self.left.is_empty()
    }

    /// When its files were written, by the newest stamp in their names.
    pub(super) fn written(&self) -> Option<String> {
        let stamp = |file: &Kept| recognise(&file.name).standard().map(|name| name.serial().to_string());
        let digits = self.files.iter().filter_map(stamp).max()?;
        let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default().to_owned();
        let (day, time) =
            ([part(0..4), part(4..6), part(6..8)].join("/"), [part(8..10), part(10..12), part(12..14)].join(":"));
        Some(format!("{day} {time}"))
    }

    /// Adds files, each on its own: one that cannot be added hinders no other (NW-09). The gateway takes messages of at most so many octets.
    pub(super) fn add(&mut self, files: Vec<Upload>, may_send_for: &dyn Fn(OfficeNumber) -> bool, most: usize) {
        for file in files {
            match self.fits(&file, may_send_for, most) {
                Ok(route) => {
                    self.files.push(Kept { name: file.name, bytes: file.bytes, place: None, route });
                    self.anyway = false;
                }
                Err(why) => {
                    let bytes = matches!(why, Why::OtherOffice(_)).then_some(file.bytes);
                    self.left.push(NotAdded { name: file.name, why, bytes });
                }
            }
        }
    }

    /// Where it goes, if it may be added.
    fn fits(
        &self,
        file: &Upload,
        may_send_for: &dyn Fn(OfficeNumber) -> bool,
        most: usize,
    ) -> Result<Option<Route>, Why> {
        let held = self.files.iter().map(|file| (file.name.as_str(), file.bytes.0.len()));
        let sealed = at_most(held.chain([(file.name.as_str(), file.bytes.0.len())]));
        let route = route(&file.name)?;
        if let (None, Err(why)) = (route, may_travel(&file.name, &file.bytes.0)) {
            return Err(Why::Attached(why));
        }
        match (route, self.route().or(self.bound)) {
            _ if file.bytes.0.is_empty() => Err(Why::Empty),
            _ if self.files.iter().any(|known| known.name == file.name) => Err(Why::Twice),
            _ if self.files.len() >= FILES => Err(Why::Many),
            _ if sealed > most => Err(Why::Large(files_mebibytes(most))),
            (Some((from, _)), _) if !may_send_for(from) => Err(Why::OtherSender(from)),
            (Some((_, to)), Some((_, known))) if to != known => Err(Why::OtherOffice(to)),
            (Some((from, _)), Some((known, _))) if from != known => Err(Why::OtherSender(from)),
            _ => Ok(route),
        }
    }
}

/// What stayed where it was, as the page says: names without content.
pub(super) fn stayed(sent: &Sent) -> Vec<NotAdded> {
    let named = |field: &str, why: Why| {
        let names = sent.all(field).into_iter().take(NAMES);
        names
            .map(|name| NotAdded { name: name.chars().take(NAME_CHARACTERS).collect(), why: why.clone(), bytes: None })
            .collect()
    };
    let [unread, deep]: [Vec<NotAdded>; 2] = [named("unread", Why::Unread), named("deep", Why::Deep)];
    [unread, deep].concat()
}

impl NotAdded {
    /// As the page tells it.
    pub(super) fn told(&self, at: usize, lang: Lang, name_of: &dyn Fn(OfficeNumber) -> String) -> Left {
        let to_batch = self.bytes.is_some().then(|| at.to_string());
        Left { name: self.name.clone(), words: self.why.words(lang, name_of), to_batch }
    }
}

impl Why {
    fn words(&self, lang: Lang, name_of: &dyn Fn(OfficeNumber) -> String) -> Words {
        let id = match self {
            Self::OtherOffice(office) => return about(lang, "left-other-office", &name_of(*office)),
            Self::OtherSender(office) => return about(lang, "left-other-sender", &name_of(*office)),
            Self::Standard(why) => {
                let code = why.code().map(|code| code.as_str().to_owned());
                return Words { what: why.sentence(lang), next: why.what_to_do(lang).to_owned(), code };
            }
            Self::Attached(why) => {
                return Words { what: why.sentence(lang).into(), next: why.what_to_do(lang).into(), code: None };
            }
            Self::Unknown => ["left-unknown", "left-unknown-next"],
            Self::Empty => ["left-empty", "left-empty-next"],
            Self::Twice => ["left-twice", "left-twice-next"],
            Self::Unread => ["left-unread", "left-unread-next"],
            Self::Deep => ["left-deep", "left-deep-next"],
            Self::NotCsv => ["left-not-csv", "left-not-csv-next"],
            Self::Many => ["left-many", "left-many-next"],
            // Profile §12.1: a limit so small that not one whole MB fits has no number.
            Self::Large(0) => ["left-large-any", "left-large-next"],
            Self::Large(mebibytes) => {
                let (what, next) = (count(lang, "left-large", *mebibytes), say(lang, "left-large-next"));
                return Words { what: what.into_owned(), next: next.into_owned(), code: None };
            }
        };
        let [what, next] = id.map(|id| say(lang, id).into_owned());
        Words { what, next, code: None }
    }
}

fn about(lang: Lang, id: &'static str, office: &str) -> Words {
    let what = say_with(lang, id, &[("office", office.to_owned().into())]).into_owned();
    let next = match id {
        "left-other-office" => say(lang, "left-other-office-next"),
        _ => say(lang, "left-other-sender-next"),
    };
    Words { what, next: next.into_owned(), code: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::MESSAGE_BYTES;

    /// Whatever pages say, so many are remembered, and no long names.
    #[test]
    fn pages_that_typed_are_forgotten_in_time() {
        let mut words = LastWords::default();
        for page in 0..=PAGES {
            assert!(words.take(&format!("p{page}-5")));
        }
        assert!(words.take("p0-4"), "the page that typed longest ago is forgotten");
        assert!(!words.take(&format!("p{PAGES}-4")), "the others are not");
        assert!(words.take(&format!("{}-9", "x".repeat(PAGE_NAME + 1))) && words.0.len() == PAGES);
    }

    const OURS: &str = "9970000011";
    const PDF: &[u8] = b"%PDF-1.7";

    fn upload(name: &str, bytes: &[u8]) -> Upload {
        Upload { name: name.into(), bytes: Private(bytes.to_vec()) }
    }

    fn letter(files: Vec<Upload>) -> Letter {
        let mut letter = Letter::new("1", Timestamp::UNIX_EPOCH);
        letter.add(files, &|office| office.as_str() == OURS, MESSAGE_BYTES);
        letter
    }

    fn why(name: &str, bytes: &[u8]) -> Why {
        let first = upload("UPJSK_202510_9970000011_43_9970000029_11_20250920101500.CSV", b"x");
        letter(vec![first, upload(name, bytes)]).left.remove(0).why
    }

    /// NW-07, NW-08, NW-09.
    #[test]
    fn each_reason_is_its_own_and_the_other_files_stay() {
        assert_eq!(
            why("UPJSK_202510_9970000011_43_9970000037_11_20250920101500.CSV", b"x"),
            Why::OtherOffice("9970000037".parse().unwrap())
        );
        assert_eq!(
            why("UPJSK_202510_9970000045_43_9970000029_11_20250920101500.CSV", b"x"),
            Why::OtherSender("9970000045".parse().unwrap())
        );
        assert_eq!(
            why("UPJSK_202510_9970000011_43_9970000011_11_20250920101500.CSV", b"x"),
            Why::Standard(WhyLeftOut::ToItself)
        );
        assert_eq!(why("UPJSK_202510_9970000011_43_9970000029_11_20250920101500.CSV", b"y"), Why::Twice);
        assert_eq!([why("memo.csv", b"x"), why("note.pdf", b"")], [Why::Unknown, Why::Empty]);
        assert_eq!(why("note.js", b"x"), Why::Attached(NotAttached::Program));
        assert_eq!(why("note.pdf", b"<html>"), Why::Attached(NotAttached::Other));
        assert!(matches!(why("UPJSK_202513_9970000011_43_9970000029_11_20250920101500.CSV", b"x"), Why::Standard(_)));
        for lang in [Lang::Ja, Lang::En] {
            for why in [why("memo.csv", b"x"), why("note.pdf", b""), why("note.js", b"x")] {
                let words = why.words(lang, &|office| office.to_string());
                assert!(words.what.len() > 10 && words.next.len() > 10, "{words:?}");
            }
        }
    }

    #[test]
    fn a_list_copies_no_content_but_where_findings_in_it_are_told() {
        let mut letter = letter(vec![upload("UPJSK_202510_9970000011_43_9970000029_11_20250920101500.CSV", b"x")]);
        letter.message = "送ります".into();
        let listed = letter.listed();
        assert!(listed.files[0].bytes.0.is_empty() && listed.files[0].name == letter.files[0].name);
        assert_eq!(
            (listed.route(), listed.written(), &listed.message),
            (letter.route(), letter.written(), &letter.message)
        );
        letter.fate = Fate::Doubted;
        assert!(letter.listed().files == letter.files);
    }

    /// NW-03, NW-06.
    #[test]
    fn the_destination_is_what_the_files_say() {
        let mut letter = letter(vec![upload("note.pdf", PDF)]);
        assert_eq!(letter.route(), None);
        letter.add(
            vec![upload("UPJSK_202510_9970000011_43_9970000029_11_20250920101500.CSV", b"x")],
            &|_| true,
            MESSAGE_BYTES,
        );
        assert_eq!(letter.route().map(|(_, to)| to.to_string()).as_deref(), Some("9970000029"));
        assert_eq!(letter.written().as_deref(), Some("2025/09/20 10:15:00"));
        letter.files.remove(1);
        assert_eq!(letter.route(), None);
    }

    #[test]
    fn the_hundred_and_first_file_is_one_too_many() {
        let many = |n: usize| (0..n).map(|at| upload(&format!("{at}.pdf"), PDF)).collect::<Vec<_>>();
        assert!(letter(many(FILES)).left.is_empty());
        assert_eq!(letter(many(FILES + 1)).left[0].why, Why::Many);
    }

    /// Profile §12.1: the sentence names a size that goes, and no more than a little more does, whatever the gateway takes.
    #[test]
    fn the_size_that_is_named_is_the_size_that_goes() {
        for most in [MESSAGE_BYTES, 4 << 20] {
            let mebibytes = files_mebibytes(most);
            let told = Why::Large(mebibytes).words(Lang::Ja, &|office| office.to_string()).what;
            assert!(told.contains(&format!("{mebibytes}MB")), "{told}");
            let of = |octets: usize| {
                let mut letter = Letter::new("1", Timestamp::UNIX_EPOCH);
                letter.add(vec![upload("a.txt", &vec![b'x'; octets])], &|_| true, most);
                letter.left.pop().map(|left| left.why)
            };
            assert_eq!((of(mebibytes << 20), of((mebibytes + 1) << 20)), (None, Some(Why::Large(mebibytes))));
        }
        let small = Why::Large(files_mebibytes(1 << 20)).words(Lang::Ja, &|office| office.to_string()).what;
        assert!(!small.contains("MB") && small.contains("大きすぎます"), "{small}");
    }
}
