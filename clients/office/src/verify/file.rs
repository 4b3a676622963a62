//! A message in a file: read within a limit, whatever its line ends became on the way to the disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{Continuation, PROOF_FORM, Private, ProofFile};
use fumibako_signer::{Enveloped, SignedReceipt};
use mail_parser::{MessageParser, MimeHeaders as _};
use serde::Deserialize;

use crate::trouble::{Limit, Trouble};

/// Largest file, in bytes: what an operator may allow a message to have (Profile §12.1), and the header.
pub const MESSAGE_BYTES: usize = 151 << 20;

/// Why a file cannot be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWhole {
    /// It is no mail message.
    Other,
    /// The encrypted part alone; the signature around it is what could be verified.
    Envelope,
    /// Evidence, cut short or changed so that it cannot be read.
    Proof,
    /// Evidence in a form that a later program writes.
    LaterProof,
    /// A CMS structure that is neither an envelope nor a receipt: a signature without what it signs, for instance.
    Cms,
}

/// What a file holds that can be verified.
#[derive(Debug)]
pub enum Input {
    /// A message.
    Message(Private<Vec<u8>>),
    /// Evidence with all that proves it (Profile §8.18).
    Proof(Box<ProofFile>),
    /// Two heads of the gateway's log, one continuing the other (Profile §8.20).
    Continuation(Continuation),
}

/// What every form of evidence says of itself first.
#[derive(Deserialize)]
struct Form {
    v: u64,
}

/// Reads a message from a file, or from standard input for `-`.
pub fn read(path: &Path) -> Result<Private<Vec<u8>>, Trouble> {
    let octets = octets(path)?;
    whole(&octets.0).map(Private).map_err(|why| Trouble::NotAMessage(path.to_owned(), why))
}

/// The same, or evidence with its proof.
pub fn read_input(path: &Path) -> Result<Input, Trouble> {
    let octets = octets(path)?;
    // No message begins with a bracket: a field has a name.
    if octets.0.trim_ascii_start().starts_with(b"{") {
        return proof(&octets.0).map_err(|why| Trouble::NotAMessage(path.to_owned(), why));
    }
    let message = whole(&octets.0).map_err(|why| Trouble::NotAMessage(path.to_owned(), why))?;
    Ok(Input::Message(Private(message)))
}

fn proof(octets: &[u8]) -> Result<Input, NotWhole> {
    let read = serde_json::from_slice::<Form>(octets).map_err(|_| NotWhole::Proof)?;
    if read.v != u64::from(PROOF_FORM) {
        return Err(NotWhole::LaterProof);
    }
    if let Ok(proof) = serde_json::from_slice::<ProofFile>(octets) {
        return Ok(Input::Proof(Box::new(proof)));
    }
    serde_json::from_slice(octets).map(Input::Continuation).map_err(|_| NotWhole::Proof)
}

fn octets(path: &Path) -> Result<Private<Vec<u8>>, Trouble> {
    let octets = if path.as_os_str() == "-" {
        up_to_limit(io::stdin().lock()).map_err(Trouble::reading(path))?
    } else {
        let file = File::open(path).map_err(|why| match why.kind() {
            io::ErrorKind::NotFound => Trouble::NoSuchFile(path.to_owned()),
            _ => Trouble::reading(path)(why),
        })?;
        up_to_limit(file).map_err(Trouble::reading(path))?
    };
    if octets.0.len() > MESSAGE_BYTES {
        return Err(Trouble::Limit(Limit::File(MESSAGE_BYTES)));
    }
    Ok(octets)
}

fn up_to_limit(from: impl Read) -> io::Result<Private<Vec<u8>>> {
    let mut octets = Vec::new();
    from.take(MESSAGE_BYTES as u64 + 1).read_to_end(&mut octets)?;
    Ok(Private(octets))
}

/// The message, each line ending with CRLF as it travelled (RFC 8551 §3.1.1); a bare receipt gets the header it needs.
pub(super) fn whole(octets: &[u8]) -> Result<Vec<u8>, NotWhole> {
    if let Some(der) = structure(octets) {
        return bare(&der);
    }
    let octets = with_crlf(octets);
    let message = MessageParser::default().parse_headers(&octets);
    let is_mail = message.is_some_and(|message| message.from().is_some() || message.content_type().is_some());
    if is_mail { Ok(octets) } else { Err(NotWhole::Other) }
}

/// A program on a disk may have written LF for CRLF.
fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(octets.len() + octets.len() / 64);
    for (at, byte) in octets.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || octets[at - 1] != b'\r') {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    lines
}

/// A CMS structure without a mail around it, as DER or PEM.
fn structure(octets: &[u8]) -> Option<Vec<u8>> {
    // RFC 5652 §3: a SEQUENCE. No header field begins with a zero of ASCII and a length.
    if octets.starts_with(&[0x30]) && octets.get(1).is_some_and(|length| *length >= 0x80) {
        return Some(octets.to_vec());
    }
    let text = std::str::from_utf8(octets.get(..octets.len().min(MESSAGE_BYTES))?).ok()?.trim();
    let body = ["CMS", "PKCS7"].iter().find_map(|label| {
        let body = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
        body.strip_suffix(&format!("-----END {label}-----"))
    })?;
    let letters: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(letters).ok()
}

fn bare(der: &[u8]) -> Result<Vec<u8>, NotWhole> {
    let entity = |kind: &str| {
        let head = format!(
            "Content-Type: application/pkcs7-mime; smime-type={kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        );
        let letters = STANDARD.encode(der);
        let lines = letters.as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat());
        head.into_bytes().into_iter().chain(lines).collect::<Vec<u8>>()
    };
    let receipt = entity("signed-receipt");
    if SignedReceipt::read(&receipt).is_ok() {
        return Ok(receipt);
    }
    let envelope = Enveloped::read(&entity("enveloped-data")).is_ok();
    Err(if envelope { NotWhole::Envelope } else { NotWhole::Cms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_travelled() {
        assert_eq!(with_crlf(b"\na\nb\r\n\nc"), b"\r\na\r\nb\r\n\r\nc");
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        for text in ["", "\u{feff}", "plain words", "%PDF-1.7\n", "UP1KYO,1\r\n\r\n"] {
            assert_eq!(whole(text.as_bytes()), Err(NotWhole::Other), "{text}");
        }
        assert_eq!(whole(&[0x30, 0x82, 0, 1, 5]), Err(NotWhole::Cms));
        assert_eq!(whole(b"-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n"), Err(NotWhole::Cms));
        assert!(whole(b"From: a@b.example\n\nx").is_ok());
    }

    // Profile §8.19
    #[test]
    fn a_damaged_proof_is_no_mail() {
        for text in ["{", "{}", "{\"v\":1,\"entries\":[", "{\"v\":1,\"entries\":[]}", "{\"v\":-1}"] {
            assert_eq!(proof(text.as_bytes()).unwrap_err(), NotWhole::Proof, "{text}");
        }
        for text in ["{\"v\":2,\"entries\":[],\"head\":\"\"}", "{\"v\":2}", "{\"v\":0,\"more\":{}}"] {
            assert_eq!(proof(text.as_bytes()).unwrap_err(), NotWhole::LaterProof, "{text}");
        }
        let whole = "{\"v\":1,\"entries\":[],\"head\":\"\"}";
        assert!(matches!(proof(whole.as_bytes()), Ok(Input::Proof(_))));
    }

    #[test]
    fn a_stream_is_not_read_past_the_limit() {
        let octets = up_to_limit(io::repeat(b'a')).unwrap();
        assert_eq!(octets.0.len(), MESSAGE_BYTES + 1);
    }
}
