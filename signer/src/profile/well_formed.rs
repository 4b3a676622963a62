//! What RFC 5280 forbids authorities to write, and path validators let through. Readers disagree about such certificates, so
//! nobody's word rests on one.
//!
//! Three rules are left out, for readers are told to bear their breach: a negative serial number (§4.1.2.2), unique
//! identifiers (§4.1.2.8), and basicConstraints that are not critical (PKITS 4.6.4).

use der::{Any, Tag, Tagged as _};
use x509_cert::TbsCertificate;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, NameConstraints, PolicyConstraints, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;

use super::BROKEN;
use crate::certificate::Certificate;
use crate::error::CertificateError;

const fn wrong(reason: &'static str) -> CertificateError {
    CertificateError::Malformed(reason)
}

/// Judges one certificate below an anchor.
pub(super) fn check(certificate: &Certificate) -> Result<(), CertificateError> {
    let tbs = certificate.decoded().tbs_certificate();
    check_fields(tbs)?;
    check_names(tbs)?;
    // RFC 5280 §4.2.1.1, §4.2.1.2
    tbs.get_extension::<AuthorityKeyIdentifier>().map_err(|_| BROKEN)?;
    tbs.get_extension::<SubjectKeyIdentifier>().map_err(|_| BROKEN)?;
    check_rights(tbs)
}

fn check_fields(tbs: &TbsCertificate) -> Result<(), CertificateError> {
    // RFC 5280 §4.1.2.2: more than zero, at most 20 octets.
    let serial = tbs.serial_number().as_bytes();
    if serial.len() > SERIAL_BYTES_MAX || serial.iter().all(|octet| *octet == 0) {
        return Err(wrong("its serial number is zero or too long"));
    }
    // RFC 5280 §4.1.2.1
    if tbs.extensions().is_some() && tbs.version() != Version::V3 {
        return Err(wrong("its version has no extensions"));
    }
    Ok(())
}

const SERIAL_BYTES_MAX: usize = 20;

fn check_names(tbs: &TbsCertificate) -> Result<(), CertificateError> {
    let names = tbs.get_extension::<SubjectAltName>().map_err(|_| BROKEN)?;
    // RFC 5280 §4.1.2.4, §4.1.2.6, §4.2.1.6: nobody without a name.
    if tbs.issuer().is_empty() {
        return Err(wrong("its issuer has no name"));
    }
    if tbs.subject().is_empty() && !names.as_ref().is_some_and(|(critical, _)| *critical) {
        return Err(wrong("its subject has no name"));
    }
    let Some((_, SubjectAltName(names))) = names else { return Ok(()) };
    if names.is_empty() {
        return Err(wrong("its alternative names are none"));
    }
    let is_address = |name: &GeneralName| match name {
        GeneralName::Rfc822Name(address) => is_address(address.as_str()),
        _ => true,
    };
    if names.iter().all(is_address) { Ok(()) } else { Err(wrong("its mail address is none")) }
}

/// RFC 5280 §4.2.1.6, RFC 5321 §4.1.2, without quoted strings and address literals, behind which programs see different
/// domains.
fn is_address(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && !SPECIALS.contains(&b));
    text.split_once('@').is_some_and(|(local, domain)| local.split('.').all(is_word) && domain.split('.').all(is_word))
}

/// RFC 5322 §3.2.3, but for the dot.
const SPECIALS: &[u8] = b"()<>[]:;@\\,\"";

/// What only an authority's certificate may say.
fn check_rights(tbs: &TbsCertificate) -> Result<(), CertificateError> {
    let constraints = tbs.get_extension::<BasicConstraints>().map_err(|_| BROKEN)?;
    let (is_authority, length) = match &constraints {
        Some((_, constraints)) => (constraints.ca, constraints.path_len_constraint),
        None => (false, None),
    };
    let usage = tbs.get_extension::<KeyUsage>().map_err(|_| BROKEN)?;
    let certifies = usage.is_some_and(|(_, usage)| usage.key_cert_sign());
    // RFC 5280 §4.2.1.3, §4.2.1.9
    if !is_authority && (certifies || length.is_some()) {
        return Err(wrong("it has an authority's rights and is none"));
    }
    // RFC 5280 §4.2.1.10
    if let Some((_, limits)) = tbs.get_extension::<NameConstraints>().map_err(|_| BROKEN)? {
        let subtrees = [&limits.permitted_subtrees, &limits.excluded_subtrees];
        let some = subtrees.iter().filter_map(|trees| trees.as_ref());
        if !is_authority || some.clone().next().is_none() || some.clone().any(Vec::is_empty) {
            return Err(wrong("its name constraints constrain nobody"));
        }
    }
    // RFC 5280 §4.2.1.11
    if let Some((_, limits)) = tbs.get_extension::<PolicyConstraints>().map_err(|_| BROKEN)?
        && limits.require_explicit_policy.is_none()
        && limits.inhibit_policy_mapping.is_none()
    {
        return Err(wrong("its policy constraints constrain nothing"));
    }
    Ok(())
}

/// The name constraints of an authority that the path validator does not hold against what stands below it: those on
/// addresses against addresses in other scripts (RFC 9598 §6), those on any address, and those on directory names against
/// names in strings it does not compare (RFC 5280 §7.1). Whoever has such a name under such a constraint is refused.
pub(crate) fn keeps_names(authority: &Certificate, below: &Certificate) -> Result<(), CertificateError> {
    const OUTSIDE: CertificateError = CertificateError::BadChain("the name lies outside what an authority may certify");
    let (above, below) = (authority.decoded().tbs_certificate(), below.decoded().tbs_certificate());
    let Some((_, limits)) = above.get_extension::<NameConstraints>().map_err(|_| BROKEN)? else { return Ok(()) };
    let excluded = limits.excluded_subtrees.iter().flatten();
    let mut all = limits.permitted_subtrees.iter().flatten().chain(excluded.clone());
    let names = below.get_extension::<SubjectAltName>().map_err(|_| BROKEN)?;
    let names = names.map(|(_, SubjectAltName(names))| names).unwrap_or_default();

    let on_addresses = all.clone().any(|tree| matches!(tree.base, GeneralName::Rfc822Name(_)));
    let is_other_script =
        |name: &GeneralName| matches!(name, GeneralName::OtherName(name) if name.type_id == SMTP_UTF8);
    let no_address = |tree: &x509_cert::ext::pkix::constraints::name::GeneralSubtree| matches!(&tree.base, GeneralName::Rfc822Name(address) if address.as_str().is_empty());
    let has_address = names.iter().any(|name| matches!(name, GeneralName::Rfc822Name(_)));
    if on_addresses && names.iter().any(is_other_script) || has_address && excluded.clone().any(no_address) {
        return Err(OUTSIDE);
    }
    let on_directory = all.any(|tree| matches!(tree.base, GeneralName::DirectoryName(_)));
    let comparable = |name: &Name| name.iter().all(|attribute| is_compared(&attribute.value));
    let directory = names.iter().filter_map(|name| match name {
        GeneralName::DirectoryName(name) => Some(name),
        _ => None,
    });
    if on_directory && !directory.chain([below.subject()]).all(comparable) {
        return Err(OUTSIDE);
    }
    Ok(())
}

/// RFC 9598 §3.
const SMTP_UTF8: const_oid::ObjectIdentifier = const_oid::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.9");

fn is_compared(value: &Any) -> bool {
    matches!(value.tag(), Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString)
}
