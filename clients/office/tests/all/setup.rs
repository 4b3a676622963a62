//! The first settings, and the look whether everything works.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako::Settings;

use crate::house::{House, Ran, set, type_in};

/// `setup` with everything that A's settings name, but for what is given here.
fn set_up(house: &House, place: &Path, other: &[(&str, &str)]) -> Ran {
    let known = Settings::load(&house.a).unwrap();
    let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let mut flags = vec![
        ("--gateway", known.gateway.clone()),
        ("--domain", known.domain.as_ref().unwrap().to_string()),
        ("--office", known.office.unwrap().to_string()),
        ("--agent", String::new()),
        ("--login", known.login.clone()),
        ("--password-file", path(&known.password_file)),
        ("--identity", path(&known.identity_file)),
        ("--pin-file", path(&known.identity_password_file)),
        ("--trust", path(&known.trust_file)),
        ("--tls-ca", path(&known.tls_ca_file)),
        ("--submission-port", known.submission_port.to_string()),
        ("--imap-port", known.imap_port.to_string()),
        ("--https-port", known.https_port.to_string()),
    ];
    for (flag, value) in &mut flags {
        if let Some((_, new)) = other.iter().find(|(known, _)| known == flag) {
            (*new).clone_into(value);
        }
    }
    flags.retain(|(_, value)| !value.is_empty());
    let words = flags.iter().flat_map(|(flag, value)| [*flag, value.as_str()]);
    type_in(place, ["setup", "--no-input"].into_iter().chain(words))
}

fn states(ran: &Ran) -> Vec<(String, String)> {
    let word = |object: &serde_json::Value, key: &str| object[key].as_str().unwrap().to_owned();
    ran.objects().iter().map(|object| (word(object, "id"), word(object, "state"))).collect()
}

/// EN-02. Profile §15.8
#[test]
fn what_setup_writes_sends_and_is_not_replaced() {
    let house = House::new();
    let place = house.folder.path().join("new/fumibako.toml");
    let ran = set_up(&house, &place, &[]).ended(0);
    let found = states(&ran);
    assert_eq!(found.len(), 11, "{found:?}");
    assert!(found.iter().all(|(_, state)| state != "bad"), "{found:?}");
    type_in(&place, ["send", house.sample().to_str().unwrap()]).ended(0);
    let before = fs::read(&place).unwrap();
    set_up(&house, &place, &[]).ended(73);
    assert_eq!(fs::read(&place).unwrap(), before);
    #[cfg(unix)]
    for name in ["fumibako.key", "fumibako.password"] {
        let mode = fs::metadata(place.with_file_name(name))
            .map(|file| std::os::unix::fs::PermissionsExt::mode(&file.permissions()));
        assert_eq!(mode.unwrap() & 0o077, 0, "{name}");
    }
}

/// EN-02, PX-01. Profile §15.8
#[test]
fn an_agent_sets_itself_up_in_the_same_way() {
    let house = House::new();
    let known = Settings::load(&house.agent()).unwrap();
    let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let (password, key, id) =
        (path(&known.password_file), path(&known.identity_file), known.agent.unwrap().to_string());
    let place = house.folder.path().join("new/fumibako.toml");
    let other = [
        ("--office", ""),
        ("--login", id.as_str()),
        ("--password-file", password.as_str()),
        ("--identity", key.as_str()),
        ("--agent", id.as_str()),
    ];
    let found = states(&set_up(&house, &place, &other).ended(0));
    assert!(found.iter().all(|(id, state)| state != "bad" && id != "licence"), "no agent has one: {found:?}");
    assert_eq!(Settings::load(&place).unwrap().agent.map(|agent| agent.to_string()), Some(id.clone()));
    set_up(&house, &place, &[("--agent", id.as_str())]).ended(2);
}

/// Profile §15.8
#[test]
fn what_cannot_be_right_changes_nothing() {
    let house = House::new();
    let place = house.folder.path().join("new/fumibako.toml");
    set_up(&house, &place, &[("--gateway", "")]).ended(2).says("--gateway");
    let bad = house.folder.path().join("bad.p12");
    fs::write(&bad, "no key").unwrap();
    set_up(&house, &place, &[("--identity", bad.to_str().unwrap())]).ended(78);
    let none = house.folder.path().join("none.p12");
    set_up(&house, &place, &[("--identity", none.to_str().unwrap())]).ended(66);
    assert!(!place.exists());
}

/// Profile §15.8
#[test]
fn doctor_names_the_first_thing_that_is_wrong() {
    let mut house = House::new();
    let good = type_in(&house.a, ["doctor"]).ended(0);
    assert!(states(&good).iter().all(|(_, state)| state != "bad"), "{:?}", states(&good));
    type_in(&house.a, ["doctor", "--format", "text"]).ended(0).says("時計");
    house.stage.stop();
    let found = states(&type_in(&house.a, ["doctor"]).ended(69));
    let bad: Vec<&str> = found.iter().filter(|(_, state)| state == "bad").map(|(id, _)| id.as_str()).collect();
    assert_eq!(bad, ["gateway", "clock", "submission", "mailbox", "licence"]);
    let file = house.folder.path().join("file");
    fs::write(&file, "").unwrap();
    set(&house.a, "save_folder", &format!("'{}'", file.display()));
    type_in(&house.a, ["doctor"]).ended(73);
}

#[test]
fn the_shell_is_told_our_commands() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        type_in(&house.a, ["completions", shell]).ended(0).says("doctor");
    }
}
