//! Passwords that people change themselves, and application passwords (Profile §19.3 to §19.9).

use std::collections::BTreeSet;
use std::net::IpAddr;

use fumibako_model::{
    Account, AccountView, AppPassword, Done, Door, OfficeView, Party, PasswordState, PasswordView, Private, Refusal,
    Refused, What,
};
use fumibako_store::{AccountOrder, Amend, Amendment, NewPassword, Store, StoreError};
use fumibako_wire::Credentials;
use jiff::{SignedDuration, Timestamp};

use super::House;
use super::logins::Known;
use crate::admin::of_party;
use crate::password;

/// The last use of an application password is written down once in so long.
const USED: SignedDuration = SignedDuration::from_hours(1);

/// A new password for a user ID.
pub(crate) struct New {
    /// ユーザID.
    pub(crate) login: String,
    /// It.
    pub(crate) password: String,
    /// The hash of the one it replaces, where somebody had to know that.
    pub(crate) was: Option<String>,
    /// Has it to be changed before anything else?
    pub(crate) temporary: bool,
    /// Do the application passwords go?
    pub(crate) withdraws: bool,
}

impl<S: Store> House<S> {
    /// Profile §19.6: how whoever knows the password stands, even where it opens nothing else any more.
    pub(crate) async fn account_view(&self, given: &Credentials, address: IpAddr) -> Result<AccountView, Refused> {
        let known = self.known(given, address).await?;
        itself(&known)?;
        Ok(self.view(&known.account))
    }

    pub(crate) fn view(&self, account: &Account) -> AccountView {
        let (roll, rules) = (self.store.roll(), self.config.passwords.rules());
        let (state, until) = match account.password(&rules, self.clock.now()) {
            PasswordState::Good(until) => ("good", until),
            PasswordState::Soon(until) => ("soon", Some(until)),
            PasswordState::Temporary(until) => ("temporary", Some(until)),
            PasswordState::Lapsed => ("lapsed", None),
            PasswordState::Expired => ("expired", None),
        };
        let (name, suspended) = match &account.party {
            Party::Office(number) => roll.office(*number).map(|office| (office.name.clone(), office.suspended.clone())),
            Party::Agent(agent) => roll.agent(agent).map(|agent| (agent.name.clone(), agent.suspended.clone())),
        }
        .unwrap_or_default();
        AccountView {
            login: account.login.clone(),
            party: account.party.clone(),
            role: account.role,
            password: PasswordView {
                state: state.into(),
                set: account.password_set,
                until,
                shortest: rules.shortest,
                withdrawn: account.withdrawn,
            },
            suspended: account.suspended.clone(),
            office: OfficeView { name, suspended },
        }
    }

    /// Profile §19.4: the user's own new password, in place of the one that was just proved.
    pub(crate) async fn change_password(
        &self,
        given: &Credentials,
        address: IpAddr,
        (new, withdraws): (Private<String>, bool),
    ) -> Result<(), StoreError> {
        let account = {
            let known = self.known(given, address).await?;
            itself(&known)?;
            known.account
        };
        let (rules, now) = (self.config.passwords.rules(), self.clock.now());
        account.may_change(&rules, now)?;
        let whose = (account.login.as_str(), account.party.to_string());
        let fit = rules.judge(&new.0, &given.password.0, (whose.0, &whose.1));
        fit.map_err(|why| Refusal::PasswordUnfit.about(why))?;
        let told = of_party(Done::new(now, &account.party, What::PasswordSet), &account.party).about(&account.login);
        let (login, was) = (account.login, Some(account.password_hash));
        self.set_password(New { login, password: new.0, was, temporary: false, withdraws }, told).await
    }

    /// A new password counts. Takes a while, on as many threads as there are cores, no more.
    pub(crate) async fn set_password(&self, new: New, told: Done) -> Result<(), StoreError> {
        let New { login, password, was, temporary, withdraws } = new;
        let (password_hash, scram) = self.hashed(password).await?;
        let at = self.clock.now();
        let order = NewPassword { login, was, password_hash, scram, temporary, withdraws, at };
        self.amend_account(AccountOrder::Password(Box::new(order)), told).await
    }

    /// The password's two verifiers.
    pub(crate) async fn hashed(&self, new: String) -> Result<(String, String), Refused> {
        let _turn = self.hashing.acquire().await.map_err(|_| Refusal::ShuttingDown)?;
        let cost = self.config.passwords.cost;
        let kept = tokio::task::spawn_blocking(move || cost.kept(&new)).await;
        kept.ok().and_then(Result::ok).ok_or_else(|| Refusal::Internal.into())
    }

    /// Profile §19.7: a new application password; it is shown this once. `was` is the hash of the password that asks for it, where
    /// one does (Profile §19.14).
    pub(crate) async fn add_app_password(
        &self,
        (login, name, was): (&str, &str, Option<String>),
        doors: BTreeSet<Door>,
        told: Done,
    ) -> Result<(AppPassword, Private<String>), StoreError> {
        let full = AppPassword::full(login, name)?;
        if doors.is_empty() || !doors.iter().all(|door| Door::MAIL.contains(door)) {
            return Err(Refusal::ValueUnfit.about("for one or more of smtp, imap, pop3").into());
        }
        let party = self.store.roll().account(login).map(|account| account.party.clone());
        let party = party.ok_or_else(|| Refusal::LoginUnknown.about(login))?;
        let secret = password::generated().ok_or_else(|| Refused::from(Refusal::Internal))?;
        let (password_hash, scram) = self.hashed(secret.0.clone()).await?;
        let app = AppPassword { login: full, password_hash, scram, doors, made: self.clock.now(), used: None };
        let told = of_party(told, &party).about(&app.login);
        self.amend_account(AccountOrder::AddApp { app: Box::new(app.clone()), was }, told).await?;
        Ok((app, secret))
    }

    /// Profile §19.7: it opens nothing from the next command on.
    pub(crate) async fn remove_app_password(&self, login: &str, name: &str, told: Done) -> Result<(), StoreError> {
        let full = AppPassword::full(login, name)?;
        let party = self.store.roll().account(login).map(|account| account.party.clone());
        let party = party.ok_or_else(|| Refusal::LoginUnknown.about(login))?;
        let told = of_party(told, &party).about(&full);
        self.amend_account(AccountOrder::RemoveApp { login: full }, told).await
    }

    pub(crate) async fn amend_account(&self, order: AccountOrder, told: Done) -> Result<(), StoreError> {
        self.store.amend(Amend { changes: vec![Amendment::Account(order)], done: vec![told] }).await
    }

    /// Writes down that an application password was used; where that fails nobody is kept out for it.
    pub(super) async fn used(&self, app: &AppPassword, now: Timestamp) {
        if app.used.is_some_and(|used| now.duration_since(used) < USED) {
            return;
        }
        let order = AccountOrder::UsedApp { login: app.login.clone(), at: now };
        let amend = Amend { changes: vec![Amendment::Account(order)], done: Vec::new() };
        if let Err(error) = self.store.amend(amend).await {
            self.refusal_of(error);
        }
    }
}

/// Profile §19.8: an application password is nobody's word about the user ID whose it is.
fn itself(known: &Known) -> Result<(), Refused> {
    if known.app.is_some() { Err(Refusal::AppPasswordElsewhere.about(Door::Https)) } else { Ok(()) }
}
