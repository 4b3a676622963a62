//! お知らせ in rows (Profile §18): posted and withdrawn with the audit, standing while their time is, marked by each party.

use std::collections::BTreeMap;
use std::sync::Arc;

use fumibako_model::{Entry, ModSeq, NOTICES_AT_ONCE, Notice, Party, Private, Refusal, Uid, UidValidity};
use fumibako_store::{
    Heads, KeptNotice, LISTED, MarkNotices, MarkedNotices, NoticeBoard, NoticeOrder, StoreError, Turned, WhichNotices,
};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};
use crate::read::unpack;

/// Marks of notices that are gone which leave in one transaction.
const SWEEP: i64 = 5_000;

/// Posts or withdraws. Says whether that changed anything.
pub(crate) async fn run(rows: &mut SqliteConnection, order: &NoticeOrder) -> Result<bool, Stop> {
    match order {
        NoticeOrder::Post { notice, id, octets, at } => post(rows, notice, (*id, octets), *at).await.map(|()| true),
        NoticeOrder::Withdraw { id, at } => withdraw(rows, *id, *at).await,
    }
}

/// Profile §18.1: so many stand or are to stand, and no more.
async fn post(
    rows: &mut SqliteConnection,
    notice: &Notice,
    (id, octets): (u32, &[u8]),
    at: Timestamp,
) -> Result<(), Stop> {
    let (from, until) = (notice.from.as_millisecond(), notice.until.as_millisecond());
    let (at, doc) = (at.as_millisecond(), serde_json::to_string(notice)?);
    let found = sqlx::query!(
        r#"SELECT (SELECT coalesce(max(id), 0) FROM notice) AS "last!: i64",
                  (SELECT count(*) FROM notice WHERE uid > 0)
                      + (SELECT count(*) FROM notice WHERE uid IS NULL AND withdrawn_at IS NULL AND until_at > ?)
                      AS "current!: i64""#,
        at
    )
    .fetch_one(&mut *rows)
    .await?;
    if usize::try_from(found.current).is_ok_and(|current| current >= NOTICES_AT_ONCE) {
        return Err(Refusal::TooManyNotices.about(format_args!("{NOTICES_AT_ONCE} notices")).into());
    }
    if i64::from(id) != found.last + 1 {
        return Err(Refusal::StoreBusy.into());
    }
    sqlx::query!(
        "INSERT INTO notice (id, from_at, until_at, posted_at, doc, octets) VALUES (?, ?, ?, ?, ?, ?)",
        id,
        from,
        until,
        at,
        doc,
        octets
    )
    .execute(rows)
    .await?;
    Ok(())
}

async fn withdraw(rows: &mut SqliteConnection, id: u32, at: Timestamp) -> Result<bool, Stop> {
    let known = sqlx::query_scalar!(r#"SELECT withdrawn_at FROM notice WHERE id = ?"#, id);
    let known = known.fetch_optional(&mut *rows).await?.ok_or_else(|| Refusal::NoticeUnknown.about(id))?;
    let at = at.as_millisecond();
    sqlx::query!("UPDATE notice SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL", at, id)
        .execute(rows)
        .await?;
    Ok(known.is_none())
}

/// Profile §18.2: lets notices come and go. One that came stays until its end, though the clock be set back; one that a wrong
/// clock took away comes again, under another UID.
pub(crate) async fn turn(rows: &mut SqliteConnection, now: Timestamp) -> Result<Turned, Stop> {
    let now = now.as_millisecond();
    let due = sqlx::query!(
        r#"SELECT EXISTS (SELECT 1 FROM notice WHERE uid > 0 AND (withdrawn_at IS NOT NULL OR until_at <= ?))
                  AS "goes!: bool",
                  (SELECT json_group_array(id) FROM (SELECT id FROM notice WHERE uid IS NULL AND withdrawn_at IS NULL
                      AND from_at <= ? AND until_at > ? ORDER BY from_at, id)) AS "come!: String""#,
        now,
        now,
        now
    )
    .fetch_one(&mut *rows)
    .await?;
    let come: Vec<i64> = serde_json::from_str(&due.come)?;
    let changed = due.goes || !come.is_empty();
    if changed {
        let modseq = tick(rows).await?;
        sqlx::query!("UPDATE counter SET value = ? WHERE name = 'notice_turn'", modseq).execute(&mut *rows).await?;
        sqlx::query!("UPDATE notice SET uid = NULL WHERE uid > 0 AND (withdrawn_at IS NOT NULL OR until_at <= ?)", now)
            .execute(&mut *rows)
            .await?;
        for id in come {
            sqlx::query!("UPDATE counter SET value = value + 1 WHERE name = 'notice_uid'").execute(&mut *rows).await?;
            sqlx::query!(
                "UPDATE notice SET uid = (SELECT value FROM counter WHERE name = 'notice_uid'), modseq = ?, came_at = ?
                 WHERE id = ?",
                modseq,
                now,
                id
            )
            .execute(&mut *rows)
            .await?;
        }
    }
    let swept = sweep(rows).await?;
    let next = sqlx::query_scalar!(
        r#"SELECT min(at) AS "at: i64" FROM (
               SELECT min(until_at) AS at FROM notice WHERE uid > 0
               UNION ALL SELECT min(from_at) FROM notice
                   WHERE uid IS NULL AND withdrawn_at IS NULL AND until_at > ? AND from_at > ?)"#,
        now,
        now
    )
    .fetch_one(rows)
    .await?;
    // What is left of the marks goes with the next turn.
    let next = if swept { Some(now) } else { next };
    let next = next.map(Timestamp::from_millisecond).transpose().map_err(unreadable)?;
    Ok(Turned { changed, next })
}

