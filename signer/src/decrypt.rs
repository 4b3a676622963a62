//! Reading encrypted entities: who can open it (no key needed), and opening it.

use cms::content_info::ContentInfo;
use cms::enveloped_data::RecipientInfo;
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::allowed;
use crate::ber;
use crate::certificate::Certificate;
use crate::envelope::beginning::{Beginning, MISPLACED_CIPHER};
use crate::envelope::content::{Clear, TAG_BYTES};
use crate::envelope::passing::first_octets;
use crate::envelope::unwrap::Wrapping;
use crate::envelope::{Elements, Envelope, recipient};
use crate::error::{DecryptError, Layer, SignatureError};
use crate::identity::Identity;
use crate::limits::{ATTRIBUTES_MAX, ENVELOPE_BEGINNING_BYTES_MAX, ENVELOPE_BYTES_MAX};
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
        // The law of `EnvelopedStream`: what it refuses is refused here too, at the same price.
        let (first, _) = first_octets(&entity[..entity.len().min(ENVELOPE_BEGINNING_BYTES_MAX)], entity.len())?;
        let (beginning, _) = Beginning::read(&first)?;
        let der = ber::definite(&octets)?;
        let info = ContentInfo::from_der(&der).map_err(broken)?;
        let envelope: Envelope<'_> = info.content.decode_as().map_err(broken)?;
        let authenticated = beginning.method.is_authenticated();
        if envelope.mac.is_some() != authenticated {
            return Err(MISPLACED_CIPHER);
        }
        let attributes = attributes(envelope.attributes)?;
        self::attributes(envelope.unprotected)?;
        let mac: Vec<u8> = envelope.mac.map(|mac| mac.into_bytes().into()).unwrap_or_default();
        let octets = envelope.content.into_octets()?;
        beginning.method.takes(octets.len())?;
        if authenticated && mac.len() != usize::from(TAG_BYTES) {
            return Err(DecryptError::Malformed("the tag of the cipher has another length"));
        }
        Ok(Self { beginning, mac, beside: attributes.filter(|_| authenticated).unwrap_or_default(), octets })
    }

    /// Whether the holder of this certificate can open it at `at`: it names the certificate, what it wraps for it fits the key,
    /// the key is there to receive, and no way it was closed has ended.
    pub fn is_for(&self, certificate: &Certificate, at: Timestamp) -> bool {
        self.beginning.is_for(certificate, at)
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
        let Clear { octets, holds } = self.clear(identities, None)?;
        if holds { Ok(octets) } else { Err(DecryptError::Undecryptable) }
    }

    /// Opens it as of `at`, and reads what is inside, right or wrong: one answer, after the same steps, stands for everything
    /// that does not hold there (Profile §4.12). Errors of other kinds are there for everybody to see, without any key.
    pub fn read_inside<T>(
        self,
        identities: &[Identity],
        at: Timestamp,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, DecryptError> {
        let Clear { octets, holds } = self.clear(identities, Some(at))?;
        read(&octets).filter(|_| holds).ok_or(DecryptError::Undecryptable)
    }

    /// What the key gives, right or wrong. An error here is one that everybody sees, without any key; one is that a way to
    /// encrypt had ended by `at` (Profile §4.16).
    fn clear(self, identities: &[Identity], at: Option<Timestamp>) -> Result<Clear, DecryptError> {
        let Beginning { recipients, method } = self.beginning;
        let pair = |fits: &dyn Fn(&RecipientInfo, &Certificate) -> bool| {
            recipients.iter().find_map(|info| {
                let own = identities.iter().find(|identity| fits(info, identity.certificate()));
                own.map(|identity| (info, identity))
            })
        };
        // One that names us and cannot be opened tells why; another may do.
        let found = pair(&|info, own| recipient::can_open(info, own, method.key_bytes()));
        let (info, identity) = found.or_else(|| pair(&recipient::is_named)).ok_or(DecryptError::NotForUs)?;
        let wrapping = Wrapping::read(info)?;
        if let Some(at) = at {
            allowed::by(wrapping.end(), at).and_then(|()| allowed::by(method.end(), at))?;
        }
        let key = wrapping.open(identity, method.key_bytes()).ok_or(DecryptError::Undecryptable)?;
        Ok(method.decrypt(&key, self.octets, &self.mac, &self.beside))
    }
}

impl std::fmt::Debug for Enveloped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Enveloped(‹{} octets› for {} recipients)", self.octets.len(), self.beginning.recipients.len())
    }
}

/// RFC 5083 §2.2: attributes with the tag of a SET, as they are authenticated.
fn attributes(elements: Option<Elements<'_>>) -> Result<Option<Vec<u8>>, DecryptError> {
    let Some(elements) = elements else { return Ok(None) };
    let most = DecryptError::TooLarge { what: "list of attributes", limit: ATTRIBUTES_MAX };
    let found = elements.up_to(ATTRIBUTES_MAX).map_err(broken)?.ok_or(most)?;
    Elements::set(&found).and_then(|set| set.to_der()).map(Some).map_err(broken)
}

fn broken(_: der::Error) -> DecryptError {
    DecryptError::Malformed("the envelope does not decode")
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
