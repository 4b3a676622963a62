//! How fast seals are made, verified and opened, with the ceiling beside it: the digest and one raw verification, and
//! nothing else.
//!
//! `cargo bench -p fumibako-signer`
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot prepare has nothing to measure")]

use std::process::{Command, Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use divan::Bencher;
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{
    Cipher, Identity, RevocationList, Sealing, Signed, SignedStream, Trust, WithoutList, encrypt, open, seal, sign,
};
use jiff::{SignedDuration, Timestamp};

const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);
/// id-data (RFC 5652 §4).
const DATA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const KEYS: [KeyKind; 2] = [KeyKind::Rsa2048, KeyKind::EcP256];
/// The MIME entity of a bundle with 50 KB of files in base64.
const BUNDLE_BYTES: usize = 55_500;
const LARGE_BYTES: usize = 5_130_000;

fn main() {
    divan::main();
}

struct Stage {
    trust: Trust,
    sender: Identity,
    recipient: Identity,
}

impl Stage {
    fn new(key: KeyKind) -> Self {
        let ca = Authority::create("CA", AT - HOUR).unwrap();
        let request = Request {
            common_name: "居宅介護支援 やまと",
            rfc822_name: "9912345678@example.jp",
            key,
            purpose: Purpose::Mail,
            not_before: AT - HOUR,
            not_after: AT + HOUR,
        };
        let trust = Trust::new([ca.certificate().clone()]).unwrap();
        Self { trust, sender: ca.issue(&request).unwrap(), recipient: ca.issue(&request).unwrap() }
    }

    fn sealed(&self, entity: &[u8], cipher: Cipher) -> Vec<u8> {
        let recipients = [self.recipient.certificate().clone(), self.sender.certificate().clone()];
        let routing = b"From: 9912345678@example.jp\r\n";
        seal(entity, &Sealing { routing, signer: &self.sender, recipients: &recipients, cipher }, AT).unwrap()
    }
}

fn entity(size: usize) -> Vec<u8> {
    let lines = [b"A".repeat(76), b"\r\n".to_vec()].concat().repeat(size / 78);
    [b"Content-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec(), lines].concat()
}

/// What the gateway does with every bundle whose signer it judged before.
#[divan::bench(args = KEYS)]
fn verify_a_sealed_bundle(bencher: Bencher<'_, '_>, key: KeyKind) {
    let message = Stage::new(key).sealed(&entity(BUNDLE_BYTES), Cipher::Aes256Gcm);
    bencher.bench(|| Signed::read(&message).unwrap().verify().unwrap());
}

/// The whole of it: the signature, whose certificate it is, and that it was not revoked.
#[divan::bench(args = KEYS)]
fn verify_and_trust_a_sealed_bundle(bencher: Bencher<'_, '_>, key: KeyKind) {
    let stage = Stage::new(key);
    let message = stage.sealed(&entity(BUNDLE_BYTES), Cipher::Aes256Gcm);
    bencher.bench(|| {
        let signature = Signed::read(&message).unwrap().verify().unwrap();
        stage.trust.check(&signature, AT).unwrap();
        stage.trust.check_revocation(&signature, AT).unwrap();
    });
}

/// The same while the bundle passes by.
#[divan::bench(args = KEYS)]
fn verify_a_sealed_bundle_in_pieces(bencher: Bencher<'_, '_>, key: KeyKind) {
    let message = Stage::new(key).sealed(&entity(BUNDLE_BYTES), Cipher::Aes256Gcm);
    bencher.bench(|| {
        let mut stream = SignedStream::new();
        message.chunks(65_536).for_each(|piece| stream.receive(piece).unwrap());
        stream.finish().unwrap()
    });
}

#[divan::bench]
fn verify_five_megabytes_in_pieces(bencher: Bencher<'_, '_>) {
    let message = Stage::new(KeyKind::Rsa2048).sealed(&entity(LARGE_BYTES), Cipher::Aes256Gcm);
    bencher.bench(|| {
        let mut stream = SignedStream::new();
        message.chunks(65_536).for_each(|piece| stream.receive(piece).unwrap());
        stream.finish().unwrap()
    });
}

/// No verification of the same octets can be quicker than this.
#[divan::bench(args = KEYS)]
fn verify_ceiling(bencher: Bencher<'_, '_>, key: KeyKind) {
    let message = Stage::new(key).sealed(&entity(BUNDLE_BYTES), Cipher::Aes256Gcm);
    let signed = Signed::read(&message).unwrap().part().to_vec();
    let (attributes, random) = ([7; 300], SystemRandom::new());
    let (public, signature) = match key {
        KeyKind::Rsa2048 => {
            let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, &attributes, &mut signature).unwrap();
            (ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).unwrap(), signature)
        }
        KeyKind::EcP256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
            let signature = pair.sign(&random, &attributes).unwrap().as_ref().to_vec();
            (ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key()).unwrap(), signature)
        }
    };
    bencher.bench(|| {
        public.verify_sig(&attributes, &signature).unwrap();
        digest(&SHA256, &signed)
    });
}

