//! Octets as text, two hex digits each: how digests travel in JSON, and serial numbers to people.

/// Octets in lower-case hex.
pub fn hex(octets: &[u8]) -> String {
    let mut digits = vec![0; 2 * octets.len()];
    // There is room for all of them.
    base16ct::lower::encode_str(octets, &mut digits).map(ToOwned::to_owned).unwrap_or_default()
}

/// The octets of a text in hex, of either case. None: it has a letter that is no hex digit, or one digit too many.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let mut octets = vec![0; text.len() / 2];
    base16ct::mixed::decode(text, &mut octets).ok()?;
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_lower_case_and_two_digits_a_byte() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
        assert_eq!(hex(&[]), "");
    }

    #[test]
    fn what_is_no_pair_of_hex_digits_is_refused() {
        assert_eq!(unhex("000aFF"), Some(vec![0, 10, 255]));
        assert_eq!(unhex(""), Some(Vec::new()));
        for spoilt in ["0", "000", "0g", "+f", "-1", " 1", "1 ", "0x10", "あ", "00\n", "ｆｆ"] {
            assert_eq!(unhex(spoilt), None, "{spoilt:?}");
        }
    }
}
