//! Letters on disk: what was written, dropped and ordered to be sent survives closing, a crash and a power cut (NW-12, BT-11).
//!
//! One record lists all letters; the files stand in packs beside it, those that came together in one, and never change. A pack
//! is written before the list that names it, and removed after the list that does not.
//!
//! | a crash after step                    | finds on restart                                               |
//! |---------------------------------------|----------------------------------------------------------------|
//! | 1 pack written                        | a pack that no list names; removed                             |
//! | 2 list written                        | the letters as they were shown                                 |
//! | 3 Message-IDs written, outbox empty   | the letter: a draft again, or a row whose turn comes           |
//! | 4 message in the outbox               | the message, which is posted once; the letter leaves           |

mod mail;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fumibako_model::Private;
use fumibako_web::part::Words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::letters::{Fate, Kept as File, Letter};
use super::state::{App, Letters, Run, held};
use super::work::stand::{Stand, partly, stand};
use crate::keep::Keep;
use crate::outbox::{self, Entry};
use crate::random;
use crate::trouble::{NotKept, Trouble};

/// The record that lists the letters.
const LIST: &str = "letters";
/// Ids of letters that went, as many as are remembered: windows do not stay open longer.
const WENT: usize = 1_000;
/// Letters that are shown and no drafts yet; the oldest goes.
const OFFERED: usize = 16;
/// How the names of packs begin.
const PACK: &str = "pack-";

/// Where letters are kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// `None`: it could not be opened yet, and letters live as long as the program.
    keep: Option<Keep>,
    /// Why it could not be opened, once that was tried: until it is, nothing is kept, and nobody is told that it were.
    why: Option<Trouble>,
    /// What the list says, so that it is written only when it changes.
    list: Zeroizing<Vec<u8>>,
    packs: BTreeSet<String>,
}

/// Where a file is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pack: String,
    from: usize,
    bytes: usize,
}

#[derive(Default, Serialize, Deserialize)]
struct List {
    v: u8,
    drafts: Vec<Record>,
    rows: Vec<Record>,
    leaving: Vec<Record>,
    edits: Vec<Record>,
    #[serde(default)]
    went: VecDeque<String>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    id: String,
    message: String,
    saved: Timestamp,
    files: Vec<(String, Place)>,
    ids: Vec<String>,
    fate: Stood,
    #[serde(default)]
    anyway: bool,
}

/// How a letter stood. What was being sent is told from its Message-IDs.
#[derive(Serialize, Deserialize)]
enum Stood {
    Unsent,
    Waiting,
    Offline,
    Unasked,
    Failed(Box<[Said; 2]>),
    Stopped,
    Doubted,
}

#[derive(Serialize, Deserialize)]
struct Said {
    what: String,
    next: String,
    code: Option<String>,
}

impl App {
    /// Opens what is kept and takes the letters up where they were. Another run that holds them stops the program, and so does
    /// what does not open, before somebody writes what would be lost. A key that is not at hand yet is looked for again later.
    /// True: a batch is to go on.
    pub(super) fn open_kept(&self) -> Result<bool, Trouble> {
        let mut kept = held(&self.kept);
        if kept.keep.is_some() {
            return Ok(false);
        }
        match self.open_now(&mut kept) {
            Ok(goes_on) => {
                kept.why = None;
                Ok(goes_on)
            }
            Err(why) => {
                tracing::warn!(%why, "ui.nothing-kept");
                kept.why = Some(why.again());
                if matches!(why, Trouble::Busy(_) | Trouble::Kept(..)) { Err(why) } else { Ok(false) }
            }
        }
    }

    fn open_now(&self, kept: &mut Kept) -> Result<bool, Trouble> {
        let keep = Keep::open(&self.settings, (self.clock)())?;
        let (read, names) = (read(&keep)?, keep.names()?);
        let known = outbox::look(&self.settings.data_folder)?;
        self.take_up_mail(&keep);
        kept.packs = names.into_iter().filter(|name| name.starts_with(PACK)).collect();
        kept.keep = Some(keep);
        // The order in which everybody locks them.
        let (mut run, mut letters) = (held(&self.run), held(&self.letters));
        let waiting = letters.take_up(read, &known);
        let goes_on = run.is_none() && !waiting.is_empty();
        if goes_on {
            *run = Some(Run { rows: waiting, running: true, stopping: false });
        }
        kept.write(&mut letters)?;
        Ok(goes_on)
    }

    /// Writes what changed. After `Ok` it survives whatever happens; where nothing can be kept yet, the answer is why.
    pub(super) fn keep_letters(&self) -> Result<(), Trouble> {
        let mut kept = held(&self.kept);
        kept.write(&mut held(&self.letters))
    }

    /// Profile §15.7: writes down under which Message-IDs a letter goes into the outbox, before it does: after a crash it is known whether
    /// it went.
    pub(super) fn leaves(&self, id: &str, ids: &[String]) -> Result<(), Trouble> {
        {
            let mut letters = held(&self.letters);
            let Letters { rows, leaving, .. } = &mut *letters;
            if let Some(letter) = rows.get_mut(id).or_else(|| leaving.get_mut(id)) {
                letter.ids = ids.to_vec();
            }
        }
        self.keep_letters()
    }
}

