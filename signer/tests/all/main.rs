//! The signer against the `openssl` program, which is the oracle, and against itself. Keys are made at run time; the
//! clock stands at one moment for both sides.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests stand outside #[test] functions")]

mod addressed;
mod certificate;
mod compression;
mod deltas;
mod enclosed;
mod envelope;
mod forbidden;
mod identity;
mod keyring;
mod keys;
mod names;
mod openssl;
mod oracle;
mod people;
#[cfg(feature = "pqc")]
mod pqc;
mod published;
mod reading;
mod receipts;
mod revocation;
mod robust;
mod sealed;
mod signing;
mod status;
mod stream;
mod timestamps;
mod token;
mod trust;
mod twin;
mod verdicts;
