//! What is asked of the writer, and where the answer goes.

use std::ops::Range;

use fumibako_model::{
    AgentId, Annotation, Delegate, FolderId, FolderName, MandateId, MessageId, NamedFlags, OfficeNumber, Party, Roll,
    Uid, UidValidity,
};
use fumibako_store::bodies::{Day, Place, Spooled};
use fumibako_store::{
    ActsHead, Amend, CopyOrder, Delivery, DescribeOrder, Described, Doer, Facts, FlagOrder, Kind, Logging, Loss,
    MarkNotices, MarkedNotices, Notes, Pairs, Paper, RefusedReceipt, StoreError, Turned,
};
use jiff::Timestamp;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::error::{Stop, again};
use crate::ledger::Wake;
use crate::{
    acts, agent, ahead, annotation, change, directory, expire, folder, handover, hold, log, notice, paper, prune,
    receipt, refused, report, roll, tree,
};

/// One change, and its answer.
pub(crate) enum Command {
    /// Of a receipt with what is kept of it beside its evidence.
    Deliver(Facts, Octets, Option<Vec<u8>>, Timestamp, Reply<Delivery>),
    Append(Doer, OwnMessages, Vec<Octets>, Timestamp, Reply<Filed>),
    Create(OfficeNumber, FolderName, Reply<FolderId>),
    /// Answers, as the next one, with the bundles that were handed over by it.
    Delete(Doer, FolderName, Reply<Vec<MessageId>>),
    Rename(Doer, [FolderName; 2], Timestamp, Reply<Vec<MessageId>>),
    Subscribe(OfficeNumber, FolderName, bool, Reply<()>),
    /// The most names it may say that of; answers whether that changed anything.
    SubscribeAgent(AgentId, (FolderName, bool), usize, Reply<bool>),
    Annotate(OfficeNumber, Option<FolderName>, Vec<Annotation>, Reply<()>),
    /// Answers with what was left as it is, and, as the next two, with the bundles that were handed over by it.
    Flag(Doer, FlagOrder, Reply<(Vec<Uid>, Vec<MessageId>)>),
    Claim(OfficeNumber, FolderId, Reply<Range<u32>>),
    Expunge(Doer, FolderId, Option<Vec<Uid>>, Reply<Vec<MessageId>>),
    Copy(Doer, CopyOrder, Timestamp, Reply<(Pairs, Vec<MessageId>)>),
    Amend(Box<Amend>, Reply<()>),
    Describe(Box<DescribeOrder>, Reply<Described>),
    SignActs(ActsHead, Reply<()>),
    SetQuota(OfficeNumber, u64, Reply<()>),
    Expire(expire::Order, Reply<u64>),
    Hold(Box<hold::Order>, Reply<u64>),
    /// Answers with what was new.
    HandOver(OfficeNumber, Vec<MessageId>, Option<Box<Delegate>>, Timestamp, Reply<Vec<MessageId>>),
    NoteSent(OfficeNumber, Vec<MessageId>, Option<MandateId>, Reply<()>),
    SealNotes(Notes, Reply<()>),
    Log(Box<Logging>, Reply<()>),
    Papers(Vec<Paper>, Reply<()>),
    Stamp((u64, Vec<u8>), Vec<u8>, Reply<()>),
    Prune(Box<prune::Order>, Reply<u64>),
    NoteRefused(Box<RefusedReceipt>, Reply<bool>),
    /// Files a letter about something due.
    Report(Box<report::Order>, Octets, Timestamp, Reply<bool>),
    /// It is due no more, or later; nothing is filed.
    Settle(report::Settled, Reply<bool>),
    /// By these settings it is told from now on that nobody came.
    RemindBy(i64, Timestamp, Reply<()>),
    TurnNotices(Timestamp, Reply<Turned>),
    /// Answers whether these rows had not done it yet.
    Jump(Loss, Timestamp, Reply<bool>),
    MarkNotices(Party, MarkNotices, Reply<MarkedNotices>),
    /// Ends the writer once everything before it is answered.
    Close(Reply<()>),
}

