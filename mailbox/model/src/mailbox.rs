//! What IMAP sees of an office's folders: names, unique ids, flags, changes.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::{BitOr, BitOrAssign, Range};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::notice::NOTICES;
use crate::{Private, UidSet};

/// Longest folder name, in bytes of UTF-8.
pub const FOLDER_NAME_BYTES: usize = 255;
/// Most keywords one folder can know (they are bits of a `u64`).
pub const KEYWORDS: usize = 64;
/// Longest keyword, in bytes.
pub const KEYWORD_BYTES: usize = 64;

/// Longest value of an annotation, in bytes (RFC 5464 §4.1 asks for 1,024 at least).
pub const ANNOTATION_BYTES: usize = 4096;
/// Most annotations of one folder, and of none (RFC 5464 §4.1 asks for 10 at least).
pub const ANNOTATIONS: usize = 50;

/// A message's number in its folder: rises strictly, is never used twice (RFC 3501 §2.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Uid(pub NonZeroU32);

/// Changes whenever UIDs of a folder lose their meaning; here it only ever rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UidValidity(pub NonZeroU32);

/// One counter per office, raised by every change (RFC 7162).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModSeq(pub u64);

/// The store's name of a folder; stable over renames (RFC 8474 MAILBOXID).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FolderId(pub i64);

/// The store's name of a message body; the same in every folder that shows it (RFC 8474 EMAILID).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(pub i64);

/// Profile §1.3: a folder's name, as UTF-8 with `/` between levels. `INBOX` is one name in any case (RFC 3501 §5.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FolderName(String);

/// The name is empty, too long, has an empty level or a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a folder name: 1 to 255 bytes, no control characters, no empty level")]
pub struct NotAFolderName;

/// The folders every office has, in the order they are listed (design: INBOX first).
pub const STANDARD_FOLDERS: [(&str, Option<SpecialUse>); 6] = [
    ("INBOX", None),
    ("Sent", Some(SpecialUse::Sent)),
    ("Drafts", Some(SpecialUse::Drafts)),
    ("Receipts", None),
    ("Archive", Some(SpecialUse::Archive)),
    ("Trash", Some(SpecialUse::Trash)),
];

/// What a folder is for (RFC 6154 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpecialUse {
    /// `\Sent`
    Sent,
    /// `\Drafts`
    Drafts,
    /// `\Archive`
    Archive,
    /// `\Trash`
    Trash,
}

impl SpecialUse {
    /// As IMAP writes it.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Sent => "\\Sent",
            Self::Drafts => "\\Drafts",
            Self::Archive => "\\Archive",
            Self::Trash => "\\Trash",
        }
    }
}

impl FolderName {
    /// `INBOX`.
    pub fn inbox() -> Self {
        Self("INBOX".into())
    }
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The use of a standard folder.
    pub fn special_use(&self) -> Option<SpecialUse> {
        STANDARD_FOLDERS.iter().find(|(name, _)| *name == self.0).and_then(|(_, special)| *special)
    }
    /// Is it a standard folder's name, or that of the notices?
    pub fn is_standard(&self) -> bool {
        self.is_notices() || STANDARD_FOLDERS.iter().any(|(name, _)| *name == self.0)
    }
    /// Is it such a name, or one that an eye takes for it?
    pub fn looks_standard(&self) -> bool {
        let mut names = STANDARD_FOLDERS.iter().map(|(name, _)| *name).chain([NOTICES]);
        names.any(|name| name.eq_ignore_ascii_case(&self.0))
    }
    /// Profile §18.3: is it the mailbox that shows the operator's notices to everybody?
    pub fn is_notices(&self) -> bool {
        self.0 == NOTICES
    }
    /// The mailbox of the notices.
    pub fn notices() -> Self {
        Self(NOTICES.into())
    }
    /// The levels above it, the highest first.
    pub fn above(&self) -> impl Iterator<Item = Self> {
        self.0.match_indices('/').map(|(end, _)| Self(self.0[..end].to_owned()))
    }
    /// Does it stand below this folder?
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with('/'))
    }
    /// Incoming content is immutable: only the gateway puts messages here (Profile §7).
    pub fn is_incoming(&self) -> bool {
        matches!(self.0.as_str(), "INBOX" | "Receipts" | NOTICES)
    }
}

