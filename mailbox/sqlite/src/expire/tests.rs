//! Expiry cut short at each of its steps, and gone on with.

use fumibako_model::{DayState, Event, FlagChange, Flags, Keeping, NamedFlags, OfficeNumber, Refusal};
use fumibako_store::bodies::Spooled;
use fumibako_store::suite::expire::{ago, draft, keep, send};
use fumibako_store::suite::{ALL, World, domain, himawari, now, refused, sakura, view};
use fumibako_store::{FlagOrder, HoldOrder, Store};

use super::*;

/// Three bundles and a draft of a day that is due, one bundle of today, and as many steps of expiry as said.
async fn cut_after(done: usize) -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for id in ["a", "b", "c"] {
        send(&store, &world, id, ago(91)).await;
    }
    draft(&store, "of old", ago(91)).await;
    send(&store, &world, "today", now()).await;
    let standing = standings(&store).await.unwrap()[0];
    for step in &steps(standing, keep(), Day::of(now()).0)[..done] {
        take(&store, *step, Day(standing.day), now()).await.unwrap();
    }
    (folder, store)
}

async fn written(store: &SqliteStore, kind: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM evidence WHERE kind = ?")
        .bind(kind)
        .fetch_one(&store.readers)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_run_cut_short_at_any_step_is_ended_by_the_next() {
    // Profile §8.28, §11.4
    for done in 0..=4 {
        let (folder, store) = cut_after(done).await;
        store.close().await.unwrap();
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        // Whoever is asked, and whatever the clock says: what began to go goes.
        let again = store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
        assert_eq!(again.days.len(), usize::from(done < 4), "after {done} steps");
        assert!(
            again.days.iter().all(|day| day.messages == 4 && day.uncollected == 3),
            "after {done} steps: {again:?}"
        );
        assert_eq!(written(&store, Event::ContentHandoverFailure.as_str()).await, 3, "after {done} steps");
        assert_eq!(written(&store, Keeping::ContentErasure.as_str()).await, 1, "after {done} steps");
        assert_eq!(view(&store, sakura(), "INBOX").await.entries.len(), 1);
        assert!(view(&store, himawari(), "Drafts").await.entries.is_empty());
        assert_eq!(store.bodies.segments().unwrap().len(), 1, "after {done} steps");
        let state: (String, i64) =
            sqlx::query_as("SELECT state, messages FROM day").fetch_one(&store.readers).await.unwrap();
        assert_eq!(state, ("swept".into(), 4));
    }
}

#[tokio::test]
async fn between_its_key_and_its_rows_a_day_reads_as_expired() {
    // Profile §11.4
    for done in 1..=2 {
        let (_folder, store) = cut_after(done).await;
        let inbox = view(&store, sakura(), "INBOX").await;
        assert_eq!(inbox.entries.len(), 4, "no listing changes before its UIDs vanish");
        refused(store.read(sakura(), inbox.entries[0].message, ALL).await, Refusal::ContentExpired);
        assert!(store.read(sakura(), inbox.entries[3].message, ALL).await.is_ok());
    }
}

#[tokio::test]
async fn a_day_of_many_messages_leaves_in_small_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for id in 0..120 {
        send(&store, &world, &id.to_string(), ago(91)).await;
    }
    let day = Day::of(ago(91));
    take(&store, Step::DestroyKey, day, now()).await.unwrap();
    // What nobody collected, too. A crash between is gone on from.
    let failed = async || written(&store, Event::ContentHandoverFailure.as_str()).await;
    let hundredth = store.order(Order::WriteDown(day, 0, now())).await.unwrap();
    assert_eq!((failed().await, written(&store, Keeping::ContentErasure.as_str()).await), (100, 0));
    let known = store.expiry(keep(), now()).await.unwrap();
    assert_eq!((known[0].state, known[0].uncollected), (DayState::Live, 120));
    for after in [hundredth, 0] {
        store.order(Order::WriteDown(day, after, now())).await.unwrap();
        assert_eq!(failed().await, 120);
    }
    take(&store, Step::WriteDown, day, now()).await.unwrap();
    assert_eq!((failed().await, written(&store, Keeping::ContentErasure.as_str()).await), (120, 1));
    let known = store.expiry(keep(), now()).await.unwrap();
    assert_eq!((known[0].state, known[0].uncollected), (DayState::Erased, 120));
    let left = |store: SqliteStore| async move { view(&store, sakura(), "INBOX").await.entries.len() };
    assert_eq!(store.order(Order::Sweep(day)).await.unwrap(), 100);
    assert_eq!(left(store.clone()).await, 70, "of 100 entries, half stand in Sent");
    assert_eq!(store.order(Order::Sweep(day)).await.unwrap(), 70);
    assert_eq!(left(store.clone()).await, 20);
    take(&store, Step::Sweep, day, now()).await.unwrap();
    assert_eq!(left(store.clone()).await, 0);
}

