//! Asking for a time stamp, and taking the answer (RFC 3161 §2.4).

use const_oid::ObjectIdentifier;
use der::asn1::{BitString, Int};
use der::{Any, Decode as _, Encode as _, Sequence};
use jiff::Timestamp;
use x509_cert::ext::Extension;

use super::{Imprint, TimeStamp};
use crate::algorithm::sha256;
use crate::ber;
use crate::error::TimeStampError;
use crate::limits::TIME_STAMP_BYTES_MAX;
use crate::trust::Trust;

/// RFC 3161 §2.4.1:
/// ```text
/// TimeStampReq ::= SEQUENCE  {
///   version INTEGER  { v1(1) },  messageImprint MessageImprint,  reqPolicy TSAPolicyId OPTIONAL,
///   nonce INTEGER OPTIONAL,  certReq BOOLEAN DEFAULT FALSE,
///   extensions [0] IMPLICIT Extensions OPTIONAL }
/// ```
#[derive(Sequence)]
pub(super) struct Encoded {
    pub(super) version: u8,
    pub(super) imprint: Imprint,
    #[asn1(optional = "true")]
    pub(super) policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(super) certificates: bool,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(super) extensions: Option<Vec<Extension>>,
}

/// RFC 3161 §2.4.2: `TimeStampResp`.
#[derive(Sequence)]
pub(super) struct Response {
    pub(super) status: Status,
    #[asn1(optional = "true")]
    pub(super) token: Option<Any>,
}

/// RFC 3161 §2.4.2: `PKIStatusInfo`.
#[derive(Sequence)]
pub(super) struct Status {
    pub(super) code: u8,
    #[asn1(optional = "true")]
    pub(super) text: Option<Vec<String>>,
    #[asn1(optional = "true")]
    pub(super) failure: Option<BitString>,
}

/// RFC 3161 §2.4.2: `PKIFailureInfo`.
const FAILURES: [(usize, &str); 8] = [
    (0, "it does not know the digest"),
    (2, "it does not support the request"),
    (5, "it could not read the request"),
    (14, "its source of time is not available"),
    (15, "it does not follow the policy asked for"),
    (16, "it does not support an extension asked for"),
    (17, "additional information is not available"),
    (25, "it failed"),
];

/// A request for a time stamp over a SHA-256 digest. Keep it until the answer is there: it knows its nonce.
#[derive(Clone, Debug)]
pub struct TimeStampRequest {
    digest: [u8; 32],
    nonce: Int,
}

impl TimeStampRequest {
    /// A request for these octets.
    pub fn new(content: &[u8]) -> Result<Self, TimeStampError> {
        Self::for_digest(sha256(content))
    }

    /// A request for octets known by their SHA-256 digest.
    pub fn for_digest(digest: [u8; 32]) -> Result<Self, TimeStampError> {
        Ok(Self { digest, nonce: random_number()? })
    }

    /// The request as it is sent (`application/timestamp-query`, RFC 3161 §3.4). It asks for the authority's certificate.
    pub fn to_der(&self) -> Result<Vec<u8>, TimeStampError> {
        let encoded = Imprint::of(&self.digest).and_then(|imprint| {
            let nonce = Some(self.nonce.clone());
            Encoded { version: 1, imprint, policy: None, nonce, certificates: true, extensions: None }.to_der()
        });
        encoded.map_err(|_| TimeStampError::Provider)
    }

    /// Verifies the answer (`application/timestamp-reply`): that it is an answer to this request, and what
    /// [`TimeStamp::verify`] verifies.
    pub fn verify(&self, response: &[u8], trust: &Trust, at: Timestamp) -> Result<TimeStamp, TimeStampError> {
        let stamp = TimeStamp::verify(&token(response)?, &self.digest, trust, at)?;
        // RFC 3161 §2.4.2: an answer without the nonce may be one from long ago.
        if stamp.info.nonce.as_ref() != Some(&self.nonce) {
            return Err(TimeStampError::OtherNonce);
        }
        Ok(stamp)
    }
}

/// RFC 3161 §2.4.1: a large random number; positive, and as long as it says.
pub(super) fn random_number() -> Result<Int, TimeStampError> {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| TimeStampError::Provider)?;
    octets[0] = (octets[0] & 0x3f) | 0x40;
    Int::new(&octets).map_err(|_| TimeStampError::Provider)
}

/// The token of an answer that grants one.
fn token(response: &[u8]) -> Result<Vec<u8>, TimeStampError> {
    const BROKEN: TimeStampError = TimeStampError::Malformed("the answer does not decode");
    if response.len() > TIME_STAMP_BYTES_MAX {
        return Err(TimeStampError::TooLarge { what: "time stamp", limit: TIME_STAMP_BYTES_MAX });
    }
    let der = ber::definite(response).map_err(|error| TimeStampError::Malformed(error.reason()))?;
    let Response { status, token } = Response::from_der(&der).map_err(|_| BROKEN)?;
    // RFC 3161 §2.4.2: granted, or granted with modifications, which are judged like everything else.
    if status.code > 1 {
        return Err(TimeStampError::Rejected { status: status.code, failure: failure(&status) });
    }
    token.ok_or(TimeStampError::Malformed("the answer grants a time stamp and has none"))?.to_der().map_err(|_| BROKEN)
}

fn failure(status: &Status) -> &'static str {
    let bits = status.failure.as_ref().map(BitString::raw_bytes).unwrap_or_default();
    let is_set = |bit: usize| bits.get(bit / 8).is_some_and(|octet| octet & (0x80 >> (bit % 8)) != 0);
    FAILURES.iter().find(|(bit, _)| is_set(*bit)).map_or("it does not say why", |(_, name)| name)
}
