//! The messages of an open folder, shared between the connections that have it open (Profile §7.26).
//!
//! They stand in chunks, and where a chunk ends is a matter of the UIDs in it alone. So two connections that know the same
//! of the same messages have the same chunks, whatever each went through; they hold one copy of each.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use fumibako_model::{Entry, FolderId, Uid};

/// One message; its flags are those the client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) entry: Entry,
    /// Removed, but the client still counts it (RFC 3501 §7.4.1).
    pub(super) gone: bool,
}

/// Rows by rising UID.
#[derive(Debug)]
pub(super) struct Rows {
    folder: FolderId,
    chunks: Vec<Chunk>,
}

#[derive(Debug)]
struct Chunk {
    /// The place of its first row.
    start: usize,
    rows: Arc<Vec<Row>>,
    /// It is not known whether others have the same.
    own: bool,
}

/// A chunk by its folder and first UID; those of other states of it stand beside it.
type Shared = HashMap<(FolderId, Uid), Vec<Weak<Vec<Row>>>>;

/// Chunks that somebody holds.
static SHARED: LazyLock<Mutex<(Shared, usize)>> = LazyLock::new(Mutex::default);

/// Does a chunk end behind this UID? One in 512 does.
fn ends(uid: Uid) -> bool {
    uid.get().wrapping_mul(0x9e37_79b9) >> 23 == 0
}

