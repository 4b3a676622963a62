//! The desk of a maildrop: an office's `INBOX`, read message by message, and changed once, at the end.

use fumibako_model::{
    FlagChange, Flags, FolderId, MessageId, ModSeq, NamedFlags, OfficeNumber, Private, Refusal, Refused, Scope, Uid,
};
use fumibako_store::{Doer, FlagOrder, Store, StoreError};
use fumibako_wire::pop3::{Answer, Ask, Inbox, Session};
use fumibako_wire::sasl::{Claim, Offer};

use super::entry::{Entry, Judged, Shown, owner};
use crate::drive::Desk;
use crate::house::Terminal;

/// One maildrop connection's desk.
pub(crate) struct Pop3Desk<S> {
    entry: Entry<S>,
    /// Whose maildrop it is, once logged in.
    office: Option<OfficeNumber>,
    /// To whom it was opened. An agent whose mandate ends in the session takes nothing by it.
    to: Option<Terminal>,
}

impl<S: Store> Pop3Desk<S> {
    pub(crate) fn new(entry: Entry<S>) -> Self {
        Self { entry, office: None, to: None }
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
    async fn serve(&mut self, ask: Ask) -> Result<Answer, Refused> {
        let office = self.office.ok_or(Refusal::LoginNeeded)?;
        let (store, now) = (&self.entry.house.store, self.entry.house.clock.now());
        // Profile §9.8: asked at every command.
        let login = self.entry.login()?;
        login.may(office, Scope::Receive, &store.roll(), now)?;
        let answer = match ask {
            Ask::Login(_) => return Err(Refusal::Internal.into()),
            Ask::Open => {
                self.to = self.entry.house.terminal(office, &login);
                let view = store.open(office, &fumibako_model::FolderName::inbox()).await;
                view.map(|view| Answer::Inbox(Inbox { validity: view.status.uid_validity, entries: view.entries }))
            }
            Ask::Read(message, range) => store.read(office, message, range).await.map(Answer::Message),
            Ask::Update { seen, removed, retrieved } => {
                let doer = match self.entry.agent() {
                    Some(agent) => Doer::agent(office, agent.clone(), now),
                    None => Doer::office(office, now),
                };
                self.update(doer, (seen, removed), &retrieved).await.map(|()| Answer::Done)
            }
        };
        answer.map_err(|error| self.entry.house.refusal_of(error))
    }

    /// What was retrieved was handed over, whatever becomes of the removals; first of all, since what is gone is never retrieved again. What
    /// goes, goes from the office's folder only: evidence and the sender's copy stay (Profile §13.8). What another connection removed
    /// meanwhile is passed over.
    ///
    /// | a crash or refusal after step | leaves                                                        |
    /// |-------------------------------|---------------------------------------------------------------|
    /// | 1 handed over                 | everything in its place, and unseen                           |
    /// | 2 marked `\Seen`              | the same, and what stays is seen                              |
    /// | 3 marked `\Deleted`           | the same, and after a crash the marks, for who expunges next  |
    /// | 4 removed                     | what the client asked for                                     |
    async fn update(
        &self,
        doer: Doer,
        (seen, removed): (Vec<Uid>, Vec<Uid>),
        retrieved: &[MessageId],
    ) -> Result<(), StoreError> {
        let (house, office) = (&self.entry.house, doer.office);
        if let Some(to) = &self.to {
            house.hand_over(to, retrieved).await?; // 1
        }
        let status = house.store.status(office, &fumibako_model::FolderName::inbox()).await?;
        let (folder, since) = (status.folder, status.highest_modseq);
        let mark = |uids, flag, change| self.mark(&doer, (folder, since), uids, (flag, change));
        mark(seen, Flags::SEEN, FlagChange::Add).await?; // 2
        if removed.is_empty() {
            return Ok(());
        }
        mark(removed.clone(), Flags::DELETED, FlagChange::Add).await?; // 3
        let gone = house.store.expunge(doer.clone(), folder, Some(removed.clone()), since).await; // 4
        if let Err(StoreError::Refused(_)) = gone {
            // What stays is not left for whoever expunges next.
            mark(removed, Flags::DELETED, FlagChange::Remove).await?;
        }
        gone.map(|taken| drop(house.taken(office, taken)))
    }

    async fn mark(
        &self,
        doer: &Doer,
        (folder, since): (FolderId, ModSeq),
        uids: Vec<Uid>,
        (flag, change): (Flags, FlagChange),
    ) -> Result<(), StoreError> {
        if uids.is_empty() {
            return Ok(());
        }
        let flags = NamedFlags { system: flag.system, keywords: Vec::new() };
        let order = FlagOrder { folder, uids, change, flags, unchanged_since: None, since };
        let house = &self.entry.house;
        house.store.flag(doer.clone(), order).await.map(|taken| drop(house.taken(doer.office, taken)))
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
