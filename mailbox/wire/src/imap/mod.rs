//! IMAP4rev1 (RFC 3501).

mod ask;

pub use ask::{Answer, Ask};
