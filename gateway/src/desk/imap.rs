//! The desk of a mailbox: every question of an IMAP conversation is one verb of the store.

use fumibako_model::{Changes, FolderId, FolderName, ModSeq, NamedFlags, OfficeNumber, Private, Refusal, Refused, Uid};
use fumibako_store::{CopyOrder, Deposit, Doer, Draft, FlagOrder, Quota, Store, StoreError, Taken, marks_seen};
use fumibako_wire::Alert;
use fumibako_wire::imap::{Answer, Ask, QuotaRoot, Session};
use fumibako_wire::sasl::{Claim, Offer};
use jiff::Timestamp;
use tokio::sync::watch;

use super::body::{Body, Grant, Own};
use super::collected::{Collected, Told};
use super::entry::{Entry, Judged, Shown};
use super::notices;
use super::offices::{Place, Viewer, Waiting};
use super::role;
use crate::drive::Desk;
use crate::house::Terminal;

mod delegated;

/// One mailbox connection's desk.
pub(crate) struct ImapDesk<S> {
    entry: Entry<S>,
    /// The folder that is open.
    opened: Option<Place>,
    watched: Option<watch::Receiver<ModSeq>>,
    /// All folders of the office, where NOTIFY asks for them.
    stirred: Option<watch::Receiver<ModSeq>>,
    /// What an agent waits for.
    waiting: Option<Waiting>,
    body: Body<Own>,
    /// What went out whole.
    collected: Collected,
    /// Messages of one APPEND that came already, with the memory they take.
    aside: Vec<(Draft, Grant)>,
    notices: notices::Watching,
}

impl<S: Store> ImapDesk<S> {
    pub(crate) fn new(entry: Entry<S>) -> Self {
        Self {
            notices: notices::Watching::new(&entry.house.notices),
            entry,
            opened: None,
            watched: None,
            stirred: None,
            waiting: None,
            body: Body::default(),
            collected: Collected::default(),
            aside: Vec::new(),
        }
    }

    async fn login(&mut self, claim: Claim) -> Result<Answer, Refused> {
        Ok(match self.entry.judge(claim, |_| Ok(())).await? {
            Judged::Login(login) => Answer::Welcome(login.shown()),
            Judged::Secrets(secrets) => Answer::Secrets(secrets),
        })
    }

    /// Nothing of the login is left.
    fn forget(&mut self) {
        self.entry.forget();
        self.notices.forget();
        (self.opened, self.watched, self.stirred) = (None, None, None);
        self.waiting = None;
        self.body = Body::default();
        self.collected = Collected::default();
        self.aside.clear();
    }

    /// Everything but the login. The conversation asks none of it before.
    async fn serve(&mut self, ask: Ask) -> Result<Answer, Refused> {
        // These are about the connection, whoever is logged in, and whether he still may be.
        if let Ask::Login(_) | Ask::Forget | Ask::Close | Ask::Unwatch | Ask::Discard | Ask::PutAside { .. } = ask {
            self.notices.open &= !matches!(ask, Ask::Close);
            return self.serve_connection(ask).await;
        }
        let (house, login) = (self.entry.house.clone(), self.entry.login()?.clone());
        let (party, agent) = (login.party(), login.agent());
        self.notices.is_of(&house.notices, party);
        if notices::concerns(&ask) {
            if let Ask::Open { .. } = ask {
                (self.watched, self.opened, self.notices.open) = (None, None, true);
            }
            if let (Ask::Copy { .. }, None) = (&ask, agent) {
                role::judge(login.role(), &ask)?;
            }
            let office = login.office().filter(|_| agent.is_none());
            let answer = notices::serve(&house, (party, office), ask).await;
            return answer.map_err(|error| house.refusal_of(error));
        }
        self.notices.open &= !matches!(ask, Ask::Open { .. });
        let mut answer = self.serve_folders(ask).await?;
        if let Answer::Folders(listing) = &mut answer {
            notices::list(&house, party, listing).await.map_err(|error| house.refusal_of(error))?;
        }
        Ok(answer)
    }

