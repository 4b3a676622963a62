//! The key layer against tables that others publish (NIST CAVP; `.ci/vectors` fetches them): what they call good is good
//! here, what they call bad is bad. And against encodings of our own making that other readers have taken.

use std::collections::HashMap;
use std::path::Path;

use aws_lc_rs::agreement;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use const_oid::db::rfc5911::{ID_AES_128_GCM, ID_AES_256_GCM};
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1};
use der::asn1::{BitString, OctetString, UintRef};
use der::{Any, Decode as _, Encode as _, Sequence};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::algorithm::{Algorithm, Hash, KeyKind, Refused};
use crate::envelope::content::{GcmParameters, Method};
use crate::envelope::recipient::shared_secret;

/// The values in force when a record ends, and the section it stands in.
struct Record<'v> {
    section: &'v str,
    /// What the last line begins with.
    end: &'v str,
    values: &'v HashMap<String, String>,
}

impl Record<'_> {
    fn text(&self, name: &str) -> &str {
        self.values.get(name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    fn octets(&self, name: &str) -> Vec<u8> {
        octets(self.text(name))
    }

    /// Whether the table calls it good.
    fn is_good(&self) -> bool {
        self.text("Result").starts_with('P')
    }
}

fn octets(hex: &str) -> Vec<u8> {
    // Integers are written without the zero in front.
    let hex = if hex.len() % 2 == 1 { format!("0{hex}") } else { hex.to_owned() };
    crate::unhex(&hex).unwrap()
}

/// Calls `check` at every line that begins with one of `ends`; says how often.
fn each(path: &str, ends: &[&str], mut check: impl FnMut(&Record<'_>)) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/vectors").join(path);
    let text = std::fs::read_to_string(&path);
    let text = text.expect("the test vectors are missing; fetch them with: bash .ci/vectors");
    let (mut section, mut values, mut count) = (String::new(), HashMap::new(), 0);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(inside) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            match inside.split_once('=') {
                Some((name, value)) => drop(values.insert(name.trim().to_owned(), value.trim().to_owned())),
                None => inside.clone_into(&mut section),
            }
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        values.insert(name.trim().to_owned(), value.trim().to_owned());
        if ends.contains(&name.trim()) {
            check(&Record { section: &section, end: name.trim(), values: &values });
            count += 1;
        }
    }
    count
}

/// RFC 8017 §A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn rsa(record: &Record<'_>) -> SubjectPublicKeyInfoOwned {
    let (modulus, exponent) = (record.octets("n"), record.octets("e"));
    let key = RsaPublicKey { modulus: UintRef::new(&modulus).unwrap(), exponent: UintRef::new(&exponent).unwrap() };
    let algorithm = AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::null()) };
    spki(algorithm, &key.to_der().unwrap())
}

fn spki(algorithm: AlgorithmIdentifierOwned, key: &[u8]) -> SubjectPublicKeyInfoOwned {
    SubjectPublicKeyInfoOwned { algorithm, subject_public_key: BitString::from_bytes(key).unwrap() }
}

fn elliptic(kind: KeyKind, point: &[u8]) -> SubjectPublicKeyInfoOwned {
    let curve = if kind == KeyKind::P256 { SECP_256_R_1 } else { SECP_384_R_1 };
    let parameters = Some(Any::encode_from(&curve).unwrap());
    spki(AlgorithmIdentifierOwned { oid: ID_EC_PUBLIC_KEY, parameters }, point)
}

fn hash(name: &str) -> Option<Hash> {
    match name {
        "SHA256" | "SHA-256" => Some(Hash::Sha256),
        "SHA384" | "SHA-384" => Some(Hash::Sha384),
        "SHA512" | "SHA-512" => Some(Hash::Sha512),
        _ => None,
    }
}

/// `None`: the kind of key or digest is refused.
fn verdict(
    algorithm: Algorithm,
    key: &SubjectPublicKeyInfoOwned,
    record: &Record<'_>,
    signature: &[u8],
) -> Option<bool> {
    algorithm.verify(key, &record.octets("Msg"), signature).ok().map(|verdict| verdict.is_ok())
}

#[test]
fn rsa_signatures_are_judged_as_nist_judges_them() {
    let (mut good, mut bad) = (0, 0);
    each("asymmetric/RSA/FIPS_186-2/SigVer15_186-3.rsp", &["Result"], |record| {
        let Some(hash) = hash(record.text("SHAAlg")) else { return };
        let (key, long) = (rsa(record), record.text("mod").parse::<u32>().unwrap() >= 2048);
        let found = verdict(Algorithm::Rsa(hash), &key, record, &record.octets("S"));
        // Known difference: the table is older than the rule that the exponent is at least 65537 (FIPS 186-5 §5.4).
        let octets = record.octets("e");
        let exponent = octets.iter().fold(0_u128, |value, octet| (value << 8) | u128::from(*octet));
        let known = long && (65_537..1 << 33).contains(&exponent);
        let verdict = known.then_some(record.is_good());
        assert_eq!(found, verdict, "{} {hash} {exponent} {}", record.text("mod"), record.text("Result"));
        *(if found == Some(true) { &mut good } else { &mut bad }) += 1;
    });
    // Of the 270 with our digests, 108 have keys too short for us, and of the good others two thirds small exponents.
    assert_eq!((good, bad), (9, 261));
}

