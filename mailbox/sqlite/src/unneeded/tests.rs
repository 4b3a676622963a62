//! What nothing needs leaves in pieces, and not what evidence comes to name meanwhile.

use std::time::Duration;

use fumibako_model::{Done, Pruning, What};
use fumibako_store::suite::evidence::log_at;
use fumibako_store::suite::expire::{ago, send};
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{PAPER_NAME, Paper, PaperKind, PruneOrder, Store};

use super::*;

/// More than leave at once.
const LISTS: usize = 150;

fn lists() -> Vec<Paper> {
    (0..LISTS).map(|n| Paper::new(PaperKind::Revocation, n.to_string().into_bytes())).collect()
}

async fn pruned() -> (tempfile::TempDir, SqliteStore, World, Vec<String>) {
    pruned_of(lists()).await
}

/// A store that has these papers for nothing, whose old evidence went.
async fn pruned_of(papers: Vec<Paper>) -> (tempfile::TempDir, SqliteStore, World, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let names = papers.iter().map(|paper| paper.name.clone()).collect();
    store.keep_papers(papers).await.unwrap();
    send(&store, &world, "old", ago(103)).await;
    log_at(&store, ago(103)).await.unwrap();
    let until = store.log_state().await.unwrap().size;
    let pruned = Pruning { from: 0, until, root: String::new(), signed: ago(103), years: 7 };
    let told = Done::new(now(), "gateway", What::EvidencePruned);
    store.prune(Some(PruneOrder { pruned, told }), now()).await.unwrap();
    (folder, store, world, names)
}

async fn one_piece(store: &SqliteStore, unneeded: Unneeded) -> u64 {
    let order = Order::Forget(unneeded);
    store.change(|reply| Command::Prune(Box::new(order), reply)).await.unwrap()
}

// Profile §8.29
#[tokio::test]
async fn a_run_cut_short_is_ended_by_the_next() {
    let (folder, store, _, names) = pruned().await;
    let (_, pieces) = plan(&store.readers, "").await.unwrap().unwrap();
    assert_eq!(one_piece(&store, pieces.into_iter().next().unwrap()).await, LEAVE as u64);
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
    let (_, pieces) = plan(&store.readers, "").await.unwrap().unwrap();
    let bundle = world.bundle(&store, (himawari(), sakura()), "new@x.example", "new");
    let wanted = names.iter().filter(|name| pieces[0].names.contains(*name)).nth(7).unwrap();
    store.deliver(bundle.under(wanted.clone()), now()).await.unwrap();
    let [first, second] = pieces.try_into().unwrap();
    assert_eq!((one_piece(&store, first).await, one_piece(&store, second).await), (0, 50), "each looks after its own");
    assert_eq!(store.forget_papers("").await.unwrap(), 99);
    let left = store.papers(names.clone()).await.unwrap();
    assert_eq!(left.iter().map(|paper| &paper.name).collect::<Vec<_>>(), [wanted]);

    // What is kept again meanwhile stays as well.
    let (_folder, store, _, names) = pruned().await;
    let (_, pieces) = plan(&store.readers, "").await.unwrap().unwrap();
    store.keep_papers(vec![Paper::new(PaperKind::Revocation, b"7".to_vec())]).await.unwrap();
    for piece in pieces {
        one_piece(&store, piece).await;
    }
    store.forget_papers("").await.unwrap();
    assert_eq!(store.papers(names).await.unwrap().len(), 1);
}

// Profile §8.29
#[tokio::test]
async fn what_leads_to_others_leaves_before_them() {
    let mut papers = lists();
    let state = TrustState::new(papers.iter().map(|list| list.name.clone()).collect());
    let state = Paper::new(PaperKind::Trust, serde_json::to_vec(&state).unwrap());
    // By its name it would be the last.
    let state = Paper { name: "f".repeat(PAPER_NAME), ..state };
    papers.push(state.clone());
    let (_folder, store, world, names) = pruned_of(papers).await;
    let (_, pieces) = plan(&store.readers, "").await.unwrap().unwrap();
    let bundle = world.bundle(&store, (himawari(), sakura()), "new@x.example", "new");
    store.deliver(bundle.under(state.name), now()).await.unwrap();
    assert_eq!(one_piece(&store, pieces.into_iter().next().unwrap()).await, 0, "nor what it leads to");
    assert_eq!(store.forget_papers("").await.unwrap(), 0);
    assert_eq!(store.papers(names).await.unwrap().len(), LISTS + 1);
}

// Profile §8.29
#[tokio::test]
async fn evidence_is_read_while_others_expire_or_copy_and_once() {
    let (_folder, store, world, names) = pruned().await;
    for (id, name) in names.iter().enumerate().take(3) {
        let bundle = world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), &id.to_string());
        store.deliver(bundle.under(name.clone()), now()).await.unwrap();
    }
    let read = async || {
        let read: i64 = sqlx::query_scalar("SELECT value FROM counter WHERE name = 'papers_read'")
            .fetch_one(&store.readers)
            .await
            .unwrap();
        let last: i64 = sqlx::query_scalar("SELECT max(id) FROM evidence").fetch_one(&store.readers).await.unwrap();
        read == last
    };
    let busy = store.expiring.lock().await;
    let also = store.clone();
    let forgetting = tokio::spawn(async move { also.forget_papers("").await });
    let all_read = async {
        while !read().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all_read).await.expect("nobody waits for it");
    assert!(!forgetting.is_finished(), "papers go one after the other with expiry");
    drop(busy);
    assert_eq!(forgetting.await.unwrap().unwrap(), 147);
    assert!(read_on(&store.readers).await.unwrap().is_none());
    let noted: Vec<String> =
        sqlx::query_scalar("SELECT name FROM paper_named").fetch_all(&store.readers).await.unwrap();
    let left = store.papers(names[..3].to_vec()).await.unwrap();
    assert!(left.len() == 3 && left.iter().all(|paper| noted.contains(&paper.name)), "{noted:?}");
}
