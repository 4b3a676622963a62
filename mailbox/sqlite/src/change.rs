//! Changes to messages that stand in a folder: STORE, EXPUNGE, COPY, MOVE.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use fumibako_model::{
    FlagChange, Flags, FolderId, FolderName, MessageId, NamedFlags, OfficeNumber, Refusal, Roll, Uid,
};
use fumibako_store::{CopyOrder, Doer, FlagOrder, Pairs, marks_seen, stored};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::acts;
use crate::error::Stop;
use crate::handover::{self, HandedOver};
use crate::ledger::{Ledger, Standing, Wake};

/// Changes flags. What is already as asked is not changed, and raises no counter (RFC 7162 §3.1.11). Says which messages had
/// changed too late for the order, and which bundles were handed over by `\Seen`, whether or not they had it.
pub(crate) async fn flag(
    rows: &mut SqliteConnection,
    roll: &Roll,
    doer: &Doer,
    order: &FlagOrder,
) -> Result<((Vec<Uid>, Vec<MessageId>), Vec<Wake>), Stop> {
    let office = doer.office;
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load(rows, &BTreeSet::from([order.folder])).await?;
    ledger.owned(office, order.folder)?;
    let late = |entry: &Standing| order.unchanged_since.is_some_and(|point| entry.modseq > point.0);
    let (modified, found): (Vec<Standing>, Vec<Standing>) =
        standing(rows, order.folder, Some(&order.uids)).await?.into_iter().partition(late);
    let asked = match order.change {
        // What the folder does not know, nobody can take away.
        FlagChange::Remove => ledger.known(order.folder, &order.flags),
        FlagChange::Add | FlagChange::Replace => ledger.learn(order.folder, &order.flags)?,
    };
    let keywords = ledger.owned(office, order.folder)?.keywords.clone();
    let changed: Vec<(Standing, Flags)> = found
        .iter()
        .map(|entry| (*entry, stored(entry.flags(), order.change, asked, &keywords)))
        .filter(|(entry, after)| entry.flags() != *after)
        .collect();
    if !changed.is_empty() {
        let modseq = ledger.tick(order.folder);
        for (entry, after) in &changed {
            ledger.mark(entry, *after, modseq);
        }
    }
    let mut wakes = ledger.write(rows).await?;
    let marked: &[Standing] = if marks_seen(order.change, &order.flags) { &found } else { &[] };
    let (handed_over, more) = handover::take(rows, roll, doer, marked).await?;
    wakes.extend(more);
    Ok(((modified.iter().map(|entry| entry.uid).collect(), handed_over), wakes))
}

/// The UIDs nobody was told of up to now; from now on somebody is (RFC 3501 §2.3.2).
pub(crate) async fn claim(
    rows: &mut SqliteConnection,
    office: OfficeNumber,
    folder: FolderId,
) -> Result<Range<u32>, Stop> {
    let number = office.as_str();
    let found = sqlx::query!(
        r#"SELECT m.recent_from AS "from!: u32", m.uid_next AS "next!: u32", m.recent FROM mailbox m
           JOIN office o ON o.id = m.office WHERE m.id = ? AND o.number = ?"#,
        folder.0,
        number
    )
    .fetch_optional(&mut *rows)
    .await?
    .ok_or(Refusal::NoSuchFolder)?;
    if found.recent == 0 {
        return Ok(0..0);
    }
    sqlx::query!("UPDATE mailbox SET recent = 0, recent_from = uid_next WHERE id = ?", folder.0).execute(rows).await?;
    Ok(found.from..found.next)
}

/// Removes the messages with `\Deleted`, of these or of all, and the bodies that no folder shows any more. Says which bundles were handed
/// over by it.
pub(crate) async fn expunge(
    rows: &mut SqliteConnection,
    roll: &Roll,
    doer: &Doer,
    folder: FolderId,
    uids: Option<&[Uid]>,
) -> Result<HandedOver, Stop> {
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load(rows, &BTreeSet::from([folder])).await?;
    let name = ledger.owned(doer.office, folder)?.name.clone();
    let mut gone = standing(rows, folder, uids).await?;
    gone.retain(|entry| entry.flags().has(Flags::DELETED));
    if gone.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let uids = gone.iter().map(|entry| entry.uid);
    acts::changed(rows, doer, format!("expunge {name}"), acts::named(uids)).await?;
    let mut wakes = take_out(rows, ledger, &gone).await?;
    let (handed_over, more) = handover::take(rows, roll, doer, &gone).await?;
    wakes.extend(more);
    forget(rows, &gone).await?;
    Ok((handed_over, wakes))
}

