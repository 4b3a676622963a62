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
        "--evidence-authority（または設定 evidence_authority_file）のファイルが正しければ、信用しないでください。",
        "If the file of --evidence-authority (or evidence_authority_file) is the right one, do not believe it.",
    )
}
