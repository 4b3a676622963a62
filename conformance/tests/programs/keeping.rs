//! The operator's care for the store, as commands: expiry foreseen, a hold, a look through it, copies and their return.

use std::fs;
use std::path::PathBuf;

use fumibako_conformance::{Mailbox, Programs, Ran, Tool};
use serde_json::Value;

use crate::world::World;

/// A command of the gateway that may end as it likes.
fn run(world: &World, arguments: &[&str]) -> Ran {
    let command = Tool::at(&Programs::built().gateway).args(arguments);
    command.args(["--lang", "en", "--format", "ndjson", "--config"]).arg(world.gateway.config()).run()
}

fn rows(ran: &Ran) -> Vec<Value> {
    ran.output().lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect()
}

/// The files of bodies.
fn segments(world: &World) -> Vec<PathBuf> {
    let days = fs::read_dir(world.gateway.folder().join("store/bodies")).expect("there are bodies");
    let inside = |day: fs::DirEntry| fs::read_dir(day.path()).expect("a day is a folder");
    days.flatten().flat_map(inside).flatten().map(|file| file.path()).collect()
}

fn uids(world: &World) -> Vec<u32> {
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the recipient logs in");
    mailbox.uids("INBOX").expect("the folder is there")
}

#[test]
fn expiry_is_foreseen_and_a_hold_is_recorded() {
    // Profile §11.4, §11.6
    let world = World::new();
    world.deliver(&world.plan());
    let foreseen = rows(run(&world, &["expire", "--dry-run"]).well());
    assert_eq!((foreseen.len(), &foreseen[0]["messages"], &foreseen[0]["due"]), (1, &1.into(), &false.into()));
    assert!(foreseen[0]["expires"].as_str().is_some_and(|moment| moment.ends_with("T00:00:00Z")), "{foreseen:?}");
    assert!(rows(run(&world, &["expire"]).well()).is_empty());
    let number = &world.recipient.number;
    let nothing = run(&world, &["hold", "add", number, "<nobody@plans.example>", "--reason", "訓練"]);
    assert_eq!(nothing.exit(), Some(66), "{}", nothing.messages());
    assert!(rows(run(&world, &["hold", "list"]).well()).is_empty());

    let said = |command: &[&str], words: &str| {
        let ran = run(&world, command);
        assert!(ran.well().messages().contains(words), "{words}: {}", ran.messages());
    };
    let refused = |command: &[&str], code: &str| {
        let ran = run(&world, command);
        assert!(ran.exit().is_some_and(|exit| exit > 0) && ran.messages().contains(code), "{code}: {}", ran.messages());
    };
    let accepted = rows(run(&world, &["evidence", "list"]).well()).swap_remove(0);
    let id = accepted["message_id"].as_str().expect("evidence names the message");
    refused(&["hold", "remove", number, id], "E-DIR-027");
    said(&["hold", "add", number, id, "--reason", "訓練"], "until `hold remove`");
    refused(&["hold", "add", number, id, "--reason", "訓練"], "E-DIR-026");
    said(&["expire", "--dry-run"], "Held: 1, which stay past their expiry");
    said(&["hold", "remove", number, id], "goes as other mail does");
    assert!(!run(&world, &["expire", "--dry-run"]).well().messages().contains("Held"));
}

#[test]
fn a_damaged_file_is_named_whether_the_gateway_runs_or_not() {
    // Profile §11.8
    let mut world = World::new();
    world.deliver(&world.plan());
    run(&world, &["check", "--store"]).well();
    world.gateway.kill();
    run(&world, &["check", "--store"]).well();
    let file = &segments(&world)[0];
    let mut octets = fs::read(file).expect("the file is readable");
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(file, octets).expect("the file is writable");
    let check = |world: &World| {
        let ran = run(world, &["check", "--store"]);
        assert_eq!(ran.exit(), Some(65), "{}", ran.messages());
        let fault = rows(&ran)[0]["faults"][0].clone();
        assert!(fault["what"].as_str().is_some_and(|what| what.contains(&*file.to_string_lossy())), "{fault}");
        assert_eq!(fault["places"].as_array().map(Vec::len), Some(2), "{fault}");
    };
    check(&world);
    world.gateway.restart();
    check(&world);
}

#[test]
fn a_copy_comes_back_in_another_folder_and_gives_new_uids() {
    // Profile §11.9
    let mut world = World::new();
    world.deliver(&world.plan());
    let at = |name: &str| world.gateway.folder().join(name).to_string_lossy().into_owned();
    let (copy, keys, again) = (at("copy"), at("store/keys"), at("again"));
    run(&world, &["backup", "create", &copy]).well();
    assert_eq!(run(&world, &["backup", "create", &copy]).exit(), Some(65), "it is not written over");
    assert_eq!(run(&world, &["backup", "create", &at("store/copy")]).exit(), Some(65));
    world.deliver(&world.plan());
    let before = uids(&world);
    assert_eq!(before.len(), 2);
    world.gateway.kill();
    run(&world, &["backup", "verify", &copy, "--keys", &keys]).well();
    run(&world, &["backup", "restore", &copy, "--keys", &keys, "--to", &again]).well();
    let settings = fs::read_to_string(world.gateway.config()).expect("the settings are there");
    let settings = settings.replace("store_folder = \"store\"", "store_folder = \"again\"");
    fs::write(world.gateway.config(), settings).expect("the folder is writable");
    world.gateway.restart();
    assert_eq!(uids(&world), before[..1]);
    world.deliver(&world.plan());
    assert!(uids(&world)[1] > before[1], "no UID is given twice");
    run(&world, &["check", "--store"]).well();
    run(&world, &["evidence", "verify"]).well();
}
