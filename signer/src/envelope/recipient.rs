//! Who can open an envelope, and what the two ways to wrap a key for a recipient share.

use aws_lc_rs::agreement::{self, UnparsedPublicKey, agree};
use aws_lc_rs::digest;
use cms::cert::IssuerAndSerialNumber;
use cms::enveloped_data::{
    KeyAgreeRecipientIdentifier, OriginatorIdentifierOrKey, RecipientEncryptedKey, RecipientIdentifier, RecipientInfo,
};
use der::asn1::OctetString;
use der::{Any, Encode as _, Sequence};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use zeroize::Zeroizing;

use super::encapsulation::kem_info;
use super::unwrap::Wrapping;
use crate::algorithm::{KeyKind, rsa_size};
use crate::allowed::KeyWrap;
use crate::certificate::Certificate;

/// RFC 4055 §4.1; absent fields mean SHA-1.
#[derive(Sequence)]
pub(super) struct OaepParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) label: Option<Any>,
}

/// RFC 5753 §7.2.
#[derive(Sequence)]
struct SharedInfo {
    key_info: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    party: Option<OctetString>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    bits: OctetString,
}

/// Whether the holder of this certificate can open what was wrapped for it, a key of `key_bytes`: a way we know, of the
/// certificate's kind of key, of the right length. No key is needed to see it (Profile §5.10).
pub(crate) fn can_open(info: &RecipientInfo, certificate: &Certificate, key_bytes: usize) -> bool {
    // First what costs nothing: most are for somebody else.
    if !is_named(info, certificate) {
        return false;
    }
    let key = certificate.decoded().tbs_certificate().subject_public_key_info();
    let (Ok(wrapping), Ok(kind)) = (Wrapping::read(info), KeyKind::of(key)) else { return false };
    match (wrapping, kind) {
        (Wrapping::Pkcs1 { wrapped } | Wrapping::Oaep { wrapped, .. }, KeyKind::Rsa) => {
            rsa_size(key.subject_public_key.raw_bytes()) == Some(wrapped.len())
        }
        (Wrapping::Ecdh { info, .. }, KeyKind::P256 | KeyKind::P384) => {
            let OriginatorIdentifierOrKey::OriginatorKey(sender) = &info.originator else { return false };
            let mut own = info.recipient_enc_keys.iter().filter(|key| is_agreed_with(key, certificate));
            kind.has_point(sender.public_key.raw_bytes())
                && own.next().is_some_and(|own| own.enc_key.as_bytes().len() == key_bytes + WRAP_BYTES)
        }
        (Wrapping::Kem(encapsulation), kind) => encapsulation.fits(kind, key_bytes),
        _ => false,
    }
}

/// RFC 3394 §2.2.1: what a key wrap adds.
pub(super) const WRAP_BYTES: usize = 8;

/// Whether a recipient info names this certificate.
pub(crate) fn is_named(info: &RecipientInfo, certificate: &Certificate) -> bool {
    match info {
        RecipientInfo::Ktri(info) => is_identified(&info.rid, certificate),
        RecipientInfo::Kari(info) => info.recipient_enc_keys.iter().any(|key| is_agreed_with(key, certificate)),
        RecipientInfo::Ori(info) => kem_info(info).is_some_and(|info| is_identified(&info.rid, certificate)),
        _ => false,
    }
}

fn is_identified(id: &RecipientIdentifier, certificate: &Certificate) -> bool {
    match id {
        RecipientIdentifier::IssuerAndSerialNumber(id) => has_serial(certificate, id),
        RecipientIdentifier::SubjectKeyIdentifier(id) => has_key_id(certificate, id),
    }
}

pub(super) fn is_agreed_with(key: &RecipientEncryptedKey, certificate: &Certificate) -> bool {
    match &key.rid {
        KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(id) => has_serial(certificate, id),
        KeyAgreeRecipientIdentifier::RKeyId(id) => has_key_id(certificate, &id.subject_key_identifier),
    }
}

fn has_serial(certificate: &Certificate, id: &IssuerAndSerialNumber) -> bool {
    let tbs = certificate.decoded().tbs_certificate();
    id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
}

fn has_key_id(certificate: &Certificate, id: &SubjectKeyIdentifier) -> bool {
    let own = certificate.decoded().tbs_certificate().get_extension::<SubjectKeyIdentifier>();
    matches!(own, Ok(Some((_, own))) if own == *id)
}

/// The key-wrapping key of two parties: X9.63 over their shared secret (RFC 5753 §7.2, SEC 1 §3.6.1).
pub(super) fn wrapping_key(
    secret: &[u8],
    digest: &'static digest::Algorithm,
    (wrap, named): (KeyWrap, &AlgorithmIdentifierOwned),
    party: Option<&OctetString>,
) -> Option<Zeroizing<Vec<u8>>> {
    let size = wrap.key_bytes();
    let bits = OctetString::new((u32::try_from(size).ok()? * 8).to_be_bytes()).ok()?;
    let info = SharedInfo { key_info: named.clone(), party: party.cloned(), bits }.to_der().ok()?;
    // Room for one digest more than the key needs: it never moves.
    let mut key = Zeroizing::new(Vec::with_capacity(size + digest::MAX_OUTPUT_LEN));
    for counter in 1_u32.. {
        let mut context = digest::Context::new(digest);
        context.update(secret);
        context.update(&counter.to_be_bytes());
        context.update(&info);
        key.extend_from_slice(context.finish().as_ref());
        if key.len() >= size {
            break;
        }
    }
    key.truncate(size);
    Some(key)
}

/// The secret of our key and somebody's public one.
pub(crate) fn shared_secret(own: &agreement::PrivateKey, other: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    agree(own, UnparsedPublicKey::new(own.algorithm(), other), (), |secret| Ok(Zeroizing::new(secret.to_vec()))).ok()
}
