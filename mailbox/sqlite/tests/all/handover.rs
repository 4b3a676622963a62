//! A mark and the handover it makes are one commit (Profile §8.10).

use fumibako_model::{FlagChange, Flags, FolderId, MessageId, ModSeq, NamedFlags, OfficeNumber, Uid};
use fumibako_sqlite::{LOG_BYTES, SqliteStore};
use fumibako_store::suite::mandates::{agent, granting, sending};
use fumibako_store::suite::{Fill, World, domain, folder, himawari, kaede, keywords, now, sakura, view};
use fumibako_store::{CopyOrder, Deposit, Doer, Draft, FlagOrder, Notes, SealKey, Store, StoreError};

use super::open::meddle;

/// Marks or removes the messages of a folder; what was handed over.
async fn take(
    store: &SqliteStore,
    (office, how): (OfficeNumber, &str),
    (from, uid): (FolderId, Uid),
) -> Result<Vec<MessageId>, StoreError> {
    let office = Doer::office(office, now());
    let uids = vec![uid];
    let seen = NamedFlags { system: Flags::SEEN.system, keywords: vec![] };
    let order = FlagOrder {
        folder: from,
        uids: uids.clone(),
        change: FlagChange::Add,
        flags: seen,
        unchanged_since: None,
        since: ModSeq(0),
    };
    match how {
        "STORE" => store.flag(office, order).await.map(|taken| taken.handed_over),
        "EXPUNGE" => store.expunge(office, from, Some(uids), ModSeq(0)).await.map(|taken| taken.handed_over),
        "RENAME" => store.rename(office, folder("INBOX"), folder("old"), now()).await.map(|taken| taken.handed_over),
        "REPLACE" => {
            let mut body = store.spool(now());
            body.write(b"Subject: note\r\n\r\n").unwrap();
            let draft = Draft { flags: NamedFlags::default(), date: now(), message_id: None, body };
            let order = Deposit { replaces: Some((from, uid)), ..Deposit::of(folder("Archive"), draft) };
            store.append(office, order, now()).await.map(|taken| taken.handed_over)
        }
        _ => {
            let order = CopyOrder { folder: from, uids, to: folder("Archive"), moves: true };
            store.copy(office, order, now()).await.map(|taken| taken.handed_over)
        }
    }
}

// Profile §8.10
#[tokio::test]
async fn a_commit_that_fails_leaves_neither_mark_nor_handover_and_one_that_does_not_both() {
    for how in ["STORE", "EXPUNGE", "MOVE", "RENAME", "REPLACE"] {
        let (kept, store) = super::fresh().await;
        let world = World::with(&*store).await;
        store.deliver(world.bundle(&*store, (himawari(), sakura()), "a@x.example", "one"), now()).await.unwrap();
        let inbox = view(&*store, sakura(), "INBOX").await;
        let (uid, message, from) = (inbox.entries[0].uid, inbox.entries[0].message, inbox.status.folder);
        store.note_sent(sakura(), vec![message], None).await.unwrap();
        let deleted = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
        let (uids, change) = (vec![uid], FlagChange::Add);
        let order = FlagOrder { folder: from, uids, change, flags: deleted, unchanged_since: None, since: ModSeq(0) };
        store.flag(sakura(), order).await.unwrap();
        let before = (view(&*store, sakura(), "INBOX").await, view(&*store, himawari(), "Sent").await);

        // The handover is the last that is written; another hand sees to it that it fails.
        meddle(
            kept.path(),
            "CREATE TRIGGER bad BEFORE INSERT ON evidence WHEN new.kind = 'ContentHandover'
             BEGIN SELECT raise(ABORT, 'a rule'); END",
        )
        .await;
        assert!(matches!(take(&store, (sakura(), how), (from, uid)).await, Err(StoreError::Refused(_))), "{how}");
        let after = (view(&*store, sakura(), "INBOX").await, view(&*store, himawari(), "Sent").await);
        assert_eq!((&before, store.census().await.unwrap().evidence), (&after, 2), "{how}");
        // It stops, and begins again: to whom it went is known.
        store.close().await.unwrap();
        meddle(kept.path(), "DROP TRIGGER bad").await;
        let store = SqliteStore::open(kept.path(), domain()).await.unwrap();
        assert_eq!(take(&store, (sakura(), how), (from, uid)).await.unwrap(), [message], "{how}");
        let (inbox, sent) = (view(&store, sakura(), "INBOX").await, view(&store, himawari(), "Sent").await);
        let left: Vec<_> = inbox.entries.iter().map(|entry| entry.flags.has(Flags::SEEN)).collect();
        assert_eq!(left, if how == "STORE" { vec![true] } else { vec![] }, "{how}");
        assert_eq!(keywords(&sent, &sent.entries[0]).last().map(String::as_str), Some("$HandedOver"), "{how}");
        assert_eq!(store.census().await.unwrap().evidence, 3, "{how}");
    }
}

/// Back to the shape in which nobody wrote down to whom octets went; all of them did.
const BACK: &str = "
    DELETE FROM _sqlx_migrations WHERE version IN (4, 20);
    DROP TABLE sent_out;
    CREATE TABLE sent_out (office INTEGER NOT NULL, message INTEGER NOT NULL, PRIMARY KEY (office, message)) STRICT, WITHOUT ROWID;
    INSERT INTO sent_out (office, message) SELECT recipient, id FROM message";

