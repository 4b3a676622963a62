//! The kit, as it is run, against Dovecot and against us: nothing differs but what is listed, and what is listed shows.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako_conformance::kit::Protocol;
use fumibako_conformance::{Dovecot, Mailbox, Tool, repository};
use serde_json::Value;

use crate::world::World;

fn program() -> Tool {
    Tool::at(Path::new(env!("CARGO_BIN_EXE_fumibako-conformance")))
}

/// Runs the kit.
fn kit(target: &str, user: &str, password: &Path, authority: &Path) -> Tool {
    let words = ["--target", target, "--user", user, "--password-file"];
    program().args(words).arg(password).arg("--ca").arg(authority)
}

/// Where Dovecot and the rules differ, with the reasons.
fn listed() -> PathBuf {
    repository().join("conformance/dovecot.toml")
}

/// Dovecot, and a file with everybody's password.
fn dovecot() -> (Dovecot, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("password"), Dovecot::PASSWORD).expect("it is writable");
    (Dovecot::start(), folder)
}

// Profile §14.2
#[test]
fn dovecot_differs_as_listed() {
    let (dovecot, folder) = dovecot();
    let password = folder.path().join("password");
    for (protocol, scheme) in [(Protocol::Imap, "imap"), (Protocol::Pop3, "pop3")] {
        let address = |scheme: &str, protocol| format!("{scheme}://localhost:{}", dovecot.clear_port(protocol));
        let run =
            kit(&address(scheme, protocol), "kit", &password, &dovecot.authority()).arg("--differences").arg(listed());
        let ran = match protocol {
            Protocol::Pop3 => run.args(["--fill", &address("imap", Protocol::Imap)]).run(),
            _ => run.run(),
        };
        assert_eq!(ran.exit(), Some(0), "{}\n{}", ran.output(), ran.messages());
        assert!(ran.output().contains(&format!("holds     {scheme}/base-")), "{}", ran.output());
    }
}

// Profile §14.1
#[test]
fn the_gateway_does_not_differ() {
    let world = World::new();
    let (ports, office) = (world.gateway.ports(), &world.sender);
    let (from, to) = (office.address(), world.recipient.address());
    for (target, more, held) in [
        (format!("imaps://localhost:{}", ports.imaps), vec![], 12),
        (format!("imap://localhost:{}", ports.imap), vec![], 14),
        (format!("pop3s://localhost:{}", ports.pop3s), vec![], 1),
        (format!("smtps://localhost:{}", ports.smtps), vec!["--from", &from, "--to", &to], 2),
        (format!("smtp://localhost:{}", ports.submission), vec!["--from", &from, "--to", &to], 2),
    ] {
        let run = kit(&target, &office.login, &office.password_file, &world.gateway.tls_authority());
        let ran = run.args(more).args(["--format", "json"]).run();
        assert_eq!(ran.exit(), Some(0), "{target}: {}\n{}", ran.output(), ran.messages());
        let said: Value = serde_json::from_str(&ran.output()).expect("it is JSON");
        let all = said["transcripts"].as_array().expect("a list");
        let holds = all.iter().filter(|played| played["verdict"] == "holds").count();
        assert!(holds >= held, "{target}: {holds} hold: {}", ran.output());
    }
}

// Profile §14.3: twice the same account, and the folders it began with.
#[test]
fn the_kit_leaves_an_account_as_it_was() {
    let world = World::new();
    let (gateway, office) = (&world.gateway, &world.recipient);
    let mut mailbox = Mailbox::of(&gateway.mailboxes(), office).expect("the mailbox opens");
    let mut folders = || -> Vec<String> {
        let said = mailbox.command("LIST \"\" *").expect("it lists");
        said.into_iter().map(|said| said.text).collect()
    };
    let before = folders();
    let target = format!("imaps://localhost:{}", gateway.ports().imaps);
    for only in ["base-copy", "base-folders", "base-folders"] {
        let run = kit(&target, &office.login, &office.password_file, &gateway.tls_authority());
        run.args(["--only", only]).run().well();
        assert_eq!(folders(), before);
    }
    assert_eq!(gateway.holdings().messages, 0);
}

