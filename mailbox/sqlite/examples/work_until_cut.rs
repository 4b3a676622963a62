//! The child of the power-cut test: offices at work on a store, for a while. It says on standard output what it was
//! answered and what it saw, a line each, and the recording keeps these lines among the writes and syncs.
//!
//! | line                        | means                                                        |
//! |-----------------------------|--------------------------------------------------------------|
//! | `answered ID EVIDENCE`      | the bundle was accepted                                      |
//! | `drafted UID ID`            | the draft stands in the sender's Drafts                      |
//! | `seen FOLDER UID ID`        | a reader found this message under this UID                   |
//! | `flagged UID`               | the flag is set, in INBOX                                    |
//! | `expunging UID ID`, `expunged UID ID` | it is about to leave INBOX, and has left           |
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a part of a test")]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fumibako_model::{FlagChange, Flags, NamedFlags, OfficeNumber, Uid};
use fumibako_signer::authority::Authority;
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{ALL, Fill, World, domain, folder, himawari, now, sakura};
use fumibako_store::{Deposit, Draft, FlagOrder, Store, message_id_of};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::RwLock;

const CLIENTS: u64 = 6;
/// Every so-manieth bundle is of more than 1 MiB.
const LARGE: u64 = 40;
/// Between the two days nobody works. All of the log moves into the database, and the next day begins it anew.
const NIGHT: Duration = Duration::from_millis(300);

struct Work {
    world: World,
    store: SqliteStore,
    /// What is sent, as files, for whoever compares later.
    sent: PathBuf,
    name: String,
    count: u64,
    first_day: i64,
    next: AtomicU64,
    /// Held by whoever works, and by the night.
    day: RwLock<()>,
}

/// `work_until_cut FOLDER NAME COUNT DAY`: so many bundles, their Message-IDs beginning with a name, so many days later
/// than other tests.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [outer, name, count, day] = &words[..] else { panic!("FOLDER NAME COUNT DAY") };
    let outer = PathBuf::from(outer);
    let authority = Authority::from_pem(&std::fs::read(outer.join("authority.pem")).unwrap()).unwrap();
    let (world, sent) = (World::under(&authority), outer.join("sent"));
    let store = SqliteStore::open(&outer.join("disk/store"), domain()).await.unwrap();
    for office in [himawari(), sakura()] {
        store.put_office(fumibako_store::suite::office(office)).await.unwrap();
    }
    let (name, count, first_day) = (name.clone(), count.parse().unwrap(), day.parse().unwrap());
    let work =
        Arc::new(Work { world, store, sent, name, count, first_day, next: AtomicU64::new(0), day: RwLock::new(()) });
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        tasks.spawn(send(Arc::clone(&work)));
    }
    tasks.spawn(draft(Arc::clone(&work)));
    tasks.spawn(read(Arc::clone(&work), sakura(), "INBOX"));
    tasks.spawn(read(Arc::clone(&work), himawari(), "Sent"));
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    work.store.close().await.unwrap();
}

/// One line, in one write.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

impl Work {
    fn is_done(&self) -> bool {
        self.next.load(Ordering::Relaxed) >= self.count
    }

    /// The second half of the bundles comes on the next day.
    fn moment(&self, number: u64) -> Timestamp {
        let days = self.first_day + i64::from(number > self.count / 2);
        now() + SignedDuration::from_hours(24 * days)
    }
}

async fn send(work: Arc<Work>) {
    loop {
        let number = work.next.fetch_add(1, Ordering::Relaxed);
        if number >= work.count {
            return;
        }
        if number == work.count / 2 {
            let _night = work.day.write().await;
            tokio::time::sleep(NIGHT).await;
        }
        let _day = work.day.read().await;
        let ends = (himawari(), sakura());
        let id = format!("{}.{number}@x.example", work.name);
        let size = if number % LARGE == LARGE / 2 { 1_000_000 } else { 200 + 97 * (number % 61) };
        let octets = work.world.letter(ends, &id, &noise(number, size));
        std::fs::write(work.sent.join(&id), &octets).unwrap();
        let message = work.world.admit(&work.store, ends, &octets);
        let delivery = work.store.deliver(message, work.moment(number)).await.unwrap();
        say(&format!("answered {id} {}", delivery.evidence));
    }
}

/// Letters that no packing makes much shorter.
fn noise(seed: u64, size: u64) -> String {
    let mut state = seed;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + u8::try_from(state >> 58).unwrap())
    };
    (0..size).map(letter).collect()
}

async fn draft(work: Arc<Work>) {
    let mut number = 0;
    while !work.is_done() {
        let day = work.day.read().await;
        let id = format!("{}.draft{number}@x.example", work.name);
        let octets = format!("Message-ID: <{id}>\r\nSubject: draft\r\n\r\n{}\r\n", noise(number, 3000));
        std::fs::write(work.sent.join(&id), &octets).unwrap();
        let mut body = work.store.spool(now());
        body.write(octets.as_bytes()).unwrap();
        let flags = NamedFlags { system: Flags::DRAFT.system, keywords: Vec::new() };
        let draft = Draft { flags, date: now(), message_id: Some(id.clone()), body };
        let deposit = Deposit::of(folder("Drafts"), draft);
        let uid = work.store.append(himawari(), deposit, now()).await.unwrap().answer.1[0];
        say(&format!("drafted {uid} {id}"));
        number += 1;
        drop(day);
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// Looks into a folder again and again; in INBOX some of what is new is flagged, and some of it leaves.
async fn read(work: Arc<Work>, office: OfficeNumber, name: &str) {
    let mut known = 0;
    while !work.is_done() {
        let day = work.day.read().await;
        let view = work.store.open(office, &folder(name)).await.unwrap();
        for entry in view.entries.iter().filter(|entry| entry.uid.get() > known) {
            let octets = work.store.read(office, entry.message, ALL).await.unwrap();
            let id = message_id_of(&octets.0).unwrap();
            say(&format!("seen {name} {} {id}", entry.uid));
        }
        let fresh: Vec<_> = view.entries.iter().filter(|entry| entry.uid.get() > known).collect();
        known = view.entries.last().map_or(known, |entry| entry.uid.get().max(known));
        let order = |uid: Uid, flag: Flags| FlagOrder {
            folder: view.status.folder,
            uids: vec![uid],
            change: FlagChange::Add,
            flags: NamedFlags { system: flag.system, keywords: Vec::new() },
            unchanged_since: None,
            since: view.status.highest_modseq,
        };
        for entry in fresh.iter().filter(|entry| name == "INBOX" && entry.uid.get() % 5 == 0) {
            work.store.flag(office, order(entry.uid, Flags::FLAGGED)).await.unwrap();
            say(&format!("flagged {}", entry.uid));
        }
        for entry in fresh.iter().filter(|entry| name == "INBOX" && entry.uid.get() % 9 == 0) {
            let octets = work.store.read(office, entry.message, ALL).await.unwrap();
            let (uid, id) = (entry.uid, message_id_of(&octets.0).unwrap());
            say(&format!("expunging {uid} {id}"));
            work.store.flag(office, order(uid, Flags::DELETED)).await.unwrap();
            let since = view.status.highest_modseq;
            work.store.expunge(office, view.status.folder, Some(vec![uid]), since).await.unwrap();
            say(&format!("expunged {uid} {id}"));
        }
        drop(day);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
