//! What stays in memory, and what may no longer be told from it.

use fumibako_model::{FlagChange, Flags, NamedFlags, Refusal};
use fumibako_store::bodies::Day;
use fumibako_store::suite::expire::draft;
use fumibako_store::suite::{World, domain, himawari, now, refused, view};
use fumibako_store::{FlagOrder, Store};

use super::*;
use crate::SqliteStore;

async fn one_draft() -> (tempfile::TempDir, SqliteStore, MessageId) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    World::with(&store).await;
    draft(&store, "text", now()).await;
    let message = view(&store, himawari(), "Drafts").await.entries[0].message;
    (folder, store, message)
}

async fn heads(store: &SqliteStore, message: MessageId) -> Result<bool, StoreError> {
    Ok(store.heads(himawari(), vec![message], 1000).await?[0].is_some())
}

fn kept(store: &SqliteStore) -> usize {
    store.heads.lock().heads.len()
}

// Profile §7.45
#[tokio::test]
async fn a_header_stays_in_memory_until_its_message_goes() {
    let (_folder, store, message) = one_draft().await;
    assert_eq!(kept(&store), 0);
    assert!(heads(&store, message).await.unwrap());
    assert_eq!(kept(&store), 1);
    // The rows are not asked again.
    sqlx::query("DELETE FROM entry").execute(&store.readers).await.unwrap_err();
    assert!(store.heads.get((himawari(), message), &store.bodies).is_some());

    let status = store.status(himawari(), &"Drafts".parse().unwrap()).await.unwrap();
    let (uids, since) = (vec![fumibako_model::Uid::new(1).unwrap()], status.highest_modseq);
    let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
    let order = FlagOrder { folder: status.folder, uids, change: FlagChange::Add, flags, unchanged_since: None, since };
    store.flag(himawari(), order).await.unwrap();
    store.expunge(himawari(), status.folder, None, since).await.unwrap();
    assert!(!heads(&store, message).await.unwrap(), "it is gone, whatever is in memory");
}

#[tokio::test]
async fn what_another_lost_is_looked_up_and_not_read_again() {
    let (_folder, store, message) = one_draft().await;
    assert!(heads(&store, message).await.unwrap());
    store.heads.lose();
    assert!(store.heads.get((himawari(), message), &store.bodies).is_none());
    assert!(heads(&store, message).await.unwrap());
    assert!(store.heads.get((himawari(), message), &store.bodies).is_some());
}

#[tokio::test]
async fn of_a_day_that_is_erased_nothing_is_told() {
    let (_folder, store, message) = one_draft().await;
    assert!(heads(&store, message).await.unwrap());
    store.bodies.erase(Day::of(now())).unwrap();
    refused(heads(&store, message).await, Refusal::ContentExpired);
    store.heads.clear();
    assert_eq!(kept(&store), 0);
}

#[test]
fn the_oldest_headers_go_when_there_are_too_many() {
    let cache = HeadCache::default();
    let head = || Head { seen: 0, segment: Segment(1), octets: Private(vec![b'x'; 1 << 20].into()) };
    let most = KEPT / ((1 << 20) + BESIDE);
    for id in 0..100 {
        cache.keep((himawari(), MessageId(id)), head());
        cache.keep((himawari(), MessageId(id)), head());
    }
    let kept = cache.lock();
    assert_eq!((kept.heads.len(), kept.order.len()), (most, most));
    assert!(kept.octets <= KEPT && kept.heads.contains_key(&(himawari(), MessageId(99))));
    assert!(!kept.heads.contains_key(&(himawari(), MessageId(0))));
}
