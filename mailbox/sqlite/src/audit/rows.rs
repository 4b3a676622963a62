//! Rows of evidence with what stands beside them: the columns that find a piece must say what it says itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use fumibako_model::{Event, EvidenceId, LogEntry, OfficeNumber, Recorded, State, follows};
use fumibako_store::{LISTED, StoreError};
use sqlx::SqlitePool;

use crate::error::{store_error, unpacked, unreadable};
use crate::word;

/// Rows that are read at once.
const AT_ONCE: i64 = 1_000;
/// Pieces about the bundles of some rows that are read at once; a bundle has a handful.
const PIECES_AT_ONCE: i64 = 50_000;
/// Rows whose words are read at once.
const WORDS_AT_ONCE: usize = 100;

/// A row.
pub(super) struct Row {
    pub(super) id: i64,
    message: i64,
    kind: String,
    at: i64,
    /// The offices whose rows it names; none where there is no such office.
    offices: [Option<String>; 2],
    named: [i64; 2],
    pub(super) doc: String,
    /// What the document says, if it can be read and is that of this row.
    pub(super) entry: Option<LogEntry>,
}

/// (id, message, kind, at, the rows of its offices, their numbers, doc)
type Read = (i64, i64, String, i64, [i64; 2], [Option<String>; 2], String);

/// The rows from this id on, some of them.
pub(super) async fn rows_from(readers: &SqlitePool, first: i64) -> Result<Vec<Row>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_array(id, message, kind, at, json_array(from_office, to_office),
                      json_array((SELECT number FROM office WHERE office.id = from_office),
                                 (SELECT number FROM office WHERE office.id = to_office)), doc)) AS BLOB) AS "found!: Vec<u8>"
           FROM (SELECT id, message, kind, at, from_office, to_office, doc FROM evidence WHERE id >= ? ORDER BY id LIMIT ?)"#,
        first,
        AT_ONCE
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let found: Vec<Read> = unpacked(&found).map_err(store_error)?;
    let row = |(id, message, kind, at, named, offices, doc): Read| {
        let entry = doc.parse::<LogEntry>().ok().filter(|known| known.id() == EvidenceId(id));
        Row { id, message, kind, at, offices, named, doc, entry }
    };
    Ok(found.into_iter().map(row).collect())
}

impl Row {
    /// Time, event and offices. A piece about no bundle names no offices, and has a number of its own.
    pub(super) fn columns_agree(&self, known: &LogEntry) -> bool {
        let is = |number: OfficeNumber, at: usize| self.offices[at].as_deref() == Some(number.as_str());
        let offices = match known {
            LogEntry::Bundle(one) => is(one.evidence.from, 0) && is(one.evidence.to, 1),
            LogEntry::Erased(_) | LogEntry::Pruned(_) => self.named == [0, 0],
        };
        known.kind() == self.kind && known.at().as_millisecond() == self.at && offices
    }

    /// The piece before it about the same bundle.
    fn previous(&self) -> Option<EvidenceId> {
        match &self.entry {
            Some(LogEntry::Bundle(one)) => one.previous,
            _ => None,
        }
    }
}

/// What is known of the bundles that some rows are about.
pub(super) struct Beside {
    /// The bundle that the piece before is filed under; none where that went when its years were over.
    before: HashMap<i64, i64>,
    /// Rows whose bundle was accepted by another piece.
    taken: HashSet<i64>,
    /// The digests of what recipients said, by the piece that names them.
    words: HashMap<i64, String>,
    /// Up to this piece none was kept.
    words_from: EvidenceId,
    /// Pieces that cannot follow those before them about the same bundle.
    pub(super) unfounded: HashSet<i64>,
}

impl Beside {
    pub(super) async fn of(readers: &SqlitePool, rows: &[Row], words_from: EvidenceId) -> Result<Self, StoreError> {
        let before: Vec<i64> = rows.iter().filter_map(|row| row.previous().map(|id| id.0)).collect();
        let before = serde_json::to_string(&before).map_err(|why| store_error(unreadable(why)))?;
        let before = sqlx::query_scalar!(
            r#"SELECT json_group_array(json_array(id, message)) AS "found!: String" FROM evidence
               WHERE id IN (SELECT value FROM json_each(?))"#,
            before
        );
        let before = before.fetch_one(readers).await.map_err(store_error)?;
        let before: Vec<(i64, i64)> = serde_json::from_str(&before).map_err(|why| store_error(unreadable(why)))?;
        let before: HashMap<i64, i64> = before.into_iter().collect();
        let is_first = |row: &&Row| row.previous().is_none_or(|id| !before.contains_key(&id.0));
        let first: Vec<i64> = rows.iter().filter(is_first).map(|row| row.id).collect();
        let first = serde_json::to_string(&first).map_err(|why| store_error(unreadable(why)))?;
        // As long as the bundle's own row is there, it says which acceptance is its own.
        let taken = sqlx::query_scalar!(
            r#"SELECT json_group_array(e.id) AS "found!: String"
               FROM json_each(?) one JOIN evidence e ON e.id = one.value
               WHERE coalesce((SELECT m.answer <> e.id FROM message m
                               WHERE m.id = e.message AND e.kind = 'SubmissionAcceptance'),
                              EXISTS (SELECT 1 FROM evidence other WHERE other.message = e.message AND other.id <> e.id
                                                                     AND other.kind = 'SubmissionAcceptance'))"#,
            first
        );
        let taken = taken.fetch_one(readers).await.map_err(store_error)?;
        let taken: HashSet<i64> = serde_json::from_str(&taken).map_err(|why| store_error(unreadable(why)))?;
        let words = words(readers, rows).await?;
        Ok(Self { before, taken, words, words_from, unfounded: unfounded(readers, rows).await? })
    }

