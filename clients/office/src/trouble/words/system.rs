//! What the operating system says of a file, in words people read; its own words are English, and stay in the log.

use std::io::{Error, ErrorKind};
use std::path::Path;

use fumibako_careplan::Lang;

use super::Words;

/// A file that is not to be read.
pub(super) fn unread(path: &Path, why: &Error, lang: Lang) -> Words {
    let (path, why) = (path.display(), reason(why, lang));
    let ja = format!("{path} を読み取れません（{why}）。");
    Words::new(
        lang.pick(ja, format!("{path} cannot be read ({why}).")),
        lang.pick("場所と名前を確かめてください。", "Check the place and the name."),
    )
}

/// A file that is not to be written.
pub(super) fn unwritten(path: &Path, why: &Error, lang: Lang) -> Words {
    let (path, why) = (path.display(), reason(why, lang));
    let ja = format!("{path} に書き込めません（{why}）。");
    Words::new(
        lang.pick(ja, format!("{path} cannot be written ({why}).")),
        lang.pick(
            "空き容量とフォルダーの権限を確かめて、もう一度実行してください。",
            "Check the free space and the folder's permissions, then run it again.",
        ),
    )
}

/// What was to be said, and nobody takes it.
pub(super) fn unsaid(why: &Error, lang: Lang) -> Words {
    let why = reason(why, lang);
    let ja = format!("結果を出力できません（{why}）。");
    Words::new(
        lang.pick(ja, format!("The output cannot be written ({why}).")),
        lang.pick("出力先を確かめてください。", "Check where it goes."),
    )
}

/// Why a file could not be read or written.
fn reason(why: &Error, lang: Lang) -> String {
    let said = match why.kind() {
        ErrorKind::StorageFull => Some(("空き容量がありません", "there is no space left")),
        ErrorKind::QuotaExceeded => Some(("使える容量の上限に達しました", "the quota is used up")),
        ErrorKind::FileTooLarge => Some(("ファイルが大きすぎます", "the file is too large")),
        ErrorKind::PermissionDenied => Some(("権限がありません", "permission is denied")),
        ErrorKind::ReadOnlyFilesystem => Some(("読み取り専用です", "it is read-only")),
        ErrorKind::NotFound => Some(("見つかりません", "it is not there")),
        ErrorKind::AlreadyExists => Some(("すでにあります", "it is there already")),
        ErrorKind::NotADirectory => Some(("途中がフォルダーではありません", "a part of the way is no folder")),
        ErrorKind::IsADirectory => Some(("フォルダーです", "it is a folder")),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Some(("中身が壊れています", "it is damaged")),
        ErrorKind::ResourceBusy => Some(("ほかのプログラムが使っています", "another program uses it")),
        _ => None,
    };
    match (said, why.raw_os_error()) {
        (Some((ja, en)), _) => lang.pick(ja, en).into(),
        (None, Some(code)) => format!("{} {code}", lang.pick("エラー番号", "error number")),
        (None, None) => lang.pick("原因不明", "for an unknown reason").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_english_stands_in_a_japanese_sentence() {
        for code in 1..=133 {
            let said = reason(&Error::from_raw_os_error(code), Lang::Ja);
            assert!(!said.contains(|c: char| c.is_ascii_alphabetic()), "{code}: {said}");
            assert!(reason(&Error::from_raw_os_error(code), Lang::En).is_ascii());
        }
        assert_eq!(reason(&ErrorKind::StorageFull.into(), Lang::Ja), "空き容量がありません");
        assert_eq!(reason(&Error::other("x"), Lang::Ja), "原因不明");
    }
}
