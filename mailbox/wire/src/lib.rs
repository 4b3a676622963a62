//! What is said: SMTP and IMAP conversations without sockets, and MIME views of messages.
//!
//! Start at [`Conversation`], then [`smtp::Session`] and [`imap::Session`].
//!
//! Never here: a clock, a file, a socket; nothing waits; no message body is kept.

mod conversation;
pub mod imap;
pub mod mime;
pub mod sasl;
pub mod smtp;

pub use conversation::{Conversation, Cover, Credentials, Effect};
