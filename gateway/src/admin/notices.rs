//! Administration of notices (Profile §18): posted, listed, taken back.

use fumibako_model::{Notice, Refusal, What};
use fumibako_store::{Amend, Amendment, KeptNotice, NoticeOrder, Store, StoreError, WhichNotices};
use jiff::Timestamp;

use super::Admin;
use super::words::{NoticeAsk, NoticeRow, NoticeState, Reply};
use crate::notices::{Changing, message};

impl<S: Store> Admin<S> {
    pub(super) async fn notices(&self, ask: NoticeAsk) -> Result<Reply, StoreError> {
        let now = self.0.clock.now();
        match ask {
            NoticeAsk::Post { kind, title, body, from, until, stop } => {
                self.post_notice(Notice { kind, title, body, from: from.unwrap_or(now), until, stop }, now).await
            }
            NoticeAsk::List { all } => {
                let which = if all { WhichNotices::All } else { WhichNotices::Current(now) };
                let kept = self.0.store.notices(which).await?;
                Ok(Reply::Notices { notices: kept.into_iter().map(|kept| row(kept, now)).collect() })
            }
            NoticeAsk::Show { id } => self.show_notice(id, now).await,
            NoticeAsk::Withdraw { id } => {
                let changing = Changing::begin(&self.0).await;
                let order = NoticeOrder::Withdraw { id, at: now };
                let told = vec![self.did(What::NoticeWithdrawn).about(id)];
                self.0.store.amend(Amend { changes: vec![Amendment::Notice(order)], done: told }).await?;
                changing.end().await?;
                self.show_notice(id, now).await
            }
        }
    }

    async fn post_notice(&self, notice: Notice, now: Timestamp) -> Result<Reply, StoreError> {
        notice.sound(now).map_err(|why| Refusal::ValueUnfit.about(why))?;
        let changing = Changing::begin(&self.0).await;
        let id = changing.next_id().await?;
        let octets = message(&notice, id, &self.0.config.domain, now);
        let told = self.did(What::NoticePosted).about(id);
        let told = told.noting(format_args!("{} {} {} {}", notice.kind, notice.from, notice.until, notice.title));
        let order = NoticeOrder::Post { notice: Box::new(notice), id, octets, at: now };
        self.0.store.amend(Amend { changes: vec![Amendment::Notice(order)], done: vec![told] }).await?;
        changing.end().await?;
        self.show_notice(id, now).await
    }

    async fn show_notice(&self, id: u32, now: Timestamp) -> Result<Reply, StoreError> {
        let kept = self.0.store.notices(WhichNotices::One(id)).await?.pop();
        let kept = kept.ok_or_else(|| Refusal::NoticeUnknown.about(id))?;
        Ok(Reply::Notices { notices: vec![row(kept, now)] })
    }
}

fn row(kept: KeptNotice, now: Timestamp) -> NoticeRow {
    let KeptNotice { id, notice, posted, withdrawn, uid } = kept;
    let state = match (withdrawn, uid) {
        (Some(_), _) => NoticeState::Withdrawn,
        (None, Some(_)) => NoticeState::Standing,
        (None, None) if notice.until <= now => NoticeState::Over,
        (None, None) => NoticeState::Scheduled,
    };
    NoticeRow { id, state, posted, withdrawn, notice }
}
