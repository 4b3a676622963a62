//! What was erased: one piece of evidence for the content of a day, over a tree of the digests (Profile §8.28).
//!
//! A list would grow with the day, and all of it would go into every file of evidence. A root is 32 octets for any number of
//! bundles, and a path proves one of them without naming the others.

use fumibako_model::log::{Growth, Hash, Nodes, TILE, Tile};
use fumibako_model::{Erased, EvidenceId, Recorded, erased_leaves};
use fumibako_store::bodies::Day;
use fumibako_store::{Among, StoreError, hex, unhex};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, damaged, store_error};
use crate::expire::range;
use crate::ledger::Ledger;
use crate::log::{tile_id, unpack};

/// The tree over the digests of bundles. No receipt is among them: what a recipient signed stays beside the evidence that names it, and
/// nothing is called erased that is still there.
pub(crate) struct Tree {
    pub(crate) count: u64,
    pub(crate) root: Hash,
    tiles: Vec<Tile>,
}

impl Tree {
    pub(crate) fn over<'d>(digests: impl Iterator<Item = &'d Hash>) -> Self {
        let mut growth = Growth::default();
        for leaf in erased_leaves(digests) {
            growth.push(leaf);
        }
        Self { count: growth.size(), root: growth.root(), tiles: growth.tiles() }
    }

    /// Over the bundles whose bodies stand under the key of this day. That is destroyed, so they are the same until they are
    /// written down.
    pub(crate) async fn of_day(readers: &SqlitePool, day: Day) -> Result<Self, StoreError> {
        let (first, last) = range(day);
        // As they were accepted, on that day or beside it: what a row says is nobody's word.
        let digests = sqlx::query_scalar!(
            r#"SELECT CAST(coalesce(group_concat(CASE WHEN json_valid(e.doc) THEN e.doc ->> 'sha256' END, ' '), '') AS BLOB)
                      AS "digests!: Vec<u8>"
               FROM message m JOIN evidence e ON e.message = m.id AND e.kind = 'SubmissionAcceptance'
               WHERE m.segment BETWEEN ? AND ? AND abs(e.at / 86400000 - ?) <= 1"#,
            first,
            last,
            day.0
        );
        let digests = digests.fetch_one(readers).await.map_err(store_error)?;
        let digests: Vec<Hash> = String::from_utf8_lossy(&digests).split(' ').filter_map(digest_in).collect();
        Ok(Self::over(digests.iter()))
    }
}

/// The digest that stands in a text as hex.
fn digest_in(text: &str) -> Option<Hash> {
    unhex(text)?.try_into().ok()
}

/// Puts the piece into the ledger; where no bundle was admitted that day there is none.
pub(crate) fn note(
    ledger: &mut Ledger<'_>,
    (day, tree): (Day, &Tree),
    now: Timestamp,
) -> Result<Option<EvidenceId>, Stop> {
    let date = day.date().filter(|_| tree.count > 0);
    date.map(|date| ledger.erased(date, tree, now)).transpose()
}

/// Keeps the tree, in the same commit. Of one message the root says all.
pub(crate) async fn keep(rows: &mut SqliteConnection, erasure: EvidenceId, tree: &Tree) -> Result<(), Stop> {
    for tile in tree.tiles.iter().filter(|_| tree.count > 1) {
        let (id, hashes) = (tile_id(tile.level, tile.index), tile.hashes.concat());
        sqlx::query!("INSERT INTO erased_tile (erasure, tile, hashes) VALUES (?, ?, ?)", erasure.0, id, hashes)
            .execute(&mut *rows)
            .await?;
    }
    Ok(())
}

/// The piece that says that the bundle which this piece is about is gone, and where it stands there.
pub(crate) async fn of(readers: &SqlitePool, id: EvidenceId) -> Result<Option<(EvidenceId, Among)>, StoreError> {
    let accepted = sqlx::query!(
        r#"SELECT e.id, CAST(e.doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence a JOIN evidence e ON e.message = a.message
           WHERE a.id = ? AND e.kind = 'SubmissionAcceptance' LIMIT 1"#,
        id.0
    );
    let Some(accepted) = accepted.fetch_optional(readers).await.map_err(store_error)? else { return Ok(None) };
    let damaged = |_| store_error(damaged(EvidenceId(accepted.id)));
    let Recorded { evidence, .. } = serde_json::from_slice(&accepted.doc).map_err(damaged)?;
    let Some(digest) = evidence.sha256.as_deref().and_then(digest_in) else { return Ok(None) };
    let [leaf] = erased_leaves([digest].iter())[..] else { return Ok(None) };
    let at = evidence.at;
    // A long message belongs to the day on which it began to come.
    let near = |days: i32| Day(Day::of(at).0 + days).to_string();
    let (first, last, root) = (near(-1), near(1), hex(&leaf));
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence WHERE kind = 'ContentErasure' AND doc ->> 'day' BETWEEN ? AND ?
           AND (doc ->> 'count' > 1 OR doc ->> 'root' = ?) ORDER BY id DESC"#,
        first,
        last,
        root
    );
    for doc in found.fetch_all(readers).await.map_err(store_error)? {
        // Another one than it was proves nothing, and the audit names it.
        let Ok(Erased { id, count, .. }) = serde_json::from_slice(&doc) else { continue };
        if let Some(among) = among(readers, (id, count), &leaf).await? {
            return Ok(Some((id, among)));
        }
    }
    Ok(None)
}