/// Removes some marks of a notice that is gone, and says whether there were any: hundreds of thousands may have seen it.
async fn sweep(rows: &mut SqliteConnection) -> Result<bool, Stop> {
    let standing = sqlx::query_scalar!(r#"SELECT json_group_array(uid) AS "uids!: String" FROM notice WHERE uid > 0"#);
    let standing: Vec<u32> = serde_json::from_str(&standing.fetch_one(&mut *rows).await?)?;
    let (after, standing) = (serde_json::to_string(&[&[0], &*standing].concat())?, serde_json::to_string(&standing)?);
    // The first mark behind each notice that stands: looked up, however many there are.
    let gone = sqlx::query_scalar!(
        r#"SELECT min(found) AS "uid: i64" FROM (
               SELECT (SELECT min(k.uid) FROM notice_mark k WHERE k.uid > s.value) AS found FROM json_each(?) s)
           WHERE found NOT IN (SELECT value FROM json_each(?))"#,
        after,
        standing
    );
    let Some(gone) = gone.fetch_one(&mut *rows).await? else { return Ok(false) };
    sqlx::query!(
        "DELETE FROM notice_mark WHERE (uid, party) IN (SELECT uid, party FROM notice_mark WHERE uid = ? LIMIT ?)",
        gone,
        SWEEP
    )
    .execute(rows)
    .await?;
    Ok(true)
}

/// The next number of whatever happens to notices.
async fn tick(rows: &mut SqliteConnection) -> Result<i64, Stop> {
    let next = sqlx::query_scalar!("UPDATE counter SET value = value + 1 WHERE name = 'notice_modseq' RETURNING value");
    Ok(next.fetch_one(rows).await?)
}

/// Profile §18.4: `\Seen` is the party's own.
pub(crate) async fn mark(
    rows: &mut SqliteConnection,
    party: &Party,
    marks: &MarkNotices,
) -> Result<MarkedNotices, Stop> {
    let (party, uids) = (party.to_string(), serde_json::to_string(&marks.uids)?);
    let found = sqlx::query!(
        r#"SELECT n.uid AS "uid!: u32", max(n.modseq, coalesce(k.modseq, 0)) AS "modseq!: i64",
                  coalesce(k.seen, 0) AS "seen!: bool"
           FROM json_each(?) asked JOIN notice n ON n.uid = asked.value
           LEFT JOIN notice_mark k ON k.uid = n.uid AND k.party = ? ORDER BY n.uid"#,
        uids,
        party
    )
    .fetch_all(&mut *rows)
    .await?;
    let (mut modified, mut changed) = (Vec::new(), Vec::new());
    for row in found {
        if marks.unchanged_since.is_some_and(|since| row.modseq > since.0.cast_signed()) {
            modified.extend(Uid::new(row.uid));
        } else if row.seen != marks.seen {
            changed.push(row.uid);
        }
    }
    let any = !changed.is_empty();
    if any {
        let (modseq, changed) = (tick(rows).await?, serde_json::to_string(&changed)?);
        sqlx::query!(
            "INSERT INTO notice_mark (uid, party, seen, modseq) SELECT value, ?, ?, ? FROM json_each(?) WHERE true
             ON CONFLICT (uid, party) DO UPDATE SET seen = excluded.seen, modseq = excluded.modseq",
            party,
            marks.seen,
            modseq,
            changed
        )
        .execute(rows)
        .await?;
    }
    Ok(MarkedNotices { modified, changed: any })
}

