//! What the store is asked to do with user IDs and certificates (Profile §19). Each order changes what it names and nothing else, so that
//! two that are given at once do not undo each other.

use fumibako_model::{Account, AccountChange, AppPassword, CertificateKey, Party};
use jiff::Timestamp;

/// A change of user IDs.
#[derive(Clone, Debug)]
pub enum AccountOrder {
    /// A new one. One that is there is refused ([`LoginExists`](fumibako_model::Refusal::LoginExists)).
    Make(Box<Account>),
    /// A new password.
    Password(Box<NewPassword>),
    /// Rights, a suspension, or that it goes.
    Change(AccountChange),
    /// A new application password. Past [`APP_PASSWORDS`](fumibako_model::APP_PASSWORDS) it is refused.
    AddApp {
        /// It.
        app: Box<AppPassword>,
        /// The hash of the password that asked for it; if another stands there by now, this is refused as a wrong password is.
        /// `None`: whatever stands there.
        was: Option<String>,
    },
    /// An application password goes.
    RemoveApp {
        /// Its own user ID.
        login: String,
    },
    /// An application password was used.
    UsedApp {
        /// Its own user ID.
        login: String,
        /// When.
        at: Timestamp,
    },
}

/// A new password for a user ID.
#[derive(Clone)]
pub struct NewPassword {
    /// ユーザID.
    pub login: String,
    /// The hash of the one it replaces; if another stands there by now, this is refused as a wrong password is. `None`: whatever
    /// stands there.
    pub was: Option<String>,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// In the form of RFC 5803.
    pub scram: String,
    /// Has it to be changed before anything else?
    pub temporary: bool,
    /// Profile §19.14: do the application passwords go with the old one? Those that go for a password that nobody had to know are
    /// counted ([`Account::withdrawn`]), so that whose they were is told. Each is told to the audit, by whom and when the first thing
    /// is that is told with this order.
    pub withdraws: bool,
    /// When.
    pub at: Timestamp,
}

/// A certificate goes off the roll. Its row stays, for what was signed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Which.
    pub key: CertificateKey,
    /// Whose.
    pub party: Party,
    /// By which other of them it was signed; if that is off the roll by now, this is refused.
    pub by: Option<CertificateKey>,
    /// Those of which one has to be left; `None`: none has to.
    pub leaving: Option<Vec<CertificateKey>>,
    /// When.
    pub at: Timestamp,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPassword").field("login", &self.login).finish_non_exhaustive()
    }
}
