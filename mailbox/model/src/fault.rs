//! Why a recipient could not take a bundle, as its notification says: a class, and nothing of the content (Profile §8.22).

use serde::{Deserialize, Serialize};

use fumibako_careplan::Lang;

/// What went wrong, by the words of RFC 4130 §7.4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It did not open. Whatever is wrong behind a seal is this: who could tell two faults there apart by our answers could
    /// find out the content by trying.
    DecryptionFailed,
    /// Whose signature it is could not be made out, or is not believed there.
    AuthenticationFailed,
    /// The signature does not hold.
    IntegrityCheckFailed,
    /// Anything else.
    UnexpectedProcessingError,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::DecryptionFailed,
        Self::AuthenticationFailed,
        Self::IntegrityCheckFailed,
        Self::UnexpectedProcessingError,
    ];

    /// The word in a notification.
    pub fn word(self) -> &'static str {
        match self {
            Self::DecryptionFailed => "decryption-failed",
            Self::AuthenticationFailed => "authentication-failed",
            Self::IntegrityCheckFailed => "integrity-check-failed",
            Self::UnexpectedProcessingError => "unexpected-processing-error",
        }
    }

    /// The fault of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word().eq_ignore_ascii_case(word))
    }

    /// The keyword on the sender's copy.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::DecryptionFailed => "$FailedDecryption",
            Self::AuthenticationFailed => "$FailedAuthentication",
            Self::IntegrityCheckFailed => "$FailedIntegrity",
            Self::UnexpectedProcessingError => "$FailedProcessing",
        }
    }

    /// What one of these keywords says.
    pub fn from_keywords<'k>(keywords: impl IntoIterator<Item = &'k str>) -> Option<Self> {
        keywords.into_iter().find_map(|k| Self::ALL.into_iter().find(|fault| fault.keyword().eq_ignore_ascii_case(k)))
    }

    /// What happened there.
    pub fn sentence(self, lang: Lang) -> &'static str {
        match self {
            Self::DecryptionFailed => lang.pick(
                "送信先で開けませんでした（暗号を解けません）。",
                "The receiving office could not open it: it does not decrypt there.",
            ),
            Self::AuthenticationFailed => lang.pick(
                "送信先で開けませんでした（送信元の署名を確認できません）。",
                "The receiving office could not make out whose signature it is.",
            ),
            Self::IntegrityCheckFailed => lang.pick(
                "送信先で開けませんでした（署名と内容が一致しません）。",
                "The receiving office found that the signature does not hold.",
            ),
            Self::UnexpectedProcessingError => lang
                .pick("送信先で開けませんでした（内容を読み取れません）。", "The receiving office could not read it."),
        }
    }

    /// What to do next.
    pub fn next(self, lang: Lang) -> &'static str {
        match self {
            Self::DecryptionFailed => lang.pick(
                "送信先に証明書と鍵を確かめてもらい、もう一度送ってください（送信先の最新の証明書で暗号化されます）。",
                "Ask that office to check its certificate and keys, then send again: it is sealed for its current certificate.",
            ),
            Self::AuthenticationFailed => lang.pick(
                "自分の証明書の期限を確かめ、送信先に発行元（認証局）の登録を確かめてもらってください。",
                "Check your certificate, and ask that office whether it trusts the authority that issued it.",
            ),
            Self::IntegrityCheckFailed => lang.pick(
                "もう一度送ってください。続くときは、ゲートウェイの運用者に問い合わせてください。",
                "Send it again; if that goes on, ask the operator of the gateway.",
            ),
            Self::UnexpectedProcessingError => lang.pick(
                "ファイルを確かめて、もう一度送ってください。続くときは送信先に電話で確かめてください。",
                "Check the files and send again; if that goes on, telephone that office.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.22
    #[test]
    fn a_fault_is_one_word_everywhere() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_word(&fault.word().to_uppercase()), Some(fault));
            assert_eq!(Fault::from_keywords(["$Delivered", fault.keyword()]), Some(fault));
            assert_eq!(serde_json::to_value(fault).unwrap(), fault.word());
            assert!([fault.sentence(Lang::Ja), fault.next(Lang::Ja)].iter().all(|text| text.ends_with('。')));
        }
        assert_eq!(Fault::from_word("insufficient-message-security"), None);
        assert_eq!(Fault::from_keywords(["$Delivered"]), None);
    }
}
