//! IMAP4rev1 (RFC 3501) with the extensions that `capability.rs` names.
//!
//! Start at [`Session`]; `session.rs` holds the one match of commands, each larger command has a file of its own.
//!
//! The grammar is read by a small cursor of our own (`cursor.rs`, `command.rs`) and not by imap-codec: a message literal
//! must stream through before the command is whole, a refusal must come before the literal is asked for, and later
//! extensions (RFC 5182, 5465, 7162) change commands that crate closes over. The tests let imap-codec read what the
//! session writes, so two parties must agree on every response.
//!
//! Never here: a message body kept; more than one command at a time; EXPUNGE news where RFC 3501 §7.4.1 forbids it.

mod acl;
mod append;
mod ask;
mod capability;
mod casemap;
mod command;
mod compress;
mod copy;
mod cursor;
mod date;
mod enable;
mod envelope;
mod expunge;
mod fetch;
mod folders;
mod idle;
mod input;
mod list;
mod login;
mod metadata;
mod news;
mod notify;
mod preview;
mod quota;
mod reply;
mod resync;
mod search;
mod section;
mod select;
mod session;
mod set;
mod settings;
mod sort;
mod status;
mod store;
mod structure;
mod thread;
mod unauthenticate;
mod utf7;
mod view;
mod window;

pub use ask::{Answer, Ask, Outgoing, QuotaOf, QuotaRoot};
pub use session::Session;
pub use settings::Settings;
