//! The desk of a submission: who logs in, who may be written to, and the way from DATA to 250.

use fumibako_model::{Address, End, Local, Private, Refusal, Refused};
use fumibako_store::{
    Arrival, Arrived, Arriving, Claimed, Delivery, OUTRUN, RefusedReceipt, Store, StoreError, Via, admit, hex,
};
use fumibako_wire::sasl::Offer;
use fumibako_wire::smtp::{Answer, Ask, Envelope, Session};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::body::Body;
use super::entry::{Entry, Judged, Shown};
use super::postmaster;
use crate::clock::Stopwatch;
use crate::drive::Desk;
use crate::house::{House, reference};

/// One submission connection's desk.
pub(crate) struct SmtpDesk<S> {
    entry: Entry<S>,
    /// How the message comes.
    via: Via,
    body: Body<Arriving>,
}

impl<S: Store> SmtpDesk<S> {
    pub(crate) fn new(entry: Entry<S>) -> Self {
        let via = Via { reference: entry.reference().to_owned(), ..Via::of(entry.address) };
        Self { entry, via, body: Body::default() }
    }

    /// Profile §5.6: refused as early as possible; admission asks again, at the moment of acceptance. Whether licences count is
    /// known once the message is there, for a receipt needs none.
    fn recipient(&self, from: Option<&Address>, to: &Address) -> Result<(), Refused> {
        let house = &self.entry.house;
        let (login, roll, now) = (self.entry.login()?, house.store.roll(), house.clock.now());
        if let Some(from) = from {
            let office = from.office_number().ok_or_else(|| Refusal::EnvelopeDiffers.about(from))?;
            login.acts_for(office, &roll, now)?;
        }
        if to.domain != *roll.domain() {
            return Err(Refusal::OtherDomain.about(&to.domain));
        }
        if to.local == Local::Postmaster {
            return Ok(());
        }
        let number = to.office_number().ok_or_else(|| Refusal::RecipientUnknown.about(to))?;
        roll.registered(number, End::Recipient).map(|_| ())
    }

    async fn submit(&mut self, envelope: Envelope) -> Result<Answer, Refused> {
        let house = self.entry.house.clone();
        let (now, watch) = (house.clock.now(), Stopwatch::start());
        let body = std::mem::take(&mut self.body).finish(|| arriving(&house, &self.via));
        // The memory stays granted until the store has answered.
        let (body, _granted) = body.map_err(|error| house.refusal_of(error))?;
        if envelope.to.iter().any(|to| to.local == Local::Postmaster) {
            return self.to_the_operator(&envelope.to, body).await;
        }
        let arrived = body.finish();
        let claimed = arrived.as_receipt().and_then(|claimed| self.as_refused(claimed, &envelope, now));
        let taken = self.take(arrived, envelope, (now, watch)).await;
        match &taken {
            Ok(delivery) if delivery.outrun => self.keep_note(claimed, OUTRUN).await,
            Ok(_) => {}
            Err(refused) => self.note(claimed, refused).await,
        }
        taken.map(|delivery| Answer::Accepted(delivery.evidence))
    }

    /// Judges a message, and keeps it if it may be.
    async fn take(
        &self,
        arrived: Arrived,
        envelope: Envelope,
        (now, watch): (Timestamp, Stopwatch),
    ) -> Result<Delivery, Refused> {
        let (house, login) = (&self.entry.house, self.entry.login()?);
        let arrival = Arrival { login: &login, from: envelope.from.as_ref(), to: &envelope.to };
        let rules = house.rules();
        // What this is judged by stays until the evidence names it.
        let _judged = house.judging.read().await;
        let believed = house.believed();
        let admitted = admit(arrival, arrived, &house.store.roll(), &believed.trust, &rules, now)?;
        let admitted = admitted.with_wishes(envelope.wishes).under(believed.name.clone());
        let facts = admitted.facts();
        let (id, from, to) = (facts.message_id().to_owned(), facts.from(), facts.to());
        let (kind, bytes) = (facts.kind().name(), facts.size());
        let by = facts.by().map(|by| by.agent.to_string()).unwrap_or_default();
        house.vouch(admitted.facts()).await.map_err(|error| house.refusal_of(error))?;
        let delivery = house.store.deliver(admitted, now).await.map_err(|error| house.refusal_of(error))?;
        house.counts.accepted(kind, &delivery, watch.elapsed());
        let (evidence, repeated) = (delivery.evidence, delivery.repeated);
        tracing::info!(message_id = id, %from, %to, by, kind, bytes, %evidence, repeated, "message.delivered");
        Ok(delivery)
    }

