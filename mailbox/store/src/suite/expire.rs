//! Content goes with its day, and evidence stays (Profile §11.4).

use std::sync::Arc;

use fumibako_model::log::{included, leaf};
use fumibako_model::{
    DayState, Event, EvidenceId, FolderName, Goes, LogEntry, ModSeq, NamedFlags, OfficeNumber, Reason, Refusal,
    Retention,
};
use jiff::{SignedDuration, Timestamp};

use super::evidence::{log, root_of};
use super::folders::copy_of;
use super::{ALL, World, folder, himawari, kaede, keywords, now, refused, sakura, view};
use crate::bodies::Day;
use crate::{Among, Asked, Census, Delivery, Deposit, Draft, HoldOrder, Store, StoreError, Which};

/// So many days before the tests' moment, at the same hour.
pub fn ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

pub fn keep() -> Retention {
    Retention::default()
}

/// A draft of himawari's that came at this moment.
pub async fn draft<S: Store>(store: &S, text: &str, at: Timestamp) {
    let mut body = store.spool(at);
    body.write(format!("Subject: draft\r\n\r\n{text}\r\n").as_bytes()).unwrap();
    let draft = Draft { flags: NamedFlags::default(), date: at, message_id: None, body };
    store.append(himawari(), Deposit::of(folder("Drafts"), draft), at).await.unwrap();
}

/// A bundle from himawari to sakura that came at this moment.
pub async fn send<S: Store>(store: &S, world: &World, id: &str, at: Timestamp) -> Delivery {
    let bundle = world.bundle(store, (himawari(), sakura()), &format!("{id}@x.example"), id);
    store.deliver(bundle, at).await.unwrap()
}

async fn empty<S: Store>(store: &S, office: OfficeNumber, name: &str) -> bool {
    view(store, office, name).await.entries.is_empty()
}

pub async fn a_day_expires_and_its_evidence_stays<S: Store>(store: Arc<S>) {
    // Profile §11.4
    let world = World::with(&*store).await;
    let old = send(&*store, &world, "old", ago(91)).await;
    let digest = {
        let bundle = world.bundle(&*store, (himawari(), sakura()), "done@x.example", "done");
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle, ago(91)).await.unwrap();
        digest
    };
    let receipt = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", ("done@x.example", &digest));
    store.deliver(receipt, ago(90)).await.unwrap();
    draft(&*store, "of old", ago(91)).await;
    let sent = view(&*store, himawari(), "Sent").await;
    let copied: Vec<u32> = sent.entries.iter().map(|entry| entry.uid.get()).collect();
    store.copy(himawari(), copy_of(sent.status.folder, &copied, "Archive"), now()).await.unwrap();
    let new = send(&*store, &world, "new", now()).await;
    let before = store.census().await.unwrap();

    let foreseen = store.expiry(keep(), now()).await.unwrap();
    let [first, second, today] = foreseen[..] else { panic!("three days have mail: {foreseen:?}") };
    assert_eq!((first.day, first.goes, first.messages, first.uncollected), (Day::of(ago(91)), Goes::ByItself, 3, 1));
    assert_eq!((second.goes, second.messages, today.goes, today.messages), (Goes::Later, 1, Goes::Later, 1));
    let done = store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    assert_eq!((done.days.len(), done.days[0].state, done.days[0].bytes), (1, DayState::Swept, first.bytes));

    assert!(empty(&*store, himawari(), "Drafts").await && empty(&*store, himawari(), "Archive").await);
    assert_eq!(view(&*store, himawari(), "Sent").await.entries.len(), 1);
    let inbox = view(&*store, sakura(), "INBOX").await;
    assert_eq!((inbox.entries.len(), inbox.status.uid_next), (1, 4));
    assert!(store.read(sakura(), inbox.entries[0].message, ALL).await.is_ok(), "today's mail reads");
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries.len(), 1, "the receipt is younger");
    let used = inbox.status.bytes + view(&*store, sakura(), "Receipts").await.status.bytes;
    assert_eq!(store.quota(sakura()).await.unwrap().used, used);

    let after = store.census().await.unwrap();
    assert_eq!((after.messages, after.evidence), (before.messages - 3, before.evidence + 2));
    let accepted = store.evidence(old.evidence).await.unwrap().unwrap();
    let failed = store.evidence(EvidenceId(new.evidence.0 + 2)).await.unwrap().unwrap();
    assert_eq!((failed.event, failed.reason), (Event::ContentHandoverFailure, Some(Reason::Expired)));
    assert_eq!((failed.message_id.as_str(), failed.at), ("old@x.example", now()));
    let same = |e: &fumibako_model::Evidence| (e.sha256.clone(), e.size, e.from, e.to, e.signer.clone());
    assert_eq!(same(&failed), same(&accepted));
    let again = store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    assert!(again.days.is_empty());
    assert_eq!(store.census().await.unwrap(), after, "expiry twice is expiry once");
    // Profile §5.8: whether it came before is known for as long as the content.
    assert!(!send(&*store, &world, "old", now()).await.repeated);
}

