//! A section of header fields (RFC 5322 §2.2), read in one way by everybody who judges what stands there.

use crate::{Refusal, Refused};

/// Longest section of header fields, in bytes (Profile §12).
pub const HEADER_BYTES: usize = 64 << 10;
/// Longest Message-ID, in bytes (a line of RFC 5322 §2.1.1 holds no longer one).
const MESSAGE_ID_BYTES: usize = 998;

/// RFC 5322 §2.2: `name ":" value`, folded lines joined, up to the empty line. Names are in lower case.
pub fn read_section(octets: &[u8]) -> Result<Vec<(String, String)>, Refused> {
    let malformed = |about: &'static str| move || Refusal::MessageMalformed.about(about);
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut read = 0;
    for line in octets.split_inclusive(|byte| *byte == b'\n') {
        read += line.len();
        if read > HEADER_BYTES {
            return Err(Refusal::HeadersTooLarge.about(format_args!("limit {HEADER_BYTES} bytes")));
        }
        let line = line.strip_suffix(b"\r\n").ok_or_else(malformed("a header line does not end with CR LF"))?;
        let text = std::str::from_utf8(line).map_err(|_| malformed("the header is not UTF-8")())?;
        if text.is_empty() {
            return Ok(fields);
        }
        if text.starts_with([' ', '\t']) {
            // RFC 5322 §2.2.3: a folded line belongs to the field before it.
            let (_, value) = fields.last_mut().ok_or_else(malformed("the header begins with a folded line"))?;
            value.push(' ');
            value.push_str(text.trim());
            continue;
        }
        let (name, value) = text.split_once(':').ok_or_else(malformed("a header line has no colon"))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed("a field name holds other than printable characters")());
        }
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Err(malformed("the header does not end")())
}

/// The Message-ID in `<left@right>`, without its brackets (RFC 5322 §3.6.4).
pub fn message_id(value: &str) -> Option<String> {
    let inner = value.trim().strip_prefix('<')?.strip_suffix('>')?;
    let printable = inner.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'));
    let whole = printable && inner.contains('@') && inner.len() <= MESSAGE_ID_BYTES;
    whole.then(|| inner.to_owned())
}
