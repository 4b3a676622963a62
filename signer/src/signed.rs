//! Verifying: whose signature is this, over exactly which octets? Whether that signer is to be believed is decided by
//! [`crate::Trust`].

use aws_lc_rs::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignerIdentifier, SignerInfo};
use const_oid::db::rfc5911::{ID_DATA, ID_SIGNED_DATA};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::algorithm::{Algorithm, Hash, to_array};
use crate::ber;
use crate::certificate::Certificate;
use crate::cms::{SignedData, malformed, read_attributes};
use crate::error::{Layer, SignatureError};
use crate::limits::SIGNATURE_BYTES_MAX;
use crate::mime::{Entity, MediaType};
use crate::multipart::{Boundary, two_parts};

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
#[derive(Clone, Debug)]
pub struct Signature {
    signer: Certificate,
    chain: Vec<Certificate>,
    signing_time: Option<Timestamp>,
    digest: [u8; 32],
    algorithm: Algorithm,
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
}

/// What the message's own header says about its outer layer (RFC 1847 §2.1): the boundary, and the digest announced.
pub(crate) fn outer_layer(entity: &Entity<'_>) -> Result<(Boundary, Option<Hash>), SignatureError> {
    let media = entity.media_type(Layer::Header)?.ok_or(SignatureError::NotSigned)?;
    match media.name.as_str() {
        "multipart/signed" => {}
        "application/pkcs7-mime" | "application/x-pkcs7-mime" if is_signed_data(&media) => {
            return Err(SignatureError::Opaque);
        }
        _ => return Err(SignatureError::NotSigned),
    }
    // Another protocol, such as OpenPGP (RFC 3156), is a signature nobody here can check.
    if !media.parameter("protocol").is_some_and(is_signature_type) {
        return Err(SignatureError::NotSigned);
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
    let der = ber::definite(signature).map_err(|error| malformed(Layer::Encoding, error.reason()))?;
    let info = ContentInfo::from_der(&der).map_err(|_| malformed(Layer::Cms, "it does not decode"))?;
    if info.content_type != ID_SIGNED_DATA {
        return Err(malformed(Layer::Cms, "it is not SignedData"));
    }
    let data: SignedData = info.content.decode_as().map_err(|_| malformed(Layer::Cms, "it does not decode"))?;
    let signer = only_signer(&data)?;
    let hash = Hash::read(&signer.digest_alg)?;
    let algorithm = Algorithm::read(&signer.signature_algorithm, Some(hash))?;
    let (certificate, chain) = signer_and_chain(&data, &signer.sid)?;
    let stated = read_attributes(signer, &certificate)?;
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
    let digest = to_array(&sha256);
    Ok(Signature { digest, signing_time: stated.signing_time, signer: certificate, chain, algorithm })
}

/// RFC 8551 §3.2.2; without the parameter the content may be anything, so it is not called signed.
fn is_signed_data(media: &MediaType) -> bool {
    media.parameter("smime-type").is_some_and(|kind| kind.eq_ignore_ascii_case("signed-data"))
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
    let limit = too_large();
    let encoding = entity.field("Content-Transfer-Encoding", Layer::Parts)?.unwrap_or("7bit");
    let octets = match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            if entity.body.len() > ENCODED_BYTES_MAX {
                return Err(limit);
            }
            let letters: Vec<u8> = entity.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode(letters).map_err(|_| wrong("the signature is not base64"))?
        }
        "binary" | "8bit" | "7bit" => entity.body.to_vec(),
        _ => return Err(wrong("the signature's transfer encoding is unknown")),
    };
    if octets.len() > SIGNATURE_BYTES_MAX { Err(limit) } else { Ok(octets) }
}

/// One signer over external data, its digest announced (RFC 5652 §5.1, §5.2).
fn only_signer(data: &SignedData) -> Result<&SignerInfo, SignatureError> {
    let [signer] = data.signers.as_slice() else { return Err(SignatureError::Signers(data.signers.len())) };
    if data.content.econtent.is_some() {
        return Err(SignatureError::ContentAttached);
    }
    if data.content.econtent_type != ID_DATA {
        return Err(malformed(Layer::Cms, "it does not sign data"));
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
