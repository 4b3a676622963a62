//! Test support: the built gateway as a process of its own, messages with one thing wrong, and small clients that show
//! every line.
//!
//! Start at [`Gateway::start`] (a fresh folder, a running process), [`Letter`] (what is sent) and [`Submission`] (how).
//! The suites stand in `tests/`: `all` (rules of the house), `programs` (other people's programs against ours), `kill`
//! (nothing answered 250 is lost), `smime` (other people's programs against our signer). The rules they show are in `profile.md`.
//!
//! Never here: a way into the gateway that a client does not have. Never done: skipping a test because a program is
//! missing.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "support of tests: a panic is how a test says no, and standard error is where it says more"
)]

mod acts;
mod clock;
mod differences;
mod dovecot;
mod gateway;
mod imap;
pub mod kit;
mod letter;
mod line;
mod programs;
mod random;
mod receipt;
mod smtp;
pub mod stress;
mod tool;
// The reader knows no server; the conversations in memory are played from it too.
#[path = "../../mailbox/wire/tests/all/transcript.rs"]
mod transcript;

pub use acts::{Act, Acts};
pub use clock::{Deadline, MovedClock, now, timed};
pub use differences::known_difference;
pub use dovecot::Dovecot;
pub use gateway::{DOMAIN, Gateway, Holdings, Limit, Office, Ports};
pub use imap::{Mailbox, Said};
pub use letter::{Letter, flip_in_content, flip_in_signature};
pub use line::{Door, Line, Upgrade};
pub use programs::{Programs, repository};
pub use random::Random;
pub use receipt::Receipt;
pub use smtp::{Reply, Submission};
pub use tool::{Ran, Tool};

/// A number that a measurement takes from the environment.
pub fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
