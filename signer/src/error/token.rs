//! Why a token's keys are not at hand.

/// Why a token cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The maker's library does not load.
    #[error("the token's library cannot be used: {0}")]
    Library(String),
    /// No token of that name is connected.
    #[error("no token named {0} is connected")]
    NoToken(String),
    /// The PIN is wrong. A few of these in a row lock the token.
    #[error("wrong PIN")]
    WrongPin,
    /// The PIN was wrong too often.
    #[error("the token is locked: its PIN was wrong too often")]
    Locked,
    /// No private key on it belongs to the certificate.
    #[error("the token holds no private key for the certificate")]
    NoKey,
    /// Its key is not one we use.
    #[error(transparent)]
    Identity(#[from] crate::error::IdentityError),
    /// It said something else.
    #[error("the token failed: {0}")]
    Failed(String),
}
