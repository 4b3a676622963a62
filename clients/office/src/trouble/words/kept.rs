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
        (NotKept::Key, Lang::Ja) => (
            format!("保存しておいた下書きなどを、今の証明書の鍵では開けません（{place}）。"),
            "以前の証明書のファイルを、設定 old_identity_files に書き加えてください。",
        ),
        (NotKept::Key, Lang::En) => (
            format!("The key of the present certificate does not open the drafts kept here ({place})."),
            "Name the file of the earlier certificate in old_identity_files.",
        ),
    };
    Words::new(what, next)
}