impl FromStr for FolderName {
    type Err = NotAFolderName;
    fn from_str(text: &str) -> Result<Self, NotAFolderName> {
        let whole = !text.is_empty() && text.len() <= FOLDER_NAME_BYTES && !text.chars().any(char::is_control);
        if !whole || text.split('/').any(str::is_empty) {
            return Err(NotAFolderName);
        }
        let (first, rest) = text.split_once('/').map_or((text, None), |(first, rest)| (first, Some(rest)));
        if !first.eq_ignore_ascii_case("inbox") {
            return Ok(Self(text.into()));
        }
        Ok(Self(rest.map_or_else(|| "INBOX".into(), |rest| format!("INBOX/{rest}"))))
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Uid {
    /// `None` for 0, which names no message.
    pub fn new(value: u32) -> Option<Self> {
        NonZeroU32::new(value).map(Self)
    }
    /// The number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// System flags and keywords of one message in one folder. Keyword bit *n* is named by the folder's [`Keywords`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flags {
    /// System flags, the `SEEN` … `DRAFT` constants.
    pub system: u8,
    /// Keyword bits.
    pub keywords: u64,
}

impl Flags {
    /// `\Seen`; per office, not per person (Profile §7).
    pub const SEEN: Self = Self { system: 1, keywords: 0 };
    /// `\Answered`
    pub const ANSWERED: Self = Self { system: 2, keywords: 0 };
    /// `\Flagged`
    pub const FLAGGED: Self = Self { system: 4, keywords: 0 };
    /// `\Deleted`
    pub const DELETED: Self = Self { system: 8, keywords: 0 };
    /// `\Draft`
    pub const DRAFT: Self = Self { system: 16, keywords: 0 };

    /// `\Recent` (RFC 3501 §2.3.2): of one session alone, so no store keeps it and no client sets it.
    pub const RECENT: Self = Self { system: 32, keywords: 0 };

    /// The system flags with their names, in the order they are listed.
    pub const NAMED: [(Self, &str); 5] = [
        (Self::ANSWERED, "\\Answered"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::DELETED, "\\Deleted"),
        (Self::SEEN, "\\Seen"),
        (Self::DRAFT, "\\Draft"),
    ];

    /// Are all of `other` set here?
    pub fn has(self, other: Self) -> bool {
        self.system & other.system == other.system && self.keywords & other.keywords == other.keywords
    }
    /// These, less `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self { system: self.system & !other.system, keywords: self.keywords & !other.keywords }
    }
    /// Nothing set.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self { system: self.system | other.system, keywords: self.keywords | other.keywords }
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// Flags by name, as a client gives them or a message starts with: the folder may not know the keywords yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFlags {
    /// System flags.
    pub system: u8,
    /// Keywords, as written.
    pub keywords: Vec<String>,
}

/// The keywords of one folder, by bit. A keyword once known keeps its bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keywords(pub Vec<String>);

impl Keywords {
    /// The flag of a keyword this folder knows; case does not matter.
    pub fn flag(&self, name: &str) -> Option<Flags> {
        let bit = self.0.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        (bit < KEYWORDS).then(|| Flags { system: 0, keywords: 1 << bit })
    }
    /// The names of the keywords set in `flags`.
    pub fn names(&self, flags: Flags) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .take(KEYWORDS)
            .enumerate()
            .filter(move |(bit, _)| flags.keywords >> bit & 1 == 1)
            .map(|(_, name)| name.as_str())
    }
}

/// How STORE changes flags (RFC 3501 §6.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
    /// `FLAGS`
    Replace,
}

/// One message in one folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the folder.
    pub uid: Uid,
    /// Flags and keywords.
    pub flags: Flags,
    /// When it last changed.
    pub modseq: ModSeq,
    /// Which body it shows.
    pub message: MessageId,
    /// RFC822.SIZE, in bytes.
    pub size: u64,
    /// INTERNALDATE.
    pub received_at: Timestamp,
    /// When it came into this folder (RFC 8514 SAVEDATE).
    pub saved_at: Timestamp,
}