/// The first bundle of a signer: the path to the anchor too.
#[divan::bench(args = KEYS)]
fn judge_a_certificate(bencher: Bencher<'_, '_>, key: KeyKind) {
    let stage = Stage::new(key);
    let message = stage.sealed(&entity(100), Cipher::Aes256Gcm);
    let signature = Signed::read(&message).unwrap().verify().unwrap();
    // A trust with other lists remembers nothing.
    let forgetful = || stage.trust.with_lists([], WithoutList::Accept);
    bencher.with_inputs(forgetful).bench_refs(|trust| trust.check(&signature, AT).unwrap());
}

#[divan::bench(args = KEYS)]
fn seal_a_bundle(bencher: Bencher<'_, '_>, key: KeyKind) {
    let (stage, entity) = (Stage::new(key), entity(BUNDLE_BYTES));
    bencher.bench(|| stage.sealed(&entity, Cipher::Aes256Gcm));
}

#[divan::bench(args = KEYS)]
fn open_a_bundle(bencher: Bencher<'_, '_>, key: KeyKind) {
    let stage = Stage::new(key);
    let message = stage.sealed(&entity(BUNDLE_BYTES), Cipher::Aes256Gcm);
    bencher.bench(|| open(&message, &stage.trust, std::slice::from_ref(&stage.recipient), AT).unwrap());
}

/// Where an envelope is changed before an office asks the reader about it (Profile §4.12): the key, the first block, the
/// padding. `None`: nothing, and it opens. All should take the same time.
const FAULTS: [Option<&str>; 4] = [None, Some("key"), Some("content"), Some("padding")];

#[divan::bench(args = FAULTS)]
fn open_what_was_changed(bencher: Bencher<'_, '_>, fault: Option<&str>) {
    let stage = Stage::new(KeyKind::EcP256);
    let signed = sign(&entity(BUNDLE_BYTES), &stage.sender, AT).unwrap();
    let mut envelope = encrypt(&signed, &[stage.recipient.certificate().clone()], Cipher::Aes256Cbc).unwrap();
    let body = envelope.split_off(envelope.windows(4).position(|gap| gap == b"\r\n\r\n").unwrap() + 4);
    let letters: Vec<u8> = body.into_iter().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let mut octets = STANDARD.decode(letters).unwrap();
    // The wrapped key ends where the content's type begins; behind it stand IV and ciphertext.
    let data = octets.windows(DATA.len()).rposition(|window| window == DATA).unwrap();
    let at = match fault {
        Some("key") => data - 8,
        Some("content") => data + 100,
        _ => octets.len() - 1,
    };
    octets[at] ^= if fault.is_some() { 0x40 } else { 0 };
    envelope.extend_from_slice(STANDARD.encode(octets).as_bytes());
    envelope.extend_from_slice(b"\r\n");
    let message = sign(&envelope, &stage.sender, AT).unwrap();
    let keys = std::slice::from_ref(&stage.recipient);
    assert_eq!(open(&message, &stage.trust, keys, AT).is_ok(), fault.is_none());
    bencher.bench(|| open(&message, &stage.trust, keys, AT).is_ok());
}

/// `openssl cms -verify` of the same bundle: what the program needs to start is in `openssl_starts`.
#[divan::bench(args = KEYS, sample_count = 50)]
fn openssl_verifies_a_sealed_bundle(bencher: Bencher<'_, '_>, key: KeyKind) {
    let folder = tempfile::tempdir().unwrap();
    let (mail, out) = (folder.path().join("mail"), folder.path().join("out"));
    std::fs::write(&mail, Stage::new(key).sealed(&entity(BUNDLE_BYTES), Cipher::Aes256Gcm)).unwrap();
    let verify = ["cms", "-verify", "-noverify", "-in"];
    bencher.bench(|| openssl(Command::new("openssl").args(verify).arg(&mail).arg("-out").arg(&out)));
}

#[divan::bench(sample_count = 50)]
fn openssl_starts(bencher: Bencher<'_, '_>) {
    bencher.bench(|| openssl(Command::new("openssl").arg("version")));
}

fn openssl(command: &mut Command) {
    assert!(
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(),
        "Debian's package openssl"
    );
}

/// Once for each list that arrives.
#[divan::bench(sample_count = 10)]
fn read_a_list_of_a_hundred_thousand(bencher: Bencher<'_, '_>) {
    let ca = Authority::create("CA", AT - HOUR).unwrap();
    // The same certificate again and again: what counts is how many entries there are to read. That all of a hundred thousand
    // are kept is tested elsewhere.
    let revoked = vec![(ca.certificate(), AT); 100_000];
    let der = ca.revoke(&revoked, AT, AT + HOUR).unwrap();
    let authorities = [ca.certificate().clone()];
    bencher.bench(|| RevocationList::read(&der, &authorities).unwrap());
}
