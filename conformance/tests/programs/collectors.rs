//! Programs that collect or look after a mailbox: offlineimap, getmail and imapfilter.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use fumibako_conformance::{Mailbox, Programs, Tool};

use crate::world::{World, holds, inbox_flags};

/// The messages of a Maildir.
fn messages(folder: &Path) -> Vec<PathBuf> {
    let listed = ["cur", "new"].into_iter().filter_map(|part| fs::read_dir(folder.join(part)).ok());
    listed.flatten().map(|entry| entry.expect("it is readable").path()).collect()
}

fn open(world: &World) -> Mailbox {
    Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens")
}

#[test]
fn offlineimap_keeps_messages_and_flags_in_step_both_ways() {
    Programs::need(&["offlineimap"]);
    let world = World::new();
    let plan = world.plan();
    world.deliver(&plan);
    let (folder, office) = (world.gateway.folder().join("offline"), &world.recipient);
    fs::create_dir(&folder).expect("the folder is writable");
    let settings = format!(
        "[general]\naccounts = office\nmetadata = {folder}/known\n[Account office]\nlocalrepository = disk\n\
         remoterepository = server\n[Repository disk]\ntype = Maildir\nlocalfolders = {folder}/mail\n\
         [Repository server]\ntype = IMAP\nremotehost = localhost\nremoteport = {port}\nremoteuser = {login}\n\
         remotepassfile = {password}\nssl = yes\nsslcacertfile = {authority}\nfolderfilter = lambda name: name == 'INBOX'\n",
        folder = folder.display(),
        port = world.gateway.ports().imaps,
        login = office.login,
        password = office.password_file.display(),
        authority = world.gateway.tls_authority().display(),
    );
    let settings = world.settings("offlineimaprc", &settings);
    let sync = || {
        Tool::named("offlineimap").args(["-o", "-u", "quiet", "-c"]).arg(&settings).run().well();
        messages(&folder.join("mail/INBOX"))
    };
    let kept = sync();
    assert!(kept.len() == 1 && holds(&fs::read(&kept[0]).expect("it is readable"), &plan), "{kept:?}");
    // A flag of the server's comes to the disk, one of the disk's to the server.
    let mut mailbox = open(&world);
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox.command("STORE 1 +FLAGS (\\Flagged)").expect("it is stored");
    let kept = sync();
    let name = kept[0].to_string_lossy().into_owned();
    let (head, flags) = name.rsplit_once(":2,").expect("a Maildir's name has flags");
    assert!(kept.len() == 1 && flags.contains('F'), "{kept:?}");
    assert_eq!(world.handed_over(), 0, "it was looked at, and nobody has seen it");
    let read = head.replace("/new/", "/cur/") + ":2,FRS";
    fs::rename(&kept[0], read).expect("the folder is writable");
    sync();
    // Profile §8.10: by another connection than the one that took it.
    world.hands_over(1);
    let flags = inbox_flags(&mut mailbox);
    assert!(["\\Seen", "\\Answered", "\\Flagged"].iter().all(|flag| flags[0].contains(flag)), "{flags:?}");
}

/// getmail runs for anybody but root.
fn as_nobody(folder: &Path) -> Tool {
    if fs::metadata(folder).expect("it is there").uid() != 0 {
        return Tool::named("getmail");
    }
    Programs::need(&["setpriv"]);
    let listed = fs::read_dir(folder).expect("it is readable").map(|entry| entry.expect("it is readable").path());
    let number = |which: &str| Tool::named("id").args([which, "nobody"]).run().output().trim().parse::<u32>();
    let (uid, gid) = (number("-u").expect("Debian has nobody"), number("-g").expect("and a group for it"));
    for path in listed.chain([folder.to_owned()]) {
        chown(path, Some(uid), Some(gid)).expect("we are root");
    }
    let (uid, gid) = (format!("--reuid={uid}"), format!("--regid={gid}"));
    Tool::named("setpriv").args([&uid, &gid, "--clear-groups", "getmail"])
}

#[derive(Clone, Copy, Debug)]
enum Door {
    Imap,
    Pop3,
}

