//! Signing: a MIME entity becomes `multipart/signed` (RFC 1847 §2.1, RFC 8551 §3.5.3) with a detached CMS signature.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo};
use const_oid::db::rfc5911::{ID_DATA, ID_SIGNED_DATA};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _};
use jiff::Timestamp;

use crate::certificate::{Certificate, hex};
use crate::cms::{SignedData, attributes_for};
use crate::error::SignError;
use crate::identity::Identity;

/// Signs an entity: header fields, an empty line and a body, every line ending with CRLF.
///
/// The result begins with its `Content-Type` and goes under the message's own header fields, `MIME-Version` among them.
pub fn sign(entity: &[u8], identity: &Identity, at: Timestamp) -> Result<Vec<u8>, SignError> {
    is_canonical(entity)?;
    let signature = detached(entity, identity, at)?;
    let mut random = [0; 18];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| SignError::Provider)?;
    // 144 random bits: no entity contains its own boundary.
    let boundary = format!("=_{}", hex(&random));
    let micalg = identity.key().hash().micalg();
    let encoded = STANDARD.encode(signature);

    let mut head = String::new();
    let _ = write!(
        head,
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={micalg};\r\n\
         \x20boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
    );
    let mut tail = format!(
        "\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
    );
    for line in encoded.as_bytes().chunks(76) {
        tail.extend(line.iter().map(|byte| char::from(*byte)));
        tail.push_str("\r\n");
    }
    let _ = write!(tail, "--{boundary}--\r\n");
    Ok([head.as_bytes(), entity, tail.as_bytes()].concat())
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

/// A CMS `SignedData` over `content` without the content (RFC 5652 §5), as DER.
fn detached(content: &[u8], identity: &Identity, at: Timestamp) -> Result<Vec<u8>, SignError> {
    let (key, certificate) = (identity.key(), identity.certificate());
    let hash = key.hash();
    let (digest_alg, signature_algorithm) = (hash.identifier(), key.algorithm());
    let digest = hash.of(content);
    let attributes = attributes_for(digest.as_ref(), at, certificate, (&digest_alg, &signature_algorithm))?;
    // RFC 5652 §5.4: signed with the tag of a SET, carried with [0].
    let signature = key.sign(&attributes.to_der().map_err(encoding)?)?;

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
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![digest_alg]).map_err(encoding)?,
        content: EncapsulatedContentInfo { econtent_type: ID_DATA, econtent: None },
        certificates: Some(certificates(identity)?),
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
