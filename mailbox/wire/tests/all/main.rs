//! One test program for the crate.
#![allow(clippy::unwrap_used, reason = "tests")]

mod claims;
mod imap;
mod imap_crowd;
mod imap_office;
mod imap_tree;
mod law;
mod player;
mod pop3;
mod pop3_maildrop;
mod smtp;
mod smtp_gateway;
mod transcript;
