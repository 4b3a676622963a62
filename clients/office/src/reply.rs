//! What the gateway's refusals mean: the code in its sentence leads to the catalogue, whichever protocol said it (Profile §6.1, §6.2).

use fumibako_model::{Refusal, Refused};

use crate::trouble::Trouble;

/// `550 5.7.1 E-CRT-005 The certificate belongs to another office (9970000029). Sign with … (ref 3FA2B1)`
/// → the row `E-CRT-005`, about `9970000029`, reference `3FA2B1`. An answer without a code is not understood.
pub(crate) fn trouble(text: &str) -> Trouble {
    let Some(why) = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find_map(|word| word.parse().ok())
    else {
        return Trouble::Garbled(text.chars().filter(|c| !c.is_control()).take(200).collect());
    };
    Trouble::Refused { refused: refused(why, text), reference: reference(text) }
}

/// What stands in brackets behind the catalogue's own sentence.
fn refused(why: Refusal, text: &str) -> Refused {
    let after = text.split_once(why.row().en).map_or("", |(_, after)| after);
    let about = after.strip_prefix(" (").and_then(|rest| rest.split_once("). ")).map(|(about, _)| about);
    about.map_or_else(|| why.into(), |about| why.about(about))
}

fn reference(text: &str) -> Option<String> {
    let (_, after) = text.rsplit_once("(ref ")?;
    after.split_once(')').map(|(reference, _)| reference.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> (Refused, Option<String>) {
        match trouble(text) {
            Trouble::Refused { refused, reference } => (refused, reference),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn every_refusal_of_the_catalogue_is_understood() {
        for (why, row) in Refusal::all() {
            for refused in [Refused::from(why), why.about("9970000029")] {
                let text = format!("{} {refused} (ref 3FA2B1)", row.enhanced);
                assert_eq!(read(&text), (refused, Some("3FA2B1".into())), "{text}");
            }
        }
    }

    #[test]
    fn a_refusal_without_reference_is_understood_too() {
        assert_eq!(read("[UNAVAILABLE] E-TMP-002"), (Refusal::StoreBusy.into(), None));
    }

    #[test]
    fn an_answer_without_a_code_is_not_guessed_at() {
        for text in ["", "5.7.1 go away", "E-XXX-999 unknown"] {
            assert!(matches!(trouble(text), Trouble::Garbled(_)), "{text}");
        }
    }
}
