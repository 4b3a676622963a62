//! The question (RFC 6960 §4.1).

use der::asn1::{OctetString, OctetStringRef};
use der::{Any, Decode as _, Encode as _, Sequence};
use x509_cert::ext::{Extension, Extensions};

use super::{CertId, NONCE};
use crate::certificate::Certificate;
use crate::error::StatusError;

/// A question about one certificate, with a number that the answer may repeat.
#[derive(Clone)]
pub struct StatusQuestion {
    der: Vec<u8>,
    id: CertId,
    nonce: [u8; NONCE_BYTES],
}

/// RFC 9654 §2.1: thirty-two random octets.
const NONCE_BYTES: usize = 32;

/// `OCSPRequest`.
#[derive(Sequence)]
pub(crate) struct Question {
    pub(crate) content: Content,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    signature: Option<Any>,
}

/// `TBSRequest`.
#[derive(Sequence)]
pub(crate) struct Content {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "first_version")]
    version: u8,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    requestor: Option<Any>,
    pub(crate) requests: Vec<Requested>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) extensions: Option<Extensions>,
}

/// `Request`.
#[derive(Sequence)]
pub(crate) struct Requested {
    pub(crate) id: CertId,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Any>,
}

pub(super) fn first_version() -> u8 {
    0
}

impl StatusQuestion {
    /// Asks about a certificate that `authority` issued.
    pub fn new(certificate: &Certificate, authority: &Certificate) -> Result<Self, StatusError> {
        let mut nonce = [0; NONCE_BYTES];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| StatusError::Provider)?;
        let id = CertId::new(certificate, authority).ok_or(StatusError::Provider)?;
        let der = write(&id, &nonce).map_err(|_| StatusError::Provider)?;
        Ok(Self { der, id, nonce })
    }

    /// The octets to send: the body of an HTTP POST of `application/ocsp-request` (RFC 6960 Appendix A).
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn id(&self) -> &CertId {
        &self.id
    }

    /// RFC 9654 §2.1: an answer made in advance repeats no number; its dates bound it all the same.
    pub(super) fn allows(&self, repeated: Option<&[u8]>) -> bool {
        repeated.is_none_or(|repeated| repeated == self.nonce)
    }
}

impl std::fmt::Debug for StatusQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusQuestion(serial {})", self.id.serial)
    }
}

fn write(id: &CertId, nonce: &[u8]) -> der::Result<Vec<u8>> {
    let requests = vec![Requested { id: id.clone(), extensions: None }];
    let extn_value = OctetString::new(OctetString::new(nonce)?.to_der()?)?;
    let extensions = Some(vec![Extension { extn_id: NONCE, critical: false, extn_value }]);
    let content = Content { version: first_version(), requestor: None, requests, extensions };
    Question { content, signature: None }.to_der()
}

/// The number of a question or an answer. `Err`: there is one, and it does not decode.
pub(crate) fn nonce_of(extensions: Option<&Extensions>) -> der::Result<Option<&[u8]>> {
    let found = extensions.into_iter().flatten().find(|extension| extension.extn_id == NONCE);
    let octets = |extension| Ok(<&OctetStringRef>::from_der(octets_of(extension))?.as_bytes());
    found.map(octets).transpose()
}

fn octets_of(extension: &Extension) -> &[u8] {
    extension.extn_value.as_bytes()
}
