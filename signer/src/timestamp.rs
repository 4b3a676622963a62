//! Time stamps (RFC 3161, RFC 5816): somebody else's word that a digest existed at a moment.
//!
//! Ask with [`TimeStampRequest`], believe with [`TimeStamp`], answer others with [`TimeStamper`]. What carries the octets
//! from one to the other is not known here.

use std::time::Duration;

use const_oid::db::rfc5280::ID_KP_TIME_STAMPING;
use der::asn1::OctetString;
use der::{Decode as _, Sequence};
use jiff::{SignedDuration, Timestamp};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

use crate::algorithm::Hash;
use crate::certificate::{Certificate, names_match};
use crate::error::{CertificateError, RevocationError, TimeStampError};
use crate::hex::hex;
use crate::limits::TIME_STAMP_BYTES_MAX;
use crate::names::Naming;
use crate::practice::{Practice, Purposes};
use crate::revocation::{Reason, Revoked};
use crate::signed::{Signature, verified_around};
use crate::trust::Trust;

mod info;
mod issue;
mod request;

use info::{Info, TST_INFO};
pub use issue::TimeStamper;
pub use request::TimeStampRequest;

/// RFC 3161 §2.4.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Imprint {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

impl Imprint {
    fn of(digest: &[u8; 32]) -> der::Result<Self> {
        Ok(Self { algorithm: Hash::Sha256.identifier(), digest: OctetString::new(digest.as_slice())? })
    }

    /// Whether it is this SHA-256 digest; some write the algorithm with parameters NULL (RFC 5754 §2).
    fn is(&self, digest: &[u8; 32]) -> bool {
        Hash::read(&self.algorithm) == Ok(Hash::Sha256) && self.digest.as_bytes() == digest
    }
}

impl Trust {
    /// Trusts these authorities for time stamps, and for nothing else (RFC 3161 §2.3).
    pub fn for_time_stamps(anchors: impl IntoIterator<Item = Certificate>) -> Result<Self, CertificateError> {
        Self::with_practices(anchors.into_iter().map(|anchor| (anchor, practice())))
    }
}

/// How an authority writes the certificates of those who stamp times.
pub(crate) fn practice() -> Practice {
    Practice::new(Purposes::OneOf(vec![ID_KP_TIME_STAMPING]), Naming::Roll)
}

/// RFC 3161 §4.1; without a reason the worst is thought of.
fn is_harmless(reason: Option<Reason>) -> bool {
    use Reason::{AffiliationChanged, CessationOfOperation, Superseded};
    matches!(reason, Some(AffiliationChanged | Superseded | CessationOfOperation))
}

/// How far the authority's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A time stamp that was verified: there is no other way to come by one.
#[derive(Clone)]
pub struct TimeStamp {
    token: Vec<u8>,
    info: Info,
    time: Timestamp,
    signature: Signature,
}

impl TimeStamp {
    /// Verifies a token over a SHA-256 digest. The authority's certificate is judged as of the time stamped, for a token
    /// outlives it; `at`, the present, only has to come after that. `trust` is one made [`Trust::for_time_stamps`];
    /// whether the authority was revoked, [`TimeStamp::check_revocation`] says.
    pub fn verify(token: &[u8], digest: &[u8; 32], trust: &Trust, at: Timestamp) -> Result<Self, TimeStampError> {
        ClaimedStamp::read(token, digest)?.believed(trust, at)
    }

    /// Whether its authority was revoked, as far as is known at `at`. RFC 3161 §4: a revocation after the stamp leaves it good
    /// only where the reason says that the key was never in other hands. Of a certificate that has ended since, what was known at
    /// its end is asked, for a list need not name it any more (RFC 5280 §3.3).
    pub fn check_revocation(&self, trust: &Trust, at: Timestamp) -> Result<(), RevocationError> {
        let ended = self.signature.signer().not_after();
        let excused = |revoked: &Revoked| self.time < revoked.since && is_harmless(revoked.reason);
        match trust.check_revocation_since(&self.signature, (self.time, at.min(ended).max(self.time)), excused) {
            // Lists of then have ended with it.
            Err(RevocationError::Stale { .. } | RevocationError::NoList { .. }) if ended < at => {
                self.check_revocation_then(trust)
            }
            verdict => verdict,
        }
    }

    /// The same as it was known when it was made. What was told later is not heard: [`TimeStamp::check_revocation`] comes first.
    pub fn check_revocation_then(&self, trust: &Trust) -> Result<(), RevocationError> {
        trust.check_revocation(&self.signature, self.time)
    }

    /// The moment at which the digest existed, as the authority says.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// How wrong that moment may be at most, if the authority says so.
    pub fn accuracy(&self) -> Option<Duration> {
        self.info.accuracy()
    }