    /// What is kept of a receipt, should it be refused: who brought it, and what it says of itself.
    fn as_refused(&self, claimed: Claimed, envelope: &Envelope, at: Timestamp) -> Option<RefusedReceipt> {
        let login = self.entry.login().ok()?;
        let from = envelope.from.as_ref().and_then(Address::office_number).or(claimed.from).or(login.office());
        let to = envelope.to.first().and_then(Address::office_number)?;
        let (original, sha256) = (claimed.original, hex(&claimed.sha256));
        Some(RefusedReceipt { at, login: login.party().clone(), from, to, original, sha256, code: String::new() })
    }

    /// Profile §8.4, §8.24: what changes nothing is kept all the same, with its reason.
    async fn note(&self, receipt: Option<RefusedReceipt>, refused: &Refused) {
        let row = refused.why.row();
        let Some(receipt) = receipt.filter(|_| !row.retryable()) else { return };
        tracing::info!(original = receipt.original, login = %receipt.login, code = row.code, "receipt.refused");
        self.keep_note(Some(receipt), row.code).await;
    }

    /// Profile §8.27: the store's rows and the counter go by one rule, each once for each reason.
    async fn keep_note(&self, receipt: Option<RefusedReceipt>, code: &str) {
        let (house, Some(receipt)) = (&self.entry.house, receipt) else { return };
        let noted = house.store.note_refused(RefusedReceipt { code: code.into(), ..receipt }).await;
        let new = noted.unwrap_or_else(|error| {
            house.refusal_of(error);
            true
        });
        let counts = &house.counts;
        let counter = if code == OUTRUN { &counts.receipts_repeated } else { &counts.receipts_refused };
        counter.inc_by(u64::from(new));
    }

    /// Profile §1.2: the operator reads what is written to `postmaster@`, signed or not.
    async fn to_the_operator(&self, to: &[Address], body: Arriving) -> Result<Answer, Refused> {
        let house = &self.entry.house;
        if to.len() > 1 {
            return Err(Refusal::OneRecipientOnly.into());
        }
        let octets = body.into_octets().map_err(|error| house.refusal_of(error))?;
        let Some(Private(octets)) = octets else { return Err(Refusal::MessageTooLarge.about("limit 1 MiB")) };
        let (folder, now, name) = (house.config.postmaster_folder.clone(), house.clock.now(), reference());
        let bytes = octets.len();
        let kept = spawn_blocking(move || postmaster::keep(&folder, &octets, &name, now)).await;
        kept.map_err(|_| Refusal::Internal)?.map_err(|error| house.refusal_of(error))?;
        let from = self.entry.party().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(from, bytes, "postmaster.message");
        Ok(Answer::Kept)
    }

    fn no(&self, what: &'static str, refused: Refused) -> Answer {
        let reference = self.entry.refuse(what, &refused);
        Answer::No { refused, reference }
    }
}

impl<S: Store> Desk<Session> for SmtpDesk<S> {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Login(claim) => match self.entry.judge(claim, |_| Ok(())).await {
                Ok(Judged::Login(login)) => Answer::Welcome(login.shown()),
                Ok(Judged::Secrets(secrets)) => Answer::Secrets(secrets),
                Err(refused) => self.no("smtp login", refused),
            },
            Ask::Recipient { from, to, utf8, greeted } => match self.recipient(from.as_ref(), &to) {
                Ok(()) => {
                    (self.via.utf8, self.via.greeted) = (utf8, greeted);
                    Answer::Yes
                }
                Err(refused) => self.no("smtp recipient", refused),
            },
            Ask::Submit(envelope) => match self.submit(envelope).await {
                Ok(answer) => answer,
                Err(refused) => self.no("smtp message", refused),
            },
            Ask::Discard => {
                self.body = Body::default();
                Answer::Yes
            }
        }
    }

    fn refused(&mut self, refused: &Refused) {
        self.entry.note("smtp", refused);
    }

    fn secured(&mut self, shown: Shown) -> Offer {
        self.entry.secured(shown)
    }

    async fn body(&mut self, piece: Private<Vec<u8>>) {
        let (house, via) = (&self.entry.house, &self.via);
        self.body.add(piece, (&house.body_memory, &house.filing), || arriving(house, via)).await;
    }

    async fn news(&mut self) -> bool {
        std::future::pending().await
    }
}

/// A message of this connection begins.
fn arriving<S: Store>(house: &House<S>, via: &Via) -> Result<Arriving, StoreError> {
    let now = house.clock.now();
    Arriving::new(house.store.spool(now), via.clone(), &house.rules(), now)
}
