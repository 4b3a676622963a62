//! fetchmail collects by POP3, once; msmtp proves its password by SCRAM and never sends it.

use std::fs;
use std::path::Path;

use fumibako_conformance::{Mailbox, Programs, Ran, Tool};

use crate::world::{World, holds, inbox_flags};

fn collect(world: &World, protocol: &str, port: u16, into: &Path) -> Ran {
    Programs::need(&["fetchmail"]);
    let office = &world.recipient;
    let text = format!(
        "poll localhost service {port} protocol {protocol} user \"{login}\" password \"{password}\" \
         ssl sslcertfile \"{authority}\" sslcertck keep no rewrite mda \"cat >> '{into}'\"\n",
        login = office.login,
        password = office.password,
        authority = world.gateway.tls_authority().display(),
        into = into.display(),
    );
    let folder = world.gateway.folder();
    let fetchmail = Tool::named("fetchmail").arg("-f").arg(world.settings("fetchmailrc", &text));
    fetchmail.arg("--pidfile").arg(folder.join("pid")).arg("-i").arg(folder.join("ids")).run()
}

#[test]
fn fetchmail_collects_what_is_new_and_knows_it_again() {
    let world = World::new();
    world.deliver(&world.plan());
    let into = world.gateway.folder().join("collected");
    collect(&world, "pop3 uidl", world.gateway.ports().pop3s, &into).well();
    let once = fs::read(&into).expect("something was collected");
    assert!(String::from_utf8_lossy(&once).contains("multipart/signed"), "the message");
    // Its exit code 1 says that there is nothing new: unique ids stay (Profile §13.6).
    assert_eq!(collect(&world, "pop3 uidl", world.gateway.ports().pop3s, &into).exit(), Some(1));
    world.hands_over(1);
    assert_eq!(fs::read(&into).expect("it is there").len(), once.len());
    world.deliver(&world.plan());
    collect(&world, "pop3 uidl", world.gateway.ports().pop3s, &into).well();
    assert!(fs::read(&into).expect("it is there").len() > once.len());
}

#[test]
fn fetchmail_collects_by_imap_what_is_unseen_and_marks_it() {
    let world = World::new();
    let plan = world.plan();
    world.deliver(&plan);
    let (into, port) = (world.gateway.folder().join("collected"), world.gateway.ports().imaps);
    collect(&world, "imap", port, &into).well();
    assert!(holds(&fs::read(&into).expect("something was collected"), &plan), "the message, as it was sent");
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens");
    assert_eq!(inbox_flags(&mut mailbox), ["\\Seen"]);
    // Profile §8.10: it asks for the header and the text each by itself.
    world.hands_over(1);
    // RFC 3501 §2.3.2: what was seen is not collected again; what is marked unseen elsewhere is.
    assert_eq!(collect(&world, "imap", port, &into).exit(), Some(1));
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox.command("STORE 1 -FLAGS (\\Seen)").expect("it is stored");
    collect(&world, "imap", port, &into).well();
}

#[test]
fn msmtp_logs_in_by_scram_and_sends_a_signed_message() {
    Programs::need(&["msmtp"]);
    let world = World::new();
    let office = &world.sender;
    let account = |mechanism: &str, password: &str| {
        format!(
            "account default\nhost localhost\nport {port}\ntls on\ntls_starttls off\ntls_trust_file {authority}\n\
             auth {mechanism}\nuser {login}\npassword \"{password}\"\nfrom {address}\n",
            port = world.gateway.ports().smtps,
            authority = world.gateway.tls_authority().display(),
            login = office.login,
            address = office.address(),
        )
    };
    let send = |text: &str| {
        let msmtp = Tool::named("msmtp").arg("-C").arg(world.settings("msmtprc", text));
        // msmtp takes lines as they stand on a disk.
        let message = String::from_utf8(world.plan()).expect("it is ASCII").replace("\r\n", "\n");
        msmtp.arg(world.recipient.address()).reads(message.as_bytes()).run()
    };
    send(&account("scram-sha-256", &office.password)).well();
    assert_eq!(world.gateway.holdings().messages, 1);
    let refused = send(&account("scram-sha-256", "not the password"));
    assert!(!refused.succeeded() && refused.messages().contains("E-AUT-001"), "{}", refused.messages());
}
