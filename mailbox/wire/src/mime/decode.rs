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
            let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
            let octet = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
            decoded.push(octet.ok_or(Undecodable)?);
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
pub(crate) fn unstructured(value: &[u8]) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::{Header, Tree};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encoded_words_are_decoded_whatever_their_charset() {
        for (field, text) in [
            ("=?UTF-8?B?6KiI55S75pu4?= A", "計画書 A"),
            ("=?ISO-2022-JP?B?GyRCN1cyaD1xGyhC?=", "計画書"),
            ("=?shift_jis?Q?=8Cv=89=E6=8F=91?=", "計画書"),
            ("=?UTF-8?B?6KiI?=\r\n =?UTF-8?B?55S7?=", "計画"),
            ("plain\r\n\ttext", "plain\ttext"),
            ("=?broken", "=?broken"),
        ] {
            let header = format!("Subject: {field}\r\n");
            assert_eq!(Header::of(header.as_bytes()).get("subject").unwrap().text(), text, "{field}");
        }
    }

    #[test]
    fn file_names_are_decoded_however_they_are_written() {
        for (field, name) in [
            ("Content-Disposition: attachment; filename*=utf-8''%E8%A8%88%E7%94%BB.csv", Some("計画.csv")),
            (
                "Content-Disposition: attachment; filename*0*=utf-8''%E8%A8%88; filename*1*=%E7%94%BB; filename*2=.csv",
                Some("計画.csv"),
            ),
            ("Content-Disposition: attachment; filename*=shift_jis'ja'%8Cv%89%E6.csv", Some("計画.csv")),
            ("Content-Disposition: attachment; filename=\"=?UTF-8?B?6KiI55S7LmNzdg==?=\"", Some("計画.csv")),
            ("Content-Disposition: attachment\r\nContent-Type: text/csv; name=\"a b.csv\"", Some("a b.csv")),
            ("Content-Disposition: attachment; filename=plain.csv", Some("plain.csv")),
            ("Content-Disposition: attachment; filename=\"\"", None),
            ("Subject: none", None),
        ] {
            let message = format!("{field}\r\n\r\n");
            assert_eq!(Tree::view(message.as_bytes()).root().file_name().as_deref(), name, "{field}");
        }
    }

    #[test]
    fn base64_ignores_what_is_not_its_alphabet_and_refuses_half_an_octet() {
        let decoded = |body: &str| transfer_decode("base64", body.as_bytes()).map(Cow::into_owned);
        assert_eq!(decoded("QU\r\nJD\r\n"), Ok(b"ABC".to_vec()));
        assert_eq!(decoded("QQ==\r\n--"), Ok(b"A".to_vec()));
        assert_eq!(decoded("QUI"), Ok(b"AB".to_vec()));
        assert_eq!(decoded("Q"), Err(Undecodable));
    }

    #[test]
    fn quoted_printable_joins_lines_and_drops_space_at_their_ends() {
        let decoded = |body: &str| transfer_decode("quoted-printable", body.as_bytes()).map(Cow::into_owned);
        assert_eq!(decoded("a=3D=\r\nb \t\r\n=e3=81=82\r\n"), Ok("a=b\r\nあ\r\n".into()));
        assert_eq!(decoded("a=\nb\n"), Ok(b"ab\n".to_vec()));
        assert_eq!(decoded("=3D ="), Ok(b"= ".to_vec()));
        for bad in ["=G0", "=4", "=+1"] {
            assert_eq!(decoded(bad), Err(Undecodable), "{bad}");
        }
    }

    #[test]
    fn an_unknown_encoding_is_not_guessed_at() {
        assert_eq!(transfer_decode("x-uuencode", b"a"), Err(Undecodable));
        assert_eq!(transfer_decode("8bit", b"a").unwrap(), b"a".as_slice());
    }

    proptest! {
        #[test]
        fn what_base64_writes_is_read(content: Vec<u8>) {
            let wire = base64::engine::general_purpose::STANDARD.encode(&content);
            let lines = wire.as_bytes().chunks(76).collect::<Vec<_>>().join(b"\r\n".as_slice());
            prop_assert_eq!(transfer_decode("base64", &lines).unwrap().into_owned(), content);
        }

        #[test]
        fn any_value_is_decoded_without_a_panic(value: Vec<u8>) {
            let _ = (unstructured(&value), parameter(&value, "name"));
            let _ = (super::super::parameters(&value), super::super::addresses(&value, 100));
            let _ = transfer_decode("quoted-printable", &value);
        }
    }
}
