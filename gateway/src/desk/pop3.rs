//! The desk of a maildrop: an office's `INBOX`, read message by message, and changed once, at the end.

use fumibako_model::{FlagChange, Flags, NamedFlags, OfficeNumber, Private, Refusal, Refused, Scope, Uid, What};
use fumibako_store::{FlagOrder, Store, StoreError};
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
                if let (Some(agent), false) = (self.entry.agent(), removed.is_empty()) {
                    self.entry.house.agent_did((agent, office), What::AgentChanged, "expunge INBOX".into()).await?;
                }
                let done = self.update(office, seen, removed).await.map(|()| Answer::Done);
                for message in retrieved {
                    self.entry.house.handed_over(office, message, &self.entry.login()?).await;
                }
                done
            }
        };
        answer.map_err(|error| self.entry.house.refusal_of(error))
    }

    /// What goes, goes from the office's folder only: evidence and the sender's copy stay (Profile §13.8). What another
    /// connection removed meanwhile is passed over.
    async fn update(&self, office: OfficeNumber, seen: Vec<Uid>, removed: Vec<Uid>) -> Result<(), StoreError> {
        let store = &self.entry.house.store;
        let status = store.status(office, &fumibako_model::FolderName::inbox()).await?;
        let (folder, since) = (status.folder, status.highest_modseq);
        for (uids, flag) in [(seen, Flags::SEEN), (removed.clone(), Flags::DELETED)] {
            if !uids.is_empty() {
                let flags = NamedFlags { system: flag.system, keywords: Vec::new() };
                store
                    .flag(
                        office,
                        FlagOrder { folder, uids, change: FlagChange::Add, flags, unchanged_since: None, since },
                    )
                    .await?;
            }
        }
        if !removed.is_empty() {
            store.expunge(office, folder, Some(removed), since).await?;
        }
        Ok(())
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
