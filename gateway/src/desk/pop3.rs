//! The desk of a maildrop: an office's `INBOX`, read message by message, and changed once, at the end.

use fumibako_model::{
    FlagChange, Flags, FolderId, ModSeq, NamedFlags, OfficeNumber, Private, Refusal, Refused, Scope, Uid,
};
use fumibako_store::{Doer, FlagOrder, Store, StoreError};
use fumibako_wire::pop3::{Answer, Ask, Inbox, Session};
use fumibako_wire::sasl::{Claim, Offer};

use super::entry::{Entry, Judged, Shown, owner};
use crate::drive::Desk;

/// One maildrop connection's desk.
pub(crate) struct Pop3Desk<S> {
    entry: Entry<S>,
    /// Whose maildrop it is, once logged in.
    office: Option<OfficeNumber>,
}

impl<S: Store> Pop3Desk<S> {
    pub(crate) fn new(entry: Entry<S>) -> Self {
        Self { entry, office: None }
    }

    async fn login(&mut self, claim: Claim) -> Result<Answer, Refused> {
        let mut office = None;
        let judged = self.entry.judge(claim, |login| owner(login).map(|number| office = Some(number))).await?;
        self.office = office;
        Ok(match judged {
            Judged::Login(login) => Answer::Welcome(login.shown()),
            Judged::Secrets(secrets) => Answer::Secrets(secrets),
        })
    }

    /// Everything but the login. The conversation asks none of it before.
    async fn serve(&self, ask: Ask) -> Result<Answer, Refused> {
        let office = self.office.ok_or(Refusal::LoginNeeded)?;
        let (store, now) = (&self.entry.house.store, self.entry.house.clock.now());
        // Profile §9.8: asked at every command.
        self.entry.login()?.may(office, Scope::Receive, &store.roll(), now)?;
        let answer = match ask {
            Ask::Login(_) => return Err(Refusal::Internal.into()),
            Ask::Open => store
                .open(office, &fumibako_model::FolderName::inbox())
                .await
                .map(|view| Answer::Inbox(Inbox { validity: view.status.uid_validity, entries: view.entries })),
            Ask::Read(message, range) => store.read(office, message, range).await.map(Answer::Message),
            Ask::Update { seen, removed, retrieved } => {
                // Whatever becomes of the removals, what was retrieved was handed over.
                let login = self.entry.login()?;
                for message in retrieved {
                    self.entry.house.handed_over(office, message, &login).await;
                }
                let doer = match self.entry.agent() {
                    Some(agent) => Doer::agent(office, agent.clone(), now),
                    None => office.into(),
                };
                self.update(doer, seen, removed).await.map(|()| Answer::Done)
            }
        };
        answer.map_err(|error| self.entry.house.refusal_of(error))
    }

    /// What goes, goes from the office's folder only: evidence and the sender's copy stay (Profile §13.8). What another
    /// connection removed meanwhile is passed over.
    async fn update(&self, doer: Doer, seen: Vec<Uid>, removed: Vec<Uid>) -> Result<(), StoreError> {
        let (store, office) = (&self.entry.house.store, doer.office);
        let status = store.status(office, &fumibako_model::FolderName::inbox()).await?;
        let (folder, since) = (status.folder, status.highest_modseq);
        let mark = |uids, flag, change| self.mark(office, (folder, since), uids, (flag, change));
        mark(seen, Flags::SEEN, FlagChange::Add).await?;
        if removed.is_empty() {
            return Ok(());
        }
        let untaken = store.untaken(office, folder).await?;
        mark(removed.clone(), Flags::DELETED, FlagChange::Add).await?;
        let gone = store.expunge(doer, folder, Some(removed.clone()), since).await;
        if let (Ok(_), Ok(login)) = (&gone, self.entry.login()) {
            // Profile §8.10: what went out whole before, and goes now.
            for (_, message) in untaken.iter().filter(|(uid, _)| removed.contains(uid)) {
                self.entry.house.handed_over(office, *message, &login).await;
            }
        }
        if let Err(StoreError::Refused(_)) = gone {
            // What stays is not left for whoever expunges next.
            mark(removed, Flags::DELETED, FlagChange::Remove).await?;
        }
        gone.map(drop)
    }

    async fn mark(
        &self,
        office: OfficeNumber,
        (folder, since): (FolderId, ModSeq),
        uids: Vec<Uid>,
        (flag, change): (Flags, FlagChange),
    ) -> Result<(), StoreError> {
        if uids.is_empty() {
            return Ok(());
        }
        let flags = NamedFlags { system: flag.system, keywords: Vec::new() };
        let order = FlagOrder { folder, uids, change, flags, unchanged_since: None, since };
        self.entry.house.store.flag(office, order).await.map(drop)
    }
}

impl<S: Store> Desk<Session> for Pop3Desk<S> {
    async fn answer(&mut self, ask: Ask) -> Answer {
        let answer = match ask {
            Ask::Login(claim) => self.login(claim).await,
            ask => self.serve(ask).await,
        };
        answer.unwrap_or_else(|refused| {
            let reference = self.entry.refuse("pop3", &refused);
            Answer::No { refused, reference }
        })
    }

    fn refused(&mut self, refused: &Refused) {
        self.entry.note("pop3", refused);
    }

    fn secured(&mut self, shown: Shown) -> Offer {
        self.entry.secured(shown)
    }

    /// POP3 brings no messages.
    async fn body(&mut self, _: Private<Vec<u8>>) {}

    async fn news(&mut self) -> bool {
        std::future::pending().await
    }
}
