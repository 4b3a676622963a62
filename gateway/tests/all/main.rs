//! The gateway in one process, spoken to over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests stand outside #[test] functions")]

mod accepted;
mod accounts;
mod admin;
mod apart;
mod audit;
mod beside;
mod compress;
mod connections;
mod cut;
mod damaged;
mod directory;
mod evidence;
mod expiry;
mod forged;
mod handovers;
mod https;
mod keys;
mod licences;
mod lines;
mod logins;
mod mandates;
mod notices;
mod postmaster;
mod put_back;
mod reports;
mod sasl;
mod sealed;
mod sealing;
mod slow;
mod support;
mod trusting;
mod unsealed;
mod watching;
mod words;
mod written;
