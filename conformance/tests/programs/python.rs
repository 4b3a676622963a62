//! Python's mail libraries: one script for each, a whole session long.

use std::fs;
use std::path::PathBuf;

use fumibako_conformance::{Mailbox, Office, Programs, Tool, repository};
use serde_json::{Value, json};

use crate::world::World;

/// Runs a script of `conformance/programs` against the gateway.
fn session(world: &World, script: &str, messages: &[PathBuf]) {
    Programs::need(&["python3"]);
    let office = |office: &Office| -> Value {
        json!({ "address": office.address(), "login": office.login, "password": office.password })
    };
    let ports = world.gateway.ports();
    let told = json!({
        "ports": { "smtps": ports.smtps, "submission": ports.submission, "imaps": ports.imaps, "imap": ports.imap,
                   "pop3s": ports.pop3s, "pop3": ports.pop3 },
        "authority": world.gateway.tls_authority(),
        "sender": office(&world.sender),
        "recipient": office(&world.recipient),
        "messages": messages,
    });
    let script = repository().join("conformance/programs").join(script);
    Tool::named("python3").arg("-B").arg(script).reads(told.to_string().as_bytes()).run().well();
}

#[test]
fn smtplib_submits_at_both_doors() {
    let world = World::new();
    session(&world, "submission.py", &world.files(3));
    assert_eq!(world.gateway.holdings().messages, 3);
}

#[test]
fn imaplib_reads_searches_marks_files_and_idles() {
    let world = World::new();
    let messages = world.files(4);
    for message in &messages[..3] {
        world.deliver(&fs::read(message).expect("it was written"));
    }
    session(&world, "mailbox.py", &messages);
}

// Profile §13.6, §13.8
#[test]
fn poplib_retrieves_and_removes() {
    let world = World::new();
    let messages = world.files(3);
    for message in &messages {
        world.deliver(&fs::read(message).expect("it was written"));
    }
    session(&world, "maildrop.py", &messages);
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.sender).expect("it logs in");
    let said = mailbox.command("STATUS Sent (MESSAGES)").expect("it is answered");
    assert!(said.iter().any(|said| said.text.contains("(MESSAGES 3)")), "the sender's copies stay: {said:?}");
}
