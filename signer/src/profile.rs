//! What a certificate must be to sign mail, beyond a path to an anchor. Path validators let several of these through, so
//! each rule is ours.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_KP_EMAIL_PROTECTION;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

use crate::algorithm::{Algorithm, KeyKind};
use crate::certificate::Certificate;
use crate::error::{CertificateError, Usage};

/// The rules for a signer (RFC 8550 §4.4).
pub(crate) fn signer(certificate: &Certificate) -> Result<(), CertificateError> {
    const BROKEN: CertificateError = CertificateError::Malformed("an extension does not decode");
    any(certificate)?;
    let tbs = certificate.decoded().tbs_certificate();
    // RFC 5280 §4.2.1.9: an authority's key signs certificates.
    if tbs.get_extension::<BasicConstraints>().map_err(|_| BROKEN)?.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(CertificateError::Authority);
    }
    // RFC 8550 §4.4.4; anyExtendedKeyUsage is not enough for an office.
    match tbs.get_extension::<ExtendedKeyUsage>().map_err(|_| BROKEN)? {
        None => return Err(CertificateError::WrongUsage(Usage::PurposeMissing)),
        Some((_, ExtendedKeyUsage(purposes))) if !purposes.contains(&ID_KP_EMAIL_PROTECTION) => {
            return Err(CertificateError::WrongUsage(Usage::PurposeOther));
        }
        Some(_) => {}
    }
    // RFC 8550 §4.4.2
    match tbs.get_extension::<KeyUsage>().map_err(|_| BROKEN)? {
        None => return Err(CertificateError::WrongUsage(Usage::KeyUsageMissing)),
        Some((_, usage)) if !usage.digital_signature() && !usage.non_repudiation() => {
            return Err(CertificateError::WrongUsage(Usage::KeyUsageOther));
        }
        Some(_) => {}
    }
    tbs.get_extension::<SubjectAltName>().map_err(|_| BROKEN)?;
    match certificate.rfc822_names().len() {
        1 => Ok(()),
        found => Err(CertificateError::MailAddresses(found)),
    }
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
    Ok(())
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