pub async fn what_was_erased_is_proved_of_each_message<S: Store>(store: Arc<S>) {
    // Profile §8.28
    let world = World::with(&*store).await;
    let receipt = |id: &str| {
        let (ends, about) = ((himawari(), sakura()), format!("{id}@x.example"));
        let digest = *world.bundle(&*store, ends, &about, id).facts().content_digest();
        world.receipt(&*store, (ends.1, ends.0), &format!("receipt-{id}@x.example"), (&about, &digest))
    };
    send(&*store, &world, "early", ago(94)).await;
    store.deliver(receipt("early"), ago(93)).await.unwrap();
    let (one, other) = (send(&*store, &world, "one", ago(91)).await, send(&*store, &world, "other", ago(91)).await);
    // What its recipient signed stays beside the evidence: it is not among what is erased.
    store.deliver(receipt("other"), ago(91)).await.unwrap();
    let (held, kept) = (send(&*store, &world, "held", ago(91)).await, send(&*store, &world, "kept", ago(1)).await);
    draft(&*store, "of a day on which nobody sent", ago(95)).await;
    let order = HoldOrder {
        office: sakura(),
        message_id: "held@x.example".into(),
        reason: "審査請求".into(),
        by: "運用者".into(),
    };
    store.hold(order, ago(90)).await.unwrap();
    store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    log(&*store).await.unwrap();
    let gone = async |delivery: &Delivery| {
        let life = store.prove_life(delivery.evidence).await.unwrap();
        let proof = life.into_iter().find(|proof| proof.among.is_some())?;
        let Ok(LogEntry::Erased(erased)) = proof.entry.parse() else { panic!("{proof:?}") };
        let accepted = store.evidence(delivery.evidence).await.unwrap().unwrap();
        let digest = accepted.sha256.unwrap();
        let (leaf, Among { index, beside }) = (leaf(&root_of(&digest)), proof.among.unwrap());
        let root = root_of(&erased.root);
        assert!(included(&leaf, index, (erased.count, &root), &beside), "{erased:?}");
        Some((erased.id, erased.day.to_string(), erased.count, erased.at))
    };
    let day = Day::of(ago(91)).to_string();
    let told = gone(&one).await.unwrap();
    assert_eq!((told.1.as_str(), told.2, told.3), (day.as_str(), 2, now()));
    assert_eq!(gone(&other).await, Some(told.clone()), "one piece for both, and not for the receipt");
    assert_eq!((gone(&held).await, gone(&kept).await), (None, None), "what can be read is not erased");
    let alone = store.prove_life(told.0).await.unwrap();
    assert_eq!(alone.len(), 1, "it is about no bundle");
    store.release(sakura(), "held@x.example".into(), "運用者".into(), now()).await.unwrap();
    log(&*store).await.unwrap();
    let late = gone(&held).await.unwrap();
    assert_eq!((late.1.as_str(), late.2), (day.as_str(), 1), "it had stayed over its day, and is erased alone");
    assert_eq!(gone(&one).await, Some(told));
    let all = store.list_evidence(Which::default()).await.unwrap();
    let erasures = all.iter().filter(|entry| entry.contains("ContentErasure")).count();
    assert_eq!(erasures, 3, "none of a day on which no bundle came");
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);
}

pub async fn a_day_is_kept_to_its_last_moment<S: Store>(store: Arc<S>) {
    // Profile §11.4
    let world = World::with(&*store).await;
    let midnight: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
    send(&*store, &world, "last", midnight - SignedDuration::from_hours(90 * 24) - SignedDuration::from_nanos(1)).await;
    let moment = midnight - SignedDuration::from_nanos(1);
    assert!(store.expire(keep(), Asked::ByThePerson, moment).await.unwrap().days.is_empty());
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
    let done = store.expire(keep(), Asked::ByThePerson, midnight).await.unwrap();
    assert_eq!(done.days[0].messages, 1);
    refused(store.read(sakura(), entry.message, ALL).await, Refusal::NoSuchMessage);
}

