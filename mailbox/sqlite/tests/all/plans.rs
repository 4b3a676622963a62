//! No query walks through a table that grows, and none looks through a list once for every row.

use std::path::Path;

use fumibako_sqlite::DATABASE_FILE;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

/// Queries that are meant to read whole tables (the roll, the census, a count of all evidence, the shape of the database, the words of recipients in an audit, heads, of which a day has one, holds in force, what was said of days, once for a key the notes of what went out), every pair (new folders and their marks), or what
/// they themselves have found (days).
const WHOLE: [&str; 30] = [
    "HAVING count(*) > 1",
    "stamp FROM log_head",
    "SELECT head FROM log_head",
    "max(day) OVER (ORDER BY size)",
    "WHERE stamp IS NULL AND (day < ?",
    "suspended', suspended",
    "'role', role, 'suspended'",
    ", used)) AS",
    "removed FROM certificate",
    "FROM terms ORDER BY n",
    "FROM paper p LEFT JOIN paper_named",
    "AS \"licences!: String\" FROM licence",
    "count(*) FROM message WHERE stored",
    "(SELECT count(*) FROM evidence) AS",
    "kind = 'EvidencePruning' ORDER",
    "json_each(?) mark",
    "json_each(?) n",
    "iif(regional, 'true', 'false'))))) AS \"found!: String\" FROM office",
    "char(30) ORDER BY number",
    "RECURSIVE found",
    "FROM hold ORDER",
    "m.id = h.message WHERE h.released_at IS NULL",
    "coalesce(c.unseen",
    "number, used_bytes, modseq",
    "SELECT DISTINCT segment",
    "FROM word WHERE NOT EXISTS",
    "FROM sqlite_schema",
    "SELECT id FROM log_tile",
    "FROM promised ORDER",
    "mandate, seal FROM sent_out",
];

/// Queries that are meant to read a whole folder: for who opens it, moves or removes all of it, or (the operator) holds a message.
const FOLDER: [&str; 3] =
    ["SELECT DISTINCT m.id, m.segment", "'modseq', e.modseq)", "WHERE e.mailbox = f.id) END AS \"entries"];

#[tokio::test]
async fn every_query_finds_its_rows_by_key() {
    let (folder, store) = super::fresh().await;
    store.close().await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(DATABASE_FILE));
    let mut connection = options.connect().await.unwrap();
    let mut looked_at = 0;
    for file in Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.sqlx")).read_dir().unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let described: serde_json::Value = serde_json::from_str(&text).unwrap();
        let query = described["query"].as_str().unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
        let steps: Vec<(i64, String)> = sqlx::query(explain)
            .fetch_all(&mut connection)
            .await
            .unwrap()
            .iter()
            .map(|row| (row.get("parent"), row.get("detail")))
            .collect();
        // The newest rows, by their key: no more of them are looked at than are wanted.
        let newest = query.contains(" DESC LIMIT ") && !steps.iter().any(|(_, step)| step.contains("TEMP B-TREE"));
        for (at, (parent, step)) in steps.iter().enumerate() {
            let inner = steps[..at].iter().any(|(other, before)| other == parent && repeats(before));
            let whole = newest || WHOLE.iter().any(|part| query.contains(part));
            let of_folder = step.starts_with("SEARCH e ") && step.ends_with("PRIMARY KEY (mailbox=?)");
            assert!(!of_folder || FOLDER.iter().any(|part| query.contains(part)), "{step}, in {query}\n{steps:#?}");
            assert!(whole || !step.starts_with("SCAN ") || (is_list(step) && !inner), "{step}, in {query}\n{steps:#?}");
        }
        looked_at += 1;
    }
    assert!(looked_at > 30, "the descriptions were there");
}

/// Profile §7.26: everybody who has a folder open asks what changed, after every change.
#[tokio::test]
async fn what_changed_is_found_without_a_look_at_the_rest_of_the_folder() {
    let (folder, store) = super::fresh().await;
    store.close().await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(DATABASE_FILE));
    let mut connection = options.connect().await.unwrap();
    let source = include_str!("../../src/read.rs");
    let (_, rest) = source.split_once("pub(crate) async fn since(").unwrap();
    let query = rest.split_once("r#\"").unwrap().1.split_once("\"#").unwrap().0;
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
    let steps = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
    let steps: Vec<String> = steps.iter().map(|row| row.get("detail")).collect();
    let of_entries: Vec<&String> =
        steps.iter().filter(|step| step.contains(" entry") || step.contains(" e ")).collect();
    let found = |by: &str| of_entries.iter().any(|step| step.contains(by));
    assert!(found("entry_modseq (mailbox=? AND modseq>?)") && found("(mailbox=? AND uid=?)"), "{steps:#?}");
    assert_eq!(of_entries.len(), 2, "{steps:#?}");
}

/// What was asked for, what a subquery has found, or the one row of counters: short, and not a table.
fn is_list(step: &str) -> bool {
    ["VIRTUAL TABLE", "CONSTANT ROW", "(subquery", "SCAN begun"].iter().any(|list| step.contains(list))
}

/// Does what follows happen once for each of many rows?
fn repeats(step: &str) -> bool {
    (step.starts_with("SCAN ") || step.starts_with("SEARCH ")) && !step.contains("(rowid=?)")
}
