//! Reading encrypted entities: who can open it (no key needed), and opening it.

use cms::content_info::ContentInfo;
use cms::enveloped_data::RecipientInfo;
use der::asn1::SetOfVec;
use der::{Decode as _, Encode as _};
use zeroize::Zeroizing;

use crate::ber;
use crate::certificate::Certificate;
use crate::envelope::beginning::{Beginning, MISPLACED_CIPHER, is_authenticated};
use crate::envelope::content::Clear;
use crate::envelope::unwrap::Wrapping;
use crate::envelope::{Envelope, recipient};
use crate::error::{DecryptError, Layer, SignatureError};
use crate::identity::Identity;
use crate::limits::ENVELOPE_BYTES_MAX;
use crate::mime::Entity;

/// An encrypted entity, its structure read, its content still closed.
pub struct Enveloped {
    beginning: Beginning,
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
        let authenticated = is_authenticated(info.content_type)?;
        let envelope: Envelope = info.content.decode_as().map_err(broken)?;
        let content = (envelope.content.kind, &envelope.content.algorithm);
        let beginning = Beginning::of(authenticated, envelope.recipients.as_slice(), content)?;
        if envelope.mac.is_some() != authenticated {
            return Err(MISPLACED_CIPHER);
        }
        // RFC 5083 §2.2: authenticated attributes with the tag of a SET.
        let attributes = envelope.attributes.as_ref().filter(|_| authenticated).map(SetOfVec::to_der);
        Ok(Self {
            beginning,
            mac: envelope.mac.map(|mac| mac.into_bytes().into()).unwrap_or_default(),
            beside: attributes.transpose().map_err(broken)?.unwrap_or_default(),
            octets: envelope.content.into_octets()?,
        })
    }

    /// Whether the holder of this certificate can open it.
    pub fn is_for(&self, certificate: &Certificate) -> bool {
        self.beginning.is_for(certificate)
    }

    /// For how many readers it was made, as far as anybody can see.
    pub fn readers(&self) -> usize {
        let readers = |info: &RecipientInfo| match info {
            RecipientInfo::Kari(info) => info.recipient_enc_keys.len(),
            _ => 1,
        };
        self.beginning.recipients.iter().map(readers).sum()
    }

    /// What its cipher is called.
    pub fn cipher(&self) -> &'static str {
        self.beginning.method.name()
    }

    /// Opens it with the first of the identities it was made for. Every failure after that choice is the same failure.
    ///
    /// That one failure tells whether CBC's padding was right, which is enough to read a mail somebody else can have opened
    /// again and again. Ask only about envelopes of senders whom [`crate::Trust`] believes, and never answer the sender;
    /// [`crate::open`] gives no such answer.
    pub fn decrypt(self, identities: &[Identity]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let Clear { octets, holds } = self.clear(identities)?;
        if holds { Ok(octets) } else { Err(DecryptError::Undecryptable) }
    }

    /// Whether a changed ciphertext is noticed by the cipher itself.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.beginning.method.is_authenticated()
    }

    /// What the key gives, right or wrong. An error here is one that everybody sees, without any key.
    pub(crate) fn clear(self, identities: &[Identity]) -> Result<Clear, DecryptError> {
        let Beginning { recipients, method } = self.beginning;
        let pair = recipients.iter().find_map(|info| {
            let fits = |identity: &&Identity| recipient::is_for(info, identity.certificate());
            identities.iter().find(fits).map(|identity| (info, identity))
        });
        let (info, identity) = pair.ok_or(DecryptError::NotForUs)?;
        let key = Wrapping::read(info)?.open(identity, method.key_bytes()).ok_or(DecryptError::Undecryptable)?;
        Ok(method.decrypt(&key, self.octets, &self.mac, &self.beside))
    }
}

impl std::fmt::Debug for Enveloped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Enveloped(‹{} octets› for {} recipients)", self.octets.len(), self.beginning.recipients.len())
    }
}

/// RFC 8551 §3.2: an entity that may hold an envelope.
pub(crate) fn envelope_entity(entity: &[u8]) -> Result<Entity<'_>, DecryptError> {
    let entity = Entity::read(entity, Layer::Parts)?;
    let media = entity.media_type(Layer::Parts)?.ok_or(DecryptError::NotEncrypted)?;
    if !matches!(media.name.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime") {
        return Err(DecryptError::NotEncrypted);
    }
    Ok(entity)
}

/// The entity's body, decoded.
fn envelope_octets(entity: &[u8]) -> Result<Vec<u8>, DecryptError> {
    let entity = envelope_entity(entity)?;
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
