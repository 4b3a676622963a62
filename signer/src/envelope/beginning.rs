//! The beginning of an envelope: for whom it is and how it is closed, read before the content has come.

use cms::enveloped_data::RecipientInfo;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_DATA, ID_ENVELOPED_DATA};
use der::Any;
use der::asn1::SetOfVec;
use spki::AlgorithmIdentifierOwned;

use super::content::Method;
use super::{AUTH_ENVELOPED_DATA, recipient};
use crate::ber::{BerError, Walk};
use crate::certificate::Certificate;
use crate::error::DecryptError;
use crate::limits::RECIPIENTS_MAX;

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
    pub(crate) fn of(
        authenticated: bool,
        recipients: &[Any],
        (content, algorithm): (ObjectIdentifier, &AlgorithmIdentifierOwned),
    ) -> Result<Self, DecryptError> {
        if recipients.len() > RECIPIENTS_MAX {
            return Err(DecryptError::TooLarge { what: "list of recipients", limit: RECIPIENTS_MAX });
        }
        let method = Method::read(algorithm)?;
        if method.is_authenticated() != authenticated {
            return Err(MISPLACED_CIPHER);
        }
        if content != ID_DATA {
            return Err(DecryptError::Malformed("the envelope does not hold data"));
        }
        Ok(Self { recipients: recipient::decode(recipients), method })
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
        let recipients: SetOfVec<Any> = decoded(&walk.element()?)?;
        walk.enter(SEQUENCE)?;
        let content = decoded(&walk.element()?)?;
        let algorithm: AlgorithmIdentifierOwned = decoded(&walk.element()?)?;
        let beginning = Self::of(authenticated, recipients.as_slice(), (content, &algorithm))?;
        Ok((beginning, whole.map(|length| length as u64)))
    }

    /// Whether the holder of this certificate can open it.
    pub(crate) fn is_for(&self, certificate: &Certificate) -> bool {
        self.recipients.iter().any(|info| recipient::is_for(info, certificate))
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

fn decoded<'d, T: der::Decode<'d>>(element: &'d [u8]) -> Result<T, DecryptError> {
    T::from_der(element).map_err(|_| DecryptError::Malformed("the envelope does not decode"))
}

impl From<BerError> for DecryptError {
    fn from(error: BerError) -> Self {
        Self::Malformed(error.reason())
    }
}
