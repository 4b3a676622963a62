//! Certificates that a trusted authority signed and should not have (RFC 5280), each the twin of a good one; and odd ones that
//! are good.

use const_oid::ObjectIdentifier;
use der::asn1::{BitString, OctetString};
use der::{Any, Encode as _, Tag};
use fumibako_signer::authority::KeyKind;
use fumibako_signer::{Certificate, CertificateError, Refused, Trust};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::ext::Extension;

use crate::openssl::Openssl;
use crate::people::{AT, authority, days, office};
use crate::twin::{Tbs, twin};

fn verdict(change: impl FnOnce(&mut Tbs)) -> Result<(), CertificateError> {
    let ca = authority();
    let certificate = twin(office(&ca, KeyKind::EcP256).certificate(), &ca, change);
    Trust::new([ca.certificate().clone()]).unwrap().check_certificate(&certificate, &[], AT)
}

/// Below a lower authority that was changed.
fn verdict_below(change: impl FnOnce(&mut Tbs), change_leaf: impl FnOnce(&mut Tbs)) -> Result<(), CertificateError> {
    let root = authority();
    let lower = root.issue_authority("下位認証局", AT - days(2), 0).unwrap();
    let leaf = twin(office(&lower, KeyKind::EcP256).certificate(), &lower, change_leaf);
    let helpers = [twin(lower.certificate(), &root, change)];
    Trust::new([root.certificate().clone()]).unwrap().check_certificate(&leaf, &helpers, AT)
}

#[track_caller]
fn forbidden(reason: &'static str, change: impl FnOnce(&mut Tbs)) {
    assert_eq!(verdict(change), Err(CertificateError::Malformed(reason)));
}

fn extension(oid: &str, critical: bool, value: &[u8]) -> Extension {
    Extension { extn_id: oid.parse().unwrap(), critical, extn_value: OctetString::new(value).unwrap() }
}

/// In place of the extension of this kind, or beside the others.
fn with(tbs: &mut Tbs, new: Extension) {
    let all = tbs.extensions.get_or_insert_default();
    all.retain(|extension| extension.extn_id != new.extn_id);
    all.push(new);
}

fn of(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    [&[tag, u8::try_from(inside.len()).unwrap()], inside.as_slice()].concat()
}

const ALT_NAME: &str = "2.5.29.17";
const USAGE: &str = "2.5.29.15";
const BASIC: &str = "2.5.29.19";
const NAMES: &str = "2.5.29.30";
const PURPOSES: &str = "2.5.29.37";

#[test]
fn the_twin_itself_is_believed() {
    assert_eq!(verdict(|_| ()), Ok(()));
    assert_eq!(verdict_below(|_| (), |_| ()), Ok(()));
}

/// RFC 5280 §4.1.2.2
#[test]
fn a_serial_number_is_positive_and_short() {
    let serial = |octets: &[u8]| {
        let serial = Any::new(Tag::Integer, octets).unwrap();
        verdict(|tbs| tbs.serial = serial)
    };
    assert_eq!([serial(&[1]), serial(&[0x7f; 20])], [Ok(()), Ok(())]);
    // Readers are told to bear a negative one.
    assert_eq!(serial(&[0xff, 0x7f]), Ok(()));
    let wrong = Err(CertificateError::Malformed("its serial number is zero or too long"));
    assert_eq!(serial(&[0]), wrong);
}

/// RFC 5280 §4.1.2.1, §4.1.2.8
#[test]
fn extensions_need_their_version() {
    forbidden("its version has no extensions", |tbs| tbs.version = None);
    forbidden("its version has no extensions", |tbs| tbs.version = Some(1));
    // Readers are told to bear it.
    assert_eq!(verdict(|tbs| tbs.issuer_id = Some(BitString::from_bytes(&[7]).unwrap())), Ok(()));
}

/// RFC 5280 §4.2.1.6
#[test]
fn a_subject_has_a_name() {
    let nobody = || Any::new(Tag::Sequence, []).unwrap();
    forbidden("its subject has no name", |tbs| tbs.subject = nobody());
    let critical = of(0x30, &[&of(0x81, &[b"9912345678@example.jp"])]);
    let named = verdict(|tbs| {
        tbs.subject = nobody();
        with(tbs, extension(ALT_NAME, true, &critical));
    });
    assert_eq!(named, Ok(()));
    forbidden("its alternative names are none", |tbs| with(tbs, extension(ALT_NAME, false, &[0x30, 0])));
}

