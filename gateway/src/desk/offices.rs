//! An agent at the desk of mailboxes (Profile §9.9): its offices' folders stand below `Offices/<number>/`, or, where it logged in as
//! one of them, as that office has them. What it may do is asked of the roll at every command.

use std::collections::BTreeSet;

use fumibako_model::{
    Access, AgentId, FlagChange, Flags, FolderName, Listing, NamedFlags, OfficeNumber, Refusal, Refused, Role, Roll,
    Scope, agent_rights, delegated, seen_by_agents,
};
use fumibako_store::{Store, StoreError};
use fumibako_wire::imap::{Answer, Ask};
use jiff::Timestamp;

use crate::house::House;

/// Who is there: an agent, and the office it logged in as, if it did.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) agent: AgentId,
    pub(super) office: Option<OfficeNumber>,
    /// Of the agent's person.
    pub(super) role: Role,
}

/// A folder of an office.
pub(super) type Place = (OfficeNumber, FolderName);

impl Viewer {
    /// The folder meant by a name.
    fn place(&self, name: &FolderName) -> Result<Place, Refused> {
        match self.office {
            Some(office) => Ok((office, name.clone())),
            None => delegated(name).ok_or_else(|| Refusal::NoSuchFolder.into()),
        }
    }

    /// What the agent calls a folder.
    fn name(&self, office: OfficeNumber, folder: &FolderName) -> Option<FolderName> {
        if self.office.is_some() { Some(folder.clone()) } else { seen_by_agents(office, folder) }
    }

    /// What mandates and the person's role both allow (Profile §19.1).
    fn scopes(&self, roll: &Roll, office: OfficeNumber, now: Timestamp) -> BTreeSet<Scope> {
        let mut scopes = roll.scopes(office, &self.agent, now);
        scopes.retain(|scope| self.role.allows(*scope));
        scopes
    }

    /// Profile §9.8, §9.9: may it do this now? RFC 4314 §4: a folder it may not even look up does not exist for it.
    fn may<S: Store>(&self, house: &House<S>, (office, folder): &Place, needed: &str) -> Result<(), Refused> {
        let (roll, now) = (house.store.roll(), house.clock.now());
        let rights = agent_rights(folder, &self.scopes(&roll, *office, now));
        if needed.chars().all(|right| rights.contains(right)) {
            return Ok(());
        }
        // Why: because of the mandate as a whole, or of what it covers.
        roll.any_mandate(*office, &self.agent, now)?;
        let why = if rights.is_empty() { Refusal::NoSuchFolder } else { Refusal::MandateScope };
        Err(why.about(folder))
    }

    /// Judges a question, and says which office it is about and how that would put it. `opened` is the open folder.
    pub(super) fn judge<S: Store>(
        &self,
        house: &House<S>,
        opened: Option<&Place>,
        ask: Ask,
    ) -> Result<(OfficeNumber, Ask), Refused> {
        let open = || opened.cloned().ok_or_else(|| Refused::from(Refusal::NoSuchFolder));
        let here = |needed: &str| open().and_then(|place| self.may(house, &place, needed).map(|()| place.0));
        let there = |name: &FolderName, needed: &str| {
            let place = self.place(name)?;
            self.may(house, &place, needed)?;
            Ok::<_, Refused>(place)
        };
        Ok(match ask {
            Ask::Status(name) => {
                let (office, name) = there(&name, "r")?;
                (office, Ask::Status(name))
            }
            Ask::Open { name, read_only } => {
                let (office, name) = there(&name, "r")?;
                (office, Ask::Open { name, read_only })
            }
            ask @ (Ask::Since { .. }
            | Ask::Read(..)
            | Ask::Send(..)
            | Ask::Bodies(..)
            | Ask::SendBodies(..)
            | Ask::Heads { .. }) => (here("r")?, ask),
            Ask::Flag { folder, uids, change, flags, unchanged_since, since } => {
                let office = here(flagging(change, &flags))?;
                (office, Ask::Flag { folder, uids, change, flags, unchanged_since, since })
            }
            ask @ Ask::Expunge { .. } => (here("e")?, ask),
            Ask::Append { folder, flags, date, replaces } => {
                let (office, folder) = there(&folder, "i")?;
                if replaces.is_some() && here("te")? != office {
                    return Err(Refusal::MandateScope.about("another office"));
                }
                (office, Ask::Append { folder, flags, date, replaces })
            }
            Ask::Copy { folder, uids, to, moves } => {
                let (office, to) = there(&to, "i")?;
                // What is one office's never comes to another.
                if here(if moves { "rte" } else { "r" })? != office {
                    return Err(Refusal::MandateScope.about("another office"));
                }
                (office, Ask::Copy { folder, uids, to, moves })
            }
            Ask::Annotations(Some(name)) => {
                let (office, name) = there(&name, "r")?;
                (office, Ask::Annotations(Some(name)))
            }
            // Nothing of this is delegated (Profile §9.9); RFC 4314 §4.
            Ask::Create(_) | Ask::Delete(_) | Ask::Rename { .. } | Ask::Annotate(..) | Ask::Subscribe { .. } => {
                return Err(Refusal::MandateScope.into());
            }
            // These are about the office as a whole, so the agent has to have logged in as it.
            ask @ (Ask::Folders | Ask::Watch | Ask::AnnotatedSince(_) | Ask::Quota | Ask::Annotations(None)) => {
                let office = self.office.ok_or(Refusal::MandateScope)?;
                house.store.roll().any_mandate(office, &self.agent, house.clock.now())?;
                (office, ask)
            }
            // These are about the connection, and never come here.
            Ask::Login(_) | Ask::Forget | Ask::Close | Ask::Unwatch | Ask::Discard | Ask::PutAside { .. } => {
                return Err(Refusal::Internal.into());
            }
        })
    }

