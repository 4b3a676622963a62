//! Verifying: whose signature is this, over exactly which octets? Whether that signer is to be believed is decided by
//! [`crate::Trust`].

use aws_lc_rs::digest::Digest;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{SignedAttributes, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_DATA, ID_SIGNED_DATA};
use der::asn1::{OctetString, UintRef};
use der::{Decode as _, DecodeOwned, Encode as _};
use jiff::Timestamp;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::algorithm::{Algorithm, Hash, to_array};
use crate::ber;
use crate::capabilities::{Capabilities, SMIME_CAPABILITIES};
use crate::certificate::Certificate;
use crate::cms::{SignedData, malformed, one, read_attributes};
use crate::error::{Layer, ReceiptError, SignatureError, TimeStampError};
use crate::ess::{CONTENT_HINTS, ContentHints, RECEIPT, ReceiptRequest};
use crate::limits::SIGNATURE_BYTES_MAX;
use crate::mime::Entity;
use crate::multipart::{Boundary, two_parts};
use crate::timestamp::ClaimedStamp;

/// A message whose outer layer is `multipart/signed` with exactly two parts. Nothing is verified yet.
pub struct Signed<'m> {
    part: &'m [u8],
    signature: Vec<u8>,
}

impl<'m> Signed<'m> {
    /// Divides a message, or any entity, into what is signed and the signature (RFC 1847 §2.1).
    pub fn read(message: &'m [u8]) -> Result<Self, SignatureError> {
        let entity = Entity::read(message, Layer::Header)?;
        let (boundary, _) = outer_layer(&entity)?;
        let (part, rest) = two_parts(entity.body, &boundary).map_err(|reason| malformed(Layer::Parts, reason))?;
        Entity::read(part, Layer::Parts)?;
        Ok(Self { part, signature: signature_octets(rest)? })
    }

    /// The signed entity, octet for octet.
    pub fn part(&self) -> &'m [u8] {
        self.part
    }

    /// Verifies content and signature against the certificate inside it.
    pub fn verify(&self) -> Result<Signature, SignatureError> {
        verified(&self.signature, |hash| Some(hash.of(self.part)))
    }
}

impl std::fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signed(‹{} octets›, signature of {} octets)", self.part.len(), self.signature.len())
    }
}

/// A signature that was verified: there is no other way to come by one.
#[derive(Clone)]
pub struct Signature {
    signer: Certificate,
    chain: Vec<Certificate>,
    signing_time: Option<Timestamp>,
    digest: [u8; 32],
    algorithm: Algorithm,
    names_certificate: bool,
    time_stamp: Option<Vec<u8>>,
    /// The signed attributes as they were signed (RFC 5652 §5.4), and the signature over them.
    attributes: Vec<u8>,
    value: Vec<u8>,
}

impl Signature {
    /// The certificate whose key signed. Not yet believed.
    pub fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// The other certificates that travelled with the signature.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// When the signer says it signed: a claim, not evidence.
    pub fn signing_time(&self) -> Option<Timestamp> {
        self.signing_time
    }

    /// SHA-256 of the signed entity, whichever digest was signed.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The algorithm that signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What the signer can read, as far as it says so (RFC 8551 §2.5.2).
    pub fn capabilities(&self) -> Result<Capabilities, SignatureError> {
        self.attribute(SMIME_CAPABILITIES).map(Capabilities::read)
    }

    /// The receipts the signer asks for, if any (RFC 2634 §2.3).
    pub fn receipt_request(&self) -> Result<Option<ReceiptRequest>, ReceiptError> {
        ReceiptRequest::read(self)
    }

    /// Whether the signer says that a receipt is inside (RFC 2634 §2.9): a hint, for nothing was opened.
    pub fn holds_receipt(&self) -> Result<bool, SignatureError> {
        let hints: Option<ContentHints> = self.attribute(CONTENT_HINTS)?;
        Ok(hints.is_some_and(|hints| hints.content_type == RECEIPT))
    }

    /// The value of a signed attribute that may stand once.
    pub(crate) fn attribute<T: DecodeOwned>(&self, oid: ObjectIdentifier) -> Result<Option<T>, SignatureError> {
        let attributes = SignedAttributes::from_der(&self.attributes);
        one(&attributes.map_err(|_| malformed(Layer::Attributes, "they do not decode"))?, oid)
    }

