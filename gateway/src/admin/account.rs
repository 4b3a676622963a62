//! Administration of user IDs and certificates (Profile §19).

use fumibako_model::{Account, AccountChange, AppPassword, Party, Refusal, Role, What};
use fumibako_signer::Certificate;
use fumibako_store::{AccountOrder, Store, StoreError};

use super::words::{AccountRequest, AccountRow};
use super::{Admin, NAME_CHARACTERS, Reply, Secret, of_party, short};
use crate::house::{New, Vouches, told};
use crate::password;

/// Longest user ID, in bytes.
const LOGIN_BYTES: usize = 64;

impl<S: Store> Admin<S> {
    pub(super) async fn account(&self, request: AccountRequest) -> Result<Reply, StoreError> {
        match request {
            AccountRequest::Make { login, party, password, role, temporary } => {
                self.make_account((login, party), password, (role, temporary)).await
            }
            AccountRequest::Password { login, password, temporary } => {
                self.set_password(login, password, temporary).await
            }
            AccountRequest::Change(change) => self.change_account(change).await,
            AccountRequest::Apps { login } => {
                self.party_of(&login)?;
                let roll = self.0.store.roll();
                let apps = roll.app_passwords_of(&login).into_iter().map(AppPassword::view).collect();
                Ok(Reply::Apps { apps })
            }
            AccountRequest::AddApp { login, name, doors } => {
                let told = self.did(What::AppPasswordMade);
                let (app, secret) = self.0.add_app_password((&login, &name, None), doors, told).await?;
                let shown = fumibako_model::AppView { password: Some(secret.0), ..app.view() };
                Ok(Reply::Apps { apps: vec![shown] })
            }
            AccountRequest::RemoveApp { login, name } => {
                let told = self.did(What::AppPasswordRemoved);
                self.0.remove_app_password(&login, &name, told).await?;
                Ok(Reply::Done)
            }
        }
    }

    pub(super) fn accounts(&self) -> Reply {
        let roll = self.0.store.roll();
        let row = |account: &Account| {
            let view = self.0.view(account);
            AccountRow {
                party: account.party.to_string(),
                role: account.role,
                password: view.password.state,
                until: view.password.until,
                suspended: view.suspended,
                apps: roll.app_passwords_of(&account.login).len(),
                login: view.login,
            }
        };
        let mut accounts: Vec<_> = roll.accounts().map(row).collect();
        accounts.sort_by(|a, b| a.login.cmp(&b.login));
        Reply::Accounts { accounts }
    }

    async fn change_account(&self, change: AccountChange) -> Result<Reply, StoreError> {
        let (told, change) = match change {
            AccountChange::Role { role, .. } => (self.did(What::RoleSet).noting(role), change),
            AccountChange::Suspend { login, reason } => {
                let reason = reason.map(|reason| short(reason, NAME_CHARACTERS)).transpose()?;
                let what = if reason.is_some() { What::AccountSuspended } else { What::AccountResumed };
                let told = self.did(what).noting(reason.as_deref().unwrap_or_default());
                (told, AccountChange::Suspend { login, reason })
            }
            AccountChange::Remove { .. } => (self.did(What::AccountRemoved), change),
        };
        let told = of_party(told.about(change.login()), &self.party_of(change.login())?);
        self.0.amend_account(AccountOrder::Change(change), told).await?;
        Ok(Reply::Done)
    }

    async fn make_account(
        &self,
        (login, party): (String, Party),
        secret: Secret,
        (role, temporary): (Role, bool),
    ) -> Result<Reply, StoreError> {
        self.known(&party)?;
        // What stands before a slash is the login of an application password (Profile §19.7).
        let plain = login.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
        if login.is_empty() || login.len() > LOGIN_BYTES || !plain {
            return Err(Refusal::ValueUnfit.about("a user ID has 1 to 64 printable ASCII characters and no /").into());
        }
        if self.0.store.roll().account(&login).is_some() {
            return Err(Refusal::LoginExists.about(login).into());
        }
        let (password_hash, scram) = self.0.hashed(fit(secret)?).await?;
        let told = of_party(self.did(What::AccountMade), &party).about(&login);
        let password_set = self.0.clock.now();
        let account = Account {
            login,
            party,
            password_hash,
            scram,
            password_set,
            temporary,
            role,
            suspended: None,
            withdrawn: 0,
        };
        self.0.amend_account(AccountOrder::Make(Box::new(account)), told).await?;
        Ok(Reply::Done)
    }

    /// Profile §19.14: whoever had the one before may have made application passwords with it; they go.
    async fn set_password(&self, login: String, secret: Secret, temporary: bool) -> Result<Reply, StoreError> {
        let party = self.party_of(&login)?;
        let told = self.did(What::PasswordSet).noting(if temporary { "temporary" } else { "" });
        let told = of_party(told.about(&login), &party);
        let new = New { login, password: fit(secret)?, was: None, temporary, withdraws: true };
        self.0.set_password(new, told).await?;
        Ok(Reply::Done)
    }

    fn party_of(&self, login: &str) -> Result<Party, StoreError> {
        let roll = self.0.store.roll();
        let account = roll.account(login).ok_or_else(|| Refusal::LoginUnknown.about(login))?;
        Ok(account.party.clone())
    }

    /// Profile §5.4: a certificate comes onto the roll.
    pub(super) async fn add_certificate(&self, party: Party, pem: &str) -> Result<Reply, StoreError> {
        self.known(&party)?;
        let unfit = |why: &dyn std::fmt::Display| StoreError::Refused(Refusal::ValueUnfit.about(why));
        let mut chain = Certificate::many_from_pem(pem.as_bytes()).map_err(|why| unfit(&why))?.into_iter();
        // A key file holds the office's own certificate first, then those of its authorities.
        let certificate = chain.next().ok_or_else(|| unfit(&"no certificate in the file"))?;
        let helpers: Vec<_> = chain.collect();
        let one = self.0.enrollable(&party, (&certificate, &helpers), Vouches::Operator)?;
        let told = told(self.did(What::CertificateEnrolled), &party, &certificate.fingerprint_hex());
        self.0.enrol(one, Vouches::Operator, told).await?;
        Ok(Reply::Done)
    }

    /// Profile §19.12: a certificate goes off the roll.
    pub(super) async fn remove_certificate(
        &self,
        party: &Party,
        fingerprint: &str,
        (reason, last): (String, bool),
    ) -> Result<Reply, StoreError> {
        let reason = short(reason, NAME_CHARACTERS)?;
        let one = self.0.enrolled(party, fingerprint)?;
        let told = self.did(What::CertificateRemoved).about(fingerprint).noting(reason);
        self.0.remove_certificate(&one, None, last, told).await?;
        Ok(Reply::Done)
    }
}

fn fit(secret: Secret) -> Result<String, StoreError> {
    if password::fits(&secret.0) {
        Ok(secret.0)
    } else {
        Err(Refusal::ValueUnfit.about("a password has 1 to 1024 bytes").into())
    }
}
