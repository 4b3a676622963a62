//! The log of evidence: its tiles and heads (Profile §8.13).

use std::collections::BTreeSet;

use fumibako_model::log::{Growth, Hash, Nodes, Tile};
use fumibako_model::{EvidenceId, LogEntry};
use fumibako_store::bodies::Day;
use fumibako_store::{LISTED, LogState, Logging, Proof, StoreError, Unlogged, Untold, Which, unhex};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use crate::erased;
use crate::error::{Stop, damaged, store_error, unpacked};
use crate::{given, prune, seal, word};

/// Pieces of evidence that are taken into the log at once.
const AT_ONCE: i64 = 4_096;
/// The row of a tile: its level above so many bits, and its index.
const LEVEL_SHIFT: u32 = 48;
const LACKS_HASHES: &str = "証跡の記録のハッシュが足りません。evidence verify で確かめてください / \
    the log of evidence lacks hashes; see `evidence verify`";
/// Octets of a hash.
const HASH: usize = 32;

/// The size of the log under its newest head, and the last piece in it.
pub(crate) async fn newest(readers: &SqlitePool) -> Result<(u64, i64), StoreError> {
    let head = sqlx::query!("SELECT size, last FROM log_head ORDER BY size DESC LIMIT 1").fetch_optional(readers).await;
    Ok(head.map_err(store_error)?.map_or((0, 0), |head| (head.size.cast_unsigned(), head.last)))
}

/// How far it is.
pub(crate) async fn state(readers: &SqlitePool) -> Result<LogState, StoreError> {
    let found =
        sqlx::query!("SELECT size, head FROM log_head ORDER BY size DESC LIMIT 1").fetch_optional(readers).await;
    let (size, head) = found.map_err(store_error)?.map_or((0, None), |row| (row.size.cast_unsigned(), Some(row.head)));
    let pruned = prune::mark(readers).await?;
    Ok(LogState { size, head, pruned })
}

/// What no head tells yet.
pub(crate) async fn untold(readers: &SqlitePool) -> Result<Untold, StoreError> {
    let heads = sqlx::query_scalar!("SELECT head FROM log_head ORDER BY size").fetch_all(readers).await;
    let (size, last) = newest(readers).await?;
    let more = sqlx::query_scalar!("SELECT count(*) FROM evidence WHERE id > ?", last).fetch_one(readers).await;
    let pieces = size + more.map_err(store_error)?.cast_unsigned();
    Ok(Untold { words_from: word::missing(readers).await?, heads: heads.map_err(store_error)?, pieces })
}

/// The root over the first `old` pieces, and what shows that a log of `new` continues them.
pub(crate) async fn continuation(
    readers: &SqlitePool,
    old: u64,
    new: u64,
) -> Result<Option<(Hash, Vec<Hash>)>, StoreError> {
    let mut wanted = Nodes::for_consistency(old, new);
    wanted.extend(Nodes::for_root(old));
    let mut nodes = Nodes::new(tiles(readers, &wanted).await?);
    Ok(nodes.root(old).zip(nodes.consistency(old, new)))
}

/// The first head without a time stamp that no other takes the place of any more: its day is before this one, or one stands after it.
pub(crate) async fn unstamped(readers: &SqlitePool, before: Day) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT size, head FROM log_head
           WHERE stamp IS NULL AND (day < ? OR size < (SELECT max(size) FROM log_head)) ORDER BY size LIMIT 1"#,
        before.0
    );
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    Ok(found.map(|found| (found.size.cast_unsigned(), found.head)))
}

/// Keeps its stamp, if that head still stands there.
pub(crate) async fn stamp(rows: &mut SqliteConnection, (size, head): (u64, &[u8]), stamp: &[u8]) -> Result<(), Stop> {
    let size = size.cast_signed();
    sqlx::query!("UPDATE log_head SET stamp = ? WHERE size = ? AND head = ?", stamp, size, head).execute(rows).await?;
    Ok(())
}

/// What came after the newest head.
pub(crate) async fn unlogged(readers: &SqlitePool) -> Result<Option<Unlogged>, StoreError> {
    let (size, last) = newest(readers).await?;
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_array(id, doc, hex(sealed))) AS BLOB) AS "found!: Vec<u8>"
           FROM (SELECT id, doc, (SELECT octets FROM seal WHERE seal.evidence = evidence.id) AS sealed
                 FROM evidence WHERE id > ? ORDER BY id LIMIT ?)"#,
        last,
        AT_ONCE
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let found: Vec<(i64, String, String)> = unpacked(&found).map_err(store_error)?;
    let Some((last, ..)) = found.last() else { return Ok(None) };
    let last = EvidenceId(*last);
    let edge: BTreeSet<_> = Growth::edge(size).map(|(level, index, _)| (level, index)).collect();
    let growth =
        Growth::resume(size, &tiles(readers, &edge).await?).ok_or_else(|| StoreError::Failed(LACKS_HASHES.into()))?;
    let (mut entries, mut seals) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
    for ((id, entry, sealed), n) in found.into_iter().zip(size..) {
        // Never signed: a log that was tampered with before it was signed.
        let fits = entry.parse::<LogEntry>().is_ok_and(|known| known.id().0 == id && known.n() == n);
        if !fits {
            let id = EvidenceId(id);
            return Err(StoreError::Failed(format!(
                "{id} は {n} 番の証跡ではないので、署名できません。evidence verify が示す行を直してください / \
                 {id} is not evidence number {n}, and nothing is signed: mend the rows that `evidence verify` names"
            )));
        }
        entries.push(entry);
        seals.push(Some(sealed).filter(|sealed| !sealed.is_empty()).and_then(|sealed| unhex(&sealed)));
    }
    Ok(Some(Unlogged { growth, entries, seals, last }))
}

