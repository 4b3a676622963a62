//! A statement with its signature around it: one structure, for what is no mail (RFC 5652 §5.2).

use const_oid::db::rfc5911::ID_DATA;
use jiff::Timestamp;

use crate::algorithm::RsaPadding;
use crate::error::{SignError, SignatureError};
use crate::identity::Identity;
use crate::sign::{Content, signed_data};
use crate::signed::{Signature, verified_around};

/// Signs octets of any kind, which stand inside: CMS `SignedData`, DER, with the signer's certificate and its chain.
pub fn enclose(octets: &[u8], identity: &Identity, at: Timestamp) -> Result<Vec<u8>, SignError> {
    let content = Content { kind: ID_DATA, octets, attached: true, beside: Vec::new(), certificates: true };
    signed_data(content, identity, RsaPadding::default(), at)
}

/// The octets inside, and the signature around them, which was verified. Whether its signer is to be believed says
/// [`crate::Trust`].
pub fn enclosed(der: &[u8]) -> Result<(Signature, Vec<u8>), SignatureError> {
    if der.len() > crate::limits::SIGNATURE_BYTES_MAX {
        return Err(SignatureError::TooLarge { what: "signature", limit: crate::limits::SIGNATURE_BYTES_MAX });
    }
    verified_around(der, ID_DATA)
}
