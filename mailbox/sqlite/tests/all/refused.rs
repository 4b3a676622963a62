//! Receipts that changed nothing, and how many of them are kept.

use fumibako_model::{Party, Refusal};
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::Day;
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{OUTRUN, RefusedCount, RefusedReceipt, Store, WhichRefused};

use super::open::meddle;

/// As if 100,000 had come since of those that only came second; the first of them is there still.
const MANY: &str = "
    INSERT INTO refused_receipt (at, login, to_office, original, sha256, code, repeated, n)
    SELECT at, login, to_office, original, 'latest', code, 1, 100000 FROM refused_receipt WHERE repeated = 1";

fn one(code: &str, name: &str) -> RefusedReceipt {
    RefusedReceipt {
        at: now(),
        login: Party::Office(sakura()),
        from: None,
        to: himawari(),
        original: "bundle@x.example".into(),
        sha256: name.into(),
        code: code.into(),
    }
}

// Profile §8.4, §8.24
#[tokio::test]
async fn what_only_came_second_pushes_no_refusal_out() {
    let (kept, store) = super::fresh().await;
    World::with(&*store).await;
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

// Profile §8.4
#[tokio::test]
async fn a_damaged_row_keeps_no_other_from_the_list() {
    let (kept, store) = super::fresh().await;
    World::with(&*store).await;
    let refused = Refusal::ReceiptUnknownMessage.row().code;
    for number in 1..=102 {
        store.note_refused(one(refused, &number.to_string())).await.unwrap();
    }
    store.close().await.unwrap();
    for (number, damage) in [
        (3, "at = 9223372036854775807"),
        (4, "login = 'nobody at all'"),
        (5, "from_office = '12'"),
        (6, "to_office = CAST(x'ff' AS TEXT)"),
        (7, "original = CAST(x'ff' AS TEXT)"),
        (8, "sha256 = CAST(x'ff' AS TEXT)"),
        (9, "code = CAST(x'ff' AS TEXT)"),
    ] {
        meddle(kept.path(), &format!("UPDATE refused_receipt SET {damage} WHERE n = {number}")).await;
    }
    meddle(kept.path(), "UPDATE refused_daily SET login = CAST(x'ff' AS TEXT)").await;
    let store = SqliteStore::open(kept.path(), domain()).await.unwrap();
    let listed = store.refused_receipts(WhichRefused::default()).await.unwrap();
    assert_eq!(listed.damaged, [9, 8, 7, 6, 5, 4, 3]);
    let names: Vec<_> = listed.rows.iter().map(|(_, row)| row.sha256.clone()).collect();
    let sound: Vec<_> = (10..=100).rev().chain([2, 1]).map(|number| number.to_string()).collect();
    assert_eq!(names, sound);
    let more = RefusedCount { day: Day::of(now()), login: None, repeated: false, count: 2 };
    assert_eq!(listed.more, [more]);
}

// Profile §8.27
#[tokio::test]
async fn of_what_was_only_counted_the_latest_are_known_again() {
    let (kept, store) = super::fresh().await;
    World::with(&*store).await;
    let refused = Refusal::ReceiptUnknownMessage.row().code;
    for number in 1..=102 {
        assert!(store.note_refused(one(refused, &number.to_string())).await.unwrap());
    }
    store.close().await.unwrap();
    // As if so many had come since that the first of the two is not of the latest any more.
    meddle(kept.path(), "UPDATE refused_counted SET n = 100001 WHERE sha256 = '102'").await;
    let store = SqliteStore::open(kept.path(), domain()).await.unwrap();
    let new = async |name| store.note_refused(one(refused, name)).await.unwrap();
    assert!(new("103").await);
    assert_eq!((new("102").await, new("103").await, new("101").await), (false, false, true));
}
