//! Revocation lists (RFC 5280 §5). A list is verified once, when it arrives; what stays is a set of serial numbers, so that
//! a question costs the same whether ten certificates were revoked or a hundred thousand.

use std::collections::{HashMap, HashSet};

use const_oid::db::rfc5912::ID_CE_CRL_REASONS;
use der::asn1::{AnyRef, BitString};
use der::{Decode as _, Encode as _, Enumerated, Sequence};
use jiff::{SignedDuration, Timestamp};
use spki::AlgorithmIdentifierOwned;
use x509_cert::crl::{RevokedCert, TbsCertList};
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::name::Name;

use crate::algorithm::{Algorithm, KeyKind, sha256};
use crate::certificate::{Certificate, instant, names_match};
use crate::error::ListError;
use crate::limits::{REVOCATION_LIST_BYTES_MAX, STATUS_MINUTES_AHEAD_MAX};
use crate::pem;

mod scope;
mod series;

use scope::Scope;
use series::Series;
pub(crate) use series::{Standing, has_freshest};

/// A revocation list whose signature was verified with its authority's key: a complete one, or a delta that tells what
/// changed since (RFC 5280 §5.2.4).
#[derive(Clone)]
pub struct RevocationList {
    issuer: Name,
    key: [u8; 32],
    this_update: Timestamp,
    next_update: Timestamp,
    scope: Scope,
    series: Series,
    revoked: HashMap<Box<[u8]>, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    since: Timestamp,
    reason: Option<Reason>,
}

/// Why a certificate was revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enumerated)]
#[asn1(type = "ENUMERATED")]
#[repr(u8)]
pub enum Reason {
    /// No reason was given.
    Unspecified = 0,
    /// The subscriber's key is in other hands.
    KeyCompromise = 1,
    /// The authority's key is in other hands.
    AuthorityCompromise = 2,
    /// The names or the office changed.
    AffiliationChanged = 3,
    /// Another certificate took its place.
    Superseded = 4,
    /// The office stopped its work.
    CessationOfOperation = 5,
    /// It is on hold, and not to be believed until further notice.
    Hold = 6,
    /// Taken off a hold; stands in delta lists only.
    RemovedFromList = 8,
    /// The right to it was withdrawn.
    PrivilegeWithdrawn = 9,
    /// The attribute authority's key is in other hands.
    AttributeAuthorityCompromise = 10,
}

/// What a list found: since when, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The moment from which the certificate is not believed.
    pub since: Timestamp,
    /// The reason, if the list gives one.
    pub reason: Option<Reason>,
}

/// RFC 5280 §5.1.1, the signed part left as it is: x509-cert would write its dates anew.
#[derive(Sequence)]
struct SignedList<'a> {
    signed: AnyRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

impl RevocationList {
    /// Reads a DER or PEM list and verifies it with the key of whichever authority issued it.
    pub fn read(bytes: &[u8], authorities: &[Certificate]) -> Result<Self, ListError> {
        if bytes.len() > REVOCATION_LIST_BYTES_MAX {
            return Err(ListError::TooLarge { what: "revocation list", limit: REVOCATION_LIST_BYTES_MAX });
        }
        if !pem::is_pem(bytes) {
            return Self::from_der(bytes, authorities);
        }
        let blocks = pem::blocks(bytes).map_err(ListError::Malformed)?;
        let [block] = blocks.as_slice() else { return Err(ListError::Malformed("expected exactly one list")) };
        Self::from_der(&block.bytes, authorities)
    }

