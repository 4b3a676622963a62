//! Verifying piece by piece: however a message is cut, the answer is that over the whole of it.

use std::sync::LazyLock;

use fumibako_signer::authority::KeyKind;
use fumibako_signer::{
    Cipher, Identity, Layer, Sealing, Signature, SignatureError, Signed, SignedStream, limits, seal,
};
use proptest::prelude::*;

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, message, office};

type Verdict = Result<([u8; 32], Vec<u8>), SignatureError>;

fn said(signature: Result<Signature, SignatureError>) -> Verdict {
    signature.map(|signature| (*signature.digest(), signature.signer().der().to_vec()))
}

fn whole(message: &[u8]) -> Verdict {
    said(Signed::read(message).and_then(|signed| signed.verify()))
}

fn in_pieces<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Verdict {
    let mut stream = SignedStream::new();
    for piece in pieces {
        if let Err(error) = stream.receive(piece) {
            assert_eq!(stream.receive(b"more"), Err(error.clone()), "an error is final");
            assert_eq!(said(stream.finish()), Err(error.clone()));
            return Err(error);
        }
    }
    said(stream.finish())
}

#[track_caller]
fn check(message: &[u8]) {
    let expected = whole(message);
    for cut in [1, 2, 3, 7, 76, 4096, usize::MAX] {
        assert_eq!(in_pieces(message.chunks(cut.min(message.len().max(1)))), expected, "cut at {cut}");
    }
}

static OFFICE: LazyLock<Identity> = LazyLock::new(|| office(&authority(), KeyKind::EcP256));
static MESSAGE: LazyLock<Vec<u8>> = LazyLock::new(|| message(ENTITY, &OFFICE));

#[test]
fn good_messages_verify_in_pieces() {
    check(&MESSAGE);
    check(&message(ENTITY, &office(&authority(), KeyKind::Rsa2048)));
    let readers = [OFFICE.certificate().clone()];
    let sealing = Sealing { routing: b"A: b\r\n", signer: &OFFICE, recipients: &readers, cipher: Cipher::Aes256Gcm };
    check(&seal(ENTITY, &sealing, AT).unwrap());
    assert!(whole(&MESSAGE).is_ok());
}

#[test]
fn messages_of_openssl_verify_in_pieces() {
    let openssl = Openssl::new();
    openssl.put("id.pem", OFFICE.to_pem().as_bytes());
    openssl.put("entity", ENTITY);
    for options in ["", "-stream", "-md sha384", "-md sha512"] {
        openssl.run(&format!("cms -sign -in entity -out message -signer id.pem {options}"));
        let text = String::from_utf8(openssl.get("message")).unwrap();
        let message = text.replace("\r\n", "\n").replace('\n', "\r\n");
        assert!(whole(message.as_bytes()).is_ok());
        check(message.as_bytes());
    }
}

#[test]
fn a_digest_must_be_announced() {
    let openssl = Openssl::new();
    openssl.put("id.pem", OFFICE.to_pem().as_bytes());
    openssl.put("entity", ENTITY);
    openssl.run("cms -sign -in entity -out message -signer id.pem -md sha512");
    let text = String::from_utf8(openssl.get("message")).unwrap();
    let message = text.replace("\r\n", "\n").replace('\n', "\r\n").replace("sha-512", "sha-256");
    let reason = "the digest is not the one the header announced";
    assert!(whole(message.as_bytes()).is_ok());
    assert_eq!(in_pieces([message.as_bytes()]), Err(SignatureError::Malformed { layer: Layer::Attributes, reason }));
}

#[test]
fn the_signed_header_is_seen_before_the_end() {
    let mut stream = SignedStream::new();
    let start = memchr::memmem::find(&MESSAGE, ENTITY).unwrap();
    let end = memchr::memmem::find(ENTITY, b"\r\n\r\n").unwrap() + 2;
    stream.receive(&MESSAGE[..start]).unwrap();
    assert_eq!(stream.part_header(), None);
    stream.receive(&MESSAGE[start..]).unwrap();
    assert_eq!(stream.part_header(), Some(&ENTITY[..end]));
}

