//! The CMS structures that `cms` would encode anew. Certificates stay raw, so that an odd one neither changes nor spoils
//! the message (RFC 5652 §5.1).

use aws_lc_rs::digest::{self, Digest};
use cms::content_info::CmsVersion;
use cms::signed_data::{EncapsulatedContentInfo, SignedAttributes, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_TIME};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, DecodeOwned, Encode, Sequence, Tag, Tagged as _};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Time;

use crate::algorithm::Hash;
use crate::certificate::{Certificate, names_match};
use crate::error::{CertificateError, Layer, SignError, SignatureError};
use crate::limits::CERTIFICATES_MAX;

/// RFC 5652 §5.1 with certificates and CRLs left as they are.
#[derive(Sequence)]
pub(crate) struct SignedData {
    pub(crate) version: CmsVersion,
    pub(crate) digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    pub(crate) content: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) certificates: Option<SetOfVec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) crls: Option<SetOfVec<Any>>,
    pub(crate) signers: SetOfVec<SignerInfo>,
}

impl SignedData {
    /// The certificates that decode, each once, and why the first of the others did not. Attribute certificates and other
    /// formats (RFC 5652 §10.2.2) are passed over.
    pub(crate) fn certificates(&self) -> Result<(Vec<Certificate>, Option<CertificateError>), SignatureError> {
        let all = self.certificates.as_ref().map_or(&[][..], SetOfVec::as_slice);
        if all.len() > CERTIFICATES_MAX {
            return Err(SignatureError::TooLarge { what: "chain of certificates", limit: CERTIFICATES_MAX });
        }
        let mut found: Vec<Certificate> = Vec::new();
        let mut broken = None;
        for any in all.iter().filter(|any| any.tag() == Tag::Sequence) {
            let der = any.to_der().map_err(|_| malformed(Layer::Certificate, "it does not decode"))?;
            match Certificate::from_der(&der) {
                Ok(certificate) if found.contains(&certificate) => {}
                Ok(certificate) => found.push(certificate),
                Err(error) => broken = broken.or(Some(error)),
            }
        }
        Ok((found, broken))
    }
}

/// RFC 5035 §3, §5.4.1; RFC 6211 §2.
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const ALGORITHM_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");

/// RFC 5035 §4.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// RFC 5035 §4: an absent `hash_algorithm` is SHA-256.
#[derive(Sequence)]
struct EssCertIdV2 {
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<IssuerSerial>,
}

/// RFC 2634 §5.4, the older form, whose digest is always SHA-1.
#[derive(Sequence)]
struct SigningCertificate {
    certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// RFC 2634 §5.4.1.
#[derive(Sequence)]
struct EssCertId {
    hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<IssuerSerial>,
}

/// RFC 5035 §5.
#[derive(Sequence)]
struct IssuerSerial {
    issuer: GeneralNames,
    serial: SerialNumber,
}

/// RFC 6211 §2.
#[derive(Sequence)]
struct AlgorithmProtection {
    digest: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    signature: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    mac: Option<AlgorithmIdentifierOwned>,
}

/// What each of our own signatures says about itself.
pub(crate) fn attributes_for(
    kind: ObjectIdentifier,
    digest: &[u8],
    at: Timestamp,
    certificate: &Certificate,
    algorithms: (&AlgorithmIdentifierOwned, &AlgorithmIdentifierOwned),
) -> Result<Vec<Attribute>, SignError> {
    let time = time(at).ok_or(SignError::Time)?;
    let hash = octets(&certificate.fingerprint())?;
    let named = SigningCertificateV2 {
        certs: vec![EssCertIdV2 { hash_algorithm: None, hash, issuer_serial: None }],
        policies: None,
    };
    let protection =
        AlgorithmProtection { digest: algorithms.0.clone(), signature: Some(algorithms.1.clone()), mac: None };
    Ok(vec![
        attribute(ID_CONTENT_TYPE, &kind)?,
        attribute(ID_MESSAGE_DIGEST, &octets(digest)?)?,
        attribute(ID_SIGNING_TIME, &time)?,
        attribute(SIGNING_CERTIFICATE_V2, &named)?,
        attribute(ALGORITHM_PROTECTION, &protection)?,
    ])
}

/// RFC 5652 §11, RFC 8551 §2.5, RFC 2634 §1.3.4: these are only worth something when they are signed.
const MUST_BE_SIGNED: [ObjectIdentifier; 17] = [
    ID_CONTENT_TYPE,
    ID_MESSAGE_DIGEST,
    ID_SIGNING_TIME,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    ALGORITHM_PROTECTION,
    crate::ess::RECEIPT_REQUEST,
    crate::ess::MESSAGE_SIGNATURE_DIGEST,
    crate::ess::CONTENT_HINTS,
    crate::capabilities::SMIME_CAPABILITIES,
    // RFC 2634 §2.7, §2.11, §3.2, §3.4.1, §4.2
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.7"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.10"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.2"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.9"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.3"),
    // RFC 8551 §2.5.3, in its two spellings
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.11"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.16.4"),
];

