//! What evidence takes of the processor where bundles are accepted. In one run, by turns, the same bundles are delivered with its rows and
//! without: the one statement that writes them is taken out of the store of the bench. Added to that difference is what it leaves in:
//! the objects themselves and, as the gateway does it about once a second, the log and the signature over its head.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fumibako_model::Recorded;
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Identity, enclose};
use fumibako_sqlite::{DATABASE_FILE, LOG_BYTES, SqliteStore};
use fumibako_store::suite::evidence::log;
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{SealKey, Store, Which};
use jiff::SignedDuration;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::{Cost, content, cpu, deliver, timed};

/// Runs of each, by turns; the least counts: what disturbs a run only adds.
const TURNS: usize = 11;
/// Senders at once, and bundles of each; a plan of the sample has about so many octets.
const SENDERS: usize = 64;
const EACH: usize = 40;
const OCTETS: usize = 9_000;
/// Bundles whose whole evidence is weighed: enough that what a table takes for itself alone weighs nothing.
const WEIGHED: usize = 2_000;

/// Of one bundle, in microseconds of the processor.
#[derive(Clone, Copy, Default)]
struct Spent {
    admitted: f64,
    delivered: f64,
    objects: f64,
    logged: f64,
}

pub(crate) async fn measure() {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        with.push(run(true).await);
        without.push(run(false).await);
    }
    let least = |of: &[Spent], what: fn(&Spent) -> f64| of.iter().map(what).fold(f64::INFINITY, f64::min);
    let (admitted, delivered) = (least(&with, |one| one.admitted), least(&with, |one| one.delivered));
    let bare = least(&without, |one| one.delivered);
    let (objects, logged) = (least(&with, |one| one.objects), least(&with, |one| one.logged));
    let evidence = delivered - bare + objects + logged;
    println!(
        "CPU µs a bundle of {OCTETS} octets: admission {admitted:.1}, delivery {delivered:.1}, log and head {logged:.1}"
    );
    println!(
        "of these evidence {evidence:.1}: rows {:.1}, objects {objects:.1}, log and head {logged:.1}",
        delivered - bare
    );
    let share = |of: f64| 100.0 * evidence / of;
    println!(
        "share of evidence: {:.1} % of storing, {:.1} % of accepting (without TLS and SMTP)",
        share(delivered + logged),
        share(admitted + delivered + logged)
    );
    let Weight { objects, rows, pages, words } = weigh().await;
    println!(
        "octets of evidence of a bundle accepted, delivered and retrieved: {objects} its objects; {rows} with their keys, indexes and hashes; \
         {pages} on the disk; and {words} on the disk for its receipt"
    );
}

/// Octets a bundle.
struct Weight {
    objects: usize,
    rows: i64,
    pages: i64,
    words: i64,
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn each(spent: Duration, count: usize) -> f64 {
    spent.as_nanos() as f64 / 1_000.0 / count as f64
}

async fn run(rows: bool) -> Spent {
    let folder = tempfile::tempdir().unwrap();
    if !rows {
        SqliteStore::open(folder.path(), domain()).await.unwrap().close().await.unwrap();
        leave_out(folder.path()).await;
    }
    let store = Arc::new(
        SqliteStore::open_to_serve(folder.path(), domain(), (LOG_BYTES, Some(SealKey::of(b"key")))).await.unwrap(),
    );
    let world = World::with(&*store).await;
    let (ends, text, count) = ((himawari(), sakura()), content(OCTETS), SENDERS * EACH);
    let letter = |at: usize| world.routed(ends, &format!("{at:032x}@plans.example"), &text);
    let letters: Vec<_> = (0..count).map(letter).collect();
    let admit = async || letters.iter().map(|octets| world.admit(&*store, ends, octets)).collect::<Vec<_>>();
    let (admitted, Cost { cpu: admitting, .. }) = timed(admit()).await;
    let mut admitted = admitted.into_iter();
    let ready = (0..SENDERS).map(|_| admitted.by_ref().take(EACH).collect()).collect();
    let delivering = deliver(&store, ready).await.cpu;
    let mut spent = Spent { admitted: each(admitting, count), delivered: each(delivering, count), ..Spent::default() };
    if rows {
        let key = witness();
        let (head, Cost { cpu: logging, .. }) = timed(log(&*store)).await;
        let before = cpu();
        let octets = serde_json::to_vec(&head.unwrap()).unwrap();
        black_box(enclose(&octets, &key, now()).unwrap());
        spent.logged = each(logging + cpu().saturating_sub(before), count);
        spent.objects = objects(&store).await;
    } else {
        assert!(store.list_evidence(Which::default()).await.unwrap().is_empty(), "the rows are left out");
    }
    store.close().await.unwrap();
    spent
}

/// The statement that writes evidence is taken out of what writes a change.
async fn leave_out(folder: &Path) {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE_FILE));
    let mut rows = SqliteConnection::connect_with(&options).await.unwrap();
    let written: String = sqlx::query_scalar("SELECT sql FROM sqlite_master WHERE name = 'change_written'")
        .fetch_one(&mut rows)
        .await
        .unwrap();
    let start = written.find("INSERT INTO evidence ").unwrap();
    let end = start + written[start..].find(';').unwrap() + 1;
    let without = format!("{}{}", &written[..start], &written[end..]);
    sqlx::query("DROP TRIGGER change_written").execute(&mut rows).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(without)).execute(&mut rows).await.unwrap();
    rows.close().await.unwrap();
}

