//! The receipt itself: made from a verified signature (RFC 2634 §2.4), compared with it again (§2.6).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::ID_DATA;
use der::asn1::OctetString;
use der::{Decode as _, Encode as _, Sequence};
use jiff::Timestamp;
use x509_cert::attr::Attribute;

use super::{MESSAGE_SIGNATURE_DIGEST, RECEIPT_REQUEST};
use crate::algorithm::RsaPadding;
use crate::capabilities::Capabilities;
use crate::cms::{attribute, octets};
use crate::error::{Layer, ReceiptError, SignError};
use crate::identity::Identity;
use crate::mime::{Entity, pkcs7_mime};
use crate::sign::{Content, signed_data};
use crate::signed::{Signature, verified_around, within_limit};

/// RFC 2634 §2.8.
pub(crate) const RECEIPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.1");
const KIND: &str = "signed-receipt";

/// RFC 2634 §2.8:
/// ```text
/// Receipt ::= SEQUENCE {
///   version ESSVersion,                        -- 1
///   contentType ContentType,
///   signedContentIdentifier ContentIdentifier,
///   originatorSignatureValue OCTET STRING }
/// ```
#[derive(Sequence)]
struct Receipt {
    version: u8,
    content_type: ObjectIdentifier,
    identifier: OctetString,
    signature: OctetString,
}

/// Signs the receipt that a verified signature asks this signer for: an `application/pkcs7-mime` entity of the type
/// `signed-receipt`, which begins with its `Content-Type`.
///
/// Whoever signs says: I verified this content. Call it only after the content is safely kept.
pub fn sign_receipt(original: &Signature, identity: &Identity, at: Timestamp) -> Result<Vec<u8>, ReceiptError> {
    let request = original.receipt_request()?.ok_or(ReceiptError::NotRequested)?;
    // RFC 2634 §2.3 step 3.2
    if !request.asks_subject(identity.certificate()) {
        return Err(ReceiptError::NotAsked);
    }
    let receipt = Receipt {
        version: 1,
        // A signature over anything else was not verified.
        content_type: ID_DATA,
        identifier: octets(request.identifier())?,
        signature: octets(original.value())?,
    };
    // RFC 2634 §2.4 step 5
    let digest = attribute(MESSAGE_SIGNATURE_DIGEST, &octets(original.attributes_digest().as_ref())?)?;
    Ok(signed(&receipt, vec![digest, Capabilities::OURS.attribute()?], identity, at)?)
}

/// RFC 2634 §2.4, steps 3 to 10.
fn signed(receipt: &Receipt, beside: Vec<Attribute>, identity: &Identity, at: Timestamp) -> Result<Vec<u8>, SignError> {
    let octets = &receipt.to_der().map_err(|_| SignError::Provider)?;
    let content = Content { kind: RECEIPT, octets, attached: true, beside, certificates: true };
    let der = signed_data(content, identity, RsaPadding::default(), at)?;
    Ok(pkcs7_mime(KIND, "smime.p7m", &der))
}

/// A receipt whose own signature was verified. What it is worth, [`SignedReceipt::confirms`] says, and
/// [`crate::Trust`] about its signer.
#[derive(Clone, Debug)]
pub struct SignedReceipt {
    signature: Signature,
    content_type: ObjectIdentifier,
    identifier: Vec<u8>,
    original: Vec<u8>,
    digest: Vec<u8>,
}

impl SignedReceipt {
    /// Reads an `application/pkcs7-mime; smime-type=signed-receipt` entity and verifies its signature.
    pub fn read(entity: &[u8]) -> Result<Self, ReceiptError> {
        let entity = Entity::read(entity, Layer::Header)?;
        let media = entity.media_type(Layer::Header)?.ok_or(ReceiptError::NotAReceipt)?;
        if !media.is_pkcs7_mime(KIND) {
            return Err(ReceiptError::NotAReceipt);
        }
        let (signature, content) = verified_around(&within_limit(&entity)?, RECEIPT)?;
        let broken = |_| ReceiptError::Malformed("it does not decode");
        let receipt = Receipt::from_der(&content).map_err(broken)?;
        if receipt.version != 1 {
            return Err(ReceiptError::Malformed("its version is unknown"));
        }
        // RFC 2634 §2.2: no receipts for receipts, without end.
        if signature.has_attribute(RECEIPT_REQUEST)? {
            return Err(ReceiptError::Requests);
        }
        let digest: Option<OctetString> = signature.attribute(MESSAGE_SIGNATURE_DIGEST)?;
        let digest = digest.ok_or(ReceiptError::Malformed("the message signature digest is missing"))?;
        Ok(Self {
            signature,
            content_type: receipt.content_type,
            identifier: receipt.identifier.into_bytes().into(),
            original: receipt.signature.into_bytes().into(),
            digest: digest.into_bytes().into(),
        })
    }

    /// The receipt's own signature: who confirms.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Which message it speaks about: the [`crate::ReceiptRequest::identifier`] of the original.
    pub fn identifier(&self) -> &[u8] {
        &self.identifier
    }

    /// Whether it confirms that its signer had verified exactly what `original` signs, and was asked to say so
    /// (RFC 2634 §2.6).
    pub fn confirms(&self, original: &Signature) -> Result<(), ReceiptError> {
        let request = original.receipt_request()?.ok_or(ReceiptError::NotRequested)?;
        if self.content_type != ID_DATA {
            return Err(ReceiptError::OtherContentType);
        }
        if self.identifier != request.identifier() {
            return Err(ReceiptError::OtherIdentifier);
        }
        if self.original != original.value() {
            return Err(ReceiptError::OtherSignature);
        }
        if self.digest != original.attributes_digest().as_ref() {
            return Err(ReceiptError::OtherDigest);
        }
        // RFC 2634 §2.3 step 3.2
        if !request.asks_subject(self.signature.signer()) {
            return Err(ReceiptError::NotAsked);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
