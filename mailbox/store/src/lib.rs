//! What is kept, as one trait, and the admission that guards it.
//!
//! Start at [`Store::deliver`] (it comes in), [`Store::read`] (it goes out), [`admit`] (who may).
//!
//! Never here: sockets, SQL, the clock. Never possible: a bundle in a mailbox without [`Admitted`], a UID used twice.

mod admit;
mod keep;
mod news;

pub use admit::{Admitted, Kind, Receipt};
pub use keep::{Census, Delivery, Draft, FlagOrder, Store, StoreError};
pub use news::News;
