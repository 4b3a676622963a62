//! ユーザ ID: who logs in, what this person may do, through which doors, and how the password stands (Profile §19).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::address::Party;
use crate::mandate::Scope;
use crate::refusal::{Refusal, Refused};

mod password;
mod view;

pub use password::{PASSWORD_BYTES, PasswordRules, Unfit};
pub use view::{AccountView, AppView, NewApp, OfficeView, PasswordView};

/// Application passwords of one user ID (Profile §19.7).
pub const APP_PASSWORDS: usize = 20;
/// Characters of an application password's name.
const APP_NAME: usize = 24;

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// ユーザID.
    pub login: String,
    /// Whom it acts as.
    pub party: Party,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// What SCRAM-SHA-256 needs of the same password, in the form of RFC 5803.
    pub scram: String,
    /// When this password was set.
    pub password_set: Timestamp,
    /// 仮パスワード: it has to be changed before anything else.
    pub temporary: bool,
    /// What its person may do.
    pub role: Role,
    /// Why it is suspended, if it is.
    pub suspended: Option<String>,
    /// Application passwords that went when the operator set this password, and none was made since.
    #[serde(default)]
    pub withdrawn: u32,
}

/// A change of a user ID that makes no secret (Profile §19.1, §19.2): what the operator asks for is what is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AccountChange {
    /// Other rights.
    Role {
        /// ユーザID.
        login: String,
        /// Which.
        role: Role,
    },
    /// It is suspended, or no longer.
    Suspend {
        /// ユーザID.
        login: String,
        /// Why, as its office reads it; none ends it.
        reason: Option<String>,
    },
    /// It goes, and its application passwords with it.
    Remove {
        /// ユーザID.
        login: String,
    },
}

/// アプリパスワード: a password for one mail program, with a user ID of its own (Profile §19.7).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPassword {
    /// The user ID it goes with: `<login>/<name>`.
    pub login: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// In the form of RFC 5803.
    pub scram: String,
    /// Where it opens.
    pub doors: BTreeSet<Door>,
    /// When it was made.
    pub made: Timestamp,
    /// When it was last used, to the hour.
    pub used: Option<Timestamp>,
}

/// By what a client logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// Submission.
    Smtp,
    /// Mailboxes.
    Imap,
    /// Maildrops.
    Pop3,
    /// The office program's questions.
    Https,
}

/// 権限: what a person of an office may do there (Profile §19.1). An agent's rights follow from its mandates besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 管理者: all of it.
    #[default]
    Manager,
    /// 担当者: sends and receives.
    Staff,
    /// 送信のみ.
    Sender,
    /// 受信のみ.
    Receiver,
}

/// How a password stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordState {
    /// In order; its end, where passwords end.
    Good(Option<Timestamp>),
    /// In order, and ends soon.
    Soon(Timestamp),
    /// 仮パスワード; good for nothing but to be changed, until then.
    Temporary(Timestamp),
    /// 仮パスワード that was not changed in time: only the operator can help.
    Lapsed,
    /// 期限切れ; good for nothing but to be changed.
    Expired,
}

impl AccountChange {
    /// The user ID that it is about.
    pub fn login(&self) -> &str {
        match self {
            Self::Role { login, .. } | Self::Suspend { login, .. } | Self::Remove { login } => login,
        }
    }
}

impl Account {
    /// How its password stands.
    pub fn password(&self, rules: &PasswordRules, now: Timestamp) -> PasswordState {
        let after = |days: u16| self.password_set + SignedDuration::from_hours(24 * i64::from(days));
        if self.temporary {
            let until = after(rules.temporary_days);
            return if now < until { PasswordState::Temporary(until) } else { PasswordState::Lapsed };
        }
        if rules.expire_days == 0 {
            return PasswordState::Good(None);
        }
        let until = after(rules.expire_days);
        if now >= until {
            PasswordState::Expired
        } else if now >= after(rules.expire_days.saturating_sub(rules.warn_days)) {
            PasswordState::Soon(until)
        } else {
            PasswordState::Good(Some(until))
        }
    }

    /// Profile §19.3, §19.5: may whoever proved to know its password change it?
    pub fn may_change(&self, rules: &PasswordRules, now: Timestamp) -> Result<(), Refused> {
        self.in_order()?;
        if self.password(rules, now) == PasswordState::Lapsed { Err(Refusal::PasswordLapsed.into()) } else { Ok(()) }
    }

