//! The answer (RFC 6960 §4.2), verified with the key of the authority or of somebody it charged with answering (§4.2.2.2).

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME, ID_KP_OCSP_SIGNING,
};
use der::asn1::GeneralizedTime;
use der::{Decode as _, Encode as _};
use jiff::{SignedDuration, Timestamp};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};

use super::question::nonce_of;
use super::response::{BASIC, Basic, Content, Outcome, Responder, Response, Single, Status};
use super::{NONCE, StatusQuestion};
use crate::algorithm::{Algorithm, sha256};
use crate::certificate::{Certificate, names_match};
use crate::error::StatusError;
use crate::limits::{CERTIFICATES_MAX, STATUS_BYTES_MAX, STATUS_MINUTES_AHEAD_MAX, STATUS_MINUTES_WITHOUT_END_MAX};
use crate::profile;
use crate::revocation::{Revoked, key_of};

/// What a responder says about certificates of one authority. Its signature was verified.
#[derive(Clone)]
pub struct StatusAnswer {
    authority: [u8; 32],
    produced_at: Timestamp,
    pub(crate) words: HashMap<Box<[u8]>, Word>,
    /// The certificate of whoever answers in the authority's place, unless it is beyond questions itself.
    pub(crate) delegate: Option<Delegate>,
}

/// About one certificate.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    pub(crate) status: Known,
    pub(crate) this_update: Timestamp,
    pub(crate) until: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Good,
    Revoked(Revoked),
    /// RFC 6960 §2.2: the responder does not know the certificate.
    Unknown,
}

#[derive(Clone)]
pub(crate) struct Delegate {
    pub(crate) certificate: Certificate,
    /// RFC 6960 §4.2.2.2.1: the authority says that nobody need ask about it.
    pub(crate) unquestioned: bool,
}

const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
/// Key usage, its extended form, alternative names, basic constraints, and that nobody need ask.
const DELEGATE_EXTENSIONS: [ObjectIdentifier; 5] =
    [ID_CE_KEY_USAGE, ID_CE_EXT_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME, ID_CE_BASIC_CONSTRAINTS, NO_CHECK];
const BROKEN: StatusError = StatusError::Malformed("it does not decode");

impl StatusAnswer {
    /// Reads and verifies an answer about certificates of `authority`, such as one that was fetched for everybody.
    pub fn read(der: &[u8], authority: &Certificate) -> Result<Self, StatusError> {
        Self::verified(der, authority).map(|(answer, _)| answer)
    }

    /// The same for the answer to this question.
    pub fn to(question: &StatusQuestion, der: &[u8], authority: &Certificate) -> Result<Self, StatusError> {
        let (answer, nonce) = Self::verified(der, authority)?;
        let answers = answer.words.contains_key(question.id().serial.as_bytes()) && question.id().is_of(authority);
        if !answers || !question.allows(nonce.as_deref()) {
            return Err(StatusError::OtherQuestion);
        }
        Ok(answer)
    }

    fn verified(der: &[u8], authority: &Certificate) -> Result<(Self, Option<Vec<u8>>), StatusError> {
        if der.len() > STATUS_BYTES_MAX {
            return Err(StatusError::TooLarge { what: "status answer", limit: STATUS_BYTES_MAX });
        }
        let octets = successful(Response::from_der(der).map_err(|_| BROKEN)?)?;
        let basic = Basic::from_der(&octets).map_err(|_| BROKEN)?;
        let signed = basic.signed.to_der().map_err(|_| BROKEN)?;
        let content = Content::from_der(&signed).map_err(|_| BROKEN)?;
        known_extensions(content.extensions.as_ref(), &[NONCE])?;
        let delegate = responder(&basic, &signed, &content.responder, authority)?;
        let mut words = HashMap::new();
        for single in content.answers.iter().filter(|single| single.id.is_of(authority)) {
            known_extensions(single.extensions.as_ref(), &[])?;
            if words.insert(single.id.serial.as_bytes().into(), word(single)).is_some() {
                return Err(StatusError::Malformed("it speaks twice about one certificate"));
            }
        }
        let nonce = nonce_of(content.extensions.as_ref()).map_err(|_| BROKEN)?.map(<[u8]>::to_vec);
        let produced_at = instant(&content.produced_at);
        Ok((Self { authority: key_of(authority), produced_at, words, delegate }, nonce))
    }

