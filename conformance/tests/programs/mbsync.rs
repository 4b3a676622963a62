//! mbsync (Debian: isync) keeps a Maildir in step with the mailbox.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fumibako_conformance::{Mailbox, Office, Programs, Tool, known_difference};

use crate::world::World;

/// One office's Maildir and how mbsync keeps it.
struct Maildir {
    folder: PathBuf,
    settings: PathBuf,
}

impl Maildir {
    fn new(world: &World, office: &Office) -> Self {
        Self::of(world, (&office.login, &office.password_file), "INBOX Sent")
    }

    fn of(world: &World, (login, password): (&str, &Path), patterns: &str) -> Self {
        let folder = world.gateway.folder().join(format!("maildir-{login}"));
        fs::create_dir(&folder).expect("the folder is writable");
        let settings = world.gateway.folder().join(format!("mbsyncrc-{login}"));
        let text = format!(
            "IMAPAccount office\nHost localhost\nPort {port}\nUser {login}\nPassCmd \"head -n 1 '{password}'\"\n\
             SSLType IMAPS\nSystemCertificates no\nCertificateFile {authority}\nAuthMechs LOGIN\nTimeout 30\n\n\
             IMAPStore server\nAccount office\n\n\
             MaildirStore disk\nPath {folder}/\nInbox {folder}/INBOX\nSubFolders Verbatim\n\n\
             Channel all\nFar :server:\nNear :disk:\nPatterns {patterns}\nCreate Near\nExpunge None\nSyncState *\n",
            port = world.gateway.ports().imaps,
            password = password.display(),
            authority = world.gateway.tls_authority().display(),
            folder = folder.display(),
        );
        fs::write(&settings, text).expect("the folder is writable");
        Self { folder, settings }
    }

    fn sync(&self) {
        Programs::need(&["mbsync"]);
        Tool::named("mbsync").arg("--config").arg(&self.settings).arg("all").run().well();
    }

    /// The messages of a folder: where each lies.
    fn messages(&self, name: &str) -> BTreeSet<PathBuf> {
        let files = |folder: &Path| {
            let entries = fs::read_dir(folder).expect("mbsync made the folder");
            entries.map(|entry| entry.expect("it is readable").path()).collect::<Vec<_>>()
        };
        ["cur", "new"].iter().flat_map(|part| files(&self.folder.join(name).join(part))).collect()
    }

    /// Their octets, in any order, as they came over the wire.
    fn octets(&self, name: &str) -> BTreeSet<Vec<u8>> {
        self.messages(name).iter().map(|path| as_sent(&fs::read(path).expect("it is readable"))).collect()
    }
}

/// The message as it came over the wire, from the message as mbsync keeps it: undone is what mbsync is known to do.
fn as_sent(kept: &[u8]) -> Vec<u8> {
    let kept = String::from_utf8(kept.to_vec()).expect("the plan is ASCII");
    known_difference("mbsync/line-ends", kept.contains("\r\n"));
    let (header, body) = kept.split_once("\n\n").expect("the header ends");
    let last = header.rfind('\n').expect("it has more than one line");
    known_difference("mbsync/own-field", !header[last..].starts_with("\nX-TUID: "));
    format!("{}\n\n{body}", &header[..last]).replace('\n', "\r\n").into_bytes()
}

fn on_the_server(world: &World, office: &Office, folder: &str) -> Vec<Vec<u8>> {
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), office).expect("the mailbox opens");
    mailbox.messages(folder).expect("the folder is readable")
}

#[test]
fn mbsync_brings_all_messages_once_and_then_nothing() {
    let world = World::new();
    for file in world.files(3) {
        world.deliver(&fs::read(file).expect("it was written"));
    }
    for (office, folder, other) in [(&world.recipient, "INBOX", "Sent"), (&world.sender, "Sent", "INBOX")] {
        let maildir = Maildir::new(&world, office);
        maildir.sync();
        let first = maildir.messages(folder);
        assert_eq!(first.len(), 3);
        let (kept, held) = (maildir.octets(folder), on_the_server(&world, office, folder));
        assert!(kept == held.into_iter().collect(), "the octets differ");
        assert_eq!(maildir.messages(other).len(), 0);
        let held = world.gateway.holdings();
        maildir.sync();
        assert_eq!((maildir.messages(folder), world.gateway.holdings()), (first, held));
    }
}

