//! The child of the crash test: delivers without pause until it is killed, as eight clients would. A client writes a
//! bundle into its outbox, sends it until it is answered, says so on standard output, and only then takes it out.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a part of a test")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fumibako_signer::authority::Authority;
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::SPOOL_BYTES;
use fumibako_store::suite::{Fill, World, domain, himawari, now, sakura};
use fumibako_store::{Admitted, Store};

const CLIENTS: u64 = 8;
/// Every so-manieth bundle is filed in a segment of its own.
const LARGE: u64 = 40;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("a folder"));
    let authority = Authority::from_pem(&std::fs::read(folder.join("authority.pem")).unwrap()).unwrap();
    let world = Arc::new(World::under(&authority));
    let store = Arc::new(SqliteStore::open(&folder.join("store"), domain()).await.unwrap());
    for office in [himawari(), sakura()] {
        store.put_office(fumibako_store::suite::office(office)).await.unwrap();
    }
    std::io::stdout().lock().write_all(b"open\n").unwrap();
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
                let number = next.fetch_add(1, Ordering::Relaxed);
                let id = format!("{}.{number}@x.example", std::process::id());
                let text = if number % LARGE == LARGE / 2 { id.repeat(SPOOL_BYTES / id.len()) } else { id.clone() };
                let octets = world.letter((himawari(), sakura()), &id, &text);
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
    let id = message.facts().message_id().to_owned();
    let delivery = store.deliver(message, now()).await.unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "answered {id} {}", delivery.evidence).unwrap();
    out.flush().unwrap();
    drop(out);
    std::fs::remove_file(file).unwrap();
}
