//! A folder from memory is the folder as it stands.

use fumibako_model::{FlagChange, Flags, NamedFlags};
use fumibako_store::suite::expire::draft;
use fumibako_store::suite::{World, domain, himawari, now};
use fumibako_store::{FlagOrder, Store};

use super::*;
use crate::SqliteStore;

async fn opened(store: &SqliteStore, name: &str) -> FolderView {
    let name: FolderName = name.parse().unwrap();
    let view = store.open(himawari(), &name).await.unwrap();
    // One that has nothing in memory reads the rows.
    assert_eq!(view, Views::default().open(&store.readers, himawari(), &name).await.unwrap());
    view
}

fn kept(store: &SqliteStore, name: &str) -> Arc<[Entry]> {
    store.views.0.get(&(himawari(), name.parse().unwrap())).unwrap().entries
}

async fn flag(store: &SqliteStore, view: &FolderView, flags: Flags) {
    let flags = NamedFlags { system: flags.system, keywords: vec!["plan".into()] };
    let (folder, since, uids) = (view.status.folder, view.status.highest_modseq, vec![view.entries[0].uid]);
    let order = FlagOrder { folder, uids, change: FlagChange::Add, flags, unchanged_since: None, since };
    store.flag(himawari(), order).await.unwrap();
}

// Profile §7.29
#[tokio::test]
async fn a_folder_is_read_again_once_it_changed_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    World::with(&store).await;
    assert!(opened(&store, "Drafts").await.entries.is_empty());
    draft(&store, "one", now()).await;
    let view = opened(&store, "Drafts").await;
    assert_eq!(view.entries.len(), 1);
    let first = kept(&store, "Drafts");
    opened(&store, "Drafts").await;
    assert!(Arc::ptr_eq(&first, &kept(&store, "Drafts")), "the same copy");

    flag(&store, &view, Flags::DELETED).await;
    let flagged = opened(&store, "Drafts").await;
    assert!(flagged.entries[0].flags.has(Flags::DELETED) && flagged.keywords != view.keywords);
    draft(&store, "two", now()).await;
    assert_eq!(opened(&store, "Drafts").await.entries.len(), 2);
    store.expunge(himawari(), view.status.folder, None, view.status.highest_modseq).await.unwrap();
    assert_eq!(opened(&store, "Drafts").await.entries.len(), 1);
    assert!(!Arc::ptr_eq(&first, &kept(&store, "Drafts")));
}

// Profile §7.29
#[tokio::test]
async fn a_folder_with_the_name_of_another_is_not_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    World::with(&store).await;
    draft(&store, "one", now()).await;
    let [own, other]: [FolderName; 2] = ["own", "other"].map(|name| name.parse().unwrap());
    store.create(himawari(), own.clone()).await.unwrap();
    assert!(opened(&store, "own").await.entries.is_empty());
    store.rename(himawari(), own.clone(), other.clone(), now()).await.unwrap();
    store.open(himawari(), &own).await.unwrap_err();
    assert!(opened(&store, "other").await.entries.is_empty());
    store.create(himawari(), own.clone()).await.unwrap();
    let again = opened(&store, "own").await;
    store.delete(himawari(), own.clone()).await.unwrap();
    store.create(himawari(), own).await.unwrap();
    assert_ne!(opened(&store, "own").await.status.folder, again.status.folder);
}

fn many(count: usize) -> Kept {
    let entry = Entry {
        uid: fumibako_model::Uid::new(1).unwrap(),
        flags: Flags::SEEN,
        modseq: fumibako_model::ModSeq(1),
        message: fumibako_model::MessageId(1),
        size: 1,
        received_at: now(),
        saved_at: now(),
    };
    Kept { folder: 1, modseq: 1, entries: vec![entry; count].into() }
}

// Profile §7.29
#[test]
fn what_is_kept_has_an_end() {
    let views = Views::default();
    for id in 0..100 {
        views.0.insert((himawari(), format!("folder{id}").parse().unwrap()), many(10_000));
    }
    assert!(views.0.weight() <= KEPT && views.0.len() > 10, "{} in {}", views.0.weight(), views.0.len());
}

// Profile §7.29
#[test]
fn one_large_folder_is_kept_however_many_cores_there_are() {
    let (views, key) = (Views::default(), (himawari(), "Inbox2".parse::<FolderName>().unwrap()));
    views.0.insert(key.clone(), many(150_000));
    assert_eq!(views.0.get(&key).map(|kept| kept.entries.len()), Some(150_000));
    views.0.insert(key.clone(), many(200_001));
    assert!(views.0.get(&key).is_none(), "more than all may have together");
}