// Profile §9.9
#[test]
fn an_agent_brings_the_folders_of_its_office_until_the_mandate_is_revoked() {
    let world = World::new();
    world.deliver(&world.plan());
    let (number, password) = (&world.recipient.number, &world.recipient.password_file);
    world.gateway.admin(["agent", "add", "kawara", "かわら事務代行"]);
    let account = ["account", "add", "kawara", "--agent", "kawara", "--password-file"];
    world.gateway.admin(account.iter().map(AsRef::as_ref).chain([password.as_os_str()]));
    let mandated = |office: &str, scope: &str| {
        let dates = ["--from", "2020-04-01", "--until", "9000-03-31"];
        let mandate = ["--format", "ndjson", "mandate", "add", office, "kawara", "--paper", "--scope", scope];
        let ran = world.gateway.admin(mandate.into_iter().chain(dates));
        serde_json::from_slice::<serde_json::Value>(&ran.octets).expect("one row")
    };
    let row = mandated(number, "receive");
    mandated(&world.sender.number, "send");
    let maildir = Maildir::of(&world, ("kawara", password), "Offices/*");
    maildir.sync();
    let inbox = format!("Offices/{number}/INBOX");
    assert_eq!(maildir.messages(&inbox).len(), 1);
    // Of each office the folders that its mandate opens, and no others.
    let folders = |office: &str| {
        let entries = fs::read_dir(maildir.folder.join("Offices").join(office)).expect("mbsync made the folder");
        entries.map(|entry| entry.expect("it is readable").file_name().to_string_lossy().into_owned()).collect()
    };
    let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
    let found: [BTreeSet<String>; 2] = [folders(number), folders(&world.sender.number)];
    assert_eq!(found, [named(&["Archive", "INBOX", "Receipts", "Trash"]), named(&["Drafts", "Sent"])]);
    assert_eq!(maildir.messages(&format!("Offices/{}/Sent", world.sender.number)).len(), 1);

    let id = row["id"].as_str().expect("an id");
    world.gateway.admin(["mandate", "revoke", id]);
    world.deliver(&world.plan());
    Tool::named("mbsync").arg("--config").arg(&maildir.settings).arg("all").run();
    assert_eq!(maildir.messages(&inbox).len(), 1, "nothing more comes");
}

#[test]
fn a_flag_set_on_the_disk_arrives_on_the_server() {
    let world = World::new();
    world.deliver(&world.plan());
    let maildir = Maildir::new(&world, &world.recipient);
    maildir.sync();
    let file = maildir.messages("INBOX").pop_first().expect("the plan was brought");
    let name = file.file_name().expect("it is a file").to_string_lossy().replace(":2,", "") + ":2,FS";
    assert_eq!(world.handed_over(), 0, "it was looked at, and nobody has seen it");
    fs::rename(&file, maildir.folder.join("INBOX/cur").join(name)).expect("the folder is writable");
    maildir.sync();
    // Profile §8.10: by another connection than the one that took it.
    world.hands_over(1);
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens");
    mailbox.command("EXAMINE INBOX").expect("it opens");
    let said = mailbox.command("FETCH 1 (FLAGS)").expect("it is there");
    assert!(said.iter().any(|said| said.text.contains("\\Flagged") && said.text.contains("\\Seen")), "{said:?}");
}

#[test]
fn a_full_resync_brings_the_same_again_with_the_servers_flags() {
    let world = World::new();
    for _ in 0..2 {
        world.deliver(&world.plan());
    }
    let maildir = Maildir::new(&world, &world.recipient);
    maildir.sync();
    let first = maildir.octets("INBOX");
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens");
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox.command("STORE 1:2 +FLAGS.SILENT (\\Flagged)").expect("it is stored");
    maildir.sync();
    let is_flagged =
        |path: &PathBuf| path.to_string_lossy().rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('F'));
    assert!(maildir.messages("INBOX").iter().all(is_flagged), "{:?}", maildir.messages("INBOX"));
    // Everything mbsync knew is lost: its state lies with the messages.
    fs::remove_dir_all(&maildir.folder).expect("it is ours");
    fs::create_dir(&maildir.folder).expect("the folder is writable");
    maildir.sync();
    assert!(maildir.octets("INBOX") == first, "the octets differ");
    assert!(maildir.messages("INBOX").iter().all(is_flagged));
}
