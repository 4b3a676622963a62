//! What an authority's responder says about one certificate (RFC 6960): questions are written, answers are verified once,
//! when they arrive. Fetching them is somebody else's work.

use aws_lc_rs::digest;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::asn1::OctetString;
use der::{Any, Encode as _, Sequence};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::pkix::AuthorityInfoAccessSyntax;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::serial_number::SerialNumber;

use crate::certificate::Certificate;

mod answer;
mod question;
pub(crate) mod response;

pub use answer::StatusAnswer;
pub(crate) use answer::{Known, Word};
pub use question::StatusQuestion;
#[cfg(feature = "authority")]
pub(crate) use question::{Question, nonce_of};

/// RFC 9654 §2.
pub(crate) const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
const RESPONDER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");

/// RFC 6960 §4.1.1: a certificate by the digests of its authority's name and key, and its number.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct CertId {
    hash: AlgorithmIdentifierOwned,
    name: OctetString,
    key: OctetString,
    pub(crate) serial: SerialNumber,
}

impl CertId {
    /// RFC 5019 §2.1.1: SHA-1, for many responders look answers up by it. It finds a certificate here and proves nothing.
    fn new(certificate: &Certificate, authority: &Certificate) -> Option<Self> {
        let (name, key) = digests(&digest::SHA1_FOR_LEGACY_USE_ONLY, authority)?;
        let hash = AlgorithmIdentifierOwned { oid: ID_SHA_1, parameters: Some(Any::null()) };
        let serial = certificate.decoded().tbs_certificate().serial_number().clone();
        Some(Self { hash, name, key, serial })
    }

    /// Whether it speaks about a certificate of this authority.
    pub(crate) fn is_of(&self, authority: &Certificate) -> bool {
        let algorithm = match self.hash.oid {
            ID_SHA_1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            ID_SHA_256 => &digest::SHA256,
            ID_SHA_384 => &digest::SHA384,
            ID_SHA_512 => &digest::SHA512,
            _ => return false,
        };
        digests(algorithm, authority).is_some_and(|(name, key)| self.name == name && self.key == key)
    }
}

fn digests(algorithm: &'static digest::Algorithm, authority: &Certificate) -> Option<(OctetString, OctetString)> {
    let tbs = authority.decoded().tbs_certificate();
    let name = digest::digest(algorithm, &tbs.subject().to_der().ok()?);
    let key = digest::digest(algorithm, tbs.subject_public_key_info().subject_public_key.raw_bytes());
    Some((OctetString::new(name.as_ref()).ok()?, OctetString::new(key.as_ref()).ok()?))
}

impl Certificate {
    /// Where its authority answers questions about it (RFC 5280 §4.2.2.1), as the certificate says.
    pub fn responders(&self) -> Vec<String> {
        let access = self.decoded().tbs_certificate().get_extension::<AuthorityInfoAccessSyntax>();
        let Ok(Some((_, AuthorityInfoAccessSyntax(ways)))) = access else { return Vec::new() };
        let place = |name| match name {
            GeneralName::UniformResourceIdentifier(place) => Some(place.as_str().to_owned()),
            _ => None,
        };
        let answering = ways.into_iter().filter(|way| way.access_method == RESPONDER);
        answering.filter_map(|way| place(way.access_location)).collect()
    }
}
