//! A hold has a key of its own, which goes before it is said that the content is gone (Profile §8.28, §11.6).

use std::path::Path;

use fumibako_model::{Done, What};
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::{Bodies, BodyError, Day, Place, Segment};
use fumibako_store::suite::expire::{ago, keep, send};
use fumibako_store::suite::{ALL, World, domain, now, sakura, view};
use fumibako_store::{Asked, HoldOrder, Store, Which, WhichActs};
use sqlx::{Connection as _, SqliteConnection};

use super::open::meddle;

fn order() -> HoldOrder {
    let (message_id, reason) = ("held@x.example".into(), "審査請求".into());
    HoldOrder { office: sakura(), message_id, reason, by: "運用者".into() }
}

/// A store with one message that is held over its day.
async fn held(folder: &Path) -> SqliteStore {
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    let world = World::with(&store).await;
    send(&store, &world, "held", ago(91)).await;
    store.hold(order(), now()).await.unwrap();
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

/// A store with one message that nobody holds, and where its body stands.
async fn kept(folder: &Path) -> Place {
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    let world = World::with(&store).await;
    send(&store, &world, "held", ago(91)).await;
    store.close().await.unwrap();
    stands(folder).await
}

/// A copy as a hold of this number makes it.
fn copy(folder: &Path, place: Place, number: i32) -> Segment {
    let bodies = Bodies::open(folder).unwrap();
    let own = bodies.next_hold(number - 1).unwrap();
    assert_eq!(own.hold_number(), number);
    bodies.hold(place, own).unwrap().segment
}

fn keys(folder: &Path) -> Bodies {
    Bodies::look(&folder.join("bodies"), &folder.join("keys")).unwrap()
}

fn files(folder: &Path, segment: Segment) -> Vec<String> {
    let folder = folder.join("bodies").join(segment.day().to_string());
    let inside = std::fs::read_dir(folder).into_iter().flatten();
    inside.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

// Profile §11.6
#[tokio::test]
async fn what_a_crash_leaves_of_the_first_hold_goes_with_its_key() {
    for step in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let place = kept(folder.path()).await;
        meddle(folder.path(), "UPDATE counter SET value = 1 WHERE name = 'hold_number'").await;
        if step > 1 {
            let segment = copy(folder.path(), place, 1);
            assert_eq!(keys(folder.path()).holds(), [segment.day()]);
        }
        if step == 2 {
            std::fs::remove_dir_all(folder.path().join("bodies/held-1")).unwrap();
        }
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        let left = keys(folder.path());
        assert_eq!((left.holds(), left.erased().len()), (vec![], usize::from(step > 1)), "step {step}");
        assert!(!folder.path().join("bodies/held-1").exists(), "step {step}");
        assert_eq!(store.hold(order(), now()).await.unwrap(), 1, "it is placed anew");
        assert_eq!(keys(folder.path()).holds().len(), 1);
        store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
        let entry = view(&store, sakura(), "INBOX").await.entries[0];
        assert!(store.read(sakura(), entry.message, ALL).await.is_ok(), "step {step}");
    }
}

// Profile §11.3, §11.6
#[tokio::test]
async fn a_copy_whose_number_no_row_knows_is_moved_aside_and_reads_on() {
    let folder = tempfile::tempdir().unwrap();
    let place = kept(folder.path()).await;
    // The rows are of a day before the hold.
    let segment = copy(folder.path(), place, 1);
    for _ in 0..2 {
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        assert_eq!(files(folder.path(), segment), ["0.unnamed-0"]);
        assert_eq!(keys(folder.path()).holds()[0], segment.day());
        let _ = store.hold(order(), now()).await;
        assert!(stands(folder.path()).await.segment > segment, "no number comes again");
        store.close().await.unwrap();
    }
}

// Profile §11.6
#[tokio::test]
async fn the_key_of_a_hold_that_no_row_knows_goes_when_the_operator_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let place = kept(folder.path()).await;
    // The rows are of a day before the hold.
    let stray = copy(folder.path(), place, 7);
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.hold(order(), now()).await.unwrap();
    let own = stands(folder.path()).await.segment;
    assert_eq!(store.stray_holds().await.unwrap(), [stray.day()]);
    let done = || Done::new(now(), "運用者", What::HoldReleased).noting("前の保管庫は破棄した");
    assert_eq!(store.end_stray_holds(done()).await.unwrap(), [stray.day()]);
    assert_eq!((keys(folder.path()).holds(), keys(folder.path()).erased()), (vec![own.day()], vec![stray.day()]));
    assert_eq!((store.stray_holds().await.unwrap(), store.end_stray_holds(done()).await.unwrap()), (vec![], vec![]));
    let acts = store.acts(WhichActs::default()).await.unwrap();
    let told: Vec<_> = acts.iter().filter(|row| row.contains("hold-released")).collect();
    assert!(told.len() == 1 && told[0].contains(&stray.day().to_string()) && told[0].contains("運用者"), "{told:?}");
    let entry = view(&store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok(), "what is held stays");
}

