//! Other people's S/MIME programs against our signer: ours read by theirs, theirs read by ours. openssl, which makes some
//! of the keys here, is compared with in the signer's own tests.

#![allow(clippy::expect_used, reason = "a test says no by a panic")]

mod certtool;
mod gpgsm;
mod nss;
mod people;
mod structure;
