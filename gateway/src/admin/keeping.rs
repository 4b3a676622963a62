//! What the operator asks of the store: what expires and when.

use fumibako_model::Retention;
use fumibako_store::{Asked, DayOfMail, Store, StoreError};

use super::Admin;
use super::words::{DayRow, Reply};

impl<S: Store> Admin<S> {
    /// What expiry would do, or what it has done now.
    pub(super) async fn expire(&self, dry_run: bool) -> Result<Reply, StoreError> {
        let (keep, now) = (self.0.config.retention(), self.0.clock.now());
        let days = if dry_run {
            self.0.store.expiry(keep, now).await?
        } else {
            self.0.store.expire(keep, Asked::ByThePerson, now).await?.days
        };
        Ok(Reply::Expiry { days: days.into_iter().map(|day| row(day, keep)).collect() })
    }
}

fn row(day: DayOfMail, keep: Retention) -> DayRow {
    DayRow {
        expires: keep.moment_of(day.day.0),
        day: day.day.to_string(),
        state: day.state,
        due: day.due,
        messages: day.messages,
        bytes: day.bytes,
        uncollected: day.uncollected,
        held: day.held,
    }
}
