//! An agent's questions at the desk of mailboxes: its own, such as what it is subscribed to, and those about an office's folder, which
//! its rights are held against.

use fumibako_model::{Refused, What};
use fumibako_store::Store;
use fumibako_wire::imap::{Answer, Ask};

use super::ImapDesk;
use crate::desk::offices::{Viewer, Waiting, without_private_notes};

impl<S: Store> ImapDesk<S> {
    pub(super) async fn serve_agent(&mut self, viewer: Viewer, ask: Ask) -> Result<Answer, Refused> {
        let house = self.entry.house.clone();
        if let Ask::Open { .. } | Ask::Watch = ask {
            // Listens before it asks for rights and folders, so that nothing falls between.
            self.waiting.get_or_insert_with(|| Waiting::new(&house, &viewer));
        }
        let own = match ask {
            Ask::Watch => {
                if let Some(waiting) = &mut self.waiting {
                    waiting.listen(true);
                }
                viewer.listing(&house, self.waiting.as_mut()).await.map(Answer::Folders)
            }
            Ask::Folders => viewer.listing(&house, self.waiting.as_mut()).await.map(Answer::Folders),
            Ask::Subscribe { folder, wanted } => viewer.subscribe(&house, folder, wanted).await.map(|()| Answer::Done),
            // Profile §9.18: what is of no folder is of no office, either.
            Ask::Annotations(None) if viewer.office.is_none() => Ok(Answer::Annotations(Vec::new())),
            Ask::AnnotatedSince(_) if viewer.office.is_none() => match &mut self.waiting {
                Some(waiting) => waiting.notes(&house, &viewer).await.map(Answer::Annotated),
                None => Ok(Answer::Annotated(Vec::new())),
            },
            ask => return self.serve_delegated(&viewer, ask).await,
        };
        own.map(without_private_notes).map_err(|error| house.refusal_of(error))
    }

    async fn serve_delegated(&mut self, viewer: &Viewer, ask: Ask) -> Result<Answer, Refused> {
        let house = self.entry.house.clone();
        let (office, ask) = viewer.judge(&house, self.opened.as_ref(), ask)?;
        if let Some((what, about)) = self.telling(&ask) {
            house.agent_did((&viewer.agent, office), what, about).await?;
        }
        let opens = matches!(ask, Ask::Open { .. });
        let answer = self.serve_office(office, ask).await?;
        if let (true, Some(waiting)) = (opens, &mut self.waiting) {
            waiting.opened();
        }
        Ok(viewer.told(&house, office, answer))
    }

    /// What the audit tells of an agent's question, if it does (Profile §16.3).
    fn telling(&self, ask: &Ask) -> Option<(What, String)> {
        let here = || self.opened.as_ref().map(|(_, name)| name.to_string()).unwrap_or_default();
        match ask {
            Ask::Open { name, .. } => Some((What::AgentOpened, name.to_string())),
            Ask::Append { folder, .. } => Some((What::AgentChanged, format!("append {folder}"))),
            Ask::Copy { to, moves, uids, .. } => {
                let verb = if *moves { "move" } else { "copy" };
                Some((What::AgentChanged, format!("{verb} {} from {} to {to}", uids.len(), here())))
            }
            Ask::Expunge { .. } => Some((What::AgentChanged, format!("expunge {}", here()))),
            _ => None,
        }
    }
}