#[test]
fn a_salt_of_another_length_is_refused_as_a_bad_signature() {
    each("asymmetric/RSA/FIPS_186-2/SigVerPSS_186-3.rsp", &["Result"], |record| {
        let Some(hash) = hash(record.text("SHAAlg")) else { return };
        assert_ne!(verdict(Algorithm::RsaPss(hash), &rsa(record), record, &record.octets("S")), Some(true));
    });
}

/// RFC 3279 §2.2.3.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

fn point(record: &Record<'_>, x: &str, y: &str, size: usize) -> Vec<u8> {
    let padded = |name| {
        let octets = record.octets(name);
        [vec![0; size.saturating_sub(octets.len())], octets].concat()
    };
    [vec![4], padded(x), padded(y)].concat()
}

#[test]
fn elliptic_signatures_are_judged_as_nist_judges_them() {
    let mut seen = 0;
    each("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", &["Result"], |record| {
        let Some((curve, name)) = record.section.split_once(',') else { return };
        let (kind, size) = match curve {
            "P-256" => (KeyKind::P256, 32),
            "P-384" => (KeyKind::P384, 48),
            _ => return,
        };
        let Some(hash) = hash(name) else { return };
        let (r, s) = (record.octets("R"), record.octets("S"));
        let signature = EcdsaSignature { r: UintRef::new(&r).unwrap(), s: UintRef::new(&s).unwrap() }.to_der().unwrap();
        let key = elliptic(kind, &point(record, "Qx", "Qy", size));
        let found = verdict(Algorithm::Ecdsa(hash), &key, record, &signature);
        assert_eq!(found, Some(record.is_good()), "{} {}", record.section, record.text("Result"));
        seen += 1;
    });
    assert_eq!(seen, 90);
}

#[test]
fn shared_secrets_are_those_of_nist() {
    let mut seen = 0;
    each("asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax", &["Result"], |record| {
        let (curve, size): (&'static agreement::Algorithm, usize) = match record.section.split(' ').next() {
            Some("EC") => (&agreement::ECDH_P256, 32),
            Some("ED") => (&agreement::ECDH_P384, 48),
            _ => return,
        };
        let own = record.octets("dsIUT");
        let own = [vec![0; size - own.len()], own].concat();
        let own = agreement::PrivateKey::from_private_key(curve, &own).unwrap();
        let secret = shared_secret(&own, &point(record, "QsCAVSx", "QsCAVSy", size));
        let expected = record.octets("Z");
        let expected = [vec![0; size - expected.len()], expected].concat();
        let same = secret.as_ref().is_some_and(|secret| **secret == expected);
        let result = record.text("Result");
        // Some bad ones have a wrong key of ours or a wrong hash beside, of which this layer sees nothing.
        assert!(same || !record.is_good(), "{result}");
        if result.contains("Z changed") || result.contains("CAVS's Static public key") {
            assert!(!same, "{result}");
        }
        seen += 1;
    });
    assert_eq!(seen, 60);
}

#[test]
fn gcm_opens_what_nist_opens() {
    let mut seen = 0;
    for (bits, oid) in [(128, ID_AES_128_GCM), (256, ID_AES_256_GCM)] {
        each(&format!("ciphers/AES/GCM/gcmDecrypt{bits}.rsp"), &["PT", "FAIL"], |record| {
            if (record.text("IVlen"), record.text("Taglen")) != ("96", "128") {
                return;
            }
            let parameters = GcmParameters { nonce: OctetString::new(record.octets("IV")).unwrap(), tag_size: 16 };
            let parameters = Some(Any::encode_from(&parameters).unwrap());
            let method = Method::read(&AlgorithmIdentifierOwned { oid, parameters }).unwrap();
            let (text, tag, aad) = (record.octets("CT"), record.octets("Tag"), record.octets("AAD"));
            let clear = method.decrypt(&record.octets("Key"), text, &tag, &aad);
            let expected = (record.end == "PT").then(|| record.octets("PT"));
            assert_eq!(clear.holds.then_some(&*clear.octets), expected.as_ref());
            seen += 1;
        });
    }
    assert_eq!(seen, 750);
}

#[test]
fn wrapped_keys_are_those_of_nist() {
    let mut seen = 0;
    for (bits, cipher) in [(128, &AES_128), (256, &AES_256)] {
        seen += each(&format!("keywrap/kwtestvectors/KW_AD_{bits}.txt"), &["P", "FAIL"], |record| {
            let wrapped = record.octets("C");
            let mut clear = vec![0; wrapped.len() - 8];
            let opened = AesKek::new(cipher, &record.octets("K")).unwrap().unwrap(&wrapped, &mut clear).is_ok();
            let expected = (record.end == "P").then(|| record.octets("P"));
            assert_eq!(opened.then_some(clear), expected);
        });
    }
    assert_eq!(seen, 1000);
}

