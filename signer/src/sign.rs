//! Signing: a MIME entity becomes `multipart/signed` (RFC 1847 §2.1, RFC 8551 §3.5.3) with a detached CMS signature.

use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_DATA, ID_SIGNED_DATA};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _, Tag};
use jiff::Timestamp;
use x509_cert::attr::Attribute;

use crate::algorithm::RsaPadding;
use crate::capabilities::Capabilities;
use crate::certificate::Certificate;
use crate::cms::{SignedData, attributes_for};
use crate::error::SignError;
use crate::ess::{Receipts, holds_receipt};
use crate::hex::hex;
use crate::identity::Identity;
use crate::mime::push_base64;

/// What a signature says or does beyond the usual. By default nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signing<'s> {
    /// The signed receipts to ask for.
    pub receipts: Option<Receipts<'s>>,
    /// How an RSA key signs.
    pub rsa: RsaPadding,
    /// Whether to say that a receipt is inside what is signed, which is an envelope (RFC 2634 §2.4 step 11).
    pub holds_receipt: bool,
}

/// Signs an entity: header fields, an empty line and a body, every line ending with CRLF.
///
/// The result begins with its `Content-Type` and goes under the message's own header fields, `MIME-Version` among them.
pub fn sign(entity: &[u8], identity: &Identity, at: Timestamp) -> Result<Vec<u8>, SignError> {
    sign_with(entity, identity, &Signing::default(), at)
}

/// Signs an entity as [`sign`] does, and does what `signing` asks for.
pub fn sign_with(
    entity: &[u8],
    identity: &Identity,
    signing: &Signing<'_>,
    at: Timestamp,
) -> Result<Vec<u8>, SignError> {
    is_canonical(entity)?;
    let mut beside = vec![Capabilities::OURS.attribute()?];
    if let Some(receipts) = &signing.receipts {
        beside.push(receipts.attribute(identity.certificate(), at)?);
    }
    if signing.holds_receipt {
        beside.push(holds_receipt()?);
    }
    let content = Content { kind: ID_DATA, octets: entity, attached: false, beside, certificates: true };
    let signature = signed_data(content, identity, signing.rsa, at)?;
    let mut random = [0; 18];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| SignError::Provider)?;
    // 144 random bits: no entity contains its own boundary.
    let boundary = format!("=_{}", hex(&random));
    let micalg = identity.key().hash().micalg();

    let head = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={micalg};\r\n\
         \x20boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
    );
    let mut tail = format!(
        "\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
    )
    .into_bytes();
    push_base64(&mut tail, &signature);
    tail.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok([head.as_bytes(), entity, &tail].concat())
}

/// RFC 8551 §3.1.1: what is signed must survive transport, so every line ends with CRLF.
fn is_canonical(entity: &[u8]) -> Result<(), SignError> {
    let bare = |at: usize| match entity[at] {
        b'\r' => entity.get(at + 1) != Some(&b'\n'),
        _ => at == 0 || entity[at - 1] != b'\r',
    };
    if memchr::memchr2_iter(b'\r', b'\n', entity).any(bare) {
        return Err(SignError::BareLineEnd);
    }
    let headless = entity.starts_with(b"\r\n");
    if !headless && memchr::memmem::find(entity, b"\r\n\r\n").is_none() {
        return Err(SignError::NotMime);
    }
    Ok(())
}

/// What is signed, and how it stands in the structure.
pub(crate) struct Content<'c> {
    /// RFC 5652 §5.2: what the octets are.
    pub(crate) kind: ObjectIdentifier,
    pub(crate) octets: &'c [u8],
    /// Inside the structure, or beside it.
    pub(crate) attached: bool,
    /// Signed attributes beyond those of every signature.
    pub(crate) beside: Vec<Attribute>,
    /// Whether the signer's certificate and chain travel along.
    pub(crate) certificates: bool,
}

/// A CMS `SignedData` over `content` (RFC 5652 §5), as DER.
pub(crate) fn signed_data(
    content: Content<'_>,
    identity: &Identity,
    rsa: RsaPadding,
    at: Timestamp,
) -> Result<Vec<u8>, SignError> {
    let (key, certificate) = (identity.key(), identity.certificate());
    let hash = key.hash();
    let (digest_alg, signature_algorithm) = (hash.identifier(), key.algorithm(rsa)?);
    let digest = hash.of(content.octets);
    let algorithms = (&digest_alg, &signature_algorithm);
    let mut attributes = attributes_for(content.kind, digest.as_ref(), at, certificate, algorithms)?;
    attributes.extend(content.beside);
    let attributes = SetOfVec::try_from(attributes).map_err(encoding)?;
    // RFC 5652 §5.4: signed with the tag of a SET, carried with [0].
    let signature = key.sign(&attributes.to_der().map_err(encoding)?, rsa)?;

    let tbs = certificate.decoded().tbs_certificate();
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        }),
        digest_alg: digest_alg.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm,
        signature: OctetString::new(signature).map_err(encoding)?,
        unsigned_attrs: None,
    };
    let attached =
        content.attached.then(|| Any::new(Tag::OctetString, content.octets)).transpose().map_err(encoding)?;
    let data = SignedData {
        // RFC 5652 §5.1: version 3 for content other than data.
        version: if content.kind == ID_DATA { CmsVersion::V1 } else { CmsVersion::V3 },
        digest_algorithms: SetOfVec::try_from(vec![digest_alg]).map_err(encoding)?,
        content: EncapsulatedContentInfo { econtent_type: content.kind, econtent: attached },
        certificates: content.certificates.then(|| certificates(identity)).transpose()?,
        crls: None,
        signers: SetOfVec::try_from(vec![signer]).map_err(encoding)?,
    };
    let content = Any::encode_from(&data).map_err(encoding)?;
    ContentInfo { content_type: ID_SIGNED_DATA, content }.to_der().map_err(encoding)
}

/// RFC 8551 §2.3: the signer's certificate and the authorities above it.
fn certificates(identity: &Identity) -> Result<SetOfVec<Any>, SignError> {
    let raw = |certificate: &Certificate| Any::from_der(certificate.der()).map_err(encoding);
    let all = std::iter::once(identity.certificate()).chain(identity.chain());
    SetOfVec::try_from(all.map(raw).collect::<Result<Vec<_>, _>>()?).map_err(encoding)
}

/// These structures are ours and small; an encoder that fails on them is the provider's fault.
fn encoding(_: der::Error) -> SignError {
    SignError::Provider
}
