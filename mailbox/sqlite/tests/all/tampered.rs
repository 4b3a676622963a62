//! Whoever edits evidence in the database is found out, and the row is named (Profile §8.15).

use fumibako_model::{Done, EvidenceId, Pruning, TrustState, What, hash};
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::Day;
use fumibako_store::suite::evidence::{log, log_at};
use fumibako_store::suite::expire::{ago, send};
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{
    ActsFault, ActsHead, ActsWrong, Amend, LogAudit, LogFault, Paper, PaperKind, PruneOrder, Store, Which, Wrong,
};

use super::open::meddle;

/// Rows of evidence in each test, the first of the day's ids, and how many of them a head covers.
const FIRST: i64 = 20_782 << 40;
const ROWS: u64 = 20;

/// What is found after this was done to the rows.
async fn after(statements: &[&'static str]) -> LogAudit {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for id in 0..ROWS / 2 {
        let bundle = world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), "plan");
        store.deliver(bundle, now()).await.unwrap();
    }
    log(&store).await.unwrap();
    store.close().await.unwrap();
    for statement in statements {
        meddle(folder.path(), statement).await;
    }
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    store.audit(EvidenceId(0)).await.unwrap()
}

fn fault(n: u64, what: Wrong) -> LogFault {
    LogFault { n, id: Some(EvidenceId(FIRST + n.cast_signed())), message_id: None, what }
}

// Profile §8.15
#[tokio::test]
async fn every_edited_row_is_named() {
    assert_eq!(after(&[]).await.faults, []);
    for (statement, faults) in [
        ("DELETE FROM evidence WHERE id = (SELECT min(id) + 7 FROM evidence)", vec![fault(7, Wrong::Removed)]),
        (
            "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id DESC LIMIT 2)",
            vec![fault(18, Wrong::Removed), fault(19, Wrong::Removed)],
        ),
        (
            "UPDATE evidence SET doc = replace(doc, '9970000029', '9970000037')
             WHERE id = (SELECT min(id) + 3 FROM evidence)",
            vec![fault(3, Wrong::Changed)],
        ),
        (
            "UPDATE evidence SET doc = replace(doc, '2026-11-25', '2026-11-24') WHERE id = (SELECT min(id) FROM evidence)",
            vec![fault(0, Wrong::Changed)],
        ),
        (
            "UPDATE evidence SET at = at - 86400000 WHERE id = (SELECT min(id) + 4 FROM evidence)",
            vec![fault(4, Wrong::Columns)],
        ),
        (
            "UPDATE evidence SET doc = 'nothing' WHERE id = (SELECT min(id) + 5 FROM evidence)",
            vec![fault(5, Wrong::Changed)],
        ),
        (
            "UPDATE evidence SET from_office = to_office WHERE id = (SELECT min(id) + 4 FROM evidence)",
            vec![fault(4, Wrong::Columns)],
        ),
        (
            "UPDATE evidence SET to_office = 4711 WHERE id = (SELECT min(id) + 4 FROM evidence)",
            vec![fault(4, Wrong::Columns)],
        ),
    ] {
        assert_eq!(after(&[statement]).await.faults, faults, "{statement}");
    }
}

// Profile §8.15: what is found by its bundle is not found under another.
#[tokio::test]
async fn rows_that_are_filed_under_another_bundle_are_named() {
    let delivered = (1..ROWS).step_by(2).map(|n| fault(n, Wrong::Moved)).collect();
    for (statement, faults) in [
        ("UPDATE evidence SET message = message + 1 WHERE kind = 'ContentConsignment'", delivered),
        (
            "UPDATE evidence SET message = 0 WHERE id = (SELECT min(id) + 5 FROM evidence)",
            vec![fault(5, Wrong::Moved)],
        ),
        // All of one bundle's, so that they agree with each other.
        (
            "UPDATE evidence SET message = (SELECT max(message) FROM evidence) WHERE id IN (SELECT id FROM evidence ORDER BY id LIMIT 2)",
            vec![fault(0, Wrong::Moved), fault(1, Wrong::Moved)],
        ),
        (
            "DELETE FROM evidence WHERE id = (SELECT min(id) + 2 FROM evidence);
             UPDATE evidence SET message = (SELECT max(message) FROM evidence) WHERE id = (SELECT min(id) + 3 FROM evidence)",
            vec![fault(2, Wrong::Removed), fault(3, Wrong::Moved)],
        ),
    ] {
        assert_eq!(after(&[statement]).await.faults, faults, "{statement}");
    }
}

