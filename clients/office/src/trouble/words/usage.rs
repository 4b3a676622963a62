//! What does not fit together on the command line, and what is not this user's to do.

use fumibako_careplan::Lang;
use fumibako_model::NotADeed;

use super::Words;
use crate::trouble::{Alone, Usage};

impl Alone {
    pub(super) fn words(self, lang: Lang) -> Words {
        let (what, next) = match self {
            Self::OfficesGrant => (
                lang.pick(
                    "委任を与えられるのは事業所本人だけです。代行業者は、委任されたことをさらに委任できません。",
                    "Only an office grants a mandate; what was delegated is not delegated further.",
                ),
                lang.pick(
                    "事業所に `fumibako mandate grant` を実行してもらってください。",
                    "Ask the office to run `fumibako mandate grant`.",
                ),
            ),
            Self::AgentsConfirm => (
                lang.pick(
                    "委任を確認して引き受けるのは代行業者です。",
                    "The agent confirms a mandate, not its office.",
                ),
                lang.pick(
                    "代行業者に委任番号を伝え、`fumibako mandate confirm` を実行してもらってください。",
                    "Tell the agent the mandate's id; it runs `fumibako mandate confirm`.",
                ),
            ),
        };
        Words::new(what, next)
    }
}

/// A number alone counts in the list of what came; who read it in the list of what was sent is told how that one is written.
pub(super) fn no_message(id: &str, lang: Lang) -> (String, String) {
    let uid = id.rsplit(':').next().unwrap_or_default();
    if !id.starts_with("sent:") && uid.parse::<u32>().is_ok() {
        return (
            lang.pick(
                format!("受信一覧に {id} 番のデータはありません。"),
                format!("There is no message {id} in the list of what came."),
            ),
            lang.pick(
                format!("送信一覧の番号は、頭に sent: を付けて sent:{id} と書きます。番号は `fumibako list inbox` か `fumibako list sent` で確かめてください。"),
                format!("A number of the list of what was sent is written sent:{id}; `fumibako list inbox` and `fumibako list sent` show what there is."),
            ),
        );
    }
    (
        lang.pick(format!("{id} というデータは見つかりません。"), format!("There is no message {id}.")),
        lang.pick(
            "`fumibako list inbox` か `fumibako list sent` で番号を確かめてください。",
            "`fumibako list inbox` and `fumibako list sent` show what there is.",
        )
        .into(),
    )
}

impl Usage {
    pub(super) fn japanese(&self) -> (String, String) {
        match self {
            Self::NothingToSend => (
                "送るファイルが指定されていません。".into(),
                "フォルダーやファイルを指定してください。送信待ちを送るだけなら --resume を付けてください。".into(),
            ),
            Self::NameOfThePage(file) => (
                format!("{} は、隣に作るファイルの名前です。", file.display()),
                "証跡のファイルには、.json など、.html でも .eml でもない名前を指定してください。".into(),
            ),
            Self::AttachNeedsOneBundle(found) => (
                format!("--attach と --message は、宛先が一つのときだけ使えます（今回は {found} 件）。"),
                "事業所ごとに分けて送ってください。".into(),
            ),
            Self::TwoMessages => {
                ("--message と --message-file が両方指定されています。".into(), "どちらか一つにしてください。".into())
            }
            Self::Undelegable(word) => (
                format!(
                    "{word} は委任できません。委任・ライセンス・証明書・パスワードの操作は、事業所本人だけができます。"
                ),
                "--scope には send, receive, acknowledge, status から選んでください。".into(),
            ),
            Self::NoScope(word) => (
                format!("--scope に {word} という範囲はありません。"),
                "send（送信）, receive（受信）, acknowledge（受領）, status（状況）から選んでください。".into(),
            ),
            Self::TypedDifferently => {
                ("2 回の入力が違います。".into(), "もう一度、同じパスワードを入力してください。".into())
            }
            Self::Unanswered(flag) => (
                format!("{flag} が指定されていないか、正しくありません。何も保存していません。"),
                format!("{flag} を付けて、もう一度実行してください。"),
            ),
            Self::Search(about) => (
                format!("そのようには探せません（{about}）。"),
                "番号・名称・かなの一部（100 文字まで）、--municipality、--kind のどれかを指定してください。".into(),
            ),
            Self::Mandate(why) => (
                match why {
                    NotADeed::Dates => "この委任は、始まる前に終わります。".into(),
                    _ => "この委任では何も任せられないか、相手が多すぎます。".into(),
                },
                "--from、--until、--months と --counterparties（500 件まで）を確かめてください。".into(),
            ),
            Self::EvidenceNumber(typed) => (
                format!("{typed} は証跡番号ではありません。"),
                "証跡番号は、EV のあとに 0～9 と A～F が 14 個続きます。受領証の印刷用のページにあります。".into(),
            ),
            Self::Several(id, count, numbers) => (
                format!("{id} というデータは {count} 件あります（番号 {}）。", numbers.join(", ")),
                "かっこの中の番号で、どれかを指定してください。一覧は `fumibako list inbox` と `fumibako list sent` で見られます。".into(),
            ),
        }
    }

