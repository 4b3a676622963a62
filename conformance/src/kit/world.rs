//! The world a transcript takes for granted, set up through the protocol: folders of its own for each transcript, messages
//! filed by APPEND, changes made by another connection.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::imap::{Mailbox, quoted};
use crate::line::Door;
use crate::random::Random;

use super::player::Arrange;
use super::script::message;
use super::value::values;

/// The folders transcripts speak of. Each is played by a scratch folder whose name is as long, so that the lengths of
/// literals stay true.
const FOLDERS: [&str; 6] = ["INBOX", "Sent", "Drafts", "Receipts", "Archive", "Trash"];
/// When delivered messages come: at noon in Japan.
const NOON: &str = "\" 5-Nov-2026 12:00:00 +0900\"";

/// An account on an IMAP server, while transcripts are played on it.
pub(crate) struct World {
    mailbox: Mailbox,
    /// Folders that were there before.
    pub(crate) before: BTreeSet<String>,
    /// What the server offers after the login.
    pub(crate) offered: BTreeSet<String>,
    family: u64,
    scratch: BTreeMap<&'static str, String>,
}

impl World {
    pub(crate) fn open(door: &Door, login: &str, password: &str) -> io::Result<Self> {
        let mut mailbox = Mailbox::login(door, login, password)?;
        let said = mailbox.command("CAPABILITY")?;
        let words = said.iter().flat_map(|said| said.text.split(' ')).map(str::to_ascii_uppercase);
        let offered = words.collect();
        let family = Random::from_seed(Random::any_seed()).below(36 * 36 * 36);
        let mut world = Self { mailbox, before: BTreeSet::new(), offered, family, scratch: BTreeMap::new() };
        world.before = world.folders()?;
        Ok(world)
    }

    fn folders(&mut self) -> io::Result<BTreeSet<String>> {
        let said = self.mailbox.command("LIST \"\" *")?;
        let name = |said: &crate::Said| values(&said.text, &said.literals).last().map(|name| name.text().to_owned());
        Ok(said.iter().filter(|said| said.text.starts_with("* LIST")).filter_map(name).collect())
    }

    /// Makes a folder.
    pub(crate) fn create(&mut self, folder: &str) -> io::Result<()> {
        self.mailbox.command(&format!("CREATE {folder}")).map(drop)
    }

    /// Makes fresh folders for those a transcript speaks of; its text with their names.
    pub(crate) fn prepare(&mut self, text: &str) -> io::Result<String> {
        self.family += 1;
        let mut prepared = text.to_owned();
        for name in FOLDERS {
            let own = scratch_name(self.family, name);
            let changed = renamed(&prepared, name, &own);
            if changed == prepared {
                continue;
            }
            self.mailbox.command(&format!("CREATE {own}"))?;
            self.scratch.insert(name, own);
            prepared = changed;
        }
        Ok(prepared)
    }

    /// A text of the server's, with the transcript's names.
    pub(crate) fn restored(&self, text: &str) -> String {
        self.scratch.iter().fold(text.to_owned(), |text, (name, own)| text.replace(own.as_str(), name))
    }

    /// Profile §14.3: removes every folder that came since the beginning.
    pub(crate) fn clean(&mut self) -> io::Result<()> {
        let mut new: Vec<String> = self.folders()?.difference(&self.before).cloned().collect();
        // What stands below goes first.
        new.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in new {
            // A level that is no folder vanishes with the last one below it.
            drop(self.mailbox.command(&format!("DELETE {}", quoted(&name))));
            drop(self.mailbox.command(&format!("UNSUBSCRIBE {}", quoted(&name))));
        }
        self.scratch.clear();
        Ok(())
    }

    /// Puts these messages, and no others, into `INBOX`, for POP3.
    pub(crate) fn fill(&mut self, messages: &[Vec<u8>]) -> io::Result<()> {
        self.mailbox.command("SELECT INBOX")?;
        if self.mailbox.count("INBOX")? > 0 {
            self.mailbox.command("STORE 1:* +FLAGS.SILENT (\\Deleted)")?;
            self.mailbox.command("EXPUNGE")?;
        }
        for message in messages {
            self.mailbox.file("INBOX", NOON, message)?;
        }
        self.leave("INBOX")
    }

