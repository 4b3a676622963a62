//! Evidence in a running gateway: signed, exported, verified offline, and found out when it was touched.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Audited, Gateway, Reply, Request, evidence_authority_file};
use fumibako_model::log::{Head, included, leaf};
use fumibako_model::{EvidenceId, ProofFile, Recorded};
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