#[test]
fn a_mail_address_is_one() {
    for good in ["a@b", "9912345678@example.jp", "a.b+c@x.y"] {
        let names = of(0x30, &[&of(0x81, &[good.as_bytes()])]);
        assert_eq!(verdict(|tbs| with(tbs, extension(ALT_NAME, false, &names))), Ok(()), "{good}");
    }
    for bad in
        ["", "a", "a@", "@b", "a@b\0.evil", "a b@c", "\"a@b\"@c", "a@b@c", "a@.b", "a..b@c", "<a@b>", "a@[1.2.3.4]"]
    {
        let names = of(0x30, &[&of(0x81, &[bad.as_bytes()])]);
        forbidden("its mail address is none", |tbs| with(tbs, extension(ALT_NAME, false, &names)));
    }
}

/// RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.10
#[test]
fn a_subscriber_has_no_authority_s_rights() {
    let reason = "it has an authority's rights and is none";
    forbidden(reason, |tbs| with(tbs, extension(USAGE, true, &[3, 2, 2, 0x84])));
    forbidden(reason, |tbs| with(tbs, extension(BASIC, true, &of(0x30, &[&[2, 1, 0]]))));
    let limits = of(0x30, &[&of(0xa0, &[&of(0x30, &[&of(0x81, &[b"example.jp"])])])]);
    forbidden("its name constraints constrain nobody", |tbs| with(tbs, extension(NAMES, true, &limits)));
}

#[test]
fn constraints_constrain_something() {
    let below =
        |oid: &'static str, value: &'static [u8]| verdict_below(|tbs| with(tbs, extension(oid, true, value)), |_| ());
    let nobody = Err(CertificateError::Malformed("its name constraints constrain nobody"));
    assert_eq!(below(NAMES, &[0x30, 0]), nobody);
    assert_eq!(below(NAMES, &[0x30, 2, 0xa0, 0]), nobody);
    let nothing = Err(CertificateError::Malformed("its policy constraints constrain nothing"));
    assert_eq!(below("2.5.29.36", &[0x30, 0]), nothing);
}

#[test]
fn an_extension_that_does_not_decode_is_no_extension() {
    for oid in ["2.5.29.35", "2.5.29.14"] {
        forbidden("an extension does not decode", |tbs| with(tbs, extension(oid, false, &[5, 0])));
    }
}

/// RFC 5758 §3.2
#[test]
fn a_signature_has_the_parameters_of_its_algorithm() {
    let null = verdict(|tbs| tbs.algorithm.parameters = Some(Any::null()));
    assert_eq!(null, Err(CertificateError::WeakKey(Refused::Mismatch("parameters where none belong"))));
}

/// RFC 9598 §6, RFC 5280 §4.2.1.10, §7.1
#[test]
fn names_in_other_scripts_keep_to_constraints_too() {
    let outside = Err(CertificateError::BadChain("the name lies outside what an authority may certify"));
    let permitted = of(0x30, &[&of(0xa0, &[&of(0x30, &[&of(0x81, &[b"example.jp"])])])]);
    let mailbox = [6, 8, 0x2b, 6, 1, 5, 5, 7, 8, 9];
    let other = of(0xa0, &[&mailbox, &of(0xa0, &[&of(0x0c, &["あ@evil.jp".as_bytes()])])]);
    let names = of(0x30, &[&of(0x81, &[b"9912345678@example.jp"]), &other]);
    let limited = |tbs: &mut Tbs| with(tbs, extension(NAMES, true, &permitted));
    assert_eq!(verdict_below(limited, |_| ()), Ok(()));
    assert_eq!(verdict_below(limited, |tbs| with(tbs, extension(ALT_NAME, false, &names))), outside);
    assert_eq!(verdict_below(|_| (), |tbs| with(tbs, extension(ALT_NAME, false, &names))), Ok(()));

    let nobody = of(0x30, &[&of(0xa1, &[&of(0x30, &[&of(0x81, &[])])])]);
    assert_eq!(verdict_below(|tbs| with(tbs, extension(NAMES, true, &nobody)), |_| ()), outside);

    let organisation = |tag: u8, text: &[u8]| of(0x31, &[&of(0x30, &[&[6, 3, 0x55, 4, 10], &of(tag, &[text])])]);
    let evil = of(0xa4, &[&of(0x30, &[&organisation(0x13, b"evil")])]);
    let excluded = of(0x30, &[&of(0xa1, &[&of(0x30, &[&evil])])]);
    let limited = |tbs: &mut Tbs| with(tbs, extension(NAMES, true, &excluded));
    let subject = |tag, text: &[u8]| {
        let name = Any::new(Tag::Sequence, organisation(tag, text)).unwrap();
        verdict_below(limited, |tbs| tbs.subject = name)
    };
    assert_eq!([subject(0x0c, b"good"), subject(0x0c, b"evil")], [Ok(()), outside.clone()]);
    assert_eq!(subject(0x1e, b"\0e\0v\0i\0l"), outside);
}

