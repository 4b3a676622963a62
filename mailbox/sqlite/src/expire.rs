//! Expiry: which days go is decided in `model`; here it is done, a step at a time (Profile §11.4).
//!
//! Never here: a key destroyed after its loss was written down, a step that cannot be done twice, a long transaction.

mod day;
mod files;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use fumibako_model::{Dates, DayState, LEAP_DAYS, Retention, Standing, Step, steps};
use fumibako_store::bodies::Day;
use fumibako_store::{Asked, DayOfMail, Expired, StoreError};
use jiff::Timestamp;

use crate::command::Command;
use crate::erased::Tree;
use crate::error::store_error;
use crate::hold;
use crate::store::SqliteStore;

pub(crate) use day::{dates, keeps, kept_for, range, standing};
pub(crate) use rows::{erase, fail, ran, remove, sweep, swept, uncollected, write_down};

/// What the writer does for expiry.
pub(crate) enum Order {
    /// Evidence of some of what nobody collected, after this message.
    WriteDown(Day, u64, Timestamp),
    /// Evidence of what is erased, and the day is `erased`.
    Erased(Day, Tree, Timestamp),
    /// Some entries and messages of the day leave.
    Sweep(Day),
    /// The day is `swept`.
    Swept(Day, Timestamp),
    /// Expiry ran, this is known of the date, and so long content was kept.
    Ran(Dates, Retention),
}

/// What the last run left that was due, since this process began.
#[derive(Debug, Default)]
pub(crate) struct Undone {
    /// Days, because the date is doubted.
    kept_back: AtomicU64,
    /// Days, and holds that were to end, because of an error.
    stuck: AtomicU64,
}

impl Undone {
    /// Both, as [`fumibako_store::Census`] has them.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.kept_back.load(Ordering::Relaxed), self.stuck.load(Ordering::Relaxed))
    }

    fn is_now(&self, (kept_back, stuck): (u64, u64)) {
        self.kept_back.store(kept_back, Ordering::Relaxed);
        self.stuck.store(stuck, Ordering::Relaxed);
    }
}

/// The days whose content is not wholly gone.
pub(crate) async fn survey(store: &SqliteStore, keep: Retention, now: Timestamp) -> Result<Vec<DayOfMail>, StoreError> {
    let today = Day::of(now);
    let mut days = Vec::new();
    for standing in standings(store).await? {
        let due = !steps(standing, keep, today.0).is_empty();
        days.push(day::counted(&store.readers, standing, due).await.map_err(store_error)?);
    }
    // Of an old key whose messages were all restored away there is nothing to tell.
    days.retain(|day| day.due || day.messages > 0 || day.held > 0);
    Ok(days)
}

/// Does what is due, the oldest day first.
pub(crate) async fn run(
    store: &SqliteStore,
    keep: Retention,
    asked: Asked,
    now: Timestamp,
) -> Result<Expired, StoreError> {
    let _one_at_a_time = store.expiring.lock().await;
    let mut stuck = Vec::new();
    match hold::finish(store, now).await {
        Ok(()) => {}
        Err(error @ StoreError::Busy(_)) => return Err(error),
        // What cannot be let go of must not keep everything else: a day further below, a hold here.
        Err(error) => {
            tracing::error!(%error, "hold.stuck");
            stuck.push(error);
        }
    }
    let today = Day::of(now);
    let dates = dates(&store.readers).await.map_err(store_error)?;
    let doubted = asked == Asked::ByTheClock && dates.doubts_keys(today.0);
    let standings = standings(store).await?;
    let keep = if asked == Asked::ByThePerson || standings.is_empty() { keep } else { promised(store, keep).await? };
    let mut expired = Expired { doubted, ..Expired::default() };
    let mut kept_back = 0;
    for standing in standings {
        let steps = steps(standing, keep, today.0);
        if steps.is_empty() {
            continue;
        }
        // Profile §11.5: what can no more be read goes on going; what can be read waits for somebody to look at the clock.
        if doubted && !standing.key_destroyed {
            kept_back += 1;
            continue;
        }
        // A day that cannot go must not keep the others: their retention is over, too.
        match let_go(store, standing, steps, now).await {
            Ok(day) => expired.days.push(day),
            Err(error @ (StoreError::Broken(_) | StoreError::Busy(_))) => {
                return Ok(Expired { failed: Some(error), ..expired });
            }
            Err(error) => {
                tracing::error!(day = %Day(standing.day), %error, "day.stuck");
                stuck.push(error);
            }
        }
    }
    if let Err(error) = store.order(Order::Ran(dates.after(today.0, asked == Asked::ByThePerson), keep)).await {
        return Ok(Expired { failed: Some(error), ..expired });
    }
    store.undone.is_now((kept_back, stuck.len() as u64));
    if kept_back > 0 {
        stuck.push(StoreError::Failed(format!(
            "the date is {today}, more than {LEAP_DAYS} days after the last expiry; {kept_back} days of mail are due and \
             were kept, in case the clock is wrong or was. If the date is right, look at what goes (`fumibako-gateway expire \
             --dry-run`), then run `fumibako-gateway expire`"
        )));
    } else {
        // Profile §11.7: whatever is stuck, what nobody needs goes.
        match files::remove_unneeded(store, now).await {
            Ok(removed) => (expired.files, expired.file_bytes) = removed,
            Err(error) => stuck.push(error),
        }
    }
    if doubted {
        tracing::warn!(%today, "expiry.date_doubted");
    }
    expired.failed = stuck.into_iter().next();
    Ok(expired)
}

