//! SMTP submission (RFC 5321, 6409).
//!
//! Start at [`Session`]; its one match is the protocol. A line is cut out by `crate::lines`, read by `command`, the body by
//! `body`; every word to the client is written by `reply`.

mod ask;
mod body;
mod command;
mod parameters;
mod path;
mod reply;
mod session;
mod settings;

pub use ask::{Answer, Ask, Envelope};
pub use session::Session;
pub use settings::{BAD_COMMANDS, LOGIN_FAILURES, Settings, WAITING_BYTES};
