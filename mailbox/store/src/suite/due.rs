//! When it is looked at again what waits to be told.

use std::sync::Arc;

use fumibako_model::{Reminders, Reminding, Report, first_reminder};
use jiff::{SignedDuration, Timestamp};

use super::evidence::letter;
use super::expire::{ago, send};
use super::{World, himawari, now, sakura, view};
use crate::{Store, Told};

/// When reminders are due, of those that are due within so many days.
async fn reminders<S: Store>(store: &S, days: i64) -> Vec<Timestamp> {
    let due = store.due(ago(-days), None, 9).await.unwrap().into_iter().map(|due| due.key);
    due.filter(|key| key.report == Report::Uncollected).map(|key| key.at).collect()
}

// Profile §8.14
pub async fn by_other_settings_what_waits_is_looked_at_once<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    send(&*store, &world, "a", ago(20)).await;
    let key = store.due(now(), None, 9).await.unwrap()[0].key;
    let again = ago(-25);
    assert!(store.told(Told { key, again: Some(again), moment: None, letter: None }, now()).await.unwrap());
    send(&*store, &world, "b", ago(2)).await;
    let waits = first_reminder(ago(2));
    store.remind_by(7, now()).await.unwrap();
    assert_eq!(reminders(&*store, 0).await, [waits, now()], "one was due, and so is the other now");
    let key = store.due(now(), None, 9).await.unwrap()[1].key;
    assert!(store.told(Told { key, again: Some(again), moment: None, letter: None }, now()).await.unwrap());
    let later = now() + SignedDuration::from_hours(1);
    store.remind_by(7, later).await.unwrap();
    assert_eq!(reminders(&*store, 25).await, [waits, again], "by the same settings nothing changes");
    store.remind_by(8, later).await.unwrap();
    assert_eq!(reminders(&*store, 25).await, [waits, later]);
}

// Profile §8.14
pub async fn settings_of_a_clock_that_is_behind_tell_nothing_again<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    send(&*store, &world, "a", now()).await;
    let ends = ago(-90);
    let look = async |now: Timestamp| {
        for due in store.due(now, None, 9).await.unwrap() {
            let (accepted, times) = (due.recorded.evidence.at, (due.key.at, due.reminded, now));
            let Reminding::Look { tell, again } = Reminders::default().look((accepted, ends), times, due.waiting)
            else {
                panic!("it waits")
            };
            let letter = tell.map(|moment| letter(&*store, &format!("{}@x.example", moment.as_second())));
            assert!(store.told(Told { key: due.key, again, moment: tell, letter }, now).await.unwrap());
        }
        view(&*store, himawari(), "Receipts").await.entries.len()
    };
    assert_eq!((look(now()).await, look(ago(-1)).await), (0, 1));
    // It starts with other settings, twice, and its clock shows other days than before.
    for (rule, behind) in [(1, ago(-1) - SignedDuration::from_hours(5)), (2, Timestamp::UNIX_EPOCH)] {
        store.remind_by(rule, behind).await.unwrap();
        assert_eq!(look(behind).await, 1);
        assert_eq!(reminders(&*store, 3).await, [ago(-3)], "the next that was not told");
    }
    assert_eq!((look(ago(-2)).await, look(ago(-3)).await, look(ago(-4)).await), (1, 2, 2));
}

// Profile §8.17
pub async fn a_handover_is_not_told_after_the_receipt<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let mut keys = Vec::new();
    for (id, acknowledged) in [("quick", true), ("slow", false)] {
        let about = format!("{id}@x.example");
        let bundle = world.bundle(&*store, (himawari(), sakura()), &about, id);
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle, now()).await.unwrap();
        let message = view(&*store, sakura(), "INBOX").await.entries.last().unwrap().message;
        store.hand_over(sakura(), vec![message], None, now()).await.unwrap();
        let due = store.due(now(), None, 9).await.unwrap();
        let key = due.iter().map(|due| due.key).find(|key| key.message == message).unwrap();
        assert_eq!(key.report, Report::HandedOver);
        if acknowledged {
            let ends = (sakura(), himawari());
            let receipt = world.receipt(&*store, ends, &format!("receipt-{about}"), (&about, &digest));
            store.deliver(receipt, now()).await.unwrap();
        }
        keys.push(key);
    }
    let before = view(&*store, himawari(), "Receipts").await.entries.len();
    for (key, told) in keys.into_iter().zip([false, true]) {
        let letter = Some(letter(&*store, &format!("{}@x.example", key.message.0)));
        assert_eq!(store.told(Told { key, again: None, moment: None, letter }, now()).await.unwrap(), told);
    }
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries.len(), before + 1);
    assert!(store.due(now(), None, 9).await.unwrap().is_empty(), "neither waits any more");
}