    fn from_der(der: &[u8], authorities: &[Certificate]) -> Result<Self, ListError> {
        const BROKEN: ListError = ListError::Malformed("it does not decode");
        let list = SignedList::from_der(der).map_err(|_| BROKEN)?;
        let signed = list.signed.to_der().map_err(|_| BROKEN)?;
        let content: TbsCertList = TbsCertList::from_der(&signed).map_err(|_| BROKEN)?;
        if content.signature != list.algorithm {
            return Err(ListError::Malformed("it names two signature algorithms"));
        }
        let authority = issuer(&content, &list, &signed, authorities)?;
        let extensions = content.crl_extensions.as_deref().unwrap_or_default();
        // RFC 5280 §4.2, for lists too: readers disagree which of two counts.
        let kinds: HashSet<_> = extensions.iter().map(|extension| extension.extn_id).collect();
        if kinds.len() != extensions.len() {
            return Err(ListError::Malformed("an extension stands twice"));
        }
        let (scope, series) = (Scope::read(extensions, &content.issuer)?, Series::read(extensions)?);
        // RFC 5280 §5.1.2.5: required; without it nobody knows when the list is too old.
        let next_update = content.next_update.as_ref().ok_or(ListError::Malformed("it never ends"))?;
        let mut revoked: HashMap<Box<[u8]>, Entry> = HashMap::new();
        for listed in content.revoked_certificates.iter().flatten() {
            let (serial, entry) = entry(listed)?;
            // Of two dates the earlier counts: what was revoked once is not believed again for being revoked later.
            match revoked.get(&serial) {
                Some(former) if former.since <= entry.since => {}
                _ => drop(revoked.insert(serial, entry)),
            }
        }
        Ok(Self {
            key: key_of(authority),
            issuer: content.issuer,
            this_update: instant(&content.this_update),
            next_update: instant(next_update),
            scope,
            series,
            revoked,
        })
    }

    /// The authority's name (RFC 4514).
    pub fn issuer(&self) -> String {
        self.issuer.to_string()
    }

    /// When it was written.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When the next one is due; a later question is not answered.
    pub fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// Whether it only tells what changed since a complete list. Give both to [`crate::Trust::with_lists`].
    pub fn is_delta(&self) -> bool {
        self.series.is_delta()
    }

    /// Whether deltas are published beside it (RFC 5280 §5.2.6).
    pub(crate) fn has_deltas(&self) -> bool {
        self.series.has_freshest
    }

    /// How this delta stands to a complete list; `None`: they speak about different certificates.
    pub(crate) fn continues(&self, complete: &Self) -> Option<Standing> {
        self.is_beside(complete).then(|| self.series.continues(&complete.series))
    }

    /// Which of its authority's lists it is: the same for the next one of the same key and scope, and another for a delta or
    /// for another piece. A newer list takes the place of an older one of its series only.
    pub fn series(&self) -> [u8; 32] {
        let name = self.issuer.to_der().unwrap_or_default();
        let kind = [u8::from(self.is_delta())];
        sha256(&[self.key.as_slice(), &kind, &self.scope.octets(), &name].concat())
    }

    /// Whether it is older than another of its series: its number decides (RFC 5280 §5.2.3), and the time if one has none.
    pub fn is_older_than(&self, other: &Self) -> bool {
        match self.series.number().zip(other.series.number()) {
            Some((own, other)) if own != other => own < other,
            _ => self.this_update < other.this_update,
        }
    }

    /// Whether another list of the same authority, kind and scope took its place.
    pub(crate) fn gave_way_to(&self, other: &Self) -> bool {
        self.is_delta() == other.is_delta() && self.is_beside(other) && self.is_older_than(other)
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.key == other.key && names_match(&self.issuer, &other.issuer) && self.scope == other.scope
    }

    /// When it begins to count; clocks differ a little.
    pub(crate) fn from(&self) -> Timestamp {
        let ahead = SignedDuration::from_mins(STATUS_MINUTES_AHEAD_MAX);
        self.this_update.checked_sub(ahead).unwrap_or(Timestamp::MIN)
    }

    /// How many certificates it names.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// Whether this list is of `authority`, which issued the certificate with this or another of its keys (RFC 5280
    /// §6.3.3 (f)), and speaks about it.
    pub(crate) fn speaks_about(&self, certificate: &Certificate, authority: &Certificate) -> bool {
        let issuer = certificate.decoded().tbs_certificate().issuer();
        let name = authority.decoded().tbs_certificate().subject();
        self.key == key_of(authority)
            && names_match(name, &self.issuer)
            && names_match(issuer, &self.issuer)
            && self.scope.covers(certificate)
    }

