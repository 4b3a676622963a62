//! Looks through everything (Profile §11.8): rows against bodies, files against rows, counters against entries, the database in itself.
//!
//! Never here: a change. Never told: content.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use fumibako_model::{FolderName, OfficeNumber, Uid};
use fumibako_store::bodies::{Bodies, BodyError, Place, SPOOL_BYTES};
use fumibako_store::{Fault, FaultKind, Inspection, PLACES, Seen, StoreError, Sum, hex};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::error::{ended, store_error, unreadable};
use crate::open::{DATABASE_FILE, LOCK_FILE, check_version};
use crate::read::place;

mod rows;

pub(crate) use rows::unnamed;

/// A message's row, as far as its body goes.
struct Row {
    id: i64,
    place: Place,
    /// Octets below the gateway's trace field, and their SHA-256 in hex; `None` for what an office put there itself.
    received: Option<(u64, String)>,
}

/// How a body is.
enum Verdict {
    Sound,
    Expired,
    Wrong(String),
}

/// Looks through a store that no process has open, or a copy of one.
pub(crate) async fn look_through(folder: &Path, keys: &Path) -> Result<Inspection, StoreError> {
    let file = folder.join(DATABASE_FILE);
    if !file.is_file() {
        return Err(StoreError::Failed(format!(
            "{0} がありません。保管庫のフォルダーを指定してください / {0} is not there: this folder holds no store",
            file.display()
        )));
    }
    let _lock = lock(folder)?;
    let whole = |pool| async move {
        check_version(&pool, &file).await?;
        let bodies = Bodies::look(&folder.join("bodies"), keys)?;
        let found = inspect(&pool, &bodies).await;
        pool.close().await;
        found
    };
    // With a log beside it, the database is not all in one file; without one nothing is written beside it.
    let alone = !folder.join(format!("{DATABASE_FILE}-wal")).exists();
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE_FILE)).read_only(true).immutable(alone);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    whole(pool.map_err(|error| StoreError::Broken(format!("{}: {error}", folder.join(DATABASE_FILE).display())))?).await
}

/// A store that runs is asked through its gateway.
fn lock(folder: &Path) -> Result<Option<File>, StoreError> {
    let path = folder.join(LOCK_FILE);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| StoreError::Failed(format!("{}: {error}", path.display())))?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy(format!(
            "{0} は別のプログラムが使っています / {0} is open in another process",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(StoreError::Failed(format!("{}: {error}", path.display()))),
    }
}

/// Looks through everything. What is damaged is told; the rest is looked at all the same.
pub(crate) async fn inspect(readers: &SqlitePool, bodies: &Bodies) -> Result<Inspection, StoreError> {
    let mut found = Inspection::default();
    let broken =
        |problem: &str| format!("データベースが壊れています。バックアップから戻してください / the database: {problem}");
    let problems = match rows::integrity(readers).await.map_err(store_error) {
        Ok(problems) => problems.iter().map(|problem| broken(problem)).collect(),
        Err(StoreError::Broken(why)) => vec![broken(&why)],
        // A question that failed says nothing of the database.
        Err(why) => vec![format!(
            "データベースを調べられませんでした。もう一度実行してください / the database was not looked through, run it again: {why}"
        )],
    };
    found.faults.extend(problems.into_iter().map(|what| fault(FaultKind::Database, what)));
    match rows::counters(readers).await {
        Ok(wrong) => found.faults.extend(wrong.into_iter().map(|what| fault(FaultKind::Counter, what))),
        Err(error) => {
            found.faults.push(fault(FaultKind::Database, format!("データベースを読めません / the database: {error}")));
        }
    }
    match rows::evidence(readers).await {
        Ok(wrong) => found.faults.extend(wrong.map(|what| fault(FaultKind::Counter, what))),
        Err(error) => {
            found.faults.push(fault(FaultKind::Database, format!("データベースを読めません / the database: {error}")));
        }
    }
    files(readers, bodies, &mut found).await?;
    every_body(readers, bodies, &mut found).await?;
    found.faults.sort_by_key(|fault| fault.kind);
    Ok(found)
}

fn fault(kind: FaultKind, what: String) -> Fault {
    Fault { kind, what, messages: 0, places: Vec::new() }
}