/// The UIDs of what was filed and which of the bodies are kept, and whether what it replaced was handed over by it.
pub(crate) type Filed = (UidValidity, Vec<(Uid, bool)>, Vec<MessageId>);

/// What an office puts into one of its folders, but for the octets.
pub(crate) struct OwnMessages {
    pub(crate) folder: FolderName,
    pub(crate) messages: Vec<OwnMessage>,
    pub(crate) replaces: Option<(FolderId, Uid)>,
}

/// One of them.
pub(crate) struct OwnMessage {
    pub(crate) flags: NamedFlags,
    pub(crate) date: Timestamp,
    pub(crate) message_id: Option<String>,
}

impl OwnMessage {
    /// What stands beside the body in its record, so that rows that were lost can be made again.
    pub(crate) fn envelope(&self, office: OfficeNumber, folder: &FolderName) -> Vec<u8> {
        let envelope = serde_json::json!({
            "v": 1, "kind": "own", "office": office.as_str(), "folder": folder.as_str(),
            "at": self.date.to_string(),
        });
        envelope.to_string().into_bytes()
    }
}

/// A body on its way through the writer: first in memory, then on the disk.
pub(crate) enum Octets {
    Here { envelope: Vec<u8>, octets: Vec<u8> },
    At(Place),
}

impl Octets {
    /// A body as it was received; one that is filed already has its envelope.
    pub(crate) fn new(body: Spooled, envelope: impl FnOnce() -> Vec<u8>) -> Self {
        match body {
            Spooled::Memory(octets) => Self::Here { envelope: envelope(), octets },
            Spooled::Filed(place) => Self::At(place),
        }
    }

    /// Where it stands. Asked once stage 1 has put it there.
    fn place(&self) -> Result<Place, sqlx::Error> {
        match self {
            Self::At(place) => Ok(*place),
            Self::Here { .. } => Err(sqlx::Error::InvalidArgument("a body without a place".into())),
        }
    }
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
    /// Does an agent do it? Then the audit tells it in the same commit.
    pub(crate) fn is_by_an_agent(&self) -> bool {
        matches!(self, Self::Deliver(facts, ..) if facts.by().is_some())
    }

    /// The bundle, if it is a delivery of one: those are made durable as a run.
    pub(crate) fn bundle(&self) -> Option<(&Facts, Result<Place, sqlx::Error>, Timestamp)> {
        match self {
            Self::Deliver(facts, body, _, now, _) if *facts.kind() == Kind::Bundle => Some((facts, body.place(), *now)),
            _ => None,
        }
    }

    fn bodies(&self) -> &[Octets] {
        match self {
            Self::Deliver(_, body, ..) | Self::Report(_, body, ..) => std::slice::from_ref(body),
            Self::Append(_, _, bodies, ..) => bodies,
            _ => &[],
        }
    }

    /// The day its bodies belong to, if some of them must get a place.
    pub(crate) fn day(&self) -> Option<Day> {
        match self {
            Self::Deliver(.., now, _) | Self::Append(.., now, _) | Self::Report(.., now, _) => Some(Day::of(*now)),
            _ => None,
        }
        .filter(|_| self.waiting().next().is_some())
    }

