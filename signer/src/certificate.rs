//! A certificate as it arrived. Its DER is kept and never encoded anew: x509-cert would rewrite a date, and the
//! signature over it would no longer hold.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATIONAL_UNIT_NAME};
use const_oid::db::rfc5280::ID_KP_TIME_STAMPING;
use der::asn1::{AnyRef, Ia5StringRef, PrintableStringRef, Utf8StringRef};
use der::{Any, Decode as _, Encode as _, Sequence};
use jiff::Timestamp;
use x509_cert::ext::pkix::name::{DirectoryString, GeneralName};
use x509_cert::ext::pkix::{ExtendedKeyUsage, NameConstraints, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::algorithm::{Algorithm, Refused, sha256};
use crate::error::CertificateError;
use crate::hex::hex;
use crate::limits::{CERTIFICATE_BYTES_MAX, CERTIFICATES_PER_FILE_MAX};
use crate::{pem, profile};

/// An X.509 certificate (RFC 5280), decoded but not yet believed: that is [`crate::Trust::check`].
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Arc<[u8]>,
    decoded: Arc<x509_cert::Certificate>,
}

/// RFC 5280 §4.1, the signed part left as it is.
#[derive(Sequence)]
struct SignedOctets<'a> {
    signed: AnyRef<'a>,
    #[allow(dead_code, reason = "decoded to reach the end of the sequence")]
    algorithm: AnyRef<'a>,
    #[allow(dead_code, reason = "decoded to reach the end of the sequence")]
    signature: AnyRef<'a>,
}

const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");

impl Certificate {
    /// Reads one DER certificate; nothing may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLarge { what: "certificate", limit: CERTIFICATE_BYTES_MAX });
        }
        let decoded =
            x509_cert::Certificate::from_der(der).map_err(|_| CertificateError::Malformed("it does not decode"))?;
        Ok(Self { der: der.into(), decoded: Arc::new(decoded) })
    }

    /// Reads a PEM text that holds exactly one certificate.
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let mut found = Self::many_from_pem(text)?;
        match (found.pop(), found.is_empty()) {
            (Some(certificate), true) => Ok(certificate),
            _ => Err(CertificateError::Malformed("expected exactly one certificate in the text")),
        }
    }

    /// Reads every certificate of a PEM text, in order; other blocks are passed over.
    pub fn many_from_pem(text: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let blocks = pem::blocks(text).map_err(CertificateError::Malformed)?;
        let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE");
        if certificates.clone().count() > CERTIFICATES_PER_FILE_MAX {
            return Err(CertificateError::TooLarge { what: "list of certificates", limit: CERTIFICATES_PER_FILE_MAX });
        }
        certificates.map(|block| Self::from_der(&block.bytes)).collect()
    }

    /// The octets that arrived.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as a PEM block.
    pub fn to_pem(&self) -> String {
        let mut text = String::new();
        pem::write(&mut text, "CERTIFICATE", &self.der);
        text
    }

    /// The subject's name (RFC 4514).
    pub fn subject(&self) -> String {
        self.decoded.tbs_certificate().subject().to_string()
    }

    /// The issuer's name (RFC 4514).
    pub fn issuer(&self) -> String {
        self.decoded.tbs_certificate().issuer().to_string()
    }

    /// What the subject is called beside its organisation's own name: its common names and units.
    pub fn subject_titles(&self) -> Vec<String> {
        titles(self.decoded.tbs_certificate().subject())
    }

    /// The same of the issuer.
    pub fn issuer_titles(&self) -> Vec<String> {
        titles(self.decoded.tbs_certificate().issuer())
    }

    /// The serial number in lower-case hexadecimal.
    pub fn serial_hex(&self) -> String {
        hex(self.decoded.tbs_certificate().serial_number().as_bytes())
    }

    /// Its first second.
    pub fn not_before(&self) -> Timestamp {
        instant(&self.decoded.tbs_certificate().validity().not_before)
    }

    /// Its last second.
    pub fn not_after(&self) -> Timestamp {
        instant(&self.decoded.tbs_certificate().validity().not_after)
    }

    /// RFC 8550 §4.4.2: is its key for signatures?
    pub fn signs(&self) -> bool {
        profile::signs(self).unwrap_or(false)
    }

    /// RFC 8550 §4.4.2: is its key for encryption?
    pub fn receives(&self) -> bool {
        profile::receives(self).unwrap_or(false)
    }

    /// The mail addresses among the subject's alternative names (RFC 5280 §4.2.1.6).
    pub fn rfc822_names(&self) -> Vec<String> {
        let names = self.decoded.tbs_certificate().get_extension::<SubjectAltName>();
        let Ok(Some((_, SubjectAltName(names)))) = names else { return Vec::new() };
        let mail = |name: &GeneralName| match name {
            GeneralName::Rfc822Name(address) => Some(address.as_str().to_owned()),
            _ => None,
        };
        names.iter().filter_map(mail).collect()
    }

    /// Of an authority: whether mail addresses are all that it may vouch for, and only those of one host that it names
    /// (RFC 5280 §4.2.1.10).
    pub fn is_limited_to_a_mail_domain(&self) -> bool {
        let limits = self.decoded.tbs_certificate().get_extension::<NameConstraints>();
        let Ok(Some((_, limits))) = limits else { return false };
        let permitted = limits.permitted_subtrees.unwrap_or_default();
        // A name that begins with a full stop stands for every host below it; one with an @ for a single address.
        let host = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains('@');
        let [only] = permitted.as_slice() else { return false };
        matches!(&only.base, GeneralName::Rfc822Name(name) if host(name.as_str()))
    }

    /// Whether time stamps are all that it is for (RFC 5280 §4.2.1.12, RFC 3161 §2.3).
    pub fn is_for_stamps_alone(&self) -> bool {
        let purposes = self.decoded.tbs_certificate().get_extension::<ExtendedKeyUsage>();
        matches!(purposes, Ok(Some((_, ExtendedKeyUsage(purposes)))) if purposes == [ID_KP_TIME_STAMPING])
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// SHA-256 of the certificate in lower-case hexadecimal.
    pub fn fingerprint_hex(&self) -> String {
        hex(&self.fingerprint())
    }

    /// The subject's common name, if it has one.
    pub fn common_name(&self) -> Option<String> {
        text(self.decoded.tbs_certificate().subject(), COMMON_NAME)
    }

    /// The subject's `serialNumber` attribute, where some authorities put an office number.
    pub fn subject_serial_number(&self) -> Option<String> {
        text(self.decoded.tbs_certificate().subject(), SERIAL_NUMBER)
    }

    /// Every such attribute: one is expected.
    pub(crate) fn subject_serial_numbers(&self) -> Vec<String> {
        texts(self.decoded.tbs_certificate().subject(), SERIAL_NUMBER).collect()
    }

    /// Whether the authority's key signed it and the names chain; nothing else is judged, nobody is believed.
    pub fn is_signed_by(&self, authority: &Self) -> bool {
        self.is_issued_by(authority) == Ok(true)
    }

    /// Whether the authority's key signed it and the names chain; nothing else is judged.
    pub(crate) fn is_issued_by(&self, authority: &Self) -> Result<bool, Refused> {
        let (own, above) = (self.decoded.tbs_certificate(), authority.decoded.tbs_certificate());
        let octets = SignedOctets::from_der(&self.der).and_then(|parts| parts.signed.to_der());
        let (Ok(octets), Some(signature)) = (octets, self.decoded.signature().as_bytes()) else { return Ok(false) };
        let algorithm = Algorithm::read(self.decoded.signature_algorithm(), None)?;
        let signed = algorithm.verify(above.subject_public_key_info(), &octets, signature)?.is_ok();
        Ok(signed && names_match(own.issuer(), above.subject()))
    }

    pub(crate) fn decoded(&self) -> &x509_cert::Certificate {
        &self.decoded
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject(), self.serial_hex())
    }
}

