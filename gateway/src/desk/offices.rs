//! An agent at the desk of mailboxes (Profile §9.9): its offices' folders stand below `Offices/<number>/`, or, where it logged in as
//! one of them, as that office has them. What it may do is asked of the roll at every command.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{
    Access, AgentId, FlagChange, Flags, FolderName, FolderStatus, Listing, Login, ModSeq, NamedFlags, OFFICES,
    OfficeNumber, Refusal, Refused, Role, Roll, Scope, agent_rights, agent_subscriptions, delegated, seen_by_agents,
};
use fumibako_store::{Store, StoreError};
use fumibako_wire::imap::{Answer, Ask, QuotaOf};
use jiff::Timestamp;

use crate::house::House;

mod waiting;
pub(super) use waiting::Waiting;

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
    /// Who looks, if it is an agent.
    pub(super) fn of(login: &Login) -> Option<Self> {
        let agent = login.agent()?.clone();
        Some(Self { agent, office: login.office(), role: login.role() })
    }

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

    /// May it do this in the open folder? Says whose it is.
    fn may_here<S: Store>(
        &self,
        house: &House<S>,
        opened: Option<&Place>,
        needed: &str,
    ) -> Result<OfficeNumber, Refused> {
        let place = opened.ok_or_else(|| Refused::from(Refusal::NoSuchFolder))?;
        self.may(house, place, needed).map(|()| place.0).map_err(closed)
    }

    /// May it do this in the folder meant by a name? Says which that is.
    fn may_there<S: Store>(&self, house: &House<S>, name: &FolderName, needed: &str) -> Result<Place, Refused> {
        let place = self.place(name)?;
        self.may(house, &place, needed)?;
        Ok(place)
    }

    /// Judges a question, and says which office it is about and how that would put it. `opened` is the open folder.
    pub(super) fn judge<S: Store>(
        &self,
        house: &House<S>,
        opened: Option<&Place>,
        ask: Ask,
    ) -> Result<(OfficeNumber, Ask), Refused> {
        let here = |needed: &str| self.may_here(house, opened, needed);
        let there = |name: &FolderName, needed: &str| self.may_there(house, name, needed);
        let read = |name: &FolderName, put: &dyn Fn(FolderName) -> Ask| {
            there(name, "r").map(|(office, name)| (office, put(name)))
        };
        Ok(match ask {
            Ask::Status(name) => read(&name, &Ask::Status)?,
            Ask::Open { name, read_only } => read(&name, &|name| Ask::Open { name, read_only })?,
            ask @ (Ask::Look | Ask::Since { .. } | Ask::Read(..) | Ask::Bodies(..) | Ask::Heads { .. }) => {
                (here("r")?, ask)
            }
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
            Ask::Annotations(Some(name)) => read(&name, &|name| Ask::Annotations(Some(name)))?,
            // RFC 9208 §6, Profile §9.18
            Ask::Quota(QuotaOf::Folder(name)) => read(&name, &|name| Ask::Quota(QuotaOf::Folder(name)))?,
            Ask::Quota(QuotaOf::Root(name)) => {
                let office = self.office_of_root(house, &name)?;
                (office, Ask::Quota(QuotaOf::Root(name)))
            }
            // Nothing of this is delegated (Profile §9.9); RFC 4314 §4.
            Ask::Create(_) | Ask::Delete(_) | Ask::Rename { .. } | Ask::Annotate(..) => {
                return Err(Refusal::MandateScope.into());
            }
            // These are about the office as a whole, so the agent has to have logged in as it.
            ask @ (Ask::AnnotatedSince(_) | Ask::Annotations(None)) => (self.office_of_root(house, "")?, ask),
            // These are about the connection, or the agent's own, and never come here.
            Ask::Login(_)
            | Ask::Forget
            | Ask::Close
            | Ask::Unwatch
            | Ask::Discard
            | Ask::PutAside { .. }
            | Ask::Sent(_)
            | Ask::Folders { .. }
            | Ask::Watch
            | Ask::Subscribe { .. } => return Err(Refusal::Internal.into()),
        })
    }

    /// Some mandate of the office is in force.
    fn mandated<S: Store>(&self, house: &House<S>, office: OfficeNumber) -> Result<(), Refused> {
        house.store.roll().any_mandate(office, &self.agent, house.clock.now())
    }

    /// Profile §9.18: each office's quota root has its number in its name, or none for an agent that logged in as it.
    fn office_of_root<S: Store>(&self, house: &House<S>, name: &str) -> Result<OfficeNumber, Refused> {
        let number = || name.strip_prefix(OFFICES)?.strip_prefix('/')?.parse().ok();
        let office = if self.office.is_some() { self.office.filter(|_| name.is_empty()) } else { number() };
        let office = office.ok_or_else(|| Refusal::NoSuchFolder.about(name))?;
        self.mandated(house, office).map(|()| office)
    }

    /// The offices it is mandated by now, and what it may do for each.
    fn offices(&self, roll: &Roll, now: Timestamp) -> BTreeMap<OfficeNumber, BTreeSet<Scope>> {
        let mut offices = roll.offices_of(&self.agent, now);
        offices.retain(|office| self.office.is_none_or(|one| one == *office));
        offices.into_iter().map(|office| (office, self.scopes(roll, office, now))).collect()
    }

    /// An office's folders that it may look up, as it calls them.
    async fn folders_of<S: Store>(
        &self,
        house: &House<S>,
        office: OfficeNumber,
        scopes: &BTreeSet<Scope>,
    ) -> Result<(Vec<FolderStatus>, ModSeq), StoreError> {
        let listing = house.store.folders(office).await?;
        let seen = listing.folders.into_iter().filter(|folder| !agent_rights(&folder.name, scopes).is_empty());
        let named = seen.filter_map(|folder| Some(FolderStatus { name: self.name(office, &folder.name)?, ..folder }));
        Ok((named.collect(), listing.modseq))
    }

    async fn read<S: Store>(
        &self,
        house: &House<S>,
        offices: &BTreeMap<OfficeNumber, BTreeSet<Scope>>,
    ) -> Result<(Vec<FolderStatus>, ModSeq), StoreError> {
        let (mut all, mut last) = (Vec::new(), ModSeq::default());
        for (office, scopes) in offices {
            let (folders, modseq) = self.folders_of(house, *office, scopes).await?;
            all.extend(folders);
            last = last.max(modseq);
        }
        Ok((all, last))
    }

    /// All folders the agent may look up, and what it is subscribed to, if that is asked for.
    pub(super) async fn listing<S: Store>(
        &self,
        house: &House<S>,
        waiting: Option<&mut Waiting>,
        subscribed: bool,
    ) -> Result<Listing, StoreError> {
        let (roll, now) = (house.store.roll(), house.clock.now());
        let offices = self.offices(&roll, now);
        let (folders, modseq) = match waiting {
            Some(waiting) => waiting.folders(house, self, &offices).await?,
            None => self.read(house, &offices).await?,
        };
        let access = |(office, scopes)| (office, self.agent.clone(), scopes);
        let agents = offices.into_iter().map(access).collect();
        let subscribed = if subscribed { self.subscribed(house, &roll, now).await? } else { BTreeSet::new() };
        Ok(Listing { folders, subscribed, modseq, access: Access { viewer: Some(self.agent.clone()), agents } })
    }

    /// Profile §9.16: the agent's own list; where it acts as an office, what of it is that office's.
    async fn subscribed<S: Store>(
        &self,
        house: &House<S>,
        roll: &Roll,
        now: Timestamp,
    ) -> Result<BTreeSet<FolderName>, StoreError> {
        let said = house.store.said_of_subscriptions(&self.agent, self.office).await?;
        let here = |(office, _): &(OfficeNumber, _)| self.office.is_none_or(|own| own == *office);
        let opened = roll.ever_opened(&self.agent, now).filter(here).map(|(office, mut scopes)| {
            scopes.retain(|scope: &Scope| self.role.allows(*scope));
            (office, scopes)
        });
        let all = agent_subscriptions(opened, &said);
        let Some(own) = self.office else { return Ok(all) };
        let here = |name: FolderName| match delegated(&name) {
            Some((office, folder)) => (office == own).then_some(folder),
            None => name.is_notices().then_some(name),
        };
        Ok(all.into_iter().filter_map(here).collect())
    }

    /// Subscribes to a name, or no longer (RFC 9051 §6.3.7, §6.3.8); there need not be such a folder.
    pub(super) async fn subscribe<S: Store>(
        &self,
        house: &House<S>,
        folder: FolderName,
        wanted: bool,
    ) -> Result<(), StoreError> {
        let of = |office| seen_by_agents(office, &folder).ok_or_else(|| Refused::from(Refusal::NoSuchFolder));
        let name = match self.office {
            Some(office) if !folder.is_notices() => of(office)?,
            _ => folder,
        };
        house.store.subscribe_agent(self.agent.clone(), name, wanted).await
    }

    /// An answer, in the agent's names, and without what is the office's own.
    pub(super) fn told<S: Store>(&self, house: &House<S>, office: OfficeNumber, mut answer: Answer) -> Answer {
        let status = match &mut answer {
            Answer::Annotated(all) => {
                let sees = |folder: &FolderName| self.may(house, &(office, folder.clone()), "r").is_ok();
                all.retain(|(folder, _)| folder.as_ref().is_none_or(sees));
                return without_private_notes(answer);
            }
            // Profile §9.18
            Answer::Quota(Some(root)) if self.office.is_none() => {
                root.name = format!("{OFFICES}/{office}");
                return answer;
            }
            Answer::Status(status) => status,
            Answer::Folder(view) => {
                let (roll, now) = (house.store.roll(), house.clock.now());
                view.lent = Some(agent_rights(&view.status.name, &self.scopes(&roll, office, now)));
                &mut view.status
            }
            _ => return without_private_notes(answer),
        };
        if let Some(name) = self.name(office, &status.name) {
            status.name = name;
        }
        answer
    }
}

/// A folder that is open is there, whatever became of the rights.
fn closed(why: Refused) -> Refused {
    if why.why == Refusal::NoSuchFolder { Refusal::MandateScope.into() } else { why }
}

/// RFC 5464 §1: what is private is for who wrote it, and agents write nothing.
pub(super) fn without_private_notes(mut answer: Answer) -> Answer {
    let private = |name: &str| name.starts_with("/private/");
    match &mut answer {
        Answer::Annotations(all) => all.retain(|one| !private(&one.name)),
        Answer::Annotated(all) => all.retain(|(_, name)| !private(name)),
        _ => {}
    }
    answer
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
