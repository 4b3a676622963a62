//! What a batch leaves when something in it fails.
#![allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]

use fumibako_model::{OfficeNumber, RecipientWishes, Refusal, Wishes};
use fumibako_store::bodies::{Appender, Day, Parcel, Spooled};
use fumibako_store::suite::{World, domain, himawari, now, sakura};
use fumibako_store::{Amend, Delivery};
use sqlx::Row;
use tokio::sync::oneshot;

use super::*;
use crate::command::{Octets, Reply};
use crate::open::prepare;
use crate::queue::queue;
use crate::store::SqliteStore;

/// What the log of events says.
#[derive(Clone, Default)]
struct Heard(Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::field::Visit for Heard {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.lock().unwrap().push(format!("{field}={value:?}"));
    }
}

impl tracing::Subscriber for Heard {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

type Answer = oneshot::Receiver<Result<Delivery, StoreError>>;

/// A writer that nobody has started, so that a test can hand it whole batches; and bundles to make them of.
struct Bench {
    _folder: tempfile::TempDir,
    writer: Writer,
    appender: Appender,
    world: World,
    store: SqliteStore,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        let world = World::with(&store).await;
        store.close().await.unwrap();
        let (writer, _, bodies) = prepare(folder.path(), domain()).await.unwrap();
        let appender = bodies.appender();
        Self { _folder: folder, writer, appender, world, store }
    }

    /// Another hand changes the database.
    async fn meddle(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.writer.connection).await.unwrap();
    }

    fn letter(&self, id: &str) -> Vec<u8> {
        self.world.letter((himawari(), sakura()), &format!("{id}@x.example"), "one")
    }

    /// The command that delivers this, its body on the disk, and its answer.
    fn command(&mut self, letter: &[u8]) -> (Command, Answer) {
        self.command_of((himawari(), sakura()), letter)
    }

    /// The same between other offices; without what is kept of a receipt beside its evidence.
    fn command_of(&mut self, ends: (OfficeNumber, OfficeNumber), letter: &[u8]) -> (Command, Answer) {
        let kept = self.world.admit(&self.store, ends, letter).keep(now()).unwrap();
        let (facts, Spooled::Memory(octets)) = kept.into_parts() else { panic!("a small body") };
        let parcel = Parcel { envelope: &facts.envelope(now()), octets: &[&octets] };
        let place = self.appender.append(Day::of(now()), &[parcel]).unwrap()[0];
        let (reply, answer) = Reply::new();
        (Command::Deliver(facts, Octets::At(place), None, now(), reply), answer)
    }

    /// Settles these bundles as one batch: their answers, and whether the store is broken now.
    async fn settle(&mut self, letters: &[Vec<u8>]) -> (Vec<Result<Delivery, StoreError>>, bool) {
        let (batch, answers): (Vec<Command>, Vec<Answer>) = letters.iter().map(|letter| self.command(letter)).unzip();
        let broken = self.writer.settle(batch).await.is_some();
        (answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect(), broken)
    }
}

#[tokio::test]
async fn a_program_that_is_just_being_started_holds_no_store_that_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, ..) = prepare(folder.path(), domain()).await.unwrap();
    // What a fork has of it until its exec: the same open file.
    let forked = writer.lock.0.try_clone().unwrap();
    let busy = prepare(folder.path(), domain()).await.err();
    assert!(matches!(busy, Some(StoreError::Busy(_))), "{busy:?}");
    let (put, ended) = queue();
    drop(put);
    writer.run(ended).await;
    prepare(folder.path(), domain()).await.unwrap();
    drop(forked);
}

#[tokio::test]
async fn what_the_disk_has_no_room_for_is_refused_and_fits_later() {
    let mut bench = Bench::new().await;
    // SQLite takes the present size for the limit when one below is asked for.
    bench.meddle("PRAGMA max_page_count = 1").await;
    let letters: Vec<_> = (0..100).map(|id| bench.letter(&id.to_string())).collect();
    let (answers, broken) = bench.settle(&letters).await;
    let full = |answer: &Result<_, _>| matches!(answer, Err(StoreError::Full(_)));
    assert!(answers.iter().all(|answer| answer.is_ok() || full(answer)) && !broken, "{answers:?}");
    let refused: Vec<_> = letters.iter().zip(&answers).filter(|(_, answer)| full(answer)).collect();
    assert!(!refused.is_empty(), "a hundred bundles need more pages");
    bench.meddle("PRAGMA max_page_count = 1000000").await;
    let again: Vec<_> = refused.into_iter().map(|(letter, _)| letter.clone()).collect();
    let (answers, _) = bench.settle(&again).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Delivery { repeated: false, .. }))), "{answers:?}");
}