/// Profile §11.5: what came was promised to be kept for longer, if it was, and a number is soon mistyped.
async fn promised(store: &SqliteStore, wanted: Retention) -> Result<Retention, StoreError> {
    let keep = keeps(&store.readers, wanted).await.map_err(store_error)?;
    if keep > wanted {
        tracing::warn!(keeps = keep.days(), setting = wanted.days(), "expiry.shorter_retention_waits");
    }
    Ok(keep)
}

/// All that is left to do for a day.
async fn let_go(
    store: &SqliteStore,
    standing: Standing,
    steps: &[Step],
    now: Timestamp,
) -> Result<DayOfMail, StoreError> {
    let about = day::counted(&store.readers, standing, true).await.map_err(store_error)?;
    for step in steps {
        take(store, *step, Day(standing.day), now).await?;
    }
    let DayOfMail { day, messages, bytes, uncollected, .. } = about;
    tracing::info!(%day, messages, bytes, uncollected, "day.expired");
    Ok(DayOfMail { state: DayState::Swept, ..about })
}

async fn take(store: &SqliteStore, step: Step, day: Day, now: Timestamp) -> Result<(), StoreError> {
    match step {
        Step::DestroyKey => store.touch(move |bodies| bodies.erase(day)).await,
        Step::WriteDown => {
            let mut last = 0;
            loop {
                last = store.order(Order::WriteDown(day, last, now)).await?;
                if last == 0 {
                    break;
                }
            }
            let tree = Tree::of_day(&store.readers, day).await?;
            store.order(Order::Erased(day, tree, now)).await.map(drop)
        }
        Step::Sweep => {
            while store.order(Order::Sweep(day)).await? > 0 {}
            Ok(())
        }
        Step::Drop => {
            store.touch(move |bodies| bodies.drop_day(day)).await?;
            store.order(Order::Swept(day, now)).await.map(drop)
        }
    }
}

impl SqliteStore {
    /// Has the writer do it; says how many messages are concerned.
    async fn order(&self, order: Order) -> Result<u64, StoreError> {
        self.change(|reply| Command::Expire(order, reply)).await
    }
}

/// Every day that has rows, a key, or had one, and is not wholly gone.
async fn standings(store: &SqliteStore) -> Result<Vec<Standing>, StoreError> {
    let erased: BTreeSet<Day> = store.bodies.erased().into_iter().collect();
    let mut days: BTreeSet<Day> = day::with_rows(&store.readers).await.map_err(store_error)?.into_iter().collect();
    days.extend(store.bodies.days());
    days.extend(&erased);
    days.retain(|day| !day.is_hold());
    let known = standing(&store.readers, &days).await.map_err(store_error)?;
    let known: BTreeMap<Day, DayState> = known.into_iter().collect();
    let of = |day: &Day| Standing {
        day: day.0,
        state: known.get(day).copied().unwrap_or_default(),
        key_destroyed: erased.contains(day),
    };
    Ok(days.iter().map(of).filter(|standing| standing.state != DayState::Swept).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
mod tests;
