//! What is kept, as one trait, and the admission that guards it.
//!
//! Start at [`Store::deliver`] (it comes in), [`Store::read`] (it goes out), [`admit`] (who may).
//!
//! Never here: sockets, SQL, the clock. Never possible: a bundle in a mailbox without [`Admitted`], a UID used twice.

mod accounts;
mod acts;
mod admit;
mod backup;
pub mod bodies;
mod census;
mod doer;
mod expire;
mod hold;
mod inspect;
mod keep;
mod licences;
mod limits;
mod log;
mod mandates;
mod marks;
mod news;
mod notices;
mod seal;
mod shape;
#[cfg(feature = "suite")]
pub mod suite;
mod sum;
mod taking;

pub use accounts::{AccountOrder, NewPassword, Removal};
pub use acts::{
    ActsAudit, ActsFault, ActsHead, ActsState, ActsWrong, Amend, Amendment, DescribeOrder, Described, SealedAct,
    ToldTo, WhichActs,
};
pub use admit::{
    Admitted, Arrival, Arrived, Arriving, Claimed, Facts, Kept, Kind, RECEIPT_BYTES, Receipt, Rules, Via, Word, admit,
    bind, key_of, message_id_of,
};
pub use backup::{BackedUp, Loss, Restored, Verified};
pub use census::Census;
pub use doer::Doer;
pub use expire::{Asked, DayOfMail, Expired};
pub use fumibako_signer::{hex, unhex};
pub use hold::{Ended, Hold, HoldOrder};
pub use inspect::{Fault, FaultKind, Inspection, PLACES, Seen};
pub use keep::{Delivery, Deposit, Draft, Heads, Store, StoreError};
pub use licences::{LicenceChange, Published};
pub use limits::{AGENT_SUBSCRIPTIONS, AGENT_SUBSCRIPTIONS_OF_OFFICE, FOLDERS, Quota, SUBSCRIPTIONS};
pub use log::{
    Among, Due, DueKey, KeptHead, LISTED, Letter, LogAudit, LogFault, LogState, Logging, Named, OUTRUN, PAPER_NAME,
    Paper, PaperKind, Proof, Prunable, PruneOrder, RefusedCount, RefusedReceipt, RefusedReceipts, Told, Unlogged,
    Untold, Vouched, Which, WhichRefused, Wrong,
};
pub use mandates::{MandateOrder, SignedDeed, deed_in};
pub use marks::{MARKS, draft_flags, stored};
pub use news::{AgentNews, Marks, News};
pub use notices::{KeptNotice, MarkNotices, MarkedNotices, NoticeBoard, NoticeOrder, Turned, WhichNotices};
pub use seal::{Notes, SEAL, SealKey};
pub use shape::{Foreign, Odd};
pub use sum::Sum;
pub use taking::{CopyOrder, FlagOrder, Pairs, Taken, marks_seen};