/// Numbers of the mailbox, and (uid, size, modseq, seen, modseq of the mark, came at) of what stands in it.
#[derive(Deserialize)]
struct Packed(u32, i64, std::num::NonZeroU32, Vec<(Uid, u64, i64, u8, i64, i64)>);

/// The mailbox as one party sees it, at one moment.
pub(crate) async fn board(readers: &SqlitePool, party: &Party) -> Result<NoticeBoard, StoreError> {
    let party = party.to_string();
    let found = sqlx::query_scalar!(
        r#"SELECT json_array((SELECT value FROM counter WHERE name = 'notice_uid'),
                  (SELECT value FROM counter WHERE name = 'notice_turn'),
                  (SELECT value FROM counter WHERE name = 'notice_validity'),
                  (SELECT json_group_array(json_array(n.uid, length(n.octets), n.modseq, coalesce(k.seen, 0),
                                                      coalesce(k.modseq, 0), n.came_at))
                   FROM notice n LEFT JOIN notice_mark k ON k.uid = n.uid AND k.party = ?
                   WHERE n.uid > 0)) AS "found!: String""#,
        party
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let Packed(last, turned, validity, standing) = unpack(&found)?;
    let entries = standing.into_iter().map(|(uid, size, came, seen, marked, at)| {
        let at = Timestamp::from_millisecond(at).map_err(unreadable)?;
        let modseq = ModSeq(came.max(marked).cast_unsigned());
        Ok(NoticeBoard::entry(uid, seen != 0, modseq, (size, at)))
    });
    let mut entries: Vec<Entry> = entries.collect::<Result<_, _>>().map_err(store_error)?;
    entries.sort_unstable_by_key(|entry| entry.uid);
    Ok(NoticeBoard {
        uid_validity: UidValidity(validity),
        uid_next: last.saturating_add(1),
        turned: ModSeq(turned.cast_unsigned()),
        entries,
    })
}

/// The messages that show these, in their order.
pub(crate) async fn messages(readers: &SqlitePool, uids: &[Uid]) -> Result<Heads, StoreError> {
    let wanted = serde_json::to_string(uids).map_err(|why| store_error(unreadable(why)))?;
    let found = sqlx::query!(
        r#"SELECT n.uid AS "uid!: u32", n.octets FROM notice n WHERE n.uid IN (SELECT value FROM json_each(?))"#,
        wanted
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    let by_uid: BTreeMap<u32, Arc<[u8]>> = found.into_iter().map(|row| (row.uid, row.octets.into())).collect();
    Ok(uids.iter().map(|uid| by_uid.get(&uid.get()).cloned().map(Private)).collect())
}

/// Notices as they were posted, by rising number.
pub(crate) async fn list(readers: &SqlitePool, which: WhichNotices) -> Result<Vec<KeptNotice>, StoreError> {
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let ids = match which {
        WhichNotices::One(id) => Ok(format!("[{id}]")),
        WhichNotices::Standing => {
            let ids = sqlx::query_scalar!(r#"SELECT json_group_array(id) AS "ids!: String" FROM notice WHERE uid > 0"#);
            ids.fetch_one(readers).await
        }
        WhichNotices::Current(at) => {
            let at = at.as_millisecond();
            let ids = sqlx::query_scalar!(
                r#"SELECT json_group_array(id) AS "ids!: String" FROM (SELECT id FROM notice WHERE uid > 0 UNION ALL
                       SELECT id FROM notice WHERE uid IS NULL AND withdrawn_at IS NULL AND until_at > ?)"#,
                at
            );
            ids.fetch_one(readers).await
        }
        WhichNotices::All => {
            let ids = sqlx::query_scalar!(
                r#"SELECT json_group_array(id) AS "ids!: String" FROM (SELECT id FROM notice ORDER BY id DESC LIMIT ?)"#,
                most
            );
            ids.fetch_one(readers).await
        }
    };
    let ids = ids.map_err(store_error)?;
    let found = sqlx::query!(
        r#"SELECT id AS "id!: u32", posted_at, withdrawn_at, uid AS "uid: u32", doc FROM notice
           WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"#,
        ids
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    let kept = found.into_iter().map(|row| {
        let moment = |at: i64| Timestamp::from_millisecond(at).map_err(|why| store_error(unreadable(why)));
        Ok(KeptNotice {
            id: row.id,
            notice: unpack(&row.doc)?,
            posted: moment(row.posted_at)?,
            withdrawn: row.withdrawn_at.map(moment).transpose()?,
            uid: row.uid.and_then(Uid::new),
        })
    });
    kept.collect()
}