    /// What is about an office's own folders.
    async fn serve_folders(&mut self, ask: Ask) -> Result<Answer, Refused> {
        let login = self.entry.login()?;
        if let Some(viewer) = Viewer::of(&login) {
            return self.serve_agent(viewer, ask).await;
        }
        let office = login.office().ok_or(Refusal::LoginNeeded)?;
        let role = login.role();
        role::judge(role, &ask)?;
        let doer = Doer::office(office, self.entry.house.clock.now());
        let answer = self.serve_office(doer, ask).await?;
        Ok(role::told(role, self.with_agents(office, answer)))
    }

    /// The office is told who else may do what with its folders.
    fn with_agents(&self, office: OfficeNumber, mut answer: Answer) -> Answer {
        if let Answer::Folders(listing) = &mut answer {
            let house = &self.entry.house;
            listing.access.agents = house.store.roll().agents_of(office, house.clock.now());
        }
        answer
    }

    /// What concerns no mailbox.
    async fn serve_connection(&mut self, ask: Ask) -> Result<Answer, Refused> {
        match ask {
            Ask::Login(given) => return self.login(given).await,
            Ask::Forget => self.forget(),
            Ask::Unwatch => {
                self.stirred = None;
                self.waiting.iter_mut().for_each(|waiting| waiting.listen(false));
            }
            Ask::Close => (self.watched, self.opened) = (None, None),
            Ask::Discard => {
                self.body = Body::default();
                self.aside.clear();
            }
            Ask::PutAside { flags, date } => {
                let (house, now) = (self.entry.house.clone(), self.entry.house.clock.now());
                self.put_aside(flags, date, now).map_err(|error| house.refusal_of(error))?;
            }
            _ => return Err(Refusal::Internal.into()),
        }
        Ok(Answer::Done)
    }

    async fn serve_office(&mut self, doer: Doer, ask: Ask) -> Result<Answer, Refused> {
        let (house, now) = (self.entry.house.clone(), self.entry.house.clock.now());
        let (store, office) = (&house.store, doer.office);
        let answer = match ask {
            ask @ (Ask::Login(_)
            | Ask::Forget
            | Ask::Close
            | Ask::Unwatch
            | Ask::Discard
            | Ask::PutAside { .. }
            | Ask::Sent(_)) => {
                return self.serve_connection(ask).await;
            }
            Ask::Watch => {
                // Watches before it reads, so that nothing falls between.
                self.stirred = Some(store.watch_office(office));
                store.folders(office).await.map(Answer::Folders)
            }
            // Whoever was asked about it had the right.
            Ask::Look => Ok(Answer::Done),
            Ask::AnnotatedSince(since) => store.annotated_since(office, since).await.map(Answer::Annotated),
            Ask::Folders { .. } => store.folders(office).await.map(Answer::Folders),
            Ask::Status(folder) => store.status(office, &folder).await.map(Answer::Status),
            Ask::Open { name, read_only } => self.open(office, &name, read_only).await,
            Ask::Since { folder, since, read_only } => {
                let changes = store.since(office, folder, since).await;
                if read_only { changes.map(Answer::Changes) } else { claimed(store, (office, folder), changes).await }
            }
            Ask::Read(message, range) => store.read(office, message, range).await.map(Answer::Message),
            Ask::Bodies(messages) => store.bodies(office, messages).await.map(Answer::Heads),
            Ask::Heads { messages, longest } => store.heads(office, messages, longest).await.map(Answer::Heads),
            Ask::Flag { folder, uids, change, flags, unchanged_since, since } => {
                let order = FlagOrder { folder, uids, change, flags, unchanged_since, since };
                let changes = store.flag(doer, order).await.map(|taken| self.taken(office, taken));
                claimed(store, (office, folder), changes).await
            }
            Ask::Expunge { folder, uids, since } => {
                let changes = store.expunge(doer, folder, uids, since).await.map(|taken| self.taken(office, taken));
                claimed(store, (office, folder), changes).await
            }
            Ask::Append { folder, flags, date, replaces } => {
                self.append(doer, (flags, date), (folder, replaces), now).await
            }
            Ask::Copy { folder, uids, to, moves } => {
                let order = CopyOrder { folder, uids, to, moves };
                let copied = store.copy(doer, order, now).await.map(|taken| self.taken(office, taken));
                copied.map(|(validity, pairs)| Answer::Copied(validity, pairs))
            }
            Ask::Create(folder) => store.create(office, folder).await.map(Answer::Created),
            Ask::Quota(_) => store
                .quota(office)
                .await
                .map(|Quota { used, limit }| Answer::Quota(Some(QuotaRoot { name: String::new(), used, limit }))),
            Ask::Annotations(folder) => store.annotations(office, folder).await.map(Answer::Annotations),
            Ask::Annotate(folder, entries) => store.annotate(office, folder, entries).await.map(|()| Answer::Done),
            Ask::Delete(folder) => {
                store.delete(doer, folder).await.map(|taken| self.taken(office, taken)).map(|()| Answer::Done)
            }
            Ask::Rename { from, to } => {
                store.rename(doer, from, to, now).await.map(|taken| self.taken(office, taken)).map(|()| Answer::Done)
            }
            Ask::Subscribe { folder, wanted } => store.subscribe(office, folder, wanted).await.map(|()| Answer::Done),
        };
        answer.map_err(|error| house.refusal_of(error))
    }

