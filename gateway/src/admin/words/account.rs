//! What the operator may ask about user IDs and certificates, and how they are listed (Profile §19).

use std::collections::BTreeSet;

use fumibako_model::{AccountChange, Door, Party, Role};
use serde::{Deserialize, Serialize};

use super::Secret;

/// A question about user IDs.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AccountRequest {
    /// Makes a login. One that is there is not touched: it may be another office's.
    Make {
        /// ユーザID.
        login: String,
        /// The office or agent it is.
        party: Party,
        /// パスワード.
        password: Secret,
        /// What its person may do.
        role: Role,
        /// Has the password to be changed before anything else?
        temporary: bool,
    },
    /// Gives a login a new password. Its application passwords go (Profile §19.14).
    Password {
        /// ユーザID.
        login: String,
        /// パスワード.
        password: Secret,
        /// Has it to be changed before anything else?
        temporary: bool,
    },
    /// Other rights, a suspension or its end, or it goes.
    Change(AccountChange),
    /// The application passwords of a login.
    Apps {
        /// ユーザID.
        login: String,
    },
    /// Makes an application password.
    AddApp {
        /// ユーザID.
        login: String,
        /// What it is called.
        name: String,
        /// Where it opens.
        doors: BTreeSet<Door>,
    },
    /// An application password opens nothing any more.
    RemoveApp {
        /// ユーザID.
        login: String,
        /// What it is called.
        name: String,
    },
}

impl AccountRequest {
    /// Makes a login that may do everything.
    pub fn make(login: impl Into<String>, party: Party, password: Secret) -> Self {
        Self::Make { login: login.into(), party, password, role: Role::default(), temporary: false }
    }

    /// The word in logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Make { .. } => "account-make",
            Self::Password { .. } => "account-password",
            Self::Change(AccountChange::Role { .. }) => "account-role",
            Self::Change(AccountChange::Suspend { .. }) => "account-suspend",
            Self::Change(AccountChange::Remove { .. }) => "account-remove",
            Self::Apps { .. } => "account-apps",
            Self::AddApp { .. } => "account-add-app",
            Self::RemoveApp { .. } => "account-remove-app",
        }
    }

    /// What it is about, for the log.
    pub(super) fn about(&self) -> String {
        match self {
            Self::Make { login, party, .. } => format!("{login} for {party}"),
            Self::Change(change) => change.login().to_owned(),
            Self::Password { login, .. } | Self::Apps { login } => login.clone(),
            Self::AddApp { login, name, .. } | Self::RemoveApp { login, name } => format!("{login}/{name}"),
        }
    }
}

/// A login, without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// ユーザID.
    pub login: String,
    /// Whom it acts as.
    pub party: String,
    /// What its person may do.
    pub role: Role,
    /// How the password stands: `good`, `soon`, `temporary`, `lapsed` or `expired`.
    pub password: String,
    /// Until when that is so, if it ends.
    pub until: Option<jiff::Timestamp>,
    /// Why it is suspended, if it is.
    pub suspended: Option<String>,
    /// Application passwords it has.
    pub apps: usize,
}
