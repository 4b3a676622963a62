//! SMTP submission (RFC 5321, 6409).

mod ask;

pub use ask::{Answer, Ask, Envelope};
