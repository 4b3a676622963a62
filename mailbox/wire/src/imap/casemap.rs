//! i;unicode-casemap (RFC 5051): how SEARCH, SORT and THREAD compare texts (RFC 5255 §4, Profile §7.41).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The form in which texts are compared: case and width do not matter, nor how a voiced kana is put together.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(title).nfkd().collect()
}

/// The same of so many octets of it and no more.
pub(super) fn fold_within(text: &str, bytes: usize) -> Box<str> {
    let mut folded = fold(text);
    folded.truncate(folded.floor_char_boundary(bytes));
    folded.into_boxed_str()
}

/// An octet string that should be UTF-8, folded.
pub(super) fn fold_lossy(text: &[u8], bytes: usize) -> Box<str> {
    let text: Cow<'_, str> = String::from_utf8_lossy(text);
    fold_within(&text, bytes)
}

/// Tabs and what is left of folding are spaces, and many spaces one.
pub(super) fn one_space(subject: &str) -> String {
    let mut spaced = String::with_capacity(subject.len());
    for char in subject.chars() {
        let char = if matches!(char, '\t' | '\r' | '\n') { ' ' } else { char };
        if char != ' ' || !spaced.ends_with(' ') {
            spaced.push(char);
        }
    }
    spaced
}

/// The titlecase of one character where Unicode gives one character for it; else itself.
fn title(char: char) -> char {
    let up = |by: u32| char::from_u32(u32::from(char) + by).unwrap_or(char);
    match char {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        // Georgian has capitals, and no titlecase.
        '\u{10d0}'..='\u{10ff}' => char,
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => up(8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => up(9),
        char => {
            let mut upper = char.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) => one,
                _ => char,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §7.41
    #[test]
    fn case_and_width_do_not_matter() {
        for (one, other) in [
            ("plan", "PLAN"),
            ("Ｐｌａｎ　１", "plan 1"),
            ("ｹｱﾌﾟﾗﾝ", "ケアプラン"),
            ("がぎぐ", "か\u{3099}き\u{3099}く\u{3099}"),
            ("㈱", "(株)"),
            ("é", "É"),
            ("ǆ", "ǅ"),
            ("ᾳ", "ᾼ"),
            ("σ", "Σ"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in [("ケア", "けあ"), ("ß", "SS"), ("計画", "計算")] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn a_folded_text_ends_between_characters() {
        assert_eq!(&*fold_within("ああ", 5), "あ");
        assert_eq!(&*fold_within("ab", 2), "AB");
        assert_eq!(&*fold_within("abc", 2), "AB");
        assert_eq!(&*fold_lossy(b"\xff", 10), "\u{fffd}");
    }
}
