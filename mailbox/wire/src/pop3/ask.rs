//! What a POP3 conversation asks the server.

use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{Entry, MessageId, Party, Private, Refused, Uid, UidValidity};

use crate::sasl::{Claim, Secrets};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Who is this? → [`Answer::Welcome`] or [`Answer::Secrets`].
    Login(Claim),
    /// The `INBOX` of the logged-in office. → [`Answer::Inbox`].
    Open,
    /// These octets of a message, or as many of them as there are. → [`Answer::Message`].
    Read(MessageId, Range<u64>),
    /// The session ended well. → [`Answer::Done`].
    Update {
        /// Retrieved to their ends: they get `\Seen`.
        seen: Vec<Uid>,
        /// To be removed from the folder.
        removed: Vec<Uid>,
        /// Retrieved to their ends, whether they stay or not.
        retrieved: Vec<MessageId>,
    },
}

/// A folder as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// Its UIDVALIDITY.
    pub validity: UidValidity,
    /// Its messages, by rising UID.
    pub entries: Vec<Entry>,
}

/// The server's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Logged in as this party.
    Welcome(Party),
    /// What is kept of a password.
    Secrets(Box<Secrets>),
    /// The folder.
    Inbox(Inbox),
    /// The octets.
    Message(Private<Arc<[u8]>>),
    /// Done.
    Done,
    /// No, and why; `reference` stands in the reply and in the log.
    No {
        /// The refusal.
        refused: Refused,
        /// 受付番号.
        reference: String,
    },
}
