//! What nothing needs leaves in pieces, and not what evidence comes to name meanwhile.

use fumibako_model::{Done, Pruning, What};
use fumibako_store::suite::evidence::log_at;
use fumibako_store::suite::expire::{ago, send};
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{Paper, PaperKind, PruneOrder, Store};

use super::*;

/// More than leave at once.
const LISTS: usize = 150;

/// A store that has papers for nothing, whose old evidence went.
async fn pruned() -> (tempfile::TempDir, SqliteStore, World, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let list = |n: usize| Paper::new(PaperKind::Revocation, n.to_string().into_bytes());
    let lists: Vec<Paper> = (0..LISTS).map(list).collect();
    let names = lists.iter().map(|list| list.name.clone()).collect();
    store.keep_papers(lists).await.unwrap();
    send(&store, &world, "old", ago(103)).await;
    log_at(&store, ago(103)).await.unwrap();
    let until = store.log_state().await.unwrap().size;
    let pruned = Pruning { from: 0, until, root: String::new(), signed: ago(103), years: 7 };
    let told = Done::new(now(), "gateway", What::EvidencePruned);
    store.prune(Some(PruneOrder { pruned, told }), now()).await.unwrap();
    (folder, store, world, names)
}

async fn one_piece(store: &SqliteStore, unneeded: Unneeded) -> u64 {
    let order = Order::Forget(Arc::new(unneeded));
    store.change(|reply| Command::Prune(Box::new(order), reply)).await.unwrap()
}

// Profile §8.29
#[tokio::test]
async fn a_run_cut_short_is_ended_by_the_next() {
    let (folder, store, _, names) = pruned().await;
    let (_, unneeded) = plan(&store.readers, "").await.unwrap().unwrap();
    assert_eq!(one_piece(&store, unneeded).await, LEAVE.cast_unsigned());
    store.close().await.unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!(store.papers(names.clone()).await.unwrap().len(), 50);
    assert_eq!(store.forget_papers("").await.unwrap(), 50);
    assert_eq!(store.papers(names).await.unwrap(), []);
    assert!(plan(&store.readers, "").await.unwrap().is_none(), "no more until more evidence goes");
}

// Profile §8.29
#[tokio::test]
async fn what_evidence_comes_to_name_meanwhile_stays() {
    let (_folder, store, world, names) = pruned().await;
    let (_, unneeded) = plan(&store.readers, "").await.unwrap().unwrap();
    let bundle = world.bundle(&store, (himawari(), sakura()), "new@x.example", "new");
    store.deliver(bundle.under(names[7].clone()), now()).await.unwrap();
    assert_eq!(one_piece(&store, unneeded).await, 0);
    assert_eq!(store.forget_papers("").await.unwrap(), 149);
    let left = store.papers(names.clone()).await.unwrap();
    assert_eq!(left.into_iter().map(|paper| paper.name).collect::<Vec<_>>(), [names[7].clone()]);

    // What is kept again meanwhile stays as well.
    let (_folder, store, _, names) = pruned().await;
    let (_, unneeded) = plan(&store.readers, "").await.unwrap().unwrap();
    store.keep_papers(vec![Paper::new(PaperKind::Revocation, b"7".to_vec())]).await.unwrap();
    one_piece(&store, unneeded).await;
    store.forget_papers("").await.unwrap();
    assert_eq!(store.papers(names).await.unwrap().len(), 1);
}
