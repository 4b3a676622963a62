//! 保全: a message kept over the expiry of its day, in a segment and under a key of its own (Profile §11.6).
//!
//! Never here: a hold that nobody answers for, a body named by a row before it is on the disk, a copy whose number no row knows.

mod left;

use std::collections::BTreeSet;

use fumibako_model::{Done, OfficeNumber, Refusal, What};
use fumibako_store::bodies::{Day, Place, Segment};
use fumibako_store::{Ended, Hold, HoldOrder, StoreError};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::acts;
use crate::command::Command;
use crate::erased::{self, Tree};
use crate::error::{Stop, store_error, unreadable};
use crate::expire;
use crate::ledger::{Ledger, Wake};
use crate::read::place;
use crate::store::SqliteStore;

pub(crate) use left::{end_stray, end_unnamed, part, stray};

/// What the writer does for a hold.
pub(crate) enum Order {
    /// This number is given from now on.
    Number(i32),
    /// The body of this message stands there now, and not where it stood.
    Place { message: i64, from: Place, to: Place, hold: HoldOrder, at: Timestamp },
    /// Somebody wants this hold ended, whose key goes next.
    Ask { hold: i64, by: String },
    /// It goes back, or, with its day, away.
    Release { held: Held, gone: bool, by: String, at: Timestamp },
}

/// A hold in force: its row, its message, and where the body stood before.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Held {
    id: i64,
    office: OfficeNumber,
    message_id: String,
    message: i64,
    segment: i64,
    body_offset: i64,
    stored: i64,
    size: i64,
    now_in: i64,
    /// Who asked for its end, if a crash came before it.
    asked_by: Option<String>,
}

impl Held {
    /// The segment of its own.
    fn now(&self) -> Segment {
        Segment(self.now_in)
    }
}

/// Places a hold on every message of this Message-ID that the office has. Says how many.
///
/// | a crash after step              | finds on restart                                    | the hold       |
/// |---------------------------------|-----------------------------------------------------|----------------|
/// | 1 its number is written down    | nothing under it                                    | is placed anew |
/// | 2 its key is made               | a key without a file, which is destroyed            | is placed anew |
/// | 3 the copy is on the disk       | a file that no row names, whose key is destroyed    | is placed anew |
/// | 4 the row names the copy        | the body in its own segment, the record             | is in force    |
pub(crate) async fn add(store: &SqliteStore, order: HoldOrder, now: Timestamp) -> Result<u64, StoreError> {
    let _no_expiry_meanwhile = store.expiring.lock().await;
    let found = find(store, order.office, &order.message_id).await?;
    let mut placed = 0;
    for (message, from) in found {
        if !from.segment.day().is_hold() {
            placed += place_one(store, (message, from), &order, now).await?;
        }
    }
    if placed == 0 {
        return Err(Refusal::AlreadyHeld.about(&order.message_id).into());
    }
    Ok(placed)
}

async fn place_one(
    store: &SqliteStore,
    (message, from): (i64, Place),
    hold: &HoldOrder,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let own = number(store).await?;
    let copied = store.touch(move |bodies| bodies.hold(from, own)).await;
    let done = match copied {
        Err(why) => Err(why),
        Ok(to) => {
            let order = Order::Place { message, from, to, hold: hold.clone(), at };
            store.change(|reply| Command::Hold(Box::new(order), reply)).await
        }
    };
    // Of one that broke it is not known whether it was committed; the next start sees.
    if !matches!(done, Ok(_) | Err(StoreError::Broken(_)))
        && let Err(why) = store.touch(move |bodies| bodies.end_hold(Segment::first(own))).await
    {
        tracing::warn!(%why, "hold.leftover");
    }
    done
}

/// A number that no hold had, from now on given.
async fn number(store: &SqliteStore) -> Result<Day, StoreError> {
    let given = sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'hold_number'");
    let given = left::number_of(given.fetch_one(&store.readers).await.map_err(store_error)?);
    let own = store.touch(move |bodies| bodies.next_hold(given)).await?;
    store.change(|reply| Command::Hold(Box::new(Order::Number(own.hold_number())), reply)).await?;
    Ok(own)
}

/// Ends a hold: as long as its day is kept the message goes on with its day; after that it is erased now, by the destruction of the
/// key that the hold alone has.
///
/// | a crash                             | finds on restart                                                           |
/// |-------------------------------------|----------------------------------------------------------------------------|
/// | before its key is destroyed         | the hold in force, until somebody asks again                               |
/// | after that, before the commit       | a hold whose body nobody can read: [`finish`] ends it for whoever asked    |
/// | after the commit, its day being kept| a segment that no row names any more, whose key is destroyed on opening    |
pub(crate) async fn release(
    store: &SqliteStore,
    (office, message_id): (OfficeNumber, String),
    by: String,
    now: Timestamp,
) -> Result<Vec<Hold>, StoreError> {
    let _no_expiry_meanwhile = store.expiring.lock().await;
    let mut found = in_force(store).await?;
    found.retain(|held| held.office == office && held.message_id == message_id);
    if found.is_empty() {
        return Err(Refusal::NotHeld.about(message_id).into());
    }
    for held in &found {
        end(store, held, &by, now).await?;
    }
    let ids: BTreeSet<i64> = found.iter().map(|held| held.id).collect();
    Ok(all(store).await?.into_iter().filter(|(id, _)| ids.contains(id)).map(|(_, hold)| hold).collect())
}

