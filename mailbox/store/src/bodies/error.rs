//! Why bodies cannot be written or read, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::day::Day;

/// Why a verb of the bodies did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The key of the day was destroyed: nobody can read its bodies any more.
    #[error("{0} の本文は消去済みで、もう読めません / the bodies of {0} were erased for good")]
    Erased(Day),
    /// There is no key of this day, and nobody erased it.
    #[error("{file} に {day} の鍵がなく、消去した記録もありません。鍵のフォルダーをバックアップから戻すか、その日の本文なしで続けてください / \
        {file} holds no key of {day} and does not say that it was erased; restore the folder of the keys from its \
        backup, or do without the bodies of that day", file = .path.display())]
    KeyLost {
        /// The key ring.
        path: PathBuf,
        /// The day.
        day: Day,
    },
    /// The key ring, or the root that opens it, is not there or not what it was.
    #[error("{file}: 本文の鍵として使えません。鍵のフォルダーをバックアップから戻してください / {problem}; restore the folder of the keys from its \
        backup; {remedy}", file = .path.display())]
    Keys {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
        /// What is left to do without a backup.
        remedy: &'static str,
    },
    /// The file of a body is not there.
    #[error("{file} がありません。バックアップから戻してください / {file} is missing; restore it from the backup", file = .0.display())]
    Missing(PathBuf),
    /// What stands on the disk is not what was written.
    #[error("{file} が {offset} バイト目で壊れています。このファイルをバックアップから戻してください / \
        {file} is damaged at octet {offset}: {problem}; restore this file from the backup", file = .path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the unit begins that did not open.
        offset: u64,
        /// What is wrong there.
        problem: &'static str,
    },
    /// There is no room; nothing was kept. Make room and try again.
    #[error("{file} を書く空きがありません。このディスクに空きを作ってください / no room to write {file}: {error}; make room on this disk", file = .path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The disk did not confirm what was written, and asking it again would prove nothing: stop the process.
    #[error("{file} をディスクに確定できません。ゲートウェイを止め、ディスクを確かめてから起動し直してください / \
        {file} could not be synced: {why}; stop, look after the disk, then start again", file = .path.display())]
    Unsynced {
        /// What was being synced.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The system refused to read or write.
    #[error("{file} を読み書きできません。ディスクと、ファイルの持ち主や権限を確かめてください / {file} could not be {what}: {error}", file = .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Which act: "read", "written", …
        what: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The envelope of a body is too long for its frame.
    #[error("本文の見出しが長すぎます / an envelope of {0} octets is too long; {max} are the limit", max = super::ENVELOPE)]
    EnvelopeTooLong(usize),
    /// What is under a legal hold is not erased with a day.
    #[error(
        "保全中のものは日ごとには消去しません / what is under a legal hold is never erased as a day; remove its segments one by one"
    )]
    Held,
    /// The day has as many segments as there are numbers.
    #[error("{0} の本文のファイルの番号を使い切りました / {0} has no number left for a new segment")]
    Crowded(Day),
    /// There is no room for the key of another hold; nothing was kept. End some first.
    #[error(
        "{0} 通が保全中で、もう一通の鍵を置く余地がありません。要らない保全を解除してください / {0} messages are held, and there is room for the key of no other; end holds that nobody needs"
    )]
    TooManyHolds(usize),
    /// There is no room for another key; nothing was kept.
    #[error("{file} に鍵を加える余地がありません。要らない保全を解除してください / {file} has room for no more keys; end holds that nobody needs", file = .0.display())]
    RingFull(PathBuf),
    /// The cryptographic library failed; nothing was kept.
    #[error(
        "暗号の計算ができません。起動し直しても同じなら、この機械を調べてください / the cryptographic library refused to work"
    )]
    Cipher,
}

impl From<aws_lc_rs::error::Unspecified> for BodyError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Cipher
    }
}

/// What the system said about a file, as ours.
pub(super) fn io_error(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> BodyError {
    let path = path.to_owned();
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BodyError::Full { path, error },
        _ => BodyError::Io { path, what, error },
    }
}

/// A sync that failed.
pub(super) fn unsynced(path: &Path) -> impl FnOnce(io::Error) -> BodyError {
    let path = path.to_owned();
    move |error| BodyError::Unsynced { path, why: error.to_string() }
}