// Profile §8.15
#[tokio::test]
async fn a_row_under_an_id_that_is_never_given_is_named() {
    let put = "INSERT INTO evidence SELECT -5, message, kind, at, from_office, to_office, doc FROM evidence ORDER BY id LIMIT 1";
    let id = |id| Some(EvidenceId(id));
    assert_eq!(after(&[put]).await.faults, [LogFault { n: 0, id: id(-5), message_id: None, what: Wrong::Added }]);
    let least = "INSERT INTO evidence SELECT -9223372036854775807 - 1, 0, kind, at, 0, 0, '' FROM evidence LIMIT 1";
    assert_eq!(
        after(&[least]).await.faults,
        [LogFault { n: 0, id: id(i64::MIN), message_id: None, what: Wrong::Added }]
    );
}

// Profile §8.15
#[tokio::test]
async fn rows_that_changed_places_and_rows_put_in_are_named() {
    // Two rows with each other's words.
    let swapped = after(&["CREATE TABLE words AS SELECT id - (SELECT min(id) FROM evidence) AS n, doc FROM evidence;
         UPDATE evidence SET doc = (SELECT doc FROM words WHERE n = 6) WHERE id = (SELECT min(id) + 2 FROM evidence);
         UPDATE evidence SET doc = (SELECT doc FROM words WHERE n = 2) WHERE id = (SELECT min(id) + 6 FROM evidence)"])
    .await;
    assert_eq!(swapped.faults, [fault(2, Wrong::Changed), fault(6, Wrong::Changed)]);
    // The same word once more, under an id of its own.
    let added = after(&["INSERT INTO evidence SELECT id + 1000, message, kind, at, from_office, to_office,
            replace(doc, printf('%014X', id), printf('%014X', id + 1000)) FROM evidence ORDER BY id LIMIT 1"])
    .await;
    let id = Some(EvidenceId(FIRST + 1000));
    assert_eq!(added.faults, [LogFault { n: ROWS, id, message_id: None, what: Wrong::Added }]);
}

// Profile §8.15: of two rows that changed places, in whatever column, both are named.
#[tokio::test]
async fn two_rows_that_swapped_a_column_are_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    // Of three days, to two offices.
    for (days, ends) in [(3, (himawari(), sakura())), (2, (himawari(), sakura())), (1, (sakura(), himawari()))] {
        let bundle = world.bundle(&store, ends, &format!("{days}@x.example"), "plan");
        store.deliver(bundle, ago(days)).await.unwrap();
    }
    log(&store).await.unwrap();
    store.close().await.unwrap();
    meddle(folder.path(), "CREATE TABLE was AS SELECT * FROM evidence ORDER BY id").await;
    // The first row and the last but one are the first pieces of their bundles.
    let [first, last] = ["(SELECT min(id) FROM was)", "(SELECT id FROM was ORDER BY id DESC LIMIT 1 OFFSET 1)"];
    for (column, what) in [
        ("doc", Wrong::Changed),
        ("at", Wrong::Columns),
        ("from_office", Wrong::Columns),
        ("to_office", Wrong::Columns),
        ("message", Wrong::Moved),
        ("id", Wrong::Changed),
    ] {
        let other = |row| format!("(SELECT {column} FROM was WHERE id = {row})");
        let swapped = format!(
            "UPDATE evidence SET id = id + 500 WHERE id IN ({first}, {last});
             UPDATE evidence SET {column} = CASE id WHEN {first} + 500 THEN {} ELSE {} END WHERE id IN ({first} + 500, {last} + 500);
             UPDATE evidence SET id = id - 500 WHERE '{column}' <> 'id' AND id IN ({first} + 500, {last} + 500)",
            other(last),
            other(first)
        );
        meddle(folder.path(), &swapped).await;
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        let faults = store.audit(EvidenceId(0)).await.unwrap().faults;
        let named: Vec<_> = faults.iter().filter(|fault| fault.what == what).map(|fault| fault.n).collect();
        assert_eq!((named, faults.len()), (vec![0, 4], 2), "{column}: {faults:?}");
        store.close().await.unwrap();
        meddle(folder.path(), "DELETE FROM evidence; INSERT INTO evidence SELECT * FROM was").await;
    }
}

// Profile §8.15
#[tokio::test]
async fn who_edits_the_hashes_too_is_found_by_the_signed_root() {
    let edited = after(&["UPDATE log_tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB)"]).await;
    assert_eq!(edited.faults, [fault(0, Wrong::Changed)]);
    assert_ne!(edited.heads[0].root, after(&[]).await.heads[0].root, "the root is not the one that was signed");
    let cut = after(&["UPDATE log_tile SET hashes = substr(hashes, 1, 320)"]).await;
    assert_eq!((cut.heads[0].size, cut.heads[0].root), (ROWS, None), "so many hashes there are not any more");
}

// Profile §8.15: hashes that stand beyond the end would be the log's own once it has grown so far.
#[tokio::test]
async fn hashes_that_were_put_to_the_log_beyond_its_end_are_named() {
    let beyond = |n| [LogFault { n, id: None, message_id: None, what: Wrong::Log }];
    for (statement, n) in [
        ("UPDATE log_tile SET hashes = CAST(hashes || randomblob(32) AS BLOB)", 0),
        ("UPDATE log_tile SET hashes = CAST(hashes || x'5a' AS BLOB)", 0),
        ("INSERT INTO log_tile VALUES (1, randomblob(32))", ROWS),
        ("INSERT INTO log_tile VALUES (1 << 48, randomblob(32))", ROWS),
        ("INSERT INTO log_tile VALUES (-1, x'')", ROWS),
    ] {
        assert_eq!(after(&[statement]).await.faults, beyond(n), "{statement}");
    }
}

// Profile §8.13: what a log that lost its end leaves of it goes with the next head.
#[tokio::test]
async fn hashes_beyond_the_end_go_with_the_next_head() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    store.deliver(world.bundle(&store, (himawari(), sakura()), "a@x.example", "plan"), now()).await.unwrap();
    log(&store).await.unwrap();
    store.close().await.unwrap();
    meddle(
        folder.path(),
        "UPDATE log_tile SET hashes = CAST(hashes || randomblob(32) AS BLOB);
         INSERT INTO log_tile VALUES (1, randomblob(32)), (2, x'00'), (1 << 48, randomblob(64)), (2 << 48, x'')",
    )
    .await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults.len(), 2);
    store.deliver(world.bundle(&store, (himawari(), sakura()), "b@x.example", "plan"), now()).await.unwrap();
    log(&store).await.unwrap();
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);
}