#[test]
fn the_kit_says_what_it_cannot_try_and_never_says_a_password() {
    let world = World::new();
    let office = &world.recipient;
    let target = format!("imaps://localhost:{}", world.gateway.ports().imaps);
    let listed = program().arg("--list").run();
    assert!(listed.well().output().contains("imap/base-search.txt"), "{}", listed.output());
    assert_eq!(program().run().exit(), Some(2), "no target");
    let wrong = world.gateway.folder().join("wrong");
    fs::write(&wrong, "a guess at the password\n").expect("the folder is writable");
    let smtp = format!("smtps://localhost:{}", world.gateway.ports().smtps);
    for (target, password, more) in [
        (target.as_str(), &wrong, &[] as &[&str]),
        ("gopher://localhost:70", &office.password_file, &[]),
        (&target, &wrong, &["--stress", "1"]),
        (&smtp, &office.password_file, &["--stress", "1"]),
        (&target, &office.password_file, &["--clients", "3"]),
    ] {
        let ran = kit(target, &office.login, password, &world.gateway.tls_authority()).args(more).run();
        assert_eq!(ran.exit(), Some(2), "{}{}", ran.output(), ran.messages());
        assert!(!ran.messages().contains("a guess at"), "{}", ran.messages());
    }
}

#[test]
fn a_listed_difference_that_does_not_show_counts_too() {
    let world = World::new();
    let office = &world.sender;
    let list = world.gateway.folder().join("list.toml");
    let row = "[\"imap/base-login.txt a2\"]\nexpected = \"a2 OK\"\nactual = \"a2 NO …\"\nreason = \"it was so\"\n";
    fs::write(&list, row).expect("the folder is writable");
    let target = format!("imaps://localhost:{}", world.gateway.ports().imaps);
    let run = kit(&target, &office.login, &office.password_file, &world.gateway.tls_authority());
    let ran = run.args(["--only", "base-login", "--format", "junit", "--differences"]).arg(list).run();
    assert_eq!(ran.exit(), Some(1), "{}", ran.output());
    assert!(ran.output().contains("failures=\"1\"") && ran.output().contains("did not show"), "{}", ran.output());
}

/// Lets clients loose on a server; what they counted, and what they found.
fn stress(run: Tool, clients: &str, rounds: &str) -> (u64, Vec<Value>) {
    // The time ends only what never would; rounds end it.
    let ran = run
        .args(["--stress", "600", "--rounds", rounds, "--clients", clients, "--seed", "7", "--format", "json"])
        .run();
    assert!(matches!(ran.exit(), Some(0 | 1)), "{}\n{}", ran.output(), ran.messages());
    let said: Value = serde_json::from_str(&ran.output()).expect("it is JSON");
    let counts = said["commands"].as_object().expect("counts by command");
    let findings = said["findings"].as_array().expect("a list").clone();
    assert_eq!(ran.exit(), Some(i32::from(!findings.is_empty())), "{}", ran.output());
    (counts.values().filter_map(|count| count["asked"].as_u64()).sum(), findings)
}

// Profile §14.4
#[test]
fn six_clients_at_once_are_told_nothing_that_cannot_be() {
    let world = World::new();
    let (gateway, office) = (&world.gateway, &world.sender);
    let target = format!("imaps://localhost:{}", gateway.ports().imaps);
    let run = kit(&target, &office.login, &office.password_file, &gateway.tls_authority());
    let (commands, findings) = stress(run, "6", "2");
    assert_eq!(findings, Vec::<Value>::new());
    assert!(commands > 600, "{commands}");
    let mut mailbox = Mailbox::of(&gateway.mailboxes(), office).expect("the mailbox opens");
    let left = mailbox.command("LIST \"\" Stress*").expect("it lists");
    assert!(left.is_empty(), "{left:?}");
}

// Profile §14.4. One client alone, without MODSEQs and NOTIFY: Dovecot tells new flags with the MODSEQ of the old ones, does not push all
// that was asked for, and tells several clients of messages that one of them removed as empty ones.
#[test]
fn a_client_of_dovecot_is_told_nothing_that_cannot_be() {
    let (dovecot, folder) = dovecot();
    let target = format!("imap://localhost:{}", dovecot.clear_port(Protocol::Imap));
    let run = kit(&target, "stress", &folder.path().join("password"), &dovecot.authority());
    let (commands, findings) = stress(run.args(["--without", "NOTIFY,CONDSTORE,QRESYNC"]), "1", "5");
    assert_eq!(findings, Vec::<Value>::new());
    assert!(commands > 200, "{commands}");
}
