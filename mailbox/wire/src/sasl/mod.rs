//! How a client logs in, alike in SMTP, IMAP and POP3 (RFC 4422): PLAIN, EXTERNAL, SCRAM-SHA-256 and SCRAM-SHA-256-PLUS.
//!
//! Start at `Exchange`. A conversation carries its words to and from the client; the server answers its [`Claim`]s.

mod exchange;
mod plain;
mod scram;

use fumibako_model::Private;

use crate::Credentials;
pub(crate) use exchange::{Broken, Exchange, Turn};
pub use scram::{ROUNDS, Secrets, Verifier};

/// Longest line of an exchange, with its CR LF (RFC 4954 §4).
pub(crate) const LINE_BYTES: usize = 12_288;

/// What the TLS under a connection allows besides passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The client showed a certificate: EXTERNAL is offered. Whose it is, the server judges when it is used.
    pub external: bool,
    /// Logins can be bound to this TLS connection (tls-exporter, RFC 9266): SCRAM-SHA-256-PLUS is offered.
    pub binding: bool,
}

/// How a client wants to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    Plain,
    External,
    Scram { plus: bool },
}

impl Offer {
    /// The mechanisms, the strongest first (Profile §13.1).
    pub(crate) fn names(self) -> Vec<&'static str> {
        let rows = [
            (self.binding, "SCRAM-SHA-256-PLUS"),
            (true, "SCRAM-SHA-256"),
            (self.external, "EXTERNAL"),
            (true, "PLAIN"),
        ];
        rows.into_iter().filter(|(offered, _)| *offered).map(|(_, name)| name).collect()
    }

    /// The mechanism of this name, in any case, if it is offered.
    pub(crate) fn find(self, name: &str) -> Option<Mechanism> {
        let known = self.names().into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
        Some(match known {
            "SCRAM-SHA-256-PLUS" => Mechanism::Scram { plus: true },
            "SCRAM-SHA-256" => Mechanism::Scram { plus: false },
            "EXTERNAL" => Mechanism::External,
            _ => Mechanism::Plain,
        })
    }
}

/// What a login asks the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Does this password belong to this user ID? The answer is a party.
    Password(Credentials),
    /// Whose is the certificate that the client showed to TLS? The answer is a party.
    Certificate {
        /// Whom to act as; empty means whoever the certificate names.
        authorization: String,
    },
    /// What is kept of this user ID's password? The answer is [`Secrets`], for a user ID that nobody has, too.
    Secrets {
        /// ユーザID.
        login: String,
    },
    /// A proof of the password was judged, with those secrets. The answer is a party.
    Proof {
        /// Whom to act as; empty means whoever the login is.
        authorization: String,
        /// ユーザID.
        login: String,
        /// The proof holds. If not, it was a wrong guess.
        right: bool,
    },
}

/// A user ID and a password that came without SASL (IMAP's LOGIN, POP3's USER and PASS).
pub(crate) fn password(login: String, password: String) -> Claim {
    Claim::Password(Credentials { authorization: String::new(), login, password: Private(password) })
}

#[cfg(test)]
mod tests;
