//! Encrypting an entity to the holders of certificates: `application/pkcs7-mime` (RFC 8551 §3.3, §3.4).

use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::RecipientInfo;
use const_oid::db::rfc5911::{ID_DATA, ID_ENVELOPED_DATA};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _};
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::envelope::content::{self, KEY_BYTES};
use crate::envelope::wrap::wrap;
use crate::envelope::{AUTH_ENVELOPED_DATA, Cipher, Elements, EncryptedContent, Envelope, tagged_octets};
use crate::error::EncryptError;
use crate::limits::RECIPIENTS_MAX;
use crate::mime::pkcs7_mime;

/// Encrypts an entity to every recipient. The result begins with its `Content-Type`.
///
/// Nothing here says who wrote the entity, nor that it is whole: sign it first, and what comes out again (RFC 2634 §1.1).
pub fn encrypt(entity: &[u8], recipients: &[Certificate], cipher: Cipher) -> Result<Vec<u8>, EncryptError> {
    let der = envelope(entity, recipients, cipher)?;
    let kind = match cipher {
        Cipher::Aes256Gcm => "authEnveloped-data",
        Cipher::Aes256Cbc => "enveloped-data",
    };
    Ok(pkcs7_mime(kind, "smime.p7m", &der))
}

fn envelope(clear: &[u8], recipients: &[Certificate], cipher: Cipher) -> Result<Vec<u8>, EncryptError> {
    if recipients.is_empty() {
        return Err(EncryptError::NoRecipient);
    }
    if recipients.len() > RECIPIENTS_MAX {
        return Err(EncryptError::TooLarge { what: "list of recipients", limit: RECIPIENTS_MAX });
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    aws_lc_rs::rand::fill(key.as_mut_slice()).map_err(|_| EncryptError::Provider)?;
    let infos = recipients.iter().map(|recipient| wrap(&key, recipient, cipher));
    let infos = infos.collect::<Result<Vec<_>, _>>()?;
    let content = content::encrypt(cipher, &key, clear)?;
    encode(&infos, content, cipher).map_err(|_| EncryptError::Provider)
}

fn encode(infos: &[RecipientInfo], content: content::Encrypted, cipher: Cipher) -> der::Result<Vec<u8>> {
    // RFC 5652 §6.1: version 2 as soon as a recipient info is newer than key transport, 3 if it is of another kind;
    // RFC 5083 §2.1: always 0.
    let other = infos.iter().any(|info| matches!(info, RecipientInfo::Ori(_)));
    let transport_only = infos.iter().all(|info| matches!(info, RecipientInfo::Ktri(_)));
    let (content_type, version) = match cipher {
        Cipher::Aes256Gcm => (AUTH_ENVELOPED_DATA, CmsVersion::V0),
        Cipher::Aes256Cbc if other => (ID_ENVELOPED_DATA, CmsVersion::V3),
        Cipher::Aes256Cbc if transport_only => (ID_ENVELOPED_DATA, CmsVersion::V0),
        Cipher::Aes256Cbc => (ID_ENVELOPED_DATA, CmsVersion::V2),
    };
    let raw = infos.iter().map(|info| Any::from_der(&info.to_der()?)).collect::<der::Result<Vec<_>>>()?;
    let recipients = SetOfVec::try_from(raw)?.to_der()?;
    let octets = Some(tagged_octets(content.octets)?);
    let envelope = Envelope {
        version,
        originator: None,
        recipients: Elements::of(&recipients)?,
        content: EncryptedContent { kind: ID_DATA, algorithm: content.algorithm, octets },
        attributes: None,
        mac: content.mac.map(OctetString::new).transpose()?,
        unprotected: None,
    };
    ContentInfo { content_type, content: Any::encode_from(&envelope)? }.to_der()
}
