//! Header blocks and media types, read strictly: what two readers could read differently is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Layer, SignatureError};
use crate::limits::HEADER_BYTES_MAX;

/// An entity's header block and body, and the fields this crate looks at.
pub(crate) struct Entity<'m> {
    pub(crate) body: &'m [u8],
    fields: Vec<(String, String)>,
}

impl<'m> Entity<'m> {
    /// RFC 5322 §2.1: header fields, an empty line, the body; every header line ends with CRLF.
    pub(crate) fn read(bytes: &'m [u8], layer: Layer) -> Result<Self, SignatureError> {
        let malformed = |reason| SignatureError::Malformed { layer, reason };
        let window = &bytes[..bytes.len().min(HEADER_BYTES_MAX)];
        let end = if window.starts_with(b"\r\n") {
            0
        } else {
            match memchr::memmem::find(window, b"\r\n\r\n") {
                Some(at) => at + 2,
                None if bytes.len() > HEADER_BYTES_MAX => {
                    return Err(SignatureError::TooLarge { what: "header", limit: HEADER_BYTES_MAX });
                }
                None => return Err(malformed("no empty line ends the header")),
            }
        };
        let fields = fields(&bytes[..end]).map_err(malformed)?;
        Ok(Self { body: &bytes[end + 2..], fields })
    }

    /// The field's value, unfolded. A field that decides about structure may stand once only.
    pub(crate) fn field(&self, name: &str, layer: Layer) -> Result<Option<&str>, SignatureError> {
        let mut found = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let first = found.next();
        if found.next().is_some() {
            return Err(SignatureError::Malformed { layer, reason: "a Content field stands twice" });
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    /// How the body travels (RFC 2045 §6).
    pub(crate) fn encoding(&self, layer: Layer) -> Result<Encoding, SignatureError> {
        let named = self.field("Content-Transfer-Encoding", layer)?.unwrap_or("7bit");
        match named.to_ascii_lowercase().as_str() {
            "base64" => Ok(Encoding::Base64),
            "binary" | "8bit" | "7bit" => Ok(Encoding::AsItIs),
            _ => Err(SignatureError::Malformed { layer, reason: "the transfer encoding is unknown" }),
        }
    }

    /// The body, its transfer encoding undone. How large a body may be is the caller's to know.
    pub(crate) fn decoded(&self, layer: Layer) -> Result<Vec<u8>, SignatureError> {
        if !self.encoding(layer)?.is_base64() {
            return Ok(self.body.to_vec());
        }
        let letters: Vec<u8> = self.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(letters).map_err(|_| SignatureError::Malformed { layer, reason: "the body is not base64" })
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// The media type with its parameters.
    pub(crate) fn media_type(&self, layer: Layer) -> Result<Option<MediaType>, SignatureError> {
        let Some(value) = self.field("Content-Type", layer)? else { return Ok(None) };
        let reason = "the Content-Type is not readable";
        MediaType::read(value).map(Some).ok_or(SignatureError::Malformed { layer, reason })
    }
}

/// A transfer encoding that S/MIME uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Base64,
    AsItIs,
}

impl Encoding {
    pub(crate) fn is_base64(self) -> bool {
        self == Self::Base64
    }
}

/// An `application/pkcs7-mime` entity around CMS octets (RFC 8551 §3.2), ready for every transport.
pub(crate) fn pkcs7_mime(kind: &str, file: &str, der: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "Content-Type: application/pkcs7-mime; smime-type={kind}; name=\"{file}\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"{file}\"\r\n\r\n"
    )
    .into_bytes();
    push_base64(&mut out, der);
    out
}

/// RFC 2045 §6.8: lines of 76 letters.
pub(crate) fn push_base64(out: &mut Vec<u8>, octets: &[u8]) {
    let letters = STANDARD.encode(octets);
    out.reserve(letters.len() + letters.len() / 76 * 2 + 2);
    for line in letters.as_bytes().chunks(76) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
}

/// RFC 5322 §2.2: name ":" value, folded lines joined.
fn fields(header: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let text = String::from_utf8_lossy(header);
    for line in text.split_terminator("\r\n") {
        if line.contains(['\r', '\n', '\0']) {
            return Err("a header line does not end with CRLF");
        }
        if line.starts_with([' ', '\t']) {
            fields.last_mut().ok_or("the header begins with a folded line")?.1.push_str(line);
            continue;
        }
        let (name, value) = line.split_once(':').ok_or("a header line is not a field")?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a header line is not a field");
        }
        fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
    Ok(fields)
}

/// The parameters that say how an entity is divided and protected.
const DECISIVE: [&str; 4] = ["boundary", "protocol", "micalg", "smime-type"];

/// RFC 2045 §5.1: type "/" subtype *(";" attribute "=" value), in lower case where case does not count.
pub(crate) struct MediaType {
    pub(crate) name: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    fn read(value: &str) -> Option<Self> {
        let mut words = Words { rest: value };
        let kind = words.token()?;
        words.take('/')?;
        let name = format!("{kind}/{}", words.token()?).to_ascii_lowercase();
        let mut parameters: Vec<(String, String)> = Vec::new();
        while words.take(';').is_some() {
            if words.is_done()? {
                break;
            }
            let attribute = words.token()?.to_ascii_lowercase();
            words.take('=')?;
            let value = words.value()?;
            // RFC 2231 writes one parameter in several ways; of those that decide about structure only the plain one is read.
            let plain = attribute.split_once('*').is_none_or(|(name, _)| !DECISIVE.contains(&name));
            if !plain || parameters.iter().any(|(known, _)| *known == attribute) {
                return None;
            }
            parameters.push((attribute, value));
        }
        words.is_done()?.then_some(Self { name, parameters })
    }

    /// Whether it is CMS around its content, of this `smime-type` (RFC 8551 §3.2.2).
    pub(crate) fn is_pkcs7_mime(&self, kind: &str) -> bool {
        matches!(self.name.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime")
            && self.parameter("smime-type").is_some_and(|named| named.eq_ignore_ascii_case(kind))
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

struct Words<'t> {
    rest: &'t str,
}

impl Words<'_> {
    /// White space and comments, which nest (RFC 5322 §3.2.2). `None`: a comment without end.
    fn skip(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t']);
            if !self.rest.starts_with('(') {
                return Some(());
            }
            let mut depth = 0_usize;
            let mut escaped = false;
            let end = self.rest.char_indices().find_map(|(at, letter)| {
                match letter {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                (depth == 0).then_some(at + 1)
            })?;
            self.rest = &self.rest[end..];
        }
    }

    fn is_done(&mut self) -> Option<bool> {
        self.skip()?;
        Some(self.rest.is_empty())
    }

    fn take(&mut self, sign: char) -> Option<()> {
        self.skip()?;
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }

    fn token(&mut self) -> Option<String> {
        self.skip()?;
        let special = |letter: char| !letter.is_ascii_graphic() || "()<>@,;:\\\"/[]?=".contains(letter);
        let end = self.rest.find(special).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then(|| token.to_owned())
    }

    fn value(&mut self) -> Option<String> {
        self.skip()?;
        if !self.rest.starts_with('"') {
            return self.token();
        }
        let mut text = String::new();
        let mut escaped = false;
        for (at, letter) in self.rest.char_indices().skip(1) {
            match letter {
                _ if escaped => {
                    text.push(letter);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                _ => text.push(letter),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
