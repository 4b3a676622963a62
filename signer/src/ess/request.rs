//! Asking for receipts: an attribute of the inner signature (RFC 2634 §2.2, §2.7).

use der::asn1::{Ia5String, OctetString};
use der::{Choice, Sequence};
use jiff::Timestamp;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};

use super::RECEIPT_REQUEST;
use crate::certificate::Certificate;
use crate::cms::{attribute, octets};
use crate::error::{ReceiptError, SignError};
use crate::limits::{CONTENT_IDENTIFIER_BYTES_MAX, RECEIPTS_FROM_MAX, RECEIPTS_TO_MAX};
use crate::signed::Signature;

/// The receipts to ask for when signing.
#[derive(Clone, Copy, Debug)]
pub struct Receipts<'r> {
    /// The mail addresses of those who are to sign one; `None` is everybody who reads the message.
    pub from: Option<&'r [&'r str]>,
    /// The mail addresses the receipts go to, the sender's own as a rule.
    pub to: &'r [&'r str],
}

/// The receipts a verified signature asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRequest {
    identifier: Vec<u8>,
    from: ReceiptsFrom,
    to: Vec<String>,
}

/// Who is asked for a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptsFrom {
    /// Everybody who reads the message.
    All,
    /// Everybody it was sent to directly.
    FirstTier,
    /// The holders of these mail addresses.
    List(Vec<String>),
}

/// RFC 2634 §2.7:
/// ```text
/// ReceiptRequest ::= SEQUENCE {
///   signedContentIdentifier ContentIdentifier,
///   receiptsFrom ReceiptsFrom,
///   receiptsTo SEQUENCE SIZE (1..ub-receiptsTo) OF GeneralNames }
/// ```
#[derive(Sequence)]
struct Encoded {
    identifier: OctetString,
    from: EncodedFrom,
    to: Vec<GeneralNames>,
}

/// RFC 2634 §2.7; the module's tags are implicit.
#[derive(Choice)]
enum EncodedFrom {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    AllOrFirstTier(u8),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    List(Vec<GeneralNames>),
}

impl Receipts<'_> {
    pub(crate) fn attribute(&self, signer: &Certificate, at: Timestamp) -> Result<Attribute, SignError> {
        // RFC 2634 §2.2: without an address a receipt could go nowhere.
        if self.to.is_empty() {
            return Err(SignError::Receipts("there is no address to send them to"));
        }
        let from = match self.from {
            None => EncodedFrom::AllOrFirstTier(0),
            Some([]) => return Err(SignError::Receipts("nobody is asked for one")),
            Some(list) => EncodedFrom::List(entities(list, "list of those asked for receipts", RECEIPTS_FROM_MAX)?),
        };
        let to = entities(self.to, "list of addresses for receipts", RECEIPTS_TO_MAX)?;
        attribute(RECEIPT_REQUEST, &Encoded { identifier: identifier(signer, at)?, from, to })
    }
}

fn entities(addresses: &[&str], what: &'static str, limit: usize) -> Result<Vec<GeneralNames>, SignError> {
    if addresses.len() > limit {
        return Err(SignError::TooLarge { what, limit });
    }
    let entity = |address: &&str| {
        let address = Ia5String::new(address).map_err(|_| SignError::Receipts("an address is not ASCII"))?;
        Ok(vec![GeneralName::Rfc822Name(address)])
    };
    addresses.iter().map(entity).collect()
}

/// RFC 2634 §2.7: who, when and a random number, so that no two messages anywhere have the same.
fn identifier(signer: &Certificate, at: Timestamp) -> Result<OctetString, SignError> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| SignError::Provider)?;
    let moment = at.strftime("%Y%m%d%H%M%SZ").to_string();
    octets(&[&signer.fingerprint()[..8], moment.as_bytes(), &random].concat())
}

impl ReceiptRequest {
    pub(crate) fn read(signature: &Signature) -> Result<Option<Self>, ReceiptError> {
        let Some(Encoded { identifier, from, to }) = signature.attribute(RECEIPT_REQUEST)? else { return Ok(None) };
        let identifier: Vec<u8> = identifier.into_bytes().into();
        if identifier.len() > CONTENT_IDENTIFIER_BYTES_MAX {
            let limit = CONTENT_IDENTIFIER_BYTES_MAX;
            return Err(ReceiptError::TooLarge { what: "content identifier", limit });
        }
        if to.is_empty() {
            return Err(ReceiptError::Malformed("the request has no address for receipts"));
        }
        let from = match from {
            EncodedFrom::AllOrFirstTier(0) => ReceiptsFrom::All,
            EncodedFrom::AllOrFirstTier(1) => ReceiptsFrom::FirstTier,
            EncodedFrom::AllOrFirstTier(_) => {
                return Err(ReceiptError::Malformed("the request asks nobody known"));
            }
            EncodedFrom::List(list) => {
                ReceiptsFrom::List(addresses(&list, "list of those asked for receipts", RECEIPTS_FROM_MAX)?)
            }
        };
        let to = addresses(&to, "list of addresses for receipts", RECEIPTS_TO_MAX)?;
        Ok(Some(Self { identifier, from, to }))
    }

    /// By what name the receipt will speak about the message.
    pub fn identifier(&self) -> &[u8] {
        &self.identifier
    }

    /// Who is asked.
    pub fn from(&self) -> &ReceiptsFrom {
        &self.from
    }

    /// The mail addresses the receipt is to be sent to. Entities without one are not among them.
    pub fn to(&self) -> &[String] {
        &self.to
    }

    /// Whether the holder of this mail address is asked (RFC 2634 §2.3).
    pub fn asks(&self, address: &str) -> bool {
        match &self.from {
            ReceiptsFrom::All | ReceiptsFrom::FirstTier => true,
            ReceiptsFrom::List(list) => list.iter().any(|asked| asked.eq_ignore_ascii_case(address)),
        }
    }

    /// Whether the subject of this certificate is asked.
    pub(crate) fn asks_subject(&self, certificate: &Certificate) -> bool {
        let names = certificate.rfc822_names();
        !matches!(self.from, ReceiptsFrom::List(_)) || names.iter().any(|address| self.asks(address))
    }
}

/// Every mail address among the names of these entities.
fn addresses(entities: &[GeneralNames], what: &'static str, limit: usize) -> Result<Vec<String>, ReceiptError> {
    // Each entity's names are bounded too: the whole signature is.
    if entities.len() > limit {
        return Err(ReceiptError::TooLarge { what, limit });
    }
    let address = |name: &GeneralName| match name {
        GeneralName::Rfc822Name(address) => Some(address.as_str().to_owned()),
        _ => None,
    };
    Ok(entities.iter().flatten().filter_map(address).collect())
}
