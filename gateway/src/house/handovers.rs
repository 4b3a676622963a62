//! 受け渡し: to whom octets went, and what was taken (Profile §8.10).

use fumibako_model::{Act, Delegate, Login, MessageId, OfficeNumber, Scope};
use fumibako_store::{Store, StoreError, Taken};

use super::House;

/// Messages that are written down in one commit: everybody's mail waits meanwhile.
const AT_ONCE: usize = 100;

/// Whose terminal octets go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// The recipient of what goes there.
    pub(crate) office: OfficeNumber,
    /// The agent that receives for it, and under which mandate; `None`: itself.
    pub(crate) by: Option<Delegate>,
}

impl<S: Store> House<S> {
    /// Profile §8.10: whose terminal it is that octets of this office's messages go to: the office's own, or that of an agent, under the
    /// mandate that lets it receive now. `None`: nobody's for whom that would mean anything.
    pub(crate) fn terminal(&self, office: OfficeNumber, login: &Login) -> Option<Terminal> {
        let by = match login.agent() {
            None => None,
            Some(agent) => {
                let receives = Act::Any(Scope::Receive);
                Some(self.store.roll().mandate(office, agent, receives, self.clock.now()).ok()?.delegate())
            }
        };
        Some(Terminal { office, by })
    }

    /// Profile §8.10: is it an office that never let an agent receive for it? Then every mark in its folders is its own.
    pub(crate) fn is_alone(&self, to: &Terminal) -> bool {
        to.by.is_none() && self.store.roll().always_received_alone(to.office, self.clock.now())
    }

    /// All of these went to a terminal, which took them and went on.
    pub(crate) async fn hand_over(&self, to: &Terminal, messages: &[MessageId]) -> Result<(), StoreError> {
        for some in messages.chunks(AT_ONCE) {
            let new = self.store.hand_over(to.office, some.to_vec(), to.by.clone(), self.clock.now()).await?;
            self.handed_over(to.office, &new);
        }
        Ok(())
    }

    /// All of these went to a terminal, which went on, and may take them later.
    pub(crate) async fn note_sent(&self, to: &Terminal, messages: &[MessageId]) -> Result<(), StoreError> {
        for some in messages.chunks(AT_ONCE) {
            self.store.note_sent(to.office, some.to_vec(), to.by.as_ref().map(|by| by.mandate)).await?;
        }
        Ok(())
    }

    /// What an order came to, by which something may have been handed over.
    pub(crate) fn taken<T>(&self, office: OfficeNumber, taken: Taken<T>) -> T {
        self.handed_over(office, &taken.handed_over);
        taken.answer
    }

    fn handed_over(&self, office: OfficeNumber, messages: &[MessageId]) {
        for message in messages {
            self.counts.handed_over.inc();
            tracing::info!(%office, message = message.0, "bundle.handed_over");
        }
    }
}
