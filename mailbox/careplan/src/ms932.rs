//! MS932 (`Shift_JIS` with Microsoft's extensions): which bytes are characters, and which of them may not be sent.

use std::sync::OnceLock;

use encoding_rs::SHIFT_JIS;

/// Why a character may not stand in a file (標準仕様 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// Bytes that are no character.
    NotMs932,
    /// 外字: every office sees another one.
    PrivateUse,
    /// A control character.
    Control,
}

/// In which of two ways the bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    Ms932,
    /// Already reported as wrong; the other checks go on.
    Utf8,
}

/// One bit per pair of bytes, set if the pair is a character.
struct Pairs(Vec<u64>);

impl Pairs {
    fn get() -> &'static Self {
        static PAIRS: OnceLock<Pairs> = OnceLock::new();
        PAIRS.get_or_init(|| {
            let mut bits = vec![0; 1024];
            for pair in 0x8140..=0xFCFC_u16 {
                let bytes = pair.to_be_bytes();
                let is_lead = matches!(bytes[0], 0x81..=0x9F | 0xE0..=0xFC);
                if is_lead && SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&bytes).is_some() {
                    bits[usize::from(pair) / 64] |= 1 << (pair % 64);
                }
            }
            Self(bits)
        })
    }

    fn hold(&self, lead: u8, trail: u8) -> bool {
        let pair = u16::from_be_bytes([lead, trail]);
        self.0.get(usize::from(pair) / 64).is_some_and(|bits| bits >> (pair % 64) & 1 == 1)
    }
}

/// The first character that may not be sent. Line breaks are allowed: a field holds them only inside quotes.
pub(crate) fn foreign(bytes: &[u8], charset: Charset) -> Option<(usize, Foreign)> {
    let pairs = Pairs::get();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let width = match byte {
            b'\r' | b'\n' | 0x20..0x7F => 1,
            0..0x20 | 0x7F => return Some((at, Foreign::Control)),
            // In UTF-8 everything else was accepted when the file was recognised as UTF-8.
            _ if charset == Charset::Utf8 => 1,
            0xA1..=0xDF => 1,
            // Decoders read it as U+0080, a control character.
            0x80 => return Some((at, Foreign::Control)),
            lead => match bytes.get(at + 1) {
                Some(&trail) if pairs.hold(lead, trail) && (0xF0..=0xF9).contains(&lead) => {
                    return Some((at, Foreign::PrivateUse));
                }
                Some(&trail) if pairs.hold(lead, trail) => 2,
                _ => return Some((at, Foreign::NotMs932)),
            },
        };
        at += width;
    }
    None
}

/// Text for people: bytes that are no character become `〓`, the printers' mark for a missing one.
pub(crate) fn decode(bytes: &[u8], charset: Charset) -> String {
    let text = match charset {
        Charset::Ms932 => SHIFT_JIS.decode_without_bom_handling(bytes).0,
        Charset::Utf8 => String::from_utf8_lossy(bytes),
    };
    text.replace(char::REPLACEMENT_CHARACTER, "〓")
}

/// Whether the bytes are UTF-8 that no MS932 software would have written.
///
/// Pairs of half-width kana are also valid two-byte UTF-8, so at least one longer character must be there: Japanese
/// text of any length has one.
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && bytes.iter().any(|byte| *byte >= 0xE0)
}

/// The text of a table that a spreadsheet wrote: UTF-8, with or without a mark at its beginning, or MS932. Else the line, from 1, where
/// it is neither.
pub fn spreadsheet_text(bytes: &[u8]) -> Result<String, usize> {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let marked = bytes.strip_prefix(MARK);
    let is_utf8 = marked.is_some() || bytes.is_ascii() || is_utf8(bytes);
    let bytes = marked.unwrap_or(bytes);
    let line = |at: usize| bytes[..at].split(|byte| *byte == b'\n').count();
    if is_utf8 {
        return std::str::from_utf8(bytes).map(str::to_owned).map_err(|why| line(why.valid_up_to()));
    }
    // What is no letter is told by who reads the cells.
    let mut at = 0;
    while let Some((next, why)) = foreign(&bytes[at..], Charset::Ms932) {
        if why == Foreign::NotMs932 {
            return Err(line(at + next));
        }
        let wide = bytes[at + next] > 0x80;
        at += next + 1 + usize::from(wide);
    }
    Ok(SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned())
}

