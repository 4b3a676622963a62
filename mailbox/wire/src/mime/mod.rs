//! MIME views of messages (RFC 2045, 2046, 5322): where the parts lie, what their header fields say.
//!
//! Start at [`Tree::read`]; [`Tree::root`] is the message, [`Entity`] a part of it.
//!
//! Offsets are exact: [`Entity::octets`] of the first part of a `multipart/signed` are the very bytes that were
//! signed (RFC 1847 §2.1). That is why the structure is found here and not by mail-parser, whose tree keeps decoded
//! contents and drops the octets between them; decoding of *values* (encoded words, RFC 2231 names) is mail-parser's.
//!
//! Never here: a copy of the message; a tree holds ranges of the bytes it was read from.

mod address;
mod decode;
mod header;
mod measure;
mod scan;
mod tree;
mod value;

pub(crate) use address::written;
pub use address::{Address, addresses};
pub(crate) use decode::unstructured;
pub use decode::{Undecodable, charset_text, transfer_decode};
pub use header::{Field, Header};
pub(crate) use measure::Measure;
pub(crate) use tree::Kept;
pub use tree::{Entity, OverLimit, Tree};
pub use value::{Parameters, parameters};

/// How deep parts may nest.
pub const DEPTH: usize = 16;
/// How many parts one message may have.
pub const PARTS: usize = 1_000;
/// Longest header of a message or part, in bytes.
pub const HEADER_BYTES: usize = 64 * 1024;