/// Ends the holds whose key is destroyed already: a crash came before the commit, or the rows are older than the keys, as after
/// `backup restore`. Who asked for it is written down before the key goes; of rows that know of nobody the gateway is named. Called while
/// nothing else expires.
pub(crate) async fn finish(store: &SqliteStore, now: Timestamp) -> Result<(), StoreError> {
    let erased: BTreeSet<Day> = store.bodies.erased().into_iter().collect();
    if !erased.iter().any(|day| day.is_hold()) {
        return Ok(());
    }
    for held in in_force(store).await? {
        if erased.contains(&held.now().day()) {
            tracing::warn!(hold = held.id, "hold.finished");
            end(store, &held, held.asked_by.as_deref().unwrap_or("gateway"), now).await?;
        }
    }
    Ok(())
}

async fn end(store: &SqliteStore, held: &Held, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let (old, own) = (place(held.segment, held.body_offset, held.stored, held.size), held.now());
    // A key that is lost is not one that was destroyed: the copy held may then be the only one that reads.
    let gone = store.bodies.erased().contains(&old.segment.day());
    if gone {
        // A crash after it must not lose who asked.
        let asked = Order::Ask { hold: held.id, by: by.to_owned() };
        store.change(|reply| Command::Hold(Box::new(asked), reply)).await?;
        // Profile §8.28: what evidence says of it is done before.
        store.touch(move |bodies| bodies.end_hold(own)).await?;
    } else {
        // Only a body that is there may take the place of the one held.
        store.touch(move |bodies| bodies.envelope(old)).await?;
    }
    let order = Order::Release { held: held.clone(), gone, by: by.to_owned(), at: now };
    store.change(|reply| Command::Hold(Box::new(order), reply)).await?;
    store.touch(move |bodies| bodies.end_hold(own)).await
}

/// The holds in force.
async fn in_force(store: &SqliteStore) -> Result<Vec<Held>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_object('id', h.id, 'office', h.office, 'message_id', h.message_id, 'message', h.message, 'segment', h.segment,
                  'body_offset', h.body_offset, 'stored', h.stored, 'size', m.size, 'now_in', m.segment,
                  'asked_by', h.released_by)) AS "found!: String"
           FROM hold h JOIN message m ON m.id = h.message WHERE h.released_at IS NULL"#
    )
    .fetch_one(&store.readers)
    .await
    .map_err(store_error)?;
    serde_json::from_str(&found).map_err(|error| store_error(unreadable(error)))
}

/// All holds, those that ended included.
pub(crate) async fn list(store: &SqliteStore) -> Result<Vec<Hold>, StoreError> {
    Ok(all(store).await?.into_iter().map(|(_, hold)| hold).collect())
}

async fn all(store: &SqliteStore) -> Result<Vec<(i64, Hold)>, StoreError> {
    let rows = sqlx::query!("SELECT * FROM hold ORDER BY id").fetch_all(&store.readers).await.map_err(store_error)?;
    let moment = |at: i64| Timestamp::from_millisecond(at).map_err(|error| store_error(unreadable(error)));
    rows.into_iter()
        .map(|row| {
            let ended = match (row.released_by, row.released_at) {
                (Some(by), Some(at)) => Some(Ended { by, at: moment(at)?, erased: row.erased != 0 }),
                _ => None,
            };
            let office = row.office.parse().map_err(|error| store_error(unreadable(error)))?;
            let day = place(row.segment, 0, 0, 0).segment.day();
            let (message_id, reason, by) = (row.message_id, row.reason, row.placed_by);
            Ok((
                row.id,
                Hold { order: HoldOrder { office, message_id, reason, by }, day, at: moment(row.placed_at)?, ended },
            ))
        })
        .collect()
}

/// The messages of this Message-ID in the office's folders, and where their bodies stand.
async fn find(store: &SqliteStore, office: OfficeNumber, message_id: &str) -> Result<Vec<(i64, Place)>, StoreError> {
    let number = office.as_str();
    if store.roll_now().office(office).is_none() {
        return Err(Refusal::OfficeUnknown.about(office).into());
    }
    let found = sqlx::query!(
        "SELECT DISTINCT m.id, m.segment, m.body_offset, m.stored, m.size
         FROM office o JOIN mailbox b ON b.office = o.id JOIN entry e ON e.mailbox = b.id JOIN message m ON m.id = e.message
         WHERE o.number = ? AND m.message_id = ?",
        number,
        message_id
    )
    .fetch_all(&store.readers)
    .await
    .map_err(store_error)?;
    if found.is_empty() {
        return Err(Refusal::NothingToHold.about(message_id).into());
    }
    Ok(found.into_iter().map(|row| (row.id, place(row.segment, row.body_offset, row.stored, row.size))).collect())
}