impl Rows {
    pub(super) fn new(folder: FolderId, rows: impl Iterator<Item = Row>) -> Self {
        let mut all = Self { folder, chunks: Vec::new() };
        rows.for_each(|row| all.push(row));
        all.share();
        all.chunks.shrink_to_fit();
        all
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |chunk| chunk.start + chunk.rows.len())
    }

    pub(super) fn get(&self, place: usize) -> Option<&Row> {
        let chunk = self.chunks.get(self.chunk_of(place)?)?;
        chunk.rows.get(place - chunk.start)
    }

    pub(super) fn last(&self) -> Option<&Row> {
        self.chunks.last()?.rows.last()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.chunks.iter().flat_map(|chunk| chunk.rows.iter())
    }

    /// The rows from this place on.
    pub(super) fn from(&self, place: usize) -> impl Iterator<Item = &Row> {
        let first = self.chunk_of(place).unwrap_or(self.chunks.len());
        let start = self.chunks.get(first).map_or(place, |chunk| chunk.start);
        self.chunks[first..].iter().flat_map(|chunk| chunk.rows.iter()).skip(place - start)
    }

    /// How many have a lower UID.
    pub(super) fn below(&self, uid: u64) -> usize {
        let under = |row: &Row| u64::from(row.entry.uid.get()) < uid;
        let after = self.chunks.partition_point(|chunk| chunk.rows.first().is_some_and(under));
        let Some(chunk) = after.checked_sub(1).and_then(|at| self.chunks.get(at)) else { return 0 };
        chunk.start + chunk.rows.partition_point(under)
    }

    /// The place of a UID.
    pub(super) fn find(&self, uid: Uid) -> Option<usize> {
        let place = self.below(uid.get().into());
        self.get(place).filter(|row| row.entry.uid == uid).map(|_| place)
    }

    pub(super) fn change(&mut self, place: usize, change: impl FnOnce(&mut Row)) {
        let chunk = self.chunk_of(place).and_then(|at| self.chunks.get_mut(at));
        if let Some(chunk) = chunk
            && let Some(row) = chunk.rows.get(place - chunk.start)
        {
            let mut changed = *row;
            change(&mut changed);
            if changed != *row {
                Arc::make_mut(&mut chunk.rows)[place - chunk.start] = changed;
                chunk.own = true;
            }
        }
    }

    /// Adds one above all others.
    pub(super) fn push(&mut self, row: Row) {
        let start = self.len();
        match self.chunks.last_mut() {
            Some(chunk) if chunk.rows.last().is_some_and(|last| !ends(last.entry.uid)) => {
                Arc::make_mut(&mut chunk.rows).push(row);
                chunk.own = true;
            }
            _ => self.chunks.push(Chunk { start, rows: Arc::new(vec![row]), own: true }),
        }
    }

    /// Removes those that are gone. Chunks without one stay as they are, but for the place where they begin.
    pub(super) fn let_go(&mut self) {
        let old = std::mem::take(&mut self.chunks);
        for Chunk { rows, own, .. } in old {
            let open = self.chunks.last().and_then(|chunk| chunk.rows.last()).is_some_and(|last| !ends(last.entry.uid));
            if open || rows.iter().any(|row| row.gone) {
                rows.iter().filter(|row| !row.gone).for_each(|row| self.push(*row));
            } else {
                self.chunks.push(Chunk { start: self.len(), rows, own });
            }
        }
        self.share();
    }

    /// Holds in common with others what they have too.
    pub(super) fn share(&mut self) {
        if !self.chunks.iter().any(|chunk| chunk.own) {
            return;
        }
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, clean) = &mut *shared;
        for chunk in self.chunks.iter_mut().filter(|chunk| chunk.own) {
            chunk.own = false;
            let Some(first) = chunk.rows.first().map(|row| row.entry.uid) else { continue };
            let same = known.entry((self.folder, first)).or_default();
            same.retain(|other| other.strong_count() > 0);
            if let Some(other) = same.iter().filter_map(Weak::upgrade).find(|other| **other == *chunk.rows) {
                chunk.rows = other;
            } else {
                Arc::make_mut(&mut chunk.rows).shrink_to_fit();
                same.push(Arc::downgrade(&chunk.rows));
            }
        }
        // Now and then what nobody holds any more is let go.
        if known.len() > 2 * *clean + 64 {
            known.retain(|_, same| same.iter().any(|other| other.strong_count() > 0));
            *clean = known.len();
        }
    }

    fn chunk_of(&self, place: usize) -> Option<usize> {
        self.chunks.partition_point(|chunk| chunk.start <= place).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_model::{Flags, MessageId, ModSeq};
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn row(uid: u32) -> Row {
        let (received_at, saved_at) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let (flags, modseq, message) = (Flags::default(), ModSeq(u64::from(uid)), MessageId(uid.into()));
        Row {
            entry: Entry { uid: Uid::new(uid).unwrap(), flags, modseq, message, size: 1, received_at, saved_at },
            gone: false,
        }
    }

    fn rows(folder: i64, uids: impl Iterator<Item = u32>) -> Rows {
        Rows::new(FolderId(folder), uids.map(row))
    }

    fn shares(one: &Rows, other: &Rows) -> bool {
        one.chunks.len() == other.chunks.len()
            && one.chunks.iter().zip(&other.chunks).all(|(one, other)| Arc::ptr_eq(&one.rows, &other.rows))
    }

    // Profile §7.26
    #[test]
    fn who_knows_the_same_holds_it_in_common_whatever_came_before() {
        let mut one = rows(-1, 1..=20_000);
        let other = rows(-1, (1..=20_050).filter(|uid| uid % 7 != 0));
        (20_001..=20_050).for_each(|uid| one.push(row(uid)));
        assert!(!shares(&one, &other));
        for uid in (7..=20_050).step_by(7) {
            one.change(one.find(Uid::new(uid).unwrap()).unwrap(), |row| row.gone = true);
        }
        one.let_go();
        assert!(shares(&one, &other));
        assert!(one.chunks.len() > 10);
        let mut third = rows(-1, (1..=20_050).filter(|uid| uid % 7 != 0));
        third.change(5, |row| row.entry.flags = Flags::SEEN);
        third.share();
        assert!(!shares(&one, &third));
        assert_eq!(third.chunks.iter().filter(|chunk| Arc::strong_count(&chunk.rows) == 1).count(), 1);
        third.change(5, |row| row.entry.flags = Flags::default());
        third.share();
        assert!(shares(&one, &third));
    }

    proptest! {
        #[test]
        fn chunks_are_as_good_as_one_list(acts in prop::collection::vec((0..4u8, 0..3_000usize), 0..60)) {
            let (mut all, mut list, mut next) = (rows(-2, 1..1), Vec::new(), 1);
            for (act, at) in acts {
                match act {
                    0 => for _ in 0..at / 4 {
                        next += 1 + u32::try_from(at).unwrap() % 3;
                        all.push(row(next));
                        list.push(row(next));
                    },
                    1 if at < list.len() => {
                        all.change(at, |row| row.gone = true);
                        list[at].gone = true;
                    }
                    2 => {
                        all.let_go();
                        list.retain(|row| !row.gone);
                    }
                    _ => all.share(),
                }
                prop_assert_eq!(all.iter().copied().collect::<Vec<_>>(), list.clone());
                prop_assert_eq!(all.len(), list.len());
                prop_assert_eq!(all.get(at), list.get(at));
                prop_assert!(all.from(at).eq(list.iter().skip(at)));
                let uid = u32::try_from(at).unwrap();
                prop_assert_eq!(all.below(uid.into()), list.partition_point(|row| row.entry.uid.get() < uid));
            }
        }
    }
}
