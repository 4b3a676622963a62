//! ML-DSA signs (RFC 9882) and ML-KEM carries keys (RFC 9936), with the feature `pqc`. Certificates are twins of others, with
//! such a key in place of theirs; no other program at hand reads them, so the published numbers stand in for one.

use aws_lc_rs::kem::{self, DecapsulationKey};
use aws_lc_rs::signature::{KeyPair as _, PqdsaKeyPair, PqdsaSigningAlgorithm};
use aws_lc_rs::signature::{ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use const_oid::ObjectIdentifier;
use der::asn1::{BitString, OctetString};
use der::pem::LineEnding;
use der::{Encode as _, Sequence};
use fumibako_signer::authority::{Authority, KeyKind};
use fumibako_signer::{
    Algorithm, Certificate, Cipher, DecryptError, Enveloped, Hash, Identity, IdentityError, MlDsa, Refused, Sealing,
    SignatureError, Signed, Trust, encrypt, open, seal,
};
use pkcs8::PrivateKeyInfoRef;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::people::{AT, ENTITY, authority, message, office};
use crate::twin::{signed_by, twin};

const ML_DSA: [(&PqdsaSigningAlgorithm, &str, MlDsa); 3] = [
    (&ML_DSA_44_SIGNING, "2.16.840.1.101.3.4.3.17", MlDsa::MlDsa44),
    (&ML_DSA_65_SIGNING, "2.16.840.1.101.3.4.3.18", MlDsa::MlDsa65),
    (&ML_DSA_87_SIGNING, "2.16.840.1.101.3.4.3.19", MlDsa::MlDsa87),
];
pub(crate) const ML_KEM: [(&kem::Algorithm, &str); 3] = [
    (&kem::ML_KEM_512, "2.16.840.1.101.3.4.4.1"),
    (&kem::ML_KEM_768, "2.16.840.1.101.3.4.4.2"),
    (&kem::ML_KEM_1024, "2.16.840.1.101.3.4.4.3"),
];

fn named(oid: &str) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ObjectIdentifier::new(oid).unwrap(), parameters: None }
}

fn public(oid: &str, key: &[u8]) -> SubjectPublicKeyInfoOwned {
    SubjectPublicKeyInfoOwned { algorithm: named(oid), subject_public_key: BitString::from_bytes(key).unwrap() }
}

fn with_key(private: &[u8], certificate: &Certificate) -> Result<Identity, IdentityError> {
    let key = der::pem::encode_string("PRIVATE KEY", LineEnding::LF, private).unwrap();
    Identity::from_pem((key + &certificate.to_pem()).as_bytes(), None)
}

/// An office that signs by ML-DSA.
fn signing_office(ca: &Authority, algorithm: &'static PqdsaSigningAlgorithm, oid: &str) -> Identity {
    let key = PqdsaKeyPair::generate(algorithm).unwrap();
    let certificate = twin(office(ca, KeyKind::Rsa2048).certificate(), ca, |tbs| {
        tbs.key = public(oid, key.public_key().as_ref());
    });
    with_key(key.to_pkcs8v1().unwrap().as_ref(), &certificate).unwrap()
}

/// RFC 9935 §6: a seed and the expanded key.
#[derive(Sequence)]
struct Both {
    seed: OctetString,
    expanded: OctetString,
}

fn pkcs8(oid: &str, private: &[u8]) -> Vec<u8> {
    let algorithm = spki::AlgorithmIdentifierRef { oid: ObjectIdentifier::new(oid).unwrap(), parameters: None };
    let private_key = der::asn1::OctetStringRef::new(private).unwrap();
    PrivateKeyInfoRef::new(algorithm, private_key).to_der().unwrap()
}

/// An office that receives by ML-KEM, and its key as it stands inside PKCS#8.
pub(crate) fn receiving_office(ca: &Authority, algorithm: &'static kem::Algorithm, oid: &str) -> (Identity, Vec<u8>) {
    let key = DecapsulationKey::generate(algorithm).unwrap();
    let own = key.encapsulation_key().unwrap().key_bytes().unwrap().as_ref().to_vec();
    let certificate = twin(office(ca, KeyKind::Rsa2048).certificate(), ca, |tbs| tbs.key = public(oid, &own));
    let expanded = OctetString::new(key.key_bytes().unwrap().as_ref()).unwrap();
    let alone = expanded.to_der().unwrap();
    let both = Both { seed: OctetString::new([7; 64]).unwrap(), expanded }.to_der().unwrap();
    with_key(&pkcs8(oid, &both), &certificate).unwrap();
    (with_key(&pkcs8(oid, &alone), &certificate).unwrap(), alone)
}

// Profile §4.17
#[test]
fn ml_dsa_signs_and_is_believed() {
    let ca = authority();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    for (algorithm, oid, set) in ML_DSA {
        let office = signing_office(&ca, algorithm, oid);
        let message = message(ENTITY, &office);
        assert!(message.windows(14).any(|text| text == b"micalg=sha-512"), "{set:?}");
        let signature = Signed::read(&message).unwrap().verify().unwrap();
        assert_eq!(signature.algorithm(), Algorithm::MlDsa(set, Hash::Sha512));
        assert_eq!(trust.check(&signature, AT), Ok(()));

        let changed = String::from_utf8(message).unwrap().replace("ODNY", "ODNZ");
        let read = Signed::read(changed.as_bytes()).unwrap().verify();
        assert_eq!(read.map(|_| ()), Err(SignatureError::ContentChanged));
    }
}

