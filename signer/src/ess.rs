//! Signed receipts (RFC 2634 §2): a signature asks for them, a recipient signs one, the sender compares.
//!
//! A receipt proves more than that a message arrived: who signed it had verified the very content and attributes the
//! sender signed. Mailing lists, which the RFC provides for, do not exist here.

use const_oid::ObjectIdentifier;

mod hint;
mod receipt;
mod request;

pub(crate) use hint::{CONTENT_HINTS, ContentHints, holds_receipt};
pub(crate) use receipt::RECEIPT;
pub use receipt::{SignedReceipt, sign_receipt};
pub use request::{ReceiptRequest, Receipts, ReceiptsFrom};

/// RFC 2634 §2.7.
pub(crate) const RECEIPT_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.1");
/// RFC 2634 §2.10.
pub(crate) const MESSAGE_SIGNATURE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.5");
