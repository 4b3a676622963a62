//! The trait: everything that is kept, and the verbs on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use fumibako_model::log::Hash;
use fumibako_model::{
    AgentId, Annotation, Changes, Delegate, Details, Directory, Done, Evidence, EvidenceId, FolderId, FolderName,
    FolderStatus, FolderView, Listing, MandateId, MessageId, ModSeq, NamedFlags, OfficeNumber, Party, Private,
    Promised, Refusal, Refused, Retention, Roll, Uid, UidValidity,
};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::acts::{ActsAudit, ActsHead, ActsState, Amend, DescribeOrder, Described, SealedAct, ToldTo, WhichActs};
use crate::admit::Admitted;
use crate::backup::{BackedUp, Loss};
use crate::bodies::{BodyError, Day, Spool};
use crate::census::Census;
use crate::doer::Doer;
use crate::expire::{Asked, DayOfMail, Expired};
use crate::hold::{Hold, HoldOrder};
use crate::inspect::Inspection;
use crate::licences::{LicenceChange, Published};
use crate::limits::Quota;
use crate::log::{
    Due, DueKey, Letter, LogAudit, LogState, Logging, Named, Paper, Proof, Prunable, PruneOrder, RefusedReceipt,
    RefusedReceipts, Told, Unlogged, Untold, Vouched, Which, WhichRefused,
};
use crate::mandates::SignedDeed;
use crate::news::AgentNews;
use crate::notices::{KeptNotice, MarkNotices, MarkedNotices, NoticeBoard, Turned, WhichNotices};
use crate::seal::Notes;
use crate::taking::{CopyOrder, FlagOrder, Pairs, Taken};

