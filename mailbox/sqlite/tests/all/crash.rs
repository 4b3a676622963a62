//! `kill -9` at any moment: what was answered is there, once, and whole.
//!
//! The child is `examples/deliver_until_killed.rs`. After each kill the store is looked through. `.ci/long` kills two
//! hundred times; `FUMIBAKO_SEED=…` repeats the choice of moments.

#[path = "../power/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fumibako_model::{EvidenceId, Uid};
use fumibako_signer::authority::Authority;
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{ALL, domain, himawari, sakura, view};
use fumibako_store::{Store, message_id_of};

use random::Random;

/// Kills in the life of one store, and stores of the long form. The short one has one.
const KILLS: u64 = 25;
const STORES: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_any_kill() {
    let (seed, stores) = (random::seed(), if random::is_long() { STORES } else { 1 });
    println!("FUMIBAKO_SEED={seed}");
    let mut random = Random::from_seed(seed);
    let (mut answered, mut kept) = (0, 0);
    for _ in 0..stores {
        let (told, there) = kill_again_and_again(&mut random).await;
        (answered, kept) = (answered + told, kept + there);
    }
    println!("{} kills: {answered} answered and {kept} kept, 0 lost, 0 half visible, 0 UIDs reused", stores * KILLS);
}

/// The life of one store: how many messages were answered, and how many are there.
async fn kill_again_and_again(random: &mut Random) -> (usize, usize) {
    let outer = tempfile::tempdir().unwrap();
    std::fs::create_dir(outer.path().join("outbox")).unwrap();
    let authority = Authority::create("Crash CA", "2026-04-01T00:00:00Z".parse().unwrap()).unwrap();
    std::fs::write(outer.path().join("authority.pem"), &*authority.to_pem()).unwrap();
    let mut answered = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for _ in 0..KILLS {
        let mut child = start(outer.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Some are killed while they open the store; the others once they deliver, however busy the machine is.
        if random.below(4) > 0 {
            assert_eq!(lines.next().as_deref(), Some("open"), "the child came to open the store");
        }
        let reader = std::thread::spawn(move || lines.collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(30 + random.below(300)));
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
    assert!(answered.len() > 20, "the children came to deliver something");
    (answered.len(), seen.len())
}

/// Cargo builds examples with the tests, into a folder beside theirs.
fn start(folder: &Path) -> Child {
    let tests = std::env::current_exe().unwrap();
    let built = tests.ancestors().nth(2).unwrap();
    Command::new(built.join("examples/deliver_until_killed"))
        .arg(folder)
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
        let octets = store.read(sakura(), entry.message, ALL).await.unwrap();
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
