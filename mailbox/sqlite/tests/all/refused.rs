//! Receipts that changed nothing, and how many of them are kept.

use fumibako_model::{Party, Refusal};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{OUTRUN, RefusedReceipt, Store, WhichRefused};

use super::open::meddle;

/// As if 100,000 had come since of those that only came second; the first of them is there still.
const MANY: &str = "
    INSERT INTO refused_receipt (at, login, to_office, original, sha256, code, repeated, n)
    SELECT at, login, to_office, original, 'latest', code, 1, 100000 FROM refused_receipt WHERE repeated = 1";

// Profile §8.4, §8.24
#[tokio::test]
async fn what_only_came_second_pushes_no_refusal_out() {
    let (kept, store) = super::fresh().await;
    World::with(&*store).await;
    let one = |code: &str, name: &str| RefusedReceipt {
        at: now(),
        login: Party::Office(sakura()),
        from: None,
        to: himawari(),
        original: "bundle@x.example".into(),
        sha256: name.into(),
        code: code.into(),
    };
    let refused = Refusal::ReceiptUnknownMessage.row().code;
    for (code, name) in [(refused, "refused"), (OUTRUN, "second")] {
        assert!(store.note_refused(one(code, name)).await.unwrap());
    }
    store.close().await.unwrap();
    meddle(kept.path(), MANY).await;
    let store = SqliteStore::open(kept.path(), domain()).await.unwrap();
    store.note_refused(one(OUTRUN, "one more")).await.unwrap();
    let names = async |repeated| {
        let listed = store.refused_receipts(WhichRefused { repeated, ..WhichRefused::default() }).await.unwrap();
        listed.rows.into_iter().map(|(_, row)| row.sha256).collect::<Vec<_>>()
    };
    assert_eq!(names(true).await, ["one more", "latest"], "the oldest went");
    assert_eq!(names(false).await, ["refused"]);
}