#[test]
fn an_authority_may_sign_by_ml_dsa() {
    let (ca, key) = (authority(), PqdsaKeyPair::generate(&ML_DSA_65_SIGNING).unwrap());
    let oid = "2.16.840.1.101.3.4.3.18";
    let sign = |octets: &[u8]| {
        let mut signature = vec![0; ML_DSA_65_SIGNING.signature_len()];
        key.sign(octets, &mut signature).unwrap();
        signature
    };
    let root = signed_by(
        ca.certificate(),
        |tbs| {
            tbs.key = public(oid, key.public_key().as_ref());
            tbs.algorithm = named(oid);
        },
        sign,
    );
    let plain = office(&ca, KeyKind::EcP256);
    let leaf = signed_by(plain.certificate(), |tbs| tbs.algorithm = named(oid), sign);
    let trust = Trust::new([root]).unwrap();
    assert_eq!(trust.check_certificate(&leaf, &[], AT), Ok(()));
    assert!(trust.check_certificate(plain.certificate(), &[], AT).is_err());
}

// Profile §4.17
#[test]
fn ml_kem_carries_keys_beside_other_ways() {
    let ca = authority();
    let others = [KeyKind::Rsa2048, KeyKind::EcP256].map(|key| office(&ca, key));
    for (algorithm, oid) in ML_KEM {
        let (reader, _) = receiving_office(&ca, algorithm, oid);
        let readers: Vec<_> = others.iter().chain([&reader]).map(|one| one.certificate().clone()).collect();
        for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
            let entity = encrypt(ENTITY, &readers, cipher).unwrap();
            for one in others.iter().chain([&reader]) {
                let envelope = Enveloped::read(&entity).unwrap();
                assert!(envelope.is_for(one.certificate(), AT));
                assert_eq!(*envelope.decrypt(std::slice::from_ref(one)).unwrap(), ENTITY);
            }
        }
        // The certificate's name with another key: nothing is told but that it does not open.
        let (stranger, key) = receiving_office(&ca, algorithm, oid);
        let entity = encrypt(ENTITY, &readers, Cipher::Aes256Gcm).unwrap();
        assert!(!Enveloped::read(&entity).unwrap().is_for(stranger.certificate(), AT));
        assert_eq!(with_key(&pkcs8(oid, &key), reader.certificate()).err(), Some(IdentityError::NoCertificate));
    }
}

#[test]
fn a_seal_goes_from_ml_dsa_to_ml_kem() {
    let ca = authority();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    let sender = signing_office(&ca, &ML_DSA_65_SIGNING, "2.16.840.1.101.3.4.3.18");
    let (reader, _) = receiving_office(&ca, &kem::ML_KEM_768, "2.16.840.1.101.3.4.4.2");
    let recipients = [reader.certificate().clone()];
    let sealing = Sealing { routing: b"", signer: &sender, recipients: &recipients, cipher: Cipher::Aes256Gcm };
    let sealed = seal(ENTITY, &sealing, AT).unwrap();
    let opened = open(&sealed, &trust, std::slice::from_ref(&reader), AT).unwrap();
    assert_eq!(opened.entity(), ENTITY);
    assert_eq!(opened.inner().signer(), sender.certificate());
    // A changed ciphertext decapsulates to another secret (FIPS 203 §6.3): the same answer as ever.
    let entity = encrypt(ENTITY, &recipients, Cipher::Aes256Gcm).unwrap();
    let body = memchr::memmem::find(&entity, b"\r\n\r\n").unwrap() + 4;
    let letters: Vec<u8> = entity[body..].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut octets = STANDARD.decode(letters).unwrap();
    // An OCTET STRING of 1088 octets.
    let ciphertext = memchr::memmem::find(&octets, &[4, 0x82, 4, 0x40]).unwrap() + 4;
    octets[ciphertext + 500] ^= 1;
    let forged = [&entity[..body], STANDARD.encode(&octets).as_bytes(), b"\r\n"].concat();
    let read = |entity: &[u8]| Enveloped::read(entity).unwrap().decrypt(std::slice::from_ref(&reader)).map(|_| ());
    assert_eq!((read(&entity), read(&forged)), (Ok(()), Err(DecryptError::Undecryptable)));
}

#[test]
fn keys_that_are_none_are_refused_by_name() {
    let ca = authority();
    let oid = "2.16.840.1.101.3.4.4.2";
    let (reader, key) = receiving_office(&ca, &kem::ML_KEM_768, oid);
    let seed = [&[0x80, 64][..], &[7; 64]].concat();
    let refused = Refused::Unknown("ML-KEM-768 as a seed alone".to_owned());
    assert_eq!(with_key(&pkcs8(oid, &seed), reader.certificate()).err(), Some(IdentityError::Key(refused)));
    assert!(with_key(&pkcs8(oid, &key[..key.len() - 1]), reader.certificate()).is_err());
    // FIPS 203 §7.2: a coefficient not below the modulus; and a key of another size.
    for public_key in [vec![0xff; 1184], vec![0; 1183]] {
        let odd = twin(reader.certificate(), &ca, |tbs| tbs.key = public(oid, &public_key));
        assert!(encrypt(ENTITY, &[odd], Cipher::Aes256Gcm).is_err());
    }
    // A key that only receives signs nothing.
    assert!(fumibako_signer::sign(ENTITY, &reader, AT).is_err());
    let signer = signing_office(&ca, &ML_DSA_44_SIGNING, "2.16.840.1.101.3.4.3.17");
    assert!(encrypt(ENTITY, &[signer.certificate().clone()], Cipher::Aes256Gcm).is_err());
    assert_eq!(format!("{reader:?}").matches("‹ML-KEM private key›").count(), 1);
}
