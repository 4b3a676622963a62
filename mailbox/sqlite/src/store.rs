//! The store as its callers hold it: changes go to the writer, reads to the readers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use fumibako_model::log::Hash;
use fumibako_model::{
    AgentId, Annotation, Changes, Delegate, Details, Directory, Domain, Done, Evidence, EvidenceId, FolderId,
    FolderName, FolderStatus, FolderView, Listing, MandateId, MessageId, ModSeq, OfficeNumber, Party, Private,
    Promised, Retention, Roll, Uid, UidValidity,
};
use fumibako_store::bodies::{Bodies, Day, Spool};
use fumibako_store::{
    ActsAudit, ActsHead, ActsState, Admitted, AgentNews, Amend, Asked, BackedUp, Census, CopyOrder, DayOfMail,
    Delivery, Deposit, DescribeOrder, Described, Doer, Due, DueKey, Expired, FlagOrder, Heads, Hold, HoldOrder,
    Inspection, KeptNotice, Letter, LicenceChange, LogAudit, LogState, Logging, Loss, MarkNotices, MarkedNotices,
    Named, News, Notes, NoticeBoard, Pairs, Paper, Proof, Prunable, PruneOrder, Published, Quota, RefusedReceipt,
    RefusedReceipts, SealKey, SealedAct, SignedDeed, Store, StoreError, Taken, Told, ToldTo, Turned, Unlogged, Untold,
    Vouched, Which, WhichActs, WhichNotices, WhichRefused,
};
use jiff::Timestamp;
use sqlx::SqlitePool;
use tokio::sync::{Mutex, mpsc, watch};

use crate::command::Command;
use crate::directory::Index;
use crate::disk::Disk;
use crate::error::store_error;
use crate::given::Given;
use crate::heads::{HeadCache, Losing, Shelves};
use crate::views::Views;
use crate::{
    acts, agent, annotation, audit, backup, directory, expire, heads, hold, inspect, licence, log, mandate, notice,
    open, paper, prune, read, refused, report, shape, unneeded, word,
};

mod asked;
mod filed;

/// A store in one folder, open in one process.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) ask: mpsc::Sender<Command>,
    pub(crate) readers: SqlitePool,
    pub(crate) roll: Arc<RwLock<Arc<Roll>>>,
    pub(crate) index: Arc<Index>,
    pub(crate) news: Arc<News>,
    pub(crate) bodies: Bodies,
    pub(crate) disk: Disk,
    pub(crate) heads: Arc<HeadCache>,
    pub(crate) views: Arc<Views>,
    /// Held by whoever takes content away: expiry.
    pub(crate) expiring: Arc<Mutex<()>>,
    pub(crate) undone: Arc<expire::Undone>,
    pub(crate) unreadable: Arc<report::Unreadable>,
    /// Held while bodies or keys are changed beside the writer, and for good once the store is closed.
    pub(crate) touching: Arc<Mutex<()>>,
    pub(crate) given: Arc<Given>,
}

impl SqliteStore {
    /// Opens the store in `folder`, making what is missing; `domain` is the gateway's mail domain.
    ///
    /// | it finds                             | it answers                                    |
    /// |--------------------------------------|-----------------------------------------------|
    /// | nothing, or a start cut short        | makes what is missing                         |
    /// | a folder another process has open    | [`StoreError::Busy`]                          |
    /// | a folder or file it cannot write     | [`StoreError::Broken`], naming it             |
    /// | rows of a newer version              | [`StoreError::Broken`], naming file and version |
    pub async fn open(folder: &Path, domain: Domain) -> Result<Self, StoreError> {
        open::open(folder, domain, (0, None)).await
    }

    /// The same for a process that stays and has many to answer: it takes the room that the log will need at the start, so many
    /// bytes, at most [`LOG_BYTES`](crate::LOG_BYTES), instead of letting commits wait for it. What it writes down bears the seal of this key.
    pub async fn open_to_serve(
        folder: &Path,
        domain: Domain,
        (room, key): (u64, Option<SealKey>),
    ) -> Result<Self, StoreError> {
        open::open(folder, domain, (room, key)).await
    }

    /// Looks through the store in `folder` while no process has it open; changes nothing. Its keys may stand elsewhere.
    pub async fn look_through(folder: &Path, keys: Option<&Path>) -> Result<Inspection, StoreError> {
        let own = folder.join("keys");
        inspect::look_through(folder, keys.unwrap_or(&own)).await
    }

