//! The desk: answers what a conversation asks, from the store and the roll.

mod body;
mod collected;
mod entry;
mod imap;
mod notices;
mod offices;
mod pop3;
mod postmaster;
mod role;
mod smtp;

pub(crate) use entry::{Entry, Shown};
pub(crate) use imap::ImapDesk;
pub(crate) use pop3::Pop3Desk;
pub(crate) use smtp::SmtpDesk;
