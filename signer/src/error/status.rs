//! Why an answer about a certificate's status is not used.

use crate::algorithm::Refused;

/// Why a responder's answer is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// It does not decode, or contradicts itself.
    #[error("malformed status answer: {0}")]
    Malformed(&'static str),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// The responder did not answer; perhaps later.
    #[error("the responder does not answer: {0}")]
    Declined(&'static str),
    /// The algorithm is not allowed.
    #[error("{0}")]
    Algorithm(#[from] Refused),
    /// Neither the authority nor somebody it charged with it signed the answer.
    #[error("the answer was not signed for the authority of the certificate")]
    OtherResponder,
    /// The authority issued the signer's certificate for something else.
    #[error("the authority did not charge the signer with answers")]
    NotAllowed,
    /// The signature does not fit.
    #[error("the answer was not signed by the responder it names")]
    BadSignature,
    /// It answers another question.
    #[error("the answer is about another certificate, or to another question")]
    OtherQuestion,
    /// The provider refused to compute.
    #[error("the question could not be made")]
    Provider,
}
