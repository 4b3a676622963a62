//! Opening: again, twice at once, a bad folder, another program's database.

use fumibako_model::EvidenceId;
use fumibako_sqlite::{DATABASE_FILE, LOG_BYTES, SqliteStore};
use fumibako_store::suite::{ALL, Fill, World, domain, himawari, keywords, now, sakura, view};
use fumibako_store::{Store, StoreError};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// SHA-256 of the first migration.
const FIRST_ROWS: &str = "931b0a97dda5521f5d3e5289d33aa08192a83e25d4733e48b79ee37c8840efbe";

/// Another program's hands on the database, while no store has it open.
pub(crate) async fn meddle(folder: &std::path::Path, sql: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join(DATABASE_FILE));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[track_caller]
fn broken(outcome: Result<SqliteStore, StoreError>, words: &[&str]) {
    match outcome {
        Err(StoreError::Broken(why)) => assert!(words.iter().all(|word| why.contains(word)), "{why}"),
        other => panic!("a broken store was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn what_was_kept_is_there_when_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    store.deliver(world.bundle(&store, (himawari(), sakura()), "a@x.example", "one"), now()).await.unwrap();
    let before = view(&store, sakura(), "INBOX").await;
    store.close().await.unwrap();
    assert!(matches!(store.put_office(fumibako_store::suite::office(sakura())).await, Err(StoreError::Busy(_))));

    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!(view(&store, sakura(), "INBOX").await, before);
    assert_eq!(store.roll().offices().count(), 3);
}

#[tokio::test]
async fn a_log_of_full_length_is_read_to_where_it_was_written() {
    // Cut before the first commit, after some, and after they moved into the database: a copy of the open folder is what a kill
    // would leave.
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("store");
    let store = SqliteStore::open_to_serve(&folder, domain(), (LOG_BYTES, None)).await.unwrap();
    let log = folder.join(format!("{DATABASE_FILE}-wal"));
    assert_eq!(log.metadata().unwrap().len(), LOG_BYTES);
    cut_and_look(&folder, 0).await;
    let world = World::with(&store).await;
    for n in 1..=40 {
        let id = format!("{n}@x.example");
        store.deliver(world.bundle(&store, (himawari(), sakura()), &id, "one"), now()).await.unwrap();
        if n % 13 == 1 {
            cut_and_look(&folder, n).await;
        }
    }
    assert_eq!(log.metadata().unwrap().len(), LOG_BYTES, "nothing made it grow");
    store.close().await.unwrap();
    cut_and_look(&folder, 40).await;
}

/// What a store finds in a copy of this folder as it is now.
async fn cut_and_look(folder: &std::path::Path, messages: usize) {
    let cut = tempfile::tempdir().unwrap();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let to = cut.path().join(path.strip_prefix(folder).unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(to).unwrap();
            left.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else {
            std::fs::copy(path, to).unwrap();
        }
    }
    let store = SqliteStore::open(cut.path(), domain()).await.unwrap();
    if messages == 0 {
        return assert_eq!(store.roll().offices().count(), 0);
    }
    let inbox = view(&store, sakura(), "INBOX").await;
    assert_eq!(inbox.entries.len(), messages);
    for entry in &inbox.entries {
        assert_eq!(store.read(sakura(), entry.message, ALL).await.unwrap().0.len() as u64, entry.size);
    }
}

#[tokio::test]
async fn two_processes_never_open_one_folder() {
    let (folder, _store) = super::fresh().await;
    match SqliteStore::open(folder.path(), domain()).await {
        Err(StoreError::Busy(why)) => assert!(why.contains("another process"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("a/store");
    let store = SqliteStore::open(&folder, domain()).await.unwrap();
    let world = World::with(&store).await;
    store.deliver(world.bundle(&store, (himawari(), sakura()), "a@x.example", "one"), now()).await.unwrap();
    let mut left = vec![folder];
    while let Some(path) = left.pop() {
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        if path.is_dir() {
            left.extend(path.read_dir().unwrap().map(|file| file.unwrap().path()));
        }
    }
}

#[tokio::test]
async fn a_start_cut_short_is_finished_by_the_next() {
    // A crash after the files were made and before their rows; one while these are written under another name.
    for left in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}.new"), format!("{DATABASE_FILE}.new-wal")] {
        let folder = tempfile::tempdir().unwrap();
        let octets: &[u8] = if left == DATABASE_FILE { b"" } else { &[1; 5000] };
        std::fs::write(folder.path().join(&left), octets).unwrap();
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        World::with(&store).await;
        let is_new = |name: String| name.contains(".new");
        let names = folder.path().read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        assert!(!names.into_iter().any(is_new), "{left}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_another_disk_stays_one() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (link, rows) = (folder.path().join(DATABASE_FILE), disk.path().join("rows"));
    std::os::unix::fs::symlink(&rows, &link).unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    World::with(&store).await;
    assert!(link.is_symlink() && rows.metadata().unwrap().len() > 0);
}

#[tokio::test]
async fn the_log_of_rows_that_are_gone_says_nothing_of_new_ones() {
    let (before, store) = super::fresh().await;
    World::with(&*store).await;
    let log = format!("{DATABASE_FILE}-wal");
    let after = tempfile::tempdir().unwrap();
    std::fs::copy(before.path().join(&log), after.path().join(&log)).unwrap();
    let store = SqliteStore::open(after.path(), domain()).await.unwrap();
    assert_eq!(store.roll().offices().count(), 0);
    World::with(&store).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let outer = tempfile::tempdir().unwrap();
    let file = outer.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    broken(SqliteStore::open(&file, domain()).await, &["file", "cannot be opened for writing"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(DATABASE_FILE), "no database at all, whatever its name says".repeat(20)).unwrap();
    broken(SqliteStore::open(folder.path(), domain()).await, &[DATABASE_FILE, "not a database"]);
}

#[tokio::test]
async fn rows_of_a_newer_version_are_left_alone() {
    let (folder, store) = super::fresh().await;
    store.close().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', TRUE, x'00', 0)";
    meddle(folder.path(), newer).await;
    broken(SqliteStore::open(folder.path(), domain()).await, &[DATABASE_FILE, "newer Fumibako", "9999"]);
}

/// Segments in a store's folder, those moved aside included.
fn segments(folder: &std::path::Path) -> Vec<String> {
    let day = folder.join("bodies/2026-11-25");
    let mut names: Vec<_> =
        day.read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn lost_rows_take_no_bodies_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    store.deliver(world.bundle(&store, (himawari(), sakura()), "a@x.example", "one"), now()).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let rows = folder.path().join(DATABASE_FILE);
    let kept = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(&rows, kept.path()).unwrap();
    std::fs::remove_file(&rows).unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!(segments(folder.path()), ["0.unnamed-0"], "what no row names is moved aside");
    let world = World::with(&store).await;
    store.deliver(world.bundle(&store, (himawari(), sakura()), "b@x.example", "two"), now()).await.unwrap();
    assert_eq!(segments(folder.path()), ["0.unnamed-0", "1.seg"], "and its number is not given again");
    store.close().await.unwrap();
    drop(store);
    // The rows are found again, and the body with them.
    std::fs::copy(kept.path(), &rows).unwrap();
    let day = folder.path().join("bodies/2026-11-25");
    std::fs::rename(day.join("0.unnamed-0"), day.join("0.seg")).unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let entry = view(&store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
}

#[tokio::test]
async fn a_day_whose_key_is_lost_takes_no_new_mail() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let keys = folder.path().join("keys");
    let earlier = tempfile::tempdir().unwrap();
    let yesterday = now() - jiff::SignedDuration::from_hours(24);
    store.deliver(world.bundle(&store, (himawari(), sakura()), "a@x.example", "one"), yesterday).await.unwrap();
    copy(&keys, earlier.path());
    store.deliver(world.bundle(&store, (himawari(), sakura()), "b@x.example", "two"), now()).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    copy(earlier.path(), &keys);
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let again = store.deliver(world.bundle(&store, (himawari(), sakura()), "c@x.example", "three"), now()).await;
    let Err(StoreError::Failed(why)) = again else { panic!("{again:?}") };
    assert!(why.contains("2026-11-25") && why.contains("ring"), "{why}");
    let inbox = view(&store, sakura(), "INBOX").await;
    assert!(store.read(sakura(), inbox.entries[0].message, ALL).await.is_ok(), "yesterday reads all the same");
}

/// The files of one folder into another.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    for file in from.read_dir().unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Stores are opened by their first rows: whoever changes that file afterwards shuts everybody's out.
#[test]
fn the_rows_that_stores_began_with_are_as_they_were() {
    let first = include_str!("../../migrations/0001_rows.sql");
    assert_eq!(fumibako_model::hash(first.as_bytes()), FIRST_ROWS, "what is new belongs into a migration of its own");
}

/// From the newest shape back to the first one.
const BACK: &str = "
    DELETE FROM _sqlx_migrations WHERE version > 1;
    DROP VIEW begun; DROP TABLE word; DROP TABLE sent_out; DROP TABLE paper_named; DROP TABLE refused_daily; DROP TABLE refused_counted; DROP TRIGGER change_sealed; DROP TABLE seal; DROP TABLE act_seal;
    DROP TRIGGER collected_gone; DROP TABLE collected; ALTER TABLE due DROP COLUMN reminded;
    DROP TABLE promised; DROP INDEX refused_receipt_kind; ALTER TABLE refused_receipt DROP COLUMN repeated; ALTER TABLE refused_receipt DROP COLUMN n;
    CREATE TABLE refused_day (day INTEGER NOT NULL, login TEXT NOT NULL, rows INTEGER NOT NULL, more INTEGER NOT NULL,
                              PRIMARY KEY (day, login)) STRICT, WITHOUT ROWID;
    DELETE FROM counter WHERE name IN ('words_from', 'papers_followed', 'papers_read', 'hold_number', 'reminded_by', 'believed_on', 'kept_for');
    ALTER TABLE paper DROP COLUMN after;
    UPDATE entry SET keywords = keywords & ~(SELECT 1 << bit FROM keyword k WHERE k.mailbox = entry.mailbox AND k.name = '$Acknowledged')
    WHERE EXISTS (SELECT 1 FROM keyword k WHERE k.mailbox = entry.mailbox AND k.name = '$Acknowledged');
    DELETE FROM keyword WHERE name = '$Acknowledged'";

#[tokio::test]
async fn a_store_of_the_first_shape_opens_with_all_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for (id, text) in [("a@x.example", "one"), ("b@x.example", "two")] {
        let bundle = world.bundle(&store, (himawari(), sakura()), id, text);
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle, now()).await.unwrap();
        if id == "a@x.example" {
            let back = (sakura(), himawari());
            let receipt = world.receipt_letter(back, "receipt@x.example", (id, &digest));
            store.deliver(world.admit(&store, back, &receipt), now()).await.unwrap();
        }
    }
    let marks = async |store: &SqliteStore| {
        let view = view(store, sakura(), "INBOX").await;
        let mut all: Vec<_> = view.entries.iter().map(|entry| keywords(&view, entry)).collect();
        for one in &mut all {
            one.sort_unstable();
        }
        all
    };
    let before = marks(&store).await;
    assert_eq!(before, [vec!["$Acknowledged".to_owned(), "$MDNSent".to_owned()], vec![]]);
    let audited = store.audit(EvidenceId(0)).await.unwrap();
    store.close().await.unwrap();
    drop(store);

    meddle(folder.path(), BACK).await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    assert_eq!(marks(&store).await, before, "what has a receipt is not collected again");
    let words_from = store.untold().await.unwrap().words_from;
    let again = store.audit(words_from).await.unwrap();
    assert_eq!((again.faults, audited.faults), (vec![], vec![]), "no word is missed");
    assert_eq!(again.foreign, [], "and step by step the shape becomes the one of a new store");
    let third = world.bundle(&store, (himawari(), sakura()), "c@x.example", "three");
    store.deliver(third, now()).await.unwrap();
}
