//! What can be wrong with compressed content.

use super::SignatureError;
use crate::algorithm::Refused;

/// Why compressed content is not expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressError {
    /// The entity is not compressed.
    #[error("the content is not compressed")]
    NotCompressed,
    /// It does not decode, or not to its end.
    #[error("malformed compressed content: {0}")]
    Malformed(&'static str),
    /// It is compressed in another way than with zlib.
    #[error("{0}")]
    Algorithm(#[from] Refused),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// It grows as no honest content does.
    #[error("the content expands to more than {limit} times its size")]
    Bomb {
        /// The limit it passed.
        limit: usize,
    },
}

impl From<SignatureError> for CompressError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Malformed { reason, .. } => Self::Malformed(reason),
            SignatureError::TooLarge { what, limit } => Self::TooLarge { what, limit },
            _ => Self::NotCompressed,
        }
    }
}
