//! What the gateway tells a person about the own user ID (Profile §19.6).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Door, Role};
use crate::address::Party;

/// A user ID, to whoever knows its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// ユーザID.
    pub login: String,
    /// Whose.
    pub party: Party,
    /// What its person may do.
    pub role: Role,
    /// How the password stands.
    pub password: PasswordView,
    /// Why the user ID is suspended, if it is.
    pub suspended: Option<String>,
    /// The office or agent.
    pub office: OfficeView,
}

/// How a password stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordView {
    /// `good`, `soon`, `temporary`, `lapsed` or `expired`.
    pub state: String,
    /// When it was set.
    pub set: Timestamp,
    /// Until when it is good, or a temporary one can be changed.
    pub until: Option<Timestamp>,
    /// Characters that a new one has at least.
    pub shortest: u16,
    /// Application passwords that went when the operator set it, and none was made since (Profile §19.14).
    #[serde(default)]
    pub withdrawn: u32,
}

/// The office or agent of a user ID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeView {
    /// Its name.
    pub name: String,
    /// Why it is suspended, if it is.
    pub suspended: Option<String>,
}

/// An application password, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppView {
    /// What it is called.
    pub name: String,
    /// The user ID it goes with.
    pub login: String,
    /// Where it opens.
    pub doors: BTreeSet<Door>,
    /// When it was made.
    pub made: Timestamp,
    /// When it was last used, to the hour.
    pub used: Option<Timestamp>,
    /// パスワード, in the one answer that shows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password: Option<String>,
}

/// Asks for an application password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApp {
    /// What it is called.
    pub name: String,
    /// Where it opens.
    pub doors: BTreeSet<Door>,
}
