//! Bodies are filed before the rows that name them; one that was filed for nothing leaves the disk.

use fumibako_model::{Uid, UidValidity};
use fumibako_store::bodies::Segment;
use fumibako_store::{Admitted, Delivery, Deposit, Doer, Draft, StoreError, Taken};
use jiff::Timestamp;

use super::SqliteStore;
use crate::command::{Command, Octets, OwnMessage, OwnMessages};
use crate::heads::Losing;
use crate::word;

impl SqliteStore {
    /// Keeps what was admitted, or what came before under its name.
    pub(super) async fn take_in(&self, message: Admitted, now: Timestamp) -> Result<Delivery, StoreError> {
        let kept =
            if message.is_filed() { self.disk.wait(move || message.keep(now)).await? } else { message.keep(now)? };
        let (facts, body) = kept.into_parts();
        let filed = body.filed();
        let word = word::packed(&facts, &body)?;
        let octets = Octets::new(body, || facts.envelope(now));
        let answer = self.change(|reply| Command::Deliver(facts, octets, word, now, reply)).await;
        let unused = match &answer {
            Ok(delivery) => delivery.repeated,
            Err(error) => self.is_undone(error),
        };
        self.give_up(filed.filter(|_| unused)).await;
        answer
    }

    /// Keeps what an office puts into a folder of its own.
    pub(super) async fn put_in(
        &self,
        doer: Doer,
        deposit: Deposit,
        now: Timestamp,
    ) -> Result<Taken<(UidValidity, Vec<Uid>)>, StoreError> {
        let Deposit { folder, drafts, replaces } = deposit;
        let _lost = replaces.map(|_| Losing(&self.heads));
        let (mut messages, mut bodies, mut filed) = (Vec::new(), Vec::new(), Vec::new());
        for Draft { flags, date, message_id, body } in drafts {
            let own = OwnMessage { flags, date, message_id };
            let envelope = own.envelope(doer.office, &folder);
            let also = envelope.clone();
            let body = match self.disk.wait(move || body.finish(&also)).await {
                Ok(body) => body,
                Err(error) => {
                    self.give_up_all(filed.into_iter().flatten()).await;
                    return Err(error);
                }
            };
            filed.push(body.filed());
            bodies.push(Octets::new(body, || envelope));
            messages.push(own);
        }
        let own = OwnMessages { folder, messages, replaces };
        let answer = self.change(|reply| Command::Append(doer, own, bodies, now, reply)).await;
        let unused: Vec<bool> = match &answer {
            Ok((_, placed, _)) => placed.iter().map(|(_, kept)| !kept).collect(),
            Err(error) => vec![self.is_undone(error); filed.len()],
        };
        let leftover = filed.into_iter().zip(unused).filter(|(_, unused)| *unused).filter_map(|(filed, _)| filed);
        self.give_up_all(leftover).await;
        answer.map(|(validity, placed, handed_over)| {
            let uids = placed.into_iter().map(|(uid, _)| uid).collect();
            Taken { answer: (validity, uids), handed_over }
        })
    }

    /// Was nothing of it kept, for certain?
    pub(super) fn is_undone(&self, error: &StoreError) -> bool {
        !matches!(error, StoreError::Broken(_)) && !self.readers.is_closed()
    }

    /// A body filed for nothing leaves the disk.
    pub(crate) async fn give_up(&self, filed: Option<Segment>) {
        let Some(segment) = filed else { return };
        let bodies = self.bodies.clone();
        if let Err(why) = self.disk.wait(move || bodies.remove(segment)).await {
            tracing::warn!(%why, "store.leftover");
        }
    }

    pub(super) async fn give_up_all(&self, filed: impl Iterator<Item = Segment>) {
        for segment in filed {
            self.give_up(Some(segment)).await;
        }
    }
}
