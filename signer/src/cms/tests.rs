use std::sync::LazyLock;

use const_oid::db::rfc5911::ID_DATA;

use super::*;
use crate::algorithm::Hash;
use crate::authority::Authority;

const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);

/// Two certificates, any two.
fn certificate(which: usize) -> Certificate {
    static BOTH: LazyLock<[Certificate; 2]> =
        LazyLock::new(|| ["一", "二"].map(|name| Authority::create(name, AT).unwrap().certificate().clone()));
    BOTH[which - 1].clone()
}

/// A signer as we write it, before `change` touches it.
fn signer(change: impl FnOnce(&mut SignerInfo)) -> SignerInfo {
    let (digest_alg, signature_algorithm) = (Hash::Sha256.identifier(), Hash::Sha512.identifier());
    let attributes =
        attributes_for(ID_DATA, &[7; 32], AT, &certificate(1), (&digest_alg, &signature_algorithm)).unwrap();
    let mut signer = SignerInfo {
        version: CmsVersion::V1,
        sid: cms::signed_data::SignerIdentifier::SubjectKeyIdentifier(x509_cert::ext::pkix::SubjectKeyIdentifier(
            OctetString::new([1]).unwrap(),
        )),
        digest_alg,
        signed_attrs: Some(SetOfVec::try_from(attributes).unwrap()),
        signature_algorithm,
        signature: OctetString::new([]).unwrap(),
        unsigned_attrs: None,
    };
    change(&mut signer);
    signer
}

fn add(set: &mut Option<SignedAttributes>, attribute: Attribute) {
    set.get_or_insert_default().insert(attribute).unwrap();
}

fn remove(signer: &mut SignerInfo, oid: ObjectIdentifier) {
    let kept = signer.signed_attrs.take().unwrap().into_vec().into_iter().filter(|attribute| attribute.oid != oid);
    signer.signed_attrs = Some(SetOfVec::from_iter(kept).unwrap());
}

#[track_caller]
fn check(change: impl FnOnce(&mut SignerInfo), reason: &'static str) {
    let read = read_attributes(&signer(change), &certificate(1), ID_DATA).map(|stated| stated.digest);
    assert_eq!(read, Err(malformed(Layer::Attributes, reason)));
}

#[test]
fn what_is_stated_is_read() {
    let stated = read_attributes(&signer(|_| {}), &certificate(1), ID_DATA).unwrap();
    assert!(stated.names_certificate);
    assert_eq!((stated.digest.as_slice(), stated.signing_time), ([7; 32].as_slice(), Some(AT)));
    let read = read_attributes(&signer(|_| {}), &certificate(2), ID_DATA).map(|stated| stated.digest);
    assert_eq!(read, Err(SignatureError::OtherCertificate));
}

/// The older attribute, as programs of its time and many time-stamping authorities write it.
#[test]
fn the_older_signing_certificate_counts_too() {
    let old = |which| {
        move |signer: &mut SignerInfo| {
            remove(signer, SIGNING_CERTIFICATE_V2);
            let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate(which).der());
            let certs = vec![EssCertId { hash: octets(hash.as_ref()).unwrap(), issuer_serial: None }];
            let named = SigningCertificate { certs, policies: None };
            add(&mut signer.signed_attrs, attribute(SIGNING_CERTIFICATE, &named).unwrap());
        }
    };
    assert!(read_attributes(&signer(old(1)), &certificate(1), ID_DATA).unwrap().names_certificate);
    let read = read_attributes(&signer(old(2)), &certificate(1), ID_DATA).map(|stated| stated.digest);
    assert_eq!(read, Err(SignatureError::OtherCertificate));
    let nameless = signer(|signer| remove(signer, SIGNING_CERTIFICATE_V2));
    assert!(!read_attributes(&nameless, &certificate(1), ID_DATA).unwrap().names_certificate);
}

#[test]
fn only_the_signing_time_and_the_newer_attributes_may_be_missing() {
    for oid in [ID_SIGNING_TIME, SIGNING_CERTIFICATE_V2, ALGORITHM_PROTECTION] {
        assert!(read_attributes(&signer(|signer| remove(signer, oid)), &certificate(1), ID_DATA).is_ok());
    }
    check(|signer| signer.signed_attrs = None, "the signature has none");
    check(|signer| remove(signer, ID_CONTENT_TYPE), "the content type is not that of the content");
    check(|signer| remove(signer, ID_MESSAGE_DIGEST), "the message digest is missing");
}

