//! What a certificate must be to sign mail, beyond a path to an anchor. Path validators let several of these through, so
//! each rule is ours.

use const_oid::ObjectIdentifier;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints, SubjectAltName,
};

use crate::algorithm::{Algorithm, KeyKind};
use crate::certificate::Certificate;
use crate::error::{CertificateError, Usage};
use crate::practice::Practice;

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

/// The rules for a signer (RFC 8550 §4.4), as its authority writes certificates.
pub(crate) fn signer(certificate: &Certificate, practice: &Practice) -> Result<(), CertificateError> {
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
    // RFC 8550 §4.4.2
    match tbs.get_extension::<KeyUsage>().map_err(|_| BROKEN)? {
        None => return Err(CertificateError::WrongUsage(Usage::KeyUsageMissing)),
        Some((_, usage)) if !usage.digital_signature() && !usage.non_repudiation() => {
            return Err(CertificateError::WrongUsage(Usage::KeyUsageOther));
        }
        Some(_) => {}
    }
    tbs.get_extension::<SubjectAltName>().map_err(|_| BROKEN)?;
    practice.names().holder(certificate).map(|_| ())
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
    // RFC 5758 §3.2: of ECDSA they are absent.
    let is_ecdsa = matches!(Algorithm::read(decoded.signature_algorithm(), None), Ok(Algorithm::Ecdsa(_)));
    if is_ecdsa && decoded.signature_algorithm().parameters.is_some() {
        return Err(CertificateError::Malformed("its ECDSA signature has parameters"));
    }
    well_formed(certificate)
}

/// What RFC 5280 says of every certificate, and path validators pass over.
fn well_formed(certificate: &Certificate) -> Result<(), CertificateError> {
    let tbs = certificate.decoded().tbs_certificate();
    let broken = |what| Err(CertificateError::Malformed(what));
    let serial = tbs.serial_number().as_bytes();
    let is_positive = serial.first().is_some_and(|first| *first < 0x80) && serial.iter().any(|octet| *octet != 0);
    // §4.1.2.2
    if !is_positive || serial.len() > SERIAL_BYTES_MAX {
        return broken("its serial number is not a positive one of twenty octets");
    }
    // §4.1.2.1
    if tbs.extensions().is_some() && tbs.version() != Version::V3 {
        return broken("its version has no extensions");
    }
    let constraints = tbs.get_extension::<BasicConstraints>().map_err(|_| BROKEN)?;
    let is_authority = constraints.as_ref().is_some_and(|(_, constraints)| constraints.ca);
    match constraints {
        // §4.2.1.9
        Some((false, BasicConstraints { ca: true, .. })) => return broken("its basic constraints are not critical"),
        Some((_, BasicConstraints { ca: false, path_len_constraint: Some(_) })) => {
            return broken("it limits a path it does not begin");
        }
        _ => {}
    }
    // §4.2.1.3, §4.2.1.10
    let usage = tbs.get_extension::<KeyUsage>().map_err(|_| BROKEN)?;
    if !is_authority && usage.is_some_and(|(_, usage)| usage.key_cert_sign()) {
        return broken("it signs certificates and is no authority");
    }
    let names = tbs.get_extension::<NameConstraints>().map_err(|_| BROKEN)?;
    match names {
        Some(_) if !is_authority => return broken("it constrains names and is no authority"),
        Some((_, NameConstraints { permitted_subtrees: None, excluded_subtrees: None })) => {
            return broken("it constrains no name");
        }
        _ => {}
    }
    tbs.get_extension::<AuthorityKeyIdentifier>().map_err(|_| BROKEN)?;
    // §4.2.1.6
    let other = tbs.get_extension::<SubjectAltName>().map_err(|_| BROKEN)?;
    match &other {
        Some((false, _)) if tbs.subject().is_empty() => broken("its only name is not critical"),
        Some((_, SubjectAltName(names))) if names.iter().any(is_crooked) => broken("a mail address in it is none"),
        _ => Ok(()),
    }
}

/// RFC 5280 §4.2.1.6: `local@domain`, printable; what else stands there one reader cuts off and another shows.
fn is_crooked(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Rfc822Name(address) if !address.as_str().bytes().all(|octet| octet.is_ascii_graphic()))
}

/// RFC 5280 §4.1.2.2, and one octet for the sign.
const SERIAL_BYTES_MAX: usize = 20;

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
