//! Seals that are not what they seem.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_signer::{Sealing, encrypt, seal, sign};

use super::*;
use crate::partners::CIPHER;

const C: &str = "9970000037@plans.example";

/// Two offices with keys.
struct Pair {
    ca: Ca,
    a: Identity,
    b: Identity,
}

impl Pair {
    fn new() -> Self {
        let ca = Ca::new();
        let (a, b) = (ca.identity(A), ca.identity(B));
        Self { ca, a, b }
    }

    /// The sample, sealed from A to B and A.
    fn message(&self) -> Vec<u8> {
        let form = Form::Sealed(vec![self.b.certificate().clone(), self.a.certificate().clone()]);
        compose(&draft(), (address(A), address(B)), &form, &self.a, now()).unwrap().octets.0
    }

    fn open(&self, message: &[u8], us: &str, keys: &[Identity]) -> Result<Opened, Refused> {
        open(message, &Reader { us: &address(us), trust: &self.ca.trust(), keys, now: now() })
    }

    #[track_caller]
    fn refused(&self, message: &[u8], expected: Refusal) -> String {
        let refused = self.open(message, B, std::slice::from_ref(&self.b)).map(|_| ()).unwrap_err();
        assert_eq!(refused.why, expected);
        refused.about
    }

    /// This entity, sealed by A for B under this header.
    fn sealed(&self, routing: &str, entity: &str) -> Vec<u8> {
        let readers = [self.b.certificate().clone()];
        let sealing = Sealing { routing: routing.as_bytes(), signer: &self.a, recipients: &readers, cipher: CIPHER };
        whole(&seal(entity.as_bytes(), &sealing, now()).unwrap())
    }
}

const HEADER: &str = "From: <9970000011@plans.example>\r\nTo: <9970000029@plans.example>\r\n\
    Date: Fri, 20 Nov 2026 09:15:00 +0900\r\nMessage-ID: <m@plans.example>\r\nSubject: outside\r\n\
    Fumibako-Bundle: v=1; units=plan; files=1; size=1\r\n";
const NAMED: &str = "Fumibako-Recipients: 9970000029@plans.example\r\n";
const BODY: &str = "Content-Type: text/plain; hp=\"cipher\"\r\n\r\nplan\r\n";

fn whole(entity: &[u8]) -> Vec<u8> {
    [HEADER.as_bytes(), b"MIME-Version: 1.0\r\n", entity].concat()
}

fn inside() -> String {
    format!("{}{NAMED}HP-Outer: Subject: outside\r\n{BODY}", HEADER.replace("outside", "inside"))
}

#[test]
fn a_seal_by_hand_opens_and_shows_the_subject_inside() {
    let pair = Pair::new();
    let message = pair.sealed(HEADER, &inside());
    let opened = pair.open(&message, B, std::slice::from_ref(&pair.b)).unwrap();
    assert_eq!((opened.subject(), opened.entity()), (Some("inside"), inside().as_bytes()));
    assert!(opened.is_sealed() && is_sealed(&message));
    // Profile §8.2: the receipt's digest is that of the outer signed part.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, Signed::read(&message).unwrap().part());
    assert_eq!(opened.signature().digest(), digest.as_ref());
}

/// Profile §4.5, §8.7
#[test]
fn only_the_right_key_opens_it_and_the_old_one_still_does() {
    let pair = Pair::new();
    let (message, newer) = (pair.message(), pair.ca.identity(B));
    let why = |keys: &[Identity]| pair.open(&message, B, keys).map(|_| ()).map_err(|refused| refused.why);
    assert_eq!(why(&[]), Err(Refusal::SealedForOthers));
    assert_eq!(why(std::slice::from_ref(&newer)), Err(Refusal::SealedForOthers));
    assert_eq!(why(&[newer, pair.b.clone()]), Ok(()));
    let trust = Ca::new().trust();
    let stranger = Reader { us: &address(B), trust: &trust, keys: std::slice::from_ref(&pair.b), now: now() };
    assert_eq!(open(&message, &stranger).unwrap_err().why, Refusal::UnknownAuthority, "nothing is decrypted for it");
}