/// The order of P-256 (SEC 2 §2.4.2).
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// A DER structure of short length.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// Two integers written as they are.
fn pair(r: &[u8], s: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(2, r), tlv(2, s)].concat())
}

#[test]
fn an_elliptic_signature_has_one_encoding() {
    let (random, message) = (SystemRandom::new(), b"message");
    let own = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let key = elliptic(KeyKind::P256, own.public_key().as_ref());
    let believed = |signature: &[u8]| Algorithm::Ecdsa(Hash::Sha256).verify(&key, message, signature).unwrap().is_ok();
    let good = own.sign(&random, message).unwrap().as_ref().to_vec();
    assert!(believed(&good));
    let length = usize::from(good[3]);
    let (r, s) = (good[4..4 + length].to_vec(), good[6 + length..].to_vec());
    assert_eq!(pair(&r, &s), good);
    let raw = |octets: &[u8]| [vec![0; 32], octets.to_vec()].concat()[octets.len()..].to_vec();
    let (order, zero) = (octets(&format!("00{ORDER}")), vec![0]);
    let inner = &good[2..];
    for (bad, why) in [
        (pair(&[&[0], &r[..]].concat(), &s), "a needless zero in front of r"),
        (pair(&r, &[&[0], &s[..]].concat()), "a needless zero in front of s"),
        (pair(&[&[0xff], &r[..]].concat(), &s), "a negative r"),
        (pair(&zero, &s), "r is zero"),
        (pair(&r, &zero), "s is zero"),
        (pair(&order, &s), "r is the order"),
        (pair(&r, &order), "s is the order"),
        (pair(&[], &s), "r is empty"),
        (pair(&s, &r), "r and s exchanged"),
        (pair(&[&[1], &r[..]].concat(), &s), "r is longer than the order"),
        ([&[0x30, 0x81, good[1]], inner].concat(), "a long form of a short length"),
        ([&[0x30, 0x80], inner, &[0, 0]].concat(), "an indefinite length"),
        ([&good[..], &[0]].concat(), "an octet behind"),
        (tlv(0x30, &[inner, &[5, 0]].concat()), "a third element"),
        (tlv(0x31, inner), "a set in place of a sequence"),
        (good[..good.len() - 1].to_vec(), "an octet less"),
        ([raw(&r), raw(&s)].concat(), "without a structure"),
        (Vec::new(), "nothing"),
    ] {
        assert!(!believed(&bad), "{why}");
    }
}

#[test]
fn an_rsa_signature_is_as_long_as_its_modulus() {
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

    let own = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let algorithm = AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::null()) };
    let key = spki(algorithm, own.public_key().as_ref());
    let mut good = vec![0; 256];
    own.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"message", &mut good).unwrap();
    let believed = |signature: &[u8]| Algorithm::Rsa(Hash::Sha256).verify(&key, b"message", signature).unwrap().is_ok();
    assert!(believed(&good));
    let modulus = RsaPublicKey::from_der(own.public_key().as_ref()).unwrap().modulus.as_bytes().to_vec();
    for (bad, why) in [
        ([&[0], &good[..]].concat(), "a zero in front"),
        ([&good[..], &[0]].concat(), "a zero behind"),
        (good[1..].to_vec(), "an octet less"),
        (sum(&good, &modulus), "one modulus more"),
        (modulus, "the modulus"),
        (vec![0; 256], "zero"),
        ([vec![0; 255], vec![1]].concat(), "one"),
        (Vec::new(), "nothing"),
    ] {
        assert!(!believed(&bad), "{why}");
    }
    let others = [Hash::Sha384, Hash::Sha512].map(|hash| Algorithm::Rsa(hash).verify(&key, b"message", &good));
    assert!(others.into_iter().all(|verdict| verdict.unwrap().is_err()), "another digest");
    assert!(Algorithm::RsaPss(Hash::Sha256).verify(&key, b"message", &good).unwrap().is_err(), "another padding");
    let mismatch = Algorithm::Ecdsa(Hash::Sha256).verify(&key, b"message", &good);
    assert!(matches!(mismatch, Err(Refused::Mismatch(_))), "another kind");
}

/// Two integers of one length, added; the carry makes it longer.
fn sum(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut carry = 0_u16;
    let mut digits: Vec<u8> = Vec::new();
    for (left, right) in one.iter().rev().zip(other.iter().rev()) {
        let digit = u16::from(*left) + u16::from(*right) + carry;
        digits.push(u8::try_from(digit & 0xff).unwrap());
        carry = digit >> 8;
    }
    digits.push(u8::try_from(carry).unwrap());
    digits.reverse();
    if digits[0] == 0 { digits.split_off(1) } else { digits }
}
