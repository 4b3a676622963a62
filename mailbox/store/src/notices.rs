//! The operator's notices as the store keeps them, and as a mailbox that every account sees (Profile §18).

use fumibako_model::{
    Changes, Entry, Flags, FolderName, FolderStatus, FolderView, Keywords, ModSeq, NOTICES_FOLDER, Notice, Uid, UidSet,
    UidValidity, notice_message,
};
use jiff::Timestamp;

/// A change of the notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeOrder {
    /// Posts one, under the next number.
    Post {
        /// What it says.
        notice: Box<Notice>,
        /// Its number; one that is not the next is not taken.
        id: u32,
        /// The message that shows it.
        octets: Vec<u8>,
        /// When.
        at: Timestamp,
    },
    /// Takes one back for good.
    Withdraw {
        /// Which.
        id: u32,
        /// When.
        at: Timestamp,
    },
}

/// A notice, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptNotice {
    /// Its number.
    pub id: u32,
    /// What it says.
    pub notice: Notice,
    /// When it was posted.
    pub posted: Timestamp,
    /// When it was withdrawn.
    pub withdrawn: Option<Timestamp>,
    /// Where it stands in the mailbox; `None`: it does not stand.
    pub uid: Option<Uid>,
}

/// Which notices are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichNotices {
    /// Those that stand now, the oldest first.
    Standing,
    /// Those that stand or are to stand at this moment or later.
    Current(Timestamp),
    /// The latest, [`LISTED`](crate::LISTED) at most.
    All,
    /// This one.
    One(u32),
}

/// What a look at the clock made of the notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// Some came or went.
    pub changed: bool,
    /// When the next one comes or goes.
    pub next: Option<Timestamp>,
}

/// The mailbox of the notices, as one party sees it at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeBoard {
    /// Its UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The UID the next one will have.
    pub uid_next: u32,
    /// The last time one came or went.
    pub turned: ModSeq,
    /// Those that stand, by rising UID.
    pub entries: Vec<Entry>,
}

/// Marks some as `\Seen` or not, for one party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkNotices {
    /// Which.
    pub uids: Vec<Uid>,
    /// Seen?
    pub seen: bool,
    /// What changed after this stays as it is (RFC 7162 §3.1.3).
    pub unchanged_since: Option<ModSeq>,
}

/// What became of marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkedNotices {
    /// What had changed meanwhile, and stays as it is.
    pub modified: Vec<Uid>,
    /// Is any other than it was?
    pub changed: bool,
}

impl NoticeBoard {
    /// What STATUS says.
    pub fn status(&self) -> FolderStatus {
        let unseen = self.entries.iter().filter(|entry| !entry.flags.has(Flags::SEEN)).count();
        FolderStatus {
            folder: NOTICES_FOLDER,
            name: FolderName::notices(),
            uid_validity: self.uid_validity,
            uid_next: self.uid_next,
            highest_modseq: self.highest(),
            messages: u32::try_from(self.entries.len()).unwrap_or(u32::MAX),
            unseen: u32::try_from(unseen).unwrap_or(u32::MAX),
            bytes: self.entries.iter().map(|entry| entry.size).sum(),
            deleted: 0,
            deleted_bytes: 0,
            recent: 0,
            recent_from: self.uid_next,
        }
    }

    /// What SELECT begins with.
    pub fn view(self) -> FolderView {
        FolderView { status: self.status(), keywords: Keywords::default(), entries: self.entries, lent: None }
    }

    /// What happened after this, and these messages whether something happened to them or not. What went may be told once
    /// more: of each UID that is not there (RFC 7162 §3.2.6).
    pub fn since(self, since: ModSeq, named: &[Uid]) -> Changes {
        let standing = self.entries.iter().map(|entry| entry.uid);
        let vanished = if self.turned > since { UidSet::all_but(standing, self.uid_next) } else { UidSet::default() };
        let highest_modseq = self.highest();
        let told = |entry: &Entry| entry.modseq > since || named.contains(&entry.uid);
        Changes {
            keywords: Keywords::default(),
            vanished,
            modified: Vec::new(),
            recent: 0..0,
            highest_modseq,
            entries: self.entries.into_iter().filter(told).collect(),
        }
    }

    /// One counter numbers whatever comes, goes or is marked, so the highest number tells all.
    fn highest(&self) -> ModSeq {
        self.entries.iter().map(|entry| entry.modseq).max().unwrap_or_default().max(self.turned)
    }

    /// An entry as it stands.
    pub fn entry(uid: Uid, seen: bool, modseq: ModSeq, (size, since): (u64, Timestamp)) -> Entry {
        let flags = if seen { Flags::SEEN } else { Flags::default() };
        Entry { uid, flags, modseq, message: notice_message(uid), size, received_at: since, saved_at: since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> NoticeBoard {
        let entry = |uid, seen, modseq| {
            NoticeBoard::entry(Uid::new(uid).unwrap(), seen, ModSeq(modseq), (10, Timestamp::UNIX_EPOCH))
        };
        let entries = vec![entry(2, true, 9), entry(5, false, 7)];
        NoticeBoard { uid_validity: UidValidity(1.try_into().unwrap()), uid_next: 6, turned: ModSeq(7), entries }
    }

    // Profile §18.4
    #[test]
    fn what_happened_since_is_told_and_what_went_with_it() {
        let status = board().status();
        assert_eq!((status.messages, status.unseen, status.bytes, status.highest_modseq), (2, 1, 20, ModSeq(9)));
        let uids = |changes: &Changes| changes.entries.iter().map(|entry| entry.uid.get()).collect::<Vec<_>>();
        let all = board().since(ModSeq(6), &[]);
        assert_eq!((uids(&all), all.vanished.ranges()), (vec![2, 5], &[(1, 1), (3, 4)][..]));
        let marked = board().since(ModSeq(7), &[]);
        assert_eq!((uids(&marked), marked.vanished.is_empty()), (vec![2], true));
        let none = board().since(ModSeq(9), &[]);
        assert_eq!((uids(&none), none.highest_modseq), (vec![], ModSeq(9)));
        assert_eq!(uids(&board().since(ModSeq(9), &[Uid::new(5).unwrap()])), [5]);
    }
}
