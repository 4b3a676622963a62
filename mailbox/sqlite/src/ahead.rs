//! Rows that are older than what was given from them, by a backup or a folder that was put back, go on above all of it (Profile §8.20, §11.9).

use fumibako_store::bodies::Day;
use fumibako_store::{Loss, Sum};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::error::Stop;
use crate::ledger::first_id_of;

/// Every UID, MODSEQ and id that was given from these rows in one life of theirs is less than this above what they know.
const AHEAD: i64 = 1 << 20;

/// Goes on above what was given, unless these rows did for this very loss. Says whether they do now.
pub(crate) async fn after(rows: &mut SqliteConnection, loss: &Loss, now: Timestamp) -> Result<bool, Stop> {
    let name = name_of(&loss.head);
    let jumped = sqlx::query!(
        "INSERT INTO counter (name, value) VALUES ('jumped_for', ?)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        name
    );
    let is_new = jumped.execute(&mut *rows).await?.rows_affected() > 0;
    if is_new {
        jump(rows, loss.times, now).await?;
    }
    Ok(is_new)
}

/// The head that was lost, as a number.
fn name_of(head: &[u8]) -> i64 {
    let mut sum = Sum::default();
    sum.add(head);
    sum.finish().iter().take(8).fold(0, |name, octet| name << 8 | i64::from(*octet))
}

/// Nothing that was given is given again, where the rows began so many lives. Whoever remembers UIDs from then is told that they vanished,
/// and all flags are told anew.
pub(crate) async fn jump(rows: &mut SqliteConnection, times: u32, now: Timestamp) -> Result<(), sqlx::Error> {
    let (ahead, first) = (AHEAD * i64::from(times.max(1)), first_id_of(Day::of(now)));
    for (statement, by) in [
        // Ids carry the day they were given, and begin anew with it.
        ("UPDATE counter SET value = max(value, ?) WHERE name IN ('message', 'evidence')", first),
        (
            "UPDATE counter SET value = value + ? WHERE name IN ('message', 'evidence', 'uid_validity',
                 'notice_uid', 'notice_modseq', 'notice_turn')",
            ahead,
        ),
        (
            "UPDATE notice SET modseq = (SELECT value FROM counter WHERE name = 'notice_turn') WHERE uid IS NOT NULL AND ? > 0",
            ahead,
        ),
        ("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'mailbox'", ahead),
        ("UPDATE office SET modseq = modseq + ?", ahead),
        (
            "INSERT INTO vanished (mailbox, modseq, lo, hi) SELECT m.id, o.modseq, m.uid_next, m.uid_next + ?
             FROM mailbox m JOIN office o ON o.id = m.office",
            ahead - 1,
        ),
        (
            "UPDATE mailbox SET uid_next = uid_next + ?, modseq = (SELECT modseq FROM office WHERE id = mailbox.office)",
            ahead,
        ),
        ("UPDATE entry SET modseq = (SELECT modseq FROM mailbox WHERE id = entry.mailbox) WHERE ? > 0", ahead),
    ] {
        sqlx::query(statement).bind(by).execute(&mut *rows).await?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
mod tests {
    use fumibako_model::Uid;
    use fumibako_store::Store;
    use fumibako_store::suite::expire::send;
    use fumibako_store::suite::{World, domain, now, sakura, view};

    use super::*;
    use crate::SqliteStore;

    fn uid(number: u32) -> Uid {
        Uid(number.try_into().unwrap())
    }

    // Profile §8.20
    #[tokio::test]
    async fn a_store_that_is_open_jumps_once_for_a_loss_and_tells_what_it_has_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        let world = World::with(&store).await;
        let first = send(&store, &world, "a", now()).await.evidence;
        let before = view(&store, sakura(), "INBOX").await;
        let loss = |head: &[u8], times| Loss { head: head.to_vec(), times };
        let mut last = before.status.uid_next;
        for (head, times, jumps) in [(b"one", 1, true), (b"one", 1, false), (b"two", 3, true)] {
            assert_eq!(store.jump(loss(head, times), now()).await.unwrap(), jumps);
            let after = view(&store, sakura(), "INBOX").await;
            let by = if jumps { times << 20 } else { 0 };
            assert_eq!(after.status.uid_next, last + by);
            last = after.status.uid_next;
        }
        let told = store.since(sakura(), before.status.folder, before.status.highest_modseq).await.unwrap();
        assert_eq!(told.entries.len(), before.entries.len(), "flags are told anew");
        assert!(told.vanished.contains(uid(before.status.uid_next)), "{told:?}");
        let second = send(&store, &world, "b", now()).await.evidence;
        assert!(second.0 - first.0 > 4 << 20, "{first:?} {second:?}");
        assert_eq!(view(&store, sakura(), "INBOX").await.entries.last().unwrap().uid, uid(last));
        assert!(store.inspect().await.unwrap().faults.is_empty());
    }
}