    /// The authority's number for it, in lower-case hexadecimal.
    pub fn serial_hex(&self) -> String {
        hex(self.info.serial.as_bytes())
    }

    /// The policy it was made under, in dotted numbers.
    pub fn policy(&self) -> String {
        self.info.policy.to_string()
    }

    /// The token, to be kept beside what it is about.
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// The authority's signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// A token over a digest that holds in itself: what somebody says who has a certificate for time stamps. Nobody was asked yet whether
/// that one is to be believed.
#[derive(Clone, Debug)]
pub struct ClaimedStamp(TimeStamp);

impl ClaimedStamp {
    /// Reads a token over a SHA-256 digest.
    pub fn read(token: &[u8], digest: &[u8; 32]) -> Result<Self, TimeStampError> {
        if token.len() > TIME_STAMP_BYTES_MAX {
            return Err(TimeStampError::TooLarge { what: "time stamp", limit: TIME_STAMP_BYTES_MAX });
        }
        // RFC 3161 §2.4.2: no signature but the authority's.
        let (signature, content) = verified_around(token, TST_INFO)?;
        let info = Info::from_der(&content).map_err(|_| TimeStampError::Malformed("it does not decode"))?;
        let time = info.check()?;
        // RFC 3161 §2.4.2, RFC 5816 §2.2.1: another certificate with the same key could say other things.
        if !signature.names_certificate() {
            return Err(TimeStampError::Nameless);
        }
        check_usage(signature.signer())?;
        if info.authority.as_ref().is_some_and(|named| !is_named(signature.signer(), named)) {
            return Err(TimeStampError::OtherAuthority);
        }
        if !info.imprint.is(digest) {
            return Err(TimeStampError::OtherImprint);
        }
        Ok(Self(TimeStamp { token: token.to_vec(), info, time, signature }))
    }

    /// The same once an authority vouches for whoever stamped; [`TimeStamp::verify`] says how that is judged.
    pub fn believed(&self, trust: &Trust, at: Timestamp) -> Result<TimeStamp, TimeStampError> {
        let Self(stamp) = self;
        if stamp.time.duration_since(at) > AHEAD {
            return Err(TimeStampError::Future { time: stamp.time });
        }
        trust.check(&stamp.signature, stamp.time)?;
        Ok(stamp.clone())
    }

    /// The moment that it states.
    pub fn time(&self) -> Timestamp {
        self.0.time
    }

    /// The certificate of whoever stamped.
    pub fn signer(&self) -> &Certificate {
        self.0.signature.signer()
    }

    /// Its number, in lower-case hexadecimal.
    pub fn serial_hex(&self) -> String {
        self.0.serial_hex()
    }
}

impl std::fmt::Debug for TimeStamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TimeStamp({}, serial {}, {:?})", self.time, self.serial_hex(), self.signature)
    }
}

/// RFC 3161 §2.3: for time stamps and for nothing else, critically so; RFC 5280 §4.2.1.3.
fn check_usage(certificate: &Certificate) -> Result<(), TimeStampError> {
    const BROKEN: TimeStampError =
        TimeStampError::Certificate(CertificateError::Malformed("an extension does not decode"));
    let tbs = certificate.decoded().tbs_certificate();
    let constraints = tbs.get_extension::<BasicConstraints>().map_err(|_| BROKEN)?;
    if constraints.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(TimeStampError::Usage("it is an authority's"));
    }
    match tbs.get_extension::<ExtendedKeyUsage>().map_err(|_| BROKEN)? {
        None => return Err(TimeStampError::Usage("it has no extended key usage")),
        Some((_, ExtendedKeyUsage(purposes))) if purposes != [ID_KP_TIME_STAMPING] => {
            return Err(TimeStampError::Usage("its extended key usage is not timeStamping alone"));
        }
        Some((false, _)) => return Err(TimeStampError::Usage("its extended key usage is not critical")),
        Some((true, _)) => {}
    }
    match tbs.get_extension::<KeyUsage>().map_err(|_| BROKEN)? {
        Some((_, usage)) if !usage.digital_signature() && !usage.non_repudiation() => {
            Err(TimeStampError::Usage("its key usage lacks digitalSignature"))
        }
        _ => Ok(()),
    }
}

/// RFC 3161 §2.4.2: the name of the authority, where it stands, is one of its certificate's.
fn is_named(certificate: &Certificate, name: &GeneralName) -> bool {
    let tbs = certificate.decoded().tbs_certificate();
    match (name, tbs.get_extension::<SubjectAltName>()) {
        (GeneralName::DirectoryName(name), _) if names_match(name, tbs.subject()) => true,
        (name, Ok(Some((_, SubjectAltName(names))))) => names.contains(name),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
