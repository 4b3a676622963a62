//! Deliveries beside a plain file on the same disk: `cargo bench -p fumibako-sqlite --bench deliver`.
//!
//! Both gather what has arrived, write it, sync, and answer; ours also encrypts, packs, commits rows and evidence, and
//! syncs twice. Trust the ratio and the time of the processor, not the rest. What evidence takes of it is measured apart, after the
//! last case (`FUMIBAKO_CASE=evidence`: alone).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fumibako_sqlite::{LOG_BYTES, SqliteStore};
use fumibako_store::suite::{World, at_once, domain, himawari, now, sakura};
use fumibako_store::{Admitted, SealKey, Store};
use tokio::sync::{mpsc, oneshot};

mod evidence;

/// Runs of each, by turns; the middle one counts.
const TURNS: usize = 3;
/// As the store's writer.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 16 << 20;

/// Octets of a message, senders at once, messages of each.
const CASES: [(usize, usize, usize); 9] = [
    (4_000, 1, 400),
    (4_000, 8, 200),
    (4_000, 64, 100),
    (50_000, 1, 300),
    (50_000, 8, 150),
    (50_000, 64, 60),
    (1_000_000, 1, 60),
    (1_000_000, 8, 20),
    (1_000_000, 64, 3),
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // One case alone, for a profiler: FUMIBAKO_CASE=5.
    let only = std::env::var("FUMIBAKO_CASE").ok();
    let wanted = |case: &str| only.as_deref().is_none_or(|only| only == case);
    if only.as_deref() != Some("evidence") {
        println!(
            "{:>10} {:>8} {:>12} {:>12} {:>7} {:>14}",
            "octets", "senders", "file/s", "store/s", "ratio", "CPU µs each"
        );
    }
    for (_, (bytes, senders, each)) in CASES.into_iter().enumerate().filter(|(at, _)| wanted(&at.to_string())) {
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            turns.push((raw(bytes, senders, each).await, ours(bytes, senders, each).await));
        }
        let ratio = |turn: &(Cost, Cost)| turn.0.wall.as_secs_f64() / turn.1.wall.as_secs_f64();
        turns.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
        let count = senders * each;
        let (raw, ours) = turns[TURNS / 2];
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = |cost: Cost| count as f64 / cost.wall.as_secs_f64();
        println!(
            "{bytes:>10} {senders:>8} {:>12.0} {:>12.0} {:>7.2} {:>14}",
            rate(raw),
            rate(ours),
            ratio(&turns[TURNS / 2]),
            ours.cpu.as_micros() / count as u128
        );
    }
    if wanted("evidence") {
        evidence::measure().await;
    }
}

/// Wall and processor time.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, Cost) {
    let before = cpu();
    #[expect(clippy::disallowed_methods, reason = "a measurement")]
    let start = std::time::Instant::now();
    let done = work.await;
    (done, Cost { wall: start.elapsed(), cpu: cpu().saturating_sub(before) })
}

/// What this process had of the processors, the system's share included: all of its threads, in nanoseconds.
fn cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let spent = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// One file, one thread that appends to it, and senders that wait for their sync.
async fn raw(bytes: usize, senders: usize, each: usize) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let (ask, asked) = mpsc::channel(BATCH);
    let path = folder.path().join("file");
    let writer = std::thread::spawn(move || append(&path, asked));
    let octets = Arc::new(noise(bytes));
    let calls = (0..senders).map(|_| {
        let (ask, octets) = (ask.clone(), Arc::clone(&octets));
        async move {
            for _ in 0..each {
                let (done, answer) = oneshot::channel();
                ask.send((Arc::clone(&octets), done)).await.unwrap();
                answer.await.unwrap();
            }
        }
    });
    let (_, cost) = timed(at_once(calls)).await;
    drop(ask);
    writer.join().unwrap();
    cost
}

type Asked = mpsc::Receiver<(Arc<Vec<u8>>, oneshot::Sender<()>)>;

fn append(path: &Path, mut asked: Asked) {
    let mut file = File::create(path).unwrap();
    while let Some((first, done)) = asked.blocking_recv() {
        let (mut batch, mut answers) = (first.to_vec(), vec![done]);
        while answers.len() < BATCH && batch.len() < BATCH_BYTES {
            let Ok((octets, done)) = asked.try_recv() else { break };
            batch.extend_from_slice(&octets);
            answers.push(done);
        }
        file.write_all(&batch).unwrap();
        file.sync_data().unwrap();
        for done in answers {
            done.send(()).unwrap();
        }
    }
}

async fn ours(bytes: usize, senders: usize, each: usize) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(
        SqliteStore::open_to_serve(folder.path(), domain(), (LOG_BYTES, Some(SealKey::of(b"key")))).await.unwrap(),
    );
    let world = World::with(&*store).await;
    let text = content(bytes);
    let one = |id: String| {
        let ends = (himawari(), sakura());
        world.admit(&*store, ends, &world.routed(ends, &id, &text))
    };
    let ready: Vec<Vec<Admitted>> =
        (0..senders).map(|s| (0..each).map(|n| one(format!("{s}.{n}@x.example"))).collect()).collect();
    let cost = deliver(&store, ready).await;
    store.close().await.unwrap();
    cost
}

/// Delivers, each sender one bundle after the other.
async fn deliver(store: &Arc<SqliteStore>, ready: Vec<Vec<Admitted>>) -> Cost {
    let calls = ready.into_iter().map(|bundles| {
        let store = Arc::clone(store);
        async move {
            for bundle in bundles {
                store.deliver(bundle, now()).await.unwrap();
            }
        }
    });
    timed(at_once(calls)).await.1
}

/// What a bundle of so many octets holds: header, signature and base64 around it make up the rest.
fn content(bytes: usize) -> String {
    noise(bytes.saturating_sub(2_300) * 3 / 4 * 76 / 78).iter().map(|octet| char::from(octet & 0x7f)).collect()
}

/// Octets that repeat nowhere.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}
