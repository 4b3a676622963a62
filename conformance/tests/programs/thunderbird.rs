//! Thunderbird, without a window.

use std::fs;

use fumibako_conformance::{Mailbox, Programs, Tool, repository};
use serde_json::json;

use crate::curl::{fetch, openssl_verifies};
use crate::readers::plan;
use crate::world::{World, holds, inbox_flags};

/// Of the file that Thunderbird's keys come from.
const PASSWORD: &str = "a password of the file";

#[test]
fn thunderbird_signs_and_sends_collects_and_marks() {
    Programs::need(&["python3", "thunderbird", "certutil", "pk12util"]);
    let world = World::new();
    let (sent, folder) = (world.plan(), world.gateway.folder());
    world.deliver(&sent);
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens");
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox.command("STORE 1 +FLAGS.SILENT (\\Flagged)").expect("it is stored");

    let identity = folder.join("sender.p12");
    fs::write(&identity, world.sender.identity.to_pkcs12(PASSWORD).expect("it is written")).expect("there is room");
    let (offices, kept) = (world.gateway.office_authority().certificate().to_pem(), folder.join("kept"));
    let office = |office: &fumibako_conformance::Office| json!({ "address": office.address(), "login": office.login, "password": office.password });
    let ports = world.gateway.ports();
    let told = json!({
        "folder": folder, "ports": { "imaps": ports.imaps, "smtps": ports.smtps },
        "authority": world.gateway.tls_authority(), "offices": world.settings("offices.pem", &offices),
        "identity": identity, "identity_password": PASSWORD,
        "sender": office(&world.sender), "recipient": office(&world.recipient),
        "files": plan(), "cover": "計画\n", "kept": kept,
    });
    let script = repository().join("conformance/programs/thunderbird.py");
    let python = Tool::named("python3").arg("-B").arg(script).reads(told.to_string().as_bytes());
    python.within(std::time::Duration::from_mins(3)).run().well();

    let octets = fs::read(&kept).expect("a message was kept");
    assert!(holds(&octets, &sent), "the octets are those that were sent");
    openssl_verifies(&world, &fetch(&world, 2)).expect("OpenSSL accepts what it signed");
    let flags = inbox_flags(&mut mailbox);
    assert!(flags.len() == 2 && flags.iter().all(|flags| flags.contains("\\Flagged")), "{flags:?}");
}