/// Where this entry stands in the tree of an erasure, if it does.
async fn among(
    readers: &SqlitePool,
    (erasure, count): (EvidenceId, u64),
    leaf: &Hash,
) -> Result<Option<Among>, StoreError> {
    if count == 1 {
        return Ok(Some(Among { index: 0, beside: Vec::new() }));
    }
    // The entries stand in order: the last tile whose first is not after it.
    let (mut from, mut to) = (0, count.div_ceil(TILE as u64));
    while to - from > 1 {
        let middle = from + (to - from) / 2;
        let first = tile(readers, erasure, (0, middle)).await?.and_then(|tile| tile.hashes.first().copied());
        if first.is_some_and(|first| first <= *leaf) { from = middle } else { to = middle }
    }
    let Some(found) = tile(readers, erasure, (0, from)).await? else { return Ok(None) };
    let Ok(at) = found.hashes.binary_search(leaf) else { return Ok(None) };
    let index = from * TILE as u64 + at as u64;
    let mut tiles = Vec::new();
    for place in Nodes::for_inclusion(index, count) {
        tiles.extend(tile(readers, erasure, place).await?);
    }
    Ok(Nodes::new(tiles).inclusion(index, count).map(|beside| Among { index, beside }))
}

async fn tile(
    readers: &SqlitePool,
    erasure: EvidenceId,
    (level, index): (u8, u64),
) -> Result<Option<Tile>, StoreError> {
    let id = tile_id(level, index);
    let found = sqlx::query_scalar!("SELECT hashes FROM erased_tile WHERE erasure = ? AND tile = ?", erasure.0, id);
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    Ok(found.map(|hashes| Tile { level, index, hashes: unpack(&hashes) }))
}

/// What this bundle was as accepted; none of what is no bundle.
pub(crate) async fn digest_of(rows: &mut SqliteConnection, message: i64) -> Result<Option<Hash>, Stop> {
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence
           WHERE message = ? AND kind = 'SubmissionAcceptance' ORDER BY id LIMIT 1"#,
        message
    );
    let accepted = found.fetch_optional(rows).await?.and_then(|doc| serde_json::from_slice::<Recorded>(&doc).ok());
    Ok(accepted.and_then(|accepted| digest_in(&accepted.evidence.sha256?)))
}

#[cfg(test)]
mod tests {
    use fumibako_model::log::{included, leaf};
    use sqlx::Connection as _;

    use super::*;

    // Profile §8.28
    #[tokio::test]
    async fn each_of_many_is_found_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::SqliteStore::open(folder.path(), fumibako_store::suite::domain()).await.unwrap();
        let url = format!("sqlite://{}", folder.path().join(crate::DATABASE_FILE).display());
        let mut rows = SqliteConnection::connect(&url).await.unwrap();
        let digest = |n: u32| std::array::from_fn(|at| n.to_le_bytes()[at % 4].wrapping_mul(31));
        for count in [2, 256, 257, 600] {
            let digests: Vec<Hash> = (0..count).map(digest).collect();
            let (tree, erasure) = (Tree::over(digests.iter()), EvidenceId(i64::from(count)));
            keep(&mut rows, erasure, &tree).await.unwrap();
            for digest in digests.iter().step_by(1 + digests.len() / 50) {
                let leaf = leaf(digest);
                let found = among(&store.readers, (erasure, tree.count), &leaf).await.unwrap().unwrap();
                assert!(included(&leaf, found.index, (tree.count, &tree.root), &found.beside), "of {count}");
            }
            assert_eq!(among(&store.readers, (erasure, tree.count), &leaf(&digest(count))).await.unwrap(), None);
        }
    }
}
