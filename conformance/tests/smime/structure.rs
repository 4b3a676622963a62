//! CMS structures as files, which these programs read and write, and the MIME entities that carry them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_signer::{Cipher, DecryptError, Enveloped, Identity, Signed, encrypt};

/// The signature of a `multipart/signed` entity: its last part.
pub(crate) fn signature_of(message: &[u8]) -> Vec<u8> {
    let part = Signed::read(message).expect("it is a signed message").part();
    let from = part.as_ptr().addr() - message.as_ptr().addr() + part.len();
    let rest = String::from_utf8(message[from..].to_vec()).expect("a signature travels as ASCII");
    let (_, body) = rest.split_once("\r\n\r\n").expect("its header ends");
    decoded(body.split_once("\r\n--").expect("the boundary ends it").0)
}

/// A `multipart/signed` entity around a content and somebody's signature.
pub(crate) fn signed(entity: &[u8], signature: &[u8]) -> Vec<u8> {
    let head =
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=edge";
    let part = "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64";
    let end = format!("\r\n--edge\r\n{part}\r\n\r\n{}\r\n--edge--\r\n", lines(signature));
    [format!("{head}\r\n\r\n--edge\r\n").as_bytes(), entity, end.as_bytes()].concat()
}

/// Our envelope for one reader, as a file.
pub(crate) fn sealed(entity: &[u8], reader: &Identity, cipher: Cipher) -> Vec<u8> {
    envelope_of(&encrypt(entity, &[reader.certificate().clone()], cipher).expect("it is encrypted"))
}

/// The envelope of an `application/pkcs7-mime` entity: its body.
pub(crate) fn envelope_of(entity: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(entity.to_vec()).expect("an envelope travels as ASCII");
    decoded(text.split_once("\r\n\r\n").expect("its header ends").1)
}

/// Opens somebody's envelope.
pub(crate) fn opened(envelope: &[u8], reader: &Identity) -> Result<Vec<u8>, DecryptError> {
    let head = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64";
    let entity = format!("{head}\r\n\r\n{}\r\n", lines(envelope));
    Enveloped::read(entity.as_bytes())?.decrypt(std::slice::from_ref(reader)).map(|clear| clear.to_vec())
}

fn lines(octets: &[u8]) -> String {
    let letters = STANDARD.encode(octets);
    let lines: Vec<&str> =
        letters.as_bytes().chunks(76).map(|line| str::from_utf8(line).expect("base64 is ASCII")).collect();
    lines.join("\r\n")
}

fn decoded(body: &str) -> Vec<u8> {
    let letters: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(letters).expect("it is base64")
}
