//! A hold has a key of its own, which goes before it is said that the content is gone (Profile §8.28, §11.6).

use std::path::Path;

use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::{Bodies, BodyError, Day, Place, Segment};
use fumibako_store::suite::expire::{ago, keep, send};
use fumibako_store::suite::{ALL, World, domain, now, sakura, view};
use fumibako_store::{Asked, HoldOrder, Store, Which};
use sqlx::{Connection as _, SqliteConnection};

use super::open::meddle;

/// A store with one message that is held over its day.
async fn held(folder: &Path) -> SqliteStore {
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    let world = World::with(&store).await;
    send(&store, &world, "held", ago(91)).await;
    let (message_id, reason) = ("held@x.example".into(), "審査請求".into());
    store.hold(HoldOrder { office: sakura(), message_id, reason, by: "運用者".into() }, now()).await.unwrap();
    store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    store
}

async fn release(store: &SqliteStore) {
    let ended = store.release(sakura(), "held@x.example".into(), "運用者".into(), now()).await.unwrap();
    assert!(ended[0].ended.as_ref().unwrap().erased);
}

/// How often it is said that content was erased.
async fn erasures(store: &SqliteStore) -> usize {
    let all = store.list_evidence(Which::default()).await.unwrap();
    all.iter().filter(|entry| entry.contains("ContentErasure")).count()
}

fn opened(bodies: &Path, keys: &Path, segment: Segment) -> Result<usize, BodyError> {
    Bodies::look(bodies, keys)?.records(segment).map(|records| records.len())
}

/// Where the body of the one message stands.
async fn stands(folder: &Path) -> Place {
    let url = format!("sqlite://{}", folder.join(fumibako_sqlite::DATABASE_FILE).display());
    let mut rows = SqliteConnection::connect(&url).await.unwrap();
    let (segment, offset, stored, size): (i64, i64, i64, i64) =
        sqlx::query_as("SELECT segment, body_offset, stored, size FROM message").fetch_one(&mut rows).await.unwrap();
    rows.close().await.unwrap();
    let [offset, stored, size] = [offset, stored, size].map(i64::cast_unsigned);
    Place { segment: Segment(segment), offset, stored, size }
}

#[tokio::test]
async fn a_copy_made_during_a_hold_is_not_read_once_it_was_let_go() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = held(folder.path()).await;
    let (backup, keys) = (copies.path().join("backup"), folder.path().join("keys"));
    store.back_up(backup.clone(), None, now()).await.unwrap();
    let segment = stands(folder.path()).await.segment;
    assert!(segment.day().is_hold());
    assert_eq!(opened(&backup.join("bodies"), &keys, segment).unwrap(), 1, "while it is held");
    release(&store).await;
    assert!(matches!(opened(&backup.join("bodies"), &keys, segment), Err(BodyError::Erased(_))));
    assert_eq!(erasures(&store).await, 1);
}

#[tokio::test]
async fn a_hold_whose_key_is_destroyed_is_ended_by_the_next_run_of_expiry() {
    let folder = tempfile::tempdir().unwrap();
    held(folder.path()).await.close().await.unwrap();
    let segment = stands(folder.path()).await.segment;
    // As a crash leaves it before the commit.
    Bodies::open(folder.path()).unwrap().end_hold(segment).unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!((store.holds().await.unwrap()[0].ended.is_none(), erasures(&store).await), (true, 0));
    store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    let ended = store.holds().await.unwrap()[0].ended.clone().unwrap();
    assert!(ended.erased && ended.by == "gateway", "{ended:?}");
    assert_eq!((erasures(&store).await, view(&store, sakura(), "INBOX").await.entries.len()), (1, 0));
    store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    assert_eq!(erasures(&store).await, 1, "once");
}

#[tokio::test]
async fn holds_that_had_one_key_together_get_each_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = held(folder.path()).await;
    let message = view(&store, sakura(), "INBOX").await.entries[0].message;
    let octets = store.read(sakura(), message, ALL).await.unwrap();
    store.close().await.unwrap();
    let now_at = stands(folder.path()).await;
    let before = {
        let bodies = Bodies::open(folder.path()).unwrap();
        let before = bodies.hold_with_others(now_at).unwrap();
        bodies.end_hold(now_at.segment).unwrap();
        before
    };
    let Place { segment, offset, stored, .. } = before;
    let moved = format!("UPDATE message SET segment = {}, body_offset = {offset}, stored = {stored}", segment.0);
    meddle(folder.path(), moved.leak()).await;

    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let after = stands(folder.path()).await.segment.day();
    assert!(after.is_hold() && after != Day::HELD, "{after}");
    assert_eq!(store.read(sakura(), message, ALL).await.unwrap().0, octets.0);
    let keys = Bodies::look(&folder.path().join("bodies"), &folder.path().join("keys")).unwrap();
    assert!(keys.erased().contains(&Day::HELD) && keys.holds() == [after]);
    release(&store).await;
}