/// RFC 5280 §4.2.1.12
#[test]
fn an_authority_for_any_purpose_is_one_for_mail() {
    let any: ObjectIdentifier = "2.5.29.37.0".parse().unwrap();
    let with_purpose = |oid: ObjectIdentifier| {
        let value = vec![oid].to_der().unwrap();
        verdict_below(|tbs| with(tbs, extension(PURPOSES, false, &value)), |_| ())
    };
    assert_eq!(with_purpose(any), Ok(()));
    assert_eq!(with_purpose("1.3.6.1.5.5.7.3.4".parse().unwrap()), Ok(()));
    let other = CertificateError::BadChain("an authority may not sign certificates, or not for this purpose");
    assert_eq!(with_purpose("1.3.6.1.5.5.7.3.1".parse().unwrap()), Err(other));
}

/// RFC 5280 §4.2.1.13: critical or not, the place of a list is known here.
#[test]
fn the_place_of_a_list_may_be_critical() {
    let place = of(0x30, &[&of(0x30, &[&of(0xa0, &[&of(0xa0, &[&of(0x86, &[b"http://c.example/"])])])])]);
    assert_eq!(verdict(|tbs| with(tbs, extension("2.5.29.31", true, &place))), Ok(()));
    assert!(verdict(|tbs| with(tbs, extension("2.5.29.31", true, &[5, 0]))).is_err());
}

/// A trusted authority certified a key that protects nothing.
#[test]
fn weak_keys_are_refused_by_name() {
    let key = |oid: &str, octets: &[u8]| {
        let algorithm = AlgorithmIdentifierOwned { oid: oid.parse().unwrap(), parameters: None };
        let key = SubjectPublicKeyInfoOwned { algorithm, subject_public_key: BitString::from_bytes(octets).unwrap() };
        verdict(|tbs| tbs.key = key)
    };
    let weak = |name| Err(CertificateError::WeakKey(Refused::Weak(name)));
    let identity = [&[1][..], &[0; 31]].concat();
    assert_eq!(key("1.3.101.112", &identity), weak("an Ed25519 key of small order or with another spelling"));
    let off_the_curve = verdict(|tbs| {
        let mut point = tbs.key.subject_public_key.raw_bytes().to_vec();
        *point.last_mut().unwrap() ^= 1;
        tbs.key.subject_public_key = BitString::from_bytes(&point).unwrap();
    });
    assert_eq!(off_the_curve, weak("an elliptic key off its curve"));
    let infinity = verdict(|tbs| tbs.key.subject_public_key = BitString::from_bytes(&[0]).unwrap());
    assert_eq!(infinity, weak("an elliptic key off its curve"));
}

/// RFC 4055 §1.2: an authority whose key is for RSASSA-PSS alone.
#[test]
fn keys_for_pss_alone_are_read() {
    let openssl = Openssl::new();
    openssl.put(
        "leaf.conf",
        "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=emailProtection\nsubjectAltName=email:a@b\n",
    );
    for limits in [
        "",
        "-pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32",
    ] {
        openssl.run(&format!("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 {limits} -out ca.key"));
        openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key");
        let pss = "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32";
        let ca = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign";
        openssl.run(&format!("req -x509 -new -key ca.key -subj /CN=ca -days 3650 -out ca.pem {ca} {pss}"));
        openssl.run("req -new -key leaf.key -subj /CN=leaf -out leaf.csr");
        openssl.run(&format!(
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -extfile leaf.conf -days 3650 -out leaf.pem {pss}"
        ));
        let [ca, leaf] = ["ca.pem", "leaf.pem"].map(|file| Certificate::from_pem(&openssl.get(file)).unwrap());
        let now = leaf.not_before();
        assert_eq!(Trust::new([ca]).unwrap().check_certificate(&leaf, &[], now), Ok(()), "{limits}");
    }
}
