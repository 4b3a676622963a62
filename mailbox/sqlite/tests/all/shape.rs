//! What another hand puts into the database beside its rows, or takes out of it (Profile §8.30).

use fumibako_model::EvidenceId;
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{Odd, Store};

use super::open::meddle;

/// What is found to be foreign after this was done to a store with a bundle: what it is, and what is wrong.
async fn after(statement: &str) -> Vec<(String, Odd)> {
    let (folder, store) = super::fresh().await;
    let world = World::with(&*store).await;
    store.deliver(world.bundle(&*store, (himawari(), sakura()), "a@x.example", "plan"), now()).await.unwrap();
    store.close().await.unwrap();
    meddle(folder.path(), statement).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let found = store.audit(EvidenceId(0)).await.unwrap().foreign;
    assert_eq!(store.census().await.unwrap().foreign, found.len() as u64, "{statement}");
    // Mail goes on: what it does to evidence is found there.
    store.deliver(world.bundle(&store, (himawari(), sakura()), "b@x.example", "plan"), now()).await.unwrap();
    store.close().await.unwrap();
    found.into_iter().map(|one| (one.to_string(), one.what)).collect()
}

// Profile §8.30
#[tokio::test]
async fn what_the_migrations_do_not_make_is_named() {
    assert_eq!(after("SELECT 1").await, []);
    assert_eq!(after("ANALYZE").await, [], "figures of ANALYZE are nobody's");
    for (statement, named) in [
        (
            "CREATE TRIGGER edit AFTER INSERT ON evidence BEGIN UPDATE evidence SET at = at - 1 WHERE id = new.id; END",
            "trigger edit ON evidence",
        ),
        ("CREATE TRIGGER quiet INSTEAD OF INSERT ON change BEGIN SELECT 1; END", "trigger quiet ON change"),
        (
            "CREATE TRIGGER _sqlx_migrations AFTER INSERT ON account BEGIN SELECT 1; END",
            "trigger _sqlx_migrations ON account",
        ),
        ("CREATE VIEW seen AS SELECT doc FROM evidence", "view seen"),
        ("CREATE INDEX slow ON evidence (doc)", "index slow ON evidence"),
        ("CREATE TABLE aside AS SELECT * FROM evidence", "table aside"),
    ] {
        assert_eq!(after(statement).await, [(named.to_owned(), Odd::More)], "{statement}");
    }
}

// Profile §8.30
#[tokio::test]
async fn what_the_migrations_make_and_is_another_or_not_there_is_named() {
    let text = |name: &str, from: &str, to: &str| {
        format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE name = '{name}'; PRAGMA writable_schema = RESET"
        )
    };
    for (statement, named, what) in [
        ("DROP TRIGGER office_added".to_owned(), "trigger office_added ON office", Odd::Missing),
        ("DROP INDEX message_sent".to_owned(), "index message_sent ON message", Odd::Missing),
        ("ALTER TABLE office ADD COLUMN notes TEXT".to_owned(), "table office", Odd::Other),
        (
            "DROP TRIGGER change_sealed; CREATE TRIGGER change_sealed INSTEAD OF INSERT ON change BEGIN SELECT 1; END"
                .to_owned(),
            "trigger change_sealed ON change",
            Odd::Other,
        ),
        (
            "DROP INDEX hold_message; CREATE INDEX hold_message ON hold (message)".to_owned(),
            "index hold_message ON hold",
            Odd::Other,
        ),
        (text("office_added", "+ 1", "+ 2"), "trigger office_added ON office", Odd::Other),
        (text("day", "STRICT", ""), "table day", Odd::Other),
    ] {
        assert_eq!(after(&statement).await, [(named.to_owned(), what)], "{statement}");
    }
}