    /// Whether a signed attribute stands at all, readable or not.
    pub(crate) fn has_attribute(&self, oid: ObjectIdentifier) -> Result<bool, SignatureError> {
        let attributes = SignedAttributes::from_der(&self.attributes);
        let attributes = attributes.map_err(|_| malformed(Layer::Attributes, "they do not decode"))?;
        Ok(attributes.iter().any(|attribute| attribute.oid == oid))
    }

    /// The signature itself.
    pub(crate) fn value(&self) -> &[u8] {
        &self.value
    }

    /// SHA-256 of the signature itself: what a time stamp of it is about (RFC 3161 Appendix A).
    pub fn value_digest(&self) -> [u8; 32] {
        to_array(&Hash::Sha256.of(&self.value))
    }

    /// What the time stamp beside the signature says, if there is one: that the signature existed by then. Anybody may have
    /// put it there.
    pub fn time_stamp(&self) -> Option<Result<ClaimedStamp, TimeStampError>> {
        let token = self.time_stamp.as_ref()?;
        Some(ClaimedStamp::read(token, &self.value_digest()))
    }

    /// SHA-256 over what was signed (RFC 5652 §5.4), whose certificate it is, and what the signer alone chose for this
    /// signature: the same however the same signature is spelled, and another when it is signed anew.
    pub fn statement_digest(&self) -> [u8; 32] {
        let statement = [self.attributes.as_slice(), &self.signer.fingerprint(), self.chosen()].concat();
        to_array(&Hash::Sha256.of(&statement))
    }

    /// The part of the signature that nobody else can change: of ECDSA `r`, since beside `s` its negative verifies too
    /// (SEC 1 §4.1.4); of Ed25519 `R`; of RSA and ML-DSA all of it.
    fn chosen(&self) -> &[u8] {
        match self.algorithm {
            Algorithm::Ecdsa(_) => EcdsaValue::from_der(&self.value).map_or(&self.value, |value| value.r.as_bytes()),
            Algorithm::Ed25519 => self.value.get(..32).unwrap_or(&self.value),
            Algorithm::Rsa(_) | Algorithm::RsaPss(_) | Algorithm::MlDsa(..) => &self.value,
        }
    }

    /// RFC 2634 §2.4: the digest of the signed attributes, which stands for content and attributes together.
    pub(crate) fn attributes_digest(&self) -> Digest {
        self.algorithm.hash().of(&self.attributes)
    }

    /// Whether the signature itself names the signer's certificate (RFC 5035 §3), so that no other certificate with the
    /// same key can take its place.
    pub fn names_certificate(&self) -> bool {
        self.names_certificate
    }
}

/// RFC 5753 §2.1.1.
#[derive(der::Sequence)]
struct EcdsaValue<'v> {
    r: UintRef<'v>,
    s: UintRef<'v>,
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({} by {:?})", self.algorithm, self.signer)
    }
}

/// What the message's own header says about its outer layer (RFC 1847 §2.1): the boundary, and the digest announced.
pub(crate) fn outer_layer(entity: &Entity<'_>) -> Result<(Boundary, Option<Hash>), SignatureError> {
    let media = entity.media_type(Layer::Header)?.ok_or(SignatureError::NotSigned)?;
    match media.name.as_str() {
        "multipart/signed" => {}
        // RFC 8551 §3.2.2; without the parameter the content may be anything, so it is not called signed.
        _ if media.is_pkcs7_mime("signed-data") => return Err(SignatureError::Opaque),
        _ => return Err(SignatureError::NotSigned),
    }
    // Another protocol, such as OpenPGP (RFC 3156), is a signature nobody here can check.
    if !media.parameter("protocol").is_some_and(is_signature_type) {
        return Err(SignatureError::NotSigned);
    }
    // RFC 2045 §6.4: the parts are not encoded as a whole; a reader that undoes it sees other parts.
    if entity.encoding(Layer::Header)?.is_base64() {
        return Err(malformed(Layer::Header, "a multipart is not encoded as a whole"));
    }
    let boundary = media.parameter("boundary").ok_or(malformed(Layer::Header, "the boundary is missing"))?;
    let boundary = Boundary::new(boundary).map_err(|reason| malformed(Layer::Header, reason))?;
    Ok((boundary, media.parameter("micalg").and_then(Hash::from_micalg)))
}

