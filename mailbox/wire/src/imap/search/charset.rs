//! The charsets of a search's texts (RFC 3501 §6.4.4).

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8};

/// As BADCHARSET names them.
pub(in crate::imap) const KNOWN: &str = "US-ASCII UTF-8 ISO-2022-JP Shift_JIS EUC-JP";

/// The charset of a name, if it is known here. US-ASCII is part of UTF-8.
pub(super) fn charset(name: &[u8]) -> Option<&'static Encoding> {
    if name.eq_ignore_ascii_case(b"us-ascii") {
        return Some(UTF_8);
    }
    Encoding::for_label(name).filter(|found| [UTF_8, ISO_2022_JP, SHIFT_JIS, EUC_JP].contains(found))
}

/// Octets as text; `None` if they are not of this charset.
pub(super) fn text(charset: &'static Encoding, octets: &[u8]) -> Option<String> {
    let text = charset.decode_without_bom_handling_and_without_replacement(octets)?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_charsets_are_known_and_others_are_not() {
        for (name, octets) in [
            ("utf-8", "計画".as_bytes()),
            ("ISO-2022-JP", b"\x1b$B7W2h\x1b(B"),
            ("shift_jis", b"\x8cv\x89\xe6"),
            ("Windows-31J", b"\x8cv\x89\xe6"),
            ("EUC-JP", b"\xb7\xd7\xb2\xe8"),
        ] {
            assert_eq!(text(charset(name.as_bytes()).unwrap(), octets).as_deref(), Some("計画"), "{name}");
        }
        for name in ["KOI8-R", "ISO-8859-1", "windows-1252", "", "UTF-16"] {
            assert_eq!(charset(name.as_bytes()), None, "{name}");
        }
        assert_eq!(text(UTF_8, b"\x8cv"), None);
        assert!(KNOWN.split(' ').all(|name| charset(name.as_bytes()).is_some()));
    }
}