/// Does it, inside the transaction.
pub(crate) async fn run(rows: &mut SqliteConnection, order: &Order) -> Result<(u64, Vec<Wake>), Stop> {
    match order {
        Order::Number(number) => {
            left::give(rows, *number).await?;
            Ok((0, Vec::new()))
        }
        Order::Ask { hold, by } => {
            let asked = sqlx::query!("UPDATE hold SET released_by = ? WHERE id = ? AND released_at IS NULL", by, hold);
            asked.execute(rows).await?;
            Ok((0, Vec::new()))
        }
        Order::Place { message, from, to, hold, at } => {
            put(rows, *message, (*from, *to)).await?;
            record(rows, (*message, *from), hold, *at).await?;
            let done = Done::new(*at, &hold.by, What::HoldPlaced).of(hold.office).about(&hold.message_id);
            acts::write(rows, &[done.noting(&hold.reason)]).await?;
            Ok((1, Vec::new()))
        }
        Order::Release { held, gone, by, at } => {
            let (at_ms, erased) = (at.as_millisecond(), i64::from(*gone));
            sqlx::query!(
                "UPDATE hold SET released_by = ?, released_at = ?, erased = ? WHERE id = ?",
                by,
                at_ms,
                erased,
                held.id
            )
            .execute(&mut *rows)
            .await?;
            let done = Done::new(*at, by, What::HoldReleased).of(held.office).about(&held.message_id);
            acts::write(rows, &[done]).await?;
            if *gone { Ok((1, let_go(rows, held, *at).await?)) } else { give_back(rows, held).await }
        }
    }
}

/// The row names the new place, if it still names the old one.
async fn put(rows: &mut SqliteConnection, message: i64, (from, to): (Place, Place)) -> Result<(), Stop> {
    let (offset, stored) = (to.offset.cast_signed(), to.stored.cast_signed());
    let old_offset = from.offset.cast_signed();
    let done = sqlx::query!(
        "UPDATE message SET segment = ?, body_offset = ?, stored = ?
         WHERE id = ? AND segment = ? AND body_offset = ? AND stored > 0",
        to.segment.0,
        offset,
        stored,
        message,
        from.segment.0,
        old_offset
    )
    .execute(rows)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Refusal::NoSuchMessage.into()) }
}

async fn record(
    rows: &mut SqliteConnection,
    (message, from): (i64, Place),
    hold: &HoldOrder,
    at: Timestamp,
) -> Result<(), Stop> {
    let (office, at) = (hold.office.as_str(), at.as_millisecond());
    let (offset, stored) = (from.offset.cast_signed(), from.stored.cast_signed());
    sqlx::query!(
        "INSERT INTO hold (message, office, message_id, segment, body_offset, stored, reason, placed_by, placed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        message,
        office,
        hold.message_id,
        from.segment.0,
        offset,
        stored,
        hold.reason,
        hold.by,
        at
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// The message stands in its day again; one that its offices removed meanwhile goes as it would have gone.
async fn give_back(rows: &mut SqliteConnection, held: &Held) -> Result<(u64, Vec<Wake>), Stop> {
    sqlx::query!(
        "UPDATE message SET segment = ?, body_offset = ?,
                stored = CASE WHEN EXISTS (SELECT 1 FROM entry WHERE entry.message = message.id) THEN ? ELSE 0 END
         WHERE id = ?",
        held.segment,
        held.body_offset,
        held.stored,
        held.message
    )
    .execute(&mut *rows)
    .await?;
    sqlx::query!(
        "DELETE FROM message WHERE id = ? AND sender IS NULL
                               AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.message = message.id)",
        held.message
    )
    .execute(rows)
    .await?;
    Ok((1, Vec::new()))
}

/// Its day is gone: it goes now, as it would have gone then.
async fn let_go(rows: &mut SqliteConnection, held: &Held, now: Timestamp) -> Result<Vec<Wake>, Stop> {
    let mut ledger = Ledger::begin(rows).await?;
    let lost = expire::uncollected(rows, (held.now_in, held.now_in), None, (0, i64::MAX)).await?;
    for bundle in lost.into_iter().flat_map(|(lost, _)| lost) {
        expire::fail(&mut ledger, &bundle, now)?;
    }
    let tree = Tree::over(erased::digest_of(rows, held.message).await?.iter());
    erased::note(&mut ledger, (place(held.segment, 0, 0, 0).segment.day(), &tree), now)?;
    ledger.write(rows).await?;
    let message = serde_json::to_string(&[held.message])?;
    expire::remove(rows, &message, i64::MAX).await
}