pub async fn who_looks_again_after_expiry_is_told_what_vanished<S: Store>(store: Arc<S>) {
    // RFC 7162 §3.2: as of an EXPUNGE.
    let world = World::with(&*store).await;
    for (at, days) in [91, 91, 1, 91].into_iter().enumerate() {
        send(&*store, &world, &at.to_string(), ago(days)).await;
    }
    let before = view(&*store, sakura(), "INBOX").await;
    let mut watcher = store.watch(before.status.folder);
    let mut other = store.watch(view(&*store, kaede(), "INBOX").await.status.folder);
    watcher.mark_unchanged();
    other.mark_unchanged();
    store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    assert!(watcher.has_changed().unwrap() && !other.has_changed().unwrap());
    let told = store.since(sakura(), before.status.folder, before.status.highest_modseq).await.unwrap();
    assert_eq!(told.vanished.iter().map(fumibako_model::Uid::get).collect::<Vec<_>>(), [1, 2, 4]);
    assert!(told.highest_modseq > before.status.highest_modseq && told.entries.is_empty());
    let all = store.since(sakura(), before.status.folder, ModSeq(0)).await.unwrap();
    assert_eq!(all.entries, view(&*store, sakura(), "INBOX").await.entries);
    let sent = view(&*store, himawari(), "Sent").await;
    assert_eq!(keywords(&sent, &sent.entries[0]), ["$Accepted", "$Delivered"]);
    assert_eq!(store.folders(himawari()).await.unwrap().folders[0].name, FolderName::inbox());
}

pub async fn a_clock_that_leapt_destroys_nothing<S: Store>(store: Arc<S>) {
    // Profile §11.5
    let world = World::with(&*store).await;
    send(&*store, &world, "kept", now()).await;
    assert!(store.expire(keep(), Asked::ByTheClock, now()).await.unwrap().days.is_empty());
    let leapt = now() + SignedDuration::from_hours(24 * 400);
    match store.expire(keep(), Asked::ByTheClock, leapt).await.unwrap().failed {
        Some(StoreError::Failed(why)) => assert!(why.contains("2027-12-30") && why.contains("expire"), "{why}"),
        other => panic!("{other:?}"),
    }
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
    assert_eq!(store.expire(keep(), Asked::ByThePerson, leapt).await.unwrap().days.len(), 1);
    assert!(view(&*store, sakura(), "INBOX").await.entries.is_empty());
    assert!(store.expire(keep(), Asked::ByTheClock, leapt).await.unwrap().failed.is_none(), "the date is known now");
}

pub async fn a_leap_with_nothing_due_is_not_forgotten<S: Store>(store: Arc<S>) {
    // Profile §11.5
    let world = World::with(&*store).await;
    assert!(store.expire(keep(), Asked::ByTheClock, now()).await.unwrap().failed.is_none());
    send(&*store, &world, "kept", ago(-50)).await;
    let leapt = ago(-60);
    assert!(store.expire(keep(), Asked::ByTheClock, leapt).await.unwrap().days.is_empty(), "nothing is due yet");
    for days in [-150, -151] {
        let later = store.expire(keep(), Asked::ByTheClock, ago(days)).await;
        let later = later.unwrap().failed;
        assert!(matches!(later, Some(StoreError::Failed(_))), "nobody looked at the clock yet: {later:?}");
    }
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
}

