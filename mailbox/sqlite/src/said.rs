//! What evidence says of bundles. Whatever is written down of one takes its words and its state from there: its row anybody could have
//! edited, and what is edited in the evidence is named for good (Profile §8.15).

use std::collections::{BTreeSet, HashMap};

use fumibako_model::{Event, Evidence, EvidenceId, Life, OfficeNumber, Reason, Recorded, State};
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::error::{Stop, damaged, unpacked};
use crate::ledger::sent_key;

/// A bundle as its evidence knows it.
pub(crate) struct Said {
    /// Its acceptance.
    pub(crate) accepted: Recorded,
    /// How far it has come.
    pub(crate) state: State,
    /// The last piece about it.
    pub(crate) last: EvidenceId,
    /// The first receipt of its recipient.
    pub(crate) received: Option<Recorded>,
    /// The first word of its recipient that it could not be opened (Profile §8.22).
    pub(crate) failed: Option<Recorded>,
}

/// What its row says of it.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) state: i64,
    pub(crate) message_id: Option<String>,
    /// The rows of sender and recipient.
    pub(crate) ends: [Option<i64>; 2],
    pub(crate) sha256: String,
    pub(crate) content: String,
    pub(crate) size: Option<i64>,
    /// What finds it (Profile §5.8).
    pub(crate) sent_key: Option<i64>,
    pub(crate) came: i64,
}

impl Row {
    /// Does it say what was accepted between these offices?
    pub(crate) fn is_of(&self, ends: (i64, i64), accepted: &Evidence) -> bool {
        let same = |known: &Option<String>, here: &str| known.as_ref().is_none_or(|known| known == here);
        [Some(ends.0), Some(ends.1)] == self.ends
            && self.message_id.as_ref() == Some(&accepted.message_id)
            && self.sent_key == Some(sent_key(accepted.from, &accepted.message_id))
            && same(&accepted.sha256, &self.sha256)
            && same(&accepted.content, &self.content)
            && accepted.size.is_none_or(|size| Some(size.cast_signed()) == self.size)
            && accepted.at.as_millisecond() == self.came
    }
}

/// What these pieces about one bundle say, the oldest first, each as (id, document); of no piece nothing. Where one of them is not what it was,
/// or follows from none before it, nobody can tell, and it is that one.
pub(crate) fn said(pieces: &[(i64, String)]) -> Option<Result<Said, EvidenceId>> {
    let mut said: Option<Said> = None;
    for (id, doc) in pieces {
        let Some(then) = next(said, EvidenceId(*id), doc) else { return Some(Err(EvidenceId(*id))) };
        said = Some(then);
    }
    said.map(Ok)
}

/// What is said with this piece behind those before it.
fn next(before: Option<Said>, id: EvidenceId, doc: &str) -> Option<Said> {
    let piece = serde_json::from_str::<Recorded>(doc).ok().filter(|piece| piece.id == id)?;
    let (event, reason) = (piece.evidence.event, piece.evidence.reason);
    let life = |said: &Said| Life { state: Some(said.state), failed: said.failed.is_some() };
    let state = before.as_ref().map(life).unwrap_or_default().with((event, reason))?.state?;
    let Some(mut said) = before else {
        return Some(Said { accepted: piece, state, last: id, received: None, failed: None });
    };
    (said.state, said.last) = (state, id);
    let word = match (event, reason) {
        (Event::ContentHandoverFailure, Some(Reason::CheckFailed)) => &mut said.failed,
        (Event::ContentHandover, _) if piece.evidence.receipt.is_some() => &mut said.received,
        _ => return Some(said),
    };
    word.get_or_insert(piece);
    Some(said)
}

/// What evidence says of the message of this number, if there is any about it. Of what cannot be read nobody can tell (Profile §8.15).
pub(crate) async fn said_of(rows: &mut SqliteConnection, message: i64) -> Result<Option<Said>, Stop> {
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_array(id, doc)) AS BLOB) AS "found!: Vec<u8>"
           FROM (SELECT id, doc FROM evidence WHERE message = ? ORDER BY id)"#,
        message
    );
    let pieces: Vec<(i64, String)> = unpacked(&found.fetch_one(rows).await?)?;
    Ok(said(&pieces).transpose().map_err(damaged)?)
}

/// The rows of the offices that were accepted as sender and recipient.
pub(crate) async fn offices<'s>(
    rows: &mut SqliteConnection,
    bundles: impl Iterator<Item = &'s Said>,
) -> Result<HashMap<OfficeNumber, i64>, Stop> {
    let ends = bundles.flat_map(|said| [said.accepted.evidence.from, said.accepted.evidence.to]);
    let numbers = serde_json::to_string(&ends.collect::<BTreeSet<_>>())?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(o.number, o.id)) AS "found!: String"
           FROM json_each(?) asked CROSS JOIN office o ON o.number = asked.value"#,
        numbers
    );
    let found = found.fetch_one(rows).await?;
    Ok(serde_json::from_str::<Vec<(OfficeNumber, i64)>>(&found)?.into_iter().collect())
}