/// A head that is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Pieces under it.
    pub(crate) size: i64,
    /// The day that the clock said.
    pub(crate) day: Day,
    /// It has its time stamp, or is what says what was pruned.
    pub(crate) stays: bool,
}

/// Heads at the end of the log that a new one may take the place of. A clock that flaps over midnight leaves one for each side of it.
pub(crate) const REPLACED: i64 = 2;

/// A new head takes the place of the last one of its day and of what came after that, as far as nothing of it stays (Profile §8.13):
/// the first size that goes. `newest` are the last [`REPLACED`] heads, the newest first.
pub(crate) fn replaced(today: Day, newest: &[Known]) -> Option<i64> {
    let loose = newest.iter().take_while(|head| !head.stays);
    loose.filter(|head| head.day == today).last().map(|head| head.size)
}

/// The last heads, the newest first. What was pruned is known by its head, which stays (Profile §8.29).
async fn known(rows: impl SqliteExecutor<'_>) -> sqlx::Result<Vec<Known>> {
    let newest = sqlx::query!(
        r#"SELECT size, day AS "day!: i32", stamp IS NOT NULL OR
                  size <= (SELECT value FROM counter WHERE name = 'evidence_pruned') AS "stays!: bool"
           FROM log_head ORDER BY size DESC LIMIT ?"#,
        REPLACED
    );
    let newest = newest.fetch_all(rows).await?.into_iter();
    Ok(newest.map(|row| Known { size: row.size, day: Day(row.day), stays: row.stays }).collect())
}

/// The head after which one of this day would stand.
pub(crate) async fn before(readers: &SqlitePool, day: Day) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let first = replaced(day, &known(readers).await.map_err(store_error)?).unwrap_or(i64::MAX);
    let found = sqlx::query!("SELECT size, head FROM log_head WHERE size < ? ORDER BY size DESC LIMIT 1", first);
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    Ok(found.map(|found| (found.size.cast_unsigned(), found.head)))
}

/// Keeps tiles and head.
pub(crate) async fn write(rows: &mut SqliteConnection, logging: &Logging) -> Result<(), Stop> {
    for tile in &logging.tiles {
        let (id, hashes) = (tile_id(tile.level, tile.index), tile.hashes.concat());
        sqlx::query!("INSERT OR REPLACE INTO log_tile (id, hashes) VALUES (?, ?)", id, hashes)
            .execute(&mut *rows)
            .await?;
    }
    beyond(rows, logging.size).await?;
    let (size, last, head) = (logging.size.cast_signed(), logging.last.0, &logging.head);
    if let Some(first) = replaced(logging.day, &known(&mut *rows).await?) {
        sqlx::query!("DELETE FROM log_head WHERE size >= ?", first).execute(&mut *rows).await?;
    }
    sqlx::query!("INSERT INTO log_head (size, day, last, head) VALUES (?, ?, ?, ?)", size, logging.day.0, last, head)
        .execute(&mut *rows)
        .await?;
    given::covered(size);
    seal::covered(rows, last).await
}

/// Tiles beyond the end go: a log that lost its end has some until it has grown so far again.
async fn beyond(rows: &mut SqliteConnection, size: u64) -> Result<(), Stop> {
    for (level, first) in Growth::beyond(size) {
        let (first, next) = (tile_id(level, first), tile_id(level + 1, 0));
        sqlx::query!("DELETE FROM log_tile WHERE id >= ? AND id < ?", first, next).execute(&mut *rows).await?;
    }
    Ok(())
}