/// What is found after evidence of old went by its years, and then this was done to the rows: three bundles of old days, of which
/// the first two went, one of today, and the record, 3 more pieces.
async fn after_pruning(statement: &'static str) -> (Vec<LogFault>, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let mut heads = Vec::new();
    for days in [103, 102, 101, 0] {
        send(&store, &world, &days.to_string(), ago(days)).await;
        heads.push(log_at(&store, ago(days)).await.unwrap());
    }
    let pruned = Pruning { from: 0, until: 4, root: heads[1].root.clone(), signed: heads[1].at, years: 7 };
    let told = Done::new(now(), "gateway", What::EvidencePruned);
    assert_eq!(store.prune(Some(PruneOrder { pruned, told }), now()).await.unwrap(), 4);
    log(&store).await.unwrap();
    store.close().await.unwrap();
    // Their content had gone long before.
    let oldest = "SELECT id FROM message ORDER BY id LIMIT 2";
    let erased = format!("DELETE FROM entry WHERE message IN ({oldest}); DELETE FROM message WHERE id IN ({oldest})");
    meddle(folder.path(), &erased).await;
    meddle(folder.path(), statement).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let LogAudit { faults, pruned, .. } = store.audit(EvidenceId(0)).await.unwrap();
    (faults, pruned.into_iter().map(|one| one.pruning.until).collect())
}

