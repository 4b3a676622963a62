//! One test program for the crate.
#![allow(clippy::unwrap_used, reason = "tests")]

mod claims;
mod imap;
mod imap_office;
mod imap_tree;
mod player;
mod pop3;
mod smtp;
mod transcript;