    /// Where octets go that are read here.
    fn terminal(&self) -> Option<Terminal> {
        let (office, _) = self.opened.as_ref()?;
        self.entry.house.terminal(*office, &self.entry.login().ok()?)
    }

    /// What an order came to; what was handed over by it is not told again.
    fn taken<T>(&mut self, office: OfficeNumber, taken: Taken<T>) -> T {
        self.collected.told(&taken.handed_over, Told::Seen);
        self.entry.house.taken(office, taken)
    }

    /// What was marked as seen here, and, where an office was always alone with its mail, anywhere else.
    fn learn(&mut self, changes: &Changes, marked: &[Uid]) {
        let is_alone = self.collected.to.as_ref().is_some_and(|to| self.entry.house.is_alone(to));
        let own = |uid: &Uid| marked.contains(uid) && !changes.modified.contains(uid);
        self.collected.know(changes.entries.iter().filter(|entry| is_alone || own(&entry.uid)));
    }

    /// Watches before it reads, so that nothing falls between.
    async fn open(&mut self, office: OfficeNumber, name: &FolderName, read_only: bool) -> Result<Answer, StoreError> {
        let folder = self.entry.house.store.status(office, name).await?.folder;
        self.watch(folder);
        self.opened = Some((office, name.clone()));
        let mut view = self.entry.house.store.open(office, name).await?;
        if !read_only && view.status.recent > 0 {
            // Of two that select it at once, one is the first.
            let new = self.entry.house.store.claim(office, folder).await?;
            view.status.recent = u32::try_from(new.len()).unwrap_or(u32::MAX);
            view.status.recent_from = new.start;
        }
        Ok(Answer::Folder(Box::new(view)))
    }

    fn watch(&mut self, folder: FolderId) {
        self.watched = Some(self.entry.house.store.watch(folder));
    }

    /// The message that went by, and those put aside, into the folder: all of them or none.
    async fn append(
        &mut self,
        doer: Doer,
        (flags, date): (NamedFlags, Option<Timestamp>),
        (folder, replaces): (FolderName, Option<(FolderId, Uid)>),
        now: Timestamp,
    ) -> Result<Answer, StoreError> {
        self.put_aside(flags, date, now)?;
        // The memory stays granted until the store has answered.
        let (drafts, _granted): (_, Vec<Grant>) = std::mem::take(&mut self.aside).into_iter().unzip();
        let (office, deposit) = (doer.office, Deposit { folder, drafts, replaces });
        let taken = self.entry.house.store.append(doer, deposit, now).await?;
        let (validity, uids) = self.taken(office, taken);
        Ok(Answer::Appended(validity, uids))
    }

    /// Keeps the message that went by; of a failure nothing is left.
    fn put_aside(&mut self, flags: NamedFlags, date: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
        let store = &self.entry.house.store;
        match std::mem::take(&mut self.body).finish(|| Ok(Own::new(store.spool(now)))) {
            Ok((own, granted)) => {
                let (message_id, date) = (own.message_id(), date.unwrap_or(now));
                self.aside.push((Draft { flags, date, message_id, body: own.spool }, granted));
                Ok(())
            }
            Err(error) => {
                self.aside.clear();
                Err(error)
            }
        }
    }
}

