//! Reading encrypted entities: who can open it (no key needed), and opening it.

use cms::content_info::ContentInfo;
use cms::enveloped_data::RecipientInfo;
use const_oid::db::rfc5911::{ID_DATA, ID_ENVELOPED_DATA};
use der::asn1::SetOfVec;
use der::{Decode as _, Encode as _};
use zeroize::Zeroizing;

use crate::ber;
use crate::certificate::Certificate;
use crate::envelope::content::Method;
use crate::envelope::unwrap::Wrapping;
use crate::envelope::{AUTH_ENVELOPED_DATA, Envelope, recipient};
use crate::error::{DecryptError, Layer, SignatureError};
use crate::identity::Identity;
use crate::limits::{ENVELOPE_BYTES_MAX, RECIPIENTS_MAX};
use crate::mime::Entity;

/// An encrypted entity, its structure read, its content still closed.
pub struct Enveloped {
    recipients: Vec<RecipientInfo>,
    method: Method,
    octets: Vec<u8>,
    mac: Vec<u8>,
    /// RFC 5083 §2.2: what is authenticated beside the content.
    beside: Vec<u8>,
}

impl Enveloped {
    /// Reads an `application/pkcs7-mime` entity with enveloped data.
    pub fn read(entity: &[u8]) -> Result<Self, DecryptError> {
        let octets = envelope_octets(entity)?;
        let der = ber::definite(&octets).map_err(|error| DecryptError::Malformed(error.reason()))?;
        let broken = |_| DecryptError::Malformed("the envelope does not decode");
        let info = ContentInfo::from_der(&der).map_err(broken)?;
        let authenticated = match info.content_type {
            ID_ENVELOPED_DATA => false,
            AUTH_ENVELOPED_DATA => true,
            _ => return Err(DecryptError::NotEncrypted),
        };
        let envelope: Envelope = info.content.decode_as().map_err(broken)?;
        if envelope.recipients.len() > RECIPIENTS_MAX {
            return Err(DecryptError::TooLarge { what: "list of recipients", limit: RECIPIENTS_MAX });
        }
        let method = Method::read(&envelope.content.algorithm)?;
        // RFC 5083 §2.1: a cipher that authenticates, with its tag; the other structure has neither.
        if method.is_authenticated() != authenticated || envelope.mac.is_some() != authenticated {
            return Err(DecryptError::Malformed("the cipher does not belong in this envelope"));
        }
        if envelope.content.kind != ID_DATA {
            return Err(DecryptError::Malformed("the envelope does not hold data"));
        }
        // RFC 5083 §2.2: authenticated attributes with the tag of a SET.
        let attributes = envelope.attributes.as_ref().filter(|_| authenticated).map(SetOfVec::to_der);
        Ok(Self {
            recipients: recipient::decode(envelope.recipients.as_slice()),
            method,
            mac: envelope.mac.map(|mac| mac.into_bytes().into()).unwrap_or_default(),
            beside: attributes.transpose().map_err(broken)?.unwrap_or_default(),
            octets: envelope.content.into_octets()?,
        })
    }

    /// Whether the holder of this certificate can open it.
    pub fn is_for(&self, certificate: &Certificate) -> bool {
        self.recipients.iter().any(|info| recipient::is_for(info, certificate))
    }

    /// Opens it with the first of the identities it was made for. Every failure after that choice is the same failure.
    pub fn decrypt(self, identities: &[Identity]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let pair = self.recipients.iter().find_map(|info| {
            let fits = |identity: &&Identity| recipient::is_for(info, identity.certificate());
            identities.iter().find(fits).map(|identity| (info, identity))
        });
        let (info, identity) = pair.ok_or(DecryptError::NotForUs)?;
        let key = Wrapping::read(info)?.open(identity, self.method.key_bytes()).ok_or(DecryptError::Undecryptable)?;
        self.method.decrypt(&key, self.octets, &self.mac, &self.beside).ok_or(DecryptError::Undecryptable)
    }
}

impl std::fmt::Debug for Enveloped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Enveloped(‹{} octets› for {} recipients)", self.octets.len(), self.recipients.len())
    }
}

/// RFC 8551 §3.2: the entity's body, decoded.
fn envelope_octets(entity: &[u8]) -> Result<Vec<u8>, DecryptError> {
    let entity = Entity::read(entity, Layer::Parts)?;
    let media = entity.media_type(Layer::Parts)?.ok_or(DecryptError::NotEncrypted)?;
    if !matches!(media.name.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime") {
        return Err(DecryptError::NotEncrypted);
    }
    if entity.body.len() > ENVELOPE_BYTES_MAX {
        return Err(DecryptError::TooLarge { what: "envelope", limit: ENVELOPE_BYTES_MAX });
    }
    Ok(entity.decoded(Layer::Parts)?)
}

impl From<SignatureError> for DecryptError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Malformed { reason, .. } => Self::Malformed(reason),
            SignatureError::TooLarge { what, limit } => Self::TooLarge { what, limit },
            _ => Self::NotEncrypted,
        }
    }
}
