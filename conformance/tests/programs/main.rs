//! The built gateway as a process, and other people's programs against it.

#![allow(clippy::expect_used, reason = "a test says no by a panic")]

mod admitted;
mod audit;
mod authorities;
mod broken;
mod ciphers;
mod collectors;
mod curl;
mod directory;
mod faults;
mod fetchmail;
mod keeping;
mod kit;
mod licence;
mod lives;
mod mbsync;
mod metrics;
mod office;
mod python;
mod quota;
mod readers;
mod receipts;
mod refusals;
mod sealed;
mod swaks;
mod synced;
mod thunderbird;
mod token;
mod transcripts;
mod verify;
mod world;
