//! What the operator asks of the store: what expires and when, what is held.

use std::path::PathBuf;

use fumibako_model::{Done, Goes, OfficeNumber, Retention, What};
use fumibako_store::bodies::Day;
use fumibako_store::{Asked, DayOfMail, Expired, Hold, HoldOrder, Quota, Store, StoreError};
use jiff::Timestamp;

use super::words::{DayRow, HoldRow, Reply};
use super::{Admin, NAME_CHARACTERS, short};
use crate::{report, witness};

impl<S: Store> Admin<S> {
    /// What expiry would do, or what it has done now. What went is told and counted before it is said what could not go.
    pub(super) async fn expire(&self, dry_run: bool) -> Result<Reply, StoreError> {
        let (keep, now) = (self.0.config.retention(), self.0.clock.now());
        let Expired { days, files, file_bytes, failed, .. } = if dry_run {
            Expired { days: self.0.store.expiry(keep, now).await?, ..Expired::default() }
        } else {
            let expired = self.0.store.expire(keep, Asked::ByThePerson, now).await?;
            self.0.count_expired(&expired);
            let told = self.tell(self.did(What::ExpiryAsked)).await.map(drop);
            let failed = expired.failed.or(told.err()).or(self.shorter_from_now_on(now).await.err());
            Expired { failed, ..expired }
        };
        let failed = failed.map(|error| {
            let why = error.to_string();
            self.0.refusal_of(error);
            why
        });
        let days = days.into_iter().map(|day| row(day, keep)).collect();
        Ok(Reply::Expiry { days, files, file_bytes, failed })
    }

    /// A shorter retention counts for all that is kept, once a person has asked for expiry.
    async fn shorter_from_now_on(&self, now: Timestamp) -> Result<(), StoreError> {
        self.0.promise_anew().await?;
        report::remind_by(&self.0.store, (&self.0.promised(), &self.0.config), now).await
    }

    /// Profile §12.4: what an office's folders hold and may hold; with `bytes`, what they may hold from now on.
    pub(super) async fn quota(&self, number: OfficeNumber, bytes: Option<u64>) -> Result<Reply, StoreError> {
        if let Some(bytes) = bytes {
            self.0.store.set_quota(number, bytes).await?;
        }
        let Quota { used, limit } = self.0.store.quota(number).await?;
        Ok(Reply::Quota { number, used, limit })
    }

    pub(super) async fn back_up(&self, to: PathBuf, keys: Option<PathBuf>) -> Result<Reply, StoreError> {
        let told = self.did(What::BackupMade).noting(if keys.is_some() { "with keys" } else { "" });
        // A copy of an audit that nothing signed would not be believed to be one (Profile §16.2).
        // What is wrong with it `audit verify` says.
        witness::unless_failed(witness::attest_acts(&self.0).await)?;
        let made = self.0.store.back_up(to, keys, self.0.clock.now()).await?;
        self.tell(told).await?;
        Ok(Reply::BackedUp(made.into()))
    }

    /// Profile §11.6: who, when and why are recorded.
    pub(super) async fn hold(
        &self,
        (office, message_id): (OfficeNumber, String),
        reason: String,
        by: String,
    ) -> Result<Reply, StoreError> {
        let (reason, by) = (short(reason, NAME_CHARACTERS)?, short(by, NAME_CHARACTERS)?);
        self.0.store.hold(HoldOrder { office, message_id, reason, by }, self.0.clock.now()).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn release(
        &self,
        (office, message_id): (OfficeNumber, String),
        by: String,
    ) -> Result<Reply, StoreError> {
        let by = short(by, NAME_CHARACTERS)?;
        Ok(holds(self.0.store.release(office, message_id, by, self.0.clock.now()).await?, &[]))
    }

    pub(super) async fn all_holds(&self) -> Result<Reply, StoreError> {
        let (known, strays) = (self.0.store.holds().await?, self.0.store.stray_holds().await?);
        Ok(holds(known, &strays))
    }

    /// Profile §11.6: what no row knows nobody releases; its key goes by the operator's word, with the reason on record.
    pub(super) async fn clear_holds(&self, reason: &str, by: String) -> Result<Reply, StoreError> {
        let (reason, by) = (short(reason.to_owned(), NAME_CHARACTERS)?, short(by, NAME_CHARACTERS)?);
        let done = Done::new(self.0.clock.now(), &by, What::HoldReleased).noting(&reason);
        Ok(holds(Vec::new(), &self.0.store.end_stray_holds(done).await?))
    }
}

fn holds(holds: Vec<Hold>, strays: &[Day]) -> Reply {
    let row = |hold: Hold| HoldRow {
        number: hold.order.office,
        message_id: hold.order.message_id,
        day: hold.day.to_string(),
        reason: hold.order.reason,
        by: hold.order.by,
        since: hold.at,
        ended: hold.ended.as_ref().map(|ended| ended.at),
        erased: hold.ended.as_ref().is_some_and(|ended| ended.erased),
        ended_by: hold.ended.map(|ended| ended.by),
    };
    Reply::Holds { holds: holds.into_iter().map(row).collect(), strays: strays.iter().map(Day::to_string).collect() }
}

fn row(day: DayOfMail, keep: Retention) -> DayRow {
    DayRow {
        expires: day.kept_for.moment_of(day.day.0),
        sooner: keep.moment_of(day.day.0).filter(|_| keep < day.kept_for),
        day: day.day.to_string(),
        state: day.state,
        due: day.goes != Goes::Later,
        goes: day.goes,
        messages: day.messages,
        bytes: day.bytes,
        uncollected: day.uncollected,
        held: day.held,
    }
}
