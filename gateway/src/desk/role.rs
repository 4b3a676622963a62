//! A person whose role leaves something of the office out, at the desk of mailboxes (Profile §19.1): the folders are those that a mandate
//! of the same rights would open (Profile §9.9). Folders are made and removed by others.

use fumibako_model::{FolderName, Refusal, Refused, Role, agent_rights};
use fumibako_wire::imap::{Answer, Ask};

fn sees(role: Role, folder: &FolderName) -> bool {
    !role.is_limited() || !agent_rights(folder, &role.scopes()).is_empty()
}

/// May this be asked at all?
pub(super) fn judge(role: Role, ask: &Ask) -> Result<(), Refused> {
    let there = |folder: &FolderName| {
        if sees(role, folder) { Ok(()) } else { Err(Refusal::RoleForbids.about(format_args!("{role}, {folder}"))) }
    };
    match ask {
        Ask::Status(folder)
        | Ask::Open { name: folder, .. }
        | Ask::Append { folder, .. }
        | Ask::Copy { to: folder, .. }
        | Ask::Annotations(Some(folder))
        | Ask::Annotate(Some(folder), _) => there(folder),
        Ask::Create(_) | Ask::Delete(_) | Ask::Rename { .. } if role.is_limited() => {
            Err(Refusal::RoleForbids.about(role))
        }
        _ => Ok(()),
    }
}

/// An answer without the folders that are not for this person.
pub(super) fn told(role: Role, mut answer: Answer) -> Answer {
    match &mut answer {
        Answer::Folders(listing) => listing.folders.retain(|folder| sees(role, &folder.name)),
        Answer::Annotated(all) => all.retain(|(folder, _)| folder.as_ref().is_none_or(|folder| sees(role, folder))),
        _ => {}
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §19.1
    #[test]
    fn who_only_sends_opens_no_inbox_and_who_only_receives_sees_nothing_of_what_was_sent() {
        let seen = |role: Role| {
            ["INBOX", "Sent", "Drafts", "Receipts", "Archive"].map(|folder| sees(role, &folder.parse().unwrap()))
        };
        assert_eq!((seen(Role::Manager), seen(Role::Staff)), ([true; 5], [true; 5]));
        assert_eq!(seen(Role::Sender), [false, true, true, true, false]);
        assert_eq!(seen(Role::Receiver), [true, false, false, true, true]);
        let inbox = || FolderName::inbox();
        for ask in [
            Ask::Status(inbox()),
            Ask::Open { name: inbox(), read_only: true },
            Ask::Create("INBOX/x".parse().unwrap()),
            Ask::Rename { from: inbox(), to: "Drafts/x".parse().unwrap() },
        ] {
            assert_eq!(judge(Role::Sender, &ask).unwrap_err().why, Refusal::RoleForbids, "{ask:?}");
            assert_eq!(judge(Role::Staff, &ask), Ok(()));
        }
    }
}