/// What getmail keeps in a folder of its own, run so often, with these lines for its retriever and its options.
fn kept_by_getmail(world: &World, door: Door, [retriever, options]: [&str; 2], runs: usize) -> Vec<u8> {
    let (kind, port) = match door {
        Door::Imap => ("SimpleIMAPSSLRetriever", world.gateway.ports().imaps),
        Door::Pop3 => ("SimplePOP3SSLRetriever", world.gateway.ports().pop3s),
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    fs::copy(world.gateway.tls_authority(), at("authority.pem")).expect("it is readable");
    let settings = format!(
        "[retriever]\ntype = {kind}\nserver = localhost\nport = {port}\nusername = {login}\npassword = {password}\n\
         ca_certs = {folder}/authority.pem\n{retriever}\n[destination]\ntype = Mboxrd\npath = {folder}/kept\n\
         [options]\nread_all = false\nreceived = false\ndelivered_to = false\n{options}\n",
        login = world.recipient.login,
        password = world.recipient.password,
        folder = folder.path().display(),
    );
    fs::write(at("getmailrc"), settings).expect("the folder is writable");
    fs::write(at("kept"), "").expect("the folder is writable");
    for _ in 0..runs {
        let run = as_nobody(folder.path()).arg("--getmaildir").arg(folder.path());
        run.env("HOME", folder.path()).run().well();
    }
    fs::read(at("kept")).expect("something was kept")
}

#[test]
fn getmail_collects_by_both_protocols_once() {
    Programs::need(&["getmail"]);
    let world = World::new();
    let plan = world.plan();
    world.deliver(&plan);
    for (door, handed_over) in [(Door::Imap, 0), (Door::Pop3, 1)] {
        let kept = kept_by_getmail(&world, door, ["", "delete = false"], 2);
        // It ends the header with a field of its own, outside what is signed.
        let at = plan.windows(4).position(|end| end == b"\r\n\r\n").expect("the header ends");
        assert!(holds(&kept, &plan[at..]), "{door:?}: {}", String::from_utf8_lossy(&kept));
        assert_eq!(String::from_utf8_lossy(&kept).matches("\nSubject:").count(), 1, "{door:?}");
        // Profile §8.10: by IMAP it looks (BODY.PEEK[]), and marks and removes nothing, which says nothing; by POP3 it retrieves.
        world.hands_over(handed_over);
    }
}

// Profile §8.10
#[test]
fn getmail_hands_over_by_imap_what_it_marks_or_removes() {
    Programs::need(&["getmail"]);
    let world = World::new();
    // What it opens to read only stays unseen, whatever it asks for; told to mark what it has, it leaves it and has it seen.
    let settings = [
        (0, 1, ["use_peek = false", "delete = false"]),
        (2, 2, ["imap_on_delete = \\Seen", "delete = true"]),
        (3, 0, ["", "delete = true"]),
    ];
    for (handed_over, left, lines) in settings {
        world.deliver(&world.plan());
        kept_by_getmail(&world, Door::Imap, lines, 1);
        world.hands_over(handed_over);
        assert_eq!(open(&world).count("INBOX").expect("it is there"), left, "{lines:?}");
    }
}

#[test]
fn imapfilter_finds_marks_and_files() {
    Programs::need(&["imapfilter"]);
    let world = World::new();
    for _ in 0..3 {
        world.deliver(&world.plan());
    }
    let mut mailbox = open(&world);
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox.command("STORE 2 +FLAGS.SILENT (\\Flagged)").expect("it is stored");
    let settings = format!(
        "options.timeout = 30\noptions.starttls = false\noptions.info = false\n\
         office = IMAP {{ server = 'localhost', port = {port}, username = '{login}', password = '{password}', ssl = 'auto' }}\n\
         flagged = office.INBOX:is_flagged()\nfor _, message in ipairs(flagged) do\n\
           print('flagged ' .. message[2])\n\
           print(message[1][message[2]]:fetch_message())\n\
         end\n\
         plans = office.INBOX:contain_from('{sender}') * office.INBOX:contain_field('Fumibako-Bundle', 'plan')\n\
         print('plans ' .. #plans)\n\
         plans:mark_answered()\n\
         flagged:copy_messages(office['Archive'])\n",
        port = world.gateway.ports().imaps,
        login = world.recipient.login,
        password = world.recipient.password,
        sender = world.sender.number,
    );
    let filter = Tool::named("imapfilter").arg("-t").arg(world.gateway.tls_authority());
    let filter = filter.env("HOME", world.gateway.folder()).arg("-c").arg(world.settings("imapfilter.lua", &settings));
    let said = filter.run().well().output();
    assert!(said.contains("flagged 2\n") && said.contains("plans 3\n") && said.contains("multipart/signed"), "{said}");
    let flags = inbox_flags(&mut mailbox);
    assert!(flags.len() == 3 && flags.iter().all(|flags| flags.contains("\\Answered")), "{flags:?}");
    assert_eq!(mailbox.count("Archive").expect("it is there"), 1);
}
