//! What an SMTP conversation asks the server.

use fumibako_model::{Address, Domain, EvidenceId, Party, RecipientWishes, Refused, Wishes};

use crate::sasl::{Claim, Secrets};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Who is this? → [`Answer::Welcome`], [`Answer::Secrets`] or [`Answer::No`].
    Login(Claim),
    /// May mail for this address come in, sent by this login? → [`Answer::Yes`] or [`Answer::No`].
    Recipient {
        /// `MAIL FROM`; `None` is `<>`.
        from: Option<Address>,
        /// `RCPT TO`.
        to: Address,
        /// SMTPUTF8 was said.
        utf8: bool,
        /// What the client called itself in EHLO, for the trace field.
        greeted: Option<Domain>,
    },
    /// The body is complete (it went by in [`Effect::Body`](crate::Effect::Body) pieces): admit and keep it.
    /// → [`Answer::Accepted`], [`Answer::Kept`] or [`Answer::No`].
    Submit(Envelope),
    /// The body broke off or is refused before its end: forget the pieces. → [`Answer::Yes`].
    Discard,
}

/// The addresses of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `MAIL FROM`; `None` is `<>`.
    pub from: Option<Address>,
    /// `RCPT TO`, in order.
    pub to: Vec<Address>,
    /// SMTPUTF8 was said (RFC 6531).
    pub utf8: bool,
    /// What is asked for beside delivery (Profile §13.10).
    pub wishes: Wishes,
}

impl Envelope {
    /// The same recipient again is the same recipient, and what is asked for it first counts.
    pub(super) fn note(&mut self, to: Address, wishes: RecipientWishes) {
        if self.to.contains(&to) {
            return;
        }
        self.to.push(to);
        if wishes.notify.is_some() || wishes.original.is_some() {
            self.wishes.recipients.push(wishes);
        }
    }
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
    /// Kept for the operator to read (RFC 5321 §4.5.1); there is no evidence of it.
    Kept,
    /// No, and why; `reference` stands in the reply and in the log.
    No {
        /// The refusal.
        refused: Refused,
        /// 受付番号.
        reference: String,
    },
}