    /// Waits for what was asked before, then closes the files and gives the folder free.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let _done = self.touching.lock().await;
        let answer = self.change(Command::Close).await;
        self.ask.closed().await;
        answer
    }

    pub(crate) fn roll_now(&self) -> Arc<Roll> {
        Arc::clone(&self.roll.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for SqliteStore {
    fn roll(&self) -> Arc<Roll> {
        self.roll_now()
    }

    async fn directory(&self) -> Result<Arc<Directory>, StoreError> {
        self.index.current(&self.readers).await
    }

    async fn details(&self, offices: Option<Vec<OfficeNumber>>) -> Result<HashMap<OfficeNumber, Details>, StoreError> {
        directory::details(&self.readers, offices.as_deref()).await
    }

    async fn amend(&self, amend: Amend) -> Result<(), StoreError> {
        self.change(|reply| Command::Amend(Box::new(amend), reply)).await
    }

    async fn describe(&self, order: DescribeOrder) -> Result<Described, StoreError> {
        self.change(|reply| Command::Describe(Box::new(order), reply)).await
    }

    async fn acts(&self, which: WhichActs) -> Result<Vec<String>, StoreError> {
        acts::list(&self.readers, which).await
    }

    async fn told_acts(&self, which: ToldTo) -> Result<Vec<String>, StoreError> {
        acts::told(&self.readers, which).await
    }

    async fn acts_state(&self) -> Result<ActsState, StoreError> {
        acts::state(&self.readers).await
    }

    async fn sealed_acts(&self, from: u64) -> Result<Vec<SealedAct>, StoreError> {
        acts::sealed(&self.readers, from).await
    }

    async fn keep_acts_head(&self, head: ActsHead) -> Result<(), StoreError> {
        self.change(|reply| Command::SignActs(head, reply)).await
    }

    async fn audit_acts(&self) -> Result<ActsAudit, StoreError> {
        acts::audit(&self.readers).await
    }

    async fn deeds(&self, id: MandateId) -> Result<Vec<SignedDeed>, StoreError> {
        mandate::deeds(&self.readers, id).await
    }

    async fn notices(&self, which: WhichNotices) -> Result<Vec<KeptNotice>, StoreError> {
        notice::list(&self.readers, which).await
    }

    async fn turn_notices(&self, now: Timestamp) -> Result<Turned, StoreError> {
        self.change(|reply| Command::TurnNotices(now, reply)).await
    }

    async fn notice_board(&self, party: &Party) -> Result<NoticeBoard, StoreError> {
        notice::board(&self.readers, party).await
    }

    async fn notice_messages(&self, uids: Vec<Uid>) -> Result<Heads, StoreError> {
        notice::messages(&self.readers, &uids).await
    }

    async fn mark_notices(&self, party: Party, marks: MarkNotices) -> Result<MarkedNotices, StoreError> {
        self.change(|reply| Command::MarkNotices(party, marks, reply)).await
    }

    fn spool(&self, now: Timestamp) -> Spool {
        self.bodies.spool(Day::of(now))
    }

    async fn deliver(&self, message: Admitted, now: Timestamp) -> Result<Delivery, StoreError> {
        self.take_in(message, now).await
    }

    async fn append(
        &self,
        doer: impl Into<Doer> + Send,
        deposit: Deposit,
        now: Timestamp,
    ) -> Result<Taken<(UidValidity, Vec<Uid>)>, StoreError> {
        self.put_in(doer.into(), deposit, now).await
    }

    async fn folders(&self, office: OfficeNumber) -> Result<Listing, StoreError> {
        read::folders(&self.readers, office).await
    }

    async fn quota(&self, office: OfficeNumber) -> Result<Quota, StoreError> {
        read::quota(&self.readers, office).await
    }

    async fn set_quota(&self, office: OfficeNumber, bytes: u64) -> Result<(), StoreError> {
        self.change(|reply| Command::SetQuota(office, bytes, reply)).await
    }

    async fn create(&self, office: OfficeNumber, folder: FolderName) -> Result<FolderId, StoreError> {
        self.change(|reply| Command::Create(office, folder, reply)).await
    }

    async fn delete(&self, doer: impl Into<Doer> + Send, folder: FolderName) -> Result<Taken<()>, StoreError> {
        let (_lost, doer) = (Losing(&self.heads), doer.into());
        self.change(|reply| Command::Delete(doer, folder, reply)).await.map(Taken::by)
    }

    async fn rename(
        &self,
        doer: impl Into<Doer> + Send,
        from: FolderName,
        to: FolderName,
        now: Timestamp,
    ) -> Result<Taken<()>, StoreError> {
        let doer = doer.into();
        self.change(|reply| Command::Rename(doer, [from, to], now, reply)).await.map(Taken::by)
    }

    async fn subscribe(&self, office: OfficeNumber, folder: FolderName, wanted: bool) -> Result<(), StoreError> {
        self.change(|reply| Command::Subscribe(office, folder, wanted, reply)).await
    }

    async fn subscribe_agent(&self, agent: AgentId, folder: FolderName, wanted: bool) -> Result<(), StoreError> {
        let also = agent.clone();
        let most = agent::most(&self.roll_now(), &agent);
        if self.change(|reply| Command::SubscribeAgent(agent, (folder, wanted), most, reply)).await? {
            self.news.wake_agent(&also);
        }
        Ok(())
    }

    async fn said_of_subscriptions(
        &self,
        agent: &AgentId,
        office: Option<OfficeNumber>,
    ) -> Result<BTreeMap<FolderName, bool>, StoreError> {
        agent::said(&self.readers, agent, office).await
    }

    async fn annotations(
        &self,
        office: OfficeNumber,
        folder: Option<FolderName>,
    ) -> Result<Vec<Annotation>, StoreError> {
        annotation::read(&self.readers, office, folder.as_ref()).await
    }

    async fn annotate(
        &self,
        office: OfficeNumber,
        folder: Option<FolderName>,
        entries: Vec<Annotation>,
    ) -> Result<(), StoreError> {
        self.change(|reply| Command::Annotate(office, folder, entries, reply)).await
    }

    async fn annotated_since(
        &self,
        office: OfficeNumber,
        since: ModSeq,
    ) -> Result<Vec<(Option<FolderName>, String)>, StoreError> {
        annotation::since(&self.readers, office, since).await
    }

    async fn status(&self, office: OfficeNumber, folder: &FolderName) -> Result<FolderStatus, StoreError> {
        read::status(&self.readers, office, folder).await
    }

    async fn open(&self, office: OfficeNumber, folder: &FolderName) -> Result<FolderView, StoreError> {
        self.views.open(&self.readers, office, folder).await
    }

    async fn since(&self, office: OfficeNumber, folder: FolderId, since: ModSeq) -> Result<Changes, StoreError> {
        read::since(&self.readers, office, folder, since, &[]).await
    }

    async fn read(
        &self,
        office: OfficeNumber,
        message: MessageId,
        range: Range<u64>,
    ) -> Result<Private<Arc<[u8]>>, StoreError> {
        read::body(&self.readers, (&self.bodies, &self.disk), office, message, range).await
    }

    async fn bodies(&self, office: OfficeNumber, messages: Vec<MessageId>) -> Result<Heads, StoreError> {
        let Self { readers, bodies, disk, heads: cache, .. } = self;
        heads::whole(Shelves { readers, bodies, disk, cache }, office, &messages).await
    }

    async fn heads(&self, office: OfficeNumber, messages: Vec<MessageId>, longest: u64) -> Result<Heads, StoreError> {
        let Self { readers, bodies, disk, heads: cache, .. } = self;
        heads::read(Shelves { readers, bodies, disk, cache }, office, &messages, longest).await
    }

    async fn flag(&self, doer: impl Into<Doer> + Send, order: FlagOrder) -> Result<Taken<Changes>, StoreError> {
        let (folder, since, named, doer) = (order.folder, order.since, order.uids.clone(), doer.into());
        let office = doer.office;
        let (modified, handed_over) = self.change(|reply| Command::Flag(doer, order, reply)).await?;
        let changes = read::since(&self.readers, office, folder, since, &named).await?;
        Ok(Taken { answer: Changes { modified, ..changes }, handed_over })
    }

    async fn claim(&self, office: OfficeNumber, folder: FolderId) -> Result<Range<u32>, StoreError> {
        self.change(|reply| Command::Claim(office, folder, reply)).await
    }

    async fn expunge(
        &self,
        doer: impl Into<Doer> + Send,
        folder: FolderId,
        uids: Option<Vec<Uid>>,
        since: ModSeq,
    ) -> Result<Taken<Changes>, StoreError> {
        let (_lost, doer) = (Losing(&self.heads), doer.into());
        let office = doer.office;
        let handed_over = self.change(|reply| Command::Expunge(doer, folder, uids, reply)).await?;
        let answer = read::since(&self.readers, office, folder, since, &[]).await?;
        Ok(Taken { answer, handed_over })
    }

    async fn copy(
        &self,
        doer: impl Into<Doer> + Send,
        order: CopyOrder,
        now: Timestamp,
    ) -> Result<Taken<Pairs>, StoreError> {
        let doer = doer.into();
        let (answer, handed_over) = self.change(|reply| Command::Copy(doer, order, now, reply)).await?;
        Ok(Taken { answer, handed_over })
    }

    fn watch(&self, folder: FolderId) -> watch::Receiver<ModSeq> {
        self.news.watch(folder)
    }

    fn watch_office(&self, office: OfficeNumber) -> watch::Receiver<ModSeq> {
        self.news.watch_office(office)
    }

    fn watch_agent(&self, agent: &AgentId, offices: &BTreeSet<OfficeNumber>) -> AgentNews {
        self.news.watch_agent(agent, offices)
    }

    async fn evidence(&self, id: EvidenceId) -> Result<Option<Evidence>, StoreError> {
        read::evidence(&self.readers, id).await
    }

    async fn list_evidence(&self, which: Which) -> Result<Vec<String>, StoreError> {
        log::list(&self.readers, which).await
    }

    async fn unlogged(&self) -> Result<Option<Unlogged>, StoreError> {
        log::unlogged(&self.readers).await
    }

    async fn head_before(&self, day: Day) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        log::before(&self.readers, day).await
    }

    async fn keep_log(&self, logging: Logging) -> Result<(), StoreError> {
        self.change(|reply| Command::Log(Box::new(logging), reply)).await
    }

    async fn word(&self, id: EvidenceId) -> Result<Option<Vec<u8>>, StoreError> {
        word::read(&self.readers, id).await
    }

    async fn prove_life(&self, id: EvidenceId) -> Result<Vec<Proof>, StoreError> {
        log::prove_life(&self.readers, id).await
    }

    fn covered(&self, pieces: u64) {
        self.given.cover(pieces);
    }

    async fn log_state(&self) -> Result<LogState, StoreError> {
        log::state(&self.readers).await
    }

    async fn prunable(&self, before: Timestamp, now: Timestamp) -> Result<Option<Prunable>, StoreError> {
        prune::prunable(&self.readers, before, now).await
    }

    async fn prune(&self, order: Option<PruneOrder>, now: Timestamp) -> Result<u64, StoreError> {
        prune::run(self, order, now).await
    }

    async fn forget_papers(&self, believed: &str) -> Result<u64, StoreError> {
        unneeded::run(self, believed).await
    }

    async fn continuation(&self, old: u64, new: u64) -> Result<Option<(Hash, Vec<Hash>)>, StoreError> {
        log::continuation(&self.readers, old, new).await
    }

    async fn unstamped(&self, before: Day) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        log::unstamped(&self.readers, before).await
    }

    async fn keep_stamp(&self, head: (u64, Vec<u8>), stamp: Vec<u8>) -> Result<(), StoreError> {
        self.change(|reply| Command::Stamp(head, stamp, reply)).await
    }

    async fn note_refused(&self, receipt: RefusedReceipt) -> Result<bool, StoreError> {
        self.change(|reply| Command::NoteRefused(Box::new(receipt), reply)).await
    }

    async fn refused_receipts(&self, which: WhichRefused) -> Result<RefusedReceipts, StoreError> {
        refused::list(&self.readers, which).await
    }

    async fn keep_papers(&self, papers: Vec<Paper>) -> Result<(), StoreError> {
        self.change(|reply| Command::Papers(papers, reply)).await
    }

    async fn papers(&self, names: Vec<String>) -> Result<Vec<Paper>, StoreError> {
        paper::read(&self.readers, &names).await
    }

    async fn find_sent(
        &self,
        office: OfficeNumber,
        message_id: &str,
    ) -> Result<Option<(MessageId, EvidenceId)>, StoreError> {
        paper::find_sent(&self.readers, office, message_id).await
    }

    async fn find_named(&self, office: OfficeNumber, message_id: &str) -> Result<Vec<Named>, StoreError> {
        paper::find_named(&self.readers, office, message_id).await
    }

    async fn untold(&self) -> Result<Untold, StoreError> {
        log::untold(&self.readers).await
    }

    async fn audit(&self, by: impl Into<Vouched> + Send) -> Result<LogAudit, StoreError> {
        audit::audit(&self.readers, &by.into()).await
    }

    async fn hand_over(
        &self,
        office: OfficeNumber,
        messages: Vec<MessageId>,
        by: Option<Delegate>,
        now: Timestamp,
    ) -> Result<Vec<MessageId>, StoreError> {
        self.change(|reply| Command::HandOver(office, messages, by.map(Box::new), now, reply)).await
    }

    async fn note_sent(
        &self,
        office: OfficeNumber,
        messages: Vec<MessageId>,
        by: Option<MandateId>,
    ) -> Result<(), StoreError> {
        self.change(|reply| Command::NoteSent(office, messages, by, reply)).await
    }

    async fn seal_notes(&self, which: Notes) -> Result<(), StoreError> {
        self.change(|reply| Command::SealNotes(which, reply)).await
    }

    async fn due(&self, now: Timestamp, after: Option<DueKey>, most: usize) -> Result<Vec<Due>, StoreError> {
        report::due((&self.readers, &self.unreadable), now, (after, most)).await
    }

    async fn told(&self, told: Told, now: Timestamp) -> Result<bool, StoreError> {
        report::told(self, told, now).await
    }

    async fn remind_by(&self, rule: i64, now: Timestamp) -> Result<(), StoreError> {
        self.change(|reply| Command::RemindBy(rule, now, reply)).await
    }

    async fn licences_due(&self, now: Timestamp) -> Result<Vec<OfficeNumber>, StoreError> {
        licence::to_look_at(&self.readers, now).await
    }

    async fn licence_happens(
        &self,
        change: LicenceChange,
        told: Done,
        letter: Option<Letter>,
    ) -> Result<bool, StoreError> {
        report::happens(self, change, told, letter).await
    }

    async fn licence_deeds(&self, office: OfficeNumber) -> Result<Vec<SignedDeed>, StoreError> {
        licence::deeds(&self.readers, office).await
    }

    async fn terms(&self) -> Result<Vec<Published>, StoreError> {
        licence::terms(&self.readers).await
    }

    async fn expiry(&self, keep: Retention, now: Timestamp) -> Result<Vec<DayOfMail>, StoreError> {
        expire::survey(self, keep, now).await
    }

    async fn expire(&self, keep: Retention, asked: Asked, now: Timestamp) -> Result<Expired, StoreError> {
        // The turn of each day: what another hand put there since the start is told, too (Profile §8.30).
        shape::tell_beside(&self.readers).await;
        let expired = expire::run(self, keep, asked, now).await;
        if !matches!(&expired, Ok(expired) if expired.days.is_empty()) {
            self.heads.clear();
        }
        expired
    }

    async fn promise(&self, keep: Retention) -> Result<(), StoreError> {
        self.change(|reply| Command::Expire(expire::Order::Promise(keep), reply)).await.map(drop)
    }

    async fn promised(&self, keep: Retention) -> Result<Promised, StoreError> {
        expire::promised(&self.readers, keep).await.map_err(store_error)
    }

    async fn hold(&self, order: HoldOrder, now: Timestamp) -> Result<u64, StoreError> {
        hold::add(self, order, now).await
    }

    async fn release(
        &self,
        office: OfficeNumber,
        message_id: String,
        by: String,
        now: Timestamp,
    ) -> Result<Vec<Hold>, StoreError> {
        let released = hold::release(self, (office, message_id), by, now).await;
        self.heads.clear();
        released
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        hold::list(self).await
    }

    async fn stray_holds(&self) -> Result<Vec<Day>, StoreError> {
        hold::stray(self).await
    }

    async fn end_stray_holds(&self, done: Done) -> Result<Vec<Day>, StoreError> {
        hold::end_stray(self, &done).await
    }

    async fn jump(&self, loss: Loss, now: Timestamp) -> Result<bool, StoreError> {
        self.change(|reply| Command::Jump(loss, now, reply)).await
    }

    async fn back_up(&self, to: PathBuf, keys: Option<PathBuf>, now: Timestamp) -> Result<BackedUp, StoreError> {
        backup::create(self, to, keys, now).await
    }

    async fn inspect(&self) -> Result<Inspection, StoreError> {
        inspect::inspect(&self.readers, &self.bodies).await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        let writer_waiting = (self.ask.max_capacity() - self.ask.capacity()) as u64;
        let (days_kept_back, days_stuck) = self.undone.counted();
        let foreign = shape::foreign(&self.readers).await?.len() as u64;
        Ok(Census { writer_waiting, days_kept_back, days_stuck, foreign, ..read::census(&self.readers).await? })
    }
}
