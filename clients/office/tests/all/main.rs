//! The office's program against a real gateway in this process: what its user sees.
#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]

mod accounts;
mod agent;
mod crashes;
mod demo;
mod directory;
mod house;
mod mandates;
mod missing;
mod owed;
mod receipt;
mod refusals;
mod revoked;
mod sealed;
mod setup;
mod silence;
mod standard;
mod ui;
mod way;