    pub(super) fn english(&self) -> (String, String) {
        match self {
            Self::NothingToSend => (
                "No file to send is named.".into(),
                "Name folders or files, or use --resume to post only what waits.".into(),
            ),
            Self::NameOfThePage(file) => (
                format!("{} is the name of a file that is made beside it.", file.display()),
                "Give the file of evidence another ending than .html and .eml, as .json.".into(),
            ),
            Self::AttachNeedsOneBundle(found) => (
                format!("--attach and --message need exactly one recipient; these files have {found}."),
                "Send for each office in turn.".into(),
            ),
            Self::TwoMessages => ("Both --message and --message-file are given.".into(), "Give one of them.".into()),
            Self::Undelegable(word) => (
                format!(
                    "{word} cannot be delegated: mandates, licences, certificates and passwords are the office's own."
                ),
                "Choose the scope from send, receive, acknowledge, status.".into(),
            ),
            Self::NoScope(word) => {
                (format!("There is no scope {word}."), "Choose from send, receive, acknowledge, status.".into())
            }
            Self::TypedDifferently => {
                ("It was not typed twice alike.".into(), "Type the same password both times.".into())
            }
            Self::Unanswered(flag) => (
                format!("{flag} is missing or not as it must be. Nothing was saved."),
                format!("Give {flag} and run it again."),
            ),
            Self::Search(about) => (
                format!("That cannot be searched for: {about}."),
                "Give a part of the number, name or kana (100 characters), --municipality or --kind.".into(),
            ),
            Self::Mandate(why) => (
                format!("This cannot be a mandate: {why}."),
                "Check --from, --until, --months, and --counterparties (up to 500).".into(),
            ),
            Self::EvidenceNumber(typed) => (
                format!("{typed} is no evidence id."),
                "It is EV and 14 of 0-9 and A-F, as the page to print shows it.".into(),
            ),
            Self::Several(id, count, numbers) => (
                format!("{count} messages bear {id}: numbers {}.", numbers.join(", ")),
                "Say which by its number; `fumibako list inbox` and `fumibako list sent` show them.".into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.19
    #[test]
    fn who_types_a_number_of_the_other_list_is_told_how_it_is_written() {
        for (id, written) in [("1", "sent:1"), ("9970000011:7", "sent:9970000011:7")] {
            for lang in [Lang::Ja, Lang::En] {
                let (what, next) = no_message(id, lang);
                assert!(what.contains(id) && next.contains(written), "{what}{next}");
            }
        }
        for id in ["sent:1", "a@x.example"] {
            let (what, next) = no_message(id, Lang::Ja);
            assert!(what.contains(id) && !next.contains("sent:"), "{what}{next}");
        }
    }
}
