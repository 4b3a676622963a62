//! One test program for the crate.
#![allow(clippy::unwrap_used, reason = "tests")]

mod player;
mod smtp;
mod transcript;