// Profile §11.6
#[tokio::test]
async fn a_copy_whose_hold_has_ended_goes_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let Place { segment, offset, stored, .. } = kept(folder.path()).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.hold(order(), now()).await.unwrap();
    store.close().await.unwrap();
    let copied = stands(folder.path()).await.segment;
    // As the commit of its end leaves it, its day being kept.
    let back = format!("UPDATE message SET segment = {}, body_offset = {offset}, stored = {stored}", segment.0);
    meddle(folder.path(), back.leak()).await;
    meddle(folder.path(), "UPDATE hold SET released_by = '運用者', released_at = 1").await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!((files(folder.path(), copied), keys(folder.path()).erased()), (vec![], vec![copied.day()]));
    let entry = view(&store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
}

// Profile §11.6
#[tokio::test]
async fn of_holds_from_before_numbers_were_written_down_those_in_force_stay() {
    let folder = tempfile::tempdir().unwrap();
    held(folder.path()).await.close().await.unwrap();
    let place = stands(folder.path()).await;
    let left = copy(folder.path(), place, 2);
    meddle(folder.path(), "UPDATE counter SET value = -1 WHERE name = 'hold_number'").await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!((files(folder.path(), left).len(), keys(folder.path()).holds()), (0, vec![place.segment.day()]));
    store.close().await.unwrap();
    // From here on they are: this one is unknown.
    let unknown = copy(folder.path(), place, 3);
    SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!(files(folder.path(), unknown), ["0.unnamed-0"]);
}

// Profile §11.6
#[tokio::test]
async fn who_asked_for_the_end_is_known_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    held(folder.path()).await.close().await.unwrap();
    meddle(
        folder.path(),
        "CREATE TRIGGER cut BEFORE UPDATE OF released_at ON hold BEGIN SELECT RAISE(ABORT, 'cut'); END",
    )
    .await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.release(sakura(), "held@x.example".into(), "別の運用者".into(), now()).await.unwrap_err();
    assert!(keys(folder.path()).holds().is_empty(), "its key is gone");
    assert_eq!((store.holds().await.unwrap()[0].ended.is_none(), erasures(&store).await), (true, 0));
    store.close().await.unwrap();
    meddle(folder.path(), "DROP TRIGGER cut").await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    let ended = store.holds().await.unwrap()[0].ended.clone().unwrap();
    assert!(ended.erased && ended.by == "別の運用者", "{ended:?}");
    assert_eq!(erasures(&store).await, 1);
}

// Profile §11.6
#[tokio::test]
async fn a_hold_that_cannot_be_placed_leaves_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let place = kept(folder.path()).await;
    meddle(folder.path(), "CREATE TRIGGER cut BEFORE INSERT ON hold BEGIN SELECT RAISE(ABORT, 'cut'); END").await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.hold(order(), now()).await.unwrap_err();
    assert_eq!((keys(folder.path()).holds(), keys(folder.path()).erased().len()), (vec![], 1));
    store.close().await.unwrap();
    meddle(folder.path(), "DROP TRIGGER cut").await;
    // Nor one whose body does not open.
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let file = folder.path().join("bodies").join(place.segment.day().to_string()).join("0.seg");
    std::fs::rename(&file, file.with_extension("away")).unwrap();
    store.hold(order(), now()).await.unwrap_err();
    assert_eq!(keys(folder.path()).holds(), []);
    std::fs::rename(file.with_extension("away"), &file).unwrap();
    assert_eq!(store.hold(order(), now()).await.unwrap(), 1);
}