/// Takes entries out of their folders: out of the counters, into the ranges of UIDs that vanished; and writes the ledger.
pub(crate) async fn take_out(
    rows: &mut SqliteConnection,
    mut ledger: Ledger<'_>,
    gone: &[Standing],
) -> Result<Vec<Wake>, Stop> {
    let mut folders: BTreeMap<FolderId, Vec<Uid>> = BTreeMap::new();
    for entry in gone {
        folders.entry(FolderId(entry.folder)).or_default().push(entry.uid);
        ledger.leave(entry);
    }
    let mut vanished = Vec::new();
    for (folder, uids) in &mut folders {
        let modseq = ledger.tick(*folder);
        uids.sort_unstable();
        vanished.extend(ranges(uids.iter().copied()).into_iter().map(|(lo, hi)| (folder.0, modseq, lo, hi)));
    }
    let vanished = serde_json::to_string(&vanished)?;
    sqlx::query!(
        "INSERT INTO vanished (mailbox, modseq, lo, hi)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)",
        vanished
    )
    .execute(&mut *rows)
    .await?;
    for folder in folders.keys() {
        forget_ranges(rows, *folder).await?;
    }
    let entries = serde_json::to_string(&gone.iter().map(|entry| (entry.folder, entry.uid)).collect::<Vec<_>>())?;
    sqlx::query!(
        "DELETE FROM entry WHERE (mailbox, uid) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
        entries
    )
    .execute(&mut *rows)
    .await?;
    ledger.write(rows).await
}

/// Ranges of UIDs that vanished which a folder remembers at most; past it the older half is forgotten (Profile §7.23).
const REMEMBERED: i64 = 2_000;

