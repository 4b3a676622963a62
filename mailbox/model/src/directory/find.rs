//! How an office is found: a copy of what may be searched, folded, in one text that is looked through as fast as memory is read.

use std::collections::BTreeSet;
use std::fmt;

use fumibako_careplan::{OfficeNumber, ServiceKind};
use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use super::fold::folded;
use crate::refusal::{Refusal, Refused};

/// Most offices in one answer (Profile §17.5).
pub const FOUND: usize = 50;
/// Longest text searched for, in characters.
pub const SEARCHED_CHARACTERS: usize = 100;

/// Between offices, and between what is said of one. Folded text has no control characters.
const RECORD: u8 = 0x1e;
const UNIT: char = '\u{1f}';

/// What is asked; what is empty matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Words, each the beginning of a number or a part of a name, a kana or a municipality; all must match.
    pub q: String,
    /// Part of a municipality.
    pub municipality: String,
    /// A service kind.
    pub kind: String,
    /// Or just these offices: at most [`FOUND`] numbers with commas between them, and nothing else.
    pub numbers: String,
}

/// A search that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    words: Vec<String>,
    municipality: String,
    kind: Option<ServiceKind>,
    these: Vec<OfficeNumber>,
}

/// What is indexed of an office.
#[derive(Clone, Copy, Debug)]
pub struct Indexed<'r> {
    /// 事業所番号.
    pub number: &'r str,
    /// 事業所名.
    pub name: &'r str,
    /// フリガナ.
    pub kana: &'r str,
    /// 市区町村.
    pub municipality: &'r str,
    /// サービス種類, each in double quotes.
    pub kinds: &'r str,
}

/// All offices at one moment, ready to be searched.
#[derive(Default)]
pub struct Directory {
    /// record = RECORD number UNIT name UNIT kana UNIT municipality UNIT kinds
    text: String,
}

impl Search {
    /// Refused: what is too long, no kind, or asks for nothing.
    pub fn sought(&self) -> Result<Sought, Refused> {
        if [&self.q, &self.municipality].into_iter().any(|text| text.chars().count() > SEARCHED_CHARACTERS) {
            return Err(Refusal::ValueUnfit.about(format_args!("a search of at most {SEARCHED_CHARACTERS} characters")));
        }
        let kind = match self.kind.trim() {
            "" => None,
            kind => Some(kind.to_uppercase().parse().map_err(|why| Refusal::ValueUnfit.about(why))?),
        };
        let mut words: Vec<_> = self.q.split_whitespace().map(folded).filter(|word| !word.is_empty()).collect();
        // The longest first: the fewest offices have it.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let these = self.these()?;
        let sought = Sought { words, municipality: folded(&self.municipality), kind, these };
        let by_words = !sought.words.is_empty() || !sought.municipality.is_empty() || kind.is_some();
        if by_words && !sought.these.is_empty() {
            return Err(Refusal::ValueUnfit.about("either numbers or what to search for"));
        }
        if !by_words && sought.these.is_empty() {
            Err(Refusal::ValueUnfit.about("something to search for"))
        } else {
            Ok(sought)
        }
    }
}

impl Search {
    fn these(&self) -> Result<Vec<OfficeNumber>, Refused> {
        if self.numbers.is_empty() {
            return Ok(Vec::new());
        }
        let unfit = || Refusal::ValueUnfit.about(format_args!("1 to {FOUND} office numbers"));
        let numbers = self.numbers.split(',').take(FOUND + 1).map(|number| number.parse().map_err(|_| unfit()));
        let numbers = numbers.collect::<Result<BTreeSet<_>, _>>()?;
        if numbers.len() > FOUND { Err(unfit()) } else { Ok(numbers.into_iter().collect()) }
    }
}

impl Directory {
    /// Of these offices, which come by their numbers.
    pub fn of<'r>(offices: impl IntoIterator<Item = Indexed<'r>>) -> Self {
        let mut text = String::new();
        for Indexed { number, name, kana, municipality, kinds } in offices {
            text.push(char::from(RECORD));
            text.push_str(&number.to_ascii_lowercase());
            for words in [name, kana, municipality] {
                text.push(UNIT);
                text.push_str(&folded(words));
            }
            text.push(UNIT);
            text.push_str(kinds);
        }
        Self { text }
    }

    /// The offices that match, by number, and whether there are more than [`FOUND`]. Those named need not be on the roll.
    pub fn find(&self, sought: &Sought) -> (Vec<OfficeNumber>, bool) {
        if !sought.these.is_empty() {
            return (sought.these.clone(), false);
        }
        let mut found: Vec<OfficeNumber> =
            self.candidates(sought).filter_map(|record| sought.matches(record)).take(FOUND + 1).collect();
        let more = found.len() > FOUND;
        found.truncate(FOUND);
        (found, more)
    }

    /// Records in which the longest word stands somewhere, or the municipality, or the kind.
    fn candidates<'s>(&'s self, sought: &'s Sought) -> impl Iterator<Item = &'s str> {
        // A kind stands between quotes; of a search there is something.
        let kind = sought.kind.map(|kind| format!("\"{kind}\"")).unwrap_or_default();
        let rarest = sought.words.first().unwrap_or(&sought.municipality);
        let finder = Finder::new(if rarest.is_empty() { &kind } else { rarest }).into_owned();
        let mut at = 0;
        std::iter::from_fn(move || {
            let hit = at + finder.find(&self.text.as_bytes()[at..])?;
            let begin = memchr::memrchr(RECORD, &self.text.as_bytes()[..=hit])? + 1;
            let end = memchr::memchr(RECORD, &self.text.as_bytes()[begin..]).map_or(self.text.len(), |end| begin + end);
            at = end;
            self.text.get(begin..end)
        })
    }
}

impl Sought {
    fn matches(&self, record: &str) -> Option<OfficeNumber> {
        let mut parts = record.split(UNIT);
        let (number, name, kana) = (parts.next()?, parts.next()?, parts.next()?);
        let (municipality, kinds) = (parts.next()?, parts.next()?);
        let has = |word: &String| {
            number.starts_with(word.as_str())
                || [name, kana, municipality].iter().any(|text| text.contains(word.as_str()))
        };
        let fits = self.words.iter().all(has)
            && municipality.contains(&self.municipality)
            && self.kind.is_none_or(|kind| kinds.contains(kind.as_str()));
        if fits { number.to_ascii_uppercase().parse().ok() } else { None }
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("bytes", &self.text.len()).finish()
    }
}
