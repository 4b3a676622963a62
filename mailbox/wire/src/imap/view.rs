//! The open folder, as this connection was told of it.

use std::ops::Range;

use fumibako_model::{Changes, Entry, Flags, FolderId, FolderName, FolderView, Keywords, ModSeq, Uid, UidSet};

use super::Ask;
use super::command::By;
use super::set::Set;
use super::window::Window;

mod rows;
use rows::{Row, Rows};

/// Ranges of UIDs that are `\Recent` in one session.
const RECENT_RANGES: usize = 500;

/// Message numbers are places in `rows`; they change only in [`View::renumber`].
#[derive(Debug)]
pub(super) struct View {
    pub(super) folder: FolderId,
    pub(super) name: FolderName,
    pub(super) read_only: bool,
    /// The rights with which somebody else's folder is open.
    lent: Option<String>,
    /// Everything up to here is known.
    pub(super) since: ModSeq,
    pub(super) keywords: Keywords,
    /// `$` (RFC 5182): ranges of UIDs. A UID that goes never comes again, so nothing is to be done at EXPUNGE.
    saved: Vec<(u32, u32)>,
    rows: Rows,
    /// Some row is gone.
    gone: bool,
    /// Up to here even the removals are told, where `gone` holds some back.
    settled: ModSeq,
    /// So many of the rows the client was told of.
    told: usize,
    /// UIDs that are `\Recent` in this session (RFC 3501 §2.3.2), rising; `None`: the client knows no such flag.
    recent: Option<UidSet>,
}

/// What the client does not know yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Learned {
    /// The folder has new keywords.
    pub(super) keywords: bool,
    /// Messages whose flags are not as the client believes.
    pub(super) changed: Vec<Uid>,
}

/// Places of messages, ascending.
pub(super) type Places = std::iter::Flatten<std::vec::IntoIter<Range<usize>>>;

impl View {
    pub(super) fn new(view: FolderView, read_only: bool, knows_recent: bool) -> Self {
        let FolderView { status, keywords, entries, lent } = view;
        let rows = Rows::new(status.folder, entries.into_iter().map(|entry| Row { entry, gone: false }));
        let (folder, name, since) = (status.folder, status.name, status.highest_modseq);
        let told = rows.len();
        let recent = knows_recent.then(|| match status.recent {
            0 => UidSet::default(),
            _ => UidSet::of_ranges(vec![(status.recent_from, status.uid_next.saturating_sub(1))]),
        });
        Self {
            folder,
            name,
            read_only,
            lent,
            since,
            keywords,
            saved: Vec::new(),
            rows,
            gone: false,
            settled: since,
            told,
            recent,
        }
    }

    /// Is it somebody else's? Then whether it may be looked into is asked at each command (Profile §9.8).
    pub(super) fn is_lent(&self) -> bool {
        self.lent.is_some()
    }

    /// Does whoever looks have this right (RFC 4314 §2.1)?
    pub(super) fn has_right(&self, right: char) -> bool {
        self.lent.as_ref().is_none_or(|rights| rights.contains(right))
    }

    /// Profile §18.3: of the notices a client changes no more than its own `\Seen`.
    pub(super) fn is_notices(&self) -> bool {
        self.name.is_notices()
    }

    /// The client knows no `\Recent` (RFC 9051 App. E).
    pub(super) fn forget_recent(&mut self) {
        self.recent = None;
    }

    /// Is this message `\Recent`?
    pub(super) fn is_recent(&self, uid: Uid) -> bool {
        self.recent.as_ref().is_some_and(|recent| recent.contains(uid))
    }

    /// The flags of a message as this session sees them.
    pub(super) fn shown(&self, entry: &Entry) -> Flags {
        if self.is_recent(entry.uid) { entry.flags | Flags::RECENT } else { entry.flags }
    }

    /// Where the messages stand that are `\Recent`.
    pub(super) fn recent(&self) -> Vec<Range<usize>> {
        let place = |uid: u32| self.rows.below(uid.into());
        let ranges = self.recent.iter().flat_map(UidSet::ranges);
        ranges.map(|(lo, hi)| place(*lo)..place(hi.saturating_add(1))).filter(|range| !range.is_empty()).collect()
    }

    /// How many messages are `\Recent`; `None` where the client knows none.
    pub(super) fn count_recent(&self) -> Option<usize> {
        self.recent.as_ref()?;
        Some(self.recent().iter().map(Range::len).sum())
    }

