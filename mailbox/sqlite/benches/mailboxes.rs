//! Figures of this machine: `cargo bench -p fumibako-sqlite`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::sync::Arc;

use fumibako_model::{FlagChange, Flags, ModSeq, NamedFlags, Uid};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{World, at_once, domain, folder, himawari, now, sakura};
use fumibako_store::{FlagOrder, Store};

/// How long something took, in milliseconds.
async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    #[expect(clippy::disallowed_methods, reason = "a measurement")]
    let start = std::time::Instant::now();
    let done = work.await;
    println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1000.0);
    done
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    deliveries().await;
    folder_with_50000_messages().await;
}

/// A store in a folder that lives as long as the first value.
async fn fresh() -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    (folder, Arc::new(store))
}

async fn deliveries() {
    for (bytes, clients, each) in
        [(3_000, 1, 500), (3_000, 64, 50), (37_000, 1, 300), (37_000, 8, 100), (37_000, 64, 30)]
    {
        let (_folder, store) = fresh().await;
        let world = World::with(&*store).await;
        let text = "x".repeat(bytes);
        let one = |id: String| world.bundle(&*store, (himawari(), sakura()), &id, &text);
        let ready: Vec<Vec<_>> =
            (0..clients).map(|c| (0..each).map(|n| one(format!("{c}.{n}@x.example"))).collect()).collect();
        let what = format!("{} deliveries of {} KB by {clients} at once", clients * each, bytes * 4 / 3 / 1000);
        let calls = ready.into_iter().map(|bundles| {
            let store = Arc::clone(&store);
            async move {
                for bundle in bundles {
                    store.deliver(bundle, now()).await.unwrap();
                }
            }
        });
        timed(&what, at_once(calls)).await;
    }
}

async fn folder_with_50000_messages() {
    let (_folder, store) = fresh().await;
    let world = World::with(&*store).await;
    for id in 0..50 {
        let bundle = world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), "one");
        store.deliver(bundle, now()).await.unwrap();
    }
    let sent = store.status(himawari(), &folder("Sent")).await.unwrap();
    let uids: Vec<Uid> = (1..=50).filter_map(Uid::new).collect();
    timed("1000 copies of 50", async {
        for _ in 0..1000 {
            store.copy(himawari(), sent.folder, uids.clone(), folder("Archive")).await.unwrap();
        }
    })
    .await;
    let archive = timed("open", store.open(himawari(), &folder("Archive"))).await.unwrap();
    assert_eq!(archive.entries.len(), 50_000);
    timed("open again", store.open(himawari(), &folder("Archive"))).await.unwrap();
    timed("status", store.status(himawari(), &folder("Archive"))).await.unwrap();
    let (id, since) = (archive.status.folder, archive.status.highest_modseq);
    timed("since, unchanged", store.since(himawari(), id, since)).await.unwrap();
    let one = FlagOrder {
        folder: id,
        uids: uids[..1].to_vec(),
        change: FlagChange::Add,
        flags: NamedFlags { system: Flags::FLAGGED.system, keywords: vec![] },
        since,
    };
    timed("flag one", store.flag(himawari(), one.clone())).await.unwrap();
    let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
    let all = FlagOrder { uids: archive.entries.iter().map(|entry| entry.uid).collect(), flags, ..one };
    timed("flag all", store.flag(himawari(), all)).await.unwrap();
    timed("expunge all", store.expunge(himawari(), id, None, ModSeq(0))).await.unwrap();
}