#[test]
fn bad_messages_are_refused_alike() {
    let text = String::from_utf8(MESSAGE.clone()).unwrap();
    for (from, to) in [
        ("ODNY", "ODNZ"),
        ("multipart/signed", "multipart/mixed"),
        ("--\r\n", "--\r\nmore"),
        ("\r\n\r\n--", "\r\n\r\nsome words\r\n--"),
        ("\r\n\r\n--", &format!("\r\n\r\n{}\r\n--", "x".repeat(limits::PREAMBLE_BYTES_MAX + 1))),
        ("ODNY", "\n--=_"),
        ("Content-Transfer-Encoding", "Content-Type: x\r\nContent-Transfer-Encoding"),
        ("A: ", ""),
        ("MIME-Version: 1.0", "Content-Transfer-Encoding: base64"),
        ("; boundary=", "; boundary*=us-ascii''x; boundary="),
        ("; boundary=", "; boundary*0=x; boundary="),
    ] {
        check(text.replace(from, to).as_bytes());
    }
    for end in [0, 10, 30, 300, text.len() - 10, text.len() - 3, text.len() - 1] {
        check(&text.as_bytes()[..end]);
    }
    let header = |size: usize| format!("A: {}\r\n\r\n", "x".repeat(size));
    check(header(limits::HEADER_BYTES_MAX).as_bytes());
    check(header(2 * limits::HEADER_BYTES_MAX).as_bytes());
}

fn boundary(message: &[u8]) -> &[u8] {
    let at = memchr::memmem::find(message, b"boundary=\"").unwrap() + 10;
    let end = memchr::memchr(b'"', &message[at..]).unwrap();
    &message[at..at + end]
}

#[test]
fn a_boundary_in_the_middle_of_a_line_delimits_nothing() {
    let text = String::from_utf8(MESSAGE.clone()).unwrap();
    let dashes = format!("--{}", String::from_utf8_lossy(boundary(&MESSAGE)));
    let (head, body) = text.split_at(text.find(&dashes).unwrap());
    let unsigned = format!("{head}: {body}");
    assert!(whole(unsigned.as_bytes()).is_err());
    let sentence = format!("{head}see {dashes}\r\n{body}");
    assert!(whole(sentence.as_bytes()).is_ok());
    for message in [unsigned, sentence] {
        for cut in 1..60 {
            assert_eq!(in_pieces(message.as_bytes().chunks(cut)), whole(message.as_bytes()), "cut at {cut}");
        }
    }
}

#[test]
fn a_preamble_that_is_too_long_is_that_before_anything_behind_it() {
    let text = String::from_utf8(MESSAGE.clone()).unwrap();
    let dashes = format!("--{}", String::from_utf8_lossy(boundary(&MESSAGE)));
    let (head, body) = text.split_at(text.find("\r\n\r\n").unwrap() + 4);
    let mut said = std::collections::BTreeSet::new();
    for size in limits::PREAMBLE_BYTES_MAX - 4..limits::PREAMBLE_BYTES_MAX + 5 {
        for wrong in ["\r{}", "\n{}", "\r\n{}x", "\r\n{}\rx", "x{}"] {
            let message = format!("{head}{}{}{body}", "x".repeat(size), wrong.replace("{}", &dashes));
            check(message.as_bytes());
            said.insert(whole(message.as_bytes()).unwrap_err().to_string());
        }
    }
    assert!(said.len() >= 3, "{said:?}");
}

proptest! {
    #[test]
    fn whatever_arrives_is_judged_alike(
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[\r\n-]{0,3}|.{0,4}|B|[ \r\n]B|B\r\n"), 0..4),
        near in any::<bool>(),
        cut in 1_usize..200,
    ) {
        let mut message = MESSAGE.clone();
        let dashes = [b"--", boundary(&MESSAGE)].concat();
        let body = memchr::memmem::find(&MESSAGE, &dashes).unwrap();
        for (at, text) in edits {
            // Where delimiters are, edits matter; and pieces of the boundary matter most.
            let at = if near { body - 4 + at.index(40) } else { at.index(message.len()) };
            let text = text.as_bytes().iter().flat_map(|octet| if *octet == b'B' { &dashes } else { std::slice::from_ref(octet) });
            let text: Vec<u8> = text.copied().collect();
            message.splice(at..(at + 1).min(message.len()), text);
        }
        prop_assert_eq!(in_pieces(message.chunks(cut)), whole(&message));
    }
}
