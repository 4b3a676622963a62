//! What is asked of the writer, and where the answer goes.

use fumibako_model::{Account, Enrolled, FolderId, FolderName, Office, OfficeNumber, Uid, UidValidity};
use fumibako_store::{Admitted, Delivery, Draft, FlagOrder, Kind, StoreError};
use jiff::Timestamp;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::error::{Stop, again};
use crate::ledger::Wake;
use crate::{change, folder, receipt, roll};

/// One change, and its answer.
pub(crate) enum Command {
    Deliver(Admitted, Timestamp, Reply<Delivery>),
    Append(OfficeNumber, Draft, Timestamp, Reply<(UidValidity, Uid)>),
    Create(OfficeNumber, FolderName, Reply<()>),
    Flag(OfficeNumber, FlagOrder, Reply<()>),
    Expunge(OfficeNumber, FolderId, Option<Vec<Uid>>, Reply<()>),
    Copy(OfficeNumber, FolderId, Vec<Uid>, FolderName, Reply<(UidValidity, Vec<(Uid, Uid)>)>),
    PutOffice(Office, Reply<()>),
    PutAccount(Account, Reply<()>),
    Enrol(Enrolled, Reply<()>),
    /// Ends the writer once everything before it is answered.
    Close(Reply<()>),
}

/// An answer found inside the transaction, held back until it is committed.
pub(crate) struct Reply<T> {
    to: oneshot::Sender<Result<T, StoreError>>,
    found: Option<Result<T, StoreError>>,
}

impl<T> Reply<T> {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (to, answer) = oneshot::channel();
        (Self { to, found: None }, answer)
    }

    /// Notes a refusal or an answer; a failure of the database is the whole batch's.
    pub(crate) fn hold(&mut self, found: Result<T, Stop>) -> Result<(), sqlx::Error> {
        self.found = Some(match found {
            Ok(answer) => Ok(answer),
            Err(Stop::Refused(refused)) => Err(StoreError::Refused(refused)),
            Err(Stop::Failed(error)) => return Err(error),
        });
        Ok(())
    }

    /// Who asked may have gone away meanwhile; what was committed stays.
    fn send(self, failed: Option<StoreError>) {
        let unanswered = || Err(StoreError::Broken("the writer gave no answer".into()));
        let _ = self.to.send(failed.map_or_else(|| self.found.unwrap_or_else(unanswered), Err));
    }
}

impl Command {
    /// The bundle, if it is a delivery of one: those are made durable as a run.
    pub(crate) fn bundle(&self) -> Option<(&Admitted, Timestamp)> {
        match self {
            Self::Deliver(message, now, _) if *message.kind() == Kind::Bundle => Some((message, *now)),
            _ => None,
        }
    }

    /// Bytes it brings, for the size of a batch.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Deliver(message, ..) => message.octets().len(),
            Self::Append(_, draft, ..) => draft.octets.0.len(),
            _ => 0,
        }
    }

    /// Does it change the roll?
    pub(crate) fn is_of_the_roll(&self) -> bool {
        matches!(self, Self::PutOffice(..) | Self::PutAccount(..) | Self::Enrol(..))
    }

    pub(crate) fn is_close(&self) -> bool {
        matches!(self, Self::Close(_))
    }

    /// Does it, inside the transaction, and holds the answer.
    pub(crate) async fn run(&mut self, rows: &mut SqliteConnection) -> Result<Vec<Wake>, sqlx::Error> {
        match self {
            Self::Deliver(message, now, reply) => match message.kind() {
                Kind::Receipt(said) => reply.told(receipt::receipt(rows, message, said, *now).await),
                // The writer runs these together before the others.
                Kind::Bundle => Ok(Vec::new()),
            },
            Self::Append(office, draft, now, reply) => reply.told(folder::append(rows, *office, draft, *now).await),
            Self::Create(office, name, reply) => reply.quiet(folder::create(rows, *office, name).await),
            Self::Flag(office, order, reply) => reply.told(change::flag(rows, *office, order).await.map(|w| ((), w))),
            Self::Expunge(office, folder, uids, reply) => {
                reply.told(change::expunge(rows, *office, *folder, uids.as_deref()).await.map(|wakes| ((), wakes)))
            }
            Self::Copy(office, from, uids, to, reply) => {
                reply.told(change::copy(rows, *office, (*from, uids), to).await)
            }
            Self::PutOffice(office, reply) => reply.quiet(roll::put_office(rows, office).await),
            Self::PutAccount(account, reply) => reply.quiet(roll::put_account(rows, account).await),
            Self::Enrol(certificate, reply) => reply.quiet(roll::enrol(rows, certificate).await),
            Self::Close(reply) => reply.quiet(Ok(())),
        }
    }

    /// Sends the held answer, or the failure that undid it.
    pub(crate) fn answer(self, failed: Option<&StoreError>) {
        let failed = failed.map(again);
        match self {
            Self::Deliver(_, _, reply) => reply.send(failed),
            Self::Append(_, _, _, reply) => reply.send(failed),
            Self::Copy(_, _, _, _, reply) => reply.send(failed),
            Self::Create(_, _, reply)
            | Self::Flag(_, _, reply)
            | Self::Expunge(_, _, _, reply)
            | Self::PutOffice(_, reply)
            | Self::PutAccount(_, reply)
            | Self::Enrol(_, reply)
            | Self::Close(reply) => reply.send(failed),
        }
    }
}

impl<T> Reply<T> {
    /// Holds the answer of a verb that wakes folders.
    fn told(&mut self, found: Result<(T, Vec<Wake>), Stop>) -> Result<Vec<Wake>, sqlx::Error> {
        let mut woken = Vec::new();
        self.hold(found.map(|(answer, wakes)| {
            woken = wakes;
            answer
        }))?;
        Ok(woken)
    }

    /// Holds the answer of a verb that wakes nobody.
    fn quiet(&mut self, found: Result<T, Stop>) -> Result<Vec<Wake>, sqlx::Error> {
        self.hold(found).map(|()| Vec::new())
    }
}
