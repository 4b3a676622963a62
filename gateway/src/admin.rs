//! Administration: what the operator may ask of the running gateway, over its local socket or in one process.

mod socket;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fumibako_model::{Account, JAPAN, Licence, Office, OfficeNumber, Party, Refusal, Refused};
use fumibako_signer::Certificate;
use fumibako_store::{Census, Store, StoreError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::house::House;
use crate::{password, trust};

pub use socket::{CallError, call};
pub(crate) use socket::{bind, serve};

/// A question of the operator.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Puts an office on the roll.
    OfficeAdd {
        /// 事業所番号.
        number: OfficeNumber,
        /// 事業所名.
        name: String,
    },
    /// All offices.
    OfficeList,
    /// One office.
    OfficeShow {
        /// 事業所番号.
        number: OfficeNumber,
    },
    /// Stops an office from sending and being sent to.
    OfficeSuspend {
        /// 事業所番号.
        number: OfficeNumber,
        /// Why; shown to the operator.
        reason: String,
    },
    /// Ends a suspension.
    OfficeResume {
        /// 事業所番号.
        number: OfficeNumber,
    },
    /// Grants a licence, or replaces it.
    LicenceGrant {
        /// 事業所番号.
        number: OfficeNumber,
        /// First day; today in Japan when absent.
        from: Option<Date>,
        /// Last day; a year from the first when absent.
        until: Option<Date>,
    },
    /// Makes a login, or gives it a new password.
    AccountPut {
        /// ユーザID.
        login: String,
        /// The office it acts as.
        office: OfficeNumber,
        /// パスワード.
        password: Secret,
    },
    /// All logins.
    AccountList,
    /// Trusts an authority from now on.
    TrustAddCa {
        /// Its certificate, PEM.
        pem: String,
    },
    /// The trusted authorities.
    TrustList,
    /// How the gateway is.
    Status,
}

impl Request {
    /// The word in logs: never what was asked about a person, never a password.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::OfficeAdd { .. } => "office-add",
            Self::OfficeList => "office-list",
            Self::OfficeShow { .. } => "office-show",
            Self::OfficeSuspend { .. } => "office-suspend",
            Self::OfficeResume { .. } => "office-resume",
            Self::LicenceGrant { .. } => "licence-grant",
            Self::AccountPut { .. } => "account-put",
            Self::AccountList => "account-list",
            Self::TrustAddCa { .. } => "trust-add-ca",
            Self::TrustList => "trust-list",
            Self::Status => "status",
        }
    }
}

/// A password on its way to the gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("‹secret›")
    }
}

/// The gateway's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Reply {
    /// Done.
    Done,
    /// One office.
    Office(Office),
    /// Offices, by number.
    Offices {
        /// The rows.
        offices: Vec<Office>,
    },
    /// Logins, by user ID.
    Accounts {
        /// The rows.
        accounts: Vec<AccountRow>,
    },
    /// Trusted authorities.
    Authorities {
        /// Their subjects and ends.
        authorities: Vec<AuthorityRow>,
    },
    /// How the gateway is.
    Status(Box<Status>),
    /// No, and why.
    No {
        /// The row of the catalogue.
        code: Refusal,
        /// What it is about.
        about: String,
    },
}

/// A login, without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// ユーザID.
    pub login: String,
    /// Whom it acts as.
    pub party: String,
}

/// A trusted authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityRow {
    /// Its name.
    pub subject: String,
    /// Its last moment.
    pub until: jiff::Timestamp,
    /// SHA-256 of its certificate, in hex.
    pub fingerprint: String,
}

/// How the gateway is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The mail domain.
    pub domain: String,
    /// The program's version.
    pub version: String,
    /// Offices on the roll.
    pub offices: u64,
    /// Logins.
    pub accounts: u64,
    /// Messages kept.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pieces of evidence.
    pub evidence: u64,
    /// Messages answered 250 since the start.
    pub accepted: u64,
    /// Refusals since the start.
    pub refused: u64,
    /// Connections since the start.
    pub connections: u64,
}

/// Longest office name and suspension reason, in characters.
const NAME_CHARACTERS: usize = 200;
/// Longest user ID, in bytes.
const LOGIN_BYTES: usize = 64;

/// Answers the operator. The socket and the demo ask the same one.
pub struct Admin<S>(Arc<House<S>>);

impl<S> Clone for Admin<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Store> Admin<S> {
    pub(crate) fn new(house: Arc<House<S>>) -> Self {
        Self(house)
    }

    /// The gateway's answer to a request.
    pub async fn answer(&self, request: Request) -> Reply {
        match self.carry_out(request).await {
            Ok(reply) => reply,
            Err(error) => {
                let refused = self.0.refusal_of(error);
                Reply::No { code: refused.why, about: refused.about }
            }
        }
    }

