//! The same of what the gateway wrote.

use fumibako_careplan::Lang;

use super::super::layer::What;

impl What {
    pub(super) fn name_in_letter(self, lang: Lang) -> &'static str {
        match self {
            Self::Reported => lang.pick("報告の内容", "what is reported"),
            Self::ReportEvidence => lang.pick("報告と証跡の一致", "report and evidence"),
            Self::Letter => lang.pick("お知らせの内容", "what the letter says"),
            _ => "",
        }
    }

    pub(super) fn good_in_letter(self, lang: Lang) -> &'static str {
        match self {
            Self::Reported => lang.pick("ゲートウェイが署名した報告です。", "The gateway signed that it is so."),
            Self::ReportEvidence => lang.pick(
                "添付の証跡は、報告と同じ送信データの、同じ出来事のものです。",
                "The evidence attached is about the same bundle, and the same event.",
            ),
            Self::Letter => lang.pick("ゲートウェイが署名した内容です。", "The gateway signed it."),
            _ => "",
        }
    }
}

/// Where the signer is below none of the authorities named.
pub(super) fn of_another(lang: Lang) -> &'static str {
    lang.pick(
        "ゲートウェイの鍵が新しくなると、こうなります。運用者から今の発行元のファイルを受け取り、\
         同じものかを電話などで確かめて（両方で certutil -hashfile ファイル名 SHA256 か sha256sum の値を読み合わせます）、\
         --evidence-authority（または設定 evidence_authority_file）のファイルと入れ替え、もう一度確かめてください。\
         それでも同じなら、信用しないでください。",
        "That is so when the gateway has a new key. Get the current file of authorities from its operator, compare it by telephone \
         (both read out what certutil -hashfile FILE SHA256 or sha256sum says), put it in place of the file of --evidence-authority \
         (or evidence_authority_file), and verify again. If it is the same then, do not believe it.",
    )
}

#[cfg(test)]
mod tests {
    use fumibako_model::Refusal;

    use super::super::super::layer::{Layer, State};
    use super::*;

    // Profile §8.16
    #[test]
    fn of_a_key_that_is_not_in_the_file_of_authorities_the_likely_cause_is_told_and_no_english() {
        let refused = Refusal::UnknownAuthority.about("the chain was not signed by CN=x");
        let words = |what| {
            let layer = Layer { what, state: State::Fails(refused.clone()), facts: Vec::new() };
            layer.words(Lang::Ja).line(Lang::Ja)
        };
        let line = words(What::Gateway);
        assert!(line.contains("鍵が新しく") && line.contains("運用者") && line.contains("信用しないで"), "{line}");
        assert!(!line.contains("chain") && line.contains("E-CRT-001"), "{line}");
        assert!(words(What::SenderCertificate).contains("chain"), "of others the chain is the reason");
    }
}
