//! An agent's questions at the desk of mailboxes: its own, such as what it is subscribed to, and those about an office's folder, which
//! its rights are held against.

use fumibako_model::{Refused, What};
use fumibako_store::{Doer, Store};
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
                viewer.listing(&house, self.waiting.as_mut(), true).await.map(Answer::Folders)
            }
            Ask::Folders { subscribed } => {
                viewer.listing(&house, self.waiting.as_mut(), subscribed).await.map(Answer::Folders)
            }
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
        let opens = if let Ask::Open { name, .. } = &ask { Some(name.to_string()) } else { None };
        let doer = Doer::agent(office, viewer.agent.clone(), house.clock.now());
        let answer = self.serve_office(doer, ask).await?;
        if let Some(name) = opens {
            // What cannot be told is not shown.
            if let Err(refused) = house.agent_did((&viewer.agent, office), What::AgentOpened, name).await {
                (self.watched, self.opened) = (None, None);
                return Err(refused);
            }
            self.waiting.iter_mut().for_each(Waiting::opened);
        }
        Ok(viewer.told(&house, office, answer))
    }
}