    /// Leaves a folder without removing what is `\Deleted` in it (RFC 3501 §6.4.2: not from a folder that is examined).
    fn leave(&mut self, folder: &str) -> io::Result<()> {
        self.mailbox.command(&format!("EXAMINE {folder}"))?;
        self.mailbox.command("CLOSE").map(drop)
    }
}

impl Arrange for World {
    fn act(&mut self, words: &str) -> io::Result<()> {
        let words: Vec<&str> = words.split(' ').collect();
        let mut say = |command: String| self.mailbox.command(&command).map(drop);
        match words[..] {
            ["deliver", file, "to", name] => {
                let octets = message("imap", file).ok_or_else(|| io::Error::other(format!("there is no {file}")))?;
                self.mailbox.file(name, NOON, &octets).map(drop)
            }
            ["mark", uid, flag, "in", name] => {
                say(format!("SELECT {name}"))?;
                say(format!("UID STORE {uid} +FLAGS.SILENT ({flag})"))?;
                self.leave(name)
            }
            ["remove", uid, "from", name] => {
                say(format!("SELECT {name}"))?;
                say(format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"))?;
                say(if self.offered.contains("UIDPLUS") {
                    format!("UID EXPUNGE {uid}")
                } else {
                    "EXPUNGE".to_owned()
                })?;
                self.leave(name)
            }
            ["create", name] => say(format!("CREATE {name}")),
            ["delete", name] => say(format!("DELETE {name}")),
            ["rename", from, "to", to] => say(format!("RENAME {from} {to}")),
            ["subscribe", name] => say(format!("SUBSCRIBE {name}")),
            ["unsubscribe", name] => say(format!("UNSUBSCRIBE {name}")),
            _ => Err(io::Error::other(format!("no client can do this: {}", words.join(" ")))),
        }
    }
}

/// Can a client bring this about?
pub(crate) fn can(act: &str) -> bool {
    let words: Vec<&str> = act.split(' ').collect();
    matches!(
        words[..],
        ["deliver" | "rename", _, "to", _]
            | ["mark", _, _, "in", _]
            | ["remove", _, "from", _]
            | ["create" | "delete" | "subscribe" | "unsubscribe", _]
    ) && act.is_ascii()
}

/// `K`, three characters of the family, and letters up to the length.
fn scratch_name(family: u64, name: &str) -> String {
    let digit = |place: u32| {
        let value = u32::try_from(family / 36_u64.pow(place) % 36).expect("it is below 36");
        char::from_digit(value, 36).expect("it is a digit").to_ascii_uppercase()
    };
    // The last letters tell INBOX from Trash.
    let rest = name.get(4..).unwrap_or_default();
    format!("K{}{}{}{rest}", digit(2), digit(1), digit(0))
}

/// The text with a folder's name for another: whole words, but no attribute (`\Sent`).
fn renamed(text: &str, name: &str, own: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (head, tail) = (&rest[..at], &rest[at + name.len()..]);
        let is_part = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '\\');
        let whole = !is_part(head.chars().last()) && !is_part(tail.chars().next().filter(|next| *next != '\\'));
        result.push_str(head);
        result.push_str(if whole { own } else { name });
        rest = tail;
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::{FOLDERS, can, renamed, scratch_name};

    #[test]
    fn scratch_names_are_as_long_and_all_different() {
        let names: std::collections::BTreeSet<String> = FOLDERS.iter().map(|name| scratch_name(40, name)).collect();
        assert_eq!(names.len(), FOLDERS.len());
        assert!(FOLDERS.iter().all(|name| scratch_name(40, name).len() == name.len()));
    }

    #[test]
    fn a_folder_is_renamed_and_an_attribute_is_not() {
        assert_eq!(renamed("(\\Sent) \"/\" Sent", "Sent", "K000"), "(\\Sent) \"/\" K000");
        assert_eq!(renamed("SELECT Sent\\r\\nSentence", "Sent", "K000"), "SELECT K000\\r\\nSentence");
    }

    #[test]
    fn what_only_the_server_can_do_is_known() {
        assert!(can("deliver plan.eml to INBOX") && can("rename a to b"));
        assert!(!can("hold") && !can("answer no E-TMP-002") && !can("lose 3"));
    }
}
