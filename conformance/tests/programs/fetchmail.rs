//! fetchmail collects by POP3, once; msmtp proves its password by SCRAM and never sends it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fumibako_conformance::{Programs, Ran, Tool};

use crate::world::World;

/// Writes settings that only their owner reads, as both programs want them.
fn settings(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.gateway.folder().join(name);
    fs::write(&path, text).expect("the folder is writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    path
}

fn collect(world: &World, into: &Path) -> Ran {
    Programs::need(&["fetchmail"]);
    let office = &world.recipient;
    let text = format!(
        "poll localhost service {port} protocol pop3 uidl user \"{login}\" password \"{password}\" \
         ssl sslcertfile \"{authority}\" sslcertck keep no rewrite mda \"cat >> '{into}'\"\n",
        port = world.gateway.ports().pop3s,
        login = office.login,
        password = office.password,
        authority = world.gateway.tls_authority().display(),
        into = into.display(),
    );
    let folder = world.gateway.folder();
    let fetchmail = Tool::named("fetchmail").arg("-f").arg(settings(world, "fetchmailrc", &text));
    fetchmail.arg("--pidfile").arg(folder.join("pid")).arg("-i").arg(folder.join("ids")).run()
}

#[test]
fn fetchmail_collects_what_is_new_and_knows_it_again() {
    let world = World::new();
    world.deliver(&world.plan());
    let into = world.gateway.folder().join("collected");
    collect(&world, &into).well();
    let once = fs::read(&into).expect("something was collected");
    assert!(String::from_utf8_lossy(&once).contains("multipart/signed"), "the message");
    // Its exit code 1 says that there is nothing new: unique ids stay (Profile §13.6).
    assert_eq!(collect(&world, &into).exit(), Some(1));
    assert_eq!(fs::read(&into).expect("it is there").len(), once.len());
    world.deliver(&world.plan());
    collect(&world, &into).well();
    assert!(fs::read(&into).expect("it is there").len() > once.len());
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
        let msmtp = Tool::named("msmtp").arg("-C").arg(settings(&world, "msmtprc", text));
        // msmtp takes lines as they stand on a disk.
        let message = String::from_utf8(world.plan()).expect("it is ASCII").replace("\r\n", "\n");
        msmtp.arg(world.recipient.address()).reads(message.as_bytes()).run()
    };
    send(&account("scram-sha-256", &office.password)).well();
    assert_eq!(world.gateway.holdings().messages, 1);
    let refused = send(&account("scram-sha-256", "not the password"));
    assert!(!refused.succeeded() && refused.messages().contains("E-AUT-001"), "{}", refused.messages());
}
