//! STATUS (RFC 3501 §6.3.10, RFC 9051 §6.3.11) and its items, which LIST and NOTIFY tell as well.

use fumibako_model::{FolderStatus, Refusal};

use super::Ask;
use super::cursor::{Cursor, Mailbox, Parsed};
use super::news::Done;
use super::session::{Session, Work};

/// An item of STATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    /// RFC 7889 §3.1
    AppendLimit,
    /// RFC 7162 §3.1.2.2
    HighestModSeq,
    /// RFC 8474 §4.3
    MailboxId,
    /// RFC 8438
    Size,
    /// RFC 9051 §6.3.11
    Deleted,
    /// RFC 9208 §5.2
    DeletedStorage,
}

impl Counter {
    const ALL: [(&str, Self); 11] = [
        ("MESSAGES", Self::Messages),
        ("RECENT", Self::Recent),
        ("UIDNEXT", Self::UidNext),
        ("UIDVALIDITY", Self::UidValidity),
        ("UNSEEN", Self::Unseen),
        ("APPENDLIMIT", Self::AppendLimit),
        ("HIGHESTMODSEQ", Self::HighestModSeq),
        ("MAILBOXID", Self::MailboxId),
        ("SIZE", Self::Size),
        ("DELETED", Self::Deleted),
        ("DELETED-STORAGE", Self::DeletedStorage),
    ];

    /// ```text
    /// "(" status-att *(SP status-att) ")"
    /// ```
    pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Self>> {
        let mut items: Vec<Self> = Vec::new();
        cursor.list(|cursor| {
            let word = cursor.word()?;
            match Self::ALL.iter().find(|(name, _)| *name == word) {
                Some((_, item)) if items.contains(item) => Ok(()),
                Some((_, item)) => {
                    items.push(*item);
                    Ok(())
                }
                None => cursor.bad("an item of STATUS before"),
            }
        })?;
        if items.is_empty() { cursor.bad("one item at least") } else { Ok(items) }
    }

    fn show(self, status: &FolderStatus, message_bytes: u64) -> String {
        match self {
            Self::Messages => format!("MESSAGES {}", status.messages),
            Self::Recent => format!("RECENT {}", status.recent),
            Self::UidNext => format!("UIDNEXT {}", status.uid_next),
            Self::UidValidity => format!("UIDVALIDITY {}", status.uid_validity.0),
            Self::Unseen => format!("UNSEEN {}", status.unseen),
            Self::AppendLimit => format!("APPENDLIMIT {message_bytes}"),
            Self::HighestModSeq => format!("HIGHESTMODSEQ {}", status.highest_modseq.0),
            Self::MailboxId => format!("MAILBOXID (F{})", status.folder.0),
            Self::Size => format!("SIZE {}", status.bytes),
            Self::Deleted => format!("DELETED {}", status.deleted),
            Self::DeletedStorage => format!("DELETED-STORAGE {}", status.deleted_bytes.div_ceil(1024)),
        }
    }
}

impl Session {
    pub(super) fn status(&mut self, tag: String, mailbox: Mailbox, items: Vec<Counter>) {
        if items.contains(&Counter::HighestModSeq) {
            self.condstore();
        }
        match mailbox {
            Some(name) => self.ask(Ask::Status(name), Work::Status(tag, items)),
            None => self.refuse_here(&tag, Refusal::NoSuchFolder),
        }
    }

    pub(super) fn counted(&mut self, tag: String, items: &[Counter], status: &FolderStatus) {
        self.tell_status(items, status);
        self.finish(Done::ok(tag, "STATUS done."), false);
    }

    /// RFC 3501 §7.2.4.
    pub(super) fn tell_status(&mut self, items: &[Counter], status: &FolderStatus) {
        let limit = self.settings.message_bytes;
        let items = items.iter().map(|item| item.show(status, limit)).collect::<Vec<_>>().join(" ");
        self.untagged(&format!("STATUS {} ({items})", self.spell(&status.name)));
    }
}