/// Forgets which UIDs vanished long ago, and up to which change.
async fn forget_ranges(rows: &mut SqliteConnection, folder: FolderId) -> Result<(), Stop> {
    let too_many = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM vanished WHERE mailbox = ? LIMIT 1 OFFSET ?) AS "yes!: bool""#,
        folder.0,
        REMEMBERED
    )
    .fetch_one(&mut *rows)
    .await?;
    if !too_many {
        return Ok(());
    }
    let half = REMEMBERED / 2;
    sqlx::query!(
        "UPDATE mailbox SET forgotten = (SELECT modseq FROM vanished WHERE mailbox = ? ORDER BY modseq DESC LIMIT 1 OFFSET ?)
         WHERE id = ?",
        folder.0,
        half,
        folder.0
    )
    .execute(&mut *rows)
    .await?;
    sqlx::query!(
        "DELETE FROM vanished WHERE mailbox = ? AND modseq <= (SELECT forgotten FROM mailbox WHERE id = ?)",
        folder.0,
        folder.0
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// A body no folder shows is nobody's, unless it is held (Profile §11.6): nobody reads it again, and its octets go with their
/// day at the latest. The row of a bundle or receipt stays, so that the same message is still known when it comes again and a
/// late receipt still finds its bundle.
pub(crate) async fn forget(rows: &mut SqliteConnection, gone: &[Standing]) -> Result<(), Stop> {
    let messages = serde_json::to_string(&gone.iter().map(|entry| entry.message).collect::<BTreeSet<_>>())?;
    sqlx::query!(
        "UPDATE message SET stored = 0 WHERE id IN (SELECT value FROM json_each(?))
             AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.message = message.id)
             AND NOT EXISTS (SELECT 1 FROM hold WHERE hold.message = message.id AND released_at IS NULL)",
        messages
    )
    .execute(&mut *rows)
    .await?;
    sqlx::query!(
        "DELETE FROM message WHERE id IN (SELECT value FROM json_each(?)) AND sender IS NULL
             AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.message = message.id)
             AND NOT EXISTS (SELECT 1 FROM hold WHERE hold.message = message.id AND released_at IS NULL)",
        messages
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Copies messages with their flags, and takes them out of their folder if they move; the target learns their keywords. The
/// gateway's marks come along: a bundle that is 済 is 済 in every folder of its office. Says which bundles were handed over by a move.
pub(crate) async fn copy(
    rows: &mut SqliteConnection,
    roll: &Roll,
    doer: &Doer,
    order: &CopyOrder,
    now: Timestamp,
) -> Result<((Pairs, Vec<MessageId>), Vec<Wake>), Stop> {
    let CopyOrder { folder: from, uids, to, moves } = order;
    if to.is_incoming() {
        return Err(Refusal::FolderIsProtected.about(to).into());
    }
    let entries = standing(rows, *from, Some(uids)).await?;
    let (pairs, mut wakes) = transfer(rows, doer, (*from, &entries, *moves), to, now).await?;
    let moved: &[Standing] = if *moves { &entries } else { &[] };
    let (handed_over, more) = handover::take(rows, roll, doer, moved).await?;
    wakes.extend(more);
    Ok(((pairs, handed_over), wakes))
}

/// Shows these entries of a folder in another one, too or instead.
pub(crate) async fn transfer(
    rows: &mut SqliteConnection,
    doer: &Doer,
    (from, entries, moves): (FolderId, &[Standing], bool),
    to: &FolderName,
    now: Timestamp,
) -> Result<(Pairs, Vec<Wake>), Stop> {
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load(rows, &BTreeSet::from([from])).await?;
    ledger.load_named(rows, &BTreeSet::from([(doer.office, to.as_str())])).await?;
    let (name, known) = ledger.owned(doer.office, from).map(|from| (from.name.clone(), from.keywords.clone()))?;
    let target = ledger.named(doer.office, to.as_str()).ok_or_else(|| Refusal::NoSuchFolder.about(to))?;
    let (target, uid_validity, account) = (FolderId(target.id), target.uid_validity, target.office);
    if !moves {
        ledger.room(account, entries.iter().map(|entry| entry.size).sum())?;
    }
    let mut pairs = Vec::new();
    for entry in entries {
        let keywords = known.names(entry.flags()).map(str::to_owned).collect();
        let flags = ledger.learn(target, &NamedFlags { system: entry.flags().system, keywords })?;
        pairs.push((entry.uid, ledger.enter(target, (MessageId(entry.message), entry.size), flags, now)?));
    }
    if !entries.is_empty() {
        let (verb, count) = (if moves { "move" } else { "copy" }, entries.len());
        let uids = acts::named(entries.iter().map(|entry| entry.uid));
        acts::changed(rows, doer, format!("{verb} {count} from {name} to {to}"), uids).await?;
    }
    let wakes =
        if moves && !entries.is_empty() { take_out(rows, ledger, entries).await? } else { ledger.write(rows).await? };
    Ok(((uid_validity, pairs), wakes))
}

/// Entries of a folder by rising UID: these, or all.
pub(crate) async fn standing(
    rows: &mut SqliteConnection,
    folder: FolderId,
    uids: Option<&[Uid]>,
) -> Result<Vec<Standing>, Stop> {
    let found = match uids {
        Some(uids) => {
            let uids = serde_json::to_string(uids)?;
            sqlx::query_scalar!(
                r#"SELECT json_group_array(json_object('folder', e.mailbox, 'uid', e.uid, 'message', e.message,
                          'system', e.flags, 'keywords', e.keywords, 'size', m.size,
                          'modseq', e.modseq)) AS "found!: String"
                   FROM entry e JOIN message m ON m.id = e.message
                   WHERE e.mailbox = ? AND e.uid IN (SELECT value FROM json_each(?))"#,
                folder.0,
                uids
            )
            .fetch_one(rows)
            .await?
        }
        None => {
            sqlx::query_scalar!(
                r#"SELECT json_group_array(json_object('folder', e.mailbox, 'uid', e.uid, 'message', e.message,
                          'system', e.flags, 'keywords', e.keywords, 'size', m.size,
                          'modseq', e.modseq)) AS "found!: String"
                   FROM entry e JOIN message m ON m.id = e.message WHERE e.mailbox = ?"#,
                folder.0
            )
            .fetch_one(rows)
            .await?
        }
    };
    let mut found: Vec<Standing> = serde_json::from_str(&found)?;
    found.sort_unstable_by_key(|entry| entry.uid);
    Ok(found)
}

/// Rising UIDs as ranges (lo, hi).
fn ranges(gone: impl Iterator<Item = Uid>) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in gone.map(Uid::get) {
        match ranges.last_mut() {
            Some((_, hi)) if *hi + 1 == uid => *hi = uid,
            _ => ranges.push((uid, uid)),
        }
    }
    ranges
}