/// What a signer signed beside the content.
pub(crate) struct Stated {
    pub(crate) digest: Vec<u8>,
    pub(crate) signing_time: Option<Timestamp>,
    /// Whether the signer named its certificate (RFC 5035 §3), which is then the one that was found.
    pub(crate) names_certificate: bool,
    /// What somebody put beside the signature afterwards: a time stamp of it (RFC 3161 Appendix A). Nothing vouches for it
    /// but itself.
    pub(crate) time_stamp: Option<Vec<u8>>,
}

/// RFC 3161 Appendix A.
const TIME_STAMP_TOKEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");

/// Reads and compares a signer's attributes: each at most once, with one value, and none of them unsigned.
pub(crate) fn read_attributes(
    signer: &SignerInfo,
    certificate: &Certificate,
    kind: ObjectIdentifier,
) -> Result<Stated, SignatureError> {
    let wrong = |reason| malformed(Layer::Attributes, reason);
    let stated = signer.signed_attrs.as_ref().ok_or(wrong("the signature has none"))?;
    let unsigned = signer.unsigned_attrs.as_ref().map_or(&[][..], SetOfVec::as_slice);
    if unsigned.iter().any(|attribute| MUST_BE_SIGNED.contains(&attribute.oid)) {
        return Err(wrong("one that must be signed is not"));
    }
    // RFC 5652 §5.3: a set of one value at least.
    if stated.iter().chain(unsigned).any(|attribute| attribute.values.is_empty()) {
        return Err(wrong("one has no value"));
    }
    // RFC 5652 §11.1, §11.2
    if one::<ObjectIdentifier>(stated, ID_CONTENT_TYPE)? != Some(kind) {
        return Err(wrong("the content type is not that of the content"));
    }
    let digest = one::<OctetString>(stated, ID_MESSAGE_DIGEST)?.ok_or(wrong("the message digest is missing"))?;
    let stated_time = one::<Time>(stated, ID_SIGNING_TIME)?;
    // RFC 5652 §11.3: the longer form is for years the shorter one has not.
    if matches!(&stated_time, Some(Time::GeneralTime(time)) if (1950..2050).contains(&time.to_date_time().year())) {
        return Err(wrong("the signing time is not written as its year wants"));
    }
    let signing_time = stated_time
        .map(|time| i64::try_from(time.to_unix_duration().as_secs()).ok())
        .map(|seconds| {
            seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(wrong("the signing time"))
        })
        .transpose()?;
    if let Some(protection) = one::<AlgorithmProtection>(stated, ALGORITHM_PROTECTION)?
        && (protection.digest != signer.digest_alg
            || protection.signature.as_ref() != Some(&signer.signature_algorithm)
            || protection.mac.is_some())
    {
        return Err(wrong("the algorithms are not those that were signed"));
    }
    let names_certificate = names_certificate(stated, certificate)?;
    let stamped = unsigned.iter().find(|attribute| attribute.oid == TIME_STAMP_TOKEN);
    let time_stamp = stamped.and_then(|attribute| attribute.values.get(0)?.to_der().ok());
    Ok(Stated { digest: digest.into_bytes().into(), signing_time, names_certificate, time_stamp })
}

