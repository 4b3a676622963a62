//! A store copied under load comes back whole, and gives nothing twice.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use fumibako_model::{FolderView, ModSeq, Uid};
use fumibako_store::suite::expire::{ago, draft, keep, send};
use fumibako_store::suite::{ALL, World, domain, himawari, now, sakura, view};
use fumibako_store::{Asked, Store};

use super::*;

struct Places {
    outer: tempfile::TempDir,
}

impl Places {
    fn new() -> Self {
        Self { outer: tempfile::tempdir().unwrap() }
    }
    fn at(&self, name: &str) -> PathBuf {
        self.outer.path().join(name)
    }
    async fn open(&self, name: &str) -> SqliteStore {
        SqliteStore::open(&self.at(name), domain()).await.unwrap()
    }
    fn keys(&self) -> PathBuf {
        self.at("store/keys")
    }
}

async fn octets(store: &SqliteStore, view: &FolderView) -> BTreeMap<Uid, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in &view.entries {
        all.insert(entry.uid, store.read(sakura(), entry.message, ALL).await.unwrap().0.to_vec());
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_copied_under_load_comes_back_and_gives_nothing_twice() {
    // Profile §11.9
    let places = Places::new();
    let store = Arc::new(places.open("store").await);
    let world = Arc::new(World::with(&*store).await);
    for id in 0..20 {
        send(&*store, &world, &format!("before{id}"), ago(1)).await;
    }
    let (busy, also) = (Arc::clone(&store), Arc::clone(&world));
    let load = tokio::spawn(async move {
        for id in 0..150 {
            send(&*busy, &also, &format!("meanwhile{id}"), now()).await;
        }
    });
    let done = store.back_up(places.at("copy"), None, now()).await.unwrap();
    load.await.unwrap();
    assert!(done.files >= 2 && done.missing.is_empty(), "{done:?}");
    assert!(!places.at("copy/keys").exists(), "keys are not in it");
    let inbox = view(&*store, sakura(), "INBOX").await;
    let then = octets(&store, &inbox).await;
    let evidence = store.census().await.unwrap().evidence;
    store.close().await.unwrap();

    let verified = SqliteStore::verify_backup(&places.at("copy"), Some(&places.keys())).await.unwrap();
    assert_eq!((verified.wrong.len(), verified.files), (0, done.files));
    assert_eq!(verified.inside.unwrap().faults, []);
    let restored = SqliteStore::restore(&places.at("copy"), &places.keys(), &places.at("again"), now()).await.unwrap();
    assert_eq!((restored.erased.len(), restored.without_key.len()), (0, 0));

    let again = places.open("again").await;
    let came = view(&again, sakura(), "INBOX").await;
    let back = octets(&again, &came).await;
    assert!(back.len() >= 20 && back.iter().all(|(uid, octets)| then.get(uid) == Some(octets)));
    assert!(came.status.uid_next > inbox.status.uid_next && came.status.highest_modseq > inbox.status.highest_modseq);
    let told = again.since(sakura(), came.status.folder, inbox.status.highest_modseq).await.unwrap();
    let lost: Vec<Uid> = then.keys().copied().filter(|uid| !back.contains_key(uid)).collect();
    assert!(lost.iter().all(|uid| told.vanished.contains(*uid)), "who had them is told they are gone");
    assert_eq!(told.entries.len(), back.len());
    let next = send(&again, &world, "later", now()).await;
    let later = view(&again, sakura(), "INBOX").await;
    assert!(later.entries.last().unwrap().uid > *then.keys().last().unwrap());
    assert!(next.evidence.0 - (20_782_i64 << 40) > evidence.cast_signed());
    assert!(ModSeq(0) < later.status.highest_modseq && again.inspect().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn what_was_erased_since_stays_erased() {
    // Profile §11.9
    let places = Places::new();
    let store = places.open("store").await;
    let world = World::with(&store).await;
    send(&store, &world, "old", ago(91)).await;
    send(&store, &world, "new", now()).await;
    draft(&store, "a draft", ago(91)).await;
    store.back_up(places.at("copy"), Some(places.at("old-keys")), now()).await.unwrap();
    store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    store.close().await.unwrap();
    let restored = SqliteStore::restore(&places.at("copy"), &places.keys(), &places.at("again"), now()).await.unwrap();
    assert_eq!((restored.erased, restored.files), (vec![Day::of(ago(91))], 1));
    let again = places.open("again").await;
    assert_eq!(view(&again, sakura(), "INBOX").await.entries.len(), 2, "rows of a day that is gone");
    let swept = again.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    assert_eq!((swept.days.len(), swept.days[0].messages), (1, 2));
    assert_eq!(view(&again, sakura(), "INBOX").await.entries.len(), 1);
    assert!(view(&again, himawari(), "Drafts").await.entries.is_empty());
    // The warning of `--keys` is true: with the keys of then, it reads.
    let then = SqliteStore::verify_backup(&places.at("copy"), Some(&places.at("old-keys"))).await.unwrap();
    assert_eq!(then.inside.map(|inside| (inside.messages, inside.expired)), Some((3, 0)));
}

#[tokio::test]
async fn a_copy_that_is_not_whole_is_refused() {
    let places = Places::new();
    let store = places.open("store").await;
    let world = World::with(&store).await;
    send(&store, &world, "a", now()).await;
    store.back_up(places.at("copy"), None, now()).await.unwrap();
    let refused = |outcome: Result<(), StoreError>, word: &str| match outcome {
        Err(StoreError::Failed(why)) => assert!(why.contains(word), "{why}"),
        other => panic!("{other:?}"),
    };
    refused(store.back_up(places.at("copy"), None, now()).await.map(drop), "not empty");
    let restore = async |to: &str| {
        SqliteStore::restore(&places.at("copy"), &places.keys(), &places.at(to), now()).await.map(drop)
    };
    refused(restore("store").await, "not empty");
    let segment = places.at("copy/bodies/2026-11-25/0.seg");
    let octets = fs::read(&segment).unwrap();
    fs::write(&segment, &octets[1..]).unwrap();
    refused(restore("again").await, "0.seg");
    let wrong = SqliteStore::verify_backup(&places.at("copy"), None).await.unwrap().wrong;
    assert!(wrong.len() == 1 && wrong[0].contains("not what was written"), "{wrong:?}");
    fs::remove_file(&segment).unwrap();
    assert!(SqliteStore::verify_backup(&places.at("copy"), None).await.unwrap().wrong[0].contains("missing"));
    fs::remove_file(places.at("copy/manifest.json")).unwrap();
    refused(restore("again").await, "no whole backup");
    assert!(!places.at("again").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_file_the_store_lacks_is_told_and_the_rest_is_copied() {
    let places = Places::new();
    let store = places.open("store").await;
    let world = World::with(&store).await;
    send(&store, &world, "a", ago(1)).await;
    send(&store, &world, "b", now()).await;
    fs::remove_file(places.at("store/bodies/2026-11-24/0.seg")).unwrap();
    let done = store.back_up(places.at("copy"), None, now()).await.unwrap();
    assert_eq!((done.files, done.missing.len()), (2, 1));
    assert!(done.missing[0].ends_with("bodies/2026-11-24/0.seg"));
}
