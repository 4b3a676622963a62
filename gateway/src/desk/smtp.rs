//! The desk of a submission: who logs in, who may be written to, and the way from DATA to 250.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fumibako_model::{Address, End, EvidenceId, Party, Private, Refusal, Refused};
use fumibako_store::{Arrival, Arriving, Store, StoreError, admit};
use fumibako_wire::smtp::{Answer, Ask, Envelope, Session};

use super::body::Body;
use crate::drive::Desk;
use crate::house::{House, Place};

/// One submission connection's desk.
pub(crate) struct SmtpDesk<S> {
    house: Arc<House<S>>,
    place: Place<S>,
    address: IpAddr,
    reference: String,
    party: Option<Party>,
    body: Body<Arriving>,
}

impl<S: Store> SmtpDesk<S> {
    /// `reference` stands in the refusals that the conversation makes by itself.
    pub(crate) fn new(house: Arc<House<S>>, place: Place<S>, address: IpAddr, reference: String) -> Self {
        Self { house, place, address, reference, party: None, body: Body::default() }
    }

    /// The party logged in; the conversation asks nothing else before.
    fn party(&self) -> Result<&Party, Refused> {
        self.party.as_ref().ok_or_else(|| Refusal::LoginNeeded.into())
    }

    async fn login(&mut self, given: fumibako_wire::Credentials) -> Result<Party, Refused> {
        let party = self.house.login(given, self.address).await?;
        self.place.belongs_to(&party)?;
        self.party = Some(party.clone());
        Ok(party)
    }

    /// Profile §5: refused as early as possible; admission asks again, at the moment of acceptance.
    fn recipient(&self, from: &Address, to: &Address) -> Result<(), Refused> {
        let (party, roll, now) = (self.party()?, self.house.store.roll(), self.house.clock.now());
        let office = from.office_number().ok_or_else(|| Refusal::EnvelopeDiffers.about(from))?;
        roll.may_send(party, office)?;
        if to.domain != *roll.domain() {
            return Err(Refusal::OtherDomain.about(&to.domain));
        }
        let number = to.office_number().ok_or_else(|| Refusal::RecipientUnknown.about(to))?;
        roll.licensed(number, End::Recipient, now).map(|_| ())
    }

    async fn submit(&mut self, envelope: Envelope) -> Result<EvidenceId, Refused> {
        let (house, address, now) = (self.house.clone(), self.address, self.house.clock.now());
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
        let reference = self.house.refuse(what, self.party.as_ref(), &refused);
        Answer::No { refused, reference }
    }
}

impl<S: Store> Desk<Session> for SmtpDesk<S> {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Login(given) => match self.login(given).await {
                Ok(party) => Answer::Welcome(party),
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
        self.house.note_refusal("smtp", self.party.as_ref(), refused, &self.reference);
    }

    async fn body(&mut self, piece: Private<Vec<u8>>) {
        let (house, address) = (&self.house, self.address);
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