    /// Since when the certificate is revoked.
    pub(crate) fn find(&self, certificate: &Certificate) -> Option<Revoked> {
        let serial = certificate.decoded().tbs_certificate().serial_number().as_bytes();
        let Entry { since, reason } = *self.revoked.get(serial)?;
        Some(Revoked { since, reason })
    }
}

impl std::fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RevocationList({}, {} revoked, until {})", self.issuer, self.len(), self.next_update)
    }
}

/// RFC 5280 §6.3.3 (f), (g): the authority of that name whose key signed, and which may sign lists.
fn issuer<'c>(
    content: &TbsCertList,
    list: &SignedList<'_>,
    signed: &[u8],
    authorities: &'c [Certificate],
) -> Result<&'c Certificate, ListError> {
    let algorithm = Algorithm::read(&list.algorithm, None)?;
    let signature = list.signature.as_bytes().ok_or(ListError::Malformed("it does not decode"))?;
    let mut verdict = ListError::UnknownIssuer { issuer: content.issuer.to_string() };
    for authority in authorities {
        let tbs = authority.decoded().tbs_certificate();
        if !names_match(tbs.subject(), &content.issuer) || KeyKind::of(tbs.subject_public_key_info()).is_err() {
            continue;
        }
        let usage = tbs.get_extension::<KeyUsage>();
        let may_sign = matches!(usage, Ok(None)) || matches!(usage, Ok(Some((_, usage))) if usage.crl_sign());
        match algorithm.verify(tbs.subject_public_key_info(), signed, signature) {
            Ok(Ok(())) if may_sign => return Ok(authority),
            Ok(Ok(())) => verdict = ListError::NotAllowed,
            Ok(Err(_)) | Err(_) => verdict = ListError::BadSignature,
        }
    }
    Err(verdict)
}

fn entry(revoked: &RevokedCert) -> Result<(Box<[u8]>, Entry), ListError> {
    let mut reason = None;
    let extensions = revoked.crl_entry_extensions.as_deref().unwrap_or_default();
    for (place, extension) in extensions.iter().enumerate() {
        // As for the list itself: readers disagree which of two counts.
        if extensions[..place].iter().any(|former| former.extn_id == extension.extn_id) {
            return Err(ListError::Malformed("an extension of an entry stands twice"));
        }
        if extension.extn_id == ID_CE_CRL_REASONS {
            let read = Reason::from_der(extension.extn_value.as_bytes());
            reason = Some(read.map_err(|_| ListError::Malformed("a reason does not decode"))?);
        } else if extension.critical {
            // RFC 5280 §5.3: among them the certificate issuer of indirect lists.
            return Err(ListError::Unsupported("a critical extension of an entry"));
        }
    }
    Ok((revoked.serial_number.as_bytes().into(), Entry { since: instant(&revoked.revocation_date), reason }))
}

/// The digest of an authority's public key.
pub(crate) fn key_of(authority: &Certificate) -> [u8; 32] {
    sha256(authority.decoded().tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes())
}

#[cfg(test)]
mod tests {
    use der::asn1::{OctetString, UtcTime};
    use x509_cert::ext::Extension;
    use x509_cert::serial_number::SerialNumber;
    use x509_cert::time::Time;

    use super::*;

    #[test]
    fn an_entry_says_each_thing_once() {
        let reason = |value: u8| Extension {
            extn_id: ID_CE_CRL_REASONS,
            critical: false,
            extn_value: OctetString::new([10, 1, value]).unwrap(),
        };
        let read = |extensions: Vec<Extension>| {
            let seconds = std::time::Duration::from_secs(1_700_000_000);
            let revocation_date = Time::UtcTime(UtcTime::from_unix_duration(seconds).unwrap());
            let serial_number = SerialNumber::new(&[7]).unwrap();
            entry(&RevokedCert { serial_number, revocation_date, crl_entry_extensions: Some(extensions) })
        };
        assert_eq!(read(vec![reason(1)]).map(|(_, entry)| entry.reason), Ok(Some(Reason::KeyCompromise)));
        // Compromised, and taken off the list.
        let twice = read(vec![reason(1), reason(8)]).map(|_| ());
        assert_eq!(twice, Err(ListError::Malformed("an extension of an entry stands twice")));
    }
}