/// Characters that look alike, of which MS932 has only the second. Encoders refuse or replace the first.
const ALIKE: [(char, char); 8] =
    [('〜', '～'), ('‖', '∥'), ('¬', '￢'), ('−', '－'), ('¢', '￠'), ('£', '￡'), ('¥', '￥'), ('‾', '￣')];

/// Encodes text; the first character that MS932 lacks is the error.
pub(crate) fn encode(text: &str) -> Result<Vec<u8>, char> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        let c = ALIKE.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
        if c.is_ascii() {
            bytes.push(u8::try_from(u32::from(c)).unwrap_or(b'?'));
            continue;
        }
        let mut buffer = [0; 4];
        let (encoded, _, unmappable) = SHIFT_JIS.encode(c.encode_utf8(&mut buffer));
        if unmappable || foreign(&encoded, Charset::Ms932).is_some() {
            return Err(c);
        }
        bytes.extend_from_slice(&encoded);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8]) -> Option<(usize, Foreign)> {
        foreign(bytes, Charset::Ms932)
    }

    #[test]
    fn text_of_the_extended_set_is_allowed() {
        let bytes = encode("①～㈱・髙・﨑・ｶﾅ・Ⅳ\r\n").unwrap();
        assert_eq!(first(&bytes), None);
        assert_eq!(decode(&bytes, Charset::Ms932), "①～㈱・髙・﨑・ｶﾅ・Ⅳ\r\n");
    }

    #[test]
    fn private_characters_broken_pairs_and_controls_are_told_apart() {
        assert_eq!(first(b"a\xF0\x40"), Some((1, Foreign::PrivateUse)));
        assert_eq!(first(b"a\xF9\xFC"), Some((1, Foreign::PrivateUse)));
        for broken in [&b"a\x82"[..], b"a\x82\x20", b"a\xA0", b"a\xFD", b"a\xFF", b"a\x85\x40", b"a\xF0\x7F"] {
            assert_eq!(first(broken), Some((1, Foreign::NotMs932)), "{broken:x?}");
        }
        for control in [&b"a\x0B"[..], b"a\t", b"a\0", b"a\x7F", b"a\x80"] {
            assert_eq!(first(control), Some((1, Foreign::Control)), "{control:x?}");
        }
    }

    #[test]
    fn utf8_is_recognised_but_half_width_kana_are_not_mistaken_for_it() {
        assert!(is_utf8("架空　花子".as_bytes()));
        assert!(!is_utf8(&encode("架空　花子").unwrap()));
        assert!(!is_utf8(b"plain"));
        let kana = encode("ﾂｱ").unwrap();
        assert!(std::str::from_utf8(&kana).is_ok() && !is_utf8(&kana));
    }

    #[test]
    fn a_spreadsheet_s_text_is_read_whichever_it_wrote() {
        let text = "番号,名称\r\n1,ｶﾅ\u{E000}\r\n";
        assert_eq!(spreadsheet_text(text.as_bytes()).as_deref(), Ok(text));
        assert_eq!(spreadsheet_text(format!("\u{FEFF}{text}").as_bytes()).as_deref(), Ok(text));
        let mut ms932 = encode("番号,ｶﾅ\n").unwrap();
        assert_eq!(spreadsheet_text(&ms932).as_deref(), Ok("番号,ｶﾅ\n"));
        ms932.extend(b"a\0\xF0\x40");
        assert_eq!(spreadsheet_text(&ms932).as_deref(), Ok("番号,ｶﾅ\na\0\u{E000}"));
        for wrong in [&b"\x82"[..], b"\xFF", b"\x85\x40"] {
            assert_eq!(spreadsheet_text(&[&ms932, wrong].concat()), Err(2), "{wrong:x?}");
        }
        assert_eq!(spreadsheet_text(b"\xEF\xBB\xBFa\n\xFF"), Err(2));
        assert_eq!(spreadsheet_text(b""), Ok(String::new()));
    }

    #[test]
    fn what_looks_alike_is_written_and_the_rest_is_named() {
        assert_eq!(decode(&encode("10〜11−¥").unwrap(), Charset::Ms932), "10～11－￥");
        for foreign in ['é', '€', '𠮷', '鷗', '\u{E000}', '\u{80}'] {
            assert_eq!(encode(&foreign.to_string()), Err(foreign));
        }
    }
}
