//! The structures of an answer (RFC 6960 §4.2.1).
#![allow(clippy::unnested_or_patterns, reason = "what `Choice` derives has them")]

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitString, GeneralizedTime, Null, OctetString};
use der::{Any, Choice, Enumerated, Sequence};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extensions;
use x509_cert::name::Name;

use super::CertId;
use super::question::first_version;
use crate::revocation::Reason;

pub(crate) const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// `OCSPResponse`.
#[derive(Sequence)]
pub(crate) struct Response {
    pub(crate) outcome: Outcome,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) body: Option<Body>,
}

/// `OCSPResponseStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[asn1(type = "ENUMERATED")]
#[repr(u8)]
pub(crate) enum Outcome {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SignatureRequired = 5,
    Unauthorized = 6,
}

/// `ResponseBytes`.
#[derive(Sequence)]
pub(crate) struct Body {
    pub(crate) kind: ObjectIdentifier,
    pub(crate) octets: OctetString,
}

/// `BasicOCSPResponse`, the signed part left as it is.
#[derive(Sequence)]
pub(crate) struct Basic<'a> {
    pub(crate) signed: AnyRef<'a>,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) certificates: Option<Vec<Any>>,
}

/// `ResponseData`.
#[derive(Sequence)]
pub(crate) struct Content {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "first_version")]
    pub(crate) version: u8,
    pub(crate) responder: Responder,
    pub(crate) produced_at: GeneralizedTime,
    pub(crate) answers: Vec<Single>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) extensions: Option<Extensions>,
}

/// `ResponderID`.
#[derive(Choice)]
pub(crate) enum Responder {
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    Name(Name),
    /// SHA-1 of the key.
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    Key(OctetString),
}

/// `SingleResponse`.
#[derive(Sequence)]
pub(crate) struct Single {
    pub(crate) id: CertId,
    pub(crate) status: Status,
    pub(crate) this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) extensions: Option<Extensions>,
}

/// `CertStatus`.
#[derive(Choice)]
pub(crate) enum Status {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Sequence)]
pub(crate) struct RevokedInfo {
    pub(crate) since: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) reason: Option<Reason>,
}