/// The office removes everything it has in this folder.
async fn clear(store: &SqliteStore, office: OfficeNumber, name: &str) {
    let view = view(store, office, name).await;
    let (folder, since) = (view.status.folder, view.status.highest_modseq);
    let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
    let uids = view.entries.iter().map(|entry| entry.uid).collect();
    store
        .flag(office, FlagOrder { folder, uids, change: FlagChange::Add, flags, unchanged_since: None, since })
        .await
        .unwrap();
    store.expunge(office, folder, None, since).await.unwrap();
}

#[tokio::test]
async fn a_file_that_nobody_needs_goes_before_its_day_and_no_other() {
    // Profile §11.7
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for (id, days) in [("three", 3), ("two", 2), ("one", 1), ("none", 0)] {
        send(&store, &world, id, ago(days)).await;
        draft(&store, "of no importance", ago(days)).await;
    }
    let files = || store.bodies.segments().unwrap().len();
    let run = async || store.expire(keep(), Asked::ByThePerson, now()).await.unwrap().files;
    assert_eq!((files(), run().await), (4, 0));
    clear(&store, himawari(), "Drafts").await;
    clear(&store, himawari(), "Sent").await;
    assert_eq!(run().await, 0, "sakura has them all");
    let order = HoldOrder {
        office: sakura(),
        message_id: "three@x.example".into(),
        reason: "審査請求".into(),
        by: "運用者".into(),
    };
    store.hold(order, now()).await.unwrap();
    clear(&store, sakura(), "INBOX").await;
    assert_eq!(run().await, 1, "two days old; the file of three days ago is where the hold may end");
    assert_eq!(files(), 4, "with the one that holds");
    store.release(sakura(), "three@x.example".into(), "運用者".into(), now()).await.unwrap();
    assert_eq!((run().await, files()), (1, 2), "yesterday's and today's stay");
    assert_eq!(store.census().await.unwrap().messages, 0);
    store.close().await.unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    send(&store, &world, "next", ago(3)).await;
    let entry = view(&store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok(), "the day takes mail again");
}

#[tokio::test]
async fn a_file_without_a_row_goes_once_nobody_can_be_writing_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let mut body = store.spool(ago(3));
    body.write(&vec![7; 2 << 20]).unwrap();
    let Spooled::Filed(place) = body.finish(b"").unwrap() else { panic!("2 MiB wait in memory") };
    let run = async || store.expire(keep(), Asked::ByThePerson, now()).await.unwrap().files;
    let file = std::fs::File::options().write(true).open(store.bodies.file(place.segment)).unwrap();
    let written = |hours: u64| {
        let age = std::time::Duration::from_hours(hours);
        file.set_modified(std::time::UNIX_EPOCH + now().duration_since(Timestamp::UNIX_EPOCH).unsigned_abs() - age)
            .unwrap();
    };
    written(23);
    assert_eq!(run().await, 0);
    written(24);
    assert_eq!(run().await, 1);
}

// Profile §8.27, §11.7
#[tokio::test]
async fn a_day_that_cannot_go_keeps_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    // Of this one nothing is left in any folder.
    send(&store, &world, "cleared", ago(5)).await;
    clear(&store, himawari(), "Sent").await;
    clear(&store, sakura(), "INBOX").await;
    send(&store, &world, "first", ago(92)).await;
    send(&store, &world, "second", ago(91)).await;
    // A file where the day's folder was: it cannot be removed as a folder.
    let day = folder.path().join("bodies").join(Day::of(ago(92)).to_string());
    std::fs::rename(&day, folder.path().join("aside")).unwrap();
    std::fs::write(&day, "in the way").unwrap();
    let Expired { days, files, failed, .. } = store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    assert!(matches!(&failed, Some(StoreError::Failed(why)) if why.contains(&day.display().to_string())), "{failed:?}");
    assert_eq!(
        (days.len(), days[0].day, files),
        (1, Day::of(ago(91)), 1),
        "what went is told, and what nobody needs goes"
    );
    assert!(view(&store, sakura(), "INBOX").await.entries.is_empty(), "both are unreadable and have left");
    assert_eq!(store.census().await.unwrap().days_stuck, 1);
    std::fs::remove_file(&day).unwrap();
    let again = store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    assert!(again.failed.is_none());
    assert_eq!(again.days.iter().map(|day| day.day).collect::<Vec<_>>(), [Day::of(ago(92))], "and is told of once");
    assert_eq!(store.census().await.unwrap().days_stuck, 0);
}
