//! What a certificate must be to sign mail, beyond a path to an anchor. Path validators let several of these through, so
//! each rule is ours.

use const_oid::ObjectIdentifier;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

use crate::algorithm::{Algorithm, KeyKind};
use crate::certificate::Certificate;
use crate::error::{CertificateError, Usage};
use crate::practice::Practice;

mod well_formed;

pub(crate) use well_formed::keeps_names;

const BROKEN: CertificateError = CertificateError::Malformed("an extension does not decode");

/// The rules for a subscriber of any authority.
pub(crate) fn subscriber(certificate: &Certificate) -> Result<(), CertificateError> {
    any(certificate)?;
    // RFC 5280 §4.2.1.9: an authority's key signs certificates.
    let constraints = certificate.decoded().tbs_certificate().get_extension::<BasicConstraints>();
    if constraints.map_err(|_| BROKEN)?.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(CertificateError::Authority);
    }
    Ok(())
}

/// The rules for whoever signs or receives (RFC 8550 §4.4), as its authority writes certificates.
pub(crate) fn holder(certificate: &Certificate, practice: &Practice) -> Result<(), CertificateError> {
    let tbs = certificate.decoded().tbs_certificate();
    let purposes = practice.purposes();
    // RFC 8550 §4.4.4; anyExtendedKeyUsage is not enough for an office.
    match tbs.get_extension::<ExtendedKeyUsage>().map_err(|_| BROKEN)? {
        None if purposes.may_be_missing() => {}
        None => return Err(CertificateError::WrongUsage(Usage::PurposeMissing)),
        Some((_, ExtendedKeyUsage(stated))) if !stated.iter().any(|one| purposes.serving().contains(one)) => {
            return Err(CertificateError::WrongUsage(Usage::PurposeOther));
        }
        Some(_) => {}
    }
    if !signs(certificate)? && !receives(certificate)? {
        return Err(CertificateError::WrongUsage(Usage::KeyUsageOther));
    }
    tbs.get_extension::<SubjectAltName>().map_err(|_| BROKEN)?;
    practice.names().holder(certificate).map(|_| ())
}

/// RFC 8550 §4.4.2: whether its key is for signatures. A key for encryption alone has a certificate of its own.
pub(crate) fn signs(certificate: &Certificate) -> Result<bool, CertificateError> {
    key_usage(certificate).map(|usage| usage.digital_signature() || usage.non_repudiation())
}

/// RFC 8550 §4.4.2: whether its key is for encryption.
pub(crate) fn receives(certificate: &Certificate) -> Result<bool, CertificateError> {
    key_usage(certificate).map(|usage| usage.key_encipherment() || usage.key_agreement())
}

fn key_usage(certificate: &Certificate) -> Result<KeyUsage, CertificateError> {
    let usage = certificate.decoded().tbs_certificate().get_extension::<KeyUsage>().map_err(|_| BROKEN)?;
    usage.map(|(_, usage)| usage).ok_or(CertificateError::WrongUsage(Usage::KeyUsageMissing))
}

/// The rules for every certificate below an anchor: well-formed, and signed in a way that is allowed.
pub(crate) fn any(certificate: &Certificate) -> Result<(), CertificateError> {
    anchor(certificate)?;
    let decoded = certificate.decoded();
    // RFC 5280 §4.1.1.2
    if decoded.tbs_certificate().signature() != decoded.signature_algorithm() {
        return Err(CertificateError::Malformed("it names two signature algorithms"));
    }
    Algorithm::read(decoded.signature_algorithm(), None)?;
    well_formed::check(certificate)
}

/// The rules for an anchor too, whose own signature nobody relies on.
pub(crate) fn anchor(certificate: &Certificate) -> Result<(), CertificateError> {
    let tbs = certificate.decoded().tbs_certificate();
    let mut seen: Vec<ObjectIdentifier> = Vec::new();
    // RFC 5280 §4.2: readers disagree which of two counts.
    for extension in tbs.extensions().into_iter().flatten() {
        if seen.contains(&extension.extn_id) {
            return Err(CertificateError::Malformed("an extension stands twice"));
        }
        seen.push(extension.extn_id);
    }
    KeyKind::of(tbs.subject_public_key_info())?;
    Ok(())
}
