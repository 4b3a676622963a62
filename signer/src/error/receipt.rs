//! What can be wrong with a signed receipt, or with asking for one.

use super::{SignError, SignatureError};

/// Why there is no receipt, or why it does not confirm the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The entity is something else.
    #[error("this is not a signed receipt")]
    NotAReceipt,
    /// The receipt's own signature does not hold.
    #[error("receipt: {0}")]
    Signature(#[from] SignatureError),
    /// Request or receipt does not decode, or lacks what it must have.
    #[error("malformed receipt: {0}")]
    Malformed(&'static str),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// The message asks nobody for a receipt.
    #[error("the message does not ask for a receipt")]
    NotRequested,
    /// The message asks others for a receipt.
    #[error("the message does not ask this signer for a receipt")]
    NotAsked,
    /// The receipt asks for a receipt (RFC 2634 §2.2).
    #[error("a receipt asks for a receipt")]
    Requests,
    /// The receipt is for content of another type.
    #[error("the receipt is for another type of content")]
    OtherContentType,
    /// The receipt names another message.
    #[error("the receipt names another message")]
    OtherIdentifier,
    /// The receipt is for another signature, although it names the message.
    #[error("the receipt is for another signature of the message")]
    OtherSignature,
    /// The recipient computed another digest: it saw other content or other attributes.
    #[error("the recipient saw another content than was sent")]
    OtherDigest,
    /// The receipt could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}