/// Profile §4.7: the fields inside are those outside, all of them, and name the reader.
#[test]
fn a_seal_under_another_header_is_refused() {
    let pair = Pair::new();
    for (from, to) in [
        ("From: <9970000011", "From: <9970000037"),
        ("To: <9970000029", "To: <9970000037"),
        ("<m@plans", "<n@plans"),
        ("09:15:00", "09:15:01"),
        ("units=plan", "units=results"),
        ("Message-ID: <m@plans.example>\r\n", ""),
        ("From: ", "Sender: <kawara@plans.example>\r\nFrom: "),
    ] {
        let entity = inside().replacen(from, to, 1);
        assert_eq!(pair.refused(&pair.sealed(HEADER, &entity), Refusal::SignedFieldsDiffer), "inside the seal", "{to}");
    }
    let entity = inside().replace("HP-Outer: Subject: outside", "HP-Outer: Subject: another");
    assert_eq!(pair.refused(&pair.sealed(HEADER, &entity), Refusal::SignedFieldsDiffer), "HP-Outer");
    let about = pair.refused(&pair.sealed("", &inside()), Refusal::SignedFieldsDiffer);
    assert_eq!(about, "the sealed part repeats no fields");
    pair.refused(&pair.sealed(HEADER, BODY), Refusal::SignedFieldsDiffer);
}

/// Profile §4.7
#[test]
fn a_seal_that_names_another_reader_is_refused() {
    let pair = Pair::new();
    let with = |named: &str| pair.sealed(HEADER, &inside().replace(NAMED, named));
    pair.refused(&with(""), Refusal::MessageMalformed);
    pair.refused(&with(&NAMED.repeat(2)), Refusal::MessageMalformed);
    pair.refused(&with("Fumibako-Recipients: 9970000037@plans.example\r\n"), Refusal::EnvelopeDiffers);
    pair.refused(&with("Fumibako-Recipients: 9970000029@elsewhere.example\r\n"), Refusal::EnvelopeDiffers);
    let both = with("Fumibako-Recipients: <9970000037@plans.example>,\r\n <9970000029@plans.example>\r\n");
    assert!(pair.open(&both, B, std::slice::from_ref(&pair.b)).is_ok());
}

/// Surreptitious forwarding: B passes on to C what A signed for B, in an envelope and under a signature of B's own.
#[test]
fn what_was_signed_for_one_office_cannot_be_passed_to_another() {
    let pair = Pair::new();
    let c = pair.ca.identity(C);
    let clear = Enveloped::read(Signed::read(&pair.message()).unwrap().part()).unwrap();
    let clear = clear.decrypt(std::slice::from_ref(&pair.b)).unwrap();
    let header = HEADER.replace("0029", "0037").replace("0011", "0029");
    let envelope = encrypt(&clear, &[c.certificate().clone()], CIPHER).unwrap();
    let outer = sign(&[header.as_bytes(), &envelope].concat(), &pair.b, now()).unwrap();
    let forwarded = [header.as_bytes(), b"MIME-Version: 1.0\r\n", &outer].concat();
    let why = |us: &str| pair.open(&forwarded, us, std::slice::from_ref(&c)).unwrap_err();
    assert_eq!(why(C), Refusal::NotItsCertificate.about("inside the seal"));
    assert_eq!(why(B).why, Refusal::EnvelopeDiffers);
}

/// Profile §8.7: a changed ciphertext under a fresh outer signature, wherever it was changed.
#[test]
fn a_byte_changed_anywhere_in_the_envelope_closes_it_or_changes_nothing() {
    let pair = Pair::new();
    let message = pair.sealed(HEADER, &inside());
    let part = Signed::read(&message).unwrap().part().to_vec();
    let at = part.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let letters: Vec<u8> = part[at..].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(letters).unwrap();
    // The content, signed, is longer than the entity; the cipher's tag follows it.
    let content = der.len() - inside().len();
    for changed in (0..content).step_by(7).chain(content..der.len()) {
        let mut der = der.clone();
        der[changed] ^= 1;
        let part = [&part[..at], STANDARD.encode(&der).as_bytes(), b"\r\n"].concat();
        let message = whole(&sign(&part, &pair.a, now()).unwrap());
        match pair.open(&message, B, std::slice::from_ref(&pair.b)) {
            Err(refused) if changed >= content => assert_eq!(refused.why, Refusal::SealBroken, "byte {changed}"),
            Err(refused) => {
                let allowed = [Refusal::SealBroken, Refusal::SealedForOthers, Refusal::AlgorithmNotAllowed];
                assert!(allowed.contains(&refused.why), "byte {changed}: {refused}");
            }
            // A version number in front of the keys decides nothing.
            Ok(opened) => assert!(changed < content && opened.entity() == inside().as_bytes(), "byte {changed}"),
        }
    }
    let outside = with(&message, "application/pkcs7-mime; smime-type", "application/pkcs7-mime; smime-typo");
    pair.refused(&outside, Refusal::SignatureBroken);
}

#[test]
fn an_entity_that_only_claims_to_be_an_envelope_is_refused() {
    let pair = Pair::new();
    let part = format!("{HEADER}Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nplan\r\n");
    let message = whole(&sign(part.as_bytes(), &pair.a, now()).unwrap());
    pair.refused(&message, Refusal::SealBroken);
    assert!(is_sealed(&message) && !is_sealed(b"Subject: x\r\n\r\nplan"));
}
