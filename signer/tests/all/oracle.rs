//! Whoever may sign an outer layer may ask the reader about any ciphertext (Vaudenay, EUROCRYPT 2002). Every question gets
//! one answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_signer::authority::{Authority, KeyKind};
use fumibako_signer::{Cipher, DecryptError, Identity, OpenError, Trust, compress, encrypt, open, open_receipt, sign};

use crate::people::{AT, ENTITY, authority, office};

const NOTHING: OpenError = OpenError::Envelope(DecryptError::Undecryptable);

/// A licensed office that asks, and the reader it asks.
struct Asking {
    trust: Trust,
    asker: Identity,
    reader: Identity,
}

impl Asking {
    fn new(key: KeyKind) -> Self {
        let ca = authority();
        let reader = office(&ca, key);
        Self::of(&ca, key, reader)
    }

    fn of(ca: &Authority, key: KeyKind, reader: Identity) -> Self {
        let trust = Trust::new([ca.certificate().clone()]).unwrap();
        Self { trust, asker: office(ca, key), reader }
    }

    /// What the reader says about an envelope with these octets, signed by the asker.
    fn answer(&self, envelope: &[u8]) -> Result<Vec<u8>, OpenError> {
        let head = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        let entity = [head.as_bytes(), STANDARD.encode(envelope).as_bytes(), b"\r\n"].concat();
        let message = sign(&entity, &self.asker, AT).unwrap();
        let keys = std::slice::from_ref(&self.reader);
        assert_eq!(open_receipt(&message, &self.trust, keys, AT).unwrap_err(), NOTHING);
        open(&message, &self.trust, keys, AT).map(|opened| opened.entity().to_vec())
    }

    fn envelope(&self, clear: &[u8], cipher: Cipher) -> Vec<u8> {
        let entity = encrypt(clear, &[self.reader.certificate().clone()], cipher).unwrap();
        let at = memchr::memmem::find(&entity, b"\r\n\r\n").unwrap();
        let letters: Vec<u8> = entity[at..].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(letters).unwrap()
    }
}

fn flipped(octets: &[u8], at: usize) -> Vec<u8> {
    let mut changed = octets.to_vec();
    changed[at] ^= 0x40;
    changed
}

/// Asks about an envelope that is wrong in one place after the other, also at `more`, counted from its beginning.
#[track_caller]
fn every_failure_is_the_same(asking: &Asking, cipher: Cipher, more: impl FnOnce(&[u8]) -> Vec<usize>) {
    let signed = sign(ENTITY, &asking.asker, AT).unwrap();
    let good = asking.envelope(&signed, cipher);
    assert_eq!(asking.answer(&good), Ok(ENTITY.to_vec()));

    // The wrapped key ends where the content's type begins (1.2.840.113549.1.7.1); behind it stand IV and ciphertext.
    let data = memchr::memmem::rfind(&good, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]).unwrap();
    let places = [("key", data - 8), ("IV", data + 30), ("ciphertext", good.len() - 100), ("end", good.len() - 1)];
    for (name, at) in places.into_iter().chain(more(&good).into_iter().map(|at| ("more", at))) {
        assert_eq!(asking.answer(&flipped(&good, at)), Err(NOTHING), "{name} at {at}, {cipher:?}");
    }
    let broken_inside = flipped(&signed, memchr::memmem::find(&signed, b"ODNY").unwrap());
    let table = [b"A: b\r\n\r\n".as_slice(), &[b'x'; 4000]].concat();
    let compressed = compress(&sign(&table, &asking.asker, AT).unwrap()).unwrap();
    let broken_compression = flipped(&compressed, compressed.len() - 50);
    for (name, clear) in [
        ("not signed", ENTITY),
        ("not MIME", b"\xff\x00garbage"),
        ("no header", b"\r\n"),
        ("signature broken", &broken_inside),
        ("compression broken", &broken_compression),
        ("compressed, not signed", &compress(&table).unwrap()),
    ] {
        assert_eq!(asking.answer(&asking.envelope(clear, cipher)), Err(NOTHING), "{name}, {cipher:?}");
    }
}

/// Among 256 last octets of the block in front some give a padding that holds.
#[track_caller]
fn every_padding_gets_the_same(asking: &Asking) {
    let good = asking.envelope(&sign(ENTITY, &asking.asker, AT).unwrap(), Cipher::Aes256Cbc);
    let mut opened = 0;
    for guess in 0..=255 {
        let mut asked = good.clone();
        let at = asked.len() - 17;
        asked[at] ^= guess;
        match asking.answer(&asked) {
            Ok(entity) => {
                opened += 1;
                assert_eq!((guess, entity.as_slice()), (0, ENTITY));
            }
            Err(answer) => assert_eq!(answer, NOTHING, "{guess}"),
        }
    }
    assert_eq!(opened, 1);
}

/// Profile §4.12, RFC 3218 §2.3
#[test]
fn whatever_is_wrong_inside_the_answer_is_the_same() {
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let asking = Asking::new(key);
        for cipher in [Cipher::Aes256Cbc, Cipher::Aes256Gcm] {
            every_failure_is_the_same(&asking, cipher, |_| Vec::new());
        }
    }
}

/// Profile §4.12
#[test]
fn no_guess_of_the_padding_is_answered() {
    every_padding_gets_the_same(&Asking::new(KeyKind::EcP256));
}

/// Profile §4.12, FIPS 203 §6.3: a changed ciphertext gives another secret, and nobody is told so.
#[cfg(feature = "pqc")]
#[test]
fn whatever_is_wrong_with_ml_kem_the_answer_is_the_same() {
    // FIPS 203 §8: octets of a ciphertext.
    for ((algorithm, oid), size) in crate::pqc::ML_KEM.into_iter().zip([768_u16, 1088, 1568]) {
        let ca = authority();
        let (reader, _) = crate::pqc::receiving_office(&ca, algorithm, oid);
        let asking = Asking::of(&ca, KeyKind::EcP256, reader);
        let [high, low] = size.to_be_bytes();
        for cipher in [Cipher::Aes256Cbc, Cipher::Aes256Gcm] {
            every_failure_is_the_same(&asking, cipher, |good| {
                let begins = memchr::memmem::find(good, &[4, 0x82, high, low]).unwrap() + 4;
                // Its first octets and its last, both of its vectors, and the wrapped key's first octet behind it.
                let ends = begins + usize::from(size);
                let wrapped = ends + memchr::memmem::find(&good[ends..], &[4, 40]).unwrap() + 2;
                vec![begins, begins + usize::from(size) / 2, ends - 100, ends - 1, wrapped]
            });
        }
        every_padding_gets_the_same(&asking);
    }
}
