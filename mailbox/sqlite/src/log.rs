//! The log of evidence: its tiles and heads (Profile §8.13).

use std::collections::BTreeSet;

use fumibako_model::log::{Growth, Hash, Nodes, Tile};
use fumibako_model::{EvidenceId, LogEntry};
use fumibako_store::bodies::Day;
use fumibako_store::{LISTED, LogState, Logging, Proof, StoreError, Unlogged, Which};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::erased;
use crate::error::{Stop, store_error, unreadable};
use crate::prune;

/// Pieces of evidence that are taken into the log at once.
const AT_ONCE: i64 = 4_096;
/// The row of a tile: its level above so many bits, and its index.
const LEVEL_SHIFT: u32 = 48;
/// Octets of a hash.
const HASH: usize = 32;

/// The size of the log under its newest head, and the last piece in it.
pub(crate) async fn newest(readers: &SqlitePool) -> Result<(u64, i64), StoreError> {
    let head = sqlx::query!("SELECT size, last FROM log_head ORDER BY size DESC LIMIT 1").fetch_optional(readers).await;
    Ok(head.map_err(store_error)?.map_or((0, 0), |head| (head.size.cast_unsigned(), head.last)))
}

/// How far it is.
pub(crate) async fn state(readers: &SqlitePool) -> Result<LogState, StoreError> {
    let found = sqlx::query!(
        r#"SELECT (SELECT value FROM counter WHERE name = 'restored_at') AS "restored!: i64",
                  (SELECT size FROM log_head ORDER BY size DESC LIMIT 1) AS "size: i64",
                  (SELECT head FROM log_head ORDER BY size DESC LIMIT 1) AS "head: Vec<u8>""#
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let restored = Timestamp::from_millisecond(found.restored).ok().filter(|_| found.restored > 0);
    let pruned = prune::mark(readers).await?;
    Ok(LogState { size: found.size.unwrap_or(0).cast_unsigned(), head: found.head, restored, pruned })
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

/// The oldest head of a day before this one that has no time stamp.
pub(crate) async fn unstamped(readers: &SqlitePool, before: Day) -> Result<Option<(Day, Vec<u8>)>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT day AS "day!: i32", head FROM log_head WHERE day < ? AND stamp IS NULL ORDER BY day LIMIT 1"#,
        before.0
    );
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    Ok(found.map(|found| (Day(found.day), found.head)))
}

/// Keeps its stamp, if that head still stands there.
pub(crate) async fn stamp(rows: &mut SqliteConnection, (day, head): (Day, &[u8]), stamp: &[u8]) -> Result<(), Stop> {
    sqlx::query!("UPDATE log_head SET stamp = ? WHERE day = ? AND head = ?", stamp, day.0, head).execute(rows).await?;
    Ok(())
}

/// What came after the newest head.
pub(crate) async fn unlogged(readers: &SqlitePool) -> Result<Option<Unlogged>, StoreError> {
    let (size, last) = newest(readers).await?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(id, doc)) AS "found!: String"
           FROM (SELECT id, doc FROM evidence WHERE id > ? ORDER BY id LIMIT ?)"#,
        last,
        AT_ONCE
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let found: Vec<(i64, String)> = serde_json::from_str(&found).map_err(|why| store_error(unreadable(why)))?;
    let Some((last, _)) = found.last() else { return Ok(None) };
    let last = EvidenceId(*last);
    let edge: BTreeSet<_> = Growth::edge(size).map(|(level, index, _)| (level, index)).collect();
    let growth = Growth::resume(size, &tiles(readers, &edge).await?)
        .ok_or_else(|| StoreError::Failed("the log of evidence lacks hashes; see `evidence verify`".into()))?;
    let mut entries = Vec::with_capacity(found.len());
    for ((id, entry), n) in found.into_iter().zip(size..) {
        // Never signed: a log that was tampered with before it was signed.
        let fits = entry.parse::<LogEntry>().is_ok_and(|known| known.id().0 == id && known.n() == n);
        if !fits {
            let id = EvidenceId(id);
            return Err(StoreError::Failed(format!("{id} is not evidence number {n}; see `evidence verify`")));
        }
        entries.push(entry);
    }
    Ok(Some(Unlogged { growth, entries, last }))
}

/// Where a head is kept: under which day, and whether in place of the newest one.
///
/// The order of the log decides, and the days are kept in that order, whatever the clock says (Profile §8.13): a head signed on a
/// day that is not after the newest one's takes its place, as close to its own day as the one before allows. One that has its
/// stamp stays.
pub(crate) fn day_of_head(today: Day, newest: Option<(Day, bool)>, before: Option<Day>) -> (Day, bool) {
    let after = |day: Day| Day(day.0.saturating_add(1));
    match newest {
        Some((newest, true)) if today <= newest => (after(newest), false),
        Some((newest, false)) if today <= newest => (before.map_or(today, after).max(today), true),
        _ => (today, false),
    }
}

