//! Whom a message shows its reader as the one who speaks: the office in `From`, and nobody else (Profile §5.1). The gateway asks at
//! its door, an office of what it fetches or verifies.

use crate::address::Address;
use crate::refusal::{Refusal, Refused};

/// Fields that may name the office in `From`, and nobody else: whoever answers, or sends a receipt, writes there. In lower case.
pub const THE_OFFICE: [&str; 2] = ["reply-to", "disposition-notification-to"];
/// So many digits beside an address could be taken for an office number, which has ten.
const DIGITS_SHOWN: usize = 8;

/// Profile §5.1: `shown` is the name beside the address in `From`, decoded; `others` are the fields that name
/// the office, such as those of [`THE_OFFICE`], each with its one address, if it has just one.
pub fn speaks_alone(
    from: &Address,
    shown: Option<&str>,
    others: impl IntoIterator<Item = (&'static str, Option<Address>)>,
) -> Result<(), Refused> {
    let is_from = |other: &Address| other.party() == from.party() && other.domain == from.domain;
    if let Some((name, _)) = others.into_iter().find(|(_, other)| !other.as_ref().is_some_and(is_from)) {
        return Err(Refusal::EnvelopeDiffers.about(name));
    }
    let own = from.office_number().map(|number| number.to_string());
    let shown = digits(shown.unwrap_or_default());
    if shown.len() < DIGITS_SHOWN || Some(&shown) == own.as_ref() {
        return Ok(());
    }
    Err(Refusal::EnvelopeDiffers.about(format_args!("From shows {shown}")))
}

/// All digits in a text, in whichever script an eye would take them for such, and whatever stands between them.
fn digits(text: &str) -> String {
    const KANJI: &str = "〇一二三四五六七八九";
    let digit = |letter: char| {
        let kanji = KANJI.chars().position(|known| known == letter || (known == '〇' && letter == '零'));
        let narrow = u32::from(letter).wrapping_sub(u32::from('０'));
        match (letter.to_digit(10), narrow, kanji) {
            (Some(digit), ..) | (_, digit @ 0..=9, _) => char::from_digit(digit, 10),
            (_, _, Some(digit)) => u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 10)),
            // Of another script: that it is a digit is enough to know.
            _ => letter.is_numeric().then_some('?'),
        }
    };
    text.chars().filter_map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §5.1
    #[test]
    fn who_speaks_is_the_office_in_from_and_nobody_else() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let from = address("9970000011@plans.example");
        let speaks = |shown: &str, others: &[(&'static str, Option<Address>)]| {
            speaks_alone(&from, Some(shown), others.iter().cloned()).map_err(|refused| refused.why)
        };
        let differs = Err(Refusal::EnvelopeDiffers);
        assert_eq!(speaks("", &[]), Ok(()));
        for name in THE_OFFICE {
            assert_eq!(speaks("", &[(name, Some(from.clone()))]), Ok(()));
            assert_eq!(speaks("", &[(name, None)]), differs, "{name} without one address");
            assert_eq!(speaks("", &[(name, Some(address("9970000029@plans.example")))]), differs);
            assert_eq!(speaks("", &[(name, Some(address("9970000011@elsewhere.example")))]), differs);
        }
        for (shown, expected) in [
            ("9970000011 あおぞら", Ok(())),
            ("あおぞら 2 (1-2-3)", Ok(())),
            ("9970000037", differs),
            ("９９７００００037", differs),
            ("九九七〇〇〇〇〇三七", differs),
        ] {
            assert_eq!(speaks(shown, &[]), expected, "{shown}");
        }
    }
}
