//! The task that lets content expire: once at the start, then shortly after each UTC midnight (Profile §11.4).

use std::sync::Arc;

use fumibako_model::next_midnight;
use fumibako_store::{Asked, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::house::House;
use crate::prune;

/// After midnight, so that a clock that is set back a little meets its day once.
const AFTER_MIDNIGHT: SignedDuration = SignedDuration::from_secs(60);
/// After a run that failed.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);
/// A machine that slept, or whose clock was set, is noticed within this time.
const LOOK: SignedDuration = SignedDuration::from_mins(10);

/// Runs until the gateway stops. A run that is under way then ends at its next step, and the next start goes on with it.
pub(crate) async fn run<S: Store>(house: Arc<House<S>>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        let now = house.clock.now();
        let next = match turn(&house, now).await {
            Ok(()) => next_midnight(now).saturating_add(AFTER_MIDNIGHT),
            Err(StoreError::Busy(_)) if *stopping.borrow() => return,
            Err(error) => {
                // Said in full by the log; a store that is broken ends the gateway.
                house.refusal_of(error);
                now.saturating_add(AGAIN)
            }
        };
        let Ok(next) = next else { return };
        while let Some(until) = rests((now, next), house.clock.now()) {
            tokio::select! {
                () = house.clock.until(until) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
    }
}

/// One run, at this moment. What went counts, whatever else could not go.
async fn turn<S: Store>(house: &House<S>, now: Timestamp) -> Result<(), StoreError> {
    let expired = house.store.expire(house.config.retention(), Asked::ByTheClock, now).await?;
    house.count_expired(&expired);
    let goes_on = !matches!(expired.failed, Some(StoreError::Busy(_) | StoreError::Broken(_)));
    // Profile §8.29: as with keys, no evidence goes on the word of a clock that leapt; a day that is stuck keeps none.
    if !expired.doubted
        && goes_on
        && let Err(error) = prune::run(house, "gateway").await
    {
        house.refusal_of(error);
    }
    expired.failed.map_or(Ok(()), Err)
}

/// Until when there is nothing to do, between this run and the next as they were set; `None`: it is time. A clock that shows less
/// than at the last run may have been wrong then, and what was set by it is worth nothing.
fn rests((ran, next): (Timestamp, Timestamp), now: Timestamp) -> Option<Timestamp> {
    let rests = ran <= now && now < next;
    rests.then(|| next.min(now.saturating_add(LOOK).unwrap_or(next)))
}

#[cfg(test)]
mod tests {
    use fumibako_store::suite::expire::send;
    use fumibako_store::suite::{World, sakura, view};

    use super::*;
    use crate::house::fresh::house;

    // Profile §8.27
    #[tokio::test(flavor = "multi_thread")]
    async fn what_goes_beside_a_day_that_is_stuck_is_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let world = World::with(&house.store).await;
        for (id, day) in [("stuck", "2026-08-25"), ("over", "2026-08-26")] {
            send(&house.store, &world, id, format!("{day}T12:00:00Z").parse().unwrap()).await;
        }
        let counted = || (house.counts.erased.get(), house.counts.expired.get());
        // A file where the day's folder was: it cannot be removed as a folder.
        let day = house.config.store_folder.join("bodies/2026-08-25");
        std::fs::rename(&day, folder.path().join("aside")).unwrap();
        std::fs::write(&day, "in the way").unwrap();
        let now: Timestamp = "2026-11-25T00:01:00Z".parse().unwrap();
        assert!(matches!(turn(&house, now).await, Err(StoreError::Failed(_))));
        assert_eq!(counted(), (1, 1));
        std::fs::remove_file(&day).unwrap();
        turn(&house, now).await.unwrap();
        assert_eq!(counted(), (2, 2));
        house.store.close().await.unwrap();
    }

    // Profile §11.4, §11.5
    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_over_at_midnight_goes_then_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let world = World::with(&house.store).await;
        send(&house.store, &world, "over", "2026-08-26T23:59:59Z".parse().unwrap()).await;
        let left = async || view(&house.store, sakura(), "INBOX").await.entries.len();
        let ran: Timestamp = "2026-11-24T20:00:00Z".parse().unwrap();
        turn(&house, ran).await.unwrap();
        assert_eq!(left().await, 1, "its last full day");
        let next = next_midnight(ran) + AFTER_MIDNIGHT;
        assert_eq!(rests((ran, next), next_midnight(ran)), Some(next));
        assert_eq!(rests((ran, next), next), None);
        turn(&house, next).await.unwrap();
        assert_eq!(left().await, 0);
        house.store.close().await.unwrap();
    }

    // Profile §11.5
    #[test]
    fn a_clock_that_was_ahead_keeps_no_expiry_waiting() {
        let ran: Timestamp = "2027-11-25T12:00:00Z".parse().unwrap();
        let next = next_midnight(ran);
        let in_a_while = |now: Timestamp| Some(now + LOOK);
        assert_eq!(rests((ran, next), ran), in_a_while(ran));
        let late = next - SignedDuration::from_mins(1);
        assert_eq!(rests((ran, next), late), Some(next));
        assert_eq!(rests((ran, next), next), None);
        // It is right again, a year before.
        assert_eq!(rests((ran, next), ran - SignedDuration::from_hours(24 * 365)), None);
        assert_eq!(rests((ran, next), ran - SignedDuration::from_secs(1)), None);
    }
}
