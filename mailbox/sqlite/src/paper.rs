//! What judgements rested on, kept beside the evidence (Profile §8.18).

use fumibako_model::{EvidenceId, MessageId, OfficeNumber, Recorded, TrustState, hash};
use fumibako_store::{LISTED, Named, PAPER_NAME, Paper, PaperKind, StoreError};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};
use crate::ledger::sent_key;

/// Letters of a SHA-256 in hex.
const DIGEST: usize = 64;

/// Keeps them, each once. What is there already counts from now on as if it came now: evidence that names it may be about to come. Where
/// it was spoilt meanwhile, what its own name proves takes its place; of what came with a certificate only a list that nobody can read.
pub(crate) async fn keep(rows: &mut SqliteConnection, papers: &[Paper]) -> Result<(), Stop> {
    for paper in papers {
        let (kind, beside) = (word(paper.kind), serde_json::to_string(&paper.beside)?);
        let proven = as_named(paper).is_some();
        sqlx::query!(
            "INSERT INTO paper (name, kind, octets, beside, after)
             VALUES (?1, ?2, ?3, ?4, (SELECT value FROM counter WHERE name = 'evidence'))
             ON CONFLICT (name) DO UPDATE SET after = excluded.after,
                 kind = CASE WHEN ?5 THEN excluded.kind ELSE kind END,
                 octets = CASE WHEN ?5 THEN excluded.octets ELSE octets END,
                 beside = CASE WHEN ?5 AND NOT json_valid(beside) THEN excluded.beside ELSE beside END",
            paper.name,
            kind,
            paper.octets,
            beside,
            proven
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
    let unfit = || store_error(sqlx::Error::InvalidArgument("a paper's row cannot be read".into()));
    let papers = found.into_iter().map(|row| paper(row.name, &row.kind, row.octets, &row.beside).ok_or_else(unfit));
    papers.collect()
}

/// The first one after this name, which is none where its row cannot be read: a cell that is no text spoils itself and nothing beside it.
pub(crate) async fn next(readers: &SqlitePool, after: &[u8]) -> Result<Option<(Vec<u8>, Option<Paper>)>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT CAST(name AS BLOB) AS "name!: Vec<u8>", CAST(kind AS BLOB) AS "kind!: Vec<u8>", octets,
                  CAST(beside AS BLOB) AS "beside!: Vec<u8>"
           FROM paper WHERE name > CAST(? AS TEXT) ORDER BY name LIMIT 1"#,
        after
    );
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    let text = |octets: &[u8]| Some(str::from_utf8(octets).ok()?.to_owned());
    Ok(found.map(|row| {
        let texts = text(&row.name).zip(text(&row.kind)).zip(text(&row.beside));
        let paper = texts.and_then(|((name, kind), beside)| paper(name, &kind, row.octets, &beside));
        (row.name, paper)
    }))
}

fn paper(name: String, kind: &str, octets: Vec<u8>, beside: &str) -> Option<Paper> {
    Some(Paper { name, kind: read_word(kind)?, octets, beside: serde_json::from_str(beside).ok()? })
}

/// What it is and the names that it leads to, if it is what its own name says.
pub(crate) fn as_named(paper: &Paper) -> Option<(PaperKind, Vec<String>)> {
    let Paper { name, kind, octets, beside } = paper;
    if *kind != PaperKind::Trust {
        return (short(&hash(octets)) == name).then(|| (*kind, beside.clone()));
    }
    let state: TrustState = serde_json::from_slice(octets).ok()?;
    // The name is taken over all members in one string, which other members could make as well.
    let members = state.members().iter().map(|member| (member.len() == DIGEST).then(|| short(member).to_owned()));
    let members = members.collect::<Option<_>>()?;
    (state.name() == *name).then_some((*kind, members))
}

/// The name of the paper of this SHA-256 in hex.
pub(crate) fn short(digest: &str) -> &str {
    digest.get(..PAPER_NAME).unwrap_or(digest)
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

/// All that an office sent under a Message-ID, the latest first (Profile §8.18): what is kept, and what was collected or failed.
pub(crate) async fn find_named(
    readers: &SqlitePool,
    office: OfficeNumber,
    message_id: &str,
) -> Result<Vec<Named>, StoreError> {
    let (key, number) = (sent_key(office, message_id), office.as_str());
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let found = sqlx::query!(
        r#"SELECT came AS "came?: i64", e.doc FROM (
               SELECT message AS bundle, max(came) AS came FROM (
                   SELECT e.message, m.received_at AS came FROM office o
                   JOIN message m ON m.sent_key = ?1 AND m.sender = o.id AND m.message_id = ?2
                   JOIN evidence e ON e.id = m.answer WHERE o.number = ?3
                   UNION ALL
                   SELECT e.message, NULL FROM office o JOIN evidence e ON e.from_office = o.id AND e.doc ->> 'message_id' = ?2
                   WHERE o.number = ?3 AND e.kind IN ('ContentHandover', 'ContentHandoverFailure'))
               GROUP BY message ORDER BY message DESC LIMIT ?4)
           JOIN evidence e ON e.id = (SELECT min(id) FROM evidence WHERE message = bundle)
           ORDER BY bundle DESC"#,
        key,
        message_id,
        number,
        most
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    let named = |came: Option<i64>, doc: &str| {
        let first: Recorded = serde_json::from_str(doc).map_err(|why| store_error(unreadable(why)))?;
        let came = came.and_then(|came| Timestamp::from_millisecond(came).ok()).unwrap_or(first.evidence.at);
        Ok(Named { came, first })
    };
    found.into_iter().map(|row| named(row.came, &row.doc)).collect()
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
