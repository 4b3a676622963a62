//! What recipients said is kept beside its evidence, and where it may be missing stands in what the gateway signs (Profile §8.18).

use fumibako_gateway::{Config, Gateway, Reply, Request, Running};
use fumibako_model::log::Head;
use fumibako_model::{EvidenceId, ProofFile};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::suite::{World, himawari, sakura};
use fumibako_store::{Store as _, hex};

use crate::evidence::{asked, copy, edit, head_of};
use crate::keys::{key_of, sign_with};
use crate::support::{Fixture, SENDER, ago, old_key, store_of};

/// Rows that began before what recipients said was kept, under no head that tells of it: as the migration leaves them.
const BEFORE_WORDS: &str = "
    DELETE FROM log_head; DELETE FROM log_tile; DELETE FROM word;
    UPDATE counter SET value = (SELECT value FROM counter WHERE name = 'evidence') WHERE name = 'words_from'";
/// Who edits the rows takes what recipients said, and says that it was never kept.
const TAKEN: &str = "
    DELETE FROM word;
    UPDATE counter SET value = (SELECT max(id) FROM evidence) WHERE name = 'words_from'";

/// A bundle with its receipt, into a store that no gateway has open; the receipt's evidence.
async fn acknowledged(config: &Config, id: &str) -> EvidenceId {
    let store = store_of(config).await;
    let (world, id) = (World::with(&store).await, format!("{id}@x.example"));
    let bundle = world.bundle(&store, (himawari(), sakura()), &id, "plan");
    let digest = *bundle.facts().content_digest();
    store.deliver(bundle, ago(0)).await.unwrap();
    let receipt = world.receipt(&store, (sakura(), himawari()), &format!("of-{id}"), (&id, &digest));
    let evidence = store.deliver(receipt, ago(0)).await.unwrap().evidence;
    store.close().await.unwrap();
    evidence
}

/// A gateway that stands still, and the receipts' evidence in its store.
async fn standing() -> (Fixture, EvidenceId) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { store_folder: folder.path().to_owned(), ..Config::default() };
    let first = acknowledged(&config, "a").await;
    let gateway = Fixture::with_config(|own| own.store_folder = config.store_folder).await.keeping(folder);
    (gateway, first)
}

/// What `evidence verify` names: the piece, and what is said of it.
async fn named(running: &Running) -> Vec<(Option<EvidenceId>, String)> {
    let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    found.faults.into_iter().map(|fault| (fault.id, fault.what)).collect()
}

// Profile §8.19
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_receipt_is_taken_from_a_folder_as_one_that_is_gone() {
    let (gateway, first) = standing().await;
    let given = async |status: &str| {
        let (said, answer, _) = asked(&gateway, SENDER, &first.to_string()).await;
        assert_eq!(said, status, "{answer}");
        serde_json::from_str::<ProofFile>(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap().receipt
    };
    let whole = given("200").await;
    assert!(whole.is_some());
    // What unpacks to nothing, what unpacks to another octet, and nothing at all.
    for damage in
        ["UPDATE word SET octets = x'00'", "UPDATE word SET octets = x'28B52FFD200109000078'", "DELETE FROM word"]
    {
        edit(&gateway.config.store_folder, damage);
        assert_eq!(given("200").await, whole, "{damage}");
    }
}

async fn started(config: &Config) -> Running {
    Gateway::start(config.clone()).await.unwrap()
}

// Profile §8.18
#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_that_no_receipt_was_kept_is_not_believed() {
    let (gateway, first) = standing().await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    assert_eq!(head_of(&running, first).await.1.words_from, Some(EvidenceId(0)), "all of it is kept");
    running.stop().await;
    let second = acknowledged(&config, "b").await;
    edit(&config.store_folder, TAKEN);
    for _ in 0..2 {
        let running = started(&config).await;
        let found = named(&running).await;
        assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [Some(first), Some(second)], "{found:?}");
        assert!(found.iter().all(|(_, what)| what.contains("receipt")), "{found:?}");
        assert_eq!(head_of(&running, second).await.1.words_from, Some(EvidenceId(0)), "what was said stands");
        running.stop().await;
    }
    // Before any head says it: what is there is not missing.
    let empty = Fixture::start().await;
    let Fixture { folder: _folder, config, running, kept: _kept } = empty;
    running.stop().await;
    edit(&config.store_folder, "UPDATE counter SET value = 1 << 60 WHERE name = 'words_from'");
    let running = started(&config).await;
    running.stop().await;
    let third = acknowledged(&config, "c").await;
    let running = started(&config).await;
    assert_eq!(head_of(&running, third).await.1.words_from, Some(EvidenceId(0)));
    running.stop().await;
}

