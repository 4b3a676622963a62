//! A connection's way in, whatever is spoken: its place, what it showed to TLS, and who it turns out to be.

use std::net::IpAddr;
use std::sync::Arc;

use fumibako_model::{AgentId, Door, Login, OfficeNumber, Party, Private, Refusal, Refused, What};
use fumibako_store::Store;
use fumibako_wire::sasl::{Claim, Offer, Secrets};

use crate::house::{From, House, Place};

/// What a client showed of itself in the TLS handshake.
#[derive(Default)]
pub(crate) struct Shown {
    /// Its certificate, then those that lead up from it, in DER. It holds the key; nothing else was judged.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// What a login to this TLS connection alone is bound to (RFC 9266).
    pub(crate) binding: Option<Private<Vec<u8>>>,
}

impl Shown {
    /// What it allows.
    pub(crate) fn offer(&self) -> Offer {
        Offer { external: !self.certificates.is_empty(), binding: self.binding.is_some() }
    }
}

/// One connection at its desk.
pub(crate) struct Entry<S> {
    pub(crate) house: Arc<House<S>>,
    pub(crate) address: IpAddr,
    door: Door,
    place: Place<S>,
    /// Stands in the refusals that the conversation makes by itself.
    reference: String,
    login: Option<Login>,
    /// The user ID that was said, unless a certificate spoke for itself.
    user: Option<String>,
    shown: Shown,
}

/// What a claim comes to.
pub(crate) enum Judged {
    /// It is this one.
    Login(Login),
    /// Go on with these.
    Secrets(Box<Secrets>),
}

impl<S: Store> Entry<S> {
    pub(crate) fn new(
        house: Arc<House<S>>,
        place: Place<S>,
        (address, door): From,
        reference: String,
        shown: Shown,
    ) -> Self {
        Self { house, address, door, place, reference, login: None, user: None, shown }
    }

    /// TLS is up: what it allows.
    pub(crate) fn secured(&mut self, shown: Shown) -> Offer {
        self.shown = shown;
        self.shown.offer()
    }

    /// What the log knows this connection by.
    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// The party logged in.
    pub(crate) fn party(&self) -> Option<&Party> {
        self.login.as_ref().map(Login::party)
    }

    /// The agent logged in, if it is one.
    pub(crate) fn agent(&self) -> Option<&AgentId> {
        self.login.as_ref().and_then(Login::agent)
    }

    /// Who is logged in, and as whom. Profile §19.1, §19.2: asked at every command, so that a user ID that is suspended or gone does
    /// nothing more in connections that are open, and another role counts at once.
    pub(crate) fn login(&self) -> Result<Login, Refused> {
        let login = self.login.clone().ok_or(Refusal::LoginNeeded)?;
        Ok(match &self.user {
            Some(user) => login.with_role(self.house.store.roll().stands(user)?),
            None => login,
        })
    }

    /// Judges a claim; a party that comes out of it is logged in, if `may` lets it.
    pub(crate) async fn judge(
        &mut self,
        claim: Claim,
        may: impl FnOnce(&Login) -> Result<(), Refused>,
    ) -> Result<Judged, Refused> {
        let (house, address) = (&self.house, self.address);
        let (judged, user) = match claim {
            Claim::Password(given) => {
                let user = given.login.clone();
                (house.login(given, (address, self.door)).await, Some(user))
            }
            Claim::Certificate { authorization } => (house.login_by_certificate(&self.shown, &authorization), None),
            Claim::Secrets { login } => {
                let secrets = house.secrets(&login, address, self.shown.binding.clone())?;
                return Ok(Judged::Secrets(Box::new(secrets)));
            }
            Claim::Proof { authorization, login, right } => {
                (house.login_by_proof(&login, (address, self.door), &authorization, right).await, Some(login))
            }
        };
        let login = house.counts.login(judged)?;
        may(&login)?;
        self.place.belongs_to(login.party())?;
        if let (Some(agent), Some(office)) = (login.agent(), login.office()) {
            self.house.agent_did((agent, office), What::AgentActs, String::new()).await?;
        }
        (self.login, self.user) = (Some(login.clone()), user);
        Ok(Judged::Login(login))
    }

    /// Nothing of the login is left.
    pub(crate) fn forget(&mut self) {
        self.place.is_nobodys();
        (self.login, self.user) = (None, None);
    }

    /// A refusal on its way to the client: its reference.
    pub(crate) fn refuse(&self, what: &'static str, refused: &Refused) -> String {
        self.house.refuse(what, self.party(), refused)
    }

    /// The conversation refused something by itself.
    pub(crate) fn note(&self, what: &'static str, refused: &Refused) {
        self.house.note_refusal(what, self.party(), refused, &self.reference);
    }
}

/// Whose maildrop a login opens. An agent has none of its own; it logs in as one of its offices (Profile §9.7).
pub(crate) fn owner(login: &Login) -> Result<OfficeNumber, Refused> {
    login.office().ok_or_else(|| Refusal::NotMandated.about(login.party()))
}
