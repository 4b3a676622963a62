//! Who logs in: by password, by a proof of it, by certificate.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{Account, Login, Party, Private, Refusal, Refused, not_trusted, revoked};
use fumibako_signer::Certificate;
use fumibako_store::{Store, bind};
use fumibako_wire::Credentials;
use fumibako_wire::sasl::{Secrets, Verifier};

use super::House;
use crate::desk::Shown;
use crate::password::{self, Scratch};

/// Octets of a nonce.
const NONCE: usize = 18;

impl<S: Store> House<S> {
    /// Who logs in with these credentials from this address.
    pub(crate) async fn login(&self, given: Credentials, address: IpAddr) -> Result<Login, Refused> {
        // The lock is looked at when it is this login's turn: of guesses made side by side, no more than there are turns
        // are judged past the limit, and an office that opens many connections at once is not taken for a guesser.
        let turn = self.hashing.acquire().await.map_err(|_| Refusal::ShuttingDown)?;
        let now = self.clock.now();
        if self.guesses.locked(&given.login, address, now) {
            return Err(Refusal::TooManyFailures.into());
        }
        let account = self.store.roll().account(&given.login).cloned();
        let Some(account) = proven(&self.scratch, given.password.0, account).await? else {
            self.guesses.failed(&given.login, address, now);
            return Err(Refusal::WrongPassword.into());
        };
        self.guesses.succeeded(&given.login, address);
        drop(turn);
        self.acting(&account, &given.authorization)
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
        let roll = self.store.roll();
        let known = roll.account(login).and_then(|account| account.scram.parse().ok());
        let verifier = known.unwrap_or_else(|| Verifier::of_nobody(login, &self.nobody));
        let mut random = [0; NONCE];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Refusal::Internal)?;
        Ok(Secrets { verifier, nonce: STANDARD.encode(random), binding })
    }

    /// Who logs in with a proof that was found right or wrong. A wrong one is a guess as a wrong password is.
    pub(crate) fn login_by_proof(
        &self,
        login: &str,
        address: IpAddr,
        authorization: &str,
        right: bool,
    ) -> Result<Login, Refused> {
        let now = self.clock.now();
        if self.guesses.locked(login, address, now) {
            return Err(Refusal::TooManyFailures.into());
        }
        let roll = self.store.roll();
        let Some(account) = roll.account(login).filter(|_| right) else {
            self.guesses.failed(login, address, now);
            return Err(Refusal::WrongPassword.into());
        };
        self.guesses.succeeded(login, address);
        self.acting(account, authorization)
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
    fn acting(&self, account: &Account, authorization: &str) -> Result<Login, Refused> {
        let wanted = if account.login == authorization { "" } else { authorization };
        let roll = self.store.roll();
        if let Party::Agent(agent) = &account.party {
            roll.agent_in_order(agent)?;
        }
        Login::acting(account.party.clone(), wanted, &roll, self.clock.now())
    }
}

/// The account, if the password is its own.
async fn proven(
    scratch: &Arc<Scratch>,
    password: String,
    account: Option<Account>,
) -> Result<Option<Account>, Refused> {
    if password.len() > password::PASSWORD_BYTES {
        return Ok(None);
    }
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let scratch = Arc::clone(scratch);
    let proof = tokio::task::spawn_blocking(move || scratch.matches(&password, hash.as_deref())).await;
    Ok(account.filter(|_| proof.is_ok_and(|proof| proof)))
}
