//! What a watching client knows of the folders, and what is news to it.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{FolderId, FolderName, FolderStatus, Listing, ModSeq, UidValidity};

/// The folders as the client was last told of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    folders: BTreeMap<FolderId, Seen>,
    subscribed: BTreeSet<FolderName>,
    /// Everything up to here is known.
    pub(super) modseq: ModSeq,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    name: FolderName,
    uid_validity: UidValidity,
    uid_next: u32,
    messages: u32,
    modseq: ModSeq,
}

/// One thing that happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Messages came or went.
    Messages(FolderId),
    /// Flags changed.
    Flags(FolderId),
    Created(FolderName),
    Deleted(FolderName),
    Renamed {
        from: FolderName,
        to: FolderName,
    },
    /// Subscribed to, or no longer.
    Subscription(FolderName),
}

impl News {
    /// The name of a folder that is new, or gone.
    pub(super) fn came_or_went(&self) -> Option<&FolderName> {
        match self {
            Self::Created(name) | Self::Deleted(name) => Some(name),
            _ => None,
        }
    }
}

impl Known {
    pub(super) fn of(listing: &Listing) -> Self {
        Self {
            folders: listing.folders.iter().map(|folder| (folder.folder, Seen::of(folder))).collect(),
            subscribed: listing.subscribed.clone(),
            modseq: listing.modseq,
        }
    }

    /// Was the name subscribed to?
    pub(super) fn was_subscribed(&self, name: &FolderName) -> bool {
        self.subscribed.contains(name)
    }

    /// What is new in this listing.
    pub(super) fn news(&self, listing: &Listing) -> Vec<News> {
        let mut news = Vec::new();
        let there: BTreeSet<FolderId> = listing.folders.iter().map(|folder| folder.folder).collect();
        let gone = self.folders.iter().filter(|(id, _)| !there.contains(id));
        news.extend(gone.map(|(_, seen)| News::Deleted(seen.name.clone())));
        for folder in &listing.folders {
            let now = Seen::of(folder);
            match self.folders.get(&folder.folder) {
                None => news.push(News::Created(now.name)),
                Some(before) => {
                    if before.name != now.name {
                        news.push(News::Renamed { from: before.name.clone(), to: now.name.clone() });
                    }
                    let counted = |seen: &Seen| (seen.uid_validity, seen.uid_next, seen.messages);
                    if counted(before) != counted(&now) {
                        news.push(News::Messages(folder.folder));
                    } else if before.modseq != now.modseq {
                        news.push(News::Flags(folder.folder));
                    }
                }
            }
        }
        let changed = self.subscribed.symmetric_difference(&listing.subscribed);
        news.extend(changed.map(|name| News::Subscription(name.clone())));
        news
    }
}

impl Seen {
    fn of(folder: &FolderStatus) -> Self {
        Self {
            name: folder.name.clone(),
            uid_validity: folder.uid_validity,
            uid_next: folder.uid_next,
            messages: folder.messages,
            modseq: folder.highest_modseq,
        }
    }
}