    /// What was not told to anybody is told to this session first.
    fn claim(&mut self, new: Range<u32>) {
        let Some(recent) = self.recent.as_mut().filter(|_| !new.is_empty()) else { return };
        let mut ranges = recent.ranges().to_vec();
        // Profile §7.6: two sessions that share what comes forget what was recent long ago.
        if ranges.len() == RECENT_RANGES {
            ranges.remove(0);
        }
        ranges.push((new.start, new.end - 1));
        *recent = UidSet::of_ranges(ranges);
    }

    /// A folder has another name; this one may be it, or stand below it.
    pub(super) fn renamed(&mut self, from: &FolderName, to: &FolderName) {
        let below =
            self.name.as_str().strip_prefix(from.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some(name) = below.and_then(|rest| format!("{to}{rest}").parse().ok())
            && *from != FolderName::inbox()
        {
            self.name = name;
        }
    }

    /// The question what happened since.
    pub(super) fn asks(&self) -> Ask {
        Ask::Since { folder: self.folder, since: self.since, read_only: self.read_only }
    }

    /// How many messages the client counts.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The messages the client was not yet told of; now it is.
    pub(super) fn tell_what_came(&mut self) -> Vec<Uid> {
        let came = self.rows.from(self.told).map(|row| row.entry.uid).collect();
        self.told = self.rows.len();
        came
    }

    /// A message by its place, which is its number less one.
    pub(super) fn entry(&self, place: usize) -> Option<&Entry> {
        self.rows.get(place).map(|row| &row.entry)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.rows.iter().map(|row| &row.entry)
    }

    /// The place of a UID.
    pub(super) fn place(&self, uid: Uid) -> Option<usize> {
        self.rows.find(uid)
    }

    /// Is a message gone whose number still stands?
    pub(super) fn is_gone(&self, uid: Uid) -> bool {
        self.place(uid).and_then(|place| self.rows.get(place)).is_some_and(|row| row.gone)
    }

    /// The messages a set names; `None` if it names a message number that is none.
    pub(super) fn places(&self, by: By, set: &Set) -> Option<Places> {
        let ranges = match by {
            By::Sequence => self.by_number(set)?,
            By::Uid => self.by_uid(set),
        };
        Some(ranges.into_iter().flatten())
    }

    /// Some of the messages a set names, by their place among them (RFC 9394 §3.3).
    pub(super) fn some_of(&self, by: By, set: &Set, window: Window) -> Option<Places> {
        let ranges = match by {
            By::Sequence => self.by_number(set)?,
            By::Uid => self.by_uid(set),
        };
        let window = window.of(ranges.iter().map(Range::len).sum());
        let (mut before, mut some) = (0, Vec::new());
        for range in ranges {
            let within = |at: usize| range.start + at.saturating_sub(before).min(range.len());
            some.push(within(window.start)..within(window.end));
            before += range.len();
        }
        Some(some.into_iter().flatten())
    }

    /// RFC 3501 §9 seq-number: a number past the last message is an error, and so is `*` in an empty folder.
    pub(super) fn by_number(&self, set: &Set) -> Option<Vec<Range<usize>>> {
        if set.is_saved() {
            return Some(self.by_uid(set));
        }
        let count = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let ranges: Vec<_> = set.resolve(count).collect();
        if count == 0 || ranges.iter().any(|(_, to)| *to > count) {
            return None;
        }
        Some(merged(ranges.into_iter().map(|(from, to)| from as usize - 1..to as usize).collect()))
    }

    /// RFC 3501 §6.4.8: a UID that does not exist is passed over.
    pub(super) fn by_uid(&self, set: &Set) -> Vec<Range<usize>> {
        let Some(last) = self.rows.last() else { return Vec::new() };
        let place = |uid: u64| self.rows.below(uid);
        let range = |(from, to): (u32, u32)| place(from.into())..place(u64::from(to) + 1);
        if set.is_saved() {
            return merged(self.saved.iter().copied().map(range).collect());
        }
        merged(set.resolve(last.entry.uid.get()).map(range).collect())
    }

    /// From now on `$` means the messages at these places, which ascend.
    pub(super) fn save(&mut self, places: impl Iterator<Item = usize>) {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for place in places {
            match runs.last_mut() {
                Some(run) if run.end == place => run.end += 1,
                _ => runs.push(place..place + 1),
            }
        }
        // What stands between two messages of a run is gone for good.
        let uid = |place: usize| self.rows.get(place).map(|row| row.entry.uid.get());
        self.saved = runs.iter().filter_map(|run| uid(run.start).zip(uid(run.end - 1))).collect();
    }

    /// The UIDs at these places.
    pub(super) fn uids(&self, places: impl IntoIterator<Item = usize>) -> Vec<Uid> {
        places.into_iter().filter_map(|place| self.entry(place)).map(|entry| entry.uid).collect()
    }

    /// The client expects this change of a message's flags and need not be told of it.
    pub(super) fn expect(&mut self, uid: Uid, change: impl Fn(Flags) -> Flags) {
        if let Some(place) = self.place(uid) {
            self.rows.change(place, |row| row.entry.flags = change(row.entry.flags));
        }
    }

    /// The client is told these flags of a message.
    pub(super) fn told(&mut self, place: usize, flags: Flags) {
        self.rows.change(place, |row| row.entry.flags = flags);
    }

    /// Takes in what happened. No message gets another number by this.
    pub(super) fn learn(&mut self, changes: Changes) -> Learned {
        let mut learned = Learned { keywords: self.keywords != changes.keywords, ..Learned::default() };
        self.keywords = changes.keywords;
        if !self.gone {
            self.settled = self.since;
        }
        self.since = self.since.max(changes.highest_modseq);
        self.claim(changes.recent);
        let last = self.rows.last().map(|row| row.entry.uid);
        for entry in changes.entries {
            match self.rows.find(entry.uid) {
                Some(place) => self.rows.change(place, |row| {
                    if row.entry.flags != entry.flags {
                        learned.changed.push(entry.uid);
                    }
                    row.entry = entry;
                }),
                None if last.is_none_or(|last| last < entry.uid) => {
                    self.rows.push(Row { entry, gone: false });
                }
                // A UID that appears below one already shown would renumber; the store never does it.
                None => {}
            }
        }
        for (lo, hi) in changes.vanished.ranges() {
            for place in self.rows.below((*lo).into())..self.rows.below(u64::from(*hi) + 1) {
                self.rows.change(place, |row| row.gone = true);
                self.gone = true;
            }
        }
        self.rows.share();
        learned
    }

    /// Are removals still to be told?
    pub(super) fn holds_back(&self) -> bool {
        self.gone
    }

    /// RFC 7162 §3.2: who remembers this MODSEQ misses nothing, removals that are held back included.
    pub(super) fn told_up_to(&self) -> ModSeq {
        if self.gone { self.settled } else { self.since }
    }

    /// The highest UID there is.
    pub(super) fn last_uid(&self) -> u32 {
        self.rows.last().map_or(0, |row| row.entry.uid.get())
    }

    /// The UID of a message number.
    pub(super) fn uid_at(&self, number: u32) -> Option<u32> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.entry(place).map(|entry| entry.uid.get())
    }

