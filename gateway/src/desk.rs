//! The desk: answers what a conversation asks, from the store and the roll.

mod body;
mod entry;
mod imap;
mod smtp;

pub(crate) use entry::{Entry, Shown};
pub(crate) use imap::ImapDesk;
pub(crate) use smtp::SmtpDesk;