    /// Profile §19.3 to §19.8: may whoever proved to know its password, or that application password, come in here?
    pub fn opens(
        &self,
        app: Option<&AppPassword>,
        door: Door,
        rules: &PasswordRules,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.in_order()?;
        match self.password(rules, now) {
            PasswordState::Good(_) | PasswordState::Soon(_) => {}
            PasswordState::Temporary(_) => return Err(Refusal::PasswordTemporary.into()),
            PasswordState::Lapsed => return Err(Refusal::PasswordLapsed.into()),
            PasswordState::Expired => return Err(Refusal::PasswordExpired.into()),
        }
        if app.is_some_and(|app| !app.doors.contains(&door)) {
            return Err(Refusal::AppPasswordElsewhere.about(door));
        }
        Ok(())
    }

    /// Profile §19.2: it is not suspended.
    pub fn in_order(&self) -> Result<(), Refused> {
        if self.suspended.is_some() { Err(Refusal::AccountSuspended.about(&self.login)) } else { Ok(()) }
    }
}

impl AppPassword {
    /// The user ID of a login's application password of this name.
    pub fn full(login: &str, name: &str) -> Result<String, Refused> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > APP_NAME || !name.bytes().all(plain) {
            return Err(Refusal::ValueUnfit.about("a name of 1 to 24 of a-z, 0-9 and -"));
        }
        Ok(format!("{login}/{name}"))
    }

    /// It, without its secrets.
    pub fn view(&self) -> AppView {
        let (login, name) = (self.login.clone(), self.parts().1.to_owned());
        AppView { name, login, doors: self.doors.clone(), made: self.made, used: self.used, password: None }
    }

    /// Whose it is, and what it is called.
    pub fn parts(&self) -> (&str, &str) {
        self.login.rsplit_once('/').unwrap_or((&self.login, ""))
    }
}

impl Role {
    /// All of them, with their words.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Manager, "manager"), (Self::Staff, "staff"), (Self::Sender, "sender"), (Self::Receiver, "receiver")];

    /// What it lets a person do for the own office.
    pub fn scopes(self) -> BTreeSet<Scope> {
        let scopes: &[Scope] = match self {
            Self::Manager | Self::Staff => &Scope::ALL,
            Self::Sender => &[Scope::Send, Scope::Status],
            Self::Receiver => &[Scope::Receive, Scope::Acknowledge],
        };
        scopes.iter().copied().collect()
    }

    /// May this be done?
    pub fn allows(self, scope: Scope) -> bool {
        self.scopes().contains(&scope)
    }

    /// Does it leave anything out of the office's folders?
    pub fn is_limited(self) -> bool {
        matches!(self, Self::Sender | Self::Receiver)
    }

    /// Does it speak for the office in what binds it: licence, mandates, certificates?
    pub fn manages(self) -> bool {
        self == Self::Manager
    }
}

impl Door {
    /// All of them, with their words.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Smtp, "smtp"), (Self::Imap, "imap"), (Self::Pop3, "pop3"), (Self::Https, "https")];

    /// Those that an application password may open (Profile §19.7).
    pub const MAIL: [Self; 3] = [Self::Smtp, Self::Imap, Self::Pop3];

    /// Its word.
    pub fn word(self) -> &'static str {
        word_of(&Self::ALL, self)
    }
}

/// A text is none of the words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of: {0}")]
pub struct NoSuchWord(String);

fn word_of<T: Copy + PartialEq>(all: &[(T, &'static str)], wanted: T) -> &'static str {
    all.iter().find(|(one, _)| *one == wanted).map_or("", |(_, word)| word)
}

fn find<T: Copy>(all: &[(T, &'static str)], text: &str) -> Result<T, NoSuchWord> {
    let words = || all.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(", ");
    all.iter().find(|(_, word)| *word == text).map(|(one, _)| *one).ok_or_else(|| NoSuchWord(words()))
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&Self::ALL, *self))
    }
}

impl FromStr for Role {
    type Err = NoSuchWord;
    fn from_str(text: &str) -> Result<Self, NoSuchWord> {
        find(&Self::ALL, text)
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Door {
    type Err = NoSuchWord;
    fn from_str(text: &str) -> Result<Self, NoSuchWord> {
        find(&Self::ALL, text)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("login", &self.login).field("party", &self.party).finish_non_exhaustive()
    }
}

impl fmt::Debug for AppPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppPassword").field("login", &self.login).field("doors", &self.doors).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