/// A folder's counters, for STATUS and SELECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderStatus {
    /// Which folder.
    pub folder: FolderId,
    /// Its name.
    pub name: FolderName,
    /// Its UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The UID the next message will at least have.
    pub uid_next: u32,
    /// The highest change in it.
    pub highest_modseq: ModSeq,
    /// How many messages.
    pub messages: u32,
    /// How many without `\Seen`.
    pub unseen: u32,
    /// Bytes of all messages.
    pub bytes: u64,
    /// How many with `\Deleted`.
    pub deleted: u32,
    /// Their bytes.
    pub deleted_bytes: u64,
    /// How many no session that selected it was told of (RFC 3501 §2.3.2 `\Recent`).
    pub recent: u32,
    /// None of them has a lower UID.
    pub recent_from: u32,
}

/// All folders of an office, and the names it subscribed to, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The standard folders in their order, then its own by name.
    pub folders: Vec<FolderStatus>,
    /// Names subscribed to; there need not be such folders (RFC 3501 §6.3.6).
    pub subscribed: BTreeSet<FolderName>,
    /// The office's last change.
    pub modseq: ModSeq,
    /// Who besides the office may do what.
    pub access: crate::mandate::Access,
}

impl Listing {
    /// The folder of this name.
    pub fn find(&self, name: &FolderName) -> Option<&FolderStatus> {
        self.folders.iter().find(|folder| folder.name == *name)
    }
}

/// A folder as one connection first sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderView {
    /// Its counters.
    pub status: FolderStatus,
    /// Its keywords.
    pub keywords: Keywords,
    /// Its messages, by rising UID.
    pub entries: Vec<Entry>,
    /// Whoever looks has been lent it, with these rights (RFC 4314 §2.1); `None`: it is his own.
    pub lent: Option<String>,
}

/// A note on a folder, or on none (RFC 5464).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The entry's name, in lower case.
    pub name: String,
    /// `None`: it is to go, or has gone.
    pub value: Option<Private<Vec<u8>>>,
}

/// What happened in a folder after a given change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The folder's keywords now.
    pub keywords: Keywords,
    /// Messages that came or changed, as they are now, by rising UID.
    pub entries: Vec<Entry>,
    /// Messages that went.
    pub vanished: UidSet,
    /// Messages of a STORE that were left as they are, since they had changed before (RFC 7162 §3.1.3), by rising UID.
    pub modified: Vec<Uid>,
    /// UIDs nobody was told of before (RFC 3501 §2.3.2 `\Recent`).
    pub recent: Range<u32>,
    /// Everything up to here is told.
    pub highest_modseq: ModSeq,
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §1.3
    #[test]
    fn inbox_is_one_name_in_any_case() {
        for text in ["inbox", "INBOX", "Inbox"] {
            assert_eq!(text.parse::<FolderName>().unwrap(), FolderName::inbox());
        }
        assert_eq!("inbox/2026".parse::<FolderName>().unwrap().as_str(), "INBOX/2026");
    }

    #[test]
    fn empty_levels_controls_and_256_bytes_are_no_names() {
        assert!("a".repeat(FOLDER_NAME_BYTES).parse::<FolderName>().is_ok());
        for bad in ["", "/", "a//b", "a/", "a\u{7}", &"a".repeat(FOLDER_NAME_BYTES + 1)] {
            assert_eq!(bad.parse::<FolderName>(), Err(NotAFolderName), "{bad:?}");
        }
    }

    #[test]
    fn a_keyword_is_found_in_any_case_and_named_as_first_written() {
        let keywords = Keywords(vec!["$Accepted".into(), "$Retrieved".into()]);
        let flag = keywords.flag("$RETRIEVED").unwrap();
        assert_eq!(keywords.names(flag).collect::<Vec<_>>(), ["$Retrieved"]);
        assert_eq!(keywords.flag("$Unknown"), None);
    }

    #[test]
    fn taking_flags_away_leaves_the_others() {
        let both = Flags::SEEN | Flags::DELETED;
        assert!(both.has(Flags::SEEN));
        assert_eq!(both.without(Flags::SEEN), Flags::DELETED);
        assert!(!Flags::DELETED.has(both));
    }
}
