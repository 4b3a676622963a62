//! One test program for the crate.
#![allow(clippy::unwrap_used, reason = "tests")]

mod imap;
mod imap_office;
mod player;
mod smtp;
mod transcript;
