//! Expiry: which days go is decided in `model`; here it is done, a step at a time (Profile §11.4).
//!
//! Never here: a key destroyed after its loss was written down, a step that cannot be done twice, a long transaction.

mod day;
mod files;
mod lost;
mod promised;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use fumibako_model::{Dates, DayState, Goes, LEAP_DAYS, Promised, Retention, Standing, Step, goes, steps};
use fumibako_store::bodies::Day;
use fumibako_store::{Asked, DayOfMail, Expired, StoreError};
use jiff::Timestamp;

use crate::command::Command;
use crate::erased::Tree;
use crate::error::store_error;
use crate::hold;
use crate::store::SqliteStore;

pub(crate) use day::{dates, range, standing};
pub(crate) use lost::{fail, uncollected};
pub(crate) use promised::{kept_for, promise, promised};
pub(crate) use rows::{erase, ran, remove, sweep, swept, write_down};

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
    /// Expiry ran, and this is known of the date; where a person asked for it, so long all content is kept from here on.
    Ran(Dates, Option<Retention>),
    /// From here on this retention is told of.
    Promise(Retention),
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
    let doubted = dates(&store.readers).await.map_err(store_error)?.doubts_keys(today.0);
    let promised = promised(&store.readers, keep).await.map_err(store_error)?;
    let mut days = Vec::new();
    for standing in standings(store).await? {
        let kept_for = promised.of(standing.day);
        let goes = goes(standing, (keep, kept_for), (today.0, doubted));
        days.push(day::counted(&store.readers, standing, (goes, kept_for)).await.map_err(store_error)?);
    }
    // Of an old key whose messages were all restored away there is nothing to tell.
    days.retain(|day| day.goes != Goes::Later || day.messages > 0 || day.held > 0);
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
    let by_person = asked == Asked::ByThePerson;
    let promised = if by_person { Promised::always(keep) } else { said(store, (keep, &standings)).await? };
    let mut expired = Expired { doubted, ..Expired::default() };
    let mut kept_back = 0;
    for standing in standings {
        let kept_for = promised.of(standing.day);
        let steps = steps(standing, kept_for, today.0);
        if steps.is_empty() {
            continue;
        }
        // Profile §11.5: what can no more be read goes on going; what can be read waits for somebody to look at the clock.
        if doubted && !standing.key_destroyed {
            kept_back += 1;
            continue;
        }
        // A day that cannot go must not keep the others: their retention is over, too.
        match let_go(store, (standing, kept_for), steps, now).await {
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
    if let Err(error) = store.order(Order::Ran(dates.after(today.0, by_person), by_person.then_some(keep))).await {
        return Ok(Expired { failed: Some(error), ..expired });
    }
    store.undone.is_now((kept_back, stuck.len() as u64));
    match remove_files(store, (today, kept_back), now).await {
        Ok(removed) => (expired.files, expired.file_bytes) = removed,
        Err(error) => stuck.push(error),
    }
    if doubted {
        tracing::warn!(%today, "expiry.date_doubted");
    }
    expired.failed = stuck.into_iter().next();
    Ok(expired)
}

/// Profile §11.7: whatever is stuck, files that nobody needs go; not where days are kept back because the date is doubted.
async fn remove_files(
    store: &SqliteStore,
    (today, kept_back): (Day, u64),
    now: Timestamp,
) -> Result<(u64, u64), StoreError> {
    if kept_back > 0 {
        return Err(StoreError::Failed(format!(
            "今日は {today} で、前の消去から {LEAP_DAYS} 日を超えています。時計の誤りに備え、期限の来た {kept_back} 日分を消さずに残しました。\
             日付が正しければ、fumibako-gateway expire --dry-run で対象を見てから fumibako-gateway expire を実行してください / \
             the date is {today}, more than {LEAP_DAYS} days after the last expiry; {kept_back} days of mail are due and \
             were kept, in case the clock is wrong or was. If the date is right, look at what goes (`fumibako-gateway expire \
             --dry-run`), then run `fumibako-gateway expire`"
        )));
    }
    files::remove_unneeded(store, now).await
}

/// Profile §11.5: what came was promised to be kept for longer, if it was, and a number is soon mistyped.
async fn said(store: &SqliteStore, (wanted, days): (Retention, &[Standing])) -> Result<Promised, StoreError> {
    let promised = promised(&store.readers, wanted).await.map_err(store_error)?;
    let keep = days.first().map_or(wanted, |oldest| promised.of(oldest.day));
    if keep > wanted {
        tracing::warn!(keeps = keep.days(), setting = wanted.days(), "expiry.shorter_retention_waits");
    }
    Ok(promised)
}

/// All that is left to do for a day.
async fn let_go(
    store: &SqliteStore,
    (standing, kept_for): (Standing, Retention),
    steps: &[Step],
    now: Timestamp,
) -> Result<DayOfMail, StoreError> {
    let about = day::counted(&store.readers, standing, (Goes::ByItself, kept_for)).await.map_err(store_error)?;
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
