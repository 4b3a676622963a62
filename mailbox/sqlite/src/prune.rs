//! Evidence whose years are over goes from the beginning of the log; its hashes stay, and so do the heads (Profile §8.29).
//!
//! | a crash after step        | finds on restart                  | the next run |
//! |---------------------------|-----------------------------------|--------------|
//! | 1 the record is committed | rows that the record says are gone| goes on at 2 |
//! | 2 some rows are gone      | the same, fewer                   | goes on at 2 |

use fumibako_model::EvidenceId;
use fumibako_store::bodies::Day;
use fumibako_store::{Prunable, PruneOrder, StoreError};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::acts;
use crate::command::Command;
use crate::error::{Stop, store_error};
use crate::ledger::Ledger;
use crate::log;
use crate::store::SqliteStore;
use crate::unneeded::{self, Named, Unneeded};

/// Rows that leave in one transaction.
const AT_ONCE: i64 = 500;

/// What the writer does.
pub(crate) enum Order {
    /// Writes down that it goes.
    WriteDown(PruneOrder, Timestamp),
    /// Some of the rows before the mark leave.
    Sweep,
    /// What some evidence names is noted.
    Named(Named),
    /// Some of the papers that nothing needs leave.
    Forget(Unneeded),
    /// They are all gone that went with so many pieces.
    Forgotten(i64),
}

/// What a signed head from before this moment covers, and nothing that is held; none if nothing more may go.
///
/// The clock may have been wrong when heads were signed, and nothing goes early by that. A day after today is a clock that was ahead,
/// and says nothing. Of the others the head and all before it are of days before this moment; one whose day is not the latest so far
/// is of a clock that had gone back, and shows no age.
pub(crate) async fn prunable(
    readers: &SqlitePool,
    before: Timestamp,
    now: Timestamp,
) -> Result<Option<Prunable>, StoreError> {
    let (day, today) = (Day::of(before).0, Day::of(now).0);
    let found = sqlx::query!(
        r#"SELECT h.size, h.head, h.last AS end, CAST((SELECT doc FROM evidence WHERE evidence.id = h.last) AS BLOB) AS "last?: Vec<u8>",
                  (SELECT value FROM counter WHERE name = 'evidence_pruned') AS "pruned!: i64"
           FROM (SELECT size, day, max(day) OVER (ORDER BY size) AS latest FROM log_head WHERE day <= ?) dated
           JOIN log_head h ON h.size = dated.size
           WHERE dated.day = dated.latest AND dated.latest < ?
             AND h.size > (SELECT value FROM counter WHERE name = 'evidence_pruned')
             AND h.size <= (SELECT coalesce(min(e.doc ->> 'n'), 9223372036854775807)
                            FROM hold JOIN evidence e ON e.message = hold.message WHERE hold.released_at IS NULL)
           ORDER BY h.size DESC LIMIT 1"#,
        today,
        day
    );
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    let Some(found) = found else { return Ok(None) };
    let (from, until, head) = (found.pruned.cast_unsigned(), found.size.cast_unsigned(), found.head);
    let last = match found.last {
        Some(last) => log::one(readers, (EvidenceId(found.end), last), (until, &head, None)).await?,
        None => None,
    };
    Ok(Some(Prunable { from, until, head, last }))
}

/// The last piece that was pruned, and how many were.
pub(crate) async fn mark(readers: &SqlitePool) -> Result<Option<(u64, EvidenceId)>, StoreError> {
    let found = sqlx::query!(
        "SELECT size, last FROM log_head WHERE size = (SELECT value FROM counter WHERE name = 'evidence_pruned') LIMIT 1"
    );
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    Ok(found.filter(|row| row.size > 0).map(|row| (row.size.cast_unsigned(), EvidenceId(row.last))))
}

/// Writes it down, if somebody orders more, and lets the rows go.
pub(crate) async fn run(store: &SqliteStore, order: Option<PruneOrder>, now: Timestamp) -> Result<u64, StoreError> {
    let _one_at_a_time = store.expiring.lock().await;
    if let Some(order) = order {
        store.change(|reply| Command::Prune(Box::new(Order::WriteDown(order, now)), reply)).await?;
    }
    let mut gone = 0;
    loop {
        let some = store.change(|reply| Command::Prune(Box::new(Order::Sweep), reply)).await?;
        if some == 0 {
            return Ok(gone);
        }
        gone += some;
    }
}

/// Does it, inside the transaction.
pub(crate) async fn step(rows: &mut SqliteConnection, order: &Order) -> Result<u64, Stop> {
    match order {
        Order::WriteDown(order, now) => write_down(rows, order, *now).await,
        Order::Sweep => sweep(rows).await,
        Order::Named(named) => unneeded::note(rows, named).await,
        Order::Forget(papers) => unneeded::leave(rows, papers).await,
        Order::Forgotten(size) => unneeded::left(rows, *size).await,
    }
}

async fn write_down(rows: &mut SqliteConnection, order: &PruneOrder, now: Timestamp) -> Result<u64, Stop> {
    let (from, until) = (order.pruned.from.cast_signed(), order.pruned.until.cast_signed());
    let marked = sqlx::query!(
        "UPDATE counter SET value = ?1 WHERE name = 'evidence_pruned' AND value = ?2
         AND EXISTS (SELECT 1 FROM log_head WHERE size = ?1)",
        until,
        from
    );
    // Somebody else was quicker, or another head took the place of this one.
    if marked.execute(&mut *rows).await?.rows_affected() == 0 {
        return Ok(0);
    }
    let mut ledger = Ledger::begin(rows).await?;
    ledger.pruned(&order.pruned, now)?;
    ledger.write(rows).await?;
    acts::write(rows, std::slice::from_ref(&order.told)).await?;
    Ok(1)
}

async fn sweep(rows: &mut SqliteConnection) -> Result<u64, Stop> {
    let tiles = sqlx::query!(
        "DELETE FROM erased_tile WHERE rowid IN (
             SELECT t.rowid FROM log_head h JOIN erased_tile t ON t.erasure <= h.last
             WHERE h.size = (SELECT value FROM counter WHERE name = 'evidence_pruned') AND h.size > 0 LIMIT ?)",
        AT_ONCE
    );
    let tiles = tiles.execute(&mut *rows).await?.rows_affected();
    let words = sqlx::query!(
        "DELETE FROM word WHERE evidence IN (
             SELECT w.evidence FROM log_head h JOIN word w ON w.evidence <= h.last
             WHERE h.size = (SELECT value FROM counter WHERE name = 'evidence_pruned') AND h.size > 0 LIMIT ?)",
        AT_ONCE
    );
    let words = words.execute(&mut *rows).await?.rows_affected();
    let pieces = sqlx::query!(
        "DELETE FROM evidence WHERE id IN (
             SELECT e.id FROM log_head h JOIN evidence e ON e.id <= h.last
             WHERE h.size = (SELECT value FROM counter WHERE name = 'evidence_pruned') AND h.size > 0 LIMIT ?)",
        AT_ONCE
    );
    Ok(tiles + words + pieces.execute(rows).await?.rows_affected())
}
