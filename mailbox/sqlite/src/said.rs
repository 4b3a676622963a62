//! What evidence says of bundles. Whatever is written down of one takes its words and its state from there: its row anybody could have
//! edited, and what is edited in the evidence is named for good (Profile §8.15).

use std::collections::{BTreeSet, HashMap};

use fumibako_model::{Evidence, EvidenceId, OfficeNumber, Recorded, State, follows};
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::error::Stop;
use crate::ledger::sent_key;

/// A bundle as its evidence knows it.
pub(crate) struct Said {
    /// Its acceptance.
    pub(crate) accepted: Recorded,
    /// How far it has come.
    pub(crate) state: State,
    /// The last piece about it.
    pub(crate) last: EvidenceId,
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

/// What these pieces about one bundle say, the oldest first, each as (id, document). None where one of them is not what it was, or follows
/// from none before it: then nobody can tell.
pub(crate) fn said(pieces: &[(i64, String)]) -> Option<Said> {
    let (mut state, mut accepted) = (None, None);
    for (id, doc) in pieces {
        let piece = serde_json::from_str::<Recorded>(doc).ok().filter(|piece| piece.id.0 == *id)?;
        state = Some(follows(state, (piece.evidence.event, piece.evidence.reason))?);
        accepted = accepted.or(Some(piece));
    }
    let last = EvidenceId(pieces.last()?.0);
    Some(Said { accepted: accepted?, state: state?, last })
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
