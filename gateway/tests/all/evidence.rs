//! Evidence in a running gateway: signed, exported, verified offline, and found out when it was touched.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Audited, Gateway, Reply, Request, Running, evidence_authority_file};
use fumibako_model::log::{Head, extended, included, leaf};
use fumibako_model::{EvidenceId, ProofFile, Recorded, Refusal};
use fumibako_signer::enclosed;
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{World, domain, expire::ago, expire::send};

use crate::support::Fixture;

/// A gateway whose store has three bundles, and the evidence of the first.
async fn with_mail() -> (Fixture, EvidenceId) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let first = send(&store, &world, "a", ago(2)).await;
    for id in ["b", "c"] {
        send(&store, &world, id, ago(1)).await;
    }
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    (Fixture::with_config(|config| config.store_folder = from).await.keeping(folder), first.evidence)
}

async fn audited(gateway: &Fixture) -> Audited {
    match gateway.ask(Request::EvidenceVerify).await {
        Reply::Audited(audited) => *audited,
        other => panic!("{other:?}"),
    }
}

fn octets(hex: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

/// What `openssl` finds inside, if the signature holds under this authority.
fn by_openssl(head: &[u8], authority: &Path) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("head.p7m");
    std::fs::write(&file, head).unwrap();
    let done = Command::new("openssl")
        .args(["cms", "-verify", "-binary", "-inform", "DER", "-in"])
        .arg(&file)
        .arg("-CAfile")
        .arg(authority)
        .output()
        .unwrap();
    done.status.success().then_some(done.stdout)
}

// Profile §8.13, §8.16
#[tokio::test(flavor = "multi_thread")]
async fn a_piece_is_proved_offline_by_its_path_and_openssl() {
    let (gateway, first) = with_mail().await;
    let Reply::Proof(export) = gateway.ask(Request::EvidenceExport { id: first }).await else { panic!("a proof") };
    let ProofFile { entries, head, .. } = *export;
    assert_eq!(entries.len(), 2, "accepted and delivered");
    let (entry, path) = (&entries[0].entry, &entries[0].path);
    let recorded: Recorded = serde_json::from_str(entry).unwrap();
    assert_eq!((recorded.id, recorded.evidence.message_id.as_str()), (first, "a@x.example"));
    let head = STANDARD.decode(head).unwrap();
    let authority = evidence_authority_file(gateway.folder.path());
    let inside = by_openssl(&head, &authority).expect("openssl verifies the head");
    let head: Head = serde_json::from_slice(&inside).unwrap();
    let path: Vec<_> = path.iter().map(|hash| octets(hash)).collect();
    assert!(included(&leaf(entry.as_bytes()), recorded.n, (head.size, &octets(&head.root)), &path));
    assert_eq!((head.log.as_str(), head.size), ("plans.example", 6));
    let other = gateway.folder.path().join("dev-ca/offices-ca.pem");
    assert_eq!(by_openssl(&STANDARD.decode(enveloped(&gateway, first).await).unwrap(), &other), None);
}

async fn enveloped(gateway: &Fixture, id: EvidenceId) -> String {
    let Reply::Proof(export) = gateway.ask(Request::EvidenceExport { id }).await else { panic!("a proof") };
    export.head
}

/// `sqlite3` edits the rows of a store that no gateway has open.
fn edit(store: &Path, statement: &str) {
    let done = Command::new("python3")
        .args(["-c", "import sqlite3, sys\nd = sqlite3.connect(sys.argv[1])\nd.executescript(sys.argv[2])\nd.close()"])
        .arg(store.join(fumibako_sqlite::DATABASE_FILE))
        .arg(statement)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn whoever_edits_rows_is_found_out_by_the_gateway() {
    let (gateway, first) = with_mail().await;
    let before = audited(&gateway).await;
    assert_eq!((before.evidence, before.logged, before.faults.len()), (6, 6, 0), "{before:?}");
    assert!(before.heads >= 1);
    let Fixture { folder: _folder, config, running, kept: _mail } = gateway;
    running.stop().await;
    // Row and hash alike: the signed root tells.
    edit(
        &config.store_folder,
        "UPDATE evidence SET doc = replace(doc, '9970000029', '9970000037') WHERE id = (SELECT min(id) FROM evidence);
         UPDATE log_tile SET hashes = CAST(substr(hashes, 1, 160) || zeroblob(32) AS BLOB)",
    );
    let running = Gateway::start(config).await.unwrap();
    let Reply::Audited(after) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    assert!(after.faults.iter().any(|fault| fault.id == Some(first) && fault.what.contains("changed")), "{after:?}");
    assert!(after.faults.iter().any(|fault| fault.first == 5), "{after:?}");
    assert!(after.faults.iter().any(|fault| fault.what.contains("head")), "{after:?}");
    running.stop().await;
}

async fn head_of(running: &Running, id: EvidenceId) -> (String, Head) {
    let Reply::Proof(file) = running.admin().answer(Request::EvidenceExport { id }).await else { panic!("a proof") };
    let inside = enclosed(&STANDARD.decode(&file.head).unwrap()).unwrap().1;
    (file.head.clone(), serde_json::from_slice(&inside).unwrap())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_set_back_says_so_and_continues_no_head_that_it_lost() {
    let (gateway, first) = with_mail().await;
    let (early, six) = head_of(&gateway.running, first).await;
    let Fixture { folder, config, running, kept } = gateway;
    running.stop().await;
    let aside = tempfile::tempdir().unwrap();
    copy(&config.store_folder, &aside.path().join("store"));

    let store = SqliteStore::open(&config.store_folder, domain()).await.unwrap();
    send(&store, &World::with(&store).await, "d", ago(0)).await;
    store.close().await.unwrap();
    let running = Gateway::start(config.clone()).await.unwrap();
    let (later, eight) = head_of(&running, first).await;
    assert_eq!((six.size, eight.size, eight.set_back), (6, 8, None));
    let continues = async |running: &Running, head: &str| {
        running.admin().answer(Request::EvidenceContinues { head: head.into() }).await
    };
    let Reply::Continues(proof) = continues(&running, &early).await else { panic!("it continues") };
    let between: Vec<_> = proof.between.iter().map(|hash| octets(hash)).collect();
    assert!(extended((6, &octets(&six.root)), (8, &octets(&eight.root)), &between));
    running.stop().await;

    // Somebody puts the old rows back; the gateway goes on, and says from where.
    let restored = fumibako_gateway::Config { store_folder: aside.path().join("store"), ..config };
    let store = SqliteStore::open(&restored.store_folder, domain()).await.unwrap();
    send(&store, &World::with(&store).await, "e", ago(0)).await;
    store.close().await.unwrap();
    let running = Gateway::start(restored.clone()).await.unwrap();
    let (_, other) = head_of(&running, first).await;
    let said = other.set_back.clone().unwrap();
    assert_eq!((other.size, said.size, said.lost, &said.root), (8, 6, Some(8), &six.root));
    assert_ne!(other.root, eight.root);
    assert!(matches!(continues(&running, &early).await, Reply::Continues(_)), "what was before goes on");
    assert!(matches!(continues(&running, &later).await, Reply::No { code: Refusal::EvidenceBroken, .. }));
    running.stop().await;
    let running = Gateway::start(restored).await.unwrap();
    assert_eq!(head_of(&running, first).await.1.set_back, Some(said), "it is said once, and stays said");
    running.stop().await;
    drop((folder, kept));
}
