//! A gateway with two offices, and some plans between them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use fumibako_conformance::{Deadline, Gateway, Letter, Mailbox, Office, Submission};

/// Longest wait for what the gateway does by itself.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The two offices of the sample.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) sender: Office,
    pub(crate) recipient: Office,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Gateway::start())
    }

    /// At this gateway.
    pub(crate) fn with(gateway: Gateway) -> Self {
        let [sender, recipient] = ["9970000011", "9970000029"].map(|number| gateway.office(number));
        Self { gateway, sender, recipient }
    }

    /// A plan, signed.
    pub(crate) fn plan(&self) -> Vec<u8> {
        Letter::plan(&self.sender, &self.recipient).signed(&self.sender.identity)
    }

    /// Plans as files, not sent yet.
    pub(crate) fn files(&self, count: usize) -> Vec<PathBuf> {
        let write = |at: usize| {
            let path = self.gateway.folder().join(format!("plan-{at}.eml"));
            fs::write(&path, self.plan()).expect("the folder is writable");
            path
        };
        (0..count).map(write).collect()
    }

    /// Sends a plan, which must be accepted.
    pub(crate) fn deliver(&self, octets: &[u8]) {
        let mut session = Submission::of(&self.gateway.submission(), &self.sender).expect("the sender logs in");
        let reply = session.send(&self.sender.address(), &[&self.recipient.address()], octets);
        let reply = reply.expect("the gateway answers");
        assert_eq!(reply.code, 250, "{reply}");
    }

    /// How many of the sender's copies say that theirs was handed over (Profile §8.10).
    pub(crate) fn handed_over(&self) -> usize {
        let mut mailbox = Mailbox::of(&self.gateway.mailboxes(), &self.sender).expect("the mailbox opens");
        mailbox.command("EXAMINE Sent").expect("it opens");
        let said = mailbox.command("FETCH 1:* (FLAGS)").expect("it is fetched");
        said.iter().filter(|said| said.text.contains("$HandedOver")).count()
    }

    /// So many are, soon: a program need not wait for the answer to its last word.
    #[track_caller]
    pub(crate) fn hands_over(&self, count: usize) {
        let deadline = Deadline::after(Duration::from_mins(1));
        let all = deadline.until(|| (self.handed_over() == count).then_some(()));
        assert!(all.is_some(), "{} were handed over, not {count}", self.handed_over());
    }

    /// The only message in its `INBOX` goes to a terminal of the recipient's, which looks at it and goes on.
    pub(crate) fn looks_at_it(&self) {
        let mut mailbox = Mailbox::of(&self.gateway.mailboxes(), &self.recipient).expect("the mailbox opens");
        for command in ["SELECT INBOX", "FETCH 1 (BODY[])", "NOOP"] {
            mailbox.command(command).expect("it is answered");
        }
    }

    /// Waits until so many letters stand in the office's `Receipts`; how many do then.
    #[track_caller]
    pub(crate) fn waits_for_letters(&self, office: &Office, count: u64) -> u64 {
        let mut mailbox = Mailbox::of(&self.gateway.mailboxes(), office).expect("the mailbox opens");
        let enough = || mailbox.count("Receipts").ok().filter(|there| *there >= count);
        Deadline::after(SOON).until(enough).unwrap_or_else(|| panic!("{count} letters do not come"))
    }

    /// Settings of another program, which only their owner reads, as many want them.
    pub(crate) fn settings(&self, name: &str, text: &str) -> PathBuf {
        let path = self.gateway.folder().join(name);
        fs::write(&path, text).expect("the folder is writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        path
    }
}

/// The flags of the messages in an `INBOX`, in its order.
pub(crate) fn inbox_flags(mailbox: &mut Mailbox) -> Vec<String> {
    mailbox.command("EXAMINE INBOX").expect("it opens");
    let said = mailbox.command("FETCH 1:* (FLAGS)").expect("it is fetched");
    let flags = |text: &str| Some(text.split_once("(FLAGS (")?.1.split_once(')')?.0.to_owned());
    said.iter().filter_map(|said| flags(&said.text)).collect()
}

/// Does what another program keeps hold this message, whatever its lines end with?
pub(crate) fn holds(kept: &[u8], sent: &[u8]) -> bool {
    let [kept, sent] = [kept, sent].map(|text| String::from_utf8_lossy(text).replace("\r\n", "\n"));
    kept.contains(sent.trim_end())
}
