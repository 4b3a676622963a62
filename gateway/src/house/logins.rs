//! Who logs in: by password, by a proof of it, by certificate.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    Account, AppPassword, Door, Login, PASSWORD_BYTES, Party, Private, Refusal, Refused, Roll, not_trusted, revoked,
};
use fumibako_signer::Certificate;
use fumibako_store::{Store, bind};
use fumibako_wire::Credentials;
use fumibako_wire::sasl::{Secrets, Verifier};

use super::House;
use crate::desk::Shown;
use crate::password::Scratch;

/// Octets of a nonce.
const NONCE: usize = 18;

/// From where somebody logs in, and by what.
pub(crate) type From = (IpAddr, Door);

/// What a user ID stands for.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) account: Account,
    /// The application password with this user ID, if it is one's.
    pub(crate) app: Option<AppPassword>,
}

impl Known {
    fn of(login: &str, roll: &Roll) -> Option<Self> {
        if let Some(account) = roll.account(login) {
            return Some(Self { account: account.clone(), app: None });
        }
        roll.app_password(login).map(|(app, account)| Self { account: account.clone(), app: Some(app.clone()) })
    }

    fn password_hash(&self) -> &str {
        self.app.as_ref().map_or(&self.account.password_hash, |app| &app.password_hash)
    }

    fn scram(&self) -> &str {
        self.app.as_ref().map_or(&self.account.scram, |app| &app.scram)
    }
}

impl<S: Store> House<S> {
    /// Who logs in with these credentials, from there.
    pub(crate) async fn login(&self, given: Credentials, (address, door): From) -> Result<Login, Refused> {
        Ok(self.login_with(&given, (address, door)).await?.0)
    }

    /// The same, and the hash of the password that it was.
    pub(crate) async fn login_with(
        &self,
        given: &Credentials,
        (address, door): From,
    ) -> Result<(Login, String), Refused> {
        let known = self.known(given, address).await?;
        let login = self.enters(&known, door, &given.authorization).await?;
        Ok((login, known.password_hash().to_owned()))
    }

    /// Whose password this is. Nothing else is asked of it; every wrong one is a guess (Profile §12.1), whatever it is for.
    pub(crate) async fn known(&self, given: &Credentials, address: IpAddr) -> Result<Known, Refused> {
        // The lock is looked at when it is this login's turn: of guesses made side by side, no more than there are turns
        // are judged past the limit, and an office that opens many connections at once is not taken for a guesser.
        let turn = self.hashing.acquire().await.map_err(|_| Refusal::ShuttingDown)?;
        let now = self.clock.now();
        if self.guesses.locked(&given.login, address, now) {
            return Err(Refusal::TooManyFailures.into());
        }
        let known = Known::of(&given.login, &self.store.roll());
        let Some(known) = proven(&self.scratch, given.password.0.clone(), known).await? else {
            self.guesses.failed(&given.login, address, now);
            return Err(Refusal::WrongPassword.into());
        };
        self.guesses.succeeded(&given.login, address);
        drop(turn);
        Ok(known)
    }

    /// What SCRAM begins with. Whether anybody has this user ID cannot be told from it (Profile §13.3).
    pub(crate) fn secrets(
        &self,
        login: &str,
        address: IpAddr,
        binding: Option<Private<Vec<u8>>>,
    ) -> Result<Secrets, Refused> {
        if self.guesses.locked(login, address, self.clock.now()) {
            return Err(Refusal::TooManyFailures.into());
        }
        let known = Known::of(login, &self.store.roll()).and_then(|known| known.scram().parse().ok());
        let rounds = self.config.passwords.cost.rounds();
        let verifier = known.unwrap_or_else(|| Verifier::of_nobody(login, &self.nobody, rounds));
        let mut random = [0; NONCE];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Refusal::Internal)?;
        Ok(Secrets { verifier, nonce: STANDARD.encode(random), binding })
    }

    /// Who logs in with a proof that was found right or wrong. A wrong one is a guess as a wrong password is.
    pub(crate) async fn login_by_proof(
        &self,
        login: &str,
        (address, door): From,
        authorization: &str,
        right: bool,
    ) -> Result<Login, Refused> {
        let now = self.clock.now();
        if self.guesses.locked(login, address, now) {
            return Err(Refusal::TooManyFailures.into());
        }
        let Some(known) = Known::of(login, &self.store.roll()).filter(|_| right) else {
            self.guesses.failed(login, address, now);
            return Err(Refusal::WrongPassword.into());
        };
        self.guesses.succeeded(login, address);
        self.enters(&known, door, authorization).await
    }

    /// Profile §19.2 to §19.8: the password was right; does it open this door?
    async fn enters(&self, known: &Known, door: Door, authorization: &str) -> Result<Login, Refused> {
        let now = self.clock.now();
        known.account.opens(known.app.as_ref(), door, &self.config.passwords.rules(), now)?;
        if let Some(app) = &known.app {
            self.used(app, now).await;
        }
        self.acting(known, authorization)
    }

    /// Whose certificate the client showed to TLS: judged as a signer's is at this moment (Profile §5.3, §5.4, §13.2).
    pub(crate) fn login_by_certificate(&self, shown: &Shown, authorization: &str) -> Result<Login, Refused> {
        let read = |der: &Vec<u8>| Certificate::from_der(der).map_err(not_trusted);
        let chain = shown.certificates.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let Some((certificate, helpers)) = chain.split_first() else { return Err(Refusal::WrongPassword.into()) };
        let (trust, roll, now) = (self.trust(), self.store.roll(), self.clock.now());
        let named = trust.signer_of(certificate, helpers, now).map_err(not_trusted)?;
        trust.check_revocation_of(certificate, helpers, now).map_err(revoked)?;
        let party = bind(named, certificate, &roll)?;
        match &party {
            Party::Office(number) if roll.office(*number).is_none() => {
                return Err(Refusal::SenderUnknown.about(number));
            }
            Party::Office(_) => {}
            Party::Agent(agent) => roll.agent_in_order(agent).map(|_| ())?,
        }
        Login::acting(party, authorization, &roll, now)
    }

    /// RFC 4616 §2, RFC 4422 §3.4.1: acting as somebody else needs a mandate (Profile §9.7).
    fn acting(&self, Known { account, app }: &Known, authorization: &str) -> Result<Login, Refused> {
        let own = app.as_ref().map_or(account.login.as_str(), |app| &app.login);
        let wanted = if own == authorization { "" } else { authorization };
        let roll = self.store.roll();
        if let Party::Agent(agent) = &account.party {
            roll.agent_in_order(agent)?;
        }
        Ok(Login::acting(account.party.clone(), wanted, &roll, self.clock.now())?.with_role(account.role))
    }
}

/// What the user ID stands for, if the password is its own.
async fn proven(scratch: &Arc<Scratch>, password: String, known: Option<Known>) -> Result<Option<Known>, Refused> {
    if password.len() > PASSWORD_BYTES {
        return Ok(None);
    }
    let hash = known.as_ref().map(|known| known.password_hash().to_owned());
    let scratch = Arc::clone(scratch);
    let proof = tokio::task::spawn_blocking(move || scratch.matches(&password, hash.as_deref())).await;
    Ok(known.filter(|_| proof.is_ok_and(|proof| proof)))
}