// Profile §8.29
#[tokio::test]
async fn what_was_pruned_is_told_from_what_was_removed() {
    let named = |found: Vec<LogFault>| found.into_iter().map(|fault| (fault.n, fault.what)).collect::<Vec<_>>();
    for (statement, faults, until) in [
        ("SELECT 1", vec![], vec![4]),
        // Nobody's bundle is 済 by evidence that went: none outlives its own.
        (
            "CREATE TEMP TABLE made AS SELECT * FROM message ORDER BY id DESC LIMIT 1;
             UPDATE made SET id = id + 1, answer = 1, state = 3; INSERT INTO message SELECT * FROM made",
            vec![(0, Wrong::Unproved)],
            vec![4],
        ),
        (
            "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id LIMIT 2)",
            vec![(4, Wrong::Removed), (5, Wrong::Removed)],
            vec![4],
        ),
        // Who takes more away and says that it went by its years says what was never signed.
        (
            "UPDATE evidence SET doc = replace(doc, '\"until\":4', '\"until\":6') WHERE kind = 'EvidencePruning';
             UPDATE counter SET value = 6 WHERE name = 'evidence_pruned';
             DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id LIMIT 2)",
            (0..6).map(|n| (n, Wrong::Removed)).chain([(8, Wrong::Changed)]).collect(),
            vec![],
        ),
        (
            "UPDATE evidence SET at = at - 1 WHERE id = (SELECT min(id) FROM evidence)",
            vec![(4, Wrong::Columns)],
            vec![4],
        ),
        ("UPDATE evidence SET message = 1 WHERE kind = 'EvidencePruning'", vec![(8, Wrong::Moved)], vec![4]),
        (
            "UPDATE evidence SET from_office = (SELECT min(id) FROM office) WHERE kind = 'EvidencePruning'",
            vec![(8, Wrong::Columns)],
            vec![4],
        ),
        (
            "DELETE FROM evidence WHERE kind = 'EvidencePruning'",
            [0, 1, 2, 3, 8].map(|n| (n, Wrong::Removed)).to_vec(),
            vec![],
        ),
    ] {
        let (found, said) = after_pruning(statement).await;
        assert_eq!((named(found), said), (faults, until), "{statement}");
    }
}

/// A word at this distance from the first piece, which stands beside none, behind so many pieces.
fn stray(n: i64, before: u64) -> LogFault {
    LogFault { n: before, id: Some(EvidenceId(FIRST + n)), message_id: None, what: Wrong::Stray }
}

// Profile §8.18: what is kept of a receipt is what its evidence names.
#[tokio::test]
async fn a_receipt_that_was_removed_changed_or_put_in_is_named() {
    for (statement, faults) in [
        ("SELECT 1", vec![]),
        ("DELETE FROM word", vec![fault(2, Wrong::Word)]),
        ("UPDATE word SET octets = x'00'", vec![fault(2, Wrong::Word)]),
        ("UPDATE word SET evidence = evidence - 1", vec![fault(1, Wrong::Word), fault(2, Wrong::Word)]),
        ("UPDATE word SET evidence = evidence + 7", vec![fault(2, Wrong::Word), stray(9, 3)]),
        ("INSERT INTO word SELECT -1, octets FROM word", vec![stray(-1 - FIRST, 0)]),
        // The counter has no say in it.
        (
            "DELETE FROM word; UPDATE counter SET value = (SELECT max(id) FROM evidence) WHERE name = 'words_from'",
            vec![fault(2, Wrong::Word)],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = super::acknowledged(folder.path()).await;
        log(&store).await.unwrap();
        store.close().await.unwrap();
        meddle(folder.path(), statement).await;
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, faults, "{statement}");
    }
}