// Profile §8.10
#[tokio::test]
async fn what_went_out_before_that_was_written_down_is_an_offices_that_mandated_nobody() {
    let (kept, store) = super::fresh().await;
    let world = World::with(&*store).await;
    agent(&*store).await;
    store.mandate(granting(&sending(kaede()))).await.unwrap();
    for to in [sakura(), kaede()] {
        let bundle = world.bundle(&*store, (himawari(), to), &format!("{to}@x.example"), "one");
        store.deliver(bundle, now()).await.unwrap();
    }
    store.close().await.unwrap();
    meddle(kept.path(), BACK).await;
    let store = SqliteStore::open(kept.path(), domain()).await.unwrap();
    for (office, count) in [(sakura(), 1), (kaede(), 0)] {
        let inbox = view(&store, office, "INBOX").await;
        let taken = take(&store, (office, "STORE"), (inbox.status.folder, inbox.entries[0].uid)).await.unwrap();
        assert_eq!(taken.len(), count, "{office}");
    }
}

// Profile §8.10
#[tokio::test]
async fn what_another_hand_says_went_out_hands_nothing_over() {
    let folder = tempfile::tempdir().unwrap();
    let open = |secret: &'static [u8]| {
        SqliteStore::open_to_serve(folder.path(), domain(), (LOG_BYTES, Some(SealKey::of(secret))))
    };
    let store = open(b"secret").await.unwrap();
    let world = World::with(&store).await;
    for id in ["forged", "moved", "went-out", "under-another-key"] {
        store
            .deliver(world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), id), now())
            .await
            .unwrap();
    }
    let inbox = view(&store, sakura(), "INBOX").await;
    let (from, message) = (inbox.status.folder, |n: usize| inbox.entries[n].message);
    store.note_sent(sakura(), vec![message(2), message(3)], None).await.unwrap();
    store.close().await.unwrap();
    let forged = "INSERT INTO sent_out SELECT id, '', zeroblob(16) FROM message WHERE message_id = 'forged@x.example';
                  INSERT INTO sent_out SELECT m.id, s.mandate, s.seal FROM message m, sent_out s
                  WHERE m.message_id = 'moved@x.example' AND s.seal <> zeroblob(16) LIMIT 1";
    meddle(folder.path(), forged).await;
    let store = open(b"secret").await.unwrap();
    let mut taken = Vec::new();
    for n in 0..3 {
        taken.push(take(&store, (sakura(), "STORE"), (from, inbox.entries[n].uid)).await.unwrap());
    }
    assert_eq!(taken, [vec![], vec![], vec![message(2)]]);
    // What goes out again is known again.
    store.note_sent(sakura(), vec![message(0)], None).await.unwrap();
    assert_eq!(take(&store, (sakura(), "STORE"), (from, inbox.entries[0].uid)).await.unwrap(), [message(0)]);
    store.close().await.unwrap();
    let store = open(b"another").await.unwrap();
    assert_eq!(take(&store, (sakura(), "STORE"), (from, inbox.entries[3].uid)).await.unwrap(), []);
}

/// Back to the shape in which notes bore no seal.
const UNSEALED: &str = "DELETE FROM _sqlx_migrations WHERE version = 20; ALTER TABLE sent_out DROP COLUMN seal";

// Profile §8.10
#[tokio::test]
async fn notes_from_before_seals_and_under_a_former_key_count_as_they_did_once_they_are_sealed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let open = |secret: &'static [u8]| {
        SqliteStore::open_to_serve(folder.path(), domain(), (LOG_BYTES, Some(SealKey::of(secret))))
    };
    let store = open(b"first").await.unwrap();
    let world = World::with(&store).await;
    for id in ["before", "former", "forged", "thief"] {
        let bundle = world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), id);
        store.deliver(bundle, now()).await.unwrap();
    }
    let inbox = view(&store, sakura(), "INBOX").await;
    let (from, message) = (inbox.status.folder, |n: usize| inbox.entries[n].message);
    store.note_sent(sakura(), vec![message(0)], None).await.unwrap();
    store.close().await.unwrap();
    meddle(folder.path(), UNSEALED).await;
    let store = open(b"first").await.unwrap();
    store.seal_notes(Notes { unsealed: true, former: None }).await.unwrap();
    store.note_sent(sakura(), vec![message(1)], None).await.unwrap();
    store.close().await.unwrap();
    meddle(
        folder.path(),
        "INSERT INTO sent_out (message, mandate) SELECT id, '' FROM message WHERE message_id = 'forged@x.example'",
    )
    .await;
    let thief = open(b"stolen").await.unwrap();
    thief.note_sent(sakura(), vec![message(3)], None).await.unwrap();
    thief.close().await.unwrap();
    let store = open(b"second").await.unwrap();
    store.seal_notes(Notes { unsealed: false, former: Some(SealKey::of(b"first")) }).await.unwrap();
    let mut taken = Vec::new();
    for n in 0..4 {
        taken.extend(take(&store, (sakura(), "STORE"), (from, inbox.entries[n].uid)).await.unwrap());
    }
    assert_eq!(taken, [message(0), message(1)]);
}
