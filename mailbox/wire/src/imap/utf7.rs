//! Modified UTF-7, the spelling of mailbox names on the wire (RFC 3501 §5.1.3).

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

/// A name as the wire spells it: printable ASCII stands for itself, `&` is `&-`, all else is UTF-16 in base64.
pub(super) fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut shifted = Vec::new();
    for char in name.chars() {
        if !matches!(char, ' '..='~') {
            shifted.extend(char.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        shift(&mut wire, &mut shifted);
        wire.push(char);
        if char == '&' {
            wire.push('-');
        }
    }
    shift(&mut wire, &mut shifted);
    wire
}

fn shift(wire: &mut String, units: &mut Vec<u8>) {
    if !units.is_empty() {
        wire.push('&');
        BASE64.encode_string(&*units, wire);
        wire.push('-');
        units.clear();
    }
}

/// The name; `None` if it is not spelt the one way RFC 3501 allows. UTF-8 is taken as it is (RFC 9051 §5.1).
pub(super) fn decode(wire: &[u8]) -> Option<String> {
    let wire = std::str::from_utf8(wire).ok()?;
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((plain, shifted)) = rest.split_once('&') {
        name.push_str(plain);
        let (base64, after) = shifted.split_once('-')?;
        if base64.is_empty() {
            name.push('&');
        } else {
            let octets = BASE64.decode(base64).ok()?;
            let (units, rest) = octets.as_chunks::<2>();
            let text = String::from_utf16(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>());
            // Printable ASCII must not hide in base64: every name has one spelling.
            name.push_str(&text.ok().filter(|text| rest.is_empty() && !text.contains(|c| matches!(c, ' '..='~')))?);
        }
        rest = after;
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_rfc_3501_section_5_1_3_is_read_and_written() {
        let name = "~peter/mail/台北/日本語";
        assert_eq!(encode(name), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").as_deref(), Some(name));
        assert_eq!(encode("R&D"), "R&-D");
    }

    #[test]
    fn other_spellings_are_no_names() {
        for bad in ["&", "&Jjo", "&Jjo!", "&AGE-", "&U,BTFw", "&2D0-", "&U-"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(name in any::<String>()) {
            prop_assert_eq!(decode(encode(&name).as_bytes()), Some(name));
        }
    }
}
