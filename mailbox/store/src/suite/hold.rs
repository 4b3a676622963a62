//! What is held stays (Profile §11.6).

use std::sync::Arc;

use fumibako_model::{FlagChange, Flags, NamedFlags, OfficeNumber, Refusal, Report, Uid};

use super::expire::{ago, keep, send};
use super::{ALL, World, himawari, kaede, now, refused, sakura, view};
use crate::bodies::Day;
use crate::{Asked, FlagOrder, HoldOrder, Store};

fn order(office: OfficeNumber, id: &str) -> HoldOrder {
    let (message_id, reason, by) = (format!("{id}@x.example"), "審査請求".into(), "運用者".into());
    HoldOrder { office, message_id, reason, by }
}

async fn release<S: Store>(store: &S, id: &str) -> bool {
    let ended = store.release(sakura(), format!("{id}@x.example"), "別の運用者".into(), now()).await.unwrap();
    assert_eq!(ended.len(), 1);
    ended[0].ended.as_ref().unwrap().erased
}

async fn expire<S: Store>(store: &S) -> usize {
    store.expire(keep(), Asked::ByThePerson, now()).await.unwrap().days.len()
}

pub async fn what_is_held_stays_over_expiry_until_it_is_let_go<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    send(&*store, &world, "held", ago(91)).await;
    send(&*store, &world, "other", ago(91)).await;
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    let octets = store.read(sakura(), entry.message, ALL).await.unwrap();
    assert_eq!(store.hold(order(sakura(), "held"), now()).await.unwrap(), 1);
    let foreseen = store.expiry(keep(), now()).await.unwrap();
    assert_eq!((foreseen.len(), foreseen[0].messages, foreseen[0].held), (1, 1, 1));
    assert_eq!(expire(&*store).await, 1);
    for (office, name) in [(sakura(), "INBOX"), (himawari(), "Sent")] {
        let left = view(&*store, office, name).await.entries;
        assert_eq!((left.len(), left[0].message), (1, entry.message));
        assert_eq!(store.read(office, entry.message, ALL).await.unwrap().0, octets.0);
    }
    let evidence = store.census().await.unwrap().evidence;
    assert_eq!(evidence, 6, "the other one's loss is written down, and its erasure");

    assert!(release(&*store, "held").await, "its day is gone");
    refused(store.read(sakura(), entry.message, ALL).await, Refusal::NoSuchMessage);
    assert!(view(&*store, sakura(), "INBOX").await.entries.is_empty());
    assert_eq!(store.quota(sakura()).await.unwrap().used, 0);
    assert_eq!(store.census().await.unwrap().evidence, evidence + 2, "and now this one's, and that it is erased");
    let recorded = store.holds().await.unwrap();
    assert_eq!((recorded.len(), recorded[0].order.clone()), (1, order(sakura(), "held")));
    assert_eq!(recorded[0].ended.as_ref().unwrap().by, "別の運用者");
}

pub async fn a_hold_that_ends_in_time_leaves_the_message_to_its_day<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    send(&*store, &world, "a", ago(91)).await;
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    store.hold(order(sakura(), "a"), now()).await.unwrap();
    assert!(!release(&*store, "a").await);
    assert!(store.read(sakura(), entry.message, ALL).await.is_ok());
    assert_eq!(store.expiry(keep(), now()).await.unwrap()[0].held, 0);
    assert_eq!(expire(&*store).await, 1);
    refused(store.read(sakura(), entry.message, ALL).await, Refusal::NoSuchMessage);
    assert_eq!(store.census().await.unwrap().evidence, 4);
}

pub async fn offices_remove_what_is_held_and_it_is_kept<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    send(&*store, &world, "a", ago(91)).await;
    store.hold(order(sakura(), "a"), now()).await.unwrap();
    for (office, name) in [(sakura(), "INBOX"), (himawari(), "Sent")] {
        let view = view(&*store, office, name).await;
        let (folder, since) = (view.status.folder, view.status.highest_modseq);
        let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
        let uids = vec![Uid::new(1).unwrap()];
        store
            .flag(office, FlagOrder { folder, uids, change: FlagChange::Add, flags, unchanged_since: None, since })
            .await
            .unwrap();
        store.expunge(office, folder, None, since).await.unwrap();
    }
    assert_eq!(store.census().await.unwrap().messages, 1, "no folder shows it, and it is there");
    expire(&*store).await;
    assert_eq!(store.census().await.unwrap().messages, 1);
    assert!(release(&*store, "a").await);
    assert_eq!(store.census().await.unwrap().messages, 0);
}

pub async fn a_hold_of_nothing_is_refused<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    send(&*store, &world, "a", ago(1)).await;
    refused(store.hold(order("9970000099".parse().unwrap(), "a"), now()).await, Refusal::OfficeUnknown);
    refused(store.hold(order(kaede(), "a"), now()).await, Refusal::NothingToHold);
    refused(store.hold(order(sakura(), "b"), now()).await, Refusal::NothingToHold);
    store.hold(order(himawari(), "a"), now()).await.unwrap();
    refused(store.hold(order(sakura(), "a"), now()).await, Refusal::AlreadyHeld);
    refused(store.release(sakura(), "a@x.example".into(), "運用者".into(), now()).await, Refusal::NotHeld);
    assert_eq!(store.holds().await.unwrap().len(), 1);
}

// Profile §8.14
pub async fn what_is_held_is_told_of_by_the_day_it_came<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    send(&*store, &world, "a", ago(3)).await;
    let told_of = async || {
        let due = store.due(now(), None, 9).await.unwrap();
        due.into_iter().map(|due| (due.key.report, due.day, due.waiting)).collect::<Vec<_>>()
    };
    let expected = [(Report::Uncollected, Day::of(ago(3)), true)];
    assert_eq!(told_of().await, expected);
    store.hold(order(sakura(), "a"), now()).await.unwrap();
    assert_eq!(told_of().await, expected, "while it is held");
    assert!(!release(&*store, "a").await);
    assert_eq!(told_of().await, expected, "and after that");
}
