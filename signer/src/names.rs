//! Whom a certificate names. Authorities write it in different places, so the place is a rule of each authority. A number is
//! only text here: which office it belongs to is decided by whoever admits the message.

use const_oid::ObjectIdentifier;
use der::asn1::{Ia5StringRef, OctetStringRef, PrintableStringRef, Utf8StringRef};
use der::{Any, Tag, Tagged as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::certificate::Certificate;
use crate::error::CertificateError;

/// The holder a certificate names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A mail address, as written; its domain is still to be compared.
    Address(String),
    /// A number or name without a domain, as written.
    Number(String),
}

/// How to find the holder in the certificates of one authority. [`Naming`] knows the usual places.
pub trait Names: Send + Sync {
    /// The holder; `None`: these certificates name nobody, ask the roll. An error: the certificate contradicts itself, and
    /// is not believed.
    fn holder(&self, certificate: &Certificate) -> Result<Option<Holder>, CertificateError>;
}

/// The usual places of a holder's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// Exactly one rfc822Name (RFC 5280 §4.2.1.6).
    #[default]
    MailAddress,
    /// An otherName of this type: a string, alone or inside octets.
    OtherName(ObjectIdentifier),
    /// The subject's `serialNumber` attribute (X.520 §6.2.9).
    SubjectSerialNumber,
    /// Nowhere: the roll knows whose certificate it is.
    Roll,
}

impl Names for Naming {
    fn holder(&self, certificate: &Certificate) -> Result<Option<Holder>, CertificateError> {
        match self {
            Self::MailAddress => match certificate.rfc822_names().as_slice() {
                [address] => Ok(Some(Holder::Address(address.clone()))),
                others => Err(CertificateError::MailAddresses(others.len())),
            },
            Self::OtherName(kind) => only(other_names(certificate, *kind)?),
            Self::SubjectSerialNumber => only(certificate.subject_serial_numbers()),
            Self::Roll => Ok(None),
        }
    }
}

/// Two names of one kind: readers would disagree which one counts.
fn only(mut found: Vec<String>) -> Result<Option<Holder>, CertificateError> {
    match (found.pop(), found.is_empty()) {
        (Some(_), false) => Err(CertificateError::Malformed("it names two holders")),
        (found, _) => Ok(found.map(Holder::Number)),
    }
}

fn other_names(certificate: &Certificate, kind: ObjectIdentifier) -> Result<Vec<String>, CertificateError> {
    let names = certificate.decoded().tbs_certificate().get_extension::<SubjectAltName>();
    let Ok(Some((_, SubjectAltName(names)))) = names else { return Ok(Vec::new()) };
    let values = names.iter().filter_map(|name| match name {
        GeneralName::OtherName(other) if other.type_id == kind => Some(&other.value),
        _ => None,
    });
    values.map(|value| text(value).ok_or(CertificateError::Malformed("its otherName is not text"))).collect()
}

fn text(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => Some(value.decode_as::<Utf8StringRef<'_>>().ok()?.as_str().to_owned()),
        Tag::PrintableString => Some(value.decode_as::<PrintableStringRef<'_>>().ok()?.as_str().to_owned()),
        Tag::Ia5String => Some(value.decode_as::<Ia5StringRef<'_>>().ok()?.as_str().to_owned()),
        Tag::OctetString => {
            let octets = value.decode_as::<&OctetStringRef>().ok()?.as_bytes();
            Some(std::str::from_utf8(octets).ok()?.to_owned())
        }
        _ => None,
    }
}
