//! Rows of evidence with what stands beside them: the columns that find a piece must say what it says itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use fumibako_model::{Event, EvidenceId, Life, LogEntry, OfficeNumber, Recorded};
use fumibako_store::{LISTED, StoreError};
use sqlx::SqlitePool;

use super::Logged;
use super::lives::{ENDS, Lives, Moved, Piece};
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
    pub(super) message: i64,
    kind: String,
    at: i64,
    /// The offices whose rows it names; none where there is no such office.
    offices: [Option<String>; 2],
    named: [i64; 2],
    /// What the document says, if it can be read and is that of this row.
    pub(super) entry: Option<LogEntry>,
    /// That is what was signed, or waits to be.
    pub(super) sound: bool,
    /// It bears a seal, whosever that is.
    pub(super) sealed: bool,
}

/// (id, message, kind, at, the rows of its offices, their numbers, whether there is a seal, doc)
type Read = (i64, i64, String, i64, [i64; 2], [Option<String>; 2], i64, String);

/// The rows from this id on, some of them.
pub(super) async fn rows_from(readers: &SqlitePool, first: i64, logged: &Logged) -> Result<Vec<Row>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_array(id, message, kind, at, json_array(from_office, to_office),
                      json_array((SELECT number FROM office WHERE office.id = from_office),
                                 (SELECT number FROM office WHERE office.id = to_office)),
                      EXISTS (SELECT 1 FROM seal WHERE seal.evidence = id), doc)) AS BLOB) AS "found!: Vec<u8>"
           FROM (SELECT id, message, kind, at, from_office, to_office, doc FROM evidence WHERE id >= ? ORDER BY id LIMIT ?)"#,
        first,
        AT_ONCE
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let found: Vec<Read> = unpacked(&found).map_err(store_error)?;
    let row = |(id, message, kind, at, named, offices, sealed, doc): Read| {
        let entry = doc.parse::<LogEntry>().ok().filter(|known| known.id() == EvidenceId(id));
        let sound = entry.as_ref().is_some_and(|known| logged.is_as_signed(known.n(), &doc));
        Row { id, message, kind, at, offices, named, entry, sound, sealed: sealed != 0 }
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

    /// A piece about no bundle is filed under its own number, and under no bundle's.
    pub(super) fn has_a_number_of_its_own(&self, known: &LogEntry) -> bool {
        matches!(known, LogEntry::Bundle(_)) || self.message == -self.id
    }

    /// What it says of a bundle, if it is as it was.
    fn bundle(&self) -> Option<&Recorded> {
        match &self.entry {
            Some(LogEntry::Bundle(one)) if self.sound => Some(one),
            _ => None,
        }
    }

    /// The piece before it about the same bundle.
    fn previous(&self) -> Option<EvidenceId> {
        self.bundle().and_then(|one| one.previous)
    }

    /// Does it tell of an end of its bundle, by its column or in its words?
    pub(super) fn is_of_an_end(&self) -> bool {
        let ends = ENDS.map(Event::as_str);
        ends.contains(&self.kind.as_str()) || self.bundle().is_some_and(|one| ENDS.contains(&one.evidence.event))
    }

    fn piece(&self) -> Option<Piece> {
        self.bundle().map(|known| Piece { message: self.message, known: known.clone() })
    }
}

/// What is known of the bundles that some rows are about.
pub(super) struct Beside {
    /// Pieces that are filed under another bundle.
    pub(super) moved: Vec<Moved>,
    /// Pieces that some of the rows name as the one before them, and that are not there.
    pub(super) gone: Vec<i64>,
    /// The digests of what recipients said, by the piece that names them.
    words: HashMap<i64, String>,
    /// Up to this piece none was kept.
    words_from: EvidenceId,
    /// Pieces that cannot follow those before them about the same bundle.
    pub(super) unfounded: HashSet<i64>,
}

impl Beside {
    pub(super) async fn of(
        (readers, logged): (&SqlitePool, &Logged),
        rows: &[Row],
        (words_from, most): (EvidenceId, usize),
    ) -> Result<Self, StoreError> {
        let before = before(readers, rows).await?;
        let is_first =
            |row: &&Row| row.bundle().is_some() && row.previous().is_none_or(|id| !before.contains_key(&id.0));
        let taken = taken(readers, rows.iter().filter(is_first).map(|row| row.id).collect()).await?;
        let apart = |row: &&Row| {
            let before = row.previous().and_then(|id| before.get(&id.0));
            before.map_or_else(|| taken.contains(&row.id), |message| *message != row.message)
        };
        let (lives, mut moved, mut judged) = (Lives { readers, logged }, Vec::new(), BTreeSet::new());
        for row in rows.iter().filter(apart) {
            if moved.len() > most {
                break;
            }
            let Some(piece) = row.piece().filter(|_| !judged.contains(&row.id)) else { continue };
            moved.extend(lives.moved(piece, &mut judged).await?);
        }
        let gone = rows.iter().filter_map(Row::previous).map(|id| id.0).filter(|id| !before.contains_key(id)).collect();
        let words = words(readers, rows).await?;
        Ok(Self { moved, gone, words, words_from, unfounded: unfounded((readers, logged), rows).await? })
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
}

/// The bundles that the pieces before these rows are filed under; none where those went when their years were over.
async fn before(readers: &SqlitePool, rows: &[Row]) -> Result<HashMap<i64, i64>, StoreError> {
    let before: Vec<i64> = rows.iter().filter_map(|row| row.previous().map(|id| id.0)).collect();
    let before = serde_json::to_string(&before).map_err(|why| store_error(unreadable(why)))?;
    let before = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(id, message)) AS "found!: String" FROM evidence
           WHERE id IN (SELECT value FROM json_each(?))"#,
        before
    );
    let before = before.fetch_one(readers).await.map_err(store_error)?;
    let before: Vec<(i64, i64)> = serde_json::from_str(&before).map_err(|why| store_error(unreadable(why)))?;
    Ok(before.into_iter().collect())
}

/// Those of these first pieces whose bundle was accepted by another piece.
async fn taken(readers: &SqlitePool, first: Vec<i64>) -> Result<HashSet<i64>, StoreError> {
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
    serde_json::from_str(&taken).map_err(|why| store_error(unreadable(why)))
}

/// Profile §8.9: which pieces about these rows' bundles no happening leads to from the pieces before them. Of what came of nothing but a
/// delivery there is nothing to ask; and behind a piece that is gone or cannot be read, and is named, everything may follow.
async fn unfounded((readers, logged): (&SqlitePool, &Logged), rows: &[Row]) -> Result<HashSet<i64>, StoreError> {
    let came_to = |row: &&Row| row.bundle().is_some_and(|one| ENDS.contains(&one.evidence.event));
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
        let (mut lives, mut last) = (vec![Life::default()], None);
        for (_, id, doc) in life {
            let before = last.replace(EvidenceId(*id));
            let Some(LogEntry::Bundle(known)) = logged.sound(*id, doc) else {
                lives = Life::all().collect();
                continue;
            };
            let Recorded { evidence, previous, .. } = *known;
            if previous != before {
                lives = Life::all().collect();
            }
            let told = (evidence.event, evidence.reason);
            let then: Vec<_> = lives.iter().filter_map(|life| life.with(told)).collect();
            if then.is_empty() {
                unfounded.insert(*id);
            } else {
                lives = then;
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