impl Kept {
    fn write(&mut self, letters: &mut Letters) -> Result<(), Trouble> {
        letters.forget_edits();
        let Some(keep) = &self.keep else {
            // Before the first try nobody is served.
            return self.why.as_ref().map_or(Ok(()), |why| Err(why.again()));
        };
        let (name, mut pack) = (format!("{PACK}{}", random::hex()), Zeroizing::new(Vec::new()));
        for file in letters.files().filter(|file| file.place.is_none()) {
            file.place = Some(Place { pack: name.clone(), from: pack.len(), bytes: file.bytes.0.len() });
            pack.extend_from_slice(&file.bytes.0);
        }
        let of_pack = |place: &Place| place.pack == name;
        if letters.files().any(|file| file.place.as_ref().is_some_and(of_pack)) {
            if let Err(why) = keep.write(&name, &pack) {
                letters
                    .files()
                    .filter(|file| file.place.as_ref().is_some_and(of_pack))
                    .for_each(|file| file.place = None);
                return Err(why);
            }
            self.packs.insert(name);
        }
        let list = Zeroizing::new(serde_json::to_vec(&List::of(letters)).unwrap_or_default());
        if list != self.list {
            keep.write(LIST, &list)?;
            self.list = list;
        }
        let named: BTreeSet<&String> =
            letters.kept_files().filter_map(|file| Some(&file.place.as_ref()?.pack)).collect();
        let (stay, go) = std::mem::take(&mut self.packs).into_iter().partition(|name| named.contains(name));
        self.packs = stay;
        let go: BTreeSet<String> = go;
        go.iter().try_for_each(|name| keep.remove(name))
    }
}

/// The list with its files; nothing: nobody kept anything yet.
fn read(keep: &Keep) -> Result<Letters, Trouble> {
    let Some(octets) = keep.read(LIST)? else { return Ok(Letters::default()) };
    let damaged = || Trouble::Kept(keep.place(LIST), NotKept::Damaged);
    let list: List = serde_json::from_slice(&octets).map_err(|_| damaged())?;
    let mut packs: BTreeMap<String, Zeroizing<Vec<u8>>> = BTreeMap::new();
    let mut letters = |records: Vec<Record>| -> Result<BTreeMap<String, Letter>, Trouble> {
        let mut letters = BTreeMap::new();
        for record in records {
            for (_, place) in &record.files {
                if !packs.contains_key(&place.pack) {
                    packs.insert(place.pack.clone(), keep.read(&place.pack)?.ok_or_else(damaged)?);
                }
            }
            letters.insert(record.id.clone(), record.letter(&packs).ok_or_else(damaged)?);
        }
        Ok(letters)
    };
    Ok(Letters {
        drafts: letters(list.drafts)?,
        rows: letters(list.rows)?,
        leaving: letters(list.leaving)?,
        edits: letters(list.edits)?,
        went: list.went,
        ..Letters::default()
    })
}

impl Letters {
    /// A letter that is being written, kept or not.
    pub(super) fn open(&self, id: &str) -> Option<&Letter> {
        self.drafts.get(id).or_else(|| self.offered.get(id))
    }

    /// Is it on its way, or gone (Profile §15.6)? Whoever still writes on it, in another window, writes on nothing.
    pub(super) fn has_left(&self, id: &str) -> bool {
        self.leaving.contains_key(id) || self.rows.contains_key(id) || self.went.iter().any(|went| went == id)
    }

    /// Notes that a letter went.
    pub(super) fn gone(&mut self, id: &str) {
        if !self.went.iter().any(|went| went == id) {
            self.went.push_back(id.to_owned());
        }
        while self.went.len() > WENT {
            self.went.pop_front();
        }
    }

    /// Shows a letter that is no draft before somebody changes it.
    pub(super) fn offer(&mut self, letter: Letter) {
        if self.offered.len() >= OFFERED {
            let oldest = self.offered.values().min_by_key(|letter| letter.saved).map(|letter| letter.id.clone());
            oldest.map(|id| self.offered.remove(&id));
        }
        self.offered.insert(letter.id.clone(), letter);
    }

    /// Takes a letter off the drafts, to be sent; whatever the checker found, if somebody said `anyway` (NW-17).
    pub(super) fn leave(&mut self, id: &str, anyway: bool) -> Option<Letter> {
        let mut letter = self.drafts.remove(id).or_else(|| self.offered.remove(id))?;
        letter.anyway = anyway;
        self.leaving.insert(id.to_owned(), letter.clone());
        Some(letter)
    }

    /// A copy for editing lives no longer than its row: whatever removes a row, its care data go with it.
    fn forget_edits(&mut self) {
        let Self { rows, edits, .. } = self;
        edits.retain(|id, _| rows.get(id).is_some_and(|row| row.fate != Fate::Done));
    }

