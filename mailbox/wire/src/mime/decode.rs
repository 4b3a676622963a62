//! What encoded values mean: transfer encodings, charsets, encoded words, RFC 2231 names.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::{Encoding, UTF_8};
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

/// A body that does not follow its `Content-Transfer-Encoding`, or names one that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content does not follow its transfer encoding")]
pub struct Undecodable;

/// Undoes a transfer encoding (RFC 2045 §6); its name is in lower case.
pub fn transfer_decode<'a>(encoding: &str, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Undecodable> {
    match encoding {
        "7bit" | "8bit" | "binary" => Ok(Cow::Borrowed(body)),
        "base64" => base64(body).map(Cow::Owned),
        "quoted-printable" => quoted_printable(body).map(Cow::Owned),
        _ => Err(Undecodable),
    }
}

const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// RFC 2045 §6.8: characters outside the alphabet are ignored; padding ends the data.
fn base64(body: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let end = body.iter().position(|byte| *byte == b'=').unwrap_or(body.len());
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits: Vec<u8> = body[..end].iter().copied().filter(digit).collect();
    TOLERANT.decode(digits).map_err(|_| Undecodable)
}

/// RFC 2045 §6.7: `=` and two digits is an octet, `=` at the end of a line joins it to the next, white space at the
/// end of a line is not content.
fn quoted_printable(body: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let mut decoded = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let end = &line[line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1)..];
        let (text, end) = text.strip_suffix(b"=").map_or((text, end), |text| (text, b"".as_slice()));
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte != b'=' {
                decoded.push(byte);
                continue;
            }
            let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(Undecodable)?;
            decoded.push(u8::from_str_radix(digits, 16).map_err(|_| Undecodable)?);
            rest = &rest[2..];
        }
        decoded.extend_from_slice(end);
    }
    Ok(decoded)
}

/// Text in a named charset as Unicode. An unknown charset is read as UTF-8; what it cannot hold becomes `�`.
pub fn charset_text(charset: &[u8], text: &[u8]) -> String {
    Encoding::for_label(charset).unwrap_or(UTF_8).decode(text).0.into_owned()
}

/// An unfolded value with its encoded words decoded.
pub(super) fn unstructured(value: &[u8]) -> String {
    if !value.windows(2).any(|two| two == b"=?") {
        return String::from_utf8_lossy(value).into_owned();
    }
    let line = [value, b"\r\n"].concat();
    match MessageStream::new(&line).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    }
}

/// A parameter of a value, decoded (RFC 2231, encoded words).
pub(super) fn parameter(value: &[u8], name: &str) -> Option<String> {
    let line = [value, b"\r\n"].concat();
    let HeaderValue::ContentType(read) = MessageStream::new(&line).parse_content_type() else { return None };
    let text = read.attributes()?.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    Some(unstructured(text.value.as_bytes())).filter(|text| !text.is_empty())
}
