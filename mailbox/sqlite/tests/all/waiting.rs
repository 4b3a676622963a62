//! Mandates that wait for one agent are not without number (Profile §9.15).

use fumibako_model::{Refusal, UNCONFIRMED_AT_AGENT};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::mandates::{agent, granting, numbered, sending};
use fumibako_store::suite::{Fill, World, domain, himawari, refused, sakura};

use super::open::meddle;

/// One is there; with these there is one fewer than there may be.
const OTHERS: &str = "INSERT INTO mandate (id, digest, doc, paper)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4998)
    SELECT printf('MD%032X', i), digest, json_set(doc, '$.office', printf('98%08d', i)), 0 FROM n, mandate";

// Profile §9.15
#[tokio::test]
async fn so_many_mandates_wait_for_one_agent_and_no_more() {
    assert_eq!(UNCONFIRMED_AT_AGENT, 5_000);
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    World::with(&store).await;
    agent(&store).await;
    store.mandate(granting(&sending(himawari()))).await.unwrap();
    store.close().await.unwrap();
    meddle(folder.path(), OTHERS).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.mandate(granting(&numbered(sakura(), 1))).await.unwrap();
    refused(store.mandate(granting(&numbered(sakura(), 2))).await, Refusal::TooManyUnconfirmed);
    // One from paper waits for nobody.
    let mut paper = numbered(sakura(), 3);
    paper.confirmed = Some(paper.mandate.granted);
    store.mandate(granting(&paper)).await.unwrap();
}