fn titles(name: &Name) -> Vec<String> {
    [COMMON_NAME, ORGANIZATIONAL_UNIT_NAME].into_iter().flat_map(|oid| texts(name, oid)).collect()
}

/// The first attribute of this type.
fn text(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    texts(name, oid).next()
}

/// The attributes of this type, whichever string types wrote them.
fn texts(name: &Name, oid: ObjectIdentifier) -> impl Iterator<Item = String> {
    name.iter().filter(move |attribute| attribute.oid == oid).filter_map(|attribute| string(&attribute.value))
}

fn string(value: &Any) -> Option<String> {
    let directory = || value.decode_as::<DirectoryString>().ok().map(|text| text.value().into_owned());
    directory()
        .or_else(|| value.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.as_str().to_owned()))
        .or_else(|| value.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.as_str().to_owned()))
        .or_else(|| value.decode_as::<Ia5StringRef<'_>>().ok().map(|text| text.as_str().to_owned()))
}

/// RFC 5280 §4.1.2.5: 99991231235959Z means "no end"; that instant lies past jiff's last, which stands for it.
pub(crate) fn instant(time: &Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// RFC 5280 §7.1: names compare without regard to case, spaces and kinds of strings.
pub(crate) fn names_match(one: &Name, other: &Name) -> bool {
    certval::compare_names(one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5280 §4.1.2.4: a `BMPString` is a text like the others, though RFC 4514 §2.4 writes it in hexadecimal.
    #[test]
    fn a_title_is_no_organisation_and_may_be_of_any_string_type() {
        let name: Name = "CN=9970000011,OU=#1E0C4EE374064EBA8A3C660E66F8,O=見本法人,C=JP".parse().unwrap();
        assert_eq!(titles(&name), ["9970000011", "代理人証明書"]);
    }
}