    /// The bodies that must get a place, each with its envelope before it.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.bodies().iter().filter_map(|body| match body {
            Octets::Here { envelope, octets } => Some((&envelope[..], &octets[..])),
            Octets::At(_) => None,
        })
    }

    /// They got their places.
    pub(crate) fn placed(&mut self, places: &mut impl Iterator<Item = Place>) {
        let bodies = match self {
            Self::Deliver(_, body, ..) | Self::Report(_, body, ..) => std::slice::from_mut(body),
            Self::Append(_, _, bodies, ..) => bodies,
            _ => return,
        };
        let waiting = bodies.iter_mut().filter(|body| matches!(body, Octets::Here { .. }));
        waiting.zip(places).for_each(|(body, place)| *body = Octets::At(place));
    }

    /// Bytes it brings, for the size of a batch.
    pub(crate) fn weight(&self) -> usize {
        self.waiting().map(|(_, octets)| octets.len()).sum()
    }

    /// Does it change the roll?
    pub(crate) fn is_of_the_roll(&self) -> bool {
        match self {
            Self::Amend(amend, _) => !amend.changes.is_empty(),
            Self::Describe(order, _) => !order.dry_run,
            Self::Report(order, ..) => order.is_of_the_roll(),
            _ => false,
        }
    }

    pub(crate) fn is_close(&self) -> bool {
        matches!(self, Self::Close(_))
    }

    /// Does it, inside the transaction, and holds the answer.
    pub(crate) async fn run(&mut self, rows: &mut SqliteConnection, roll: &Roll) -> Result<Vec<Wake>, sqlx::Error> {
        match self {
            Self::Deliver(facts, body, word, now, reply) => match facts.kind() {
                Kind::Receipt(said) => {
                    let signed = (&*facts, body.place()?, word.as_deref());
                    reply.told(receipt::receipt(rows, roll, (signed, said), *now).await)
                }
                // The writer runs these together before the others.
                Kind::Bundle => Ok(Vec::new()),
            },
            Self::Append(doer, own, bodies, now, reply) => {
                let places = bodies.iter().map(Octets::place).collect::<Result<Vec<_>, _>>()?;
                reply.told(folder::append(rows, roll, (doer, *now), own, &places).await)
            }
            Self::Create(office, name, reply) => reply.told(tree::create(rows, *office, name).await),
            Self::Delete(doer, name, reply) => reply.told(tree::delete(rows, roll, doer, name).await),
            Self::Rename(doer, [from, to], now, reply) => {
                reply.told(tree::rename(rows, roll, (doer, *now), (from, to)).await)
            }
            Self::Subscribe(office, name, wanted, reply) => {
                reply.told(tree::subscribe(rows, *office, name, *wanted).await)
            }
            Self::SubscribeAgent(agent, (name, wanted), most, reply) => {
                reply.quiet(agent::subscribe(rows, agent, (name, *wanted), *most).await)
            }
            Self::Flag(doer, order, reply) => reply.told(change::flag(rows, roll, doer, order).await),
            Self::Claim(office, folder, reply) => reply.quiet(change::claim(rows, *office, *folder).await),
            Self::Expunge(doer, folder, uids, reply) => {
                reply.told(change::expunge(rows, roll, doer, *folder, uids.as_deref()).await)
            }
            Self::Annotate(office, folder, entries, reply) => {
                reply.told(annotation::annotate(rows, *office, folder.as_ref(), entries).await)
            }
            Self::Copy(doer, order, now, reply) => reply.told(change::copy(rows, roll, doer, order, *now).await),
            Self::Amend(amend, reply) => reply.quiet(acts::amend(rows, amend).await),
            Self::Describe(order, reply) => reply.quiet(directory::describe(rows, order).await),
            Self::SignActs(head, reply) => reply.quiet(acts::keep_head(rows, head).await),
            Self::SetQuota(office, bytes, reply) => reply.quiet(roll::set_quota(rows, *office, *bytes).await),
            Self::Expire(order, reply) => match order {
                expire::Order::WriteDown(day, after, now) => {
                    reply.quiet(expire::write_down(rows, (*day, *after), *now).await)
                }
                expire::Order::Erased(day, tree, now) => {
                    reply.quiet(expire::erase(rows, (*day, tree), *now).await.map(|()| 0))
                }
                expire::Order::Sweep(day) => reply.told(expire::sweep(rows, *day).await),
                expire::Order::Swept(day, now) => reply.quiet(expire::swept(rows, *day, *now).await.map(|()| 0)),
                expire::Order::Ran(dates, keep) => reply.quiet(expire::ran(rows, (dates, *keep)).await.map(|()| 0)),
                expire::Order::Promise(keep) => reply.quiet(expire::promise(rows, *keep).await.map(|()| 0)),
            },
            Self::Hold(order, reply) => reply.told(hold::run(rows, order).await),
            Self::HandOver(office, messages, by, now, reply) => {
                reply.told(handover::hand_over(rows, roll, (*office, by.as_deref(), *now), messages).await)
            }
            Self::NoteSent(to, sent, by, reply) => reply.quiet(handover::note_sent(rows, *to, sent, *by).await),
            Self::SealNotes(which, reply) => reply.quiet(handover::seal_notes(rows, which).await),
            Self::Log(logging, reply) => reply.quiet(log::write(rows, logging).await),
            Self::Papers(papers, reply) => reply.quiet(paper::keep(rows, papers).await),
            Self::Stamp((size, head), stamp, reply) => reply.quiet(log::stamp(rows, (*size, head), stamp).await),
            Self::Prune(order, reply) => reply.quiet(prune::step(rows, order).await),
            Self::NoteRefused(receipt, reply) => reply.quiet(refused::note(rows, receipt).await),
            Self::Report(order, body, now, reply) => reply.told(report::file(rows, order, body.place()?, *now).await),
            Self::Jump(loss, now, reply) => reply.quiet(ahead::after(rows, loss, *now).await),
            Self::TurnNotices(now, reply) => reply.quiet(notice::turn(rows, *now).await),
            Self::MarkNotices(party, marks, reply) => reply.quiet(notice::mark(rows, party, marks).await),
            Self::RemindBy(rule, now, reply) => reply.quiet(report::remind_by(rows, *rule, *now).await),
            Self::Settle(settled, reply) => reply.quiet(report::settle(rows, *settled).await.map(|(was, _)| was)),
            Self::Close(reply) => reply.quiet(Ok(())),
        }
    }

    /// Sends the held answer, or the failure that undid it.
    pub(crate) fn answer(self, failed: Option<&StoreError>) {
        let failed = failed.map(again);
        match self {
            Self::Deliver(_, _, _, _, reply) => reply.send(failed),
            Self::Append(_, _, _, _, reply) => reply.send(failed),
            Self::Copy(_, _, _, reply) => reply.send(failed),
            Self::Create(_, _, reply) => reply.send(failed),
            Self::Flag(_, _, reply) => reply.send(failed),
            Self::MarkNotices(_, _, reply) => reply.send(failed),
            Self::Claim(_, _, reply) => reply.send(failed),
            Self::Describe(_, reply) => reply.send(failed),
            Self::TurnNotices(_, reply) => reply.send(failed),
            Self::Expire(_, reply) | Self::Hold(_, reply) | Self::Prune(_, reply) => reply.send(failed),
            Self::HandOver(_, _, _, _, reply)
            | Self::Expunge(_, _, _, reply)
            | Self::Rename(_, _, _, reply)
            | Self::Delete(_, _, reply) => reply.send(failed),
            Self::Report(_, _, _, reply)
            | Self::SubscribeAgent(_, _, _, reply)
            | Self::Settle(_, reply)
            | Self::NoteRefused(_, reply)
            | Self::Jump(_, _, reply) => reply.send(failed),
            Self::Log(_, reply)
            | Self::NoteSent(_, _, _, reply)
            | Self::SealNotes(_, reply)
            | Self::Papers(_, reply)
            | Self::Stamp(_, _, reply)
            | Self::Subscribe(_, _, _, reply)
            | Self::Annotate(_, _, _, reply)
            | Self::Amend(_, reply)
            | Self::SignActs(_, reply)
            | Self::SetQuota(_, _, reply)
            | Self::RemindBy(_, _, reply)
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