    fn kept_files(&self) -> impl Iterator<Item = &File> {
        let Self { drafts, rows, leaving, edits, .. } = self;
        [drafts, rows, leaving, edits].into_iter().flat_map(BTreeMap::values).flat_map(|letter| &letter.files)
    }

    fn files(&mut self) -> impl Iterator<Item = &mut File> {
        let Self { drafts, rows, leaving, edits, .. } = self;
        [drafts, rows, leaving, edits].into_iter().flat_map(BTreeMap::values_mut).flat_map(|letter| &mut letter.files)
    }

    /// Takes up what was kept; what is in the outbox by now is no letter any more. Returns the rows whose turn was still to
    /// come, in the order of the list.
    fn take_up(&mut self, kept: Self, known: &[Entry]) -> Vec<String> {
        let mut waiting = Vec::new();
        // Those that went before are the first to be forgotten.
        self.went = kept.went;
        for (id, mut letter) in kept.rows {
            let stand = stand(&mut letter, known);
            let turn = letter.fate == Fate::Waiting && matches!(stand, Stand::Here | Stand::Partly);
            if turn {
                waiting.push((letter.route().map(|(_, to)| to), id.clone()));
            }
            match stand {
                Stand::Sent => continue,
                Stand::Waits => letter.fate = Fate::Offline(letter.ids.clone()),
                Stand::Refused(words) => letter.fate = Fate::Failed(words),
                Stand::Partly if !turn => letter.fate = Fate::Failed(partly()),
                Stand::Here if matches!(letter.fate, Fate::Offline(_)) => letter.fate = Fate::Unsent,
                Stand::Here | Stand::Partly => {}
            }
            self.rows.insert(id, letter);
        }
        for (id, mut letter) in kept.drafts.into_iter().chain(kept.leaving) {
            letter.trouble = match stand(&mut letter, known) {
                Stand::Sent | Stand::Waits => {
                    self.gone(&id);
                    continue;
                }
                Stand::Here => None,
                Stand::Refused(words) => Some(words),
                Stand::Partly => Some(partly()),
            };
            self.drafts.insert(id, letter);
        }
        self.edits.extend(kept.edits);
        waiting.sort();
        waiting.into_iter().map(|(_, id)| id).collect()
    }
}

impl List {
    fn of(letters: &Letters) -> Self {
        let records = |letters: &BTreeMap<String, Letter>| letters.values().filter_map(Record::of).collect();
        Self {
            v: 1,
            drafts: records(&letters.drafts),
            rows: records(&letters.rows),
            leaving: records(&letters.leaving),
            edits: records(&letters.edits),
            went: letters.went.clone(),
        }
    }
}

impl Record {
    /// `None`: it was sent, and only the page still shows it.
    fn of(letter: &Letter) -> Option<Self> {
        let fate = match &letter.fate {
            Fate::Done => return None,
            Fate::Unsent => Stood::Unsent,
            Fate::Waiting | Fate::Sending => Stood::Waiting,
            Fate::Offline(_) => Stood::Offline,
            Fate::Unasked => Stood::Unasked,
            Fate::Failed(words) => Stood::Failed(Box::new([Said::of(&words.0), Said::of(&words.1)])),
            Fate::Stopped => Stood::Stopped,
            Fate::Doubted => Stood::Doubted,
        };
        let files = letter.files.iter().filter_map(|file| Some((file.name.clone(), file.place.clone()?))).collect();
        let (id, message, ids) = (letter.id.clone(), letter.message.clone(), letter.ids.clone());
        Some(Self { id, message, saved: letter.saved, files, ids, fate, anyway: letter.anyway })
    }

    fn letter(self, packs: &BTreeMap<String, Zeroizing<Vec<u8>>>) -> Option<Letter> {
        let file = |(name, place): (String, Place)| {
            let bytes = packs.get(&place.pack)?.get(place.from..place.from.checked_add(place.bytes)?)?.to_vec();
            Some(File::new(name, Private(bytes), Some(place)))
        };
        let mut letter = Letter::new(&self.id, self.saved);
        letter.files = self.files.into_iter().map(file).collect::<Option<_>>()?;
        letter.fate = match self.fate {
            Stood::Unsent => Fate::Unsent,
            Stood::Waiting => Fate::Waiting,
            Stood::Offline => Fate::Offline(self.ids.clone()),
            Stood::Unasked => Fate::Unasked,
            Stood::Failed(words) => Fate::Failed(Box::new((*words).map(Said::words).into())),
            Stood::Stopped => Fate::Stopped,
            Stood::Doubted => Fate::Doubted,
        };
        (letter.message, letter.ids, letter.anyway) = (self.message, self.ids, self.anyway);
        Some(letter)
    }
}

impl Said {
    fn of(words: &Words) -> Self {
        Self { what: words.what.clone(), next: words.next.clone(), code: words.code.clone() }
    }

    fn words(self) -> Words {
        Words { what: self.what, next: self.next, code: self.code }
    }
}

#[cfg(test)]
pub(super) mod tests;
