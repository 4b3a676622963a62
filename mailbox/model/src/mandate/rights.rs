//! What a mandate allows in an office's folders (RFC 4314 §2.1, Profile §9.9).

use std::collections::{BTreeMap, BTreeSet};

use fumibako_careplan::OfficeNumber;

use super::Scope;
use crate::address::AgentId;
use crate::mailbox::{FolderName, STANDARD_FOLDERS};
use crate::notice::NOTICES;

/// Above the mailboxes that an agent sees: `Offices/<number>/<folder>` (RFC 2342 §3, Other Users' Namespace).
pub const OFFICES: &str = "Offices";

/// Who besides its office may do something with a folder, and who is looking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The agent that looks; `None`: the office itself.
    pub viewer: Option<AgentId>,
    /// The agents of the offices listed, with what each may do.
    pub agents: Vec<(OfficeNumber, AgentId, BTreeSet<Scope>)>,
}

/// The office and the folder that an agent means by a name.
pub fn delegated(name: &FolderName) -> Option<(OfficeNumber, FolderName)> {
    let (above, rest) = name.as_str().split_once('/')?;
    let (number, folder) = rest.split_once('/')?;
    (above == OFFICES).then(|| Some((number.parse().ok()?, folder.parse().ok()?)))?
}

/// What an agent calls an office's folder; `None` where that would be too long a name.
pub fn seen_by_agents(office: OfficeNumber, folder: &FolderName) -> Option<FolderName> {
    format!("{OFFICES}/{office}/{}", folder.as_str()).parse().ok()
}

/// The rights of an agent with these scopes in one of the office's folders, in the order of RFC 4314 §2.1. Nobody but the
/// office makes, removes or renames folders.
pub fn agent_rights(folder: &FolderName, scopes: &BTreeSet<Scope>) -> String {
    let by = |scope: Scope| match (folder.as_str(), scope) {
        ("INBOX", Scope::Receive) => "lrswte",
        ("Sent", Scope::Send) => "lrswi",
        ("Sent", Scope::Status) | ("Receipts", Scope::Receive | Scope::Acknowledge | Scope::Status) => "lrsw",
        ("Drafts", Scope::Send) => "lrswite",
        // Profile §18.3: an agent sees the notices as itself.
        ("INBOX" | "Sent" | "Receipts" | "Drafts" | NOTICES, _) => "",
        (_, Scope::Receive) => "lrswite",
        _ => "",
    };
    let all: Vec<&str> = scopes.iter().map(|scope| by(*scope)).collect();
    "lrswite".chars().filter(|right| all.iter().any(|rights| rights.contains(*right))).collect()
}

/// Profile §9.16: is it a name that begins subscribed, where a mandate opens the folder: a standard folder of an office, or the notices?
pub fn begins_subscribed(name: &FolderName) -> bool {
    name.is_notices() || delegated(name).is_some_and(|(_, folder)| !folder.is_notices() && folder.is_standard())
}

/// Profile §9.16: the names an agent is subscribed to: what begins so in offices that ever opened folders to it, by these scopes, and the
/// notices; but for what it said itself.
pub fn agent_subscriptions(
    opened: impl IntoIterator<Item = (OfficeNumber, BTreeSet<Scope>)>,
    said: &BTreeMap<FolderName, bool>,
) -> BTreeSet<FolderName> {
    let mut all: BTreeSet<FolderName> = [FolderName::notices()].into();
    for (office, scopes) in opened {
        let standard = STANDARD_FOLDERS.iter().filter_map(|(name, _)| name.parse().ok());
        let seen = standard.filter(|folder| !agent_rights(folder, &scopes).is_empty());
        all.extend(seen.filter_map(|folder| seen_by_agents(office, &folder)));
    }
    all.retain(|name| said.get(name) != Some(&false));
    all.extend(said.iter().filter(|(_, wanted)| **wanted).map(|(name, _)| name.clone()));
    all
}

