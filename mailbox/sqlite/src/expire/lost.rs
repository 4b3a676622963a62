//! What is lost with content that goes, as the evidence of each bundle says (Profile §8.9, §8.15).

use fumibako_model::{Evidence, EvidenceId, Happening, MessageId, Wishes, outcome};
use fumibako_store::bodies::Day;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::error::{Stop, unpacked};
use crate::ledger::Ledger;
use crate::said::{self, Said, offices, said};

/// A message of those segments, with all evidence that is filed under it.
#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    row: said::Row,
    wishes: Option<String>,
    pieces: Vec<(i64, String)>,
}

/// A bundle that nobody acknowledged.
pub(crate) struct Uncollected {
    pub(crate) id: i64,
    /// The rows of sender and recipient.
    ends: (i64, i64),
    said: Said,
    wishes: Option<String>,
}

/// Evidence that a bundle's content is gone before anybody collected it, and the report of it (Profile §8.9).
pub(crate) fn fail(ledger: &mut Ledger<'_>, bundle: &Uncollected, now: Timestamp) -> Result<(), Stop> {
    let Uncollected { id, ends, said: Said { accepted, state, last, .. }, wishes } = bundle;
    let Some(step) = outcome(Some(*state), Happening::Expire) else { return Ok(()) };
    let Some((event, reason)) = step.evidence else { return Ok(()) };
    let evidence = Evidence { event, reason, at: now, trust: None, by: None, ..accepted.evidence.clone() };
    let message = MessageId(*id);
    let evidence = ledger.witness(message, *ends, (Some(*last), evidence))?;
    // Of wishes that cannot be read it is not known that the sender wants to hear less.
    let known = wishes.as_deref().and_then(|wishes| serde_json::from_str::<Wishes>(wishes).ok());
    if let Some(report) = step.report.filter(|_| known.clone().unwrap_or_default().notifies("FAILURE")) {
        ledger.due(message, report, now, (evidence, wishes.clone().filter(|_| known.is_some())));
    }
    Ok(())
}

/// Bundles of these segments that nobody collected, among so many messages after this one, and the last of these messages; none where there is
/// no more. Of a day nothing is lost that came on another: a long message belongs to the day on which it began to come.
pub(crate) async fn uncollected(
    rows: &mut SqliteConnection,
    (first, last): (i64, i64),
    day: Option<Day>,
    (after, most): (i64, i64),
) -> Result<Option<(Vec<Uncollected>, i64)>, Stop> {
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json(row)) AS BLOB) AS "found!: Vec<u8>" FROM (
           SELECT json_object('id', m.id, 'state', m.state, 'message_id', m.message_id, 'ends', json_array(m.sender, m.recipient),
                  'sha256', lower(hex(m.sha256)), 'content', lower(hex(m.content_digest)), 'size', m.received_size, 'sent_key', m.sent_key,
                  'came', m.received_at, 'wishes', m.wishes,
                  'pieces', (SELECT json_group_array(json_array(id, doc)) FROM (
                      SELECT e.id, e.doc FROM evidence e WHERE e.message = m.id ORDER BY e.id))) AS row
           FROM message m
           WHERE m.segment BETWEEN coalesce((SELECT segment FROM message WHERE id = ?1), ?2) AND ?3
             AND (m.segment, m.id) > (coalesce((SELECT segment FROM message WHERE id = ?1), ?2), ?1)
           ORDER BY m.segment, m.id LIMIT ?4)"#,
        after,
        first,
        last,
        most
    )
    .fetch_one(&mut *rows)
    .await?;
    let found: Vec<Found> = unpacked(&found)?;
    let Some(end) = found.last().map(|last| last.row.id) else { return Ok(None) };
    let known: Vec<(Found, Said)> = found.into_iter().filter_map(|found| known(found, day)).collect();
    let offices = offices(rows, known.iter().map(|(_, said)| said)).await?;
    let mut uncollected = Vec::new();
    for (Found { row, wishes, .. }, said) in known {
        let Evidence { from, to, .. } = said.accepted.evidence;
        let Some(ends) = offices.get(&from).copied().zip(offices.get(&to).copied()) else { continue };
        if row.state != said.state.code() || !row.is_of(ends, &said.accepted.evidence) {
            tracing::error!(evidence = %said.accepted.id, "bundle.row_differs");
        }
        if outcome(Some(said.state), Happening::Expire).is_some() {
            uncollected.push(Uncollected { id: row.id, ends, said, wishes });
        }
    }
    Ok(Some((uncollected, end)))
}

/// What evidence says of it, if it is a bundle of this day. Where that cannot be read nothing is signed of it, and the audit names the piece.
fn known(found: Found, day: Option<Day>) -> Option<(Found, Said)> {
    let known = said(&found.pieces)?;
    let known =
        known.and_then(|said| if is_of(day, said.accepted.evidence.at) { Ok(said) } else { Err(said.accepted.id) });
    let tell = |piece: &EvidenceId| {
        tracing::error!(message = found.row.id, evidence = %piece, "bundle.not_as_its_evidence");
    };
    known.inspect_err(tell).ok().map(|said| (found, said))
}

/// Does what came at this moment belong to the day?
fn is_of(day: Option<Day>, came: Timestamp) -> bool {
    day.is_none_or(|day| (Day::of(came).0 - day.0).abs() <= 1)
}
