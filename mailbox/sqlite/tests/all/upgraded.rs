//! What a former version left in the rows is put right by the start of this one (Profile §8.22).

use fumibako_model::{EvidenceId, Report};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::evidence::log_at;
use fumibako_store::suite::expire::{ago, keep};
use fumibako_store::suite::{World, domain, himawari, keywords, now, sakura, view};
use fumibako_store::{Asked, Store};

use super::open::meddle;

/// As it was before a failure stood over a handover: what the gateway saw counted, before the failure or after it, and the reminders of what it
/// saw had left the list. Of one bundle it wrote down what it saw behind the failure, which it does not do any more.
const BACK: &str = "
    DELETE FROM _sqlx_migrations WHERE version = 18;
    UPDATE message SET state = 2 WHERE message_id LIKE '%seen%' AND handover IS NULL AND content_digest IS NOT NULL;
    DELETE FROM due WHERE what = 2 AND message IN (SELECT id FROM message WHERE state >= 2);
    CREATE TEMP TABLE two AS SELECT id, kind, doc FROM evidence
    WHERE doc ->> 'message_id' = 'failed-and-seen@x.example' AND kind IN ('ContentHandover', 'ContentHandoverFailure');
    UPDATE evidence SET kind = (SELECT kind FROM two WHERE two.id <> evidence.id),
        doc = json_set((SELECT doc FROM two WHERE two.id <> evidence.id), '$.id', doc ->> 'id', '$.n', doc ->> 'n', '$.previous', doc ->> 'previous')
    WHERE id IN (SELECT id FROM two);
    UPDATE word SET evidence = (SELECT min(id) FROM two) WHERE evidence = (SELECT max(id) FROM two)";

/// A store with bundles that the gateway saw handed over, that their recipient could not open, both in either order, or neither; as a
/// former version left it.
async fn before(folder: &std::path::Path, then: jiff::Timestamp) {
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    let (world, back) = (World::with(&store).await, (sakura(), himawari()));
    for id in ["waiting", "failed", "seen", "seen-and-failed", "failed-and-seen", "seen-and-received"] {
        let about = format!("{id}@x.example");
        let bundle = world.bundle(&store, (himawari(), sakura()), &about, id);
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle, then).await.unwrap();
        let message = view(&store, sakura(), "INBOX").await.entries.last().unwrap().message;
        if id.contains("seen") {
            assert_eq!(store.hand_over(sakura(), vec![message], None, then).await.unwrap(), [message]);
        }
        let its_id = format!("word-{about}");
        if id.contains("failed") {
            let failure = world.failure(&store, back, &its_id, (&about, &digest));
            store.deliver(failure, then).await.unwrap();
        }
        if id.contains("received") {
            let receipt = world.receipt(&store, back, &its_id, (&about, &digest));
            store.deliver(receipt, then).await.unwrap();
        }
    }
    store.close().await.unwrap();
    meddle(folder, BACK).await;
}

/// The bundles about which this is due until then.
async fn due(store: &SqliteStore, until: jiff::Timestamp, report: Report) -> Vec<String> {
    let due = store.due(until, None, 99).await.unwrap().into_iter();
    let about = due.filter(|due| due.key.report == report).map(|due| (due.recorded.evidence.message_id, due.waiting));
    let about = about.filter(|(_, waiting)| *waiting || report != Report::Uncollected);
    about.map(|(id, _)| id.trim_end_matches("@x.example").to_owned()).collect()
}

// Profile §8.9, §8.15, §8.22
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_opened_waits_again_in_a_store_that_handed_it_over() {
    let (folder, then) = (tempfile::tempdir().unwrap(), ago(91));
    before(folder.path(), then).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    log_at(&store, then).await.unwrap();
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, [], "the rows say what the evidence says");
    let waits = ["waiting", "failed", "seen-and-failed", "failed-and-seen"];
    assert_eq!(due(&store, ago(60), Report::Uncollected).await, waits, "they are told of");
    let handed_over = due(&store, ago(60), Report::HandedOver).await;
    // Of what was handed over there is a row as well, which says nothing: its recipient may say yet that it does not open.
    assert_eq!(store.census().await.unwrap().due, (waits.len() + handed_over.len()) as u64, "{handed_over:?}");

    let (inbox, sent) = (view(&store, sakura(), "INBOX").await, view(&store, himawari(), "Sent").await);
    let all: Vec<_> = inbox.entries.iter().map(|entry| entry.message).collect();
    let seen = store.hand_over(sakura(), all, None, then).await.unwrap();
    assert_eq!(seen, [inbox.entries[0].message], "of the others more is known, whatever it sees");
    assert!(keywords(&sent, &sent.entries[4]).contains(&"$HandedOver".to_owned()), "what it said stays");
    store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    assert_eq!(due(&store, now(), Report::Expired).await, &waits[1..], "and they are lost with their day");
    log_at(&store, now()).await.unwrap();
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);
}
