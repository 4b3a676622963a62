//! What all conversations share: bytes and answers go in, effects come out, time is an argument.

use fumibako_model::{Private, Refused};
use jiff::Timestamp;

use crate::sasl::Offer;

/// One conversation of one protocol. After every call, drain [`next`](Self::next) until it is `None`.
///
/// The driver carries out effects strictly in order and answers each [`Effect::Ask`] exactly once before it takes the
/// next effect. Bytes may arrive at any time; a conversation that waits for an answer keeps them.
pub trait Conversation {
    /// A question only the server can answer.
    type Ask: Send;
    /// The server's word on it.
    type Answer: Send;

    /// The peer goes on: all that was said to it has left, and something came from it after that. The driver tells it before the
    /// bytes, for it alone knows what has left. By default that means nothing.
    fn goes_on(&mut self) {}
    /// Bytes came from the peer.
    fn receive(&mut self, now: Timestamp, bytes: &[u8]);
    /// The pending question is answered.
    fn answer(&mut self, now: Timestamp, answer: Self::Answer);
    /// TLS is up after [`Effect::StartTls`], and allows this.
    fn secured(&mut self, now: Timestamp, offer: Offer);
    /// Something changed in the mailbox this conversation watches.
    fn news(&mut self, now: Timestamp);
    /// Everybody who is logged in is to be told this at once. A protocol that cannot say it says nothing.
    fn alert(&mut self, _now: Timestamp, _alert: &Alert) {}
    /// The server is about to stop: say so and close.
    fn shutdown(&mut self, now: Timestamp);
    /// Time passed; call when [`wake_at`](Self::wake_at) is reached.
    fn tick(&mut self, now: Timestamp);
    /// When this conversation wants a tick: its idle limit.
    fn wake_at(&self) -> Timestamp;
    /// What the driver must do next.
    fn next(&mut self) -> Option<Effect<Self::Ask>>;
}

/// What a conversation wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect<Ask> {
    /// Bytes for the peer.
    Send(Vec<u8>),
    /// One piece of a message body, as it streams by. The pieces since the last question belong to the next one.
    Body(Private<Vec<u8>>),
    /// The conversation said no by itself, under the reference it was opened with: for the log (Profile §6.2).
    Refused(Refused),
    /// A question; the answer comes back through [`Conversation::answer`].
    Ask(Ask),
    /// Begin TLS; then call [`Conversation::secured`]. What the peer sent in clear after asking is discarded
    /// (RFC 3207 §4.2).
    StartTls,
    /// What is said and heard from here on is compressed by DEFLATE (RFC 4978), or no longer. Bytes received already are not.
    Compress(bool),
    /// What the next call of [`Conversation::next`] does takes long: make it where nobody else waits (Profile §7.49).
    Ponder,
    /// Nothing more will be said.
    Close,
}

/// A line for the user's attention (RFC 3501 §7.1 ALERT).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// For clients that read ASCII.
    pub plain: String,
    /// For those that read UTF-8 in such lines (RFC 9051 §9).
    pub full: String,
}

/// How the connection under a conversation is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// TLS from the first byte, or after STARTTLS, and what it allows.
    Tls(Offer),
    /// None yet, and STARTTLS is offered.
    ClearOffersTls,
}

/// What a client gave to log in (RFC 4616).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Whom to act as; empty means whoever the login is.
    pub authorization: String,
    /// ユーザID.
    pub login: String,
    /// パスワード.
    pub password: Private<String>,
}
