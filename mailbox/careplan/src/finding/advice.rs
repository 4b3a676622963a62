//! What to do next. Plain steps: most findings are mended in the care software, not in the file.

use super::Fault;
use crate::{Code, Lang};

const EXPORT: (&str, &str) = (
    "介護ソフトで該当の項目を直し、もう一度出力してください。",
    "Correct the value in the care software and export again.",
);
const MAKER: (&str, &str) = (
    "介護ソフトの会社に、この結果を見せて問い合わせてください。",
    "Show this result to the maker of the care software.",
);
const READS: (&str, &str) = (
    "このまま送れますが、相手のソフトで取り込めないことがあります。介護ソフトの会社にお知らせください。",
    "It can be sent as it is, but some software may not import it. Tell the maker of the care software.",
);

impl Fault {
    pub(crate) fn what_to_do(&self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::Name(problem) => return problem.what_to_do(lang),
            Self::Unit(fault) => return fault.what_to_do(lang),
            Self::SenderDiffers { stated: false, .. } => (
                "作成した事業所と送る事業所が違ってよいか、確かめてください。",
                "Check whether the planning office and the sending office may differ.",
            ),
            Self::Utf8 { .. } | Self::Utf16 => (
                "表計算ソフトなどで保存し直した場合は、介護ソフトが出力した元のファイルを使ってください。",
                "If the file was saved again with other software, use the file as the care software exported it.",
            ),
            _ => by_code(self.code()),
        };
        lang.pick(ja, en)
    }
}

fn by_code(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::F003 | Code::F005 | Code::N001 | Code::N002 | Code::Q001 | Code::V005 => READS,
        Code::E002 => (
            "介護ソフトで、外字を普通の漢字かカタカナに置き換えてください（例: 「〓田」→「高田」）。",
            "Replace the private-use character by an ordinary one in the care software.",
        ),
        Code::E001 | Code::E004 => (
            "介護ソフトで該当の文字を入力し直すか、他の画面から貼り付けた文字を消してください。",
            "Type the text again in the care software, or remove what was pasted from elsewhere.",
        ),
        Code::C001 | Code::C002 => (
            "ファイルを手で直した場合は、元のファイルを使ってください。そうでなければ、介護ソフトの会社に問い合わせてください。",
            "If the file was edited by hand, use the original; otherwise ask the maker of the care software.",
        ),
        Code::C003 => (
            "利用者が選ばれているか確かめて、介護ソフトからもう一度出力してください。",
            "Check that persons were chosen, and export again from the care software.",
        ),
        Code::V003 => (
            "介護ソフトが新しい版に対応しているか確かめてください。相手のソフトで取り込めないことがあります。",
            "Check whether the care software is up to date; the other side may not be able to import the file.",
        ),
        Code::V007 => (
            "新しい版のファイルを使ってください。このまま送るときは、相手に取り込めるか確かめてください。",
            "Use a newer edition, or ask the other side whether it can import the file.",
        ),
        Code::V001 | Code::V002 | Code::V004 | Code::V006 | Code::X003 | Code::X007 => MAKER,
        Code::X001 | Code::X002 => (
            "ファイル名を変えていないか、出力する月や事業所の選び方が正しいか確かめて、もう一度出力してください。",
            "Check that the file was not renamed and that month and office were chosen rightly, and export again.",
        ),
        Code::X004 => (
            "同じ行が二重に登録されていないか確かめてください。番号が重なる場合は、介護ソフトの会社に問い合わせてください。",
            "Check whether the same row was entered twice; if the numbers collide, ask the maker of the care software.",
        ),
        Code::X006 => (
            "介護ソフトで、用具のTAISコードか福祉用具届出コードを入力してください。",
            "Enter the TAIS code or the equipment notice code in the care software.",
        ),
        Code::X009 => (
            "送る相手が正しいか確かめてください。関係のない利用者の情報は送らないでください。",
            "Check the recipient. Do not send the data of persons whom the recipient does not serve.",
        ),
        Code::X010 => (
            "担当のケアマネジャーの事業所に送ろうとしているか、確かめてください。",
            "Check that the file goes to the office of the person's care manager.",
        ),
        Code::B001 | Code::B002 | Code::B003 => (
            "介護ソフトが一度に出力したファイルを、すべて一緒に選んでください。それでも出るときは、もう一度出力してください。",
            "Choose all files that were exported at the same time; if that does not help, export again.",
        ),
        Code::I001 => ("画像をJPEG形式で登録し直してください。", "Register the picture again as a JPEG."),
        _ => EXPORT,
    }
}
