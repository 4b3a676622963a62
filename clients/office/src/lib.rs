//! The office's program: sends, fetches, acknowledges and shows care-plan bundles.
//!
//! Start at [`cli::run`] (the command line), then follow a bundle: [`bundle::gather()`] → [`partners::Partners`] →
//! [`bundle::compose()`] → [`outbox::Outbox::put`] → [`post::Post`], and back: [`fetch::Fetch`] → [`bundle::open()`] →
//! [`bundle::Contents::save`] → [`receipt::Receipt`]. [`check::check`] and [`verify::verify`] stand beside that way: files on
//! disk against the standard, and messages in files against their signatures. Every way to fail is one [`Trouble`].
//!
//! Never here: a clock outside `main`, a secret in an argument or a log line, a received file that replaces another.
//! Never possible: a receipt before the files are on disk, a message posted that was not in the outbox first,
//! a sealed bundle that can still be read there.

mod account;
pub mod bundle;
mod certificates;
pub mod check;
pub mod cli;
#[cfg(feature = "demo")]
pub mod demo;
mod disk;
mod dispatch;
pub mod doctor;
mod exit;
pub mod fetch;
mod https;
mod keep;
mod licence;
mod lost;
pub mod mailbox;
mod mandates;
mod nights;
pub mod outbox;
mod owner;
mod page;
pub mod partners;
pub mod post;
mod proof;
mod random;
mod readers;
pub mod receipt;
pub mod received;
pub mod register;
mod reply;
pub mod settings;
pub mod setup;
mod signatory;
mod terms;
#[cfg(test)]
mod testing;
mod tls;
mod trouble;
pub mod ui;
pub mod verify;

pub use exit::Exit;
pub use settings::Settings;
pub use signatory::Signatory;
pub use trouble::{Limit, NoToken, NotKept, Trouble, Unfit, Usage, Words};

/// For what waits on the mailbox: nothing else runs in this process meanwhile, so one thread is enough.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
