//! POP3 (RFC 1939, 2449, 5034, 6856): an office's `INBOX` for programs that fetch.
//!
//! Start at [`Session`]; its one match is the protocol. `command` reads a line, `maildrop` keeps the numbers of one session,
//! `outgoing` writes what has many lines, piece by piece.

mod ask;
mod command;
mod maildrop;
mod outgoing;
mod reply;
mod session;
mod settings;

pub use ask::{Answer, Ask, Inbox};
pub use session::Session;
pub use settings::Settings;
