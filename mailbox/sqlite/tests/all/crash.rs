//! `kill -9` at any moment: what was answered is there, once, and whole.
//!
//! The test starts itself as a child that delivers without pause, as eight clients would: a client writes a bundle into
//! its outbox, sends it until it is answered, and only then takes it out. After each kill the store is looked through.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fumibako_model::{EvidenceId, Uid};
use fumibako_signer::authority::Authority;
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{World, domain, himawari, now, sakura, view};
use fumibako_store::{Admitted, Store, message_id_of};

/// Names the folder to a child.
const FOLDER: &str = "FUMIBAKO_CRASH_FOLDER";
const KILLS: u64 = 24;
const CLIENTS: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_any_kill() {
    let outer = tempfile::tempdir().unwrap();
    std::fs::create_dir(outer.path().join("outbox")).unwrap();
    let authority = Authority::create("Crash CA", "2026-04-01T00:00:00Z".parse().unwrap()).unwrap();
    std::fs::write(outer.path().join("authority.pem"), &*authority.to_pem()).unwrap();
    let mut answered = BTreeMap::new();
    let mut seen = BTreeMap::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = start(outer.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reader = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(30 + (random >> 33) % 300));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            // The last line may be cut.
            if let Some((id, evidence)) = line.strip_prefix("answered ").and_then(|rest| rest.split_once(' '))
                && let Ok(evidence) = evidence.parse::<EvidenceId>()
            {
                let before = answered.insert(id.to_owned(), evidence);
                assert!(before.is_none_or(|before| before == evidence), "{id} is always answered alike");
            }
        }
        look_through(&outer.path().join("store"), &answered, &mut seen).await;
    }
    println!("{KILLS} kills, {} answered, {} kept", answered.len(), seen.len());
    assert!(answered.len() > 20, "the children came to deliver something");
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::deliver_until_killed", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Everything answered is there with its evidence; nothing stands twice or in one folder only; UIDs keep their meaning.
async fn look_through(folder: &Path, answered: &BTreeMap<String, EvidenceId>, seen: &mut BTreeMap<Uid, String>) {
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    if store.roll().office(sakura()).is_none() {
        assert!(answered.is_empty(), "the roll was put before anything was answered");
        return store.close().await.unwrap();
    }
    let (inbox, sent) = (view(&store, sakura(), "INBOX").await, view(&store, himawari(), "Sent").await);
    let in_sent: Vec<_> = sent.entries.iter().map(|entry| entry.message).collect();
    assert!(inbox.entries.iter().map(|entry| entry.message).eq(in_sent), "no message is half visible");
    let mut ids = BTreeMap::new();
    for entry in &inbox.entries {
        let octets = store.read(sakura(), entry.message).await.unwrap();
        assert_eq!(octets.0.len() as u64, entry.size);
        let id = message_id_of(&octets.0).unwrap();
        assert_eq!(ids.insert(id.clone(), entry.uid), None, "{id} stands twice");
        assert_eq!(*seen.entry(entry.uid).or_insert_with(|| id.clone()), id, "a UID changed its meaning");
    }
    assert_eq!(seen.len(), ids.len(), "nothing that was seen is gone");
    for (id, evidence) in answered {
        assert!(ids.contains_key(id), "{id} was answered and is lost");
        assert_eq!(store.evidence(*evidence).await.unwrap().unwrap().message_id, *id);
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of what_was_answered_survives_any_kill"]
async fn deliver_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let authority = Authority::from_pem(&std::fs::read(folder.join("authority.pem")).unwrap()).unwrap();
    let world = Arc::new(World::under(&authority));
    let store = Arc::new(SqliteStore::open(&folder.join("store"), domain()).await.unwrap());
    for office in [himawari(), sakura()] {
        store.put_office(fumibako_store::suite::office(office)).await.unwrap();
    }
    let left: Vec<_> = folder.join("outbox").read_dir().unwrap().map(|file| file.unwrap().path()).collect();
    for file in left {
        // A file whose writing was cut is no message; its client would compose it anew.
        let octets = std::fs::read(&file).unwrap();
        if octets.ends_with(b"--\r\n") {
            send(&store, world.admit(&*store, (himawari(), sakura()), &octets), &file).await;
        }
    }
    let next = Arc::new(AtomicU64::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (world, store, next, folder) = (Arc::clone(&world), Arc::clone(&store), Arc::clone(&next), folder.clone());
        clients.spawn(async move {
            loop {
                let id = format!("{}.{}@x.example", std::process::id(), next.fetch_add(1, Ordering::Relaxed));
                let octets = world.compose((himawari(), sakura()), &id, &World::results((himawari(), sakura()), &id));
                let file = folder.join("outbox").join(&id);
                std::fs::write(&file, &octets).unwrap();
                send(&store, world.admit(&*store, (himawari(), sakura()), &octets), &file).await;
            }
        });
    }
    // Whoever ends first ended by a failure.
    clients.join_next().await;
}

async fn send(store: &SqliteStore, message: Admitted, file: &Path) {
    let id = message.message_id().to_owned();
    let delivery = store.deliver(message, now()).await.unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "answered {id} {}", delivery.evidence).unwrap();
    out.flush().unwrap();
    drop(out);
    std::fs::remove_file(file).unwrap();
}