/// Whoever signs heads: a key of the kind that `init` makes.
fn witness() -> Identity {
    let hours = SignedDuration::from_hours;
    let request = Request {
        common_name: "evidence",
        rfc822_name: "gateway@plans.example",
        key: KeyKind::EcP256,
        purpose: Purpose::Mail,
        not_before: now() - hours(1),
        not_after: now() + hours(1_000),
    };
    Authority::create("evidence", now()).unwrap().issue(&request).unwrap()
}

/// The objects of a bundle, two of them, written as the store writes them.
async fn objects(store: &SqliteStore) -> f64 {
    const TIMES: usize = 100;
    let all = store.list_evidence(Which::default()).await.unwrap();
    let all: Vec<Recorded> = all.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect();
    let write = async || {
        let mut octets = Vec::new();
        for one in std::iter::repeat_n(&all, TIMES).flatten() {
            octets.clear();
            serde_json::to_writer(&mut octets, black_box(&one.clone())).unwrap();
        }
        black_box(octets);
    };
    2.0 * each(timed(write()).await.1.cpu, TIMES * all.len())
}

/// Of all evidence about a bundle, its names as long as those of our programs.
async fn weigh() -> Weight {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let (to, back, text) = ((himawari(), sakura()), (sakura(), himawari()), content(OCTETS));
    let trust = || "0".repeat(32);
    let mut objects = 0;
    for at in 0..WEIGHED {
        let (id, receipt) = (format!("{at:032x}@plans.example"), format!("{:032x}@plans.example", at + WEIGHED));
        let bundle = world.admit(&store, to, &world.routed(to, &id, &text)).under(trust());
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle, now()).await.unwrap();
        store.deliver(world.receipt(&store, back, &receipt, (&id, &digest)).under(trust()), now()).await.unwrap();
        let all = store.list_evidence(Which { message_id: Some(id), ..Which::default() }).await.unwrap();
        assert_eq!(all.len(), 3);
        objects += all.iter().map(String::len).sum::<usize>();
    }
    log(&store).await.unwrap();
    store.close().await.unwrap();
    let tables = "name LIKE 'evidence%' OR name = 'log_tile'";
    let sum = async |what: &str, of: &str| per_bundle(folder.path(), what, of).await;
    Weight {
        objects: objects / WEIGHED,
        rows: sum("payload", tables).await,
        pages: sum("pgsize", tables).await,
        words: sum("pgsize", "name = 'word'").await,
    }
}

/// What SQLite's own count of its pages says of these tables and indexes.
async fn per_bundle(folder: &Path, what: &str, of: &str) -> i64 {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE_FILE));
    let mut rows = SqliteConnection::connect_with(&options).await.unwrap();
    let statement = format!("SELECT sum({what}) / {WEIGHED} FROM dbstat WHERE {of}");
    let sum = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut rows).await.unwrap();
    rows.close().await.unwrap();
    sum
}
