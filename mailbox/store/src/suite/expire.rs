//! Content goes with its day, and evidence stays (Profile §11.4).

use std::sync::Arc;

use fumibako_model::{
    DayState, Event, EvidenceId, FolderName, ModSeq, NamedFlags, OfficeNumber, Reason, Refusal, Retention,
};
use jiff::{SignedDuration, Timestamp};

use super::folders::copy_of;
use super::{ALL, World, folder, himawari, kaede, keywords, now, refused, sakura, view};
use crate::bodies::Day;
use crate::{Asked, Delivery, Deposit, Draft, Store, StoreError};

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
    assert_eq!((first.day, first.due, first.messages, first.uncollected), (Day::of(ago(91)), true, 3, 1));
    assert_eq!((second.due, second.messages, today.due, today.messages), (false, 1, false, 1));
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
    assert_eq!((after.messages, after.evidence), (before.messages - 3, before.evidence + 1));
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
    match store.expire(keep(), Asked::ByTheClock, leapt).await {
        Err(StoreError::Failed(why)) => assert!(why.contains("2027-12-30") && why.contains("expire"), "{why}"),
        other => panic!("{other:?}"),
    }
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
    assert_eq!(store.expire(keep(), Asked::ByThePerson, leapt).await.unwrap().days.len(), 1);
    assert!(view(&*store, sakura(), "INBOX").await.entries.is_empty());
    assert!(store.expire(keep(), Asked::ByTheClock, leapt).await.is_ok(), "the date is known now");
}

pub async fn a_leap_with_nothing_due_is_not_forgotten<S: Store>(store: Arc<S>) {
    // Profile §11.5
    let world = World::with(&*store).await;
    assert!(store.expire(keep(), Asked::ByTheClock, now()).await.is_ok());
    send(&*store, &world, "kept", ago(-50)).await;
    let leapt = ago(-60);
    assert!(store.expire(keep(), Asked::ByTheClock, leapt).await.unwrap().days.is_empty(), "nothing is due yet");
    for days in [-150, -151] {
        let later = store.expire(keep(), Asked::ByTheClock, ago(days)).await;
        assert!(matches!(later, Err(StoreError::Failed(_))), "nobody looked at the clock yet: {later:?}");
    }
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
}
