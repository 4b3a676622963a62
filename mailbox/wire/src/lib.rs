//! What is said: SMTP, IMAP and POP3 conversations without sockets, and MIME views of messages.
//!
//! Start at [`Conversation`], then [`smtp::Session`], [`imap::Session`] and [`pop3::Session`].
//!
//! Never here: a clock, a file, a socket; nothing waits; no message body is kept.

mod conversation;
pub mod imap;
mod lines;
pub mod mime;
pub mod pop3;
pub mod sasl;
pub mod smtp;

pub use conversation::{Alert, Conversation, Cover, Credentials, Effect};