    /// Profile §8.18: is what the recipient said kept with it, octet for octet?
    pub(super) fn has_its_word(&self, row: &Row, known: &LogEntry) -> bool {
        let LogEntry::Bundle(one) = known else { return true };
        match (&one.evidence.receipt_sha256, self.words.get(&row.id)) {
            (Some(named), Some(kept)) => named == kept,
            (Some(_), None) => row.id <= self.words_from.0,
            (None, kept) => kept.is_none(),
        }
    }

    /// Is it filed under the bundle that the piece before it is about? The first one is so under a bundle of its own.
    pub(super) fn has_it_in_its_place(&self, row: &Row, known: &LogEntry) -> bool {
        match known {
            LogEntry::Erased(_) | LogEntry::Pruned(_) => row.message == -row.id,
            LogEntry::Bundle(one) => match one.previous.and_then(|id| self.before.get(&id.0)) {
                Some(message) => *message == row.message,
                None => !self.taken.contains(&row.id),
            },
        }
    }
}

/// Profile §8.9: which pieces about these rows' bundles no happening leads to from the pieces before them. Of what came of nothing but a
/// delivery there is nothing to ask; and behind a piece that is gone or cannot be read, and is named, everything may follow.
async fn unfounded(readers: &SqlitePool, rows: &[Row]) -> Result<HashSet<i64>, StoreError> {
    let came_to = |row: &&Row| {
        let ends = [Event::ContentHandover, Event::ContentHandoverFailure];
        matches!(&row.entry, Some(LogEntry::Bundle(one)) if ends.contains(&one.evidence.event))
    };
    let bundles: BTreeSet<i64> = rows.iter().filter(came_to).map(|row| row.message).collect();
    let bundles = serde_json::to_string(&bundles).map_err(|why| store_error(unreadable(why)))?;
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_array(message, id, doc)) AS BLOB) AS "found!: Vec<u8>" FROM (
               SELECT e.message, e.id, e.doc FROM json_each(?) one CROSS JOIN evidence e ON e.message = one.value
               ORDER BY e.message, e.id LIMIT ?)"#,
        bundles,
        PIECES_AT_ONCE
    );
    let found = found.fetch_one(readers).await.map_err(store_error)?;
    let found: Vec<(i64, i64, String)> = unpacked(&found).map_err(store_error)?;
    let mut unfounded = HashSet::new();
    for life in found.chunk_by(|one, next| one.0 == next.0) {
        let (mut states, mut last) = (vec![None], None);
        for (_, id, doc) in life {
            let known = serde_json::from_str::<Recorded>(doc).ok();
            let before = last.replace(EvidenceId(*id));
            let anything = || [None].into_iter().chain(State::ALL.map(Some)).collect();
            let Some(Recorded { evidence, previous, .. }) = known else {
                states = anything();
                continue;
            };
            if previous != before {
                states = anything();
            }
            let told = (evidence.event, evidence.reason);
            let then: Vec<_> = states.iter().filter_map(|state| follows(*state, told)).map(Some).collect();
            if then.is_empty() {
                unfounded.insert(*id);
            } else {
                states = then;
            }
        }
    }
    Ok(unfounded)
}

/// The digests of the words beside these rows.
async fn words(readers: &SqlitePool, rows: &[Row]) -> Result<HashMap<i64, String>, StoreError> {
    let mut words = HashMap::new();
    for rows in rows.chunks(WORDS_AT_ONCE) {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let found = sqlx::query!("SELECT evidence, octets FROM word WHERE evidence BETWEEN ? AND ?", first.id, last.id);
        let found = found.fetch_all(readers).await.map_err(store_error)?;
        words.extend(found.into_iter().map(|row| (row.evidence, word::digest(&row.octets))));
    }
    Ok(words)
}

/// Words beside which no row of evidence stands, each with the number of rows before it.
pub(super) async fn stray_words(readers: &SqlitePool) -> Result<Vec<(i64, u64)>, StoreError> {
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let found = sqlx::query!(
        r#"SELECT evidence, (SELECT count(*) FROM evidence e WHERE e.id < word.evidence) AS "before!: i64"
           FROM word WHERE NOT EXISTS (SELECT 1 FROM evidence e WHERE e.id = word.evidence) ORDER BY evidence LIMIT ?"#,
        most
    );
    let found = found.fetch_all(readers).await.map_err(store_error)?;
    Ok(found.into_iter().map(|row| (row.evidence, row.before.cast_unsigned())).collect())
}
