//! What went out whole once, over whatever connection, and is seen or removed now (Profile §8.10).

use fumibako_model::{FlagChange, Flags, MessageId, Uid};
use fumibako_store::Store;
use fumibako_wire::imap::{Answer, Ask};

use super::ImapDesk;

impl<S: Store> ImapDesk<S> {
    /// Before a command that may mark or remove messages: those of its folder that went out whole, of which nothing says yet that
    /// they were taken.
    pub(super) async fn taking(&self, ask: &Ask) -> Vec<(Uid, MessageId)> {
        let folder = match ask {
            Ask::Flag { folder, change: FlagChange::Add | FlagChange::Replace, flags, .. }
                if flags.system & Flags::SEEN.system != 0 =>
            {
                folder
            }
            Ask::Expunge { folder, .. } | Ask::Copy { folder, moves: true, .. } => folder,
            _ => return Vec::new(),
        };
        let Some((office, _)) = &self.opened else { return Vec::new() };
        match self.entry.house.store.untaken(*office, *folder).await {
            Ok(untaken) => untaken,
            Err(error) => {
                // What the command itself meets it says itself.
                self.entry.house.refusal_of(error);
                Vec::new()
            }
        }
    }

    /// After it: those that are seen, or gone, were handed over.
    pub(super) async fn taken(&self, untaken: Vec<(Uid, MessageId)>, answer: &Answer) {
        let (Some((office, _)), Ok(login)) = (&self.opened, self.entry.login()) else { return };
        for (uid, message) in untaken {
            let taken = match answer {
                Answer::Changes(changes) => {
                    let seen = changes.entries.iter().any(|entry| entry.uid == uid && entry.flags.has(Flags::SEEN));
                    seen || changes.vanished.contains(uid)
                }
                Answer::Copied(_, pairs) => pairs.iter().any(|(from, _)| *from == uid),
                _ => false,
            };
            if taken {
                self.entry.house.handed_over(*office, message, &login).await;
            }
        }
    }
}
