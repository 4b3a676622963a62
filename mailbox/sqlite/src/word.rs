//! What recipients said of bundles, octet for octet as it was accepted: it is kept beside the evidence that names it, and goes with it
//! (Profile §8.18). The bodies of receipts go with their day, and proofs last for years.

use fumibako_model::{EvidenceId, as_it_came, hash};
use fumibako_store::bodies::Spooled;
use fumibako_store::{Facts, Kind, RECEIPT_BYTES, StoreError, hex};
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error};

/// It is base64 for the most part, in which no level finds more than the quarter that base64 adds.
const LEVEL: i32 = 3;

/// What is kept of a message when it is a receipt: the octets that came, without the gateway's trace, packed.
pub(crate) fn packed(facts: &Facts, body: &Spooled) -> Result<Option<Vec<u8>>, StoreError> {
    // None is so long that it was filed.
    let (Kind::Receipt(_), Spooled::Memory(kept)) = (facts.kind(), body) else { return Ok(None) };
    let came = as_it_came(kept, &hex(facts.sha256()));
    let came = came.ok_or_else(|| {
        StoreError::Failed("受領証が受け付けたものと違います / a receipt is not what was admitted".into())
    })?;
    zstd::bulk::compress(came, LEVEL)
        .map(Some)
        .map_err(|why| StoreError::Failed(format!("受領証をまとめられません / a receipt: {why}")))
}

/// Keeps it, in the commit of its evidence.
pub(crate) async fn keep(rows: &mut SqliteConnection, (evidence, packed): (EvidenceId, &[u8])) -> Result<(), Stop> {
    sqlx::query!("INSERT INTO word (evidence, octets) VALUES (?, ?)", evidence.0, packed).execute(rows).await?;
    Ok(())
}

/// The octets that this piece names, if they were kept.
pub(crate) async fn read(readers: &SqlitePool, evidence: EvidenceId) -> Result<Option<Vec<u8>>, StoreError> {
    let found = sqlx::query_scalar!("SELECT octets FROM word WHERE evidence = ?", evidence.0);
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    let damaged = || {
        StoreError::Failed(format!(
            "証跡 {evidence} の受領証が壊れています。evidence verify で確かめてください / \
             the receipt of {evidence} is damaged; see `evidence verify`"
        ))
    };
    let unpacked = |packed: Vec<u8>| unpack(&packed).ok_or_else(damaged);
    found.map(unpacked).transpose()
}

/// The last piece that names what is not kept beside it, among those from before it was kept.
pub(crate) async fn missing(readers: &SqlitePool) -> Result<EvidenceId, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT coalesce(max(id), 0) AS "id!: i64" FROM evidence
           WHERE id <= (SELECT value FROM counter WHERE name = 'words_from')
             AND CASE WHEN json_valid(doc) THEN doc ->> 'receipt_sha256' IS NOT NULL END
             AND NOT EXISTS (SELECT 1 FROM word WHERE word.evidence = evidence.id)"#
    );
    found.fetch_one(readers).await.map(EvidenceId).map_err(store_error)
}

/// The SHA-256 of what is kept beside this piece, in hex. Damaged, it is that of nothing.
pub(crate) fn digest(packed: &[u8]) -> String {
    hash(&unpack(packed).unwrap_or_default())
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::decompress(packed, usize::try_from(RECEIPT_BYTES).unwrap_or(usize::MAX)).ok()
}