/// Verifies a detached signature over content whose digests the caller knows.
pub(crate) fn verified(
    signature: &[u8],
    digest_by: impl Fn(Hash) -> Option<Digest>,
) -> Result<Signature, SignatureError> {
    let data = signed_data(signature)?;
    let signer = only_signer(&data, ID_DATA)?;
    if data.content.econtent.is_some() {
        return Err(SignatureError::ContentAttached);
    }
    verified_signer(&data, signer, digest_by)
}

/// Verifies a signature around its own content, which is of this kind and is returned (RFC 5652 §5.2).
pub(crate) fn verified_around(octets: &[u8], kind: ObjectIdentifier) -> Result<(Signature, Vec<u8>), SignatureError> {
    let data = signed_data(octets)?;
    let signer = only_signer(&data, kind)?;
    let content = data.content.econtent.as_ref().ok_or(malformed(Layer::Cms, "it has no content"))?;
    let content: OctetString =
        content.decode_as().map_err(|_| malformed(Layer::Cms, "its content is not a string of octets"))?;
    let signature = verified_signer(&data, signer, |hash| Some(hash.of(content.as_bytes())))?;
    Ok((signature, content.into_bytes().into()))
}

fn signed_data(octets: &[u8]) -> Result<SignedData, SignatureError> {
    let der = ber::definite(octets).map_err(|error| malformed(Layer::Encoding, error.reason()))?;
    let info = ContentInfo::from_der(&der).map_err(|_| malformed(Layer::Cms, "it does not decode"))?;
    if info.content_type != ID_SIGNED_DATA {
        return Err(malformed(Layer::Cms, "it is not SignedData"));
    }
    info.content.decode_as().map_err(|_| malformed(Layer::Cms, "it does not decode"))
}

fn verified_signer(
    data: &SignedData,
    signer: &SignerInfo,
    digest_by: impl Fn(Hash) -> Option<Digest>,
) -> Result<Signature, SignatureError> {
    let hash = Hash::read(&signer.digest_alg)?;
    let algorithm = Algorithm::read(&signer.signature_algorithm, Some(hash))?;
    let (certificate, chain) = signer_and_chain(data, &signer.sid)?;
    let stated = read_attributes(signer, &certificate, data.content.econtent_type)?;
    let unannounced = malformed(Layer::Attributes, "the digest is not the one the header announced");
    let found = digest_by(hash).ok_or(unannounced.clone())?;
    if found.as_ref() != stated.digest {
        return Err(SignatureError::ContentChanged);
    }
    let sha256 = if hash == Hash::Sha256 { found } else { digest_by(Hash::Sha256).ok_or(unannounced)? };
    // RFC 5652 §5.4: the attributes are signed with the tag of a SET.
    let attributes = signer.signed_attrs.to_der().map_err(|_| malformed(Layer::Attributes, "they do not encode"))?;
    let key = certificate.decoded().tbs_certificate().subject_public_key_info();
    algorithm.verify(key, &attributes, signer.signature.as_bytes())?.map_err(|_| SignatureError::BadSignature)?;
    Ok(Signature {
        signer: certificate,
        chain,
        signing_time: stated.signing_time,
        digest: to_array(&sha256),
        algorithm,
        names_certificate: stated.names_certificate,
        time_stamp: stated.time_stamp,
        attributes,
        value: signer.signature.as_bytes().to_vec(),
    })
}