    async fn carry_out(&self, request: Request) -> Result<Reply, StoreError> {
        let roll = self.0.store.roll();
        match request {
            Request::OfficeAdd { number, name } => self.add_office(number, name).await,
            Request::OfficeList => {
                let mut offices: Vec<_> = roll.offices().cloned().collect();
                offices.sort_by_key(|office| office.number);
                Ok(Reply::Offices { offices })
            }
            Request::OfficeShow { number } => Ok(Reply::Office(self.office(number)?)),
            Request::OfficeSuspend { number, reason } => {
                let suspended = Some(short(reason, NAME_CHARACTERS)?);
                self.put(Office { suspended, ..self.office(number)? }).await
            }
            Request::OfficeResume { number } => self.put(Office { suspended: None, ..self.office(number)? }).await,
            Request::LicenceGrant { number, from, until } => self.grant(number, from, until).await,
            Request::AccountPut { login, office, password } => self.put_account(login, office, password).await,
            Request::AccountList => {
                let row = |a: &Account| AccountRow { login: a.login.clone(), party: a.party.to_string() };
                let mut accounts: Vec<_> = roll.accounts().map(row).collect();
                accounts.sort_by(|a, b| a.login.cmp(&b.login));
                Ok(Reply::Accounts { accounts })
            }
            Request::TrustAddCa { pem } => self.add_authority(&pem),
            Request::TrustList => {
                let authorities = self.0.trust().anchors().iter().map(authority_row).collect();
                Ok(Reply::Authorities { authorities })
            }
            Request::Status => self.status().await,
        }
    }

    fn office(&self, number: OfficeNumber) -> Result<Office, Refused> {
        self.0.store.roll().office(number).cloned().ok_or_else(|| Refusal::RecipientUnknown.about(number))
    }

    async fn put(&self, office: Office) -> Result<Reply, StoreError> {
        self.0.store.put_office(office).await?;
        Ok(Reply::Done)
    }

    /// Adding an office that is there renames it; its licence stays.
    async fn add_office(&self, number: OfficeNumber, name: String) -> Result<Reply, StoreError> {
        let name = short(name, NAME_CHARACTERS)?;
        let known =
            self.office(number).unwrap_or(Office { number, name: String::new(), licence: None, suspended: None });
        self.put(Office { name, ..known }).await
    }

    /// Profile §10: a licence lasts a year; the last day is the day before its anniversary.
    async fn grant(&self, number: OfficeNumber, from: Option<Date>, until: Option<Date>) -> Result<Reply, StoreError> {
        let office = self.office(number)?;
        let from = from.unwrap_or_else(|| JAPAN.to_datetime(self.0.clock.now()).date());
        let year = || from.checked_add(jiff::Span::new().years(1)).and_then(jiff::civil::Date::yesterday);
        let until = until.map_or_else(year, Ok).map_err(|_| Refusal::MessageMalformed.about("licence dates"))?;
        if until < from {
            return Err(Refusal::MessageMalformed.about("the licence would end before it begins").into());
        }
        self.put(Office { licence: Some(Licence { from, until }), ..office }).await
    }

    async fn put_account(&self, login: String, office: OfficeNumber, secret: Secret) -> Result<Reply, StoreError> {
        self.office(office)?;
        let whole = !login.is_empty() && login.len() <= LOGIN_BYTES && login.bytes().all(|b| b.is_ascii_graphic());
        if !whole {
            return Err(Refusal::MessageMalformed.about("a user ID has 1 to 64 printable ASCII characters").into());
        }
        if secret.0.is_empty() || secret.0.len() > password::PASSWORD_BYTES {
            return Err(Refusal::MessageMalformed.about("a password has 1 to 1024 bytes").into());
        }
        let hashed = tokio::task::spawn_blocking(move || password::hash(&secret.0)).await;
        let password_hash = hashed.ok().and_then(Result::ok).ok_or(StoreError::Refused(Refusal::Internal.into()))?;
        self.0.store.put_account(Account { login, party: Party::Office(office), password_hash }).await?;
        Ok(Reply::Done)
    }

    fn add_authority(&self, pem: &str) -> Result<Reply, StoreError> {
        let malformed = |why: &dyn std::fmt::Display| StoreError::Refused(Refusal::MessageMalformed.about(why));
        let certificate = Certificate::from_pem(pem.as_bytes()).map_err(|why| malformed(&why))?;
        let folder = &self.0.config.trust_folder;
        trust::add(folder, &certificate).map_err(|why| malformed(&why))?;
        self.0.set_trust(trust::load(folder).map_err(|why| malformed(&why))?);
        Ok(Reply::Done)
    }

    async fn status(&self) -> Result<Reply, StoreError> {
        let Census { offices, accounts, messages, bytes, evidence } = self.0.store.census().await?;
        let counts = &self.0.counts;
        Ok(Reply::Status(Box::new(Status {
            domain: self.0.config.domain.to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            offices,
            accounts,
            messages,
            bytes,
            evidence,
            accepted: counts.accepted.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
            connections: counts.connections.load(Ordering::Relaxed),
        })))
    }
}

fn authority_row(certificate: &Certificate) -> AuthorityRow {
    AuthorityRow {
        subject: certificate.subject(),
        until: certificate.not_after(),
        fingerprint: certificate.fingerprint_hex(),
    }
}

fn short(text: String, most: usize) -> Result<String, Refused> {
    let fits = !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(Refusal::MessageMalformed.about(format_args!("a text of 1 to {most} characters"))) }
}
