//! A bundle on this side of the wire: sorted from files, composed, signed or sealed; opened, checked, unpacked.

pub mod attachment;
mod believe;
pub mod compose;
pub mod fields;
pub mod gather;
pub mod name;
pub mod open;
pub mod seal;
pub mod unpack;

pub use attachment::NotAttached;
pub use believe::believe;
pub use compose::{Attached, Composed, Draft, compose, compose_within};
pub use gather::{Left, Pile, Senders, Source, WhyLeft, gather};
pub use open::{Opened, Reader, fault_of, open};
pub use seal::Form;
pub use unpack::Contents;

/// Most files of one bundle, attachments included (Profile §12.1).
pub const FILES: usize = 100;
/// Most characters of a cover message (Profile §12.1).
pub const COVER_CHARACTERS: usize = 10_000;
/// Largest message, in bytes, as posted, where the gateway does not say otherwise (Profile §12.1).
pub const MESSAGE_BYTES: usize = 25 << 20;