#[test]
fn an_attribute_stands_once_with_one_value() {
    for oid in [ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_TIME, SIGNING_CERTIFICATE_V2, ALGORITHM_PROTECTION] {
        let doubled = |signer: &mut SignerInfo| {
            let all = signer.signed_attrs.clone().unwrap().into_vec();
            add(&mut signer.signed_attrs, all.into_iter().find(|attribute| attribute.oid == oid).unwrap());
        };
        check(doubled, "one stands more than once");
        let two_values = |signer: &mut SignerInfo| {
            remove(signer, oid);
            let values = SetOfVec::try_from(vec![Any::null(), Any::null()]).unwrap();
            add(&mut signer.signed_attrs, Attribute { oid, values });
        };
        check(two_values, "one stands more than once");
    }
}

#[test]
fn an_attribute_has_a_value() {
    let empty = Attribute { oid: ObjectIdentifier::new_unwrap("1.2.3"), values: SetOfVec::new() };
    check(|signer| add(&mut signer.signed_attrs, empty.clone()), "one has no value");
    check(|signer| add(&mut signer.unsigned_attrs, empty.clone()), "one has no value");
}

/// RFC 5652 §11.3
#[test]
fn a_signing_time_is_written_as_its_year_wants() {
    let at = |year| {
        move |signer: &mut SignerInfo| {
            remove(signer, ID_SIGNING_TIME);
            let instant = der::DateTime::new(year, 1, 1, 0, 0, 0).unwrap();
            let time = der::asn1::GeneralizedTime::from_date_time(instant);
            add(&mut signer.signed_attrs, attribute(ID_SIGNING_TIME, &time).unwrap());
        }
    };
    check(at(2049), "the signing time is not written as its year wants");
    assert!(read_attributes(&signer(at(2050)), &certificate(1), ID_DATA).is_ok());
}

/// RFC 5035 §5
#[test]
fn the_signing_certificate_is_named_by_its_own_issuer_and_serial() {
    let named = |issuer: usize, serial: usize| {
        let signer = signer(|signer| {
            remove(signer, SIGNING_CERTIFICATE_V2);
            let name = certificate(issuer).decoded().tbs_certificate().issuer().clone();
            let serial = certificate(serial).decoded().tbs_certificate().serial_number().clone();
            let issuer_serial = Some(IssuerSerial { issuer: vec![GeneralName::DirectoryName(name)], serial });
            let hash = octets(&certificate(1).fingerprint()).unwrap();
            let certs = vec![EssCertIdV2 { hash_algorithm: None, hash, issuer_serial }];
            let value = SigningCertificateV2 { certs, policies: None };
            add(&mut signer.signed_attrs, attribute(SIGNING_CERTIFICATE_V2, &value).unwrap());
        });
        read_attributes(&signer, &certificate(1), ID_DATA).map(|stated| stated.names_certificate)
    };
    assert_eq!(named(1, 1), Ok(true));
    assert_eq!(
        [named(2, 1), named(1, 2)],
        [Err(SignatureError::OtherCertificate), Err(SignatureError::OtherCertificate)]
    );
}

#[test]
fn an_attribute_is_what_it_is_called() {
    for oid in [ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_TIME, SIGNING_CERTIFICATE_V2, ALGORITHM_PROTECTION] {
        let empty = |signer: &mut SignerInfo| {
            remove(signer, oid);
            add(&mut signer.signed_attrs, attribute(oid, &Any::null()).unwrap());
        };
        check(empty, "one does not decode");
    }
    let other = |signer: &mut SignerInfo| {
        remove(signer, ID_CONTENT_TYPE);
        add(&mut signer.signed_attrs, attribute(ID_CONTENT_TYPE, &ID_SIGNING_TIME).unwrap());
    };
    check(other, "the content type is not that of the content");
}

#[test]
fn what_must_be_signed_does_not_stand_among_the_unsigned() {
    for oid in MUST_BE_SIGNED {
        let unsigned = |signer: &mut SignerInfo| add(&mut signer.unsigned_attrs, attribute(oid, &Any::null()).unwrap());
        check(unsigned, "one that must be signed is not");
    }
    let harmless = |signer: &mut SignerInfo| {
        // RFC 5652 §11.4: a countersignature never is.
        let countersignature = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.6");
        add(&mut signer.unsigned_attrs, attribute(countersignature, &Any::null()).unwrap());
    };
    assert!(read_attributes(&signer(harmless), &certificate(1), ID_DATA).is_ok());
}

#[test]
fn the_algorithms_are_those_that_were_signed() {
    let reason = "the algorithms are not those that were signed";
    check(|signer| signer.digest_alg = Hash::Sha384.identifier(), reason);
    check(|signer| signer.signature_algorithm = Hash::Sha384.identifier(), reason);
}

#[test]
fn a_time_is_written_as_its_century_wants() {
    assert!(matches!(time("2049-12-31T23:59:59Z".parse().unwrap()), Some(Time::UtcTime(_))));
    assert!(matches!(time("2050-01-01T00:00:00Z".parse().unwrap()), Some(Time::GeneralTime(_))));
    assert!(time("1969-12-31T23:59:59Z".parse().unwrap()).is_none());
}