impl<S: Store> Desk<Session> for ImapDesk<S> {
    async fn answer(&mut self, ask: Ask) -> Answer {
        if let (Ask::Sent(all), false) = (&ask, notices::concerns(&ask)) {
            match self.terminal() {
                Some(to) => {
                    let is_alone = self.entry.house.is_alone(&to);
                    self.collected.sent(to, is_alone, all);
                }
                None => self.collected = Collected::default(),
            }
            return Answer::Done;
        }
        let marked = marked(&ask);
        let answer = match ask {
            Ask::Login(given) => self.login(given).await,
            ask => self.serve(ask).await,
        };
        if let Ok(Answer::Changes(changes)) = &answer {
            self.learn(changes, &marked);
        }
        answer.unwrap_or_else(|refused| {
            let reference = self.entry.refuse("imap", &refused);
            Answer::No { refused, reference }
        })
    }

    fn refused(&mut self, refused: &Refused) {
        self.entry.note("imap", refused);
    }

    fn secured(&mut self, shown: Shown) -> Offer {
        self.entry.secured(shown)
    }

    async fn body(&mut self, piece: Private<Vec<u8>>) {
        let house = &self.entry.house;
        self.body
            .add(piece, (&house.body_memory, &house.filing), || Ok(Own::new(house.store.spool(house.clock.now()))))
            .await;
    }

    async fn heard(&mut self) {
        let (seen, unseen) = self.collected.whole();
        let Some(to) = self.collected.to.clone().filter(|_| !(seen.is_empty() && unseen.is_empty())) else { return };
        if self.entry.login().is_err() {
            return;
        }
        let house = &self.entry.house;
        let taken = house.hand_over(&to, &seen).await.map(|()| (seen, Told::Seen));
        let noted = house.note_sent(&to, &unseen).await.map(|()| (unseen, Told::Whole));
        for written in [taken, noted] {
            match written {
                Ok((messages, what)) => self.collected.told(&messages, what),
                Err(error) => drop(house.refusal_of(error)),
            }
        }
    }

    fn alerts(&mut self) -> Vec<Alert> {
        if self.entry.login().is_ok() { self.notices.alerts() } else { Vec::new() }
    }

    async fn news(&mut self) -> bool {
        let Self { entry, opened, watched, stirred, waiting, notices, .. } = self;
        let listens = stirred.is_some() || waiting.as_ref().is_some_and(Waiting::listens);
        let lost = waiting.as_ref().is_some_and(Waiting::lost);
        let viewer = || Viewer::of(&entry.login()?).ok_or_else(|| Refusal::LoginNeeded.into());
        let of_offices = async {
            match waiting {
                Some(waiting) => waiting.heard(&entry.house, viewer, opened.as_ref()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed(watched), if !lost => true,
            () = changed(stirred) => true,
            () = of_offices => true,
            of_the_mailbox = notices.heard(listens) => of_the_mailbox,
        }
    }
}

/// The messages that this asks to be marked as seen.
fn marked(ask: &Ask) -> Vec<Uid> {
    match ask {
        Ask::Flag { uids, change, flags, .. } if marks_seen(*change, flags) => uids.clone(),
        _ => Vec::new(),
    }
}

/// What happened, and of it what nobody was told of before: this connection is the first (RFC 3501 §2.3.2).
async fn claimed<S: Store>(
    store: &S,
    (office, folder): (OfficeNumber, FolderId),
    changes: Result<Changes, StoreError>,
) -> Result<Answer, StoreError> {
    let mut changes = changes?;
    if changes.entries.iter().any(|entry| changes.recent.contains(&entry.uid.get())) {
        changes.recent = store.claim(office, folder).await?;
    }
    Ok(Answer::Changes(changes))
}

/// Returns when what is watched has changed; never, when nothing is.
async fn changed(watched: &mut Option<watch::Receiver<ModSeq>>) {
    match watched {
        Some(watched) => notices::changed(watched).await,
        None => std::future::pending().await,
    }
}
