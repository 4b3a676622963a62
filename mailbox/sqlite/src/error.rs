//! What went wrong, as the caller must see it.

use fumibako_model::{EvidenceId, Refusal, Refused};
use fumibako_store::StoreError;
use serde::de::DeserializeOwned;

/// Why a verb stopped inside the writer's transaction.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The rules say no. Nothing was written; the rest of the batch goes on.
    Refused(Refused),
    /// The database failed; the whole batch is undone.
    Failed(sqlx::Error),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Refusal> for Stop {
    fn from(why: Refusal) -> Self {
        Self::Refused(why.into())
    }
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(unreadable(error))
    }
}

/// A row does not read as it was written.
pub(crate) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(of_a_row(&error.to_string()).into())
}

/// This piece of evidence is not there any more, or does not read as it was written.
pub(crate) fn damaged(piece: EvidenceId) -> sqlx::Error {
    let why = format!(
        "証跡 {piece} が読めません。evidence verify で確かめてください / {piece} cannot be read; see `evidence verify`"
    );
    sqlx::Error::Decode(why.into())
}

/// What SQL packed as JSON, given as octets: an edited cell that is no text spoils itself and nothing beside it.
pub(crate) fn unpacked<T: DeserializeOwned>(packed: &[u8]) -> Result<T, sqlx::Error> {
    serde_json::from_str(&String::from_utf8_lossy(packed)).map_err(unreadable)
}

/// BEGIN or COMMIT failed. Whatever SQLite calls it: which transaction stands open is not known any more.
pub(crate) fn of_transaction(error: sqlx::Error) -> sqlx::Error {
    let is_ours = primary(&error) == Some(code::ERROR);
    if is_ours { sqlx::Error::Protocol(format!("a transaction: {error}")) } else { error }
}

/// The number that SQLite gives.
fn number(error: &sqlx::Error) -> Option<i32> {
    let sqlx::Error::Database(database) = error else { return None };
    database.code()?.parse().ok()
}

fn primary(error: &sqlx::Error) -> Option<i32> {
    number(error).map(|number| number & 0xff)
}

/// SQLite's primary result codes (its extended codes carry them in the low byte).
mod code {
    /// `SQLITE_ERROR`: a statement that makes no sense, or a function that cannot read what it was given; it was undone.
    pub(super) const ERROR: i32 = 1;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NO_MEMORY: i32 = 7;
    pub(super) const INTERRUPT: i32 = 9;
    pub(super) const FULL: i32 = 13;
    /// `SQLITE_CANTOPEN`: no file descriptor left, mostly. What is on the disk is as it was.
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const TOO_BIG: i32 = 18;
    pub(super) const CONSTRAINT: i32 = 19;
    pub(super) const MISMATCH: i32 = 20;
    /// `SQLITE_IOERR_SHMSIZE`: no room for the file beside the write-ahead log.
    pub(super) const NO_ROOM_FOR_INDEX: i32 = 10 | 19 << 8;
}

/// Disk full and busy leave the store whole; a broken rule of ours fails its command alone, and so does a row that somebody edited or that was
/// damaged: all else goes on (Profile §8.15). Anything else (input and output, corruption, a driver that is gone, tables that are not ours)
/// means that what is on the disk is not known any more.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    let text = error.to_string();
    match &error {
        sqlx::Error::InvalidArgument(_) => return rule_broken(&text),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => return StoreError::Busy(text),
        sqlx::Error::Decode(why) => return StoreError::Failed(why.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::RowNotFound => return unread(&text),
        _ => {}
    }
    match number(&error) {
        Some(code::NO_ROOM_FOR_INDEX) => StoreError::Full(text),
        Some(number) => match number & 0xff {
            code::BUSY | code::LOCKED | code::NO_MEMORY | code::INTERRUPT | code::CANNOT_OPEN => StoreError::Busy(text),
            code::FULL => StoreError::Full(text),
            code::TOO_BIG => StoreError::Refused(Refusal::MessageTooLarge.into()),
            code::CONSTRAINT => rule_broken(&text),
            code::ERROR if !text.contains("no such ") => unread(&text),
            code::MISMATCH => unread(&text),
            _ => StoreError::Broken(text),
        },
        None => StoreError::Broken(text),
    }
}

/// Did a statement fail by what stands in the database beside the rows: a rule, an index, a trigger?
pub(crate) fn is_of_the_shape(error: &sqlx::Error) -> bool {
    primary(error).is_some_and(|code| [code::CONSTRAINT, code::ERROR].contains(&code))
}

fn unread(why: &str) -> StoreError {
    StoreError::Failed(of_a_row(why))
}

/// What is said of a row that was edited or damaged.
fn of_a_row(why: &str) -> String {
    format!(
        "保管庫の行が読めません。evidence verify で確かめてください / a row of the store cannot be read; see `evidence verify` ({why})"
    )
}

/// The log of events says what; who asked is told under which name it stands there.
fn rule_broken(text: &str) -> StoreError {
    tracing::error!(error = text, "store.rule_broken");
    StoreError::Refused(Refusal::Internal.about("store.rule_broken"))
}

/// A thread that worked for the store ended before its work did.
pub(crate) fn ended(error: tokio::task::JoinError) -> StoreError {
    StoreError::Broken(format!("a thread of the store: {error}"))
}

/// The same error once more, for everybody else in the batch.
pub(crate) fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Refused(refused) => StoreError::Refused(refused.clone()),
        StoreError::Busy(why) => StoreError::Busy(why.clone()),
        StoreError::Full(why) => StoreError::Full(why.clone()),
        StoreError::Failed(why) => StoreError::Failed(why.clone()),
        StoreError::Broken(why) => StoreError::Broken(why.clone()),
    }
}
