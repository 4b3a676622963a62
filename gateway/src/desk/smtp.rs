//! The desk of a submission: who logs in, who may be written to, and the way from DATA to 250.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use fumibako_model::{Address, End, EvidenceId, Party, Private, Refusal, Refused};
use fumibako_store::{Arrival, Arriving, Store, StoreError, admit};
use fumibako_wire::sasl::Offer;
use fumibako_wire::smtp::{Answer, Ask, Envelope, Session};

use super::body::Body;
use super::entry::{Entry, Judged, Shown};
use crate::drive::Desk;
use crate::house::House;

/// One submission connection's desk.
pub(crate) struct SmtpDesk<S> {
    entry: Entry<S>,
    body: Body<Arriving>,
}

impl<S: Store> SmtpDesk<S> {
    pub(crate) fn new(entry: Entry<S>) -> Self {
        Self { entry, body: Body::default() }
    }

    /// The party logged in; the conversation asks nothing else before.
    fn party(&self) -> Result<&Party, Refused> {
        self.entry.party().ok_or_else(|| Refusal::LoginNeeded.into())
    }

    /// Profile §5: refused as early as possible; admission asks again, at the moment of acceptance.
    fn recipient(&self, from: &Address, to: &Address) -> Result<(), Refused> {
        let house = &self.entry.house;
        let (party, roll, now) = (self.party()?, house.store.roll(), house.clock.now());
        let office = from.office_number().ok_or_else(|| Refusal::EnvelopeDiffers.about(from))?;
        roll.may_send(party, office)?;
        if to.domain != *roll.domain() {
            return Err(Refusal::OtherDomain.about(&to.domain));
        }
        let number = to.office_number().ok_or_else(|| Refusal::RecipientUnknown.about(to))?;
        roll.licensed(number, End::Recipient, now).map(|_| ())
    }

    async fn submit(&mut self, envelope: Envelope) -> Result<EvidenceId, Refused> {
        let (house, address) = (self.entry.house.clone(), self.entry.address);
        let now = house.clock.now();
        let body = std::mem::take(&mut self.body).finish(|| arriving(&house, address));
        // The memory stays granted until the store has answered.
        let (body, _granted) = body.map_err(|error| house.refusal_of(error))?;
        let arrival = Arrival { login: self.party()?, from: &envelope.from, to: &envelope.to };
        let rules = house.config.rules();
        let admitted = admit(arrival, body.finish(), &house.store.roll(), &house.trust(), &rules, now)?;
        let facts = admitted.facts();
        let (id, from, to) = (facts.message_id().to_owned(), facts.from(), facts.to());
        let (kind, bytes) = (facts.kind().name(), facts.size());
        let delivery = house.store.deliver(admitted, now).await.map_err(|error| house.refusal_of(error))?;
        house.counts.accepted.fetch_add(1, Ordering::Relaxed);
        let (evidence, repeated) = (delivery.evidence, delivery.repeated);
        tracing::info!(message_id = id, %from, %to, kind, bytes, %evidence, repeated, "message.delivered");
        Ok(evidence)
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
                Ok(Judged::Party(party)) => Answer::Welcome(party),
                Ok(Judged::Secrets(secrets)) => Answer::Secrets(secrets),
                Err(refused) => self.no("smtp login", refused),
            },
            Ask::Recipient { from, to } => match self.recipient(&from, &to) {
                Ok(()) => Answer::Yes,
                Err(refused) => self.no("smtp recipient", refused),
            },
            Ask::Submit(envelope) => match self.submit(envelope).await {
                Ok(evidence) => Answer::Accepted(evidence),
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
        let (house, address) = (&self.entry.house, self.entry.address);
        self.body.add(piece, (&house.body_memory, &house.filing), || arriving(house, address)).await;
    }

    async fn news(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// A message of this connection begins.
fn arriving<S: Store>(house: &House<S>, peer: IpAddr) -> Result<Arriving, StoreError> {
    let now = house.clock.now();
    Arriving::new(house.store.spool(now), peer, &house.config.rules(), now)
}
