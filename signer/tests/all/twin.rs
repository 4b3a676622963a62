//! Certificates changed in one place and signed again.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use der::asn1::BitString;
use der::{Any, Decode as _, Encode as _, Sequence};
use fumibako_signer::Certificate;
use fumibako_signer::authority::Authority;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::ext::Extension;

/// RFC 5280 §4.1.2, as loose as it can be written.
#[derive(Clone, Sequence)]
pub(crate) struct Tbs {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) version: Option<u8>,
    pub(crate) serial: Any,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) issuer: Any,
    pub(crate) validity: Any,
    pub(crate) subject: Any,
    pub(crate) key: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) issuer_id: Option<BitString>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
struct Whole {
    tbs: Tbs,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// The twin of a certificate, signed again by its authority.
pub(crate) fn twin(certificate: &Certificate, ca: &Authority, change: impl FnOnce(&mut Tbs)) -> Certificate {
    let pem = ca.to_pem();
    let key = &pem[pem.find("-----BEGIN PRIVATE KEY-----").unwrap()..];
    let (_, key) = der::pem::decode_vec(key.as_bytes()).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key).unwrap();
    signed_by(certificate, change, |tbs| key.sign(&SystemRandom::new(), tbs).unwrap().as_ref().to_vec())
}

/// The twin of a certificate, signed by whomever.
pub(crate) fn signed_by(
    certificate: &Certificate,
    change: impl FnOnce(&mut Tbs),
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Certificate {
    let mut whole = Whole::from_der(certificate.der()).unwrap();
    change(&mut whole.tbs);
    whole.algorithm = whole.tbs.algorithm.clone();
    whole.signature = BitString::from_bytes(&sign(&whole.tbs.to_der().unwrap())).unwrap();
    Certificate::from_der(&whole.to_der().unwrap()).unwrap()
}