#[tokio::test]
async fn a_command_that_breaks_a_rule_of_the_rows_fails_alone() {
    let mut bench = Bench::new().await;
    bench
        .meddle(
            "CREATE TRIGGER bad BEFORE INSERT ON message WHEN new.message_id = 'bad@x.example'
             BEGIN SELECT raise(ABORT, 'a rule'); END",
        )
        .await;
    let batch = ["a", "bad", "b"].map(|id| bench.letter(id));
    let (answers, broken) = bench.settle(&batch).await;
    let [Ok(_), Err(StoreError::Refused(refused)), Ok(_)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((refused.why, broken), (Refusal::Internal, false));
}

#[tokio::test]
async fn after_damage_nothing_is_tried_again() {
    let mut bench = Bench::new().await;
    bench.meddle("DROP TABLE due").await;
    let batch = ["a", "b"].map(|id| bench.letter(id));
    let (answers, broken) = bench.settle(&batch).await;
    assert!(broken && answers.iter().all(|answer| matches!(answer, Err(StoreError::Broken(_)))), "{answers:?}");
}

#[tokio::test]
async fn a_broken_writer_refuses_everything() {
    let mut bench = Bench::new().await;
    bench.meddle("DROP TABLE due").await;
    let bundles = [bench.letter("a"), bench.letter("b")].map(|letter| bench.command(&letter));
    let (put, take) = queue();
    let running = tokio::spawn(bench.writer.run(take));
    for (deliver, waiting) in bundles {
        assert!(put.put(vec![deliver]));
        assert!(matches!(waiting.await.unwrap(), Err(StoreError::Broken(_))));
        let (reply, answer) = Reply::new();
        let nothing = Amend { changes: Vec::new(), done: Vec::new() };
        assert!(put.put(vec![Command::Amend(Box::new(nothing), reply)]));
        assert!(
            matches!(answer.await.unwrap(), Err(StoreError::Broken(_))),
            "it puts nothing on that list, but who knows"
        );
    }
    drop(put);
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
        ("PRAGMA wal_autocheckpoint", "16384"),
    ];
    for (setting, value) in settings {
        let row = sqlx::query(setting).fetch_one(&mut bench.writer.connection).await.unwrap();
        let found = row.try_get::<i64, _>(0).map_or_else(|_| row.get::<String, _>(0), |number| number.to_string());
        assert_eq!(found, value, "{setting}");
    }
}

#[tokio::test]
async fn what_a_sender_asked_for_is_kept_with_the_submission() {
    // Profile §13.10
    let mut bench = Bench::new().await;
    bench
        .meddle(
            "CREATE TRIGGER other BEFORE INSERT ON message
             WHEN new.wishes ->> 'envelope_id' IS NOT 'QQ314159' OR new.wishes ->> '$.recipients[0].notify' IS NOT 'NEVER'
             BEGIN SELECT raise(ABORT, 'other wishes'); END",
        )
        .await;
    let [plain, wishing] = ["a", "b"].map(|id| bench.letter(id));
    let mut batch = Vec::new();
    let mut answers = Vec::new();
    for letter in [plain, wishing] {
        let (Command::Deliver(facts, octets, word, now, reply), answer) = bench.command(&letter) else {
            panic!("a bundle")
        };
        let id = facts.message_id().to_owned();
        let recipient = RecipientWishes { notify: Some("NEVER".into()), ..RecipientWishes::default() };
        let asked = Wishes { envelope_id: Some("QQ314159".into()), recipients: vec![recipient], ..Wishes::default() };
        let facts = if id == "b@x.example" { facts.with_wishes(asked) } else { facts };
        batch.push(Command::Deliver(facts, octets, word, now, reply));
        answers.push(answer);
    }
    assert!(bench.writer.settle(batch).await.is_none());
    let answers: Vec<_> = answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect();
    assert!(answers[0].is_err() && answers[1].is_ok(), "{answers:?}");
}

// Profile §8.18
#[tokio::test]
async fn a_receipt_whose_words_are_not_there_leaves_nothing_of_itself() {
    let mut bench = Bench::new().await;
    let bundle = bench.letter("one");
    let digest = *bench.world.admit(&bench.store, (himawari(), sakura()), &bundle).facts().content_digest();
    assert!(bench.settle(&[bundle]).await.0[0].is_ok());
    let ends = (sakura(), himawari());
    let receipt = bench.world.receipt_letter(ends, "receipt@x.example", ("one@x.example", &digest));
    let (command, mut answer) = bench.command_of(ends, &receipt);
    assert!(bench.writer.settle(vec![command]).await.is_none());
    let Err(StoreError::Refused(refused)) = answer.try_recv().unwrap() else { panic!("it was taken") };
    assert_eq!(refused.why, Refusal::Internal);
    for (rows, count) in [("evidence", 2), ("message", 1), ("entry", 2), ("word", 0)] {
        let counted = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {rows}"));
        let found: i64 = sqlx::query_scalar(counted).fetch_one(&mut bench.writer.connection).await.unwrap();
        assert_eq!(found, count, "{rows}");
    }
}

// Profile §8.30
#[tokio::test]
async fn a_trigger_that_refuses_mail_is_named_by_the_log_of_events() {
    let mut bench = Bench::new().await;
    bench.meddle("CREATE TRIGGER no_more BEFORE INSERT ON evidence BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    let letter = bench.letter("a");
    let (command, answer) = bench.command(&letter);
    let heard = Heard::default();
    let guard = tracing::subscriber::set_default(heard.clone());
    assert!(bench.writer.settle(vec![command]).await.is_none(), "the store goes on");
    drop(guard);
    let refused = answer.await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("store.rule_broken"), "{refused}");
    let heard = heard.0.lock().unwrap().join(" ");
    for said in ["store.rule_broken", "store.foreign", "trigger no_more ON evidence"] {
        assert!(heard.contains(said), "{said}: {heard}");
    }
}