    /// Every UID the client counts no message for.
    pub(super) fn absent(&self) -> UidSet {
        UidSet::all_but(self.entries().map(|entry| entry.uid), u32::MAX)
    }

    /// Those of these places whose messages changed after this.
    pub(super) fn changed_since(&self, places: impl IntoIterator<Item = usize>, since: ModSeq) -> Places {
        let changed = |place: &usize| self.entry(*place).is_some_and(|entry| entry.modseq > since);
        let places = places.into_iter().filter(changed);
        merged(places.map(|place| place..place + 1).collect()).into_iter().flatten()
    }

    /// Lets go of the messages that are gone; their numbers, each at the moment it goes (RFC 3501 §7.4.1), and their UIDs.
    pub(super) fn renumber(&mut self) -> Vec<(usize, Uid)> {
        if !std::mem::take(&mut self.gone) {
            return Vec::new();
        }
        let told = self.told;
        let gone = self.rows.iter().enumerate().filter(|(_, row)| row.gone).take_while(|(place, _)| *place < told);
        let numbers: Vec<(usize, Uid)> =
            gone.enumerate().map(|(before, (place, row))| (place + 1 - before, row.entry.uid)).collect();
        self.told -= numbers.len();
        self.rows.let_go();
        numbers
    }
}

/// Ranges in order, none overlapping.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}
