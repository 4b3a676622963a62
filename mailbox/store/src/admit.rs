//! Admission (Profile §5): one function, one screen, in order; its result cannot be made any other way.

use fumibako_model::{OfficeNumber, Private};

/// A message that passed every check. Private fields and no other constructor: what nobody checked cannot be stored.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub(crate) octets: Private<Vec<u8>>,
    pub(crate) sha256: [u8; 32],
    pub(crate) content_digest: [u8; 32],
    pub(crate) message_id: String,
    pub(crate) from: OfficeNumber,
    pub(crate) to: OfficeNumber,
    pub(crate) signer: [u8; 32],
    pub(crate) kind: Kind,
}

/// What kind of message it is; the kinds differ in one `match` here and in one in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 送信データ.
    Bundle,
    /// 受領証: the signed receipt for an earlier bundle.
    Receipt(Receipt),
}

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The bundle's Message-ID, without angle brackets.
    pub original_message_id: String,
    /// SHA-256 of the bundle's signed part (`Received-content-MIC`, RFC 4130 §7.4.3).
    pub content_digest: [u8; 32],
}

impl Admitted {
    /// The octets to store: as received, under the gateway's trace field.
    pub fn octets(&self) -> &[u8] {
        &self.octets.0
    }
    /// SHA-256 of the octets as received.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
    /// SHA-256 of the signed part, which a receipt must name.
    pub fn content_digest(&self) -> &[u8; 32] {
        &self.content_digest
    }
    /// The Message-ID, without angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }
    /// The sending office.
    pub fn from(&self) -> OfficeNumber {
        self.from
    }
    /// The receiving office.
    pub fn to(&self) -> OfficeNumber {
        self.to
    }
    /// SHA-256 of the signer's certificate.
    pub fn signer(&self) -> &[u8; 32] {
        &self.signer
    }
    /// What kind of message it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
}