/// Keeps tiles and head.
pub(crate) async fn write(rows: &mut SqliteConnection, logging: &Logging) -> Result<(), Stop> {
    for tile in &logging.tiles {
        let (id, hashes) = (tile_id(tile.level, tile.index), tile.hashes.concat());
        sqlx::query!("INSERT OR REPLACE INTO log_tile (id, hashes) VALUES (?, ?)", id, hashes)
            .execute(&mut *rows)
            .await?;
    }
    let (size, last, head) = (logging.size.cast_signed(), logging.last.0, &logging.head);
    let kept = sqlx::query!(
        r#"SELECT day AS "day!: i32", stamp IS NOT NULL AS "stamped!: bool" FROM log_head ORDER BY size DESC LIMIT 2"#
    );
    let kept = kept.fetch_all(&mut *rows).await?;
    let newest = kept.first().map(|kept| (Day(kept.day), kept.stamped));
    let (day, replaces) = day_of_head(logging.day, newest, kept.get(1).map(|kept| Day(kept.day)));
    if replaces && let Some((newest, _)) = newest {
        sqlx::query!("DELETE FROM log_head WHERE day = ?", newest.0).execute(&mut *rows).await?;
    }
    sqlx::query!(
        "INSERT OR REPLACE INTO log_head (day, size, last, head) VALUES (?, ?, ?, ?)",
        day.0,
        size,
        last,
        head
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// All evidence about one bundle, and that its content is gone, each piece with its way to one head: the first stamped one that
/// covers all, else the newest.
pub(crate) async fn prove_life(readers: &SqlitePool, id: EvidenceId) -> Result<Vec<Proof>, StoreError> {
    let erased = erased::of(readers, id).await?;
    let also = erased.as_ref().map_or(0, |(id, _)| id.0);
    let mut found = sqlx::query!(
        r#"SELECT e.id, e.doc, h.size, h.head, h.stamp FROM evidence e
           JOIN log_head h ON h.day = coalesce(
               (SELECT min(day) FROM log_head
                WHERE stamp IS NOT NULL AND last >= max(?2, (SELECT max(l.id) FROM evidence a JOIN evidence l ON l.message = a.message WHERE a.id = ?1))),
               (SELECT day FROM log_head ORDER BY size DESC LIMIT 1))
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
        let Some(proof) = one(readers, row.doc, head).await? else { continue };
        if gone_now { gone = Some(Proof { among: of_it, ..proof }) } else { life.push(proof) }
    }
    life.extend(gone);
    Ok(life)
}

async fn one(
    readers: &SqlitePool,
    entry: String,
    (size, head, stamp): (u64, &[u8], Option<&Vec<u8>>),
) -> Result<Option<Proof>, StoreError> {
    let n = entry.parse::<LogEntry>().map_err(|why| store_error(unreadable(why)))?.n();
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
        r#"SELECT json_group_array(doc) AS "found!: String" FROM (
               SELECT doc FROM evidence
               WHERE id > ?1 AND (?2 IS NULL OR doc ->> 'from' = ?2 OR doc ->> 'to' = ?2)
                             AND (?3 IS NULL OR doc ->> 'message_id' = ?3)
               ORDER BY id LIMIT ?4)"#,
        after,
        office,
        about,
        most
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    serde_json::from_str(&found).map_err(|why| store_error(unreadable(why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.13
    #[test]
    fn heads_stand_in_the_order_of_the_log_whatever_the_clock_says() {
        let check = |today, newest: Option<(i32, bool)>, before: Option<i32>, expected| {
            let (day, replaces) =
                day_of_head(Day(today), newest.map(|(day, stamped)| (Day(day), stamped)), before.map(Day));
            assert_eq!((day.0, replaces), expected, "{today} after {newest:?} and {before:?}");
        };
        check(100, None, None, (100, false));
        check(101, Some((100, false)), Some(99), (101, false));
        check(101, Some((100, true)), Some(99), (101, false));
        check(100, Some((100, false)), Some(99), (100, true));
        // Back over midnight: the day that was over has its head.
        check(100, Some((101, false)), Some(100), (101, true));
        // A year ahead for a moment, and right again.
        check(100, Some((465, false)), Some(99), (100, true));
        check(100, Some((465, false)), None, (100, true));
        // To the beginning of time.
        check(0, Some((100, false)), Some(99), (100, true));
        // A day that was thought to be over has its stamp.
        check(100, Some((100, true)), Some(99), (101, false));
        check(100, Some((101, false)), Some(100), (101, true));
    }
}
