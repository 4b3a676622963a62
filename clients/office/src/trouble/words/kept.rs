//! What is kept between two runs, and does not open.

use std::path::Path;

use fumibako_careplan::Lang;

use super::Words;
use crate::trouble::NotKept;

pub(super) fn words(path: &Path, why: NotKept, lang: Lang) -> Words {
    let place = path.display();
    let (what, next) = match (why, lang) {
        (NotKept::Damaged, Lang::Ja) => (
            format!("保存しておいた下書きなどのファイル {place} が壊れています。このファイルには触れていません。"),
            "バックアップがあれば戻してください。なければ、別の場所へ移すと空の状態から始められます。",
        ),
        (NotKept::Damaged, Lang::En) => (
            format!("The file {place} with drafts is damaged. It was left as it is."),
            "Put it back from a backup, or move it away to begin with nothing.",
        ),
        (NotKept::Message, Lang::Ja) => (
            "送信待ちのデータが壊れています。このデータは送られていません。".into(),
            "もう一度送ってください。送り直したら、壊れたファイルを消すと、この表示もなくなります: ",
        ),
        (NotKept::Message, Lang::En) => (
            "What waited to be sent is damaged, and was not sent.".into(),
            "Send it again; then remove the damaged file, and this is not said any more: ",
        ),
        (NotKept::Key, Lang::Ja) => (
            format!("保存しておいた下書きなどを、今の証明書の鍵では開けません（{place}）。"),
            "以前の証明書のファイルを、設定 old_identity_files に書き加えてください。",
        ),
        (NotKept::Key, Lang::En) => (
            format!("The key of the present certificate does not open the drafts kept here ({place})."),
            "Name the file of the earlier certificate in old_identity_files.",
        ),
    };
    match why {
        NotKept::Message => Words::new(what, format!("{next}{place}")),
        NotKept::Damaged | NotKept::Key => Words::new(what, next),
    }
}
