//! What is inside an envelope, for those on the way who cannot open it (RFC 2634 §2.9).

use const_oid::ObjectIdentifier;
use der::Sequence;
use x509_cert::attr::Attribute;

use super::RECEIPT;
use crate::cms::attribute;
use crate::error::SignError;

/// RFC 2634 §2.9.
pub(crate) const CONTENT_HINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.4");

/// RFC 2634 §2.9.
#[derive(Sequence)]
pub(crate) struct ContentHints {
    #[asn1(optional = "true")]
    description: Option<String>,
    pub(crate) content_type: ObjectIdentifier,
}

/// The attribute that announces a receipt.
pub(crate) fn holds_receipt() -> Result<Attribute, SignError> {
    attribute(CONTENT_HINTS, &ContentHints { description: None, content_type: RECEIPT })
}
