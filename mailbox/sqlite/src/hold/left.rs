//! What a crash, an earlier version or a restored backup left of holds; but for the last looked after while the store opens.
//!
//! A number that was given is written down first. So a copy under a given number that no row names is one that never counted, or whose hold
//! has ended: its message stands elsewhere or is gone, and the copy goes with its key. Under a number that was never given here the rows
//! are older than the copy: somebody may have been promised it, and it is moved aside.

use fumibako_model::Done;
use fumibako_store::bodies::{Bodies, BodyError, Day, Segment};
use fumibako_store::{Amend, StoreError};
use sqlx::SqliteConnection;

use super::put;
use crate::command::Command;
use crate::error::{Stop, store_error};
use crate::expire;
use crate::inspect;
use crate::read::place;
use crate::store::SqliteStore;

/// Ends the copies among these segments, which no row names, and says which of them are none.
pub(crate) async fn end_unnamed(
    rows: &mut SqliteConnection,
    bodies: &Bodies,
    unnamed: Vec<Segment>,
) -> Result<Vec<Segment>, StoreError> {
    let given = given(rows, bodies).await?;
    let any = sqlx::query_scalar!(r#"SELECT max(id) AS "id: i64" FROM hold"#);
    let any = any.fetch_one(&mut *rows).await.map_err(store_error)?.is_some();
    // Where all holds stood together nothing is written any more.
    let is_copy = |day: Day| (1..=given).contains(&day.hold_number()) || day == Day::HELD && any;
    let (copies, others): (Vec<_>, Vec<_>) = unnamed.into_iter().partition(|segment| is_copy(segment.day()));
    let empty: Vec<i64> = bodies.empty_holds()?.into_iter().map(|day| Segment::first(day).0).collect();
    let empty = inspect::unnamed(rows, &empty).await.map_err(store_error)?;
    let empty = empty.into_iter().map(Segment).filter(|segment| is_copy(segment.day()));
    for segment in copies.into_iter().chain(empty) {
        tracing::warn!(%segment, "hold.leftover");
        bodies.end_hold(segment)?;
    }
    Ok(others)
}

/// The number that was given last.
async fn given(rows: &mut SqliteConnection, bodies: &Bodies) -> Result<i32, StoreError> {
    let given = sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'hold_number'");
    let given = given.fetch_one(&mut *rows).await.map_err(store_error)?;
    if given >= 0 {
        return Ok(number_of(given));
    }
    let last = bodies.next_hold(0)?.hold_number() - 1;
    sqlx::query!("UPDATE counter SET value = ? WHERE name = 'hold_number'", last)
        .execute(rows)
        .await
        .map_err(store_error)?;
    Ok(last)
}

/// As its counter has it.
pub(super) fn number_of(counter: i64) -> i32 {
    i32::try_from(counter).unwrap_or(i32::MAX)
}

/// This number is given from now on.
pub(super) async fn give(rows: &mut SqliteConnection, number: i32) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE counter SET value = max(value, ?) WHERE name = 'hold_number'", number).execute(rows).await?;
    Ok(())
}

/// Holds that had one key together get each its own, and that one is destroyed: as long as it is there, ending a hold destroys nothing.
/// One whose body cannot be read stays, and with it the key.
///
/// | a crash                        | finds on restart                                     |
/// |--------------------------------|------------------------------------------------------|
/// | before the row names the copy  | the body where it was; a copy that no row names goes |
/// | after it                       | a segment that no row names any more, which goes     |
pub(crate) async fn part(rows: &mut SqliteConnection, bodies: &Bodies) -> Result<(), StoreError> {
    let (first, last) = expire::range(Day::HELD);
    let found = sqlx::query!(
        "SELECT id, segment, body_offset, stored, size FROM message WHERE segment BETWEEN ? AND ? AND stored > 0",
        first,
        last
    );
    for row in found.fetch_all(&mut *rows).await.map_err(store_error)? {
        let from = place(row.segment, row.body_offset, row.stored, row.size);
        let own = bodies.next_hold(given(rows, bodies).await?)?;
        give(rows, own.hold_number()).await.map_err(store_error)?;
        let to = match bodies.hold(from, own) {
            Ok(to) => to,
            Err(why @ BodyError::Unsynced { .. }) => return Err(why.into()),
            Err(why) => {
                tracing::warn!(message = row.id, %why, "hold.shares_its_key");
                bodies.end_hold(Segment::first(own))?;
                continue;
            }
        };
        put(rows, row.id, (from, to)).await.map_err(stopped)?;
        bodies.end_hold(from.segment)?;
    }
    Ok(bodies.end_shared_holds()?)
}

/// Holds that have a key of their own which no row knows: the keys are newer than the rows, as after a backup was restored. What stands
/// under such a key may lie anywhere, in the store that was before as in a copy of it.
pub(crate) async fn stray(store: &SqliteStore) -> Result<Vec<Day>, StoreError> {
    let own = store.bodies.holds().into_iter().filter(|day| day.hold_number() > 0);
    let segments: Vec<i64> = own.map(|day| Segment::first(day).0).collect();
    let unnamed = inspect::unnamed(&store.readers, &segments).await.map_err(store_error)?;
    Ok(unnamed.into_iter().map(|segment| Segment(segment).day()).collect())
}

/// Destroys their keys.
///
/// | a crash                    | finds on restart                                                       |
/// |----------------------------|------------------------------------------------------------------------|
/// | before the audit has it    | the keys, until somebody asks again                                    |
/// | after that                 | keys that are said to be destroyed, which go when somebody asks again  |
pub(crate) async fn end_stray(store: &SqliteStore, done: &Done) -> Result<Vec<Day>, StoreError> {
    // Of a hold that is being placed the key is there before the row.
    let _no_hold_meanwhile = store.expiring.lock().await;
    let strays = stray(store).await?;
    if strays.is_empty() {
        return Ok(strays);
    }
    let done = strays.iter().map(|day| done.clone().about(day)).collect();
    let amend = Amend { changes: Vec::new(), done };
    store.change(|reply| Command::Amend(Box::new(amend), reply)).await?;
    for day in strays.clone() {
        store.touch(move |bodies| bodies.end_hold(Segment::first(day))).await?;
    }
    Ok(strays)
}

fn stopped(stop: Stop) -> StoreError {
    match stop {
        Stop::Refused(refused) => StoreError::Refused(refused),
        Stop::Failed(error) => store_error(error),
    }
}