fn is_signature_type(name: &str) -> bool {
    ["application/pkcs7-signature", "application/x-pkcs7-signature"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Four letters for three octets, and room for a line end after every few letters.
pub(crate) const ENCODED_BYTES_MAX: usize = SIGNATURE_BYTES_MAX / 3 * 4 * 2;

pub(crate) fn too_large() -> SignatureError {
    SignatureError::TooLarge { what: "signature", limit: SIGNATURE_BYTES_MAX }
}

/// The second part: its type, and its body decoded.
pub(crate) fn signature_octets(part: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let wrong = |reason| malformed(Layer::Parts, reason);
    let entity = Entity::read(part, Layer::Parts)?;
    let media = entity.media_type(Layer::Parts)?.ok_or(wrong("the second part has no type"))?;
    if !is_signature_type(&media.name) {
        return Err(wrong("the second part is not a signature"));
    }
    within_limit(&entity)
}

/// The body of an entity that holds a signature, decoded.
pub(crate) fn within_limit(entity: &Entity<'_>) -> Result<Vec<u8>, SignatureError> {
    if entity.body.len() > ENCODED_BYTES_MAX {
        return Err(too_large());
    }
    let octets = entity.decoded(Layer::Parts)?;
    if octets.len() > SIGNATURE_BYTES_MAX { Err(too_large()) } else { Ok(octets) }
}

/// One signer over content of this kind, its digest announced (RFC 5652 §5.1, §5.2).
fn only_signer(data: &SignedData, kind: ObjectIdentifier) -> Result<&SignerInfo, SignatureError> {
    let [signer] = data.signers.as_slice() else { return Err(SignatureError::Signers(data.signers.len())) };
    // RFC 5652 §5.3
    let expected = match signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    // RFC 5652 §5.1: of the whole structure there were versions 1, 3, 4 and 5; writers disagree when each is due.
    if signer.version != expected || matches!(data.version, CmsVersion::V0 | CmsVersion::V2) {
        return Err(malformed(Layer::Cms, "its version is not that of its form"));
    }
    if data.content.econtent_type != kind {
        return Err(malformed(Layer::Cms, "what it signs is of another type"));
    }
    if !data.digest_algorithms.iter().any(|announced| announced.oid == signer.digest_alg.oid) {
        return Err(malformed(Layer::Cms, "the signer's digest is not announced"));
    }
    Ok(signer)
}

/// The certificate the signer names, and the others.
fn signer_and_chain(
    data: &SignedData,
    sid: &SignerIdentifier,
) -> Result<(Certificate, Vec<Certificate>), SignatureError> {
    let (all, broken) = data.certificates()?;
    let (mut named, chain): (Vec<_>, Vec<_>) = all.into_iter().partition(|certificate| is_named(certificate, sid));
    match (named.pop(), named.is_empty(), broken) {
        (Some(signer), true, _) => Ok((signer, chain)),
        (Some(_), false, _) => Err(malformed(Layer::Certificate, "two different ones answer to the signer's name")),
        (None, _, Some(_)) => Err(malformed(Layer::Certificate, "it does not decode")),
        (None, _, None) => Err(SignatureError::NoCertificate),
    }
}

fn is_named(certificate: &Certificate, sid: &SignerIdentifier) -> bool {
    let tbs = certificate.decoded().tbs_certificate();
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            matches!(tbs.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *id)
        }
    }
}

#[cfg(all(test, feature = "authority"))]
#[allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
pub(crate) mod tests {
    use super::*;
    use crate::authority::{Authority, KeyKind, Purpose, Request};
    use crate::identity::Identity;
    use crate::sign::sign;

    /// An office for one moment.
    pub(crate) fn office(at: Timestamp) -> Identity {
        let request = Request {
            common_name: "office",
            rfc822_name: "9912345678@example.jp",
            key: KeyKind::EcP256,
            purpose: Purpose::Mail,
            not_before: at,
            not_after: at,
        };
        Authority::create("CA", at).unwrap().issue(&request).unwrap()
    }

    #[test]
    fn a_signature_with_the_other_s_says_the_same() {
        let at = Timestamp::constant(1_793_873_410, 0);
        let office = office(at);
        let signed = |entity: &[u8]| Signed::read(&sign(entity, &office, at).unwrap()).unwrap().verify().unwrap();
        let (first, anew) = (signed(b"A: b\r\n\r\nplan"), signed(b"A: b\r\n\r\nplan"));
        assert_ne!(first.statement_digest(), anew.statement_digest(), "signed anew it is another word");
        let mut other = first.clone();
        let value = EcdsaValue::from_der(&first.value).unwrap();
        let s = [&[1], &value.s.as_bytes()[1..]].concat();
        other.value = EcdsaValue { r: value.r, s: UintRef::new(&s).unwrap() }.to_der().unwrap();
        assert_ne!(other.value, first.value);
        assert_eq!(other.statement_digest(), first.statement_digest());
    }
}
