//! The task that lets content expire: once at the start, then shortly after each UTC midnight (Profile §11.4).

use std::sync::Arc;

use fumibako_model::next_midnight;
use fumibako_store::{Asked, Store, StoreError};
use jiff::SignedDuration;
use tokio::sync::watch;

use crate::house::House;

/// After midnight, so that a clock that is set back a little meets its day once.
const AFTER_MIDNIGHT: SignedDuration = SignedDuration::from_secs(60);
/// After a run that failed.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);
/// A machine that slept, or whose clock was set, is noticed within this time.
const LOOK: SignedDuration = SignedDuration::from_mins(10);

/// Runs until the gateway stops. A run that is under way then ends at its next step, and the next start goes on with it.
pub(crate) async fn run<S: Store>(house: Arc<House<S>>, mut stopping: watch::Receiver<bool>) {
    let keep = house.config.retention();
    while !*stopping.borrow() {
        let now = house.clock.now();
        let next = match house.store.expire(keep, Asked::ByTheClock, now).await {
            Ok(expired) => {
                house.count_expired(&expired);
                next_midnight(now).saturating_add(AFTER_MIDNIGHT)
            }
            Err(StoreError::Busy(_)) if *stopping.borrow() => return,
            Err(error) => {
                // Said in full by the log; a store that is broken ends the gateway.
                house.refusal_of(error);
                now.saturating_add(AGAIN)
            }
        };
        let Ok(next) = next else { return };
        loop {
            let now = house.clock.now();
            if now >= next {
                break;
            }
            tokio::select! {
                () = house.clock.until(next.min(now.saturating_add(LOOK).unwrap_or(next))) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
    }
}
