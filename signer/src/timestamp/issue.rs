//! Answering: our own time-stamping authority (RFC 3161 §2.1), for evidence when no other is at hand.

use const_oid::ObjectIdentifier;
use der::asn1::{BitString, Int};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;

use super::info::{Info, TST_INFO, encoded};
use super::request::{Encoded, Response, Status, random_number};
use super::{Imprint, check_usage};
use crate::algorithm::{Hash, RsaPadding};
use crate::ber;
use crate::error::{SignError, TimeStampError};
use crate::identity::Identity;
use crate::limits::TIME_STAMP_REQUEST_BYTES_MAX;
use crate::sign::{Content, signed_data};

/// A time-stamping authority. Its clock is the caller's: what is given as `at` is what is certified.
#[derive(Clone, Debug)]
pub struct TimeStamper {
    identity: Identity,
    policy: ObjectIdentifier,
}

/// Why a request is turned down (RFC 3161 §2.4.2: `PKIFailureInfo`).
#[derive(Clone, Copy)]
enum Failure {
    BadAlgorithm = 0,
    BadRequest = 2,
    BadDataFormat = 5,
    UnacceptedPolicy = 15,
    UnacceptedExtension = 16,
}

/// RFC 3161 §2.4.2: `PKIStatus`.
const GRANTED: u8 = 0;
const REJECTION: u8 = 2;

impl TimeStamper {
    /// An authority with a certificate for time stamps, under a policy (dotted numbers) that says how good its clock is.
    pub fn new(identity: Identity, policy: &str) -> Result<Self, TimeStampError> {
        check_usage(identity.certificate())?;
        let policy = ObjectIdentifier::new(policy).map_err(|_| TimeStampError::Policy(policy.to_owned()))?;
        Ok(Self { identity, policy })
    }

    /// A token that this SHA-256 digest exists at `at`, for [`super::TimeStamp::verify`].
    pub fn stamp(&self, digest: &[u8; 32], at: Timestamp) -> Result<Vec<u8>, TimeStampError> {
        self.token(Imprint::of(digest).map_err(encoding)?, None, true, at)
    }

    /// The answer to a request (`TimeStampResp`), which may be a no.
    pub fn answer(&self, request: &[u8], at: Timestamp) -> Result<Vec<u8>, TimeStampError> {
        let response = match self.accept(request) {
            Ok(Encoded { imprint, nonce, certificates, .. }) => {
                let token = der::Any::from_der(&self.token(imprint, nonce, certificates, at)?).map_err(encoding)?;
                Response { status: Status { code: GRANTED, text: None, failure: None }, token: Some(token) }
            }
            Err(failure) => {
                let failure = Some(failure.bits().map_err(encoding)?);
                Response { status: Status { code: REJECTION, text: None, failure }, token: None }
            }
        };
        Ok(response.to_der().map_err(encoding)?)
    }

    /// RFC 3161 §2.4.1: what is asked for can be given.
    fn accept(&self, request: &[u8]) -> Result<Encoded, Failure> {
        if request.len() > TIME_STAMP_REQUEST_BYTES_MAX {
            return Err(Failure::BadRequest);
        }
        let der = ber::definite(request).map_err(|_| Failure::BadDataFormat)?;
        let request = Encoded::from_der(&der).map_err(|_| Failure::BadDataFormat)?;
        if request.version != 1 {
            return Err(Failure::BadRequest);
        }
        let hash = Hash::read(&request.imprint.algorithm).map_err(|_| Failure::BadAlgorithm)?;
        if request.imprint.digest.as_bytes().len() != hash.provider().output_len() {
            return Err(Failure::BadDataFormat);
        }
        if request.policy.is_some_and(|policy| policy != self.policy) {
            return Err(Failure::UnacceptedPolicy);
        }
        if request.extensions.is_some() {
            return Err(Failure::UnacceptedExtension);
        }
        Ok(request)
    }

    fn token(
        &self,
        imprint: Imprint,
        nonce: Option<Int>,
        certificates: bool,
        at: Timestamp,
    ) -> Result<Vec<u8>, TimeStampError> {
        let info = Info {
            version: 1,
            policy: self.policy,
            imprint,
            serial: random_number()?,
            time: encoded(at).map_err(encoding)?,
            accuracy: None,
            ordering: false,
            nonce,
            authority: None,
            extensions: None,
        };
        let octets = &info.to_der().map_err(encoding)?;
        let content = Content { kind: TST_INFO, octets, attached: true, beside: Vec::new(), certificates };
        Ok(signed_data(content, &self.identity, RsaPadding::default(), at)?)
    }
}

impl Failure {
    /// One bit of a named list, and no zeros after it (X.690 §11.2.2).
    fn bits(self) -> der::Result<BitString> {
        let bit = self as usize;
        let mut octets = vec![0; bit / 8 + 1];
        octets[bit / 8] = 0x80 >> (bit % 8);
        BitString::new(u8::try_from(7 - bit % 8).unwrap_or(0), octets)
    }
}

/// These structures are ours and small; an encoder that fails on them is the provider's fault.
fn encoding(_: der::Error) -> SignError {
    SignError::Provider
}