pub async fn a_clock_that_was_behind_keeps_keys_and_stops_no_reminder<S: Store>(store: Arc<S>) {
    // Profile §11.5, §8.14
    let world = World::with(&*store).await;
    let keep = Retention::new(10).unwrap();
    let by_the_clock = async |days: i64| store.expire(keep, Asked::ByTheClock, ago(-days)).await.unwrap();
    assert!(by_the_clock(0).await.failed.is_none());
    send(&*store, &world, "reminded", now()).await;
    assert!(by_the_clock(-60).await.failed.is_none(), "the clock is behind");
    let early = view(&*store, sakura(), "INBOX").await.entries.len();
    send(&*store, &world, "kept", ago(60)).await;
    // It is right again, for longer than a date may leap.
    for days in 1..=40 {
        assert!(matches!(by_the_clock(days).await.failed, Some(StoreError::Failed(_))), "nobody looked at it yet");
        let due = store.due(ago(-days), None, 9).await.unwrap();
        let told = due.iter().any(|due| due.recorded.evidence.message_id == "reminded@x.example" && due.waiting);
        assert!(told, "day {days}");
    }
    let kept = view(&*store, sakura(), "INBOX").await.entries[early];
    assert!(store.read(sakura(), kept.message, ALL).await.is_ok());
    let Census { dates, days_kept_back, .. } = store.census().await.unwrap();
    let today = Day::of(ago(-40)).0;
    assert_eq!((dates.doubts_keys(today), dates.doubts_reminders(today), days_kept_back), (true, false, 2));
    assert_eq!(store.expire(keep, Asked::ByThePerson, ago(-41)).await.unwrap().days.len(), 2);
    let Census { dates, days_kept_back, .. } = store.census().await.unwrap();
    assert_eq!((dates.doubts_keys(today + 2), days_kept_back), (false, 0));
    assert!(!by_the_clock(42).await.doubted);
}

pub async fn a_shorter_retention_waits_for_a_person<S: Store>(store: Arc<S>) {
    // Profile §11.5
    let world = World::with(&*store).await;
    let (long, short) = (keep(), Retention::new(10).unwrap());
    let by_the_clock = async |keep| {
        let gone = store.expire(keep, Asked::ByTheClock, now()).await.unwrap().days;
        gone.into_iter().map(|day| day.day).collect::<Vec<_>>()
    };
    let promised = async |days: i64| store.promised(short).await.unwrap().of(Day::of(ago(days)).0);
    for keep in [long, short, long] {
        store.promise(keep).await.unwrap();
        assert_eq!((by_the_clock(keep).await, promised(0).await), (vec![], keep), "nothing was promised to anybody");
    }
    for (id, days) in [("over", 91), ("promised", 50)] {
        send(&*store, &world, id, ago(days)).await;
    }
    // Two starts by the shorter one, and one by a clock that is far behind when nothing new has come.
    for _ in 0..2 {
        store.promise(short).await.unwrap();
    }
    for (id, days) in [("short", 12), ("new", 1)] {
        send(&*store, &world, id, ago(days)).await;
    }
    assert_eq!((promised(50).await, promised(12).await), (long, short));
    assert_eq!(store.promised(long).await.unwrap().of(Day::of(ago(12)).0), long, "longer is longer at once");
    assert_eq!(store.census().await.unwrap().kept_for, Some(long));
    let foreseen = async || {
        let days = store.expiry(short, now()).await.unwrap();
        days.into_iter().map(|day| (day.day, day.goes, day.kept_for)).collect::<Vec<_>>()
    };
    let row = |days, goes, keep| (Day::of(ago(days)), goes, keep);
    assert_eq!(
        foreseen().await,
        [
            row(91, Goes::ByItself, long),
            row(50, Goes::WhenAsked, long),
            row(12, Goes::ByItself, short),
            row(1, Goes::Later, short)
        ]
    );
    assert_eq!(by_the_clock(short).await, [Day::of(ago(91)), Day::of(ago(12))], "each goes when it was said");
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
    assert_eq!(
        foreseen().await,
        [row(50, Goes::WhenAsked, long), row(1, Goes::Later, short)],
        "until somebody says so"
    );
    let done = store.expire(short, Asked::ByThePerson, now()).await.unwrap();
    assert_eq!(done.days.iter().map(|day| day.day).collect::<Vec<_>>(), [Day::of(ago(50))]);
    assert_eq!(by_the_clock(short).await, []);
    assert_eq!((promised(50).await, store.census().await.unwrap().kept_for), (short, Some(short)));
}

pub async fn what_goes_only_after_a_look_at_the_clock_is_said<S: Store>(store: Arc<S>) {
    // Profile §11.5
    let world = World::with(&*store).await;
    store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();
    send(&*store, &world, "kept", now()).await;
    let leapt = ago(-400);
    let goes = async || store.expiry(keep(), leapt).await.unwrap()[0].goes;
    assert_eq!(goes().await, Goes::WhenTheClockIsSeenTo);
    assert!(store.expire(keep(), Asked::ByTheClock, leapt).await.unwrap().failed.is_some());
    assert_eq!(goes().await, Goes::WhenTheClockIsSeenTo);
    assert_eq!(store.expire(keep(), Asked::ByThePerson, leapt).await.unwrap().days.len(), 1);
}
