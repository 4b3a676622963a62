//! One file a screen. Each takes its view and gives its page.

mod batch;
mod compose;
mod directory;
mod doctor;
mod drafts;
mod home;
mod inbox;
mod licence;
mod login;
mod password;
mod progress;
mod proxy;
mod received;
mod refused;
mod sent;
mod setup;

pub use batch::{Batch, BatchRow, RowState, batch};
pub use compose::{Confirm, Letter, Manner, confirm_rows, letter};
pub use directory::{Directory, Entry, directory};
pub use doctor::{Doctor, Finding, doctor};
pub use drafts::{DraftRow, drafts};
pub use home::{Available, Home, Lost, Notice, Soon, State, home};
pub use inbox::{Filter, Inbox, ReceivedRow, SaveDialog, Taken, inbox};
pub use licence::{Ask, Licence, Year, licence};
pub use login::{Login, login};
pub use password::{Password, password};
pub use progress::{Progress, ProgressRow, progress};
pub use proxy::{Acts, AskMandate, Asked, Choice, Grant, Known, MandateLine, Proxy, proxy};
pub use received::{Received, Signer, received};
pub use refused::refused;
pub use sent::{Proof, Receipt, Sent, SentRow, Way, receipt, sent};
pub use setup::{Setup, SetupField, SetupFile, setup};

#[cfg(test)]
mod tests;