/// RFC 5035 §3: whether the signer names a certificate; the first entry of either form is then the signer's.
fn names_certificate(stated: &SignedAttributes, certificate: &Certificate) -> Result<bool, SignatureError> {
    const NOBODY: SignatureError =
        SignatureError::Malformed { layer: Layer::Attributes, reason: "no signing certificate is named" };
    let new = one::<SigningCertificateV2>(stated, SIGNING_CERTIFICATE_V2)?;
    if let Some(named) = &new {
        let first = named.certs.first().ok_or(NOBODY)?;
        let hash = first.hash_algorithm.as_ref().map_or(Ok(Hash::Sha256), Hash::read)?;
        is_named(hash.of(certificate.der()), &first.hash, first.issuer_serial.as_ref(), certificate)?;
    }
    let old = one::<SigningCertificate>(stated, SIGNING_CERTIFICATE)?;
    if let Some(named) = &old {
        let first = named.certs.first().ok_or(NOBODY)?;
        // SHA-1 decides nothing here: the certificate was found by issuer and serial, and must still lead to an anchor.
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
        is_named(hash, &first.hash, first.issuer_serial.as_ref(), certificate)?;
    }
    Ok(new.is_some() || old.is_some())
}

fn is_named(
    found: Digest,
    stated: &OctetString,
    serial: Option<&IssuerSerial>,
    certificate: &Certificate,
) -> Result<(), SignatureError> {
    let own = certificate.decoded().tbs_certificate();
    // RFC 5035 §5: the issuer's name alone, as it stands in the certificate.
    let is_own = |of: &IssuerSerial| {
        let [GeneralName::DirectoryName(issuer)] = of.issuer.as_slice() else { return false };
        of.serial == *own.serial_number() && names_match(issuer, own.issuer())
    };
    if found.as_ref() != stated.as_bytes() || !serial.is_none_or(is_own) {
        return Err(SignatureError::OtherCertificate);
    }
    Ok(())
}

/// The value of an attribute that may stand once, with one value.
pub(crate) fn one<T>(attributes: &SignedAttributes, oid: ObjectIdentifier) -> Result<Option<T>, SignatureError>
where
    T: DecodeOwned,
{
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let Some(attribute) = found.next() else { return Ok(None) };
    let ([value], None) = (attribute.values.as_slice(), found.next()) else {
        return Err(malformed(Layer::Attributes, "one stands more than once"));
    };
    let decoded = value.to_der().ok().and_then(|der| T::from_der(&der).ok());
    decoded.map(Some).ok_or(malformed(Layer::Attributes, "one does not decode"))
}

pub(crate) fn attribute<T: Encode>(oid: ObjectIdentifier, value: &T) -> Result<Attribute, SignError> {
    let value = value.to_der().and_then(|der| Any::from_der(&der)).map_err(|_| SignError::Provider)?;
    let values = SetOfVec::try_from(vec![value]).map_err(|_| SignError::Provider)?;
    Ok(Attribute { oid, values })
}

pub(crate) fn octets(bytes: &[u8]) -> Result<OctetString, SignError> {
    OctetString::new(bytes).map_err(|_| SignError::Provider)
}

/// RFC 5652 §11.3: two digits of the year until 2049, four after.
fn time(at: Timestamp) -> Option<Time> {
    let seconds = std::time::Duration::from_secs(u64::try_from(at.as_second()).ok()?);
    let instant = der::DateTime::from_unix_duration(seconds).ok()?;
    match der::asn1::UtcTime::from_date_time(instant) {
        Ok(short) => Some(Time::UtcTime(short)),
        Err(_) => Some(Time::GeneralTime(der::asn1::GeneralizedTime::from_date_time(instant))),
    }
}

pub(crate) fn malformed(layer: Layer, reason: &'static str) -> SignatureError {
    SignatureError::Malformed { layer, reason }
}

#[cfg(test)]
mod tests;
