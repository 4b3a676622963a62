//! The beginning of an envelope: for whom it is and how it is closed, read before the content has come.

use cms::enveloped_data::RecipientInfo;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_DATA, ID_ENVELOPED_DATA};
use der::Decode as _;
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;

use super::content::Method;
use super::unwrap::Wrapping;
use super::{AUTH_ENVELOPED_DATA, Elements, recipient};
use crate::allowed;
use crate::ber::{BerError, Walk};
use crate::certificate::Certificate;
use crate::error::DecryptError;
use crate::limits::RECIPIENTS_MAX;
use crate::profile;

/// RFC 5083 §2.1: a cipher that authenticates, with its tag; the other structure has neither.
pub(crate) const MISPLACED_CIPHER: DecryptError =
    DecryptError::Malformed("the cipher does not belong in this envelope");

/// Who can open an envelope, and with which cipher.
pub(crate) struct Beginning {
    pub(crate) recipients: Vec<RecipientInfo>,
    pub(crate) method: Method,
}

impl Beginning {
    /// What stands in front of the content, if it is allowed.
    fn of(
        authenticated: bool,
        recipients: Elements<'_>,
        (content, algorithm): (ObjectIdentifier, &AlgorithmIdentifierOwned),
    ) -> Result<Self, DecryptError> {
        let method = Method::read(algorithm)?;
        if method.is_authenticated() != authenticated {
            return Err(MISPLACED_CIPHER);
        }
        if content != ID_DATA {
            return Err(DecryptError::Malformed("the envelope does not hold data"));
        }
        Ok(Self { recipients: self::recipients(recipients)?, method })
    }

    /// Reads it from the first octets of an envelope; also says how long the envelope is, where that is written.
    pub(crate) fn read(octets: &[u8]) -> Result<(Self, Option<u64>), DecryptError> {
        let mut walk = Walk::over(octets);
        let whole = walk.enter(SEQUENCE)?;
        let authenticated = is_authenticated(decoded(&walk.element()?)?)?;
        walk.enter(EXPLICIT_0)?;
        walk.enter(SEQUENCE)?;
        walk.element()?; // version
        if walk.next_tag() == Some(EXPLICIT_0) {
            walk.element()?; // originatorInfo
        }
        let recipients = walk.element()?;
        walk.enter(SEQUENCE)?;
        let content = decoded(&walk.element()?)?;
        let algorithm: AlgorithmIdentifierOwned = decoded(&walk.element()?)?;
        let beginning = Self::of(authenticated, decoded(&recipients)?, (content, &algorithm))?;
        // A ciphertext in pieces does not say here how long it is.
        match walk.next_tag() {
            Some(CIPHERTEXT) => walk.next_length()?.map_or(Ok(()), |octets| beginning.method.takes(octets))?,
            Some(CIPHERTEXT_IN_PIECES) => {}
            _ => return Err(DecryptError::Malformed("there is no encrypted content")),
        }
        Ok((beginning, whole.map(|length| length as u64)))
    }

    /// Whether the holder of this certificate can open it at `at`, with a key that is there to receive (Profile §4.20), by
    /// ways that have not ended (Profile §4.16).
    pub(crate) fn is_for(&self, certificate: &Certificate, at: Timestamp) -> bool {
        let lasts = |end| allowed::by(end, at).is_ok();
        let opens = |info: &RecipientInfo| {
            recipient::can_open(info, certificate, self.method.key_bytes())
                && Wrapping::read(info).is_ok_and(|wrapping| lasts(wrapping.end()))
        };
        profile::receives(certificate) == Ok(true) && lasts(self.method.end()) && self.recipients.iter().any(opens)
    }
}

/// Which of the two structures it is.
pub(crate) fn is_authenticated(kind: ObjectIdentifier) -> Result<bool, DecryptError> {
    match kind {
        ID_ENVELOPED_DATA => Ok(false),
        AUTH_ENVELOPED_DATA => Ok(true),
        _ => Err(DecryptError::NotEncrypted),
    }
}

const SEQUENCE: u8 = 0x30;
const EXPLICIT_0: u8 = 0xa0;
/// RFC 5652 §6.1: encryptedContent [0] IMPLICIT.
const CIPHERTEXT: u8 = 0x80;
const CIPHERTEXT_IN_PIECES: u8 = 0xa0;

/// Every recipient info that decodes; a kind nobody here knows is for somebody else. They are counted before they are
/// decoded, and each of those who agree upon a key together (RFC 5652 §6.2.2) counts.
fn recipients(elements: Elements<'_>) -> Result<Vec<RecipientInfo>, DecryptError> {
    const TOO_MANY: DecryptError = DecryptError::TooLarge { what: "list of recipients", limit: RECIPIENTS_MAX };
    let broken = |_| DecryptError::Malformed("the envelope does not decode");
    let all = elements.up_to(RECIPIENTS_MAX).map_err(broken)?.ok_or(TOO_MANY)?;
    let mut count = 0;
    let mut found = Vec::new();
    for info in all.into_iter().filter_map(|element| RecipientInfo::from_der(element).ok()) {
        count += if let RecipientInfo::Kari(info) = &info { info.recipient_enc_keys.len() } else { 1 };
        if count > RECIPIENTS_MAX {
            return Err(TOO_MANY);
        }
        found.push(info);
    }
    Ok(found)
}

fn decoded<'d, T: der::Decode<'d>>(element: &'d [u8]) -> Result<T, DecryptError> {
    T::from_der(element).map_err(|_| DecryptError::Malformed("the envelope does not decode"))
}

impl From<BerError> for DecryptError {
    fn from(error: BerError) -> Self {
        Self::Malformed(error.reason())
    }
}
