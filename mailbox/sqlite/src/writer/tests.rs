//! What a batch leaves when something in it fails.
#![allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]

use fumibako_model::Refusal;
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{Admitted, Delivery};
use sqlx::Row;
use tokio::sync::oneshot;

use super::*;
use crate::command::Reply;
use crate::open::prepare;
use crate::store::SqliteStore;

type Answer = oneshot::Receiver<Result<Delivery, StoreError>>;

/// A writer that nobody has started, so that a test can hand it whole batches; and bundles to make them of.
struct Bench {
    _folder: tempfile::TempDir,
    writer: Writer,
    world: World,
    store: SqliteStore,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        let world = World::with(&store).await;
        store.close().await.unwrap();
        let (writer, _) = prepare(folder.path(), domain()).await.unwrap();
        Self { _folder: folder, writer, world, store }
    }

    /// Another hand changes the database.
    async fn meddle(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.writer.connection).await.unwrap();
    }

    fn bundle(&self, id: &str, bytes: usize) -> Admitted {
        self.world.bundle(&self.store, (himawari(), sakura()), &format!("{id}@x.example"), &"x".repeat(bytes))
    }

    /// Settles these bundles as one batch: their answers, and whether the store is broken now.
    async fn settle(&mut self, bundles: Vec<Admitted>) -> (Vec<Result<Delivery, StoreError>>, bool) {
        let (batch, answers): (Vec<Command>, Vec<Answer>) = bundles
            .into_iter()
            .map(|bundle| {
                let (reply, answer) = Reply::new();
                (Command::Deliver(bundle, now(), reply), answer)
            })
            .unzip();
        let broken = self.writer.settle(batch).await.is_some();
        (answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect(), broken)
    }
}

#[tokio::test]
async fn what_the_disk_has_no_room_for_fails_alone_and_fits_later() {
    let mut bench = Bench::new().await;
    bench.meddle("PRAGMA max_page_count = 100").await;
    let large = bench.bundle("large", 400_000);
    let batch = vec![bench.bundle("a", 9), large.clone(), bench.bundle("b", 9)];
    let (answers, broken) = bench.settle(batch).await;
    assert!(matches!(&answers[..], [Ok(_), Err(StoreError::Full(_)), Ok(_)]) && !broken, "{answers:?}");
    bench.meddle("PRAGMA max_page_count = 1000000").await;
    let (answers, _) = bench.settle(vec![large, bench.bundle("a", 9)]).await;
    assert!(matches!(&answers[..], [Ok(Delivery { repeated: false, .. }), Err(_)]), "{answers:?}");
}

#[tokio::test]
async fn a_command_that_breaks_a_rule_of_the_rows_fails_alone() {
    let mut bench = Bench::new().await;
    bench
        .meddle(
            "CREATE TRIGGER bad BEFORE INSERT ON submission WHEN new.message_id = 'bad@x.example'
             BEGIN SELECT raise(ABORT, 'a rule'); END",
        )
        .await;
    let batch = vec![bench.bundle("a", 9), bench.bundle("bad", 9), bench.bundle("b", 9)];
    let (answers, broken) = bench.settle(batch).await;
    let [Ok(_), Err(StoreError::Refused(refused)), Ok(_)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((refused.why, broken), (Refusal::Internal, false));
}

#[tokio::test]
async fn after_damage_nothing_is_tried_again() {
    let mut bench = Bench::new().await;
    bench.meddle("DROP TABLE submission").await;
    let batch = vec![bench.bundle("a", 9), bench.bundle("b", 9)];
    let (answers, broken) = bench.settle(batch).await;
    assert!(broken && answers.iter().all(|answer| matches!(answer, Err(StoreError::Broken(_)))), "{answers:?}");
}

#[tokio::test]
async fn a_broken_writer_refuses_everything() {
    let mut bench = Bench::new().await;
    bench.meddle("DROP TABLE submission").await;
    let (ask, asked) = mpsc::channel(8);
    let running = tokio::spawn(bench.writer.run(asked));
    for _ in 0..2 {
        let (reply, answer) = Reply::new();
        let office = fumibako_store::suite::office(sakura());
        let (broken, waiting) = Reply::new();
        let bundle = bench.world.bundle(&bench.store, (himawari(), sakura()), "a@x.example", "one");
        ask.send(Command::Deliver(bundle, now(), broken)).await.unwrap();
        assert!(matches!(waiting.await.unwrap(), Err(StoreError::Broken(_))));
        ask.send(Command::PutOffice(office, reply)).await.unwrap();
        assert!(matches!(answer.await.unwrap(), Err(StoreError::Broken(_))), "it needs no submission, but who knows");
    }
    drop(ask);
    running.await.unwrap();
}

#[tokio::test]
async fn every_commit_is_synced() {
    // Without FULL a power cut loses what was answered; without WAL readers and writer wait for each other.
    let mut bench = Bench::new().await;
    let settings = [
        ("PRAGMA synchronous", "2"),
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA secure_delete", "1"),
        ("PRAGMA wal_autocheckpoint", "4000"),
    ];
    for (setting, value) in settings {
        let row = sqlx::query(setting).fetch_one(&mut bench.writer.connection).await.unwrap();
        let found = row.try_get::<i64, _>(0).map_or_else(|_| row.get::<String, _>(0), |number| number.to_string());
        assert_eq!(found, value, "{setting}");
    }
}

#[test]
fn a_batch_ends_at_256_commands_or_16_megabytes() {
    let nothing = || Command::Close(Reply::new().0);
    let draft = |bytes: usize| {
        let octets = fumibako_model::Private(vec![0; bytes]);
        let folder = "Drafts".parse().unwrap();
        let flags = fumibako_model::NamedFlags::default();
        let draft = fumibako_store::Draft { folder, flags, date: now(), message_id: None, octets };
        Command::Append(himawari(), draft, now(), Reply::new().0)
    };
    let gathered = |commands: Vec<Command>| {
        let (ask, mut asked) = mpsc::channel(commands.len());
        for command in commands {
            assert!(ask.try_send(command).is_ok());
        }
        let first = asked.try_recv().unwrap();
        gather(first, &mut asked).len()
    };
    assert_eq!(gathered((0..=BATCH_COMMANDS).map(|_| draft(1)).collect()), BATCH_COMMANDS);
    assert_eq!(gathered(vec![draft(BATCH_BYTES - 1), draft(1), draft(1)]), 2);
    assert_eq!(gathered(vec![draft(1), nothing(), draft(1)]), 2, "nothing is asked of a closed store");
}