/// What is found after this was done to the papers, and once the same papers came again: pieces 0 and 1 are from before any was kept, 2
/// names a signer and a state of trust, of an authority and a list; with the signer's certificate came one more.
async fn after_papers(statement: &'static str) -> [Vec<LogFault>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    store.deliver(world.bundle(&store, (himawari(), sakura()), "a@x.example", "plan"), now()).await.unwrap();
    let paper = |kind, text: &str| Paper::new(kind, text.as_bytes().to_vec());
    let (authority, above) = (paper(PaperKind::Certificate, "authority"), paper(PaperKind::Certificate, "above"));
    let list = paper(PaperKind::Revocation, "list");
    let signer = Paper::new(PaperKind::Certificate, world.enrolled(himawari()).der);
    let signer = Paper { beside: vec![above.name.clone()], ..signer };
    let state = TrustState::new(vec![hash(&authority.octets), hash(&list.octets)]);
    let trust = Paper::new(PaperKind::Trust, serde_json::to_vec(&state).unwrap());
    let trust = Paper { name: state.name(), ..trust };
    let papers = vec![authority, above, list, signer, trust];
    store.keep_papers(papers.clone()).await.unwrap();
    let judged = world.bundle(&store, (himawari(), sakura()), "b@x.example", "plan").under(state.name());
    store.deliver(judged, now()).await.unwrap();
    log(&store).await.unwrap();
    store.close().await.unwrap();
    meddle(folder.path(), statement).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let faults = async || store.audit(EvidenceId(0)).await.unwrap().faults;
    let spoilt = faults().await;
    // What only calls itself so takes no place.
    let forged = papers.iter().map(|paper| Paper { octets: b"forged".to_vec(), ..paper.clone() });
    store.keep_papers(forged.collect()).await.unwrap();
    let forged = faults().await;
    assert!(!statement.starts_with("SELECT") || forged.is_empty(), "{forged:?}");
    store.keep_papers(papers).await.unwrap();
    [spoilt, faults().await]
}

// Profile §8.18: what a judgement rested on is kept as its evidence names it.
#[tokio::test]
async fn evidence_is_named_whose_certificates_lists_or_state_of_trust_were_removed_or_changed() {
    assert_eq!(after_papers("SELECT 1").await, [[], []]);
    for statement in [
        "DELETE FROM paper",
        "UPDATE paper SET octets = x'00'",
        "DELETE FROM paper WHERE beside <> '[]'",
        "UPDATE paper SET octets = x'00' WHERE beside <> '[]'",
        "UPDATE paper SET kind = 'revocation' WHERE beside <> '[]'",
        "UPDATE paper SET beside = 'nothing' WHERE beside <> '[]'",
        "UPDATE paper SET beside = CAST(x'ff' AS TEXT) WHERE beside <> '[]'",
        "UPDATE paper SET kind = CAST(x'ff' AS TEXT) WHERE beside <> '[]'",
        "UPDATE paper SET name = CAST(x'ff' AS TEXT) WHERE beside <> '[]'",
        "DELETE FROM paper WHERE octets = CAST('above' AS BLOB)",
        "UPDATE paper SET octets = x'00' WHERE octets = CAST('above' AS BLOB)",
        "DELETE FROM paper WHERE octets = CAST('authority' AS BLOB)",
        "DELETE FROM paper WHERE kind = 'revocation'",
        "UPDATE paper SET octets = x'00' WHERE kind = 'revocation'",
        "DELETE FROM paper WHERE kind = 'trust'",
        "UPDATE paper SET octets = CAST('[]' AS BLOB) WHERE kind = 'trust'",
        // One member that makes the same name as the two.
        "UPDATE paper SET octets = CAST(replace(CAST(octets AS TEXT), '\",\"', '') AS BLOB) WHERE kind = 'trust'",
    ] {
        assert_eq!(after_papers(statement).await, [vec![fault(2, Wrong::Paper)], Vec::new()], "{statement}");
    }
}

// Profile §8.13: what a bundle's three pieces of evidence take on the disk, with their hashes in the log.
#[tokio::test]
async fn the_evidence_of_a_bundle_takes_less_than_1500_octets() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let bundles = 64;
    for n in 0..bundles {
        // As long as those that the office program makes.
        let id = format!("{n:032}@plans.example");
        let bundle = world.bundle(&store, (himawari(), sakura()), &id, "plan");
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle.under("0".repeat(32)), now()).await.unwrap();
        let receipt = format!("{:032}@plans.example", n + bundles);
        let receipt = world.receipt(&store, (sakura(), himawari()), &receipt, (&id, &digest));
        store.deliver(receipt.under("0".repeat(32)), now()).await.unwrap();
    }
    log(&store).await.unwrap();
    let entries: usize = store.list_evidence(Which::default()).await.unwrap().iter().map(String::len).sum();
    let audit = store.audit(EvidenceId(0)).await.unwrap();
    assert_eq!(audit.logged, 3 * bundles);
    // Columns, key and index of a row, and its hashes in the tiles.
    let beside = 3 * bundles * (64 + 34);
    let each = (entries as u64 + beside) / bundles;
    println!("evidence of a bundle: {each} octets");
    assert!((600..1_500).contains(&each), "{each} octets");
}

