//! Content expires in a running gateway.

use fumibako_gateway::{Reply, Request, call};
use fumibako_model::{DayState, Retention};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{World, domain, expire::ago, expire::send, sakura, view};

use crate::support::Fixture;

/// A gateway whose store has a bundle of a hundred days ago and one of five days ago.
async fn with_old_mail() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    send(&store, &world, "old", ago(100)).await;
    send(&store, &world, "new", ago(5)).await;
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    Fixture::with_config(|config| config.store_folder = from).await.keeping(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_goes_at_the_start_and_the_rest_is_told() {
    // Profile §11.4
    let gateway = with_old_mail().await;
    let socket = &gateway.config.admin_socket;
    let days = async |dry_run| match call(socket, &Request::Expire { dry_run }).await.unwrap() {
        Reply::Expiry { days } => days,
        other => panic!("{other:?}"),
    };
    // The run of the start, or this one, whichever is first.
    let done = days(false).await;
    assert!(done.iter().all(|day| day.state == DayState::Swept && day.messages == 1 && day.uncollected == 1));
    let left = days(true).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((left[0].day.as_str(), left[0].due, left[0].messages), ("2026-11-20", false, 1));
    assert_eq!(left[0].expires, Retention::default().moment_of(20_777));
    let Reply::Status(status) = call(socket, &Request::Status).await.unwrap() else { panic!("status") };
    assert_eq!((status.messages, status.evidence), (1, 5));
    let config = gateway.config.clone();
    gateway.running.stop().await;
    let store = SqliteStore::open(&config.store_folder, domain()).await.unwrap();
    assert_eq!(view(&store, sakura(), "INBOX").await.entries.len(), 1);
}