    /// Whether these octets have the form of an answer, good or bad, and not of a list.
    pub(crate) fn is_one(der: &[u8]) -> bool {
        Response::from_der(der).is_ok()
    }

    /// Whether it says nothing about any certificate of its authority.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The same for the next answer about the same certificates.
    pub(crate) fn series(&self) -> [u8; 32] {
        let mut serials: Vec<&[u8]> = self.words.keys().map(|serial| &**serial).collect();
        serials.sort_unstable();
        let lengths = serials.iter().flat_map(|serial| serial.len().to_be_bytes());
        let octets: Vec<u8> = self.authority.into_iter().chain(lengths).chain(serials.concat()).collect();
        sha256(&octets)
    }

    /// Whether another of its series says something newer, or "revoked" at the same moment: the order in which they count.
    pub(crate) fn gives_way_to(&self, other: &Self) -> bool {
        self.words.iter().any(|(serial, word)| other.words.get(serial).is_some_and(|o| word.rank() < o.rank()))
    }

    /// The moment its newest word is of.
    pub(crate) fn this_update(&self) -> Timestamp {
        self.words.values().map(|word| word.this_update).max().unwrap_or(self.produced_at)
    }

    /// When it was signed.
    pub fn produced_at(&self) -> Timestamp {
        self.produced_at
    }

    /// Until when it counts for a certificate it speaks about.
    pub fn until(&self, certificate: &Certificate) -> Option<Timestamp> {
        let serial = certificate.decoded().tbs_certificate().serial_number();
        self.words.get(serial.as_bytes()).map(|word| word.until)
    }

    /// The digest of the authority's key.
    pub(crate) fn authority(&self) -> [u8; 32] {
        self.authority
    }
}

impl std::fmt::Debug for StatusAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusAnswer({} certificates, {})", self.words.len(), self.produced_at)
    }
}

/// The octets of a basic answer (RFC 6960 §4.2.1: clients need no other).
fn successful(response: Response) -> Result<Vec<u8>, StatusError> {
    let declined = match response.outcome {
        Outcome::Successful => {
            let body = response.body.filter(|body| body.kind == BASIC);
            return Ok(body.ok_or(StatusError::Malformed("it is no basic answer"))?.octets.into_bytes().into());
        }
        Outcome::MalformedRequest => "it cannot read the question",
        Outcome::InternalError => "it has a fault",
        Outcome::TryLater => "it is busy, ask later",
        Outcome::SignatureRequired => "it wants the question signed",
        Outcome::Unauthorized => "it does not know the authority",
    };
    Err(StatusError::Declined(declined))
}

/// RFC 6960 §4.2.2.2: who signed; `None`: the authority itself.
fn responder(
    basic: &Basic<'_>,
    signed: &[u8],
    named: &Responder,
    authority: &Certificate,
) -> Result<Option<Delegate>, StatusError> {
    let algorithm = Algorithm::read(&basic.algorithm, None)?;
    let signature = basic.signature.as_bytes().ok_or(BROKEN)?;
    let signs = |certificate: &Certificate| {
        let key = certificate.decoded().tbs_certificate().subject_public_key_info();
        algorithm.verify(key, signed, signature)?.map_err(|_| StatusError::BadSignature)
    };
    // Names may be shared, and keys change under them: whoever of that name signed is meant.
    let own = is_named(authority, named).then(|| signs(authority));
    if own == Some(Ok(())) {
        return Ok(None);
    }
    let certificates = basic.certificates.as_deref().unwrap_or_default();
    if certificates.len() > CERTIFICATES_MAX {
        return Err(StatusError::TooLarge { what: "chain of certificates", limit: CERTIFICATES_MAX });
    }
    let read = |any: &der::Any| Certificate::from_der(&any.to_der().ok()?).ok();
    let mut verdict = own.and_then(Result::err).unwrap_or(StatusError::OtherResponder);
    for certificate in certificates.iter().filter_map(read).filter(|certificate| is_named(certificate, named)) {
        match charged(&certificate, authority).and_then(|unquestioned| signs(&certificate).map(|()| unquestioned)) {
            Ok(unquestioned) => return Ok(Some(Delegate { certificate, unquestioned })),
            Err(error) => verdict = error,
        }
    }
    Err(verdict)
}