/// A store of mailboxes, the roll and evidence. Every verb that changes something is durable when it returns `Ok`.
pub trait Store: Send + Sync + 'static {
    /// The roll as it is now.
    fn roll(&self) -> Arc<Roll>;

    /// Changes the roll, and tells the audit in the same commit (Profile §16.1); all of it or nothing.
    fn amend(&self, amend: Amend) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Puts offices on the roll, or says something else of them; all of them or none. Of two orders at once, one finds what
    /// the other did, and the audit tells both as they came.
    fn describe(&self, order: DescribeOrder) -> impl Future<Output = Result<Described, StoreError>> + Send;

    /// Rows of the audit, the oldest first, at most [`LISTED`](crate::LISTED), octet for octet.
    fn acts(&self, which: WhichActs) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// What of it an office is told, the newest first, octet for octet.
    fn told_acts(&self, which: ToldTo) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// How far the audit is, and its newest head.
    fn acts_state(&self) -> impl Future<Output = Result<ActsState, StoreError>> + Send;

    /// Rows from this one on with their seals, the oldest first: some, as long as there are any.
    fn sealed_acts(&self, from: u64) -> impl Future<Output = Result<Vec<SealedAct>, StoreError>> + Send;

    /// Keeps a signed head of the audit (Profile §16.2).
    fn keep_acts_head(&self, head: ActsHead) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Holds the audit against itself. Changes nothing.
    fn audit_acts(&self) -> impl Future<Output = Result<ActsAudit, StoreError>> + Send;

    /// The offices as they may be searched now (Profile §17.4).
    fn directory(&self) -> impl Future<Output = Result<Arc<Directory>, StoreError>> + Send;

    /// What the directory says of these offices, or of all.
    fn details(
        &self,
        offices: Option<Vec<OfficeNumber>>,
    ) -> impl Future<Output = Result<HashMap<OfficeNumber, Details>, StoreError>> + Send;

    /// What was signed of a mandate, in the order it came.
    fn deeds(&self, id: MandateId) -> impl Future<Output = Result<Vec<SignedDeed>, StoreError>> + Send;

    /// The operator's notices.
    fn notices(&self, which: WhichNotices) -> impl Future<Output = Result<Vec<KeptNotice>, StoreError>> + Send;

    /// Lets notices come and go: those whose time it is stand from now on, under new UIDs; those whose time is over, and
    /// those that were withdrawn, do not. Clocks that run back take none away.
    fn turn_notices(&self, now: Timestamp) -> impl Future<Output = Result<Turned, StoreError>> + Send;

    /// The mailbox of the notices as this party sees it.
    fn notice_board(&self, party: &Party) -> impl Future<Output = Result<NoticeBoard, StoreError>> + Send;

    /// The messages that show these notices; none of one that does not stand.
    fn notice_messages(&self, uids: Vec<Uid>) -> impl Future<Output = Result<Heads, StoreError>> + Send;

    /// Marks notices as seen by this party, or not; which of them were left as they are.
    fn mark_notices(
        &self,
        party: Party,
        marks: MarkNotices,
    ) -> impl Future<Output = Result<MarkedNotices, StoreError>> + Send;

    /// What a recipient said, as the gateway accepted it: what this piece of evidence names by its digest, as long as the piece is
    /// kept (Profile §8.18). None of other pieces, and of those from before it was kept.
    fn word(&self, id: EvidenceId) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Where the body of a message that comes in now is received. Dropped before it is delivered, it leaves nothing.
    fn spool(&self, now: Timestamp) -> Spool;

    /// Makes an admitted message durable: a bundle in the recipient's `INBOX` and the sender's `Sent`, a receipt in
    /// both offices' `Receipts`. After `Ok` the power may fail and the message is still there (Profile §11.1).
    ///
    /// | a crash                | finds on restart                  | the sender, on resending       |
    /// |------------------------|-----------------------------------|--------------------------------|
    /// | before the commit      | nothing of the message            | is accepted                    |
    /// | after it, before `250` | the message, delivered            | gets the same evidence id      |
    fn deliver(&self, message: Admitted, now: Timestamp) -> impl Future<Output = Result<Delivery, StoreError>> + Send;

    /// Puts an office's own messages into one of its folders, all of them or none. A copy of a message the gateway already
    /// keeps in `Sent` is not kept twice: its UID is returned. What they replace is taken.
    fn append(
        &self,
        doer: impl Into<Doer> + Send,
        deposit: Deposit,
        now: Timestamp,
    ) -> impl Future<Output = Result<Taken<(UidValidity, Vec<Uid>)>, StoreError>> + Send;

    /// The office's folders, and what it subscribed to.
    fn folders(&self, office: OfficeNumber) -> impl Future<Output = Result<Listing, StoreError>> + Send;

    /// How much an office's folders hold together, and may.
    fn quota(&self, office: OfficeNumber) -> impl Future<Output = Result<Quota, StoreError>> + Send;

    /// From now on an office's folders may hold so many bytes. What is there stays.
    fn set_quota(&self, office: OfficeNumber, bytes: u64) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes a folder, and the levels above it that are not there.
    fn create(
        &self,
        office: OfficeNumber,
        folder: FolderName,
    ) -> impl Future<Output = Result<FolderId, StoreError>> + Send;

    /// Removes a folder with its messages, which are taken; those below it stay. Who has it open finds no folder any more.
    fn delete(
        &self,
        doer: impl Into<Doer> + Send,
        folder: FolderName,
    ) -> impl Future<Output = Result<Taken<()>, StoreError>> + Send;

    /// Gives a folder another name, and those below it with it. Of `INBOX` only the messages go (RFC 3501 §6.3.5), and are taken.
    fn rename(
        &self,
        doer: impl Into<Doer> + Send,
        from: FolderName,
        to: FolderName,
        now: Timestamp,
    ) -> impl Future<Output = Result<Taken<()>, StoreError>> + Send;

    /// Subscribes to a name, or no longer; there need not be such a folder.
    fn subscribe(
        &self,
        office: OfficeNumber,
        folder: FolderName,
        wanted: bool,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The same for an agent: the list is its own, and no office's (Profile §9.16).
    fn subscribe_agent(
        &self,
        agent: AgentId,
        folder: FolderName,
        wanted: bool,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Of which names an agent said that it subscribes to them, or does not: of all, or of the folders of one office and the notices.
    fn said_of_subscriptions(
        &self,
        agent: &AgentId,
        office: Option<OfficeNumber>,
    ) -> impl Future<Output = Result<BTreeMap<FolderName, bool>, StoreError>> + Send;

    /// The annotations of a folder, or of none, by name.
    fn annotations(
        &self,
        office: OfficeNumber,
        folder: Option<FolderName>,
    ) -> impl Future<Output = Result<Vec<Annotation>, StoreError>> + Send;

    /// Sets annotations of a folder, or of none, or removes those without a value; all of them or none.
    fn annotate(
        &self,
        office: OfficeNumber,
        folder: Option<FolderName>,
        entries: Vec<Annotation>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The annotations that were set or removed after `since`, by folder and name, without their values.
    fn annotated_since(
        &self,
        office: OfficeNumber,
        since: ModSeq,
    ) -> impl Future<Output = Result<Vec<(Option<FolderName>, String)>, StoreError>> + Send;

    /// A folder's counters.
    fn status(
        &self,
        office: OfficeNumber,
        folder: &FolderName,
    ) -> impl Future<Output = Result<FolderStatus, StoreError>> + Send;

    /// A folder with its messages.
    fn open(
        &self,
        office: OfficeNumber,
        folder: &FolderName,
    ) -> impl Future<Output = Result<FolderView, StoreError>> + Send;

    /// What changed in a folder after `since`.
    fn since(
        &self,
        office: OfficeNumber,
        folder: FolderId,
        since: ModSeq,
    ) -> impl Future<Output = Result<Changes, StoreError>> + Send;

    /// The octets of a message that stands in one of the office's folders, or as many of this range as there are.
    fn read(
        &self,
        office: OfficeNumber,
        message: MessageId,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Private<Arc<[u8]>>, StoreError>> + Send;

    /// These messages, whole: of the first of them, one at least, as many as are no burden. None of a message that stands in
    /// none of the office's folders.
    fn bodies(
        &self,
        office: OfficeNumber,
        messages: Vec<MessageId>,
    ) -> impl Future<Output = Result<Heads, StoreError>> + Send;

    /// The headers of these messages, each with its blank line, or so many octets where that does not come: of the first of
    /// them, one at least, as many as are no burden. None of a message that stands in none of the office's folders.
    fn heads(
        &self,
        office: OfficeNumber,
        messages: Vec<MessageId>,
        longest: u64,
    ) -> impl Future<Output = Result<Heads, StoreError>> + Send;

    /// Changes flags; tells everything that changed in the folder after `since`, the messages named included, and which of
    /// them were left as they are since they had changed after `unchanged_since`. What gets `\Seen`, or has it, is taken.
    fn flag(
        &self,
        doer: impl Into<Doer> + Send,
        order: FlagOrder,
    ) -> impl Future<Output = Result<Taken<Changes>, StoreError>> + Send;

    /// The UIDs no session that selected this folder was told of: the asker is the first (RFC 3501 §2.3.2). None twice.
    fn claim(
        &self,
        office: OfficeNumber,
        folder: FolderId,
    ) -> impl Future<Output = Result<Range<u32>, StoreError>> + Send;

    /// Removes the messages that have `\Deleted`, of these or of all; tells everything that changed after `since`. What goes is taken.
    fn expunge(
        &self,
        doer: impl Into<Doer> + Send,
        folder: FolderId,
        uids: Option<Vec<Uid>>,
        since: ModSeq,
    ) -> impl Future<Output = Result<Taken<Changes>, StoreError>> + Send;

    /// Copies or moves messages to another folder, all of them or none; the bodies are shared. Pairs of (from, to). What moves is taken.
    fn copy(
        &self,
        doer: impl Into<Doer> + Send,
        order: CopyOrder,
        now: Timestamp,
    ) -> impl Future<Output = Result<Taken<Pairs>, StoreError>> + Send;

    /// Wakes whenever a change in this folder has been committed.
    fn watch(&self, folder: FolderId) -> watch::Receiver<ModSeq>;

    /// Wakes whenever a change in any folder of this office, or in the tree of them, has been committed.
    fn watch_office(&self, office: OfficeNumber) -> watch::Receiver<ModSeq>;

    /// The same for many offices of an agent at once; it hears of its subscriptions and of the roll, too.
    fn watch_agent(&self, agent: &AgentId, offices: &BTreeSet<OfficeNumber>) -> AgentNews;

    /// One piece of evidence about a bundle.
    fn evidence(&self, id: EvidenceId) -> impl Future<Output = Result<Option<Evidence>, StoreError>> + Send;

    /// Evidence, the oldest first, at most [`LISTED`](crate::LISTED) pieces, octet for octet.
    fn list_evidence(&self, which: Which) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Evidence that no signed head covers yet, if there is any.
    fn unlogged(&self) -> impl Future<Output = Result<Option<Unlogged>, StoreError>> + Send;

    /// Pieces under the head after which one of this day would stand, and that head.
    fn head_before(&self, day: Day) -> impl Future<Output = Result<Option<(u64, Vec<u8>)>, StoreError>> + Send;

    /// Keeps what the log became (Profile §8.13).
    fn keep_log(&self, logging: Logging) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What proves the evidence about the bundle that this piece is about, the oldest first, as far as a head covers it; last, where
    /// its content is gone, the piece that says so. All of it under one head.
    fn prove_life(&self, id: EvidenceId) -> impl Future<Output = Result<Vec<Proof>, StoreError>> + Send;

    /// So many pieces are under heads that were signed here: no number of them is given again, and no head beyond takes one. Until it is told, the
    /// heads of the rows are believed.
    fn covered(&self, pieces: u64);

    /// How far the log is under its newest head.
    fn log_state(&self) -> impl Future<Output = Result<LogState, StoreError>> + Send;

    /// What may go of the evidence that was signed for before this moment; nothing that is about a message under a hold. Heads whose
    /// days are not in order let nothing go early (Profile §8.29).
    fn prunable(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Prunable>, StoreError>> + Send;

    /// Lets it go (Profile §8.29), and what an earlier run left of its own; says how many rows went. The hashes stay.
    fn prune(&self, order: Option<PruneOrder>, now: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Papers go that nothing of the evidence that is left leads to (Profile §8.29), after [`Store::prune`]; says how many. What was
    /// kept since the last pruned piece stays, named by evidence or not, and so does `believed`, the state of trust by which is judged
    /// now. Nobody may be about to deliver what was judged by papers that were kept before.
    fn forget_papers(&self, believed: &str) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The root over the first `old` pieces, and the hashes that show that a log of `new` continues them. `None`: there are not so
    /// many.
    fn continuation(
        &self,
        old: u64,
        new: u64,
    ) -> impl Future<Output = Result<Option<(Hash, Vec<Hash>)>, StoreError>> + Send;

    /// The first head without a time stamp that is of a day before this one or has another after it, and its size.
    fn unstamped(&self, before: Day) -> impl Future<Output = Result<Option<(u64, Vec<u8>)>, StoreError>> + Send;

    /// Keeps a time stamp over such a head; not over another that took its place.
    fn keep_stamp(&self, head: (u64, Vec<u8>), stamp: Vec<u8>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps it that a receipt changed nothing: once each, of each kind the latest 100,000. Says whether it is new.
    fn note_refused(&self, receipt: RefusedReceipt) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Receipts that changed nothing, the latest first, at most [`LISTED`](crate::LISTED).
    fn refused_receipts(&self, which: WhichRefused)
    -> impl Future<Output = Result<RefusedReceipts, StoreError>> + Send;

    /// Keeps what a judgement rests on; what is kept already stays as it is, and as long as if it came now.
    fn keep_papers(&self, papers: Vec<Paper>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Papers of these names, as far as they are kept.
    fn papers(&self, names: Vec<String>) -> impl Future<Output = Result<Vec<Paper>, StoreError>> + Send;

    /// What an office sent under a Message-ID, and what it was answered with, for as long as the content is kept.
    fn find_sent(
        &self,
        office: OfficeNumber,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<(MessageId, EvidenceId)>, StoreError>> + Send;

    /// All that this office sent under this Message-ID, the latest first, at most [`LISTED`](crate::LISTED): what is kept, and what was
    /// collected or failed, whether or not its content is kept.
    fn find_named(
        &self,
        office: OfficeNumber,
        message_id: &str,
    ) -> impl Future<Output = Result<Vec<Named>, StoreError>> + Send;

    /// What the rows say where no signed head tells it. Reads much.
    fn untold(&self) -> impl Future<Output = Result<Untold, StoreError>> + Send;

    /// Holds all evidence against the log. Changes nothing.
    fn audit(&self, by: impl Into<Vouched> + Send) -> impl Future<Output = Result<LogAudit, StoreError>> + Send;

    /// All of these messages went to a terminal of this office, or of the agent `by` that receives for it, and that terminal went
    /// on. Says of which that is new: once it is written down, or the recipient's receipt is there, it is not, and it is nothing where
    /// that mandate is not in force now (Profile §8.10). The audit tells what went to an agent in the same commit (Profile §16.3).
    fn hand_over(
        &self,
        office: OfficeNumber,
        messages: Vec<MessageId>,
        by: Option<Delegate>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<MessageId>, StoreError>> + Send;

    /// All of these messages went to a terminal of this office, or of an agent under that mandate, and nothing says yet that they were
    /// taken. When the same party takes them, [`Taken`] says so.
    fn note_sent(
        &self,
        office: OfficeNumber,
        messages: Vec<MessageId>,
        by: Option<MandateId>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// These notes of what went out are the gateway's own from now on, and sealed so.
    fn seal_notes(&self, which: Notes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is to be told by now, the oldest first; so much of it, after this row. By a date that expiry would doubt (Profile §11.5)
    /// no reminder is due.
    fn due(
        &self,
        now: Timestamp,
        after: Option<DueKey>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Due>, StoreError>> + Send;

    /// It was told, or needs no telling. Says whether it was still due: whoever comes second files nothing.
    fn told(&self, told: Told, now: Timestamp) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The number of the settings that say when it is told that nobody came. Where they are others than before, every bundle that waits
    /// is due now (Profile §8.14).
    fn remind_by(&self, rule: i64, now: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The offices whose licence is to be looked at by now (Profile §10.7), a hundred at most.
    fn licences_due(&self, now: Timestamp) -> impl Future<Output = Result<Vec<OfficeNumber>, StoreError>> + Send;

    /// Something happened to a licence by itself: it is done, told to the audit, and the letter about it filed, in one commit. Says
    /// whether it was still due.
    fn licence_happens(
        &self,
        change: LicenceChange,
        told: Done,
        letter: Option<Letter>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// What an office signed of its licence, in the order it came.
    fn licence_deeds(&self, office: OfficeNumber) -> impl Future<Output = Result<Vec<SignedDeed>, StoreError>> + Send;

    /// All versions of the terms, the oldest first.
    fn terms(&self) -> impl Future<Output = Result<Vec<Published>, StoreError>> + Send;

    /// The days whose content is not wholly gone, the oldest first: what expiry does to each. Changes nothing.
    fn expiry(
        &self,
        keep: Retention,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<DayOfMail>, StoreError>> + Send;

    /// Profile §11.4: destroys the content of the days whose retention is over, and writes down what nobody collected;
    /// evidence stays. Then removes the files of other days that nobody needs (Profile §11.7). An error says that nothing was done;
    /// what went before something failed is told with it.
    ///
    /// | a crash after step | finds on restart                   | a reader is told              | the next run |
    /// |--------------------|------------------------------------|-------------------------------|--------------|
    /// | 1 key destroyed    | a ring that says so, rows as before| the content has expired       | goes on at 2 |
    /// | 2 written down     | the day `erased`, evidence once    | the content has expired       | goes on at 3 |
    /// | 3 some rows swept  | folders and counters that agree    | the content has expired, or there is no such message | goes on at 3 |
    /// | 4 files gone       | the day `erased`, or `swept`       | there is no such message      | ends it      |
    fn expire(
        &self,
        keep: Retention,
        asked: Asked,
        now: Timestamp,
    ) -> impl Future<Output = Result<Expired, StoreError>> + Send;

    /// From here on offices are told of this retention; what came before stays as long as was said, until a person asks for expiry
    /// (Profile §11.5).
    fn promise(&self, keep: Retention) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// How long content of each day is kept by these settings, as was said.
    fn promised(&self, keep: Retention) -> impl Future<Output = Result<Promised, StoreError>> + Send;

    /// Keeps a message over the expiry of its day (Profile §11.6): every one of this Message-ID that the office has. Says
    /// how many. Offices may remove it from their folders; the body stays.
    fn hold(&self, order: HoldOrder, now: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Ends the hold on the messages of this Message-ID; those whose day is gone are erased now.
    fn release(
        &self,
        office: OfficeNumber,
        message_id: String,
        by: String,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Hold>, StoreError>> + Send;

    /// All holds, the oldest first, those that ended included.
    fn holds(&self) -> impl Future<Output = Result<Vec<Hold>, StoreError>> + Send;

    /// Holds that have a key and no row, as the rows are older than the keys (Profile §11.6).
    fn stray_holds(&self) -> impl Future<Output = Result<Vec<Day>, StoreError>> + Send;

    /// Destroys their keys for good, once `done` is written down of each. Says whose.
    fn end_stray_holds(&self, done: Done) -> impl Future<Output = Result<Vec<Day>, StoreError>> + Send;

    /// Looks through everything: every row against its body, files against rows, counters against entries. Changes
    /// nothing, and hinders nobody.
    fn inspect(&self) -> impl Future<Output = Result<Inspection, StoreError>> + Send;

    /// Ids, UIDs and MODSEQs go on above all that can have been given and is not in the rows (Profile §8.20); who remembers later UIDs is told
    /// that they vanished. Once for each loss: says whether it was done now. Asked before anything is served: nobody is woken.
    fn jump(&self, loss: Loss, now: Timestamp) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Copies the store into a new folder while it runs (Profile §11.9). Keys go into their own folder, if one is named.
    fn back_up(
        &self,
        to: PathBuf,
        keys: Option<PathBuf>,
        now: Timestamp,
    ) -> impl Future<Output = Result<BackedUp, StoreError>> + Send;

    /// How much is kept.
    fn census(&self) -> impl Future<Output = Result<Census, StoreError>> + Send;
}

/// Headers, or messages, in the order they were asked for; none of a message that is not there.
pub type Heads = Vec<Option<Private<Arc<[u8]>>>>;

/// What `deliver` made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The evidence of its acceptance (bundle) or of the handover it proves (receipt).
    pub evidence: EvidenceId,
    /// The same message had come before: nothing was stored now (Profile §5.8).
    pub repeated: bool,
    /// A receipt for which another one, of other octets, had come before: that one counts (Profile §8.3).
    pub outrun: bool,
}

/// What an office puts into one of its folders at once.
#[derive(Debug)]
pub struct Deposit {
    /// Where.
    pub folder: FolderName,
    /// The messages, in their order.
    pub drafts: Vec<Draft>,
    /// Removed in the same moment (RFC 8508).
    pub replaces: Option<(FolderId, Uid)>,
}

impl Deposit {
    /// One message, which replaces none.
    pub fn of(folder: FolderName, draft: Draft) -> Self {
        Self { folder, drafts: vec![draft], replaces: None }
    }
}

/// A message an office puts into its own folder.
#[derive(Debug)]
pub struct Draft {
    /// With these flags.
    pub flags: NamedFlags,
    /// INTERNALDATE.
    pub date: Timestamp,
    /// Its Message-ID without angle brackets, if it has one.
    pub message_id: Option<String>,
    /// Its octets.
    pub body: Spool,
}

/// Why a verb of the store did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The rules say no; asking again changes nothing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nothing was changed; try again.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// Nothing was changed; there is no room.
    #[error("the store's disk is full: {0}")]
    Full(String),
    /// This cannot be done, and nothing was changed; all else goes on. The operator must look at what this says.
    #[error("{0}")]
    Failed(String),
    /// The store cannot be trusted any more: stop the process and look at what this says.
    #[error("the store is broken: {0}")]
    Broken(String),
}

impl From<BodyError> for StoreError {
    fn from(error: BodyError) -> Self {
        let text = error.to_string();
        match error {
            BodyError::Erased(_) => Self::Refused(Refusal::ContentExpired.into()),
            BodyError::TooManyHolds(held) => Self::Refused(Refusal::TooManyHolds.about(held)),
            BodyError::Full { .. } => Self::Full(text),
            BodyError::Unsynced { .. } => Self::Broken(text),
            _ => Self::Failed(text),
        }
    }
}
