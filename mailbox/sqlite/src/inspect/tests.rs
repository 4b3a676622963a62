//! Damage is told by file and message, and healthy mail stays readable (Profile §11.8).

use std::fs;
use std::path::PathBuf;

use fumibako_store::Store;
use fumibako_store::suite::expire::{ago, draft, keep, send};
use fumibako_store::suite::{ALL, World, domain, himawari, now, sakura, view};
use fumibako_store::{Asked, bodies::Day};
use sqlx::{ConnectOptions as _, Connection as _};

use super::*;
use crate::SqliteStore;

/// Two bundles and a draft of yesterday, two bundles of today. The store is closed.
async fn kept() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for (id, days) in [("a", 1), ("b", 1), ("c", 0), ("d", 0)] {
        send(&store, &world, id, ago(days)).await;
        if id == "b" {
            draft(&store, "a draft", ago(1)).await;
        }
    }
    let yesterday = store.bodies.segments().unwrap()[0].0;
    let file = store.bodies.file(yesterday);
    store.close().await.unwrap();
    (folder, file)
}

async fn look(folder: &Path) -> Inspection {
    SqliteStore::look_through(folder, None).await.unwrap()
}

async fn meddle(folder: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE_FILE));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The folder is told the fault, and today's mail is readable.
async fn damaged(folder: &Path, words: &[&str], messages: u64) -> Fault {
    let found = look(folder).await;
    let [fault] = &found.faults[..] else { panic!("{:?}", found.faults) };
    assert!(words.iter().all(|word| fault.what.contains(word)), "{}", fault.what);
    assert_eq!((fault.messages, found.messages), (messages, 5 - messages), "{fault:?}");
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    let inbox = view(&store, sakura(), "INBOX").await;
    assert!(store.read(sakura(), inbox.entries[2].message, ALL).await.is_ok(), "today's mail reads");
    let broken = store.read(sakura(), inbox.entries[0].message, ALL).await;
    assert!(
        matches!(&broken, Err(StoreError::Failed(why)) if words.iter().all(|word| why.contains(word))),
        "{broken:?}"
    );
    assert_eq!(store.inspect().await.unwrap().faults, found.faults, "a store that runs says the same");
    store.close().await.unwrap();
    fault.clone()
}

#[tokio::test]
async fn a_sound_store_is_looked_through_and_left_as_it_is() {
    let (folder, _) = kept().await;
    let files = || {
        let names = |path: &Path| fs::read_dir(path).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
        (names(folder.path()), names(&folder.path().join("keys")))
    };
    let before = files();
    let found = look(folder.path()).await;
    assert_eq!((found.messages, found.files, found.unnamed, found.expired), (5, 2, 0, 0));
    assert_eq!(found.faults, []);
    assert_eq!(files(), before);
}

#[tokio::test]
async fn a_flipped_octet_is_told_with_its_message() {
    let (folder, file) = kept().await;
    let mut octets = fs::read(&file).unwrap();
    octets[200] ^= 1;
    fs::write(&file, octets).unwrap();
    let fault = damaged(folder.path(), &[&file.display().to_string(), "damaged at octet", "backup"], 1).await;
    let places: Vec<_> = fault.places.iter().map(|at| (at.office, at.folder.as_str(), at.uid.get())).collect();
    assert_eq!(places, [(himawari(), "Sent", 1), (sakura(), "INBOX", 1)]);
}

#[tokio::test]
async fn a_file_cut_short_is_told() {
    let (folder, file) = kept().await;
    let cut = fs::File::options().write(true).open(&file).unwrap();
    cut.set_len(60).unwrap();
    let found = look(folder.path()).await;
    assert_eq!((found.messages, found.faults.iter().map(|fault| fault.messages).sum::<u64>()), (2, 3));
    assert!(found.faults.iter().all(|fault| fault.what.contains("damaged") && fault.kind == FaultKind::Body));
}

#[tokio::test]
async fn a_file_that_is_gone_is_told_once_for_all_its_messages() {
    let (folder, file) = kept().await;
    fs::remove_file(&file).unwrap();
    damaged(folder.path(), &[&file.display().to_string(), "missing", "backup"], 3).await;
}

#[tokio::test]
async fn without_its_key_ring_a_store_does_not_open_and_says_what_to_do() {
    let (folder, _) = kept().await;
    fs::remove_file(folder.path().join("keys/ring")).unwrap();
    for outcome in [
        SqliteStore::look_through(folder.path(), None).await.map(drop),
        SqliteStore::open(folder.path(), domain()).await.map(drop),
    ] {
        match outcome {
            Err(StoreError::Failed(why)) => assert!(why.contains("ring") && why.contains("backup"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn counters_and_digests_that_do_not_hold_are_told() {
    let (folder, _) = kept().await;
    meddle(folder.path(), "UPDATE mailbox SET unseen = 9 WHERE id = 7; UPDATE office SET used_bytes = 1 WHERE id = 1")
        .await;
    meddle(folder.path(), "UPDATE message SET sha256 = zeroblob(32) WHERE message_id = 'c@x.example'").await;
    let found = look(folder.path()).await;
    let kinds: Vec<_> = found.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [FaultKind::Body, FaultKind::Counter, FaultKind::Counter], "{:?}", found.faults);
    assert!(found.faults[0].what.contains("another message than its row says"));
    assert!(found.faults[1].what.contains("9 unseen") && found.faults[2].what.contains("1 bytes in all"));
}

// Profile §5.8
#[tokio::test]
async fn a_message_that_stands_twice_is_told() {
    let (folder, _) = kept().await;
    let again =
        "INSERT INTO message (id, size, message_id, sender, received_at, sent_key, segment, body_offset, stored)
                 SELECT id + 100, size, message_id, sender, received_at, sent_key, segment, body_offset, 0
                 FROM message WHERE message_id = 'c@x.example'";
    meddle(folder.path(), again).await;
    let found = look(folder.path()).await;
    let [fault] = &found.faults[..] else { panic!("{:?}", found.faults) };
    assert!(fault.kind == FaultKind::Counter && fault.what.starts_with("<c@x.example> of office "), "{fault:?}");
}

#[tokio::test]
async fn what_expired_is_no_fault_and_rows_of_a_newer_version_are_not_judged() {
    let (folder, _) = kept().await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.bodies.erase(Day::of(ago(1))).unwrap();
    let found = store.inspect().await.unwrap();
    assert_eq!((found.messages, found.expired, found.faults.len()), (2, 3, 0));
    store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    assert_eq!(store.inspect().await.unwrap().expired, 0);
    store.close().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', TRUE, x'00', 0)";
    meddle(folder.path(), newer).await;
    match SqliteStore::look_through(folder.path(), None).await {
        Err(StoreError::Broken(why)) => assert!(why.contains("newer Fumibako") && why.contains("9999"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_store_that_is_open_or_not_there_is_not_looked_through_from_outside() {
    let (folder, _) = kept().await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert!(matches!(SqliteStore::look_through(folder.path(), None).await, Err(StoreError::Busy(_))));
    store.close().await.unwrap();
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(SqliteStore::look_through(empty.path(), None).await, Err(StoreError::Failed(_))));
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "and none is made");
}
