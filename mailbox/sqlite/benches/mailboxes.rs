//! Many mailboxes and large ones: `cargo bench -p fumibako-sqlite --bench mailboxes`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::path::Path;
use std::sync::Arc;

use fumibako_model::{FlagChange, Flags, ModSeq, NamedFlags, OfficeNumber, Uid};
use fumibako_sqlite::{DATABASE_FILE, SqliteStore};
use fumibako_store::suite::expire::{ago, keep};
use fumibako_store::suite::{World, at_once, domain, folder, himawari, now, sakura};
use fumibako_store::{Admitted, Asked, CopyOrder, FlagOrder, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

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
    folder_with_50000_messages().await;
    expiry_of_10000_messages().await;
    a_large_store().await;
}

/// A store in a folder that lives as long as the first value.
async fn fresh() -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    (folder, Arc::new(store))
}

/// Offices of the large store; each has six folders.
const OFFICES: u32 = 41_667;
/// Messages there before, each in two folders.
const MESSAGES: u32 = 2_500_000;
/// Deliveries that are measured, by eight senders.
const DELIVERIES: usize = 4_000;
const SENDERS: usize = 8;

/// 250,000 mailboxes with 5 million entries: what a delivery and the usual questions take there.
async fn a_large_store() {
    let kept = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(kept.path(), domain()).await.unwrap());
    let world = Arc::new(World::with(&*store).await);
    store.close().await.unwrap();
    timed("250,000 mailboxes and 5,000,000 entries made", fill(kept.path())).await;
    let store = timed("opened", SqliteStore::open(kept.path(), domain())).await.unwrap();
    let store = Arc::new(store);
    let number = |at: usize| format!("98{:08}", at * 7919 % OFFICES as usize).parse::<OfficeNumber>().unwrap();
    let ready: Vec<Vec<_>> = (0..SENDERS)
        .map(|sender| {
            let one = |at: usize| {
                let ends = (himawari(), number(at * SENDERS + sender));
                world.bundle(&*store, ends, &format!("{sender}.{at}@x.example"), "one")
            };
            (0..DELIVERIES / SENDERS).map(one).collect()
        })
        .collect();
    let calls = ready.into_iter().map(|bundles: Vec<Admitted>| {
        let store = Arc::clone(&store);
        async move {
            let mut took = Vec::new();
            for bundle in bundles {
                #[expect(clippy::disallowed_methods, reason = "a measurement")]
                let start = std::time::Instant::now();
                store.deliver(bundle, now()).await.unwrap();
                took.push(start.elapsed());
            }
            took
        }
    });
    let mut took: Vec<_> = at_once(calls).await.into_iter().flatten().collect();
    took.sort_unstable();
    let place = |share: usize| took[took.len() * share / 1000].as_secs_f64() * 1000.0;
    println!(
        "{DELIVERIES} deliveries by {SENDERS} at once: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms",
        place(500),
        place(950),
        place(990)
    );
    let inbox = timed("SELECT of about 20 messages", store.open(number(5), &folder("INBOX"))).await.unwrap();
    timed("STATUS", store.status(number(6), &folder("INBOX"))).await.unwrap();
    let (id, since) = (inbox.status.folder, inbox.status.highest_modseq);
    timed("CHANGEDSINCE, unchanged", store.since(number(5), id, since)).await.unwrap();
    timed("CHANGEDSINCE, everything", store.since(number(5), id, ModSeq(0))).await.unwrap();
    store.close().await.unwrap();
}

/// Rows as years of use would leave them, written at once.
async fn fill(folder: &Path) {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(DATABASE_FILE))
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-262144");
    let mut rows = options.connect().await.unwrap();
    let count =
        |count: u32| format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})");
    let office = format!(
        "{} INSERT INTO office (id, number, name, modseq)
         SELECT 1000 + i, printf('98%08d', i), 'x', 1000 FROM n",
        count(OFFICES)
    );
    let mailbox = format!(
        "{} INSERT INTO mailbox (id, office, name, uid_validity, uid_next, modseq, messages, unseen, bytes,
                                 deleted, deleted_bytes)
         SELECT 10000 + 6 * i + f.key, 1000 + i, f.value, 1, 1000, 1000, 20, 20, 100000, 0, 0
         FROM n, json_each('[\"INBOX\",\"Sent\",\"Drafts\",\"Receipts\",\"Archive\",\"Trash\"]') f",
        count(OFFICES)
    );
    // In the order of arrival: a message for one office and one from another, scattered over all.
    let message = format!(
        "{} INSERT INTO message (id, sha256, size, message_id, sender, recipient, received_at, segment, body_offset, stored)
         SELECT 1 + i, zeroblob(32), 5000, 'm' || i, 1000 + i % {OFFICES}, 1000 + i * 7919 % {OFFICES}, 0, 1, i, 5000 FROM n",
        count(MESSAGES)
    );
    let entry = |folder: u32, step: u32| {
        format!(
            "{} INSERT INTO entry (mailbox, uid, message, modseq, flags, keywords, saved_at)
             SELECT {} + 6 * (i * {step} % {OFFICES}), 1 + i / {OFFICES}, 1 + i, 1 + i / {OFFICES}, 0, 0, 0 FROM n",
            count(MESSAGES),
            10_000 + folder
        )
    };
    let marks = "INSERT INTO keyword (mailbox, bit, name) SELECT m.id, k.bit, k.name FROM mailbox m,
                 (SELECT DISTINCT bit, name FROM keyword) k WHERE m.id >= 10000"
        .to_owned();
    for sql in [office, mailbox, message, entry(0, 7919), entry(1, 1), marks] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut rows).await.unwrap();
    }
    rows.close().await.unwrap();
}

async fn expiry_of_10000_messages() {
    let (_folder, store) = fresh().await;
    let world = World::with(&*store).await;
    let text = "x".repeat(3_000);
    for hundred in 0..100 {
        let one = |n: u32| world.bundle(&*store, (himawari(), sakura()), &format!("{hundred}.{n}@x.example"), &text);
        let calls: Vec<_> = (0..100).map(one).collect();
        let deliver = |bundle| {
            let store = Arc::clone(&store);
            async move { store.deliver(bundle, ago(91)).await.map(drop).unwrap() }
        };
        at_once(calls.into_iter().map(deliver)).await;
    }
    timed("what expires, foreseen", store.expiry(keep(), now())).await.unwrap();
    timed("look through 10000 bodies", store.inspect()).await.unwrap();
    let done = timed("expiry of 10000 messages, none collected", store.expire(keep(), Asked::ByThePerson, now())).await;
    assert_eq!(done.unwrap().days[0].messages, 10_000);
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
            let order = CopyOrder { folder: sent.folder, uids: uids.clone(), to: folder("Archive"), moves: false };
            store.copy(himawari(), order, now()).await.unwrap();
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
        unchanged_since: None,
        since,
    };
    timed("flag one", store.flag(himawari(), one.clone())).await.unwrap();
    let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
    let all = FlagOrder { uids: archive.entries.iter().map(|entry| entry.uid).collect(), flags, ..one };
    timed("flag all", store.flag(himawari(), all)).await.unwrap();
    timed("expunge all", store.expunge(himawari(), id, None, ModSeq(0))).await.unwrap();
}