// Profile §8.18, §8.20: of old rows, of a backup older than that, and of what came since.
#[tokio::test(flavor = "multi_thread")]
async fn rows_from_before_receipts_were_kept_miss_none_and_later_ones_do() {
    let (gateway, first) = standing().await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    // As a program signed and kept it that knew nothing of this.
    let aside = tempfile::tempdir().unwrap();
    edit(&config.store_folder, BEFORE_WORDS);
    std::fs::remove_file(config.evidence.identity_file.with_file_name("last-head.p7m")).unwrap();
    copy(&config.store_folder, &aside.path().join("store"));
    let running = started(&config).await;
    assert_eq!(named(&running).await, []);
    assert_eq!(head_of(&running, first).await.1.words_from, Some(first), "until here there may be none");
    running.stop().await;
    let second = acknowledged(&config, "b").await;
    edit(&config.store_folder, TAKEN);
    let running = started(&config).await;
    let found = named(&running).await;
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [Some(second)], "{found:?}");
    running.stop().await;

    // The old rows come back, and the operator says so: their ids begin anew further on, and so does the counter.
    let restored = Config { store_folder: aside.path().join("store"), ..config };
    edit(
        &restored.store_folder,
        "UPDATE counter SET value = value + (1 << 20) WHERE name IN ('evidence', 'message', 'words_from')",
    );
    let third = acknowledged(&restored, "c").await;
    let running = started(&restored).await;
    let accepted = running.admin().answer(Request::EvidenceAccept { reason: "put back".into() }).await;
    assert!(matches!(accepted, Reply::Accepted(_)), "{accepted:?}");
    assert_eq!(named(&running).await, [], "no receipt is missed that was never kept");
    assert_eq!(head_of(&running, third).await.1.words_from, Some(first));
    running.stop().await;
    edit(&restored.store_folder, "DELETE FROM word");
    let running = started(&restored).await;
    let found = named(&running).await;
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [Some(third)], "{found:?}");
    running.stop().await;
}

// Profile §8.18: a program that knew nothing of this signed the newest head, and an older one says it.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_head_says_stands_before_the_rows_are_asked() {
    let (gateway, first) = standing().await;
    assert_eq!(head_of(&gateway.running, first).await.1.words_from, Some(EvidenceId(0)));
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let second = acknowledged(&config, "b").await;
    sign_with(&key_of(&config), &config, ago(-1)).await;
    std::fs::remove_file(config.evidence.identity_file.with_file_name("last-head.p7m")).unwrap();
    edit(&config.store_folder, TAKEN);
    let running = started(&config).await;
    let found = named(&running).await;
    let missing: Vec<_> = found.iter().filter(|(_, what)| what.contains("receipt")).map(|(id, _)| *id).collect();
    assert_eq!(missing, [Some(first), Some(second)], "{found:?}");
    running.stop().await;
}

// Profile §8.13, §8.18: what a head says counts if it was signed here.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_somebody_else_signed_says_nothing_and_nothing_is_signed_over_it() {
    let (gateway, first) = standing().await;
    let (_, head) = head_of(&gateway.running, first).await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let (_, stranger) = old_key();
    let forged = Head { words_from: Some(EvidenceId(1 << 55)), ..head.clone() };
    let forged = enclose(&serde_json::to_vec(&forged).unwrap(), &stranger, head.at).unwrap();
    let known = {
        let store = store_of(&config).await;
        let known = store.log_state().await.unwrap().head.unwrap();
        store.close().await.unwrap();
        known
    };
    edit(&config.store_folder, &format!("UPDATE log_head SET head = x'{}'; {TAKEN}", hex(&forged)));
    let second = acknowledged(&config, "b").await;
    let running = started(&config).await;
    for _ in 0..2 {
        let found = named(&running).await;
        assert!(found.iter().any(|(id, what)| *id == Some(first) && what.contains("receipt")), "{found:?}");
        assert!(found.iter().any(|(id, what)| id.is_none() && what.contains("head")), "{found:?}");
        let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
        assert!(found.logged < found.evidence, "nothing takes its place: {found:?}");
    }
    running.stop().await;
    // With the right head there again, all goes on.
    edit(&config.store_folder, &format!("UPDATE log_head SET head = x'{}'", hex(&known)));
    let running = started(&config).await;
    let (_, after) = head_of(&running, second).await;
    assert_eq!((after.words_from, after.set_back), (Some(EvidenceId(0)), None));
    let octets = enclosed(&known).unwrap().1;
    assert_eq!(serde_json::from_slice::<Head>(&octets).unwrap(), head);
    running.stop().await;
}