/// What the audit is found to be after this was done to the rows.
async fn audit_after(statement: &'static str) -> (Option<ActsFault>, Vec<Option<String>>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    for n in 0..8 {
        let done = vec![Done::new(now(), "operator", What::OfficePut).of(himawari()).about(n)];
        store.amend(Amend { changes: Vec::new(), done }).await.unwrap();
    }
    let rows = store.acts_state().await.unwrap().rows;
    store.keep_acts_head(ActsHead { day: Day::of(now()), rows, signed: Vec::new(), beyond: None }).await.unwrap();
    store.close().await.unwrap();
    meddle(folder.path(), statement).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let found = store.audit_acts().await.unwrap();
    (found.broken, found.heads.into_iter().map(|(_, hash)| hash).collect())
}

// Profile §16.2
#[tokio::test]
async fn the_first_broken_row_of_the_audit_is_named() {
    let (none, whole) = audit_after("SELECT 1").await;
    assert_eq!(none, None);
    for (statement, n, what) in [
        ("DELETE FROM act WHERE n = 3", 3, ActsWrong::Removed),
        ("DELETE FROM act WHERE n >= 6", 6, ActsWrong::Removed),
        ("DELETE FROM act", 0, ActsWrong::Removed),
        ("UPDATE act SET doc = replace(doc, 'operator', 'somebody') WHERE n = 2", 2, ActsWrong::Changed),
        ("UPDATE act SET office = '9970000029' WHERE n = 5", 5, ActsWrong::Changed),
        ("UPDATE act SET hash = (SELECT hash FROM act WHERE n = 1) WHERE n = 4", 4, ActsWrong::Changed),
        (
            "UPDATE act SET n = 100 WHERE n = 2; UPDATE act SET n = 2 WHERE n = 3; UPDATE act SET n = 3 WHERE n = 100",
            2,
            ActsWrong::Changed,
        ),
        ("INSERT INTO act SELECT 8, office, doc, hash FROM act WHERE n = 0", 8, ActsWrong::Changed),
    ] {
        assert_eq!(audit_after(statement).await.0, Some(ActsFault { n, what }), "{statement}");
    }
    // Who makes words, hashes and chain agree again is found by the signed head.
    let forged = audit_after("UPDATE act SET hash = 'made anew' WHERE n = 7").await;
    assert_ne!(forged.1, whole);
}

// Profile §8.15, §16.2
#[tokio::test]
async fn rows_that_another_hand_puts_behind_the_last_ones_stop_neither_mail_nor_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    send(&store, &world, "before", now()).await;
    let tell = || Amend { changes: Vec::new(), done: vec![Done::new(now(), "operator", What::BackupMade)] };
    store.amend(tell()).await.unwrap();
    store.close().await.unwrap();
    let put_in = "INSERT INTO evidence SELECT id + 1, message, kind, at, from_office, to_office, doc FROM evidence
                  ORDER BY id DESC LIMIT 1;
                  INSERT INTO act SELECT n + 1, office, doc, hash FROM act ORDER BY n DESC LIMIT 1";
    meddle(folder.path(), put_in).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let foreign = store.acts_state().await.unwrap().rows - 1;
    send(&store, &world, "after", now()).await;
    store.amend(tell()).await.unwrap();
    assert_eq!(store.acts_state().await.unwrap().rows, foreign + 2, "behind it");
    let faults = store.audit(EvidenceId(0)).await.unwrap().faults;
    assert_eq!(faults, [fault(2, Wrong::Added)], "and not what was written behind it");
    let broken = store.audit_acts().await.unwrap().broken.expect("it is named");
    assert_eq!(broken.n, foreign);
    assert!(store.unlogged().await.is_err(), "nothing is signed over it");
}
