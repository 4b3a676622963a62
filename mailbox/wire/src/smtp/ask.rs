//! What an SMTP conversation asks the server.

use fumibako_model::{Address, EvidenceId, Party, Refused};

use crate::sasl::{Claim, Secrets};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Who is this? → [`Answer::Welcome`], [`Answer::Secrets`] or [`Answer::No`].
    Login(Claim),
    /// May mail for this address come in, sent by this login? → [`Answer::Yes`] or [`Answer::No`].
    Recipient {
        /// `MAIL FROM`.
        from: Address,
        /// `RCPT TO`.
        to: Address,
    },
    /// The body is complete (it went by in [`Effect::Body`](crate::Effect::Body) pieces): admit and keep it.
    /// → [`Answer::Accepted`] or [`Answer::No`].
    Submit(Envelope),
    /// The body broke off or is refused before its end: forget the pieces. → [`Answer::Yes`].
    Discard,
}

/// The addresses of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `MAIL FROM`.
    pub from: Address,
    /// `RCPT TO`, in order.
    pub to: Vec<Address>,
}

/// The server's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Logged in as this party.
    Welcome(Party),
    /// What is kept of a password.
    Secrets(Box<Secrets>),
    /// Go on.
    Yes,
    /// Durable. The reply is `250 2.0.0 <evidence id>` (Profile §8).
    Accepted(EvidenceId),
    /// No, and why; `reference` stands in the reply and in the log.
    No {
        /// The refusal.
        refused: Refused,
        /// 受付番号.
        reference: String,
    },
}