async fn files(readers: &SqlitePool, bodies: &Bodies, found: &mut Inspection) -> Result<(), StoreError> {
    let also = bodies.clone();
    let segments = tokio::task::spawn_blocking(move || also.segments()).await.map_err(ended)??;
    let ids: Vec<i64> = segments.iter().map(|(segment, _)| segment.0).collect();
    let unnamed = unnamed(readers, &ids).await.map_err(store_error)?;
    found.files = segments.len() as u64;
    found.unnamed = unnamed.len() as u64;
    let bytes = segments.iter().filter(|(segment, _)| unnamed.contains(&segment.0)).map(|(_, bytes)| bytes);
    found.unnamed_bytes = bytes.sum();
    Ok(())
}

/// Opens every body, some hundred rows at a time. The same trouble with many bodies, a file that is gone, is told once.
async fn every_body(readers: &SqlitePool, bodies: &Bodies, found: &mut Inspection) -> Result<(), StoreError> {
    let mut faults: BTreeMap<String, Fault> = BTreeMap::new();
    let mut last = i64::MIN;
    loop {
        let page = rows::page(readers, last).await.map_err(store_error)?;
        let Some(row) = page.last() else { break };
        last = row.id;
        let also = bodies.clone();
        let judged = tokio::task::spawn_blocking(move || judge_all(&also, page)).await.map_err(ended)??;
        for (row, verdict) in judged {
            match verdict {
                Verdict::Sound => {
                    found.messages += 1;
                    found.bytes += row.place.size;
                }
                Verdict::Expired => found.expired += 1,
                // It may have gone, or moved under a hold, since the row was read.
                Verdict::Wrong(what) if rows::is_still(readers, &row).await.map_err(store_error)? => {
                    let fault = faults.entry(what.clone()).or_insert_with(|| fault(FaultKind::Body, what));
                    fault.messages += 1;
                    if fault.places.len() < PLACES {
                        fault.places.extend(rows::seen_at(readers, row.id).await.map_err(store_error)?);
                        fault.places.truncate(PLACES);
                    }
                }
                Verdict::Wrong(_) => {}
            }
        }
    }
    found.faults.extend(faults.into_values());
    Ok(())
}

fn judge_all(bodies: &Bodies, page: Vec<Row>) -> Result<Vec<(Row, Verdict)>, BodyError> {
    page.into_iter()
        .map(|row| {
            let verdict = match judge(bodies, &row) {
                Ok(verdict) => verdict,
                Err(BodyError::Erased(_)) => Verdict::Expired,
                Err(BodyError::Cipher) => return Err(BodyError::Cipher),
                Err(error) => Verdict::Wrong(error.to_string()),
            };
            Ok((row, verdict))
        })
        .collect()
}

/// Opens every frame, and holds what was received against the row.
fn judge(bodies: &Bodies, row: &Row) -> Result<Verdict, BodyError> {
    let size = row.place.size;
    // A file that is open is read even after somebody removed it.
    let file = bodies.file(row.place.segment);
    if !file.exists() {
        return Err(BodyError::Missing(file));
    }
    let skip = row.received.as_ref().map_or(0, |(received, _)| size.saturating_sub(*received));
    let (mut sum, mut from) = (Sum::default(), 0);
    loop {
        let octets = bodies.read(row.place, from..(from + SPOOL_BYTES as u64).min(size))?;
        let above = usize::try_from(skip.saturating_sub(from)).unwrap_or(usize::MAX).min(octets.len());
        sum.add(&octets[above..]);
        from += octets.len() as u64;
        if from >= size || octets.is_empty() {
            break;
        }
    }
    Ok(match &row.received {
        Some((_, sha256)) if *sha256 != hex(&sum.finish()) => Verdict::Wrong(format!(
            "{0} の {1} バイト目に、行が示すのと別のメールがあります。このファイルとデータベースを同じバックアップから戻してください / \
             {0} holds at octet {1} another message than its row says; restore this file and the database from the same backup",
            bodies.file(row.place.segment).display(),
            row.place.offset
        )),
        _ => Verdict::Sound,
    })
}

/// A place, as rows tell it.
fn seen((office, folder, uid): (String, String, u32)) -> Result<Seen, sqlx::Error> {
    let office: OfficeNumber = office.parse().map_err(unreadable)?;
    let folder: FolderName = folder.parse().map_err(unreadable)?;
    let uid = Uid::new(uid).ok_or_else(|| sqlx::Error::Decode("a UID is 0".into()))?;
    Ok(Seen { office, folder, uid })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
mod tests;
