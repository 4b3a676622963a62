//! Content expires in a running gateway.

use fumibako_gateway::{Clock, Config, ExpiryView, Reply, Request, call};
use fumibako_model::{Refusal, Retention, What};
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::Day;
use fumibako_store::suite::{World, domain, expire::send, sakura, view};
use fumibako_store::{Asked, Store};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::reports;
use crate::support::{Fixture, RECIPIENT, ago, store_of, until};

/// A gateway whose store has a bundle of a hundred days ago and one of five days ago, and when that was.
async fn with_old_mail() -> (Fixture, Timestamp) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let new = ago(5);
    send(&store, &world, "old", ago(100)).await;
    send(&store, &world, "new", new).await;
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    (Fixture::with_config(|config| config.store_folder = from).await.keeping(folder), new)
}

fn written(day: Timestamp) -> String {
    day.strftime("%Y-%m-%d").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_goes_at_the_start_and_the_rest_is_told() {
    // Profile §11.4
    let (gateway, new) = with_old_mail().await;
    let socket = &gateway.config.admin_socket;
    let days = async |dry_run| match call(socket, &Request::Expire { dry_run }).await.unwrap() {
        Reply::Expiry { days, .. } => days,
        other => panic!("{other:?}"),
    };
    // Nobody asks for it: what is asked changes nothing.
    until("the run of the start", async || days(true).await.iter().all(|day| !day.due)).await;
    // Beside it stand the reports of today.
    let left: Vec<_> = days(true).await.into_iter().filter(|day| day.day <= written(new)).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((&left[0].day, left[0].due, left[0].messages), (&written(new), false, 1));
    assert_eq!(left[0].expires, Retention::default().moment_of(Day::of(new).0));
    let Reply::Status(status) = call(socket, &Request::Status).await.unwrap() else { panic!("status") };
    assert_eq!((status.evidence, status.evidence_pruned), (6, 0));
    assert!(days(false).await.is_empty(), "a person finds nothing left to do");
    let config = gateway.config.clone();
    gateway.running.stop().await;
    let store = store_of(&config).await;
    assert_eq!(view(&store, sakura(), "INBOX").await.entries.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_says_who_and_why_and_stands_over_expiry() {
    // Profile §11.6
    let (gateway, new) = with_old_mail().await;
    let (number, message_id) = (RECIPIENT.parse().unwrap(), "new@x.example".to_owned());
    let add = |reason: &str, by: &str| Request::HoldAdd {
        number,
        message_id: message_id.clone(),
        reason: reason.into(),
        by: by.into(),
    };
    assert!(matches!(gateway.ask(add(" ", "佐藤")).await, Reply::No { code: Refusal::ValueUnfit, .. }));
    gateway.done(add("審査請求", "佐藤")).await;
    let Reply::Holds { holds, .. } = gateway.ask(Request::HoldList).await else { panic!("holds") };
    assert_eq!((holds[0].reason.as_str(), holds[0].by.as_str(), holds[0].ended), ("審査請求", "佐藤", None));
    let Reply::Expiry { days, .. } = gateway.ask(Request::Expire { dry_run: true }).await else { panic!("days") };
    let day = days.iter().find(|day| day.day == written(new));
    assert_eq!(day.map(|day| (day.messages, day.held)), Some((0, 1)));
    let remove = Request::HoldRemove { number, message_id, by: "鈴木".into() };
    let Reply::Holds { holds, .. } = gateway.ask(remove).await else { panic!("holds") };
    assert_eq!((holds[0].ended_by.as_deref(), holds[0].erased), (Some("鈴木"), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_looked_through_while_it_runs() {
    // Profile §11.8
    let (gateway, new) = with_old_mail().await;
    let Reply::Inspected(report) = gateway.ask(Request::Inspect).await else { panic!("a report") };
    assert!(report.faults.is_empty() && report.messages >= 1, "{report:?}");
    let file = gateway.config.store_folder.join(format!("bodies/{}/0.seg", written(new)));
    std::fs::remove_file(&file).unwrap();
    let Reply::Inspected(report) = gateway.ask(Request::Inspect).await else { panic!("a report") };
    assert_eq!((report.faults.len(), report.faults[0].messages, report.faults[0].kind.as_str()), (1, 1, "body"));
    assert!(report.faults[0].what.contains(&file.display().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_cannot_do_is_told_to_the_operator() {
    let (gateway, new) = with_old_mail().await;
    let file = gateway.config.store_folder.join(format!("bodies/{}/0.seg", written(new)));
    // Emptied: the gateway has it open.
    std::fs::write(&file, []).unwrap();
    let (number, message_id) = (RECIPIENT.parse().unwrap(), "new@x.example".to_owned());
    let add = Request::HoldAdd { number, message_id, reason: "審査請求".into(), by: "佐藤".into() };
    let Reply::Failed { why } = gateway.ask(add).await else { panic!("the file is gone") };
    assert!(why.contains(&file.display().to_string()) && why.contains("backup"), "{why}");
}

// Profile §11.5, §8.27
#[tokio::test(flavor = "multi_thread")]
async fn that_the_date_is_doubted_is_shown_until_somebody_looked() {
    let behind = ago(100);
    let gateway = reports::with(async |store, world| {
        for at in [ago(1), behind] {
            store.expire(Retention::default(), Asked::ByTheClock, at).await.unwrap();
        }
        send(store, world, "kept", behind).await;
    })
    .await;
    let shown = async || {
        let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("status") };
        let Reply::Metrics { text } = gateway.ask(Request::Metrics).await else { panic!("metrics") };
        let gauge = |name: &str| text.lines().any(|line| line == format!("fumibako_{name} 1"));
        (status.expiry, ["expiry_doubted", "reminders_doubted", "days_kept_back"].map(gauge))
    };
    until("the run of the start", async || shown().await.0.days_kept_back > 0).await;
    let (view, gauges) = shown().await;
    let expected = ExpiryView {
        ran_on: Some(written(behind)),
        doubted: true,
        reminders_doubted: false,
        days_kept_back: 1,
        days_stuck: 0,
        keeps_days: 90,
        retention_days: 90,
    };
    assert_eq!((view, gauges), (expected, [true, false, true]));
    assert!(matches!(gateway.ask(Request::Expire { dry_run: false }).await, Reply::Expiry { .. }));
    let (view, gauges) = shown().await;
    assert_eq!((view.doubted, view.days_kept_back, gauges), (false, 0, [false; 3]));
}

// Profile §16.1, §8.27
#[tokio::test(flavor = "multi_thread")]
async fn what_went_is_told_and_counted_where_another_day_is_stuck() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    for (id, days) in [("stuck", 41), ("goes", 40)] {
        send(&store, &world, id, ago(days)).await;
    }
    store.promise(Retention::default()).await.unwrap();
    store.close().await.unwrap();
    let day = folder.path().join("bodies").join(written(ago(41)));
    std::fs::rename(&day, folder.path().join("aside")).unwrap();
    std::fs::write(&day, "in the way").unwrap();
    let from = folder.path().to_owned();
    let shorter = |config: &mut Config| {
        config.store_folder = from;
        config.limits.retention_days = 30;
    };
    let gateway = Fixture::with_config(shorter).await.keeping(folder);
    let asked = gateway.ask(Request::Expire { dry_run: false }).await;
    let Reply::Expiry { days, failed: Some(why), .. } = asked else { panic!("{asked:?}") };
    assert_eq!(days.iter().map(|day| day.day.clone()).collect::<Vec<_>>(), [written(ago(40))]);
    assert!(why.contains(&day.display().to_string()), "{why}");
    let told = gateway.told(None).await.into_iter().filter(|row| row.done.what == What::ExpiryAsked);
    assert_eq!(told.count(), 1);
    let Reply::Metrics { text } = gateway.ask(Request::Metrics).await else { panic!("metrics") };
    for line in ["fumibako_messages_erased_total 1", "fumibako_bundles_expired_total 1", "fumibako_days_stuck 1"] {
        assert!(text.lines().any(|one| one == line), "{line} in {text}");
    }
}

// Profile §11.5, §8.14
#[tokio::test(flavor = "multi_thread")]
async fn a_retention_that_was_made_shorter_is_no_word_taken_back_before_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let accepted = ago(40);
    send(&store, &world, "promised", accepted).await;
    store.promise(Retention::default()).await.unwrap();
    // It was made shorter some time ago, and something came since, of which that was said.
    let shortened = Retention::new(30).unwrap();
    store.promise(shortened).await.unwrap();
    send(&store, &world, "shorter", ago(20)).await;
    store.expire(shortened, Asked::ByTheClock, ago(1)).await.unwrap();
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    let shorter = |config: &mut Config| {
        config.store_folder = from;
        config.limits.retention_days = 30;
    };
    let gateway = Fixture::with_config(shorter).await.keeping(folder);
    let days = async || {
        let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("status") };
        (status.expiry.keeps_days, status.expiry.retention_days)
    };
    let reported = async || {
        let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("status") };
        status.reported == 2 && status.expiry.ran_on == Some(written(Clock.now()))
    };
    until("the run of the start, and the letter", reported).await;
    assert_eq!(days().await, (90, 30));
    let Reply::Metrics { text } = gateway.ask(Request::Metrics).await else { panic!("metrics") };
    assert!(text.lines().any(|line| line == "fumibako_retention_waits 1"), "{text}");
    assert!(matches!(gateway.ask(Request::Expire { dry_run: false }).await, Reply::Expiry { .. }));
    assert_eq!(days().await, (30, 30));
    let config = gateway.config.clone();
    gateway.running.stop().await;
    let store = store_of(&config).await;
    assert_eq!(view(&store, sakura(), "INBOX").await.entries.len(), 1, "the person said so");
    let told = reports::reports(&store).await;
    let until = |id: &str| {
        let about = told.iter().find(|report| report.contains(&format!("In-Reply-To: <{id}@x.example>")));
        let until = about.and_then(|report| report.lines().find_map(|line| line.strip_prefix("Will-Retry-Until: ")));
        Some(rfc2822::parse(until.unwrap()).unwrap().timestamp())
    };
    assert_eq!(until("promised"), Retention::default().moment_of(Day::of(accepted).0), "as it was promised");
    assert_eq!(until("shorter"), shortened.moment_of(Day::of(ago(20)).0), "and so is this");
}
