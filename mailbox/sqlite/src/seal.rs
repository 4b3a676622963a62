//! The seals of evidence and audit that are not signed for yet (Profile §8.20, §16.2), and of what went out and was not taken yet (Profile
//! §8.10): whatever the writer writes down bears one, if the store was given a key.

use std::future::Future;

use fumibako_store::{SEAL, SealKey};
use sqlx::SqliteConnection;

use crate::error::Stop;

tokio::task_local! {
    /// The key of the writer that runs here. Every change makes a ledger of its own, far below, and all of them are its.
    static KEY: Option<SealKey>;
}

/// Whatever this work writes down is sealed.
pub(crate) async fn within<T>(key: Option<SealKey>, work: impl Future<Output = T>) -> T {
    KEY.scope(key, work).await
}

/// The seal of a piece; none where there is no key.
pub(crate) fn of(piece: &[u8]) -> Option<[u8; SEAL]> {
    made(|key| key.seal(piece))
}

/// The seal of a row of the audit, likewise.
pub(crate) fn of_act(row: &str) -> Option<[u8; SEAL]> {
    made(|key| key.seal_act(row))
}

/// The seal of the note that this message went out under this mandate, likewise.
pub(crate) fn of_sent(message: i64, mandate: &str) -> Option<[u8; SEAL]> {
    made(|key| key.seal_sent(message, mandate))
}

/// Did this gateway note it? Where there is no key nobody can tell.
pub(crate) fn holds_sent(sent: (i64, &str), seal: Option<&[u8]>) -> bool {
    let holds =
        |key: &Option<SealKey>| key.as_ref().is_none_or(|key| seal.is_some_and(|seal| key.holds_sent(sent, seal)));
    KEY.try_with(holds).unwrap_or(true)
}

fn made(seal: impl FnOnce(&SealKey) -> [u8; SEAL]) -> Option<[u8; SEAL]> {
    KEY.try_with(|key| key.as_ref().map(seal)).ok().flatten()
}

/// A head is signed over everything up to this piece: its signature says who wrote it.
pub(crate) async fn covered(rows: &mut SqliteConnection, last: i64) -> Result<(), Stop> {
    sqlx::query!("DELETE FROM seal WHERE evidence <= ?", last).execute(rows).await?;
    Ok(())
}

/// A head is signed over so many rows of the audit.
pub(crate) async fn acts_covered(rows: &mut SqliteConnection, covered: i64) -> Result<(), Stop> {
    sqlx::query!("DELETE FROM act_seal WHERE n < ?", covered).execute(rows).await?;
    Ok(())
}
