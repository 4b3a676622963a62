//! What can be wrong with a time stamp.

use jiff::Timestamp;

use super::{CertificateError, SignError, SignatureError};

/// Why there is no time stamp, or why it is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeStampError {
    /// It does not decode, or says what it must not say.
    #[error("malformed time stamp: {0}")]
    Malformed(&'static str),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// The authority said no.
    #[error("the time-stamping authority refused (status {status}): {failure}")]
    Rejected {
        /// `PKIStatus` (RFC 3161 §2.4.2).
        status: u8,
        /// What it said was wrong.
        failure: &'static str,
    },
    /// The token's signature does not hold.
    #[error("time stamp: {0}")]
    Signature(#[from] SignatureError),
    /// The token does not name the certificate that signed it.
    #[error("the time stamp does not name its signer's certificate")]
    Nameless,
    /// The certificate may not sign time stamps.
    #[error("the certificate is not for time stamps: {0}")]
    Usage(&'static str),
    /// The certificate is not believed.
    #[error("time-stamping authority: {0}")]
    Certificate(#[from] CertificateError),
    /// It is about something else.
    #[error("the time stamp is for other content")]
    OtherImprint,
    /// It answers another request.
    #[error("the time stamp answers another request")]
    OtherNonce,
    /// It says that another authority made it than the one that signed.
    #[error("the time stamp names another authority than its signer")]
    OtherAuthority,
    /// Its time has not come.
    #[error("the time stamp is of {time}, which has not come yet")]
    Future {
        /// The time it states.
        time: Timestamp,
    },
    /// The policy is no object identifier.
    #[error("{0:?} is not the number of a policy")]
    Policy(String),
    /// The provider gave no random numbers.
    #[error("there are no random numbers")]
    Provider,
    /// The token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}