fn is_named(certificate: &Certificate, named: &Responder) -> bool {
    let tbs = certificate.decoded().tbs_certificate();
    match named {
        Responder::Name(name) => names_match(tbs.subject(), name),
        Responder::Key(key) => {
            let own = tbs.subject_public_key_info().subject_public_key.raw_bytes();
            key.as_bytes() == digest(&SHA1_FOR_LEGACY_USE_ONLY, own).as_ref()
        }
    }
}

/// RFC 6960 §4.2.2.2: issued by the authority itself, for answers. Says whether nobody need ask about the certificate.
fn charged(certificate: &Certificate, authority: &Certificate) -> Result<bool, StatusError> {
    profile::any(certificate).map_err(|_| StatusError::NotAllowed)?;
    if !certificate.is_issued_by(authority)? {
        return Err(StatusError::OtherResponder);
    }
    let tbs = certificate.decoded().tbs_certificate();
    // RFC 5280 §4.2: whoever does not know a critical extension does not believe the certificate.
    known_extensions(tbs.extensions(), &DELEGATE_EXTENSIONS).map_err(|_| StatusError::NotAllowed)?;
    let purposes = tbs.get_extension::<ExtendedKeyUsage>();
    let answers = matches!(purposes, Ok(Some((_, purposes))) if purposes.0.contains(&ID_KP_OCSP_SIGNING));
    let usage = tbs.get_extension::<KeyUsage>();
    let signs = matches!(usage, Ok(None)) || matches!(usage, Ok(Some((_, usage))) if usage.digital_signature());
    if !answers || !signs {
        return Err(StatusError::NotAllowed);
    }
    Ok(tbs.extensions().into_iter().flatten().any(|extension| extension.extn_id == NO_CHECK))
}

/// RFC 6960 §4.4: what is critical and unknown may turn the meaning round.
fn known_extensions(extensions: Option<&Extensions>, known: &[ObjectIdentifier]) -> Result<(), StatusError> {
    let mut critical = extensions.into_iter().flatten().filter(|extension| extension.critical);
    if critical.any(|extension| !known.contains(&extension.extn_id)) {
        return Err(StatusError::Malformed("a critical extension is unknown"));
    }
    Ok(())
}

fn word(single: &Single) -> Word {
    let status = match &single.status {
        Status::Good(_) => Known::Good,
        Status::Unknown(_) => Known::Unknown,
        Status::Revoked(info) => Known::Revoked(Revoked { since: instant(&info.since), reason: info.reason }),
    };
    let this_update = instant(&single.this_update);
    // RFC 6960 §4.2.2.1: without an end, newer information is always there to be asked for.
    let short = SignedDuration::from_mins(STATUS_MINUTES_WITHOUT_END_MAX);
    let without_end = || this_update.checked_add(short).unwrap_or(Timestamp::MAX);
    Word { status, this_update, until: single.next_update.as_ref().map_or_else(without_end, instant) }
}

impl Word {
    pub(crate) fn revoked(&self) -> Option<Revoked> {
        match self.status {
            Known::Revoked(revoked) => Some(revoked),
            Known::Good | Known::Unknown => None,
        }
    }

    /// Of several words about one certificate the highest counts: the newest, and of two of one moment whoever says "revoked"
    /// (Profile §4.18), then whoever does not know.
    pub(crate) fn rank(&self) -> (Timestamp, u8) {
        let said = match self.status {
            Known::Good => 0,
            Known::Unknown => 1,
            Known::Revoked(_) => 2,
        };
        (self.this_update, said)
    }

    /// RFC 6960 §4.2.2.1: an answer from the future is not reliable; clocks differ a little.
    pub(crate) fn from(&self) -> Timestamp {
        let ahead = SignedDuration::from_mins(STATUS_MINUTES_AHEAD_MAX);
        self.this_update.checked_sub(ahead).unwrap_or(Timestamp::MIN)
    }
}

fn instant(time: &GeneralizedTime) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
