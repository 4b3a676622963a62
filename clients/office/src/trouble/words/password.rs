//! Why a password cannot be taken (Profile §19.4), in Japanese. The gateway says it in a word and an English sentence.

use fumibako_careplan::Lang;
use fumibako_model::{Refusal, Refused};

/// What a refusal is about, for people.
pub(super) fn about(refused: &Refused, lang: Lang) -> String {
    let unfit = refused.why == Refusal::PasswordUnfit && lang == Lang::Ja;
    if unfit { japanese(&refused.about).unwrap_or_else(|| refused.about.clone()) } else { refused.about.clone() }
}

fn japanese(about: &str) -> Option<String> {
    let (word, rest) = about.split_once(':')?;
    let number: String = rest.chars().filter(char::is_ascii_digit).collect();
    Some(match word {
        "short" => format!("短すぎます。{number} 文字以上にしてください"),
        "long" => format!("長すぎます。{number} バイトまでです"),
        "control" => "文字・数字・記号・空白だけを使ってください".into(),
        "same" => "今のパスワードと同じです".into(),
        "name" => "ユーザIDや事業所番号が入っています".into(),
        "simple" => "すぐに試されるパスワードです".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_model::Unfit;

    // Profile §19.4
    #[test]
    fn every_reason_is_said_in_japanese() {
        for why in [Unfit::Short(12), Unfit::Long, Unfit::Control, Unfit::Same, Unfit::Name, Unfit::Simple] {
            let refused = Refusal::PasswordUnfit.about(why);
            assert!(!about(&refused, Lang::Ja).is_ascii(), "{why}");
            assert_eq!(about(&refused, Lang::En), why.to_string());
        }
        assert_eq!(
            about(&Refusal::PasswordUnfit.about(Unfit::Short(12)), Lang::Ja),
            "短すぎます。12 文字以上にしてください"
        );
        assert_eq!(about(&Refusal::PasswordUnfit.about("new: x"), Lang::Ja), "new: x");
    }
}
