//! What judgements rested on, kept beside the evidence (Profile §8.18).

use fumibako_model::{EvidenceId, MessageId, OfficeNumber};
use fumibako_store::{Paper, PaperKind, StoreError};
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};
use crate::ledger::sent_key;

/// Keeps them, each once.
pub(crate) async fn keep(rows: &mut SqliteConnection, papers: &[Paper]) -> Result<(), Stop> {
    for paper in papers {
        let (kind, beside) = (word(paper.kind), serde_json::to_string(&paper.beside)?);
        sqlx::query!(
            "INSERT INTO paper (name, kind, octets, beside) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
            paper.name,
            kind,
            paper.octets,
            beside
        )
        .execute(&mut *rows)
        .await?;
    }
    Ok(())
}

/// Those of these names that are there, each once.
pub(crate) async fn read(readers: &SqlitePool, names: &[String]) -> Result<Vec<Paper>, StoreError> {
    let wanted = serde_json::to_string(names).map_err(|why| store_error(unreadable(why)))?;
    let found = sqlx::query!(
        "SELECT name, kind, octets, beside FROM paper WHERE name IN (SELECT value FROM json_each(?)) ORDER BY name",
        wanted
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    let paper = |name, kind: &str, octets, beside: &str| {
        Some(Paper { name, kind: read_word(kind)?, octets, beside: serde_json::from_str(beside).ok()? })
    };
    let unfit = || store_error(sqlx::Error::InvalidArgument("a paper's row cannot be read".into()));
    let papers = found.into_iter().map(|row| paper(row.name, &row.kind, row.octets, &row.beside).ok_or_else(unfit));
    papers.collect()
}

/// What an office sent under a Message-ID.
pub(crate) async fn find_sent(
    readers: &SqlitePool,
    office: OfficeNumber,
    message_id: &str,
) -> Result<Option<(MessageId, EvidenceId)>, StoreError> {
    let (key, number) = (sent_key(office, message_id), office.as_str());
    let found = sqlx::query!(
        r#"SELECT m.id, m.answer AS "answer!" FROM office o
           JOIN message m ON m.sent_key = ? AND m.sender = o.id AND m.message_id = ? WHERE o.number = ?"#,
        key,
        message_id,
        number
    )
    .fetch_optional(readers)
    .await
    .map_err(store_error)?;
    Ok(found.map(|found| (MessageId(found.id), EvidenceId(found.answer))))
}

/// The last that became of what an office sent under a Message-ID (Profile §8.18).
pub(crate) async fn find_ended(
    readers: &SqlitePool,
    office: OfficeNumber,
    message_id: &str,
) -> Result<Option<EvidenceId>, StoreError> {
    let number = office.as_str();
    let found = sqlx::query_scalar!(
        "SELECT e.id FROM office o JOIN evidence e ON e.from_office = o.id AND e.doc ->> 'message_id' = ?
         WHERE o.number = ? AND e.kind IN ('ContentHandover', 'ContentHandoverFailure') ORDER BY e.id DESC LIMIT 1",
        message_id,
        number
    );
    Ok(found.fetch_optional(readers).await.map_err(store_error)?.map(EvidenceId))
}

fn word(kind: PaperKind) -> &'static str {
    match kind {
        PaperKind::Certificate => "certificate",
        PaperKind::Revocation => "revocation",
        PaperKind::Trust => "trust",
    }
}

fn read_word(text: &str) -> Option<PaperKind> {
    [PaperKind::Certificate, PaperKind::Revocation, PaperKind::Trust].into_iter().find(|kind| word(*kind) == text)
}
