//! One spelling for what people write in many: what is searched for and what is searched are folded alike (Profile §17.4).

use unicode_normalization::UnicodeNormalization as _;

/// Full and half width, hiragana and katakana, small and large kana, capitals and small letters become one; spaces, middle dots and
/// what cannot be seen do not count.
pub(super) fn folded(text: &str) -> String {
    let seen = text.nfkc().filter(|c| !c.is_whitespace() && *c != '・' && !is_hidden(*c) && !c.is_control());
    seen.flat_map(char::to_lowercase).map(kana).collect()
}

/// Marks that show nothing: directions of writing, joiners, and which drawing of a kanji is meant.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{E0000}'..='\u{E01EF}'
    )
}

/// Katakana, large; a dash of any sort is the long vowel it is typed for.
fn kana(c: char) -> char {
    let katakana = match c {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        other => other,
    };
    match katakana {
        'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ッ' | 'ャ' | 'ュ' | 'ョ' | 'ヮ' => {
            char::from_u32(u32::from(katakana) + 1).unwrap_or(katakana)
        }
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' => 'ー',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::folded;

    // Profile §17.4
    #[test]
    fn what_people_write_in_many_ways_is_one() {
        for same in ["デイサービス", "でいさーびす", "ﾃﾞｲｻｰﾋﾞｽ", "ディサ−ビス", "デイ　サービス", "デイ・サ-ビス"]
        {
            assert_eq!(folded(same), "デイサービス", "{same}");
        }
        assert_eq!(folded("ＡＢＣ　１２"), "abc12");
        assert_eq!(folded("自由ヶ丘"), folded("自由ケ丘"));
        assert_eq!(folded("葛\u{E0100}城"), "葛城");
        assert_eq!(folded("が"), folded("か\u{3099}"));
        assert_eq!(folded(" \u{0}・\u{200B}"), "");
    }
}