    /// All folders the agent may look up.
    pub(super) async fn listing<S: Store>(&self, house: &House<S>) -> Result<Listing, StoreError> {
        let (roll, now) = (house.store.roll(), house.clock.now());
        let offices = match self.office {
            Some(office) => [office].into(),
            None => roll.offices_of(&self.agent, now),
        };
        let mut all =
            Listing { access: Access { viewer: Some(self.agent.clone()), agents: Vec::new() }, ..Listing::default() };
        for office in offices {
            let scopes = self.scopes(&roll, office, now);
            let listing = house.store.folders(office).await?;
            let seen = listing.folders.into_iter().filter(|folder| !agent_rights(&folder.name, &scopes).is_empty());
            all.folders.extend(seen.filter_map(|mut folder| {
                folder.name = self.name(office, &folder.name)?;
                Some(folder)
            }));
            all.modseq = all.modseq.max(listing.modseq);
            all.access.agents.push((office, self.agent.clone(), scopes));
        }
        // Who asks for what is subscribed sees everything: agents subscribe to nothing.
        all.subscribed = all.folders.iter().map(|folder| folder.name.clone()).collect::<BTreeSet<_>>();
        Ok(all)
    }

    /// An answer, in the agent's names, and without what is the office's own.
    pub(super) fn told<S: Store>(&self, house: &House<S>, office: OfficeNumber, mut answer: Answer) -> Answer {
        // RFC 5464 §1: what is private is for who wrote it, and agents write nothing.
        let private = |name: &str| name.starts_with("/private/");
        let status = match &mut answer {
            Answer::Annotations(all) => {
                all.retain(|one| !private(&one.name));
                return answer;
            }
            Answer::Annotated(all) => {
                let sees = |folder: &FolderName| self.may(house, &(office, folder.clone()), "r").is_ok();
                all.retain(|(folder, name)| !private(name) && folder.as_ref().is_none_or(sees));
                return answer;
            }
            Answer::Status(status) => status,
            Answer::Folder(view) => &mut view.status,
            _ => return answer,
        };
        if let Some(name) = self.name(office, &status.name) {
            status.name = name;
        }
        answer
    }
}

/// RFC 4314 §4: the rights that a change of flags needs.
fn flagging(change: FlagChange, flags: &NamedFlags) -> &'static str {
    let system = Flags { system: flags.system, keywords: 0 };
    let (seen, deleted) = (system.has(Flags::SEEN), system.has(Flags::DELETED));
    let others = !flags.keywords.is_empty() || flags.system & !(Flags::SEEN.system | Flags::DELETED.system) != 0;
    // Flags that stand in place of all others may take any away.
    if change == FlagChange::Replace {
        return "swt";
    }
    match (seen, deleted, others) {
        (true, false, false) => "s",
        (false, true, false) => "t",
        (true, true, false) => "st",
        (false, false, _) => "w",
        (true, false, true) => "sw",
        (false, true, true) => "wt",
        (true, true, true) => "swt",
    }
}