impl Access {
    /// What whoever looks may do with a folder: an agent's rights, or `own`, which the office has.
    pub fn mine(&self, name: &FolderName, own: &str) -> String {
        let Some(viewer) = self.viewer.as_ref().filter(|_| !name.is_notices()) else { return own.to_owned() };
        self.of(name)
            .into_iter()
            .find(|(agent, _)| agent == viewer.as_str())
            .map(|(_, rights)| rights)
            .unwrap_or_default()
    }

    /// Is it a name in the Other Users' Namespace of whoever looks (RFC 2342 §3)?
    pub fn is_anothers(&self, name: &FolderName) -> bool {
        self.viewer.is_some() && delegated(name).is_some()
    }

    /// The agents that may do something with a folder, and what.
    pub fn of(&self, name: &FolderName) -> Vec<(String, String)> {
        let (office, folder) = match delegated(name) {
            Some((office, folder)) if self.viewer.is_some() => (Some(office), folder),
            _ => (None, name.clone()),
        };
        let here = self.agents.iter().filter(|(number, ..)| office.is_none_or(|office| office == *number));
        let rights = here.map(|(_, agent, scopes)| (agent.to_string(), agent_rights(&folder, scopes)));
        rights.filter(|(_, rights)| !rights.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §9.9
    #[test]
    fn rights_follow_scopes_folder_by_folder() {
        let rights =
            |folder: &str, scopes: &[Scope]| agent_rights(&folder.parse().unwrap(), &scopes.iter().copied().collect());
        for (folder, receive, send, acknowledge, status) in [
            ("INBOX", "lrswte", "", "", ""),
            ("Sent", "", "lrswi", "", "lrsw"),
            ("Receipts", "lrsw", "", "lrsw", "lrsw"),
            ("Drafts", "", "lrswite", "", ""),
            ("Archive", "lrswite", "", "", ""),
            ("Own/Below", "lrswite", "", "", ""),
            (NOTICES, "", "", "", ""),
        ] {
            let found =
                [Scope::Receive, Scope::Send, Scope::Acknowledge, Scope::Status].map(|scope| rights(folder, &[scope]));
            assert_eq!(found, [receive, send, acknowledge, status], "{folder}");
        }
        assert_eq!(rights("Sent", &Scope::ALL), "lrswi");
        assert_eq!(rights("INBOX", &[]), "");
    }

    // Profile §9.16
    #[test]
    fn what_was_opened_begins_subscribed_but_for_what_the_agent_said() {
        let name = |text: &str| text.parse::<FolderName>().unwrap();
        let office = "9970000011".parse().unwrap();
        let subscribed = |said: &[(&str, bool)]| {
            let said = said.iter().map(|(text, wanted)| (name(text), *wanted)).collect();
            let all = agent_subscriptions([(office, [Scope::Send].into())], &said);
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let begins = ["Notices", "Offices/9970000011/Drafts", "Offices/9970000011/Sent"];
        assert_eq!(subscribed(&[]), begins);
        assert!(begins.iter().all(|text| begins_subscribed(&name(text))));
        let said = [("Notices", false), ("Offices/9970000011/Own", true), ("Offices/9970000029/INBOX", false)];
        assert_eq!(
            subscribed(&said),
            ["Offices/9970000011/Drafts", "Offices/9970000011/Own", "Offices/9970000011/Sent"]
        );
        let others = ["INBOX", "Offices/9970000011/Own", "Offices/9970000011/Notices", "Offices/9970000011"];
        assert!(!others.iter().any(|text| begins_subscribed(&name(text))));
    }

    #[test]
    fn a_delegated_name_reads_as_it_is_written() {
        let office = "9970000011".parse().unwrap();
        let folder: FolderName = "Own/Below".parse().unwrap();
        let name = seen_by_agents(office, &folder).unwrap();
        assert_eq!((name.as_str(), delegated(&name)), ("Offices/9970000011/Own/Below", Some((office, folder))));
        for other in ["INBOX", "Offices", "Offices/9970000011", "Offices/nobody/INBOX", "Other/9970000011/INBOX"] {
            assert_eq!(delegated(&other.parse().unwrap()), None, "{other}");
        }
        assert_eq!(seen_by_agents(office, &"x".repeat(255).parse().unwrap()), None);
    }
}
