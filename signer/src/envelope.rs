//! Encrypted content as CMS carries it: `EnvelopedData` (RFC 5652 §6) and `AuthEnvelopedData` (RFC 5083), one structure
//! for both, since they differ in their tail only.

use cms::content_info::CmsVersion;
use const_oid::ObjectIdentifier;
use der::asn1::OctetString;
use der::{Any, Class, Sequence, Tag, Tagged as _};
use spki::AlgorithmIdentifierOwned;

use crate::ber;
use crate::error::DecryptError;

pub(crate) use elements::Elements;

pub(crate) mod beginning;
pub(crate) mod content;
mod elements;
mod encapsulation;
pub(crate) mod passing;
pub(crate) mod recipient;
pub(crate) mod unwrap;
pub(crate) mod wrap;

/// How content is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// AES-256-GCM in `AuthEnvelopedData`, RSA keys wrapped with OAEP: what our own programs read. A changed ciphertext is
    /// noticed.
    Aes256Gcm,
    /// AES-256-CBC in `EnvelopedData`, RSA keys wrapped with PKCS #1 v1.5: what every mail program reads. Only to be
    /// believed inside a signature.
    Aes256Cbc,
}

/// RFC 5083 §2.1.
pub(crate) const AUTH_ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.23");

/// `EnvelopedData` ends after the attributes of tag 1, which are unprotected there; `AuthEnvelopedData` has authenticated
/// attributes in that place, then the tag of the cipher.
#[derive(Sequence)]
pub(crate) struct Envelope<'a> {
    pub(crate) version: CmsVersion,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) originator: Option<Elements<'a>>,
    pub(crate) recipients: Elements<'a>,
    pub(crate) content: EncryptedContent,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) attributes: Option<Elements<'a>>,
    #[asn1(optional = "true")]
    pub(crate) mac: Option<OctetString>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) unprotected: Option<Elements<'a>>,
}

/// RFC 5652 §6.1, with the content in whatever form it came.
#[derive(Sequence)]
pub(crate) struct EncryptedContent {
    pub(crate) kind: ObjectIdentifier,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    #[asn1(optional = "true")]
    pub(crate) octets: Option<Any>,
}

impl EncryptedContent {
    /// The ciphertext. A streaming writer leaves it in pieces under the tag [0] (RFC 5652 §6.1), where no transcoder can
    /// know that it is a string.
    pub(crate) fn into_octets(self) -> Result<Vec<u8>, DecryptError> {
        let any = self.octets.ok_or(DecryptError::Malformed("there is no encrypted content"))?;
        let tag = any.tag();
        if tag.class() != Class::ContextSpecific || tag.number().value() != 0 {
            return Err(DecryptError::Malformed("the encrypted content has another tag"));
        }
        if tag.is_constructed() {
            return ber::joined(any.value()).map_err(|error| DecryptError::Malformed(error.reason()));
        }
        Ok(any.value().to_vec())
    }
}

/// The ciphertext under its tag [0].
pub(crate) fn tagged_octets(octets: Vec<u8>) -> der::Result<Any> {
    Any::new(Tag::ContextSpecific { constructed: false, number: der::TagNumber(0) }, octets)
}
