//! What an IMAP conversation asks the server.

use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{
    Annotation, Changes, FlagChange, FolderId, FolderName, FolderStatus, FolderView, Listing, MessageId, ModSeq,
    NamedFlags, Party, Private, Refused, Uid, UidValidity,
};
use jiff::Timestamp;

use crate::sasl::{Claim, Secrets};

/// A message whose octets go to the client, as the connection knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Which.
    pub message: MessageId,
    /// Its octets.
    pub size: u64,
    /// Was it `\\Seen` before they went?
    pub seen: bool,
    /// Does the command say that it is seen now: a FETCH that is no PEEK, of a folder that is not read-only?
    pub marks: bool,
}

/// Which quota root is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaOf {
    /// The one of this name.
    Root(String),
    /// The one that this folder counts for.
    Folder(FolderName),
}

/// A quota root (RFC 9208 §3.2): bytes in all its folders together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRoot {
    /// Its name.
    pub name: String,
    /// Now.
    pub used: u64,
    /// At most.
    pub limit: u64,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Who is this? → [`Answer::Welcome`] or [`Answer::Secrets`].
    Login(Claim),
    /// From now on the connection is nobody's. → [`Answer::Done`].
    Forget,
    /// All folders of the logged-in office, and, if that is asked for, what it subscribed to. → [`Answer::Folders`].
    Folders {
        /// Else the list of what it subscribed to may be left out.
        subscribed: bool,
    },
    /// A folder's counters. → [`Answer::Status`].
    Status(FolderName),
    /// A folder with its messages, to be watched from now on: news of it arrive through
    /// [`Conversation::news`](crate::Conversation::news). Unless it is opened read-only, what nobody was told of is told to this
    /// connection first. → [`Answer::Folder`].
    Open {
        /// Which.
        name: FolderName,
        /// Nothing changes by it.
        read_only: bool,
    },
    /// Stop watching the open folder. → [`Answer::Done`].
    Close,
    /// May a folder that is lent still be looked into? → [`Answer::Done`].
    Look,
    /// What changed in the open folder after this. → [`Answer::Changes`].
    Since {
        /// The folder.
        folder: FolderId,
        /// The connection's view is of this change.
        since: ModSeq,
        /// What nobody was told of stays so.
        read_only: bool,
    },
    /// These octets of a message, or as many of them as there are. → [`Answer::Message`].
    Read(MessageId, Range<u64>),
    /// Several small messages, whole. → [`Answer::Heads`].
    Bodies(Vec<MessageId>),
    /// These octets of these messages went to the client as they are (Profile §8.10). → [`Answer::Done`].
    Sent(Vec<(Outgoing, Vec<Range<u64>>)>),
    /// The headers of messages. → [`Answer::Heads`].
    Heads {
        /// Which.
        messages: Vec<MessageId>,
        /// So many octets where no blank line comes before.
        longest: u64,
    },
    /// Change flags. → [`Answer::Changes`], which holds the messages named (as they are now) and whatever else
    /// happened since `since`.
    Flag {
        /// Where.
        folder: FolderId,
        /// Which.
        uids: Vec<Uid>,
        /// How.
        change: FlagChange,
        /// What.
        flags: NamedFlags,
        /// Messages that changed after this stay as they are (RFC 7162 §3.1.3).
        unchanged_since: Option<ModSeq>,
        /// The connection's view is of this change.
        since: ModSeq,
    },
    /// Remove those of these messages that have `\Deleted`. → [`Answer::Changes`].
    Expunge {
        /// Where.
        folder: FolderId,
        /// Which; `None` is all.
        uids: Option<Vec<Uid>>,
        /// The connection's view is of this change.
        since: ModSeq,
    },
    /// Put a message (it went by in [`Effect::Body`](crate::Effect::Body) pieces) into a folder, behind those put aside.
    /// → [`Answer::Appended`].
    Append {
        /// Where.
        folder: FolderName,
        /// With these flags.
        flags: NamedFlags,
        /// INTERNALDATE, if given.
        date: Option<Timestamp>,
        /// A message that goes in the same moment.
        replaces: Option<(FolderId, Uid)>,
    },
    /// A message went by, and another follows: keep it for the [`Ask::Append`] that comes after the last one.
    /// → [`Answer::Done`].
    PutAside {
        /// With these flags.
        flags: NamedFlags,
        /// INTERNALDATE, if given.
        date: Option<Timestamp>,
    },
    /// The messages broke off: forget them. → [`Answer::Done`].
    Discard,
    /// Copy or move messages to another folder; the bodies are shared. → [`Answer::Copied`].
    Copy {
        /// From.
        folder: FolderId,
        /// Which.
        uids: Vec<Uid>,
        /// To.
        to: FolderName,
        /// They leave the folder they were in.
        moves: bool,
    },
    /// Make a folder, and the levels above it. → [`Answer::Created`].
    Create(FolderName),
    /// Remove a folder with its messages. → [`Answer::Done`].
    Delete(FolderName),
    /// Give a folder, and those below it, another name. → [`Answer::Done`].
    Rename {
        /// The name it has.
        from: FolderName,
        /// The name it gets.
        to: FolderName,
    },
    /// Watch all folders of the office from now on, and the tree of them: news arrive through
    /// [`Conversation::news`](crate::Conversation::news). → [`Answer::Folders`].
    Watch,
    /// No longer. → [`Answer::Done`].
    Unwatch,
    /// Which annotations were set or removed after this. → [`Answer::Annotated`].
    AnnotatedSince(ModSeq),
    /// How much the folders under a quota root hold, and may. → [`Answer::Quota`].
    Quota(QuotaOf),
    /// The annotations of a folder, or of none. → [`Answer::Annotations`].
    Annotations(Option<FolderName>),
    /// Set or remove annotations of a folder, or of none, all of them or none. → [`Answer::Done`].
    Annotate(Option<FolderName>, Vec<Annotation>),
    /// Subscribe to a name, or no longer. → [`Answer::Done`].
    Subscribe {
        /// The name; there need not be such a folder.
        folder: FolderName,
        /// From now on.
        wanted: bool,
    },
}

/// The server's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Logged in as this party.
    Welcome(Party),
    /// What is kept of a password.
    Secrets(Box<Secrets>),
    /// The folders.
    Folders(Listing),
    /// The counters.
    Status(FolderStatus),
    /// The folder.
    Folder(Box<FolderView>),
    /// What changed.
    Changes(Changes),
    /// The octets.
    Message(Private<Arc<[u8]>>),
    /// The headers of the first of the messages, or those messages, one at least; none where there is no such message any more.
    Heads(Vec<Option<Private<Arc<[u8]>>>>),
    /// The messages have these UIDs.
    Appended(UidValidity, Vec<Uid>),
    /// The copies, pairs of (from, to), and the target's UIDVALIDITY.
    Copied(UidValidity, Vec<(Uid, Uid)>),
    /// The quota root; `None`: the folder counts for none.
    Quota(Option<QuotaRoot>),
    /// The annotations, all of which have a value.
    Annotations(Vec<Annotation>),
    /// Annotations, by folder and name.
    Annotated(Vec<(Option<FolderName>, String)>),
    /// The folder is made.
    Created(FolderId),
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