/// All evidence about one bundle, and that its content is gone, each piece with its way to one head: the first stamped one that
/// covers all, else the newest.
pub(crate) async fn prove_life(readers: &SqlitePool, id: EvidenceId) -> Result<Vec<Proof>, StoreError> {
    let erased = erased::of(readers, id).await?;
    let also = erased.as_ref().map_or(0, |(id, _)| id.0);
    let mut found = sqlx::query!(
        r#"SELECT e.id, CAST(e.doc AS BLOB) AS "doc!: Vec<u8>", h.size, h.head, h.stamp FROM evidence e
           JOIN log_head h ON h.size = coalesce(
               (SELECT min(size) FROM log_head
                WHERE stamp IS NOT NULL AND last >= max(?2, (SELECT max(l.id) FROM evidence a JOIN evidence l ON l.message = a.message WHERE a.id = ?1))),
               (SELECT max(size) FROM log_head))
           WHERE (e.id = ?2 OR e.message = (SELECT message FROM evidence WHERE id = ?1)) AND h.last >= e.id"#,
        id.0,
        also
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    found.sort_by_key(|row| row.id);
    let mut life = Vec::with_capacity(found.len());
    let mut gone = None;
    for row in found {
        let of_it = erased.as_ref().filter(|(id, _)| id.0 == row.id).map(|(_, among)| among.clone());
        let (gone_now, head) = (of_it.is_some(), (row.size.cast_unsigned(), &row.head[..], row.stamp.as_ref()));
        let Some(proof) = one(readers, (EvidenceId(row.id), row.doc), head).await? else { continue };
        if gone_now { gone = Some(Proof { among: of_it, ..proof }) } else { life.push(proof) }
    }
    life.extend(gone);
    Ok(life)
}

/// A piece with its way to this head; none where hashes are missing.
pub(crate) async fn one(
    readers: &SqlitePool,
    (id, entry): (EvidenceId, Vec<u8>),
    (size, head, stamp): (u64, &[u8], Option<&Vec<u8>>),
) -> Result<Option<Proof>, StoreError> {
    let known = String::from_utf8(entry).ok().and_then(|entry| Some((entry.parse::<LogEntry>().ok()?.n(), entry)));
    let (n, entry) = known.ok_or_else(|| store_error(damaged(id)))?;
    let mut nodes = Nodes::new(tiles(readers, &Nodes::for_inclusion(n, size)).await?);
    let path = nodes.inclusion(n, size);
    Ok(path.map(|path| Proof { entry, path, head: head.to_vec(), stamp: stamp.cloned(), among: None }))
}

/// These tiles, as far as they are there.
pub(crate) async fn tiles(readers: &SqlitePool, wanted: &BTreeSet<(u8, u64)>) -> Result<Vec<Tile>, StoreError> {
    let mut tiles = Vec::with_capacity(wanted.len());
    for (level, index) in wanted {
        let id = tile_id(*level, *index);
        let hashes = sqlx::query_scalar!("SELECT hashes FROM log_tile WHERE id = ?", id).fetch_optional(readers).await;
        if let Some(hashes) = hashes.map_err(store_error)? {
            tiles.push(Tile { level: *level, index: *index, hashes: unpack(&hashes) });
        }
    }
    Ok(tiles)
}

pub(crate) fn tile_id(level: u8, index: u64) -> i64 {
    i64::from(level) << LEVEL_SHIFT | index.cast_signed()
}

/// Hashes that stand one after the other; what is left over is none.
pub(crate) fn unpack(octets: &[u8]) -> Vec<Hash> {
    octets.as_chunks::<HASH>().0.to_vec()
}

/// Evidence, octet for octet.
pub(crate) async fn list(readers: &SqlitePool, which: Which) -> Result<Vec<String>, StoreError> {
    let (office, about) = (which.office.map(|office| office.to_string()), which.message_id);
    let (after, most) = (which.after.map_or(0, |id| id.0), i64::try_from(LISTED).unwrap_or(i64::MAX));
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(doc) AS BLOB) AS "found!: Vec<u8>" FROM (
               SELECT doc FROM evidence
               WHERE id > ?1 AND CASE WHEN ?2 IS NULL AND ?3 IS NULL THEN true WHEN json_valid(doc) THEN
                   (?2 IS NULL OR doc ->> 'from' = ?2 OR doc ->> 'to' = ?2) AND (?3 IS NULL OR doc ->> 'message_id' = ?3) END
               ORDER BY id LIMIT ?4)"#,
        after,
        office,
        about,
        most
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    unpacked(&found).map_err(store_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.13
    #[test]
    fn heads_stand_in_the_order_of_the_log_whatever_the_clock_says() {
        let check = |today, newest: &[(i32, bool)], expected| {
            let sizes = [20, 10];
            let known =
                newest.iter().zip(sizes).map(|((day, stays), size)| Known { size, day: Day(*day), stays: *stays });
            assert_eq!(replaced(Day(today), &known.collect::<Vec<_>>()), expected, "{today} after {newest:?}");
        };
        check(100, &[], None);
        check(101, &[(100, false), (99, false)], None);
        check(100, &[(100, false), (99, false)], Some(20));
        // What has its stamp stays, and what stands before it.
        check(100, &[(100, true), (99, false)], None);
        check(100, &[(101, true), (100, false)], None);
        check(100, &[(101, false), (100, true)], None);
        // Back over midnight, and over it again: one for each side.
        check(100, &[(101, false), (100, false)], Some(10));
        check(101, &[(100, false), (99, false)], None);
        // Two false days; what comes after them stands in its own.
        check(101, &[(466, false), (465, false)], None);
        check(101, &[(101, false), (466, false)], Some(20));
        check(102, &[(101, false), (466, false)], None);
        check(0, &[(100, false), (99, false)], None);
        // A day that was signed for on both sides of its stamp.
        check(100, &[(100, false), (100, true)], Some(20));
        check(100, &[(100, false), (100, false)], Some(10));
    }
}
